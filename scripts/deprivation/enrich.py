"""Deprivation beside every record of a file: each comes out once, in order, with a status.

Batches of records go one way: DuckDB reads them in any format (enrich_files.py, enrich_query.py),
a thread puts answers beside them (enrich_match.py), another writes them. Few are under way at a
time, so that memory does not grow with the records.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from pathlib import Path
from queue import Empty, Full, Queue
from threading import Event
from typing import Any

import duckdb
import pyarrow as pa
from pyarrow import parquet

from deprivation.enrich_answers import Columns, check_columns, choice_of, choices_by_year
from deprivation.enrich_files import (
    RECORD,
    Format,
    Records,
    find_files,
    literal,
    parse_format,
    quoted,
    written_as,
)
from deprivation.enrich_match import Matcher
from deprivation.enrich_query import Reader, as_json
from deprivation.enrich_streams import open_stdin, spool
from deprivation.errors import InputError
from deprivation.published import first_line, held_editions, open_published, parse_edition

# Batches that wait to be written.
BATCHES_AHEAD = 2

# Called while records stream, with (whether they still do after so many seconds, percent done).
Watch = Callable[[Callable[[float], bool], Callable[[], float]], None]


@dataclasses.dataclass(frozen=True)
class Request:
    """What is asked of a run; the command's help says what each means."""

    files: list[str]
    postcode_column: str
    output: str
    edition: str | None = None
    date_column: str | None = None
    columns: Columns = dataclasses.field(default_factory=Columns)
    falls_back: bool = False
    repairs: bool = False
    prefix: str = ""
    drops_postcode: bool = False
    input_format: str | None = None
    output_format: str | None = None
    force: bool = False


def connect(database: Path) -> duckdb.DuckDBPyConnection:
    """A database in memory, with the published file beside it. Raises InputError."""
    with open_published(database) as connection:
        del connection  # only to say what is wrong with it
    threads = os.cpu_count() or 1
    connection = duckdb.connect(
        config={
            "memory_limit": f"{650 + 100 * threads}MB",
            "temp_directory": "",
            "preserve_insertion_order": True,
            "threads": threads,
        }
    )
    connection.execute(f"attach {literal(str(database))} as published (read_only)")
    return connection


