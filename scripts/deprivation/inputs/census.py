"""Measures with tables of their own: Townsend 2011, households by dimensions of deprivation."""

from __future__ import annotations

import dataclasses
import re
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from deprivation.errors import InputError
from deprivation.inputs.archives import opened_zip, read_member
from deprivation.inputs.csv_files import check_rows, read_header, read_table
from deprivation.inputs.editions import files_named
from deprivation.inputs.found import (
    InputFile,
    describe,
    everywhere,
    link,
    name_of,
    packed_first,
    write_rows,
)

HOUSEHOLDS = ["lsoa21_code", "total_households", "deprivation_dimensions", "n", "prop"]
CENSUS = {
    "townsend_2011": (
        r"scores.*2011.*lsoa.*\.csv",
        ["", "GEO_CODE", "GEO_LABEL", "TDS", "quintile"],
    ),
    "household_deprivation_2021": (r"household_deprivation.*21.*\.csv", HOUSEHOLDS),
}
# The census's bulk table of these households: a column for each number of dimensions. Spelling
# differs between issues.
BULK = re.compile(r"census2021-ts011.*\.zip|census2021-ts011-lsoa\.csv", re.IGNORECASE)
BULK_MEMBER = re.compile(r"census2021-ts011-lsoa\.csv", re.IGNORECASE)
BULK_TOTAL = re.compile(r"(household deprivation: *)?total: all households(; measures: value)?")
BULK_DIMENSIONS = re.compile(
    r"(household deprivation: *)?(?P<name>household is (not )?deprived in .*? dimensions?)"
    r"(; measures: value)?"
)
# Row numbers (called ID in some copies) and names, which no model reads.
OPTIONAL = ("", "GEO_LABEL")
MOST_BYTES = 512 << 20


def prepare_census(data_dir: Path, prepared: Path) -> Iterator[InputFile]:
    """Supplementary measures if they are there; otherwise a file without rows."""
    for source, (pattern, columns) in CENSUS.items():
        ready = prepared / f"{source}.csv"
        try:
            path = _find(data_dir, source, pattern)
        except InputError as error:
            write_rows(ready, columns, [])
            yield InputFile(source, "census", problem=str(error), is_there=True)
            continue
        if not path:
            write_rows(ready, columns, [])
            continue
        problem, rows = "", None
        try:
            if BULK.fullmatch(name_of(path)):
                write_rows(ready, columns, households_in(path))
            elif read_header(path) == columns:
                link(path, ready)
            else:
                write_rows(ready, columns, in_columns(path, columns))
            rows = check_rows(ready)
        except InputError as error:
            problem = str(error)
            if not ready.exists():
                link(path, ready)
        described = describe(path, data_dir, source, source[-4:], problem)
        yield dataclasses.replace(described, row_count=rows)


def in_columns(path: Path, columns: Sequence[str]) -> Iterator[tuple]:
    """The rows of a table with only `columns`, found in any order and case.

    Those in OPTIONAL may be missing. Raises InputError for another that is missing.
    """
    header, *rows = read_table(path.read_bytes(), path.name)
    places = {name: header.index(name.lower()) for name in columns if name.lower() in header}
    missing = [name for name in columns if name not in places and name not in OPTIONAL]
    if missing:
        raise InputError(
            f"{path.name}: no column {missing[0]!r}; it has {', '.join(header)}. Use the file as"
            " its publisher issued it"
        )
    for row in rows:
        yield tuple(row[places[name]] if name in places else "" for name in columns)


def _find(data_dir: Path, source: str, pattern: str) -> Path | None:
    """The one file of a source: in the folder census, else a bulk table, else anywhere."""
    everything = everywhere(data_dir)
    own = files_named(data_dir / "census", pattern)
    bulk = packed_first([path for path in everything if BULK.fullmatch(name_of(path))])
    others = [path for path in everything if re.fullmatch(pattern, name_of(path), re.IGNORECASE)]
    found = own or (bulk if source == "household_deprivation_2021" else []) or others
    if len(found) > 1:
        names = ", ".join(path.name for path in found)
        raise InputError(f"{len(found)} files of {source} ({names}); keep only one")
    return found[0] if found else None


def households_in(path: Path) -> Iterator[tuple]:
    """HOUSEHOLDS from the bulk table. Raises InputError for a missing column."""
    header, *rows = read_table(_bulk(path), path.name)
    wide = {BULK_DIMENSIONS.fullmatch(name): at for at, name in enumerate(header)}
    dimensions = {match["name"].capitalize(): at for match, at in wide.items() if match}
    totals = [at for at, name in enumerate(header) if BULK_TOTAL.fullmatch(name)]
    if len(dimensions) != 5 or len(totals) != 1 or "geography code" not in header:
        raise InputError(
            f"{path.name}: not a table of households by dimensions of deprivation; looked for the"
            f" columns 'geography code', {BULK_TOTAL.pattern!r} and five like"
            f" {BULK_DIMENSIONS.pattern!r}"
        )
    code = header.index("geography code")
    for row in rows:
        for name, at in dimensions.items():
            yield row[code], row[totals[0]], name, row[at], ""


def _bulk(path: Path) -> bytes:
    if not zipfile.is_zipfile(path):
        return path.read_bytes()
    with opened_zip(path) as zipped:
        for member in zipped.infolist():
            if BULK_MEMBER.fullmatch(Path(member.filename).name):
                return read_member(zipped, member, MOST_BYTES)
    raise InputError(f"{path.name}: contains no file named like {BULK_MEMBER.pattern}")
