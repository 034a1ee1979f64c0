"""The command `deprivation`: a thin layer over the modules beside it."""

from __future__ import annotations

from pathlib import Path

import click

from deprivation import settings
from deprivation.cli import enrich as enriching
from deprivation.cli import inequality, sql, stage
from deprivation.cli import refresh as refreshing
from deprivation.cli import report as reporting
from deprivation.cli import serve as serving
from deprivation.cli.failures import Commands
from deprivation.cli.fetch import fetch
from deprivation.cli.options import Renamed, allowed_guards, database_option, guarded
from deprivation.cli.refresh import published_text
from deprivation.errors import InputError


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="postcode-deprivation", prog_name="deprivation")
def main() -> None:
    """Deprivation figures for every UK postcode, in one DuckDB file.

    Exit codes: 0 done, 1 failed, 2 unknown option, 130 interrupted; the last line says why.
    docs/operating.md describes the variables DEPRIVATION_... and completion in your shell.
    """


@main.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
@database_option
@guarded
@click.option("--full-log", is_flag=True, help="Print dbt's own log instead of progress.")
@click.argument("dbt_arguments", nargs=-1, type=click.UNPROCESSED)
def build(
    database: Path,
    allow: tuple[str, ...],
    allow_fewer_rows: bool,
    full_log: bool,
    dbt_arguments: tuple[str, ...],
) -> None:
    """Build, test and publish the file.

    Reads the folder DEPRIVATION_DATA_DIR; if it is not set, uses synthetic data. The file is
    replaced in one step once all models and tests have passed. If anything fails, it stays as it
    was. Options that are not listed here are passed to `dbt build`.
    """
    from deprivation.publish.build import build as build_and_publish

    found = build_and_publish(
        database, dbt_arguments, allowed_guards(allow, allow_fewer_rows), full_log
    )
    click.echo(published_text(database, found["is_synthetic"]), err=True)


@main.command()
def prepare() -> None:
    """Read the data folder and list what is in it.

    Shows which files were found and what is wrong with them, and makes them ready for dbt.
    """
    from deprivation.inputs.prepare import prepare_inputs, read_prepared
    from deprivation.inputs.unused import unused_files
    from deprivation.publish.variables import wanted

    wanted()  # reports a seed that cannot be read in one line
    files = read_prepared(prepare_inputs(settings.work_dir()))
    for file in files:
        size = f"{file.bytes:,} bytes" if file.bytes is not None else "missing"
        name = file.path or file.file_name
        click.echo(" ".join(filter(None, [f"{file.source}:", name, file.release, size])))
        if file.note:
            click.echo(f"    {file.note}")
    if folder := settings.data_dir():
        for path, reason in unused_files(folder, files):
            click.echo(f"not used: {path} ({reason})")
    problems = [file.problem for file in files if file.is_fault]
    if problems:
        raise InputError("\n".join(problems))


@main.command()
@click.option("--postcodes", default=10_000, show_default=True, help="Postcodes, at least 500.")
@click.option("--areas", default=400, show_default=True, help="English LSOAs, 60 to 45,000.")
@click.option("--layout", default="ONSPD_2026_08", show_default=True, help="Directory layout.")
@click.option(
    "--packing",
    type=click.Choice(["zip", "csv", "area-files"]),
    default="zip",
    show_default=True,
    help="How the directory's files are packed.",
)
@click.option(
    "--output",
    "--out",
    cls=Renamed,
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Folder to write.",
)
def sample(postcodes: int, areas: int, layout: str, packing: str, output: Path) -> None:
    """Write a synthetic data set.

    It has the publishers' formats, and the same options always give the same data.
    """
    from deprivation.sample.write import write_sample

    try:
        write_sample(output, postcodes=postcodes, areas=areas, layout=layout, packing=packing)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    click.echo(f"wrote a synthetic data set to {output}", err=True)


main.add_command(fetch)
main.add_command(refreshing.refresh)
main.add_command(refreshing.rollback)
main.add_command(refreshing.export)
main.add_command(enriching.lookup)
main.add_command(enriching.enrich)
main.add_command(inequality.inequality)
main.add_command(stage.stage)
main.add_command(serving.serve)
main.add_command(reporting.report)
main.add_command(reporting.extract)
main.add_command(sql.sql)
