"""ONS's Code History Database: the names of places through time, and codes that were replaced."""

from __future__ import annotations

import collections
import math
import re
from collections.abc import Iterator
from pathlib import Path

from deprivation.errors import InputError
from deprivation.inputs.archives import opened_zip, read_member
from deprivation.inputs.csv_files import read_table
from deprivation.inputs.found import everywhere

HISTORY = re.compile(r"code.?history|(^|_)chd(_|\.)", re.IGNORECASE)
# The geographies of our places, by the first three characters of their codes.
ENTITIES = {
    **dict.fromkeys(("E06", "E07", "E08", "E09", "W06", "S12", "N09"), "lad"),
    **dict.fromkeys(("E10", "E11"), "cty"),
    **dict.fromkeys(("E05", "W05", "S13", "N08"), "wd"),
    "E12": "rgn",
}
# Tables of the archive, and the columns that are read.
MAIN = "ChangeHistory.csv"
HISTORY_COLUMNS = {
    MAIN: ("geogcd", "geognm", "entitycd", "oper_date", "term_date"),
    "Changes.csv": ("geogcd", "geogcd_p"),
}
MOST_BYTES = 256 << 20


def history_files(data_dir: Path) -> list[Path]:
    """Zips of the Code History Database anywhere, else the main table of an unpacked one."""
    paths = everywhere(data_dir)
    zips = [path for path in paths if path.suffix.lower() == ".zip" and HISTORY.search(path.name)]
    return zips or [path for path in paths if path.name.lower() == MAIN.lower()]


def tables_beside(path: Path) -> list[Path]:
    """The other tables to read from an unpacked database."""
    if path.suffix.lower() == ".zip":
        return []
    others = {name.lower() for name in HISTORY_COLUMNS} - {path.name.lower()}
    return [one for one in sorted(path.parent.iterdir()) if one.name.lower() in others]


def _tables(path: Path) -> dict[str, bytes]:
    """Name in lower case -> content of each table of HISTORY_COLUMNS that is there."""
    names = {name.lower() for name in HISTORY_COLUMNS}
    if path.suffix.lower() == ".csv":
        return {one.name.lower(): one.read_bytes() for one in (path, *tables_beside(path))}
    with opened_zip(path) as zipped:
        members = {Path(one.filename).name.lower(): one for one in zipped.infolist()}
        found = {name: members[name] for name in names & members.keys()}
        return {name: read_member(zipped, one, MOST_BYTES) for name, one in found.items()}


def read_history(path: Path) -> list[list[dict[str, str]]]:
    """The rows of ChangeHistory.csv and of Changes.csv, of HISTORY_COLUMNS.

    Raises InputError if a table or a column is missing.
    """
    tables = []
    contents = _tables(path)
    for name, columns in HISTORY_COLUMNS.items():
        if name.lower() not in contents:
            raise InputError(
                f"{path.name}: does not contain {name}; is it the Code History Database?"
            )
        header, *rows = read_table(contents[name.lower()], f"{path.name}: {name}")
        if missing := set(columns) - set(header):
            raise InputError(f"{path.name}: {name} has no column {min(missing).upper()}")
        at = {column: header.index(column) for column in columns}
        tables.append([{column: row[index] for column, index in at.items()} for row in rows])
    if not any(_year(row["oper_date"]) for row in tables[0]):
        raise InputError(f"{path.name}: {MAIN} has no row with a date in OPER_DATE")
    return tables


def names_through_time(history: list[dict[str, str]]) -> Iterator[tuple]:
    """(geography, year, code, name) of every place of ENTITIES that ever had a code.

    The year is the one in which a code with that name began, so that the latest name counts.
    """
    for row in history:
        geography, began = ENTITIES.get(row["entitycd"]), _year(row["oper_date"])
        if geography and began and row["geogcd"] and row["geognm"]:
            yield geography, began, row["geogcd"], row["geognm"]


def renumbered_authorities(
    history: list[dict[str, str]], changes: list[dict[str, str]]
) -> Iterator[tuple]:
    """(authority, year, code, authority, year, later code, ""): one authority under two codes.

    Where the earlier code ended when the later one began, and neither is in a change with another:
    so nothing was merged, split or moved to a neighbour. Where a code was replaced more than once,
    each of its later codes is given.
    """
    began: dict[str, int] = {}
    ended: dict[str, float] = {}
    for row in history:
        if ENTITIES.get(row["entitycd"]) == "lad" and (year := _year(row["oper_date"])):
            code, until = row["geogcd"], _year(row["term_date"]) or math.inf
            began[code] = min(year, began.get(code, year))
            ended[code] = max(until, ended.get(code, until))
    pairs = {(row["geogcd_p"], row["geogcd"]) for row in changes}
    # A row that pairs a code with itself means that its name or boundary has changed.
    pairs = {(old, new) for old, new in pairs if old != new and {old, new} <= began.keys()}
    replaced = collections.Counter(old for old, _ in pairs)
    made_of = collections.Counter(new for _, new in pairs)
    follows = {
        old: new
        for old, new in pairs
        if replaced[old] == made_of[new] == 1 and ended[old] <= began[new] <= ended[old] + 1
    }
    for old in sorted(follows):
        later = [old]
        while (new := follows.get(later[-1])) and new not in later:
            later.append(new)
            yield "authority", began[old], old, "authority", began[new], new, ""


def _year(date: str) -> int | None:
    found = re.search(r"(19|20)\d\d", date)
    return int(found[0]) if found else None
