"""Lookups, and names of areas."""

from __future__ import annotations

import csv
import dataclasses
import re
import zipfile
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from deprivation.errors import InputError
from deprivation.inputs.archives import opened_zip, read_member
from deprivation.inputs.code_history import (
    history_files,
    names_through_time,
    read_history,
    renumbered_authorities,
    tables_beside,
)
from deprivation.inputs.csv_files import read_table
from deprivation.inputs.directory import CATALOGUE, DIRECTORY_NAME, directory_folder
from deprivation.inputs.found import (
    InputFile,
    describe,
    everywhere,
    files_in,
    name_of,
    write_rows,
)

# F_LSOA11CD is what the first issue of a lookup calls LSOA11CD.
CODE_COLUMN = re.compile(
    r"(f_)?(?P<geography>[a-z]+)(?P<year>\d\d)(?P<kind>cd|_code)", re.IGNORECASE
)
LOOKUP_COLUMNS = [
    "from_geography",
    "from_year",
    "from_code",
    "to_geography",
    "to_year",
    "to_code",
    "change",
]
# Unchanged, split, merged, irregular.
CHANGES = ("U", "S", "M", "X")
NAME_COLUMNS = ["geography", "year", "code", "name"]
# The largest file of names in a directory is 2 MB.
MOST_BYTES = 256 << 20


def prepare_lookups(data_dir: Path, prepared: Path) -> list[InputFile]:
    """Write lookups.csv and geography_names.csv, and describe each file of the folder lookups."""
    found: list[InputFile] = []
    tables: list[list[list[str]]] = []
    names: list[tuple] = []
    renumbered: list[tuple] = []
    try:
        for path in history_files(data_dir):
            try:
                history, changes = read_history(path)
                names += names_through_time(history)
                renumbered += renumbered_authorities(history, changes)
                problem = ""
            except InputError as error:
                problem = str(error)
            for one in (path, *tables_beside(path)):
                found.append(describe(one, data_dir, "code history", "", problem))
        for path in lookup_files(data_dir):
            problem, table = "", [[]]
            try:
                table = read_table(path.read_bytes(), path.name)
                if len(_code_columns(table[0])) == 0:
                    raise InputError(
                        f"{path.name}: no column of codes such as LSOA21CD in its header"
                        f" ({', '.join(table[0][:5])}); move it out of {path.parent}"
                    )
                if len(table) == 1:
                    raise InputError(
                        f"{path.name}: has no rows below its header; fetch it again, or move it out"
                        f" of {path.parent}"
                    )
                _check_changes(path.name, table)
            except (InputError, OSError) as error:
                problem, table = str(error), [[]]
            described = describe(path, data_dir, "lookup", "", problem)
            note = _note_on(path.name, table[0])
            found.append(dataclasses.replace(described, row_count=len(table) - 1, note=note))
            tables.append(table)
        documents = list(_documents(directory_folder(data_dir)))
    except InputError as error:
        found.append(InputFile("lookup", "lookups", problem=str(error), is_there=True))
        documents = []
    pairs = chain(chain.from_iterable(map(pairs_in, tables)), renumbered)
    write_rows(prepared / "lookups.csv", LOOKUP_COLUMNS, pairs)
    names += chain.from_iterable(map(names_in, tables + documents))
    write_rows(prepared / "geography_names.csv", NAME_COLUMNS, sorted(set(names)))
    return found


def lookup_files(data_dir: Path) -> list[Path]:
    """All CSV files of the folder lookups, and lookups anywhere else by their name or header.

    A lookup has a name in the catalogue, or columns such as LSOA21CD for at least two geographies
    or vintages, and is not a postcode directory. Raises InputError as files_in does.
    """
    with CATALOGUE.open(encoding="utf-8", newline="") as file:
        known = {
            row["file_name"].lower() for row in csv.DictReader(file) if row["need"] == "lookup"
        }
    own = [
        path
        for path in files_in(data_dir / "lookups", (".csv",))
        if "geogcd" not in header_of(path)  # of the Code History Database
    ]
    elsewhere = [
        path
        for path in everywhere(data_dir)
        if path.suffix.lower() == ".csv"
        and path.parent != data_dir / "lookups"
        and not DIRECTORY_NAME.fullmatch(path.stem)
        and "documents" not in [part.lower() for part in path.relative_to(data_dir).parts]
        and (name_of(path).lower() in known or _is_lookup(header_of(path)))
    ]
    return own + elsewhere


