"""The commands fetch, refresh, rollback and export."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import click

from deprivation import settings

FETCHING = [
    click.option("--release", help="Postcode directory of this month, such as 2026-08."),
    click.option(
        "--directory",
        type=click.Choice(["ONSPD", "NSPL"]),
        default="ONSPD",
        show_default=True,
        help="Which postcode directory.",
    ),
    click.option(
        "--to",
        "folder",
        type=click.Path(path_type=Path, file_okay=False),
        help="Data folder; else DEPRIVATION_DATA_DIR, else the folder data of the project.",
    ),
    click.option(
        "--sources",
        type=click.Path(path_type=Path, exists=True, dir_okay=False),
        help="A list of your own in the place of scripts/deprivation/fetchable.csv.",
    ),
    click.option("--attempts", default=6, show_default=True, help="Tries without progress."),
    click.option("--first-wait", default=2.0, show_default=True, help="Seconds; then they grow."),
    click.option("--wait", default=0.0, show_default=True, help="Seconds to wait for another run."),
]


def fetching(command: Callable) -> Callable:
    for option in reversed(FETCHING):
        command = option(command)
    return command


def say(text: str) -> None:
    click.echo(text, err=True)


@click.command()
@fetching
@click.option("--only", multiple=True, help="A product of the list by name; can be repeated.")
@click.option("--address", help="A file from this address as --only PRODUCT, or the directory.")
@click.option(
    "--path",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A file from this path as --only PRODUCT, or the directory.",
)
def fetch(only: tuple[str, ...], address: str | None, path: Path | None, **options) -> None:
    """Fetch the postcode directory and the indices from their publishers, checked and recorded.

    What can be fetched is listed in scripts/deprivation/fetchable.csv. A download that breaks
    goes on where it stopped; nothing half-written takes the place of a file.
    """
    from deprivation import fetch as fetching

    if address and path:
        raise click.UsageError("--address and --path: one of them")
    folder = (options["folder"] or fetching.data_dir()).absolute()
    with fetching.sole_fetcher(folder, options["wait"]):
        run_fetch(folder, options, only, address or (str(path) if path else None))
    if settings.data_dir() != folder:
        say(f"for a build from these files: export DEPRIVATION_DATA_DIR={folder}")


def run_fetch(
    folder: Path, options: dict, only: tuple[str, ...] = (), elsewhere: str | None = None
) -> list:
    """Fetch as the options say, within sole_fetcher; what became of each file."""
    import requests

    from deprivation import fetch as fetching

    rows = fetching.read_list(options["sources"] or fetching.LIST)
    patience = fetching.Patience(options["attempts"], options["first_wait"])
    product, release = options["directory"], options["release"]
    with requests.Session() as session:
        if elsewhere:
            product = only[0] if only else product
            wanted = [fetching.from_elsewhere(rows, product, release, elsewhere)]
        else:
            directory = None
            if not only or product in only:
                known = fetching.read_record(folder).values()
                directory = fetching.find_directory(
                    rows, product, release, known, session, patience, say
                )
            wanted = fetching.choose(rows, only, directory)
        outcomes = fetching.fetch(wanted, folder, session, patience, say, watch)
    for outcome in outcomes:
        size = f"{outcome.bytes:,} bytes" if outcome.bytes is not None else ""
        click.echo(
            f"{outcome.status}: {outcome.file_name} {size} {outcome.sha256}".strip(), err=True
        )
    return outcomes


@contextlib.contextmanager
def watch(name: str) -> Iterator[Callable[[int, int | None], None]]:
    """Show how far a download is: a bar on a terminal, else a line now and then."""
    import rich.console
    import rich.progress

    console = rich.console.Console(stderr=True)
    if not console.is_terminal:
        yield plain_lines(name)
        return
    columns = [
        rich.progress.TextColumn("{task.description}"),
        rich.progress.BarColumn(),
        rich.progress.DownloadColumn(),
        rich.progress.TransferSpeedColumn(),
        rich.progress.TimeRemainingColumn(),
    ]
    with rich.progress.Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(name, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def plain_lines(name: str, seconds: float = 10.0) -> Callable[[int, int | None], None]:
    """Say a line at the start and then every `seconds`."""
    last = 0.0

    def tell(done: int, total: int | None) -> None:
        nonlocal last
        if time.monotonic() - last >= seconds:
            said = f" of {total / 1e6:,.1f}" if total else ""
            say(f"{name}: {done / 1e6:,.1f}{said} MB")
            last = time.monotonic()

    return tell


@click.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
@fetching
@click.option("--no-fetch", is_flag=True, help="Take the data folder as it is.")
@click.option("--force", is_flag=True, help="Build and publish though nothing is new.")
@click.option(
    "--keep",
    default=lambda: int(os.environ.get("DEPRIVATION_KEEP", "2")),
    type=click.IntRange(min=0),
    help="Published files to keep; else DEPRIVATION_KEEP, else 2.",
)
@click.option("--allow-fewer-rows", is_flag=True, help="Publish though rows are fewer by over 1%.")
@click.option("--json", "as_json", is_flag=True, help="Print a run report in JSON.")
@click.argument("dbt_arguments", nargs=-1, type=click.UNPROCESSED)
def refresh(
    no_fetch: bool,
    force: bool,
    keep: int,
    allow_fewer_rows: bool,
    as_json: bool,
    dbt_arguments: tuple[str, ...],
    **options,
) -> None:
    """Fetch, build beside the published file, test, check, and swap if all of it passes.

    Whatever fails, the published file is as it was, the reason is the last line, and the exit
    code is not 0. With nothing new upstream nothing is touched. Arguments go on to `dbt build`.
    """
    from deprivation import fetch as fetching
    from deprivation import refresh as refreshing
    from deprivation.errors import InputError
    from deprivation.publish import BuildError, sole_builder

    database = settings.database()
    folder = (options["folder"] or fetching.data_dir()).absolute()
    # The build reads what this fetched.
    os.environ["DEPRIVATION_DATA_DIR"] = str(folder)
    report = refreshing.new_report(database)
    try:
        with (
            sole_builder(database, options["wait"]),
            fetching.sole_fetcher(folder, options["wait"]),
        ):
            if not no_fetch:
                with refreshing.timed(report, "fetch"):
                    outcomes = run_fetch(folder, options)
                    report["fetched"] = [vars(outcome) for outcome in outcomes]
            refreshing.publish_if_new(
                database,
                folder,
                report,
                say=say,
                dbt_arguments=dbt_arguments,
                keep_files=keep,
                allow_fewer_rows=allow_fewer_rows,
                force=force,
            )
    except (BuildError, InputError) as error:
        report["reason"] = "; ".join(line.strip() for line in str(error).splitlines())
        raise type(error)(report["reason"]) from None
    except Exception as error:
        report["reason"] = str(error)
        raise
    finally:
        if as_json:
            click.echo(json.dumps(report, indent=1))


@click.command()
@click.argument("time", required=False)
@click.option("--list", "only_list", is_flag=True, help="Only list the files that are kept.")
def rollback(time: str | None, only_list: bool) -> None:
    """Publish the file before the published one again, or the one of a TIME that --list shows.

    A refresh leaves it in place until something new is upstream, or --force is said.
    """
    from deprivation import refresh as refreshing

    database = settings.database()
    if only_list:
        for path in refreshing.previous(database):
            click.echo(f"{path.stem} {path.stat().st_size:,} bytes")
        return
    say(f"published {refreshing.rollback(database, time).stem} again as {database}")


@click.command()
@click.option("--format", "to_format", type=click.Choice(["parquet", "postgres"]), required=True)
@click.option("--to", required=True, help="A folder; or a PostgreSQL connection string.")
@click.option("--partition-by", type=click.Choice(["edition"]), help="Parquet: folders by edition.")
@click.option("--schema", default="deprivation", show_default=True, help="PostgreSQL: the schema.")
def export(to_format: str, to: str, partition_by: str | None, schema: str) -> None:
    """Write all published tables as Parquet files, or into a PostgreSQL database.

    PostgreSQL: one transaction, swapped at its end, so that readers see the old tables or the
    new. Best without a password in --to: PGPASSWORD, a password file or a service is read.
    """
    from deprivation import export as exporting

    database = settings.database()
    started = time.monotonic()
    if to_format == "parquet":
        rows = exporting.to_parquet(database, Path(to), partition_by)
    else:
        rows = exporting.to_postgres(database, to, schema, say)
    seconds = time.monotonic() - started
    total = sum(rows.values())
    say(f"exported {total:,} rows of {len(rows)} tables in {seconds:.1f} s")
    if to_format == "postgres":
        say(f"{total / seconds:,.0f} rows a second")
