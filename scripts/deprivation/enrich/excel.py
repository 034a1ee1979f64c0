"""Excel workbooks as records, and records as a workbook: typed cells, nothing reinterpreted.

Its libraries are loaded only where there is a workbook.
"""

from __future__ import annotations

import datetime
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from deprivation.enrich.formats import Format
from deprivation.errors import InputError

# Excel's own limits.
MOST_ROWS, MOST_COLUMNS, LONGEST_CELL = 1_048_576, 16_384, 32_767
# Of a workbook once unzipped: more is no table of people.
MOST_BYTES = 2 << 30
BATCH = 50_000
DAY, MOMENT, TIME = "yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss", "hh:mm:ss"


class ExcelRecords:
    """Records of one sheet: its first row names the columns. Columns are strings, by position.

    cells: the same values with their types, a list for each record; left_out: the other sheets.
    """

    is_text = True

    def __init__(self, path: str, sheet: str | None = None, shown: str | None = None):
        import python_calamine

        self.paths, self.form = [shown or path], Format("xlsx")
        name = shown or path
        try:
            with zipfile.ZipFile(path) as packed:
                if sum(part.file_size for part in packed.infolist()) > MOST_BYTES:
                    raise InputError(f"{name} holds more than {MOST_BYTES >> 30} GB unzipped")
            workbook = python_calamine.CalamineWorkbook.from_path(path)
            names = workbook.sheet_names
            self.sheet = _choose(names, sheet, name)
            rows = workbook.get_sheet_by_name(self.sheet).to_python(skip_empty_area=False)
        except (python_calamine.CalamineError, zipfile.BadZipFile, OSError) as error:
            raise InputError(f"{name} is not a whole .xlsx workbook: {error}") from None
        self.left_out = [other for other in names if other != self.sheet]
        while rows and all(cell == "" for cell in rows[-1]):
            rows.pop()
        if not rows or all(cell == "" for cell in rows[0]):
            raise InputError(f"{name}, sheet {self.sheet!r} has no header in its first row")
        self.names = [cell_text(cell) or "" for cell in rows[0]]
        self.cells = rows[1:]

    def fields(self) -> list[pa.DataType]:
        return [pa.string()] * len(self.names)

    def batches(self) -> Iterator[pa.RecordBatch]:
        names = [f"c{place}" for place in range(len(self.names))]
        for start in range(0, len(self.cells), BATCH):
            rows = self.cells[start : start + BATCH]
            columns = [
                pa.array([cell_text(row[place]) for row in rows], pa.string())
                for place in range(len(names))
            ]
            yield pa.RecordBatch.from_arrays(columns, names)

    def count(self) -> int:
        """How many there are."""
        return len(self.cells)

    rows_about = count


def _choose(names: Sequence[str], sheet: str | None, file: str) -> str:
    if sheet is not None and sheet not in names:
        raise InputError(f"{file} has no sheet {sheet!r}; it has {', '.join(map(repr, names))}")
    if sheet is None and len(names) != 1:
        raise InputError(f"{file} has sheets {', '.join(map(repr, names))}; name one with --sheet")
    return sheet if sheet is not None else names[0]


def cell_text(cell: Any) -> str | None:
    """A cell as it reads in a CSV: whole numbers without a point, ISO dates; None if empty."""
    if cell == "" or cell is None:
        return None
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e16:
        return str(int(cell))
    if isinstance(cell, datetime.datetime):
        return cell.isoformat(" ")
    return str(cell)


def check_size(rows: float | None, columns: int) -> None:
    """Raises InputError for more than a sheet of Excel holds; before anything is written."""
    if rows is not None and rows + 1 > MOST_ROWS:
        raise InputError(
            f"{int(rows):,} records and their header are more than the {MOST_ROWS:,} rows of an"
            " Excel sheet; write .csv or .parquet"
        )
    if columns > MOST_COLUMNS:
        raise InputError(
            f"{columns:,} columns are more than the {MOST_COLUMNS:,} of an Excel sheet"
        )


def write_workbook(
    output: Path,
    title: str,
    header: Sequence[str],
    rows: Iterator[Sequence[Any]],
    notes: Callable[[], list[list[Any]]] | None = None,
) -> None:
    """One sheet, its header frozen and filtered; a second, `Summary`, of the notes.

    Texts are written as texts: leading zeros stay, and = begins no formula.
    """
    import xlsxwriter

    options = {"constant_memory": True, "nan_inf_to_errors": False}
    workbook = xlsxwriter.Workbook(str(output), options)
    formats = {name: workbook.add_format({"num_format": name}) for name in (DAY, MOMENT, TIME)} | {
        "bold": workbook.add_format({"bold": True})
    }
    try:
        sheet = workbook.add_worksheet(title[:31])
        last = _write_rows(sheet, header, rows, formats)
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, last, max(len(header) - 1, 0))
        if notes:
            second = workbook.add_worksheet("Summary" if title != "Summary" else "Summary of it")
            _write_rows(second, [], iter(notes()), formats)
    finally:
        workbook.close()


def _write_rows(sheet, header: Sequence[str], rows: Iterator[Sequence[Any]], formats: dict) -> int:
    for place, name in enumerate(header):
        sheet.write_string(0, place, name[:LONGEST_CELL], formats["bold"])
    number = len(header[:1]) - 1
    for row in rows:
        number += 1
        check_size(number, len(row))
        for place, cell in enumerate(row):
            _write_cell(sheet, number, place, cell, formats)
    return max(number, 0)


def _write_cell(sheet, row: int, column: int, cell: Any, formats: dict) -> None:
    if cell is None or cell == "" or (isinstance(cell, float) and cell != cell):
        return
    if isinstance(cell, bool):
        sheet.write_boolean(row, column, cell)
    elif isinstance(cell, int | float) and abs(cell) < 1e300:
        sheet.write_number(row, column, cell)
    elif isinstance(cell, datetime.datetime):
        sheet.write_datetime(row, column, cell.replace(tzinfo=None), formats[MOMENT])
    elif isinstance(cell, datetime.date):
        sheet.write_datetime(row, column, cell, formats[DAY])
    elif isinstance(cell, datetime.time):
        sheet.write_datetime(row, column, cell, formats[TIME])
    else:
        text = str(cell)
        if len(text) > LONGEST_CELL:
            raise InputError(
                f"record {row:,} has a cell of {len(text):,} characters; Excel holds"
                f" {LONGEST_CELL:,}; write .csv or .parquet"
            )
        sheet.write_string(row, column, text)
