"""The postcodes of a place with their areas, ranks and deciles: the table that councils publish."""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb

from deprivation.enrich.excel import MOST_ROWS, write_workbook
from deprivation.errors import InputError
from deprivation.report.place import Place
from deprivation.sql import identifier, literal

# Column of postcodes by which a place's postcodes are found; other places go by their areas.
DIRECTLY = {
    "lad": "lad_code",
    "region": "region_code",
    "icb": "icb_code",
    "sub_icb": "sub_icb_code",
    "pfa": "pfa_code",
    "pcon": "pcon_code",
    "ward": "ward_code",
}
BATCH = 5000
# Postcodes read and sorted at a time: those of a whole region exceed the server's memory.
SORTED = 25_000
Cursor = Callable[[], contextlib.AbstractContextManager[duckdb.DuckDBPyConnection]]


@dataclasses.dataclass(frozen=True)
class Table:
    """inside: condition on the table postcodes; columns: the rest of the SQL."""

    inside: str
    columns: str

    def query(self, first: str, last: str) -> str:
        """The rows of these outcodes and those between, in order."""
        between = f"outcode between {literal(first)} and {literal(last)}"
        # Chosen first, so that only these rows of the large tables are read.
        return (
            f"with chosen as materialized (select * from postcodes where {between}"
            f" and ({self.inside})), {self.columns}"
        )

    def queries(self, connection: duckdb.DuckDBPyConnection) -> list[str]:
        """Queries that, one after the other, give all rows in order; at least one."""
        counted = connection.execute(
            f"select outcode, count(*) from postcodes where {self.inside}"
            " group by outcode order by outcode"
        ).fetchall()
        found, first, rows = [], None, 0
        for outcode, count in counted:
            first, rows = first or outcode, rows + count
            if rows >= SORTED or outcode == counted[-1][0]:
                found.append(self.query(first, outcode))
                first, rows = None, 0
        return found or [self.query("", "")]

    def count(self, connection: duckdb.DuckDBPyConnection) -> int:
        return connection.execute(f"select count(*) from postcodes where {self.inside}").fetchone()[
            0
        ]


def table_of(connection: duckdb.DuckDBPyConnection, place: Place) -> Table:
    """The postcodes of a place, with rank, decile and quintile in each of its editions.

    A place that the user has defined may lie in several nations; then a column names the nation.
    """
    of_place = f"geography = {literal(place.geography)} and geography_code = {literal(place.code)}"
    editions = connection.execute(
        "select nation, country_code, edition, area_column from editions where (nation, edition) in"
        f" (select (nation, edition) from area_summaries where {of_place})"
        " order by edition desc, nation"
    ).fetchall()
    years = list(dict.fromkeys(year for *_, year, _ in editions))
    newest = {nation: row for nation, *row in reversed(editions)}
    measures = "".join(
        f"wide.imd_rank_{year}, wide.imd_decile_{year}, wide.imd_quintile_{year}, "
        for year in years
    )
    areas = " ".join(
        f"when {literal(country)} then postcodes.{identifier(column)}"
        for country, _, column in newest.values()
    )
    lsoa = f"case postcodes.country_code {areas} end" if newest else "postcodes.lsoa_2021_code"
    chosen = ", ".join(f"({literal(nation)}, {row[1]})" for nation, row in newest.items())
    if place.geography in DIRECTLY:
        inside = f"postcodes.{DIRECTLY[place.geography]} = {literal(place.code)}"
    else:
        inside = " or ".join(
            f"(postcodes.country_code = {literal(country)}"
            f" and postcodes.{identifier(column)} in (select area_code from local_quantiles"
            f" where {of_place} and index_code = 'imd'"
            f" and nation = {literal(nation)} and edition = {year}))"
            for nation, (country, year, column) in newest.items()
        )
    named = "nations.nation, " if len(newest) > 1 else ""
    columns = f"""
        wards as (
            select geography_code, max_by(geography_name, edition) as ward_name
            from area_summaries
            where geography = 'ward'
            group by geography_code
        ),
        nations as (
            select distinct nation, country_code from editions
        ),
        names as (
            select nation, area_code, max(area_name) as lsoa_name
            from area_indices
            where (nation, edition) in ({chosen or "(null, null)"}) and index_code = 'imd'
            group by nation, area_code
        )
        select
            postcodes.postcode,
            postcodes.is_live,
            {named}postcodes.lad_name,
            postcodes.ward_code,
            wards.ward_name,
            {lsoa} as lsoa_code,
            names.lsoa_name,
            {measures}
            postcodes.latitude,
            postcodes.longitude,
            (select coalesce(bool_or(is_synthetic), false) from sources) as is_synthetic
        from chosen as postcodes
        inner join postcode_imd_wide as wide using (postcode_key)
        left join nations on postcodes.country_code = nations.country_code
        left join wards on postcodes.ward_code = wards.geography_code
        left join names on nations.nation = names.nation and {lsoa} = names.area_code
        order by postcodes.postcode
    """
    return Table(inside, columns)


def extract_lines(cursor: Cursor, place: Place) -> Iterator[bytes]:
    """The table as CSV (UTF-8), a few thousand lines at a time."""
    with cursor() as connection:
        for number, asked in enumerate(table_of(connection, place).queries(connection)):
            found = connection.execute(asked)
            if number == 0:
                yield _lines([[column[0] for column in found.description]])
            while rows := found.fetchmany(BATCH):
                yield _lines(rows)


def _lines(rows: list[Any]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for row in rows:
        writer.writerow([str(v).lower() if isinstance(v, bool) else v for v in row])
    return text.getvalue().encode()


def write_extract(cursor: Cursor, place: Place, output: Path) -> int:
    """Write the table to a file; returns the rows written.

    A workbook if the name ends in .xlsx, else CSV. Raises InputError for too many rows for Excel.
    """
    is_book = output.suffix.lower() == ".xlsx"
    return _write_book(cursor, place, output) if is_book else _write_csv(cursor, place, output)


def _write_csv(cursor: Cursor, place: Place, output: Path) -> int:
    rows = -1
    with output.open("wb") as file:
        for block in extract_lines(cursor, place):
            file.write(block)
            rows += block.count(b"\n")
    return rows


def _write_book(cursor: Cursor, place: Place, output: Path) -> int:
    with cursor() as connection:
        table = table_of(connection, place)
        rows = table.count(connection)
        if rows + 1 > MOST_ROWS:
            raise InputError(
                f"{rows:,} postcodes are more than the {MOST_ROWS:,} rows of an Excel sheet;"
                " write .csv"
            )
        asked = table.queries(connection)
        found = connection.execute(asked[0])
        header = [column[0] for column in found.description]

        def every() -> Iterator[Any]:
            for one in asked:
                yield from iter(connection.execute(one).fetchone, None)

        write_workbook(output, "Postcodes", header, every())
    return rows
