"""What is written beside what was read: the columns of a batch, or its lines of JSON."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from deprivation.enrich.formats import Format, parse_format
from deprivation.enrich.query import json_line
from deprivation.enrich.reader import Reader
from deprivation.enrich.request import Request
from deprivation.enrich.text_records import RECORD
from deprivation.errors import InputError


@dataclasses.dataclass(frozen=True)
class OutputLayout:
    """What is written: the names of the columns of a batch, or SQL of its line of JSON."""

    kept: list[str]
    added: list[str]
    form: Format
    line: str | None = None


def lay_out(request: Request, reader: Reader, form: Format, names: list[str]) -> OutputLayout:
    """Raises InputError if the name of an added column is there already."""
    kept = reader.kept
    added = [request.prefix + name for name in names]
    there = {name.strip().casefold() for name in kept}
    taken = [name for name in added if name.casefold() in there]
    if taken:
        raise InputError(
            f"the file has columns named {', '.join(taken)} already; give the added ones a --prefix"
        )
    if form.kind in ("csv", "tsv", "xlsx"):
        return OutputLayout(kept, added, form)
    is_whole = reader.is_json and form.kind == "jsonl"
    folded = [name.casefold() for name in kept]
    doubled = sorted({name for name in kept if folded.count(name.casefold()) > 1})
    if doubled and not is_whole:
        other = ".jsonl" if reader.is_json else ".csv"
        raise InputError(
            f"columns with the same name, {', '.join(map(repr, doubled))}, cannot all be kept in"
            f" {form.kind}; rename them, or write {other}"
        )
    if form.kind == "parquet":
        return OutputLayout([name or f"column{n}" for n, name in enumerate(kept)], added, form)
    kept = [RECORD] if is_whole else kept
    return OutputLayout(kept, added, form, json_line(kept, added, reader.is_json, reader.dropped))


def excel_rows(
    batches: Iterator[pa.RecordBatch], reader: Reader, kept: int
) -> Iterator[Sequence[Any]]:
    """The rows of a sheet; of a workbook that was read, its cells with their types."""
    cells = getattr(reader.records, "cells", None)
    number = 0
    for batch in batches:
        columns = [column.to_pylist() for column in batch.columns]
        for values in zip(*columns, strict=True):
            if cells is None:
                yield values
            else:
                yield [*(cells[number][place] for place in reader.places), *values[kept:]]
            number += 1


def output_format(request: Request, records: Format) -> Format:
    if request.output_format:
        return parse_format(request.output_format)
    return Format(records.kind) if request.output == "-" else parse_format(request.output)
