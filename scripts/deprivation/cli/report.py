"""The commands `report` and `extract`: places as a page to print, and as a table of postcodes."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from deprivation.cli.options import database_option
from deprivation.enrich.destination import (
    check_destination,
    private_folder,
    put_in_place,
    write_whole,
)
from deprivation.errors import InputError

if TYPE_CHECKING:
    import duckdb

    from deprivation.report.place import Ask

place_option = click.option(
    "--place",
    metavar="GEOGRAPHY:CODE",
    help="lad:E06000018, icb:E54000060 ..., or custom:NAME for an area of your own.",
)
force_option = click.option("--force", is_flag=True, help="Overwrite existing files.")


@click.command()
@place_option
@click.option(
    "--all", "all_of", metavar="GEOGRAPHY", help="A report on every place of this kind: lad."
)
@click.option("--edition", type=int, help="Year of the edition.  [default: the place's newest]")
@click.option(
    "--output",
    required=True,
    type=click.Path(path_type=Path),
    help="The HTML file to write; with --all a folder.",
)
@force_option
@database_option
def report(
    place: str | None,
    all_of: str | None,
    edition: int | None,
    output: Path,
    force: bool,
    database: Path,
) -> None:
    """Write a report on a place, as one HTML file.

    To read offline or to print on A4: key figures, a map, deciles of its areas,
    ranks among places of its kind by each measure and edition, domains, the most and least deprived
    areas, what moved since the edition before, local deciles, sources and licences.
    """
    from deprivation.report.content import gather
    from deprivation.report.place import parse_place, places
    from deprivation.report.render import report_html

    if (place is None) == (all_of is None):
        raise click.UsageError("give either --place or --all")
    with asking(database) as (ask, _):
        if place is not None:
            file = new_file(output, force, database)
            write_whole(report_html(gather(ask, *parse_place(place), edition)), file)
            return
        there = places(ask, all_of)
        if edition:
            there = [one for one in there if one["newest_edition"] >= edition]
        if not there:
            raise InputError(f"no place of geography {all_of} is in this file")
        output.mkdir(parents=True, exist_ok=True)
        files = [output / f"{file_stem(one)}.html" for one in there]
        files = [new_file(file, force, database) for file in files]
        left_out = []
        for one, file in zip(there, files, strict=True):
            try:
                text = report_html(gather(ask, one["geography"], one["code"], edition))
                write_whole(text, file)
            except InputError as error:
                if not edition:
                    raise
                left_out.append(str(error))
        click.echo(f"wrote {len(there) - len(left_out)} reports to {output}", err=True)
        for reason in left_out:
            click.echo(f"left out: {reason}", err=True)


@click.command()
@place_option
@click.option(
    "--output",
    required=True,
    type=click.Path(path_type=Path),
    help="The file to write: .csv, or .xlsx for Excel.",
)
@force_option
@database_option
def extract(place: str | None, output: Path, force: bool, database: Path | None) -> None:
    """Write the postcodes of a place as a table.

    Each with its ward, area, coordinates, and ranks and deciles of each edition: the table that
    councils publish.
    """
    from deprivation.report.extract import write_extract
    from deprivation.report.place import find_place, parse_place

    if place is None:
        raise click.UsageError("give --place, such as lad:E08000025")
    file = new_file(output, force, database)
    with asking(database) as (ask, connection), private_folder(file) as folder:
        found = find_place(ask, *parse_place(place))
        written = folder / f"extract{output.suffix.lower()}"
        rows = write_extract(connection.cursor, found, written)
        put_in_place(written, file)
    click.echo(f"wrote {rows:,} postcodes of {found.name} to {output}", err=True)


@contextlib.contextmanager
def asking(database: Path) -> Iterator[tuple[Ask, duckdb.DuckDBPyConnection]]:
    """Queries of the published file, answered as dictionaries. Raises InputError."""
    from deprivation.published import open_published

    with open_published(database) as connection:

        def ask(query: str, parameters: list[Any] | None = None) -> list[dict[str, Any]]:
            found = connection.execute(query, parameters or [])
            names = [column[0] for column in found.description]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

        yield ask, connection


def new_file(output: Path, force: bool, database: Path) -> Path:
    """The file to write, links followed. Raises InputError where a file would be lost."""
    place = check_destination(str(output), force, [database])
    if place is None:
        raise InputError("--output -: name a file")
    return place


def file_stem(place: dict[str, Any]) -> str:
    """E06000018-nottingham: a name for a file, on any system."""
    code = re.sub(r"[^A-Za-z0-9]+", "-", place["code"])
    name = re.sub(r"[^a-z0-9]+", "-", place["name"].lower())
    return f"{code}-{name}".strip("-")[:100]
