"""A file of values by deprivation group -> one row of inequality measures for each set."""

from __future__ import annotations

import csv
import dataclasses
import io
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import python_calamine
from pyarrow import ArrowException, parquet

from deprivation.errors import InputError
from deprivation.files import check_no_device
from deprivation.inequality.measures import Groups, Measures, measure, standard_error

FEWEST, MOST = 5, 100
RESULT = [
    *("groups", "population", "overall", "confidence"),
    *("sii", "sii_lower", "sii_upper", "rii", "rii_lower", "rii_upper", "intercept"),
    *("gap", "ratio", "attributable_share"),
    *("concentration_index", "concentration_index_lower", "concentration_index_upper"),
]


@dataclasses.dataclass(frozen=True)
class Options:
    """The options of a run. by to se: column names of the file, of which value or count is given,
    and se or both limits. confidences: shares from 0.9 to below 1."""

    by: tuple[str, ...]
    quantile: str
    population: str
    value: str | None = None
    count: str | None = None
    lower: str | None = None
    upper: str | None = None
    se: str | None = None
    kind: str = "other"
    multiplier: float = 1.0
    confidences: tuple[float, ...] = (0.95,)
    repetitions: int = 100_000
    seed: int = 0
    transform: bool = False
    allow_mixed: bool = False

    def check(self) -> None:
        """Raises InputError for options that are out of range or do not go together."""
        if bool(self.value) == bool(self.count):
            raise InputError("name --value, or --count for a proportion of the population")
        if self.count and self.kind != "proportion":
            raise InputError("--count is divided by --population: it needs --type proportion")
        if bool(self.se) == bool(self.lower or self.upper):
            raise InputError("name --se, or both --lower and --upper")
        if not self.se and not (self.lower and self.upper):
            raise InputError("--lower and --upper go together")
        if self.transform and self.kind == "other":
            raise InputError("--transform needs --type rate or proportion")
        if self.repetitions < 1_000:
            raise InputError(f"--repetitions {self.repetitions}: at least 1,000")
        if not self.multiplier or not math.isfinite(self.multiplier):
            raise InputError(f"--multiplier {self.multiplier:g}: a number other than 0")
        for confidence in self.confidences:
            if not 0.9 <= confidence < 1:
                raise InputError(f"--confidence {confidence:g}: from 0.9 to below 1, or 90 to 100")


@dataclasses.dataclass(frozen=True)
class MeasuredSet:
    """One set of the file: its values of the columns of --by, its groups and their measures."""

    key: dict[str, str]
    name: str
    groups: Groups
    measures: Measures

    def rows(self) -> Iterator[dict[str, Any]]:
        """A row for each confidence: the key, then RESULT."""
        for interval in self.measures.intervals:
            limits: dict[str, float] = {"confidence": interval.confidence}
            for name in ("sii", "rii", "concentration_index"):
                limits[f"{name}_lower"], limits[f"{name}_upper"] = getattr(interval, name)
            values = vars(self.measures) | limits
            yield self.key | {name: values[name] for name in RESULT}


def inequality(path: Path, asked: Options) -> list[MeasuredSet]:
    """The measures of each set of the file, in the order of the file.

    Raises InputError, naming the set and its group, for a file or a value that cannot be used.
    """
    asked.check()
    records = read_records(path)
    wanted = [asked.quantile, asked.population, asked.value, asked.count]
    wanted += [asked.lower, asked.upper, asked.se, *asked.by]
    for column in filter(None, wanted):
        if column not in records[0]:
            raise InputError(f"{path.name}: no column {column!r}; it has {', '.join(records[0])}")
    sets: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for record in records:
        sets.setdefault(tuple(str(record[name]) for name in asked.by), []).append(record)
    sizes = {name: _groups_of(name, rows, asked) for name, rows in sets.items()}
    most = max(map(len, sizes.values()))
    answers = []
    for name, rows in sizes.items():
        where = _named(name, asked)
        if len(rows) < most and not asked.allow_mixed:
            raise InputError(
                f"{where}: group {len(rows) + 1} of {most} is missing; if sets may have different"
                " numbers of groups, use --allow-mixed"
            )
        groups = _as_arrays(where, rows, asked)
        found = measure(
            groups,
            asked.confidences,
            asked.multiplier,
            asked.repetitions,
            asked.seed,
            asked.transform,
        )
        answers.append(MeasuredSet(dict(zip(asked.by, name, strict=True)), where, groups, found))
    return answers


