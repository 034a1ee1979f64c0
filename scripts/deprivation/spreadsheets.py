"""Sheets of a spreadsheet (ods, xlsx, xls) as CSV files."""

from __future__ import annotations

import csv
import datetime
from pathlib import Path

import python_calamine

from deprivation.errors import InputError


def to_csv(spreadsheet: Path, sheet: str, to: Path) -> int:
    """Write one sheet as CSV (UTF-8, `\\n`): the cells as they stand, empty rows at the top kept.

    Returns the number of rows. Raises InputError if the file is no spreadsheet or has no such
    sheet.
    """
    rows = read_sheet(spreadsheet, sheet)
    with to.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
    return len(rows)


def read_sheet(spreadsheet: Path, sheet: str) -> list[list[str]]:
    """The cells of one sheet as text, row by row. Raises InputError as to_csv does."""
    try:
        with (
            spreadsheet.open("rb") as file,
            python_calamine.CalamineWorkbook.from_filelike(file) as workbook,
        ):
            names = workbook.sheet_names
            if sheet not in names:
                raise InputError(
                    f"{spreadsheet.name}: no sheet {sheet!r}; it has {', '.join(map(repr, names))}"
                )
            cells = workbook.get_sheet_by_name(sheet).to_python(skip_empty_area=False)
    except python_calamine.CalamineError as error:
        raise InputError(f"{spreadsheet.name}: not a readable spreadsheet ({error})") from None
    return [[as_text(value) for value in row] for row in cells]


def as_text(value: object) -> str:
    """A cell as it is shown: 570 (a spreadsheet holds 570.0), 4563.5, TRUE, 2025-11-27."""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    return str(value)
