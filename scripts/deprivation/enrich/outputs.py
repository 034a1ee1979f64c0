"""Batches written as CSV, TSV, JSON lines or Parquet, plain or compressed."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from deprivation.enrich.formats import Format
from deprivation.enrich.query import over

DELIMITERS = {"csv": ",", "tsv": "\t"}


def open_output(path: Path, form: Format) -> BinaryIO:
    file = path.open("wb")
    return file if form.compression == "none" else pa.CompressedOutputStream(file, form.compression)


def write_parquet(batches: Iterator[pa.RecordBatch], output: Path, added: list[str]) -> None:
    """A row group a batch.

    Of the added columns no least and greatest values are kept: unsorted as they come, these would
    save a reader nothing.
    """
    first = next(batches)
    with parquet.ParquetWriter(
        output,
        first.schema,
        store_schema=False,
        dictionary_pagesize_limit=1 << 14,
        write_statistics=[name for name in first.schema.names if name not in added],
    ) as writer:
        for batch in batches:
            writer.write_batch(batch)


def write_csv(batches: Iterator[pa.RecordBatch], output: Path, form: Format) -> None:
    """The first batch gives the header. All columns are strings, or dictionaries of them."""
    delimiter = DELIMITERS[form.kind]
    with open_output(output, form) as file:
        for number, batch in enumerate(batches):
            if number == 0:
                header = io.StringIO()
                writer = csv.writer(header, delimiter=delimiter, lineterminator="\n")
                writer.writerow(batch.schema.names)
                file.write(header.getvalue().encode())
            if len(batch):
                file.write(csv_lines(batch, delimiter))


def csv_lines(batch: pa.RecordBatch, delimiter: str) -> pa.Buffer:
    """Its rows as lines, quoted where they must be; null as nothing.

    By pyarrow, a column at a time: any number of columns, and several times faster than row by row.
    """
    *columns, last = (quoted(column, delimiter) for column in batch.columns)
    ends = {"null_handling": "replace", "null_replacement": ""}
    last = pc.binary_join_element_wise(last, pa.scalar("\n"), pa.scalar(""), **ends)
    lines = pc.binary_join_element_wise(*columns, last, pa.scalar(delimiter), **ends)
    return characters(lines)


def quoted(column: pa.Array, delimiter: str) -> pa.Array:
    if pa.types.is_dictionary(column.type):
        return quoted(column.dictionary, delimiter).take(column.indices)
    special = f'["\\r\\n{delimiter}]'
    if not has_any(column, delimiter):
        return column
    doubled = pc.replace_substring(column, '"', '""')
    around = pc.binary_join_element_wise(pa.scalar('"'), doubled, pa.scalar('"'), pa.scalar(""))
    return pc.if_else(pc.match_substring_regex(column, special), around, column)


def characters(texts: pa.StringArray) -> pa.Buffer:
    """Those of all the texts, one behind the other."""
    if not len(texts) or texts.buffers()[2] is None:
        return pa.py_buffer(b"")
    offsets = memoryview(texts.buffers()[1]).cast("i")
    start, end = offsets[texts.offset], offsets[texts.offset + len(texts)]
    return texts.buffers()[2].slice(start, end - start)


def has_any(column: pa.StringArray, delimiter: str) -> bool:
    """Whether any value has a quote, a line break or the delimiter in it."""
    data = characters(column).to_pybytes()
    return any(mark in data for mark in (b'"', b"\n", b"\r", delimiter.encode()))


def write_json(
    batches: Iterator[pa.RecordBatch],
    output: Path,
    form: Format,
    connection: duckdb.DuckDBPyConnection,
    line: str,
) -> None:
    """line: SQL of a record's line of JSON, from the columns of a batch."""
    with open_output(output, form) as file:
        for batch in batches:
            if len(batch):
                (lines,) = over(
                    connection, without_nan(batch), f"select {line} || chr(10) as line from batch"
                )
                file.write(characters(lines))


def without_nan(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Null for what JSON has no number for: infinity, and what is not a number."""
    columns = [
        pc.if_else(pc.is_finite(column), column, None)
        if pa.types.is_floating(column.type)
        else column
        for column in batch.columns
    ]
    return pa.RecordBatch.from_arrays(columns, batch.schema.names)
