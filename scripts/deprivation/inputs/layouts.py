"""Other forms in which an input is published; their columns are found by pattern.

Earlier editions were published as spreadsheets, in zips or with other headers: each row of
seeds/edition_layouts.csv says what one column is called there. Such a file is rewritten with the
columns of seeds/index_columns.csv; those that the publisher does not give stay empty.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import re
import zipfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from deprivation.errors import InputError
from deprivation.inputs.archives import opened_zip, read_member
from deprivation.inputs.found import name_of
from deprivation.inputs.spreadsheets import read_workbook
from deprivation.seeds import read_seed

# The largest file, the mid-year populations of LSOAs, is 12 MB.
MOST_BYTES = 256 << 20
Rows = list[list[str]]


@dataclasses.dataclass(frozen=True)
class EditionLayout:
    """One form. sheets: pattern of a sheet's name (empty for a CSV) -> its columns by today's name,
    each with a pattern of its published name; without columns, all have today's names. seed: the
    seed with the patterns.
    """

    name: str
    file_pattern: str
    member_pattern: str
    sheets: dict[str, dict[str, str]]
    seed: str = "edition_layouts"

    def takes(self, path: Path) -> bool:
        return bool(re.fullmatch(self.file_pattern, name_of(path), re.IGNORECASE))


def layouts_of(nation: str, edition: str) -> list[EditionLayout]:
    """The layouts of an edition in seeds/edition_layouts.csv, in the seed's order."""
    rows = read_seed("edition_layouts")
    of_edition = [row for row in rows if (row["nation"], row["edition"]) == (nation, edition)]
    return forms_of((row["layout"], row["column_name"], row) for row in of_edition)


def forms_of(
    rows: Iterable[tuple[str, str, dict[str, str]]], seed: str = "edition_layouts"
) -> list[EditionLayout]:
    """Layouts from a seed. rows: name of the layout, today's name of the column, the seed's row."""
    found: dict[str, EditionLayout] = {}
    for name, column, row in rows:
        patterns = row["file_pattern"], row["member_pattern"]
        layout = found.setdefault(name, EditionLayout(name, *patterns, {}, seed))
        columns = layout.sheets.setdefault(row["sheet_pattern"], {})
        if column:
            columns[column] = row["source_pattern"]
    return list(found.values())


def read_layout(path: Path, layout: EditionLayout, wanted: list[str]) -> Rows:
    """The rows of a file with the columns `wanted`, header first; the first column is the area's.

    Several sheets are joined side by side. Raises InputError for a missing member, sheet or
    column, naming what was looked for, and for sheets that differ in their areas.
    """
    name, content = path.name, path.read_bytes()
    if zipfile.is_zipfile(path) and layout.member_pattern and path.suffix.lower() == ".zip":
        name, content = _member(path, layout.member_pattern)
    joined: dict[str, list[str]] = {}
    of_key = next(iter(layout.sheets.values())).get(wanted[0], re.escape(wanted[0].strip()))
    for number, (sheet_pattern, columns) in enumerate(layout.sheets.items()):
        columns = columns or {column: re.escape(column.strip()) for column in wanted}
        columns = {wanted[0]: of_key} | columns
        table = _read_table(path.name, _sheets(name, content, sheet_pattern), columns, layout.seed)
        twice = [code for code, n in Counter(row[wanted[0]] for row in table).items() if n > 1]
        if twice:
            raise InputError(f"{path.name}: {twice[0]} is there twice; fetch the file again")
        if number and {row[wanted[0]] for row in table} != joined.keys():
            raise InputError(f"{path.name}: its sheets differ in their areas")
        for row in table:
            values = joined.setdefault(row[wanted[0]], [""] * len(wanted))
            for column, value in row.items():
                values[wanted.index(column)] = value
    return [wanted, *joined.values()]


def _sheets(name: str, content: bytes, pattern: str) -> list[Rows]:
    if not name.lower().endswith(".csv"):
        return read_workbook(name, content, pattern)
    text = content.decode("utf-8-sig", "replace")
    reader = csv.reader(io.StringIO(text, newline=""))
    return [[[cell.strip() for cell in row] for row in reader]]


def _read_table(
    name: str, sheets: list[Rows], patterns: dict[str, str], seed: str
) -> list[dict[str, str]]:
    """Column -> value of each row of the one sheet that has all the columns."""
    headers = [(sheet, *_find_header(sheet, patterns)) for sheet in sheets]
    whole = [one for one in headers if len(one[2]) == len(patterns)]
    if len(whole) != 1:
        best = max((one[2] for one in headers), key=len, default={})
        missing = next((one for column, one in patterns.items() if column not in best), None)
        raise InputError(
            f"{name}: no header with all columns; found {len(best)} of {len(patterns)}, but none"
            f" like {missing!r}. If the publisher has renamed it, change seeds/{seed}.csv"
            if not whole
            else f"{name}: {len(whole)} sheets have the same columns; name one in seeds/{seed}.csv"
        )
    ((rows, top, places),) = whole
    key = next(iter(places))
    table = []
    for number, row in enumerate(rows[top + 1 :], start=top + 2):
        if any(row) and len(row) <= max(places.values()):
            raise InputError(f"{name}, row {number}: cut off after {len(row)} values")
        if any(row) and row[places[key]].strip():
            table.append({column: row[at].strip() for column, at in places.items()})
    while table and not any(value for column, value in table[-1].items() if column != key):
        table.pop()  # a note
    return table


def _member(path: Path, pattern: str) -> tuple[str, bytes]:
    with opened_zip(path) as zipped:
        members = [
            one
            for one in zipped.infolist()
            if re.fullmatch(pattern, Path(one.filename).name, re.IGNORECASE)
        ]
        if len(members) != 1:
            raise InputError(
                f"{path.name}: contains {len(members)} files named like {pattern}, not one; use"
                " the zip as the publisher issued it"
            )
        return members[0].filename, read_member(zipped, members[0], MOST_BYTES)


def _find_header(rows: Rows, patterns: dict[str, str]) -> tuple[int, dict[str, int]]:
    """The header's row and each column's place in it; the best match in the first twenty rows."""
    best: tuple[int, dict[str, int]] = (0, {})
    for top, row in enumerate(rows[:20]):
        cells = [" ".join(cell.split()) for cell in row]
        places = {
            column: at
            for column, pattern in patterns.items()
            for at, cell in enumerate(cells)
            if re.fullmatch(pattern, cell, re.IGNORECASE)
        }
        if len(places) == len(patterns):
            return top, {column: places[column] for column in patterns}
        best = (top, places) if len(places) > len(best[1]) else best
    return best
