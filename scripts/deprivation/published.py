"""Reading the published file: opening it, and which of its editions answers a question."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from pathlib import Path

import duckdb

from deprivation.errors import InputError

# nation -> its editions in the file, oldest first: {"England": [2015, 2019, 2025]}
Editions = Mapping[str, list[int]]


def open_published(database: Path) -> duckdb.DuckDBPyConnection:
    """A read-only connection to the published file.

    Raises InputError if it is missing, being written to, or not a published file.
    """
    if not database.is_file():
        raise InputError(
            f"{database}: no such file; `deprivation build` makes it, or name another with"
            " --database or DEPRIVATION_DB"
        )
    try:
        connection = duckdb.connect(str(database), read_only=True)
        connection.execute("select 1 from main.editions, main.partial_postcodes limit 1")
        _check_whole(connection, database)
    except (duckdb.IOException, duckdb.ConnectionException) as error:
        if "lock" in str(error):
            raise InputError(
                f"{database} is in use by a process that writes to it; try again when it has ended"
            ) from None
        raise InputError(f"{database} cannot be opened: {first_line(error)}") from None
    except duckdb.Error:
        raise InputError(
            f"{database} is not a complete file published by `deprivation build`"
        ) from None
    return connection


# Bytes before the first block in DuckDB's format.
HEADERS = 3 * 4096


def _check_whole(connection: duckdb.DuckDBPyConnection, database: Path) -> None:
    """Raises InputError if the file ends before its last block: DuckDB only notices later."""
    (size,) = connection.execute(
        "select total_blocks * block_size from pragma_database_size()"
    ).fetchone()
    if database.stat().st_size < size + HEADERS:
        raise InputError(f"{database} is cut off: copy it again, or build it again")


def first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]


def held_editions(connection: duckdb.DuckDBPyConnection) -> dict[str, list[int]]:
    """The editions of each nation in the file, oldest first."""
    rows = connection.execute(
        "select nation, list(edition order by edition) from editions group by nation"
    )
    return dict(sorted(rows.fetchall()))


SYNTHETIC = (
    "this file has synthetic data: every figure in it is invented; `deprivation fetch` gets the"
    " publishers' files and `deprivation build` makes the real one"
)


def is_synthetic(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether any of the file's inputs was invented, so that no figure means anything."""
    found = connection.execute("select coalesce(bool_or(is_synthetic), false) from sources")
    return bool(found.fetchone()[0])


@dataclasses.dataclass(frozen=True)
class Asked:
    """The edition asked for: that year's, or each nation's edition nearest to it."""

    year: int
    is_nearest: bool = False


def parse_edition(text: str, held: Editions) -> Asked:
    """`2019` or `nearest:2019`. Raises InputError if it is neither, or no nation has it."""
    found = re.fullmatch(r"(nearest:)?(\d{4})", text.strip())
    if not found:
        raise InputError(f"--edition {text!r} is neither a year, 2019, nor nearest:2019")
    asked = Asked(year=int(found[2]), is_nearest=bool(found[1]))
    if not asked.is_nearest and not any(asked.year in years for years in held.values()):
        raise InputError(
            f"edition {asked.year} is not in this file; it holds {editions_text(held)}"
        )
    return asked


def editions_text(held: Editions) -> str:
    return "; ".join(f"{nation} {', '.join(map(str, years))}" for nation, years in held.items())


def nearest(years: list[int], year: int) -> int:
    """The edition nearest to `year`; of two equally near, the older, whose data was there first."""
    return min(years, key=lambda edition: (abs(edition - year), edition))


def edition_of(nation: str | None, asked: Asked | None, held: Editions) -> int | None:
    """The edition of `nation` that answers: by default its newest; None if it has none."""
    years = held.get(nation or "", [])
    if not years:
        return None
    if asked is None:
        return years[-1]
    if asked.is_nearest:
        return nearest(years, asked.year)
    return asked.year if asked.year in years else None