def cursor(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """A connection of its own to the same databases."""
    cursor = connection.cursor()
    cursor.execute("set search_path = 'memory.main,published.main'")
    cursor.execute("set streaming_buffer_size = '16MB'")
    return cursor


def enrich(database: Path, request: Request, watch: Watch | None = None) -> dict[str, Any]:
    """Write `request.output`; the summary of it (enrich_summary.Counts.summary).

    Raises InputError for input or options that cannot be used; then nothing is written.
    """
    output = Path(request.output)
    if request.output != "-":
        if output.exists() and not request.force:
            raise InputError(f"{output} exists; --force writes over it")
        if not output.parent.is_dir():
            raise InputError(f"{output.parent}: no such folder")
    with (
        connect(database) as databases,
        cursor(databases) as reading,
        cursor(databases) as answering,
        private_folder(request.output) as folder,
    ):
        records = open_records(reading, request, folder)
        form = output_format(request, records.form)
        reader = Reader(reading, records)
        reader.check(request.postcode_column)
        if request.date_column:
            reader.check(request.date_column)
        matcher = make_matcher(answering, request)
        layout = lay_out(request, reader, form, matcher.names)
        written = folder / "output"
        stream(reading, records, matcher, layout, written, watch)
        if request.output == "-":
            with written.open("rb") as file, os.fdopen(os.dup(1), "wb") as stdout:
                shutil.copyfileobj(file, stdout, 1 << 20)
        else:
            written.replace(output)
    return matcher.counts.summary(
        request.columns.indices, request.date_column is not None, request.repairs
    )


def make_matcher(connection: duckdb.DuckDBPyConnection, request: Request) -> Matcher:
    """Choose the editions that answer. Raises InputError for those that are not in the file."""
    held = held_editions(connection)
    if request.edition is None and request.date_column is None:
        raise InputError("give --edition 2019 (or nearest:2019), or --date-column")
    asked = parse_edition(request.edition, held) if request.edition else None
    check_columns(connection, request.columns)
    undated = choice_of(asked, held)
    choices = choices_by_year(held, undated) if request.date_column else [undated]
    return Matcher(connection, request, asked, choices)


@dataclasses.dataclass(frozen=True)
class Layout:
    """The columns of a run. reading: the query that gives the kept ones, and behind them what is
    answered (Reader.query); line: SQL of a line of JSON in their place, if that is written.
    """

    kept: list[str]
    added: list[str]
    reading: str
    form: Format
    line: str | None = None


def lay_out(request: Request, reader: Reader, form: Format, names: list[str]) -> Layout:
    """Raises InputError if the name of an added column is there already."""
    dropped = request.postcode_column if request.drops_postcode else None
    kept = [name for name in reader.names if name != dropped]
    added = [request.prefix + name for name in names]
    there = {name.lower() for name in kept}
    taken = [name for name in added if name.lower() in there]
    if taken:
        raise InputError(
            f"the file has columns named {', '.join(taken)} already; give the added ones a --prefix"
        )
    values, line = [reader.value(name) for name in kept], None
    if form.kind == "jsonl":
        if reader.is_json:
            kept, values = [RECORD], [quoted(RECORD)]
        line = as_json(kept, added, reader.is_json, dropped)
    reading = reader.query(values, request.postcode_column, request.date_column)
    return Layout(kept, added, reading, form, line)


def stream(
    reading: duckdb.DuckDBPyConnection,
    records: Records,
    matcher: Matcher,
    layout: Layout,
    output: Path,
    watch: Watch | None,
) -> None:
    """Read, answer and write, each batch once. Raises InputError.

    In threads of their own, so that this one meets a signal at once: all are then stopped.
    """
    writing = duckdb.connect(config={"threads": 1, "memory_limit": "300MB", "temp_directory": ""})
    channel: Queue[pa.RecordBatch | None] = Queue(BATCHES_AHEAD)
    stop = Event()

    def put(batch: pa.RecordBatch | None) -> None:
        while not stop.is_set():
            with contextlib.suppress(Full):
                return channel.put(batch, timeout=0.1)

    def answer() -> None:
        try:
            rows = records.batch_rows()
            batches = reading.execute(layout.reading).to_arrow_reader(rows)
            none = [pa.nulls(0, field.type) for field in batches.schema]
            put(answered(pa.record_batch(none, schema=batches.schema), matcher, layout))
            for batch in batches:
                put(answered(batch, matcher, layout))
                if stop.is_set():
                    return
            if records.feed and records.feed.fault:
                raise InputError(records.feed.fault)
            put(None)
        except duckdb.OutOfMemoryException:
            raise InputError(
                "out of memory: a record is too large, or too many columns are asked for"
            ) from None
        except duckdb.Error as error:
            raise records.fault(error) from None

    def take() -> Iterator[pa.RecordBatch]:
        while not stop.is_set():
            with contextlib.suppress(Empty):
                batch = channel.get(timeout=0.1)
                if batch is None:
                    return
                yield batch
        raise InterruptedError

    def write() -> None:
        batches = take()
        first = next(batches)
        try:
            if layout.form.kind == "parquet":
                write_parquet(first.schema, batches, output, layout.added)
            else:
                write_text(writing, first.schema, batches, output, layout)
        except (duckdb.Error, OSError) as error:
            raise InputError(f"the output cannot be written: {first_line(error)}") from None

    with writing, ThreadPoolExecutor(2) as pool:
        running = [pool.submit(answer), pool.submit(write)]
        try:
            if watch:
                watch(
                    lambda seconds: bool(wait(running, seconds).not_done),
                    lambda: max(reading.query_progress(), 0),
                )
            wait(running, return_when=FIRST_EXCEPTION)
            for one in running:
                if one.done():
                    one.result()
        finally:
            stop.set()
            reading.interrupt()


def answered(batch: pa.RecordBatch, matcher: Matcher, layout: Layout) -> pa.RecordBatch:
    """The kept columns of a batch as read, and the added ones behind them."""
    count = len(layout.kept)
    texts, *dates = batch.columns[count:]
    columns = [*batch.columns[:count], *matcher.answer(texts, dates)]
    return pa.RecordBatch.from_arrays(columns, [*layout.kept, *layout.added])


def write_parquet(
    schema: pa.Schema, batches: Iterator[pa.RecordBatch], output: Path, added: list[str]
) -> None:
    """Row groups of the size of DuckDB's.

    Of the added columns no least and greatest values are kept: unsorted as they come, these would
    save a reader nothing.
    """
    with parquet.ParquetWriter(
        output,
        schema,
        store_schema=False,
        dictionary_pagesize_limit=1 << 14,
        write_statistics=[name for name in schema.names if name not in added],
    ) as writer:
        for batch in batches:
            writer.write_batch(batch, row_group_size=122_880)


def write_text(
    connection: duckdb.DuckDBPyConnection,
    schema: pa.Schema,
    batches: Iterator[pa.RecordBatch],
    output: Path,
    layout: Layout,
) -> None:
    """CSV, TSV or JSON lines."""
    connection.register("batches", pa.RecordBatchReader.from_batches(schema, batches))
    connection.execute(
        f"copy (select {layout.line or '*'} from batches) to {literal(str(output))}"
        f" {written_as(layout.form)}"
    )


@contextlib.contextmanager
def private_folder(output: str) -> Iterator[Path]:
    """A folder that no one else may read, on the output's file system; gone when the block ends."""
    parent = None if output == "-" else Path(output).absolute().parent
    folder = Path(tempfile.mkdtemp(prefix=".deprivation-enrich-", dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def open_records(connection: duckdb.DuckDBPyConnection, request: Request, folder: Path) -> Records:
    """The records to read. What comes through stdin and is read twice is kept in `folder`."""
    if "-" not in request.files:
        paths = find_files(request.files)
        forms = {parse_format(request.input_format or path) for path in paths}
        if len(forms) > 1:
            raise InputError(f"{paths[0]} and the others are not of one format")
        return Records(connection, paths, forms.pop())
    if len(request.files) > 1:
        raise InputError("- (stdin) cannot be read together with files")
    stream, compression = open_stdin()
    kind = parse_format(request.input_format or "csv").kind
    if kind in ("csv", "tsv") and compression != "zstd":
        return Records(connection, ["stdin"], Format(kind), stream)
    kept = folder / "stdin"
    spool(stream, kept)
    return Records(
        connection, [str(kept)], Format(kind, "zstd" if compression == "zstd" else "none")
    )


def output_format(request: Request, records: Format) -> Format:
    if request.output_format:
        return parse_format(request.output_format)
    return Format(records.kind) if request.output == "-" else parse_format(request.output)