def read_records(path: Path) -> list[dict[str, Any]]:
    """The rows of a CSV (UTF-8 or Windows-1252), Excel (first sheet) or Parquet file, by column.

    Raises InputError for a file that cannot be read or has no rows.
    """
    check_no_device(path)
    try:
        if path.suffix.lower() == ".parquet":
            records = parquet.read_table(path).to_pylist()
        elif path.suffix.lower() in (".xlsx", ".xls", ".ods"):
            sheet = python_calamine.CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0)
            header, *rows = sheet.to_python() or [[]]
            records = [dict(zip(map(str, header), row, strict=True)) for row in rows]
        else:
            records = _read_csv(path)
    except (ArrowException, python_calamine.CalamineError, csv.Error) as error:
        raise InputError(f"{path.name}: cannot be read ({error})") from None
    if not records:
        raise InputError(f"{path.name}: no rows below the header")
    return records


def _read_csv(path: Path) -> list[dict[str, Any]]:
    content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
    header_line = text.partition("\n")[0]
    delimiter = ";" if "," not in header_line and ";" in header_line else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    header = next(reader, [])
    records = []
    for row in reader:
        if len(row) != len(header):
            raise InputError(
                f"{path.name}, line {reader.line_num}: {len(row)} values where the header has"
                f" {len(header)}"
            )
        records.append(dict(zip(header, row, strict=True)))
    return records


def _named(name: tuple[str, ...], asked: Options) -> str:
    pairs = zip(asked.by, name, strict=True)
    return ", ".join(f"{column} {value}" for column, value in pairs) or "the file"


def _groups_of(
    name: tuple[str, ...], rows: list[dict[str, Any]], asked: Options
) -> list[dict[str, Any]]:
    """The rows of one set in the order of their groups, 1 to k without a gap."""
    where = _named(name, asked)
    by_group: dict[int, dict[str, Any]] = {}
    for row in rows:
        number = _number(row, asked.quantile, where)
        if number != int(number) or number < 1:
            raise InputError(f"{where}: group {number:g} is not a whole number from 1")
        if int(number) in by_group:
            raise InputError(f"{where}: group {number:g} is there twice")
        by_group[int(number)] = row
    missing = sorted(set(range(1, max(by_group) + 1)) - set(by_group))
    if missing:
        raise InputError(f"{where}: group {missing[0]} is missing")
    if not FEWEST <= len(by_group) <= MOST:
        raise InputError(f"{where}: {len(by_group)} groups; there must be {FEWEST} to {MOST}")
    return [by_group[number] for number in sorted(by_group)]


def _number(row: dict[str, Any], column: str, where: str) -> float:
    value = row[column]
    try:
        number = float(value) if value is not None and value != "" else math.nan
    except (TypeError, ValueError):
        raise InputError(f"{where}: {column} {value!r} is not a number") from None
    if not math.isfinite(number):
        raise InputError(f"{where}: {column} is missing or not a finite number")
    return number


def _as_arrays(where: str, rows: list[dict[str, Any]], asked: Options) -> Groups:
    def column(of: str | None) -> np.ndarray:
        numbered = enumerate(rows, start=1)
        return np.array([_number(row, of or "", f"{where}, group {at}") for at, row in numbered])

    def refuse(wrong: np.ndarray, said: str) -> None:
        if wrong.any():
            raise InputError(f"{where}, group {int(np.argmax(wrong)) + 1}: {said}")

    population = column(asked.population)
    refuse(population <= 0, "the population is zero or negative")
    value = column(asked.value) if asked.value else column(asked.count) / population
    limits = [] if asked.se else [column(asked.lower), column(asked.upper)]
    for numbers in [value, *limits]:
        if asked.kind == "rate":
            refuse(numbers <= 0, "a rate or its limit is zero or negative")
        if asked.kind == "proportion":
            refuse(
                (numbers <= 0) | (numbers >= 1), "a proportion or its limit is not between 0 and 1"
            )
    if limits:
        refuse(limits[0] > limits[1], "the lower limit is above the upper one")
        rounding = 0.01 * np.abs(value)
        outside = (value < limits[0] - rounding) | (value > limits[1] + rounding)
        refuse(outside, "the value is not between its limits")
        error = standard_error(limits[0], limits[1], asked.kind)
    else:
        error = column(asked.se)
        refuse(error < 0, "the standard error is negative")
    return Groups(population, value, error, asked.kind)


def write_measures(rows: Sequence[dict[str, Any]], file: io.TextIOBase) -> None:
    writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
