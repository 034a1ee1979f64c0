"""Input files as found in the data folder."""

from __future__ import annotations

import csv
import dataclasses
import datetime
import json
import os
import re
import shutil
import urllib.parse
from collections.abc import Iterable, Iterator
from pathlib import Path

from deprivation.errors import InputError
from deprivation.hashes import sha256_of
from deprivation.seeds import edition_names

SYNTHETIC_MARK = "SYNTHETIC.txt"


@dataclasses.dataclass(frozen=True)
class InputFile:
    """One input file as found.

    source: `postcode_directory`, `England 2019`, ..., or `lookup`; release: `2025-11` or the
    edition's year; row_count: None if rows are counted where the file is read; retrieved_at: ISO
    8601, the time the file was fetched or last changed; problem: what is wrong with it and what to
    do, empty if nothing is; lacks_areas: true if the only problem is that the directory does not
    have the areas of the file; is_there: false if the problem is a missing file; note: a remark on
    a file that is used all the same; path: relative to the data folder.
    """

    source: str
    file_name: str
    release: str = ""
    sha256: str = ""
    bytes: int | None = None
    row_count: int | None = None
    retrieved_at: str = ""
    is_synthetic: bool = False
    problem: str = ""
    lacks_areas: bool = False
    is_there: bool = False
    note: str = ""
    path: str = ""

    @property
    def is_fault(self) -> bool:
        """True of a problem to fix, false of an optional edition that is missing."""
        is_unusable = self.is_there and not self.lacks_areas
        return bool(self.problem) and (is_unusable or self.source in required_sources())


def required_sources() -> set[str]:
    """The sources that every build needs by default; other editions are built if present."""
    return {"postcode_directory", *edition_names(required=True)}


def write_rows(path: Path, columns: list[str], rows: Iterable[tuple]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def files_in(folder: Path, suffixes: tuple[str, ...] = (), is_deep: bool = False) -> Iterator[Path]:
    """The files of a folder, sorted; none if there is no such folder.

    suffixes: in lower case, such as `.csv`; empty for all; is_deep: include subfolders. Hidden
    files (`._ONSPD.zip` of a Mac) are left out. Raises InputError for a folder that cannot be read
    or has the suffix of a file, and for names that are not UTF-8.
    """

    def stop(error: OSError) -> None:
        raise InputError(
            f"{error.filename}: cannot be read ({error.strerror}); change its permissions"
        )

    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: this is a file where a folder should be; move it away")
    found: list[Path] = []
    if not folder.exists():
        return
    for where, folders, names in os.walk(folder, onerror=stop):
        inside = [name for name in folders if name != "__MACOSX"]
        folders[:] = sorted(inside) if is_deep else []
        for name in sorted(names + inside):
            path = Path(where) / name
            if name.startswith(".") or (suffixes and path.suffix.lower() not in suffixes):
                continue
            if not str(path).isprintable():
                shown = str(path).encode("utf-8", "backslashreplace").decode()
                raise InputError(f"{shown}: the name is not plain UTF-8 text; rename it")
            if not path.exists():
                raise InputError(f"{path}: a link to a missing file; remove or fix it")
            if name not in inside:
                found.append(path)
            elif suffixes:
                raise InputError(f"{path}: this is a folder where a file should be; move it away")
    yield from sorted(found)


def everywhere(data_dir: Path) -> list[Path]:
    """All files anywhere in the data folder that can be named and read, sorted.

    Faults at which files_in stops are passed over here: the files may not be inputs.
    """
    found: list[Path] = []
    for where, folders, names in os.walk(data_dir):
        folders[:] = [one for one in folders if not one.startswith(".") and one != "__MACOSX"]
        paths = [Path(where) / name for name in names if not name.startswith(".")]
        found += [one for one in paths if str(one).isprintable() and one.is_file()]
    return sorted(found)


def name_of(path: Path) -> str:
    """A file's name as published.

    Without what a browser adds to a second download (`NAME (1).csv`) and without the percent signs
    of an address (`SIMD%2B2020v2.csv`).
    """
    return re.sub(r" ?\([0-9]+\)(?=\.[^.]+$)", "", urllib.parse.unquote(path.name))


def packed_first(paths: list[Path]) -> list[Path]:
    """The zips among files of one form, if any: the other files were unpacked from them."""
    return [path for path in paths if path.suffix.lower() == ".zip"] or paths


def describe(path: Path, data_dir: Path, source: str, release: str, problem: str) -> InputFile:
    sha256 = sha256_of(path)
    changed = datetime.datetime.fromtimestamp(path.stat().st_mtime, datetime.timezone.utc)
    last_changed = changed.strftime("%Y-%m-%dT%H:%M:%SZ")
    return InputFile(
        source=source,
        file_name=path.name,
        release=release,
        sha256=sha256,
        bytes=path.stat().st_size,
        retrieved_at=_fetched_at(data_dir).get(sha256, last_changed),
        is_synthetic=(data_dir / SYNTHETIC_MARK).is_file(),
        problem=problem,
        is_there=True,
        path=path.relative_to(data_dir).as_posix() if path.is_relative_to(data_dir) else "",
    )


def _fetched_at(data_dir: Path) -> dict[str, str]:
    """SHA-256 of each file that `deprivation fetch` fetched -> the time it did."""
    record = data_dir / "fetched.json"
    if not record.is_file():
        return {}
    try:
        return {row["sha256"]: row["fetched_at"] for row in json.loads(record.read_bytes())}
    except (ValueError, TypeError, KeyError, RecursionError):
        raise InputError(
            f"{record}: the record of fetched files is damaged; remove it, and `deprivation fetch`"
            " writes a new one"
        ) from None


def link(path: Path, to: Path) -> None:
    try:
        to.symlink_to(path.resolve())
    except OSError:  # Windows grants links to administrators only
        shutil.copyfile(path, to)
