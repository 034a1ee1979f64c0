"""Whether what came is the file that was wanted: looked at before it takes another's place."""

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
# Of one file in a zip, and of all of them.
LARGEST_MEMBER = 2 << 30
LARGEST_ZIP = 4 * LARGEST_MEMBER


def check_whole(
    part: Path, name: str, columns: Sequence[str] = (), ends_its_last_row: bool = True
) -> None:
    """Raises FetchError if a file that came in full is not what `name` says, or is damaged.

    columns: those that a CSV must have, whatever others it has; of a zip, patterns of the names of
    files that it must hold. ends_its_last_row: the publisher's CSV files of this kind end in a
    line end.
    """
    suffix = Path(name).suffix.lower()
    try:
        if suffix in ZIPPED:
            check_zip(part, name, columns if suffix == ".zip" else ())
        elif suffix == ".xls":
            with part.open("rb") as file:
                start = file.read(512)
            refuse_page(start, "", name)
            if start.startswith(b"PK"):  # of a newer Excel, under the old name
                check_zip(part, name, ())
            elif not start.startswith(OLD_SPREADSHEET):
                raise FetchError(f"{name}: what came is not an Excel spreadsheet")
        elif suffix == ".csv":
            check_csv(part, name, columns, ends_its_last_row)
    except (zipfile.BadZipFile, EOFError, zlib.error) as error:
        raise FetchError(f"{name}: the zip is damaged or cut off ({error})") from None
    except (NotImplementedError, RuntimeError) as error:  # compressed otherwise, or encrypted
        raise FetchError(f"{name}: the zip cannot be opened ({error})") from None


def check_zip(part: Path, name: str, members: Sequence[str]) -> None:
    """Raises FetchError for a zip that is damaged, unzips to too much, or lacks a member."""
    with zipfile.ZipFile(part) as zipped:
        sizes = [one.file_size for one in zipped.infolist()]
        if max(sizes, default=0) > LARGEST_MEMBER or sum(sizes) > LARGEST_ZIP:
            raise FetchError(
                f"{name}: the zip unzips to {sum(sizes):,} bytes, more than is allowed"
            )
        damaged = zipped.testzip()
        names = [Path(one).name for one in zipped.namelist()]
    if damaged:
        raise FetchError(f"{name}: the zip is damaged ({damaged}); nothing was changed")
    for pattern in members:
        if not any(re.fullmatch(pattern, one, re.IGNORECASE) for one in names):
            raise FetchError(
                f"{name}: the zip has no file named like {pattern}; it holds"
                f" {', '.join(names[:5])}{', ...' if len(names) > 5 else ''}"
            )


def check_csv(part: Path, name: str, columns: Sequence[str], ends_its_last_row: bool) -> None:
    """Raises FetchError for what is no table of at least one row, or lacks one of `columns`."""
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
    lacking = [one for one in columns if one.strip().lower() not in map(str.lower, header)]
    if len(header) < 2 or lacking:
        lacks = f"has no column {lacking[0]!r}" if lacking else "is no table"
        said = start[:100].decode("utf-8", "replace").splitlines()[0]
        raise FetchError(f"{name}: what came {lacks}; it begins {said!r}; nothing was changed")
    if len(rows) < 2 or len(rows[1]) != len(rows[0]):
        raise FetchError(f"{name}: it has a header and no rows; nothing was changed")


def csv_rows(start: bytes) -> list[list[str]]:
    """The header and the first row of a CSV, of its first bytes; fewer if there are no more."""
    text = start.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")
    try:
        reader = csv.reader(text.splitlines(keepends=True))
        return [row for row, _ in zip(reader, range(2), strict=False)]
    except csv.Error:
        return []


def refuse_page(start: bytes, content_type: str, name: str) -> None:
    """Raises FetchError for a web page, or a message, in the place of a file."""
    text = start[:512].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith(b"<") or "text/html" in content_type.lower():
        title = re.search(rb"<title>(.*?)</title>", start, re.IGNORECASE | re.DOTALL)
        said = f" titled {title[1].decode(errors='replace').strip()!r}" if title else ""
        raise FetchError(f"{name}: a web page{said} came in the place of the file")
    if text.startswith(b"{"):
        said = start[:200].decode(errors="replace")
        raise FetchError(f"{name}: a message came in the place of the file: {said}")
