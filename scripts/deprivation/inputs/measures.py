"""Supplementary counts and rates of small areas, from the data folder into one long file.

Each source of seeds/measure_columns.csv is a CSV, or a zip or spreadsheet with one, in any folder:
wide, with a column for each count, or long, with a row for each category. If several columns or
categories of a file give one measure of an area, they are added up in SQL. A missing source gives
no rows; one that cannot be used is a fault. If a source is there in several forms, the first in
the seed is read.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from deprivation.errors import InputError
from deprivation.inputs.archives import opened_zip, read_member
from deprivation.inputs.found import (
    InputFile,
    describe,
    everywhere,
    name_of,
    packed_first,
    write_rows,
)
from deprivation.inputs.spreadsheets import read_sheet
from deprivation.seeds import read_seed

COLUMNS = ["source", "area_code", "measure", "value"]
# A table of the census is 15 MB for the areas of England and Wales.
MOST_BYTES = 512 << 20
THOUSANDS = r"[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?"
SPREADSHEETS = (".xlsx", ".xls", ".ods")

Rule = dict[str, str]


def prepare_measures(data_dir: Path, prepared: Path) -> list[InputFile]:
    """Write `prepared`/measure_values.csv (COLUMNS) and describe each file used."""
    rules = sorted(read_seed("measure_columns"), key=lambda rule: rule["source"])  # stable
    paths = everywhere(data_dir)
    values: list[tuple[str, ...]] = []
    files = []
    for source, of_source in groupby(rules, key=lambda rule: rule["source"]):
        layouts = list(of_source)
        # The form that comes first in the seed: the publisher's own.
        forms = ([path for path in paths if _rules_of(path, [layout])] for layout in layouts)
        found = packed_first(next(filter(None, forms), []))
        problem, rows = "", []
        try:
            if len(found) > 1:
                names = ", ".join(path.name for path in found)
                raise InputError(f"{len(found)} files of {source} ({names}); keep only one")
            for path in found:
                rows = list(measure_values(path, _rules_of(path, layouts)))
        except InputError as error:
            problem = str(error)
        for path in found:
            described = describe(path, data_dir, source, layouts[0]["release"], problem)
            files.append(dataclasses.replace(described, row_count=len({row[1] for row in rows})))
        values += rows
    write_rows(prepared / "measure_values.csv", COLUMNS, values)
    return files


def _rules_of(path: Path, rules: Sequence[Rule]) -> list[Rule]:
    name = name_of(path)
    found = [rule for rule in rules if re.fullmatch(rule["file_pattern"], name, re.IGNORECASE)]
    # From a zip that was unpacked, only the wanted member.
    is_csv = path.suffix.lower() == ".csv"
    return [
        rule
        for rule in found
        if not (is_csv and rule["member_pattern"].endswith("csv"))
        or re.fullmatch(rule["member_pattern"], name, re.IGNORECASE)
    ]


def measure_values(path: Path, rules: Sequence[Rule]) -> Iterator[tuple[str, ...]]:
    """COLUMNS for every area of a file. Raises InputError for a missing column."""
    table = _read(path, rules[0]["member_pattern"], rules[0]["area_column"])
    header = [name.strip() for name in next(table, [])]
    places = []
    for rule in rules:
        area = _positions(path, header, re.escape(rule["area_column"]))[0]
        values = _positions(path, header, rule["value_column"])
        category = None
        if rule["category_column"]:
            category = _positions(path, header, re.escape(rule["category_column"]))[0]
        places.append((rule, area, values, category))
    seen: set[tuple[str, str]] = set()
    for number, row in enumerate(table, start=2):
        if not any(row):
            continue
        if len(row) != len(header):
            raise InputError(
                f"{path.name}, row {number}: {len(row)} values where the header has {len(header)}"
            )
        _, area, _, category = places[0]
        key = row[area].strip(), "" if category is None else row[category].strip()
        if key in seen:
            raise InputError(
                f"{path.name}, row {number}: {' '.join(key).strip()} is there twice; the file is"
                " damaged, fetch it again"
            )
        seen.add(key)
        for rule, area, values, category in places:
            if category is None or re.fullmatch(rule["category"], row[category].strip()):
                for at in values:
                    # As published: 1,954 and 8%. A comma elsewhere stays, and is refused later.
                    value = row[at].strip().removesuffix("%")
                    if re.fullmatch(THOUSANDS, value):
                        value = value.replace(",", "")
                    yield rule["source"], row[area].strip(), rule["measure"], value


def _positions(path: Path, header: Sequence[str], pattern: str) -> list[int]:
    found = [
        at for at, name in enumerate(header) if re.fullmatch(pattern, name, flags=re.IGNORECASE)
    ]
    if not found:
        raise InputError(
            f"{path.name}: no column like {pattern}; if its publisher has renamed it, change"
            " seeds/measure_columns.csv"
        )
    return found


def _read(path: Path, member_pattern: str, area_column: str) -> Iterator[list[str]]:
    if path.suffix.lower() in SPREADSHEETS:
        rows = read_sheet(path, member_pattern)
        headers = (at for at, row in enumerate(rows) if area_column in map(str.strip, row))
        yield from rows[next(headers, 0) :]  # titles are above it
        return
    try:
        content = _unzip(path, member_pattern) if zipfile.is_zipfile(path) else path.read_bytes()
        text = content.decode("utf-8-sig")
        yield from csv.reader(io.StringIO(text, newline=""), strict=True)
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path.name}: byte {error.object[error.start]:#x} is not UTF-8; use the file as the"
            " publisher issued it"
        ) from None
    except (OSError, csv.Error) as error:
        raise InputError(f"{path.name}: cannot be read ({error}); fetch it again") from None


def _unzip(path: Path, member_pattern: str) -> bytes:
    with opened_zip(path) as zipped:
        members = [
            member
            for member in zipped.infolist()
            if re.fullmatch(member_pattern, Path(member.filename).name, re.IGNORECASE)
        ]
        if len(members) != 1:
            raise InputError(
                f"{path.name}: contains {len(members)} files like {member_pattern}, not one"
            )
        return read_member(zipped, members[0], MOST_BYTES)
