"""The command `deprivation`: a thin layer over the modules beside it."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from deprivation import cli_enrich, cli_refresh, settings
from deprivation.inputs import InputError


class Failing(click.Group):
    """Commands whose expected failures are one last line on stderr and a non-zero exit."""

    def invoke(self, context: click.Context):
        from deprivation.publish import BuildError

        try:
            return super().invoke(context)
        except (InputError, BuildError) as error:
            click.echo(f"deprivation: error: {error}", err=True)
            sys.exit(1)
        except OSError as error:
            click.echo(f"deprivation: error: {error}", err=True)
            sys.exit(1)


@click.group(cls=Failing, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Deprivation beside every UK postcode, in one DuckDB file."""


@main.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
@click.argument("dbt_arguments", nargs=-1, type=click.UNPROCESSED)
def build(dbt_arguments: tuple[str, ...]) -> None:
    """Build, test and publish the warehouse.

    Reads the folder DEPRIVATION_DATA_DIR (synthetic data without it) and publishes the file
    DEPRIVATION_DB by an atomic swap when all of dbt's models and tests pass. Arguments go on to
    `dbt build`.
    """
    from deprivation import publish

    database = settings.database()
    publish.build(database, dbt_arguments)
    click.echo(f"published {database}", err=True)


@main.command()
def prepare() -> None:
    """Make the inputs ready for dbt and list them: what was found, and what is wrong with it."""
    from deprivation.inputs import read_prepared
    from deprivation.plugin import prepare_inputs

    files = read_prepared(prepare_inputs(settings.work_dir()))
    for file in files:
        size = f"{file.bytes:,} bytes" if file.bytes is not None else "missing"
        click.echo(f"{file.source}: {file.file_name} {file.release} {size}".rstrip())
    problems = [file.problem for file in files if file.is_fault]
    if problems:
        raise InputError("\n".join(problems))


@main.command()
@click.option("--postcodes", default=10_000, show_default=True, help="Postcodes, at least 500.")
@click.option("--areas", default=400, show_default=True, help="English LSOAs, 60 to 45,000.")
@click.option("--layout", default="ONSPD_2026_08", show_default=True, help="Of the directory.")
@click.option(
    "--packing",
    type=click.Choice(["zip", "csv", "area-files"]),
    default="zip",
    show_default=True,
    help="How the directory's files are packed.",
)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder to write.")
def sample(postcodes: int, areas: int, layout: str, packing: str, out: Path) -> None:
    """Write a synthetic data set in the publishers' formats, the same for the same options."""
    from deprivation.sample import write_sample

    try:
        write_sample(out, postcodes=postcodes, areas=areas, layout=layout, packing=packing)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    click.echo(f"wrote a synthetic data set to {out}", err=True)


main.add_command(cli_refresh.fetch)
main.add_command(cli_refresh.refresh)
main.add_command(cli_refresh.rollback)
main.add_command(cli_refresh.export)
main.add_command(cli_enrich.lookup)
main.add_command(cli_enrich.enrich)
