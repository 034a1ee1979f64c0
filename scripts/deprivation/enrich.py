"""Deprivation beside every record of a file: each comes out once, in order, with a status.

Batches of records go one way: DuckDB reads them in any format (enrich_files.py, enrich_query.py),
a thread puts answers beside them (enrich_match.py), another writes them. Few are under way at a
time, so that memory does not grow with the records.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from queue import Empty, Full, Queue
from threading import Event
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
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
OUT_OF_MEMORY = "out of memory: a record is too large, or too many columns are asked for"

# Called while records stream, with (whether they still do after so many seconds, percent done or
# None where that is not known).
Watch = Callable[[Callable[[float], bool], Callable[[], "float | None"]], None]


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


class StoppedError(Exception):
    """Another thread of the run has failed, or a signal has come."""


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
        if output.exists() and not output.is_file():
            raise InputError(f"{output} is not a file; --output - writes to stdout")
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
    """What is read and written.

    reading: the query of the kept columns, and behind them what is to be answered (Reader.query);
    line: SQL of the line of JSON that is written in place of columns.
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
    folded = [name.lower() for name in kept]
    doubled = [name for name in kept if folded.count(name.lower()) > 1 or not name]
    if doubled and form.kind != "jsonl":
        raise InputError(
            f"keys that cannot all be columns, {', '.join(map(repr, doubled))}; write .jsonl"
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

    In threads of their own, so that this one meets a signal at once: both are then stopped.
    """
    channel: Queue[pa.RecordBatch | None] = Queue(BATCHES_AHEAD)
    stop = Event()
    # For the progress bar: DuckDB tells no progress of a query whose rows are taken as they come.
    total = records.rows_about() if watch else None

    def percent() -> float | None:
        return min(100 * matcher.counts.rows() / total, 100) if total else None

    def put(batch: pa.RecordBatch | None) -> None:
        while not stop.is_set():
            with contextlib.suppress(Full):
                return channel.put(batch, timeout=0.1)
        raise StoppedError

    def take() -> Iterator[pa.RecordBatch]:
        while not stop.is_set():
            with contextlib.suppress(Empty):
                batch = channel.get(timeout=0.1)
                if batch is None:
                    return
                yield batch
        raise StoppedError

    def answer() -> None:
        rows = records.batch_rows()
        with reading.execute(layout.reading).to_arrow_reader(rows) as batches:
            none = [pa.nulls(0, kind) for kind in batches.schema.types]
            none = pa.record_batch(none, schema=batches.schema)
            # The first has no records: it tells the columns, and gives the header.
            for batch in itertools.chain([none], batches):
                put(answered(batch, matcher, layout))
        if records.feed and records.feed.fault:
            raise InputError(records.feed.fault)
        put(None)

    def write() -> None:
        if layout.form.kind == "parquet":
            write_parquet(take(), output, layout.added)
        else:
            write_text(take(), output, layout)

    def run(step: Callable[[], None], explain: Callable[[Exception], InputError]) -> None:
        try:
            step()
        except Exception as error:
            if stop.is_set():
                raise StoppedError from None
            stop.set()
            if isinstance(error, duckdb.OutOfMemoryException):
                raise InputError(OUT_OF_MEMORY) from None
            if isinstance(error, (duckdb.Error, pa.ArrowException, OSError)):
                raise explain(error) from None
            raise

    with ThreadPoolExecutor(2) as pool:
        running = [
            pool.submit(run, answer, records.fault),
            pool.submit(run, write, lambda error: InputError(f"cannot write: {first_line(error)}")),
        ]
        try:
            if watch:
                watch(lambda seconds: bool(wait(running, seconds).not_done), percent)
            wait(running)
        finally:
            stop.set()
            reading.interrupt()
    for error in (one.exception() for one in running):
        if error and not isinstance(error, StoppedError):
            raise error


def answered(batch: pa.RecordBatch, matcher: Matcher, layout: Layout) -> pa.RecordBatch:
    """The kept columns of a batch as read, and the added ones behind them."""
    count = len(layout.kept)
    texts, *dates = batch.columns[count:]
    columns = [*batch.columns[:count], *matcher.answer(texts, dates)]
    return pa.RecordBatch.from_arrays(columns, [*layout.kept, *layout.added])


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


def write_text(batches: Iterator[pa.RecordBatch], output: Path, layout: Layout) -> None:
    """CSV, TSV or JSON lines: each batch as a file, these one behind the other.

    Not all as one stream: pyarrow reads ahead in one on a thread that a failure does not end.
    """
    part = output.with_name("part")
    config = {"threads": 1, "memory_limit": "500MB", "temp_directory": ""}
    with duckdb.connect(config=config) as connection, output.open("wb") as file:
        for number, batch in enumerate(batches):
            connection.register("batch", pa.table(without_nan(batch) if layout.line else batch))
            connection.execute(
                f"copy (select {layout.line or '*'} from batch) to {literal(str(part))}"
                f" {written_as(layout.form, has_header=number == 0)}"
            )
            with part.open("rb") as written:
                shutil.copyfileobj(written, file, 1 << 20)


def without_nan(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Null for what JSON has no number for: infinity, and what is not a number."""
    columns = [
        pc.if_else(pc.is_finite(column), column, None)
        if pa.types.is_floating(column.type)
        else column
        for column in batch.columns
    ]
    return pa.RecordBatch.from_arrays(columns, batch.schema.names)


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
