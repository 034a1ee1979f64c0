"""Sheets of a spreadsheet (ods, xlsx, xls)."""

from __future__ import annotations

import datetime
import io
import re
from pathlib import Path

import python_calamine

from deprivation.errors import InputError


def read_sheet(spreadsheet: Path, sheet: str) -> list[list[str]]:
    """The cells of one sheet as text, row by row.

    Raises InputError if the file is not a spreadsheet or has no such sheet.
    """
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
    return [[cell_text(value) for value in row] for row in cells]


def read_workbook(name: str, content: bytes, sheet_pattern: str) -> list[list[list[str]]]:
    """The cells, as read_sheet gives them, of each sheet named like `sheet_pattern`.

    Raises InputError if there is no such sheet, or the file is not a spreadsheet.
    """
    try:
        with python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content)) as workbook:
            names = workbook.sheet_names
            fitting = [one for one in names if re.fullmatch(sheet_pattern, one, re.IGNORECASE)]
            if not fitting:
                raise InputError(
                    f"{name}: no sheet named like {sheet_pattern!r}; it has"
                    f" {', '.join(map(repr, names))}"
                )
            sheets = [
                workbook.get_sheet_by_name(one).to_python(skip_empty_area=False) for one in fitting
            ]
    except python_calamine.CalamineError as error:
        raise InputError(f"{name}: not a readable spreadsheet ({error})") from None
    return [[[cell_text(value) for value in row] for row in cells] for cells in sheets]


def cell_text(value: object) -> str:
    """A cell as it is shown: 570 (a spreadsheet stores 570.0), 4563.5, TRUE, 2025-11-27."""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    return str(value)
