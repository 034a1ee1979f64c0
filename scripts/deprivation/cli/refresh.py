"""The commands refresh, rollback and export."""

from __future__ import annotations

import datetime
import json
import os
import shlex
import time
from pathlib import Path

import click

from deprivation import settings
from deprivation.cli.failures import one_line
from deprivation.cli.fetch import fetching, run_fetch, say
from deprivation.cli.options import (
    Kept,
    Renamed,
    allowed_guards,
    database_option,
    guarded,
)
from deprivation.secrets import without_secrets


def published_text(database: Path, is_synthetic: bool) -> str:
    """The last line of a build: for a synthetic one, the two commands that make a real one."""
    if not is_synthetic:
        return f"published {database}"
    folder = shlex.quote(str(settings.fetched_data_dir()))
    return (
        f"published {database}: SYNTHETIC data, all figures are invented; for real data:"
        f" `deprivation fetch --output {folder}`, then"
        f" `DEPRIVATION_DATA_DIR={folder} deprivation build`"
    )


@click.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
@fetching("--data-dir")
@database_option
@guarded
@click.option("--no-fetch", is_flag=True, help="Use the data folder as it is.")
@click.option("--force", is_flag=True, help="Build and publish even if nothing is new.")
@click.option(
    "--keep",
    type=Kept(),
    default=lambda: settings.named("DEPRIVATION_KEEP") or "2",
    help="Earlier published files to keep.  [default: DEPRIVATION_KEEP, or 2]",
)
@click.option("--json", "as_json", is_flag=True, help="Print a run report in JSON.")
@click.argument("dbt_arguments", nargs=-1, type=click.UNPROCESSED)
def refresh(
    no_fetch: bool,
    force: bool,
    keep: int,
    database: Path,
    allow: tuple[str, ...],
    allow_fewer_rows: bool,
    as_json: bool,
    dbt_arguments: tuple[str, ...],
    **options,
) -> None:
    """Fetch, build, test and publish.

    The new file replaces the published one in one step once all tests and checks have passed. If
    anything fails, the published file stays as it was, the last line says why, and the exit code is
    not 0. If nothing is new, nothing changes. Options that are not listed here are passed to
    `dbt build`.
    """
    from deprivation.fetch.record import sole_fetcher
    from deprivation.publish import refresh as refreshing
    from deprivation.publish.build import sole_builder
    from deprivation.publish.dbt import check_arguments
    from deprivation.publish.place import place_of
    from deprivation.publish.variables import wanted

    editions = wanted(dbt_arguments).editions
    known = click.get_current_context().command.params
    check_arguments(dbt_arguments, [name for option in known for name in option.opts])
    folder = (options["folder"] or settings.fetched_data_dir()).absolute()
    # The build reads what this fetched.
    os.environ["DEPRIVATION_DATA_DIR"] = str(folder)
    report = refreshing.new_report(database)
    try:
        database = place_of(database)
        with (
            sole_builder(database, options["wait"]),
            sole_fetcher(folder, options["wait"]),
        ):
            if not no_fetch:
                with refreshing.timed(report, "fetch"):
                    outcomes = run_fetch(folder, options, editions=editions)
                    report["fetched"] = [vars(outcome) for outcome in outcomes]
            refreshing.publish_if_new(
                database,
                folder,
                report,
                say=say,
                dbt_arguments=dbt_arguments,
                keep_files=keep,
                allowed=allowed_guards(allow, allow_fewer_rows),
                force=force,
            )
    except BaseException as error:
        is_interrupt = isinstance(error, KeyboardInterrupt)
        report["reason"] = one_line("interrupted" if is_interrupt else str(error))
        raise
    finally:
        if as_json:
            click.echo(without_secrets(json.dumps(report, indent=1)))
    if report["outcome"] == "published":
        say(published_text(database, report["is_synthetic"]))


@click.command()
@click.argument("time", required=False)
@click.option("--list", "only_list", is_flag=True, help="Only list the kept files.")
@database_option
def rollback(time: str | None, only_list: bool, database: Path) -> None:
    """Publish the previous file again.

    Or the one with a TIME that --list shows. A refresh leaves it in place until a publisher has
    something new, or you give --force.
    """
    from deprivation.publish.place import place_of
    from deprivation.publish.previous import recorded
    from deprivation.publish.previous import rollback as roll_back

    if only_list:
        for path in recorded(place_of(database)):
            click.echo(f"{path.stem} {path.stat().st_size:,} bytes")
        return
    say(f"published {roll_back(database, time).stem} again as {database}")


@click.command()
@click.option(
    "--format", "to_format", type=click.Choice(["parquet", "postgres", "uplift"]), required=True
)
@click.option(
    "--output",
    "--to",
    cls=Renamed,
    required=True,
    help="A folder, a PostgreSQL connection string, or for uplift a CSV file.",
)
@click.option("--partition-by", type=click.Choice(["edition"]), help="Parquet: folders by edition.")
@click.option("--schema", default="deprivation", show_default=True, help="PostgreSQL: the schema.")
@click.option("--scheme", metavar="NAME", help="Uplift: the scheme, if there are several.")
@click.option(
    "--start",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Uplift: only the rows for a learner who started on this day.",
)
@click.option("--force", is_flag=True, help="Uplift: overwrite an existing file.")
@database_option
def export(
    to_format: str,
    output: str,
    partition_by: str | None,
    schema: str,
    scheme: str | None,
    start: datetime.datetime | None,
    force: bool,
    database: Path,
) -> None:
    """Copy tables to Parquet, PostgreSQL or an uplift file.

    All tables, or one scheme's uplifts as a CSV file. PostgreSQL: tables are replaced in one
    transaction, so readers see the old ones or the new ones. Keep passwords out of --output: use
    PGPASSWORD, a password file or a service file.

    Uplift: columns Postcode, Uplift (five decimals), EffectiveFrom and EffectiveTo, as in the
    funding bodies' own files; see docs/uplifts.md.
    """
    from deprivation import export as exporting

    started = time.monotonic()
    if partition_by and to_format != "parquet":
        raise click.UsageError("--partition-by is for Parquet")
    if (scheme or start or force) and to_format != "uplift":
        raise click.UsageError("--scheme, --start and --force are for --format uplift")
    if to_format == "uplift":
        day = start.date() if start else None
        rows = exporting.to_uplift(database, output, scheme, day, force)
    elif to_format == "parquet":
        if not output.strip():
            raise click.BadParameter("is empty; name a folder", param_hint="--output")
        rows = exporting.to_parquet(database, Path(output), partition_by)
    else:
        rows = exporting.to_postgres(database, output, schema, say)
    seconds = max(time.monotonic() - started, 1e-3)
    total = sum(rows.values())
    synthetic = " of SYNTHETIC data" if exporting.is_synthetic_file(database) else ""
    rate = f", {total / seconds:,.0f} rows a second" if to_format == "postgres" else ""
    tables = f"{len(rows)} tables" if len(rows) > 1 else next(iter(rows))
    say(f"exported {total:,} rows{synthetic} of {tables} in {seconds:.1f} s{rate}")