def header_of(path: Path) -> list[str]:
    """The column names of a CSV in lower case; none if it cannot be read."""
    try:
        with path.open("rb") as file:
            start = file.readline(1 << 16)
        header = next(csv.reader([start.decode("utf-8-sig", "replace")]), [])
    except (OSError, csv.Error):
        return []
    return [name.strip().lower() for name in header]


def _is_lookup(header: list[str]) -> bool:
    codes = _code_columns(header)
    by_ons = [at for at, _, _ in codes if header[at].endswith("cd")]
    one_through_time = len({geography for _, geography, _ in codes}) == 1 and len(codes) >= 2
    of_postcodes = {"pcds", "pcd", "pcd7", "pcd8"} & set(header)
    return (len(by_ons) >= 2 or one_through_time) and not of_postcodes


def _documents(folder: Path) -> Iterator[list[list[str]]]:
    """The names-and-codes tables that come with a postcode directory.

    Raises InputError for one that cannot be read. An archive that is damaged as a whole is left to
    the directory's own check.
    """
    for path in files_in(folder, (".csv",), is_deep=True):
        if "documents" in [part.lower() for part in path.relative_to(folder).parts[:-1]]:
            yield read_table(path.read_bytes(), path.name)
    for archive in files_in(folder, (".zip",), is_deep=True):
        if not zipfile.is_zipfile(archive):
            continue
        with opened_zip(archive) as zipped:
            for member in sorted(zipped.infolist(), key=lambda member: member.filename):
                name = member.filename.lower()
                if "documents/" in name and name.endswith(".csv") and "/._" not in name:
                    yield read_table(read_member(zipped, member, MOST_BYTES), member.filename)


def _code_columns(header: list[str]) -> list[tuple[int, str, int]]:
    """(position, geography, year) of each column named like LAD25CD or ltla24_code."""
    found = [(position, CODE_COLUMN.fullmatch(name)) for position, name in enumerate(header)]
    return [(at, name["geography"], 2000 + int(name["year"])) for at, name in found if name]


def pairs_in(table: list[list[str]]) -> Iterator[tuple]:
    """LOOKUP_COLUMNS of a lookup: its first column of codes with each of the others.

    LSOAs come first, then the earliest year of a geography: copies of a table differ in the order
    of their columns.
    """
    header, *rows = table
    change = header.index("chgind") if "chgind" in header else None
    columns = _code_columns(header)
    seen = list(dict.fromkeys(geography for _, geography, _ in columns))
    columns.sort(key=lambda one: (one[1] != "lsoa", seen.index(one[1]), one[2]))
    first, *others = columns or [None]
    for row in rows:
        for at, geography, year in others:
            if row[first[0]] and row[at]:
                yield (
                    *(first[1], first[2], row[first[0]]),
                    *(geography, year, row[at]),
                    row[change] if change is not None else "",
                )


def _check_changes(name: str, table: list[list[str]]) -> None:
    """Raises InputError for a row of a lookup of changes without a code or a known change."""
    header, *rows = table
    codes = [at for at, geography, _ in _code_columns(header) if geography == "lsoa"]
    if "chgind" not in header or len(codes) < 2:
        return
    change = header.index("chgind")
    for number, row in enumerate(rows, start=2):
        if row[change] not in CHANGES or not all(row[at] for at in codes):
            raise InputError(
                f"{name}, row {number}: {', '.join(row[at] or '(blank)' for at in codes)}, CHGIND"
                f" {row[change]!r} is not a change from an LSOA to an LSOA ({', '.join(CHANGES)});"
                " use the file as the publisher issued it"
            )


def _note_on(name: str, header: list[str]) -> str:
    vintages = {year for _, geography, year in _code_columns(header) if geography == "lsoa"}
    if len(vintages) < 2 or "chgind" in header:
        return ""
    return (
        f"{name} has LSOAs of two years and no CHGIND: it is a best fit, so no changes of areas are"
        " read from it; `deprivation fetch --only lookup` gets the exact fit"
    )


def names_in(table: list[list[str]]) -> Iterator[tuple]:
    """NAME_COLUMNS for each pair of columns like LAD25CD and LAD25NM."""
    header, *rows = table
    for at, geography, year in _code_columns(header):
        name = header[at].removeprefix("f_").removesuffix("cd").removesuffix("_code")
        name = name + ("nm" if header[at].endswith("cd") else "_name")
        if name in header and geography != "oa":
            named = header.index(name)
            for row in rows:
                if len(row) > max(at, named) and row[at] and row[named]:
                    yield geography, year, row[at], row[named]
