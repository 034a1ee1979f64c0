"""Reading CSV files: header, rows, small tables."""

from __future__ import annotations

import csv
import io
from collections import Counter
from pathlib import Path

from deprivation.errors import InputError


def read_header(path: Path, ends_its_last_row: bool = True) -> list[str]:
    """The column names of a CSV file, after checks of the file as a whole.

    ends_its_last_row: whether files of this kind end with a line break (SIMD's do not). Raises
    InputError for a file that is empty, not UTF-8 or cut off in its last row, and for a column
    that is there twice.
    """
    name, size = path.name, path.stat().st_size
    with path.open("rb") as file:
        start = file.read(1 << 16)
        file.seek(max(size - 1, 0))
        end = file.read(1)
    if not start.removeprefix(b"\xef\xbb\xbf").strip():
        raise InputError(f"{name}: the file is empty; fetch it again")
    if start[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in start:
        raise InputError(
            f"{name}: the file is UTF-16, not UTF-8; use it as the publisher issued it"
        )
    try:
        lines = start.removeprefix(b"\xef\xbb\xbf").splitlines()
        header = next(csv.reader([lines[0].decode("utf-8")], strict=True), [])
    except UnicodeDecodeError as error:
        raise InputError(
            f"{name}, row 1: byte {error.object[error.start]:#x} is not UTF-8;"
            " use the file as the publisher issued it"
        ) from None
    except csv.Error as error:
        raise InputError(f"{name}, row 1: {error}; the file is damaged, fetch it again") from None
    if start.startswith(b"<") or start.startswith(b"PK"):
        raise InputError(
            f"{name}: this is not a CSV file (a web page or an archive?); fetch it again"
        )
    if ends_its_last_row and end != b"\n":
        raise InputError(f"{name}: the last row is cut off; the file is truncated, fetch it again")
    # DuckDB ignores case in column names.
    times = Counter(column.lower() for column in header)
    twice = [column for column in header if times[column.lower()] > 1]
    if twice:
        raise InputError(f"{name}: column {twice[0]!r} is in the header twice")
    return header


def check_rows(path: Path) -> int:
    """The number of rows below the header of a CSV.

    Raises InputError for the first row that is not UTF-8 or not as long as the header. Slow on a
    large file (a million values a second): DuckDB checks large files as it reads them.
    """
    row = 1
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            columns = len(next(reader))
            for values in reader:
                row += 1
                if len(values) != columns:
                    raise InputError(
                        f"{path.name}, row {row}: {len(values)} values where the header has"
                        f" {columns}; the file is damaged, fetch it again"
                    )
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path.name}, after row {row}: byte {error.object[error.start]:#x} is not UTF-8; use"
            " the file as the publisher issued it"
        ) from None
    except (csv.Error, StopIteration) as error:
        raise InputError(
            f"{path.name}, after row {row}: {error}; the file is damaged, fetch it again"
        ) from None
    return row - 1


def read_table(content: bytes, name: str) -> list[list[str]]:
    """The rows of a small CSV file, header first and in lower case; UTF-8, or Windows-1252.

    Blank lines are left out. Raises InputError for an empty file and for a row that is damaged or
    not as long as the header. name: the file's, for messages.
    """
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise InputError(
            f"{name}: the file is UTF-16, not UTF-8; use it as the publisher issued it"
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[list[str]] = []
    try:
        for row in reader:
            if not any(value.strip() for value in row):
                continue
            if rows and len(row) != len(rows[0]):
                raise InputError(
                    f"{name}, line {reader.line_num}: {len(row)} values where the header has"
                    f" {len(rows[0])}; the file is damaged, fetch it again"
                )
            rows.append([value.strip() for value in row])
    except csv.Error as error:
        raise InputError(
            f"{name}, line {reader.line_num}: {error}; the file is damaged, fetch it again"
        ) from None
    if not rows:
        raise InputError(f"{name}: the file is empty; fetch it again")
    return [[column.lower() for column in rows[0]], *rows[1:]]
