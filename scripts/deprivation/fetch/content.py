"""Checks that a download is the file that was wanted, before it replaces an earlier one."""

from __future__ import annotations

import csv
import os
import re
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path

from deprivation.errors import FetchError

ZIPPED = {".zip", ".ods", ".xlsx"}
OLD_SPREADSHEET = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# Unzipped bytes of one file in a zip, and of all its files.
LARGEST_MEMBER = 2 << 30
LARGEST_ZIP = 4 * LARGEST_MEMBER


def check_whole(
    part: Path, name: str, columns: Sequence[str] = (), ends_its_last_row: bool = True
) -> None:
    """Raises FetchError if a complete download is damaged, or not the kind of file `name` says.

    columns: columns that a CSV must have; for a zip, patterns of file names that it must contain.
    ends_its_last_row: whether the publisher's CSV files of this kind end with a line break.
    """
    suffix = Path(name).suffix.lower()
    try:
        if suffix in ZIPPED:
            check_zip(part, name, columns if suffix == ".zip" else ())
        elif suffix == ".xls":
            with part.open("rb") as file:
                start = file.read(512)
            refuse_page(start, "", name)
            if start.startswith(b"PK"):  # a newer Excel file with the old suffix
                check_zip(part, name, ())
            elif not start.startswith(OLD_SPREADSHEET):
                raise FetchError(f"{name}: not an Excel spreadsheet")
        elif suffix == ".csv":
            check_csv(part, name, columns, ends_its_last_row)
    except (zipfile.BadZipFile, EOFError, zlib.error) as error:
        raise FetchError(f"{name}: the zip is damaged or cut off ({error})") from None
    except (NotImplementedError, RuntimeError) as error:  # unknown compression, or encrypted
        raise FetchError(f"{name}: the zip cannot be opened ({error})") from None


def check_zip(part: Path, name: str, members: Sequence[str]) -> None:
    """Raises FetchError for a zip that is damaged, too large unzipped, or without a member."""
    with zipfile.ZipFile(part) as zipped:
        sizes = [one.file_size for one in zipped.infolist()]
        if max(sizes, default=0) > LARGEST_MEMBER or sum(sizes) > LARGEST_ZIP:
            raise FetchError(f"{name}: the zip unzips to {sum(sizes):,} bytes, more than the limit")
        damaged = zipped.testzip()
        names = [Path(one).name for one in zipped.namelist()]
    if damaged:
        raise FetchError(f"{name}: the zip is damaged ({damaged}); nothing was changed")
    for pattern in members:
        if not any(re.fullmatch(pattern, one, re.IGNORECASE) for one in names):
            raise FetchError(
                f"{name}: the zip has no file named like {pattern}; it contains"
                f" {', '.join(names[:5])}{', ...' if len(names) > 5 else ''}"
            )


def check_csv(part: Path, name: str, columns: Sequence[str], ends_its_last_row: bool) -> None:
    """Raises FetchError unless it is a table with all of `columns` and at least one row."""
    with part.open("rb") as file:
        start = file.read(1 << 16)
        if not start.strip():
            raise FetchError(f"{name}: the file is empty")
        refuse_page(start, "", name)
        file.seek(-1, os.SEEK_END)
        if ends_its_last_row and file.read(1) != b"\n":
            raise FetchError(f"{name}: the last row is cut off")
    rows = csv_rows(start)
    header = [one.strip() for one in rows[0]] if rows else []
    missing = [one for one in columns if one.strip().lower() not in map(str.lower, header)]
    if len(header) < 2 or missing:
        fault = f"has no column {missing[0]!r}" if missing else "is not a table"
        begins = start[:100].decode("utf-8", "replace").splitlines()[0]
        raise FetchError(f"{name}: the file {fault}; it begins {begins!r}; nothing was changed")
    if len(rows) < 2 or len(rows[1]) != len(rows[0]):
        raise FetchError(f"{name}: the file has a header but no rows; nothing was changed")


def csv_rows(start: bytes) -> list[list[str]]:
    """The header and first row in the first bytes of a CSV, or as many of them as there are."""
    text = start.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")
    try:
        reader = csv.reader(text.splitlines(keepends=True))
        return [row for row, _ in zip(reader, range(2), strict=False)]
    except csv.Error:
        return []


def refuse_page(start: bytes, content_type: str, name: str) -> None:
    """Raises FetchError if a web page or a message came instead of a file."""
    text = start[:512].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith(b"<") or "text/html" in content_type.lower():
        title = re.search(rb"<title>(.*?)</title>", start, re.IGNORECASE | re.DOTALL)
        titled = f" titled {title[1].decode(errors='replace').strip()!r}" if title else ""
        raise FetchError(f"{name}: a web page{titled} came instead of the file")
    if text.startswith(b"{"):
        message = start[:200].decode(errors="replace")
        raise FetchError(f"{name}: a message came instead of the file: {message}")
