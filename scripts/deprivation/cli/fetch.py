"""The command fetch, and what refresh fetches."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

import click

from deprivation import settings
from deprivation.cli.options import Renamed, Seconds
from deprivation.secrets import without_secrets

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
        "--sources",
        type=click.Path(path_type=Path, exists=True, dir_okay=False),
        help="Your own list instead of scripts/deprivation/fetch/catalogue.csv.",
    ),
    click.option(
        "--attempts",
        default=6,
        type=click.IntRange(1, 1000),
        show_default=True,
        help="Attempts without progress before giving up.",
    ),
    click.option(
        "--first-wait",
        default=2.0,
        type=Seconds(),
        show_default=True,
        help="Seconds before the second attempt; later waits are longer.",
    ),
    click.option(
        "--wait",
        default=0.0,
        type=Seconds(),
        show_default=True,
        help="Seconds to wait for another run to end.",
    ),
]


def fetching(folder: str) -> Callable[[Callable], Callable]:
    """The options of fetching; `folder` is the name of the one for the data folder."""

    def add(command: Callable) -> Callable:
        for option in reversed(FETCHING):
            command = option(command)
        return click.option(
            folder,
            "--to",
            "folder",
            cls=Renamed,
            type=click.Path(path_type=Path, file_okay=False),
            help="Data folder.  [default: DEPRIVATION_DATA_DIR, or the folder data of the project]",
        )(command)

    return add


def say(text: str) -> None:
    click.echo(without_secrets(text), err=True)


@click.command()
@fetching("--output")
@click.option(
    "--only",
    multiple=True,
    metavar="PRODUCT",
    help="Only this product of the list, or this group: lookup, history, earlier, nation, census,"
    " population, checks, boundaries. Can be repeated.",
)
@click.option("--address", help="Fetch --only PRODUCT (or the directory) from here.")
@click.option(
    "--path",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Take --only PRODUCT (or the directory) from this file.",
)
@click.option("--check", "only_check", is_flag=True, help="Test each address; fetch nothing.")
def fetch(
    only: tuple[str, ...],
    address: str | None,
    path: Path | None,
    only_check: bool,
    **options,
) -> None:
    """Fetch the publishers' files.

    Checks and records every file. scripts/deprivation/fetch/catalogue.csv lists what can be
    fetched. An interrupted download continues where it stopped, and an incomplete file never
    replaces another.
    """
    from deprivation.fetch.record import sole_fetcher
    from deprivation.fetch.web import check_address

    if address and path:
        raise click.UsageError("give either --address or --path")
    if address is not None:
        check_address(address)
    if only_check:
        check_addresses(options, only)
        return
    folder = (options["folder"] or settings.fetched_data_dir()).absolute()
    with sole_fetcher(folder, options["wait"]):
        run_fetch(folder, options, only, address or (str(path) if path else None))
    if settings.data_dir() != folder:
        say(f"for a build from these files: export DEPRIVATION_DATA_DIR={folder}")


def run_fetch(
    folder: Path,
    options: dict,
    only: tuple[str, ...] = (),
    elsewhere: str | None = None,
    editions: Collection[str] | None = None,
) -> list:
    """Fetch as the options say, within sole_fetcher; returns what became of each file.

    editions: those that a build needs, `England 2019`; by default England's current ones.
    """
    from deprivation.fetch import catalogue
    from deprivation.fetch.directories import directory_to_fetch
    from deprivation.fetch.record import read_record
    from deprivation.fetch.run import fetch as fetch_wanted
    from deprivation.fetch.run import is_always_needed
    from deprivation.fetch.web import Patience, Session

    rows = catalogue.read_list(options["sources"] or catalogue.LIST)
    patience = Patience(options["attempts"], options["first_wait"])
    product, release = options["directory"], options["release"]

    def is_needed(row: catalogue.Fetchable) -> bool:
        if only:
            return True
        if editions is None:
            return is_always_needed(row)
        return row.need == "directory" or row.product in editions

    with Session() as session:
        if elsewhere:
            product = only[0] if only else product
            wanted = [catalogue.from_elsewhere(rows, product, release, elsewhere)]
        else:
            directory = None
            if not only or product in only:
                known = read_record(folder).values()
                directory = directory_to_fetch(
                    rows, product, release, known, session, patience, say
                )
            wanted = catalogue.rows_to_fetch(rows, only, directory)
        outcomes = fetch_wanted(wanted, folder, session, patience, say, watch, is_needed)
    for outcome in outcomes:
        size = f"{outcome.bytes:,} bytes" if outcome.bytes is not None else ""
        click.echo(
            f"{outcome.status}: {outcome.file_name} {size} {outcome.sha256}".strip(), err=True
        )
    return outcomes


def check_addresses(options: dict, only: tuple[str, ...]) -> None:
    """Print for each address of the list whether it answers. Raises FetchError if one does not."""
    from deprivation.errors import FetchError
    from deprivation.fetch import catalogue
    from deprivation.fetch.check import check_all
    from deprivation.fetch.web import Patience

    rows = catalogue.read_list(options["sources"] or catalogue.LIST)
    if only:
        rows = [row for row in rows if row.product in only or row.need in only]
    if not rows:
        raise FetchError(f"{', '.join(only)}: no such product or group in the list")
    dead = 0
    for answer in check_all(rows, Patience(min(2, options["attempts"]), options["first_wait"])):
        dead += answer.is_dead
        click.echo(answer.line)
    if dead:
        raise FetchError(f"{dead} addresses of {len(rows)} rows do not answer as they should")


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
