"""Deprivation beside every record of a file: each comes out once, in order, with a status.

Batches of records go one way: a thread reads them (files.py), another puts answers beside them
(match.py), a third writes them (outputs.py). Few are under way at a time, so that memory does not
grow with the records.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from pathlib import Path
from queue import Empty, Full, Queue
from typing import Any

import duckdb
import pyarrow as pa

from deprivation.enrich.destination import check_destination, private_folder, put_in_place
from deprivation.enrich.disclosure import Disclosure
from deprivation.enrich.excel import check_size, write_workbook
from deprivation.enrich.files import open_records
from deprivation.enrich.layout import OutputLayout, excel_rows, lay_out, output_format
from deprivation.enrich.match import Matcher
from deprivation.enrich.outputs import write_csv, write_json, write_parquet
from deprivation.enrich.paths import find_files
from deprivation.enrich.reader import Batch, Reader
from deprivation.enrich.request import Request, check_request
from deprivation.enrich.streams import check_encoding
from deprivation.enrich.tally import write_table
from deprivation.errors import InputError
from deprivation.published import first_line, open_published
from deprivation.sql import literal

# Batches that wait to be written.
BATCHES_AHEAD = 2
OUT_OF_MEMORY = "out of memory: a record is too large, or too many columns are asked for"
# Called while records stream, with (whether they still do after so many seconds, percent done or
# None where that is not known).
Watch = Callable[[Callable[[float], bool], Callable[[], "float | None"]], None]


class StoppedError(Exception):
    """Another thread of the run has failed, or a signal has come."""


def connect(database: Path) -> duckdb.DuckDBPyConnection:
    """A database in memory, with the published file beside it. Raises InputError."""
    open_published(database).close()  # only to say what is wrong with it
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
    connection.execute("set search_path = 'memory.main,published.main'")
    return connection


def cursor(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """A connection of its own to the same databases."""
    cursor = connection.cursor()
    cursor.execute("set search_path = 'memory.main,published.main'")
    return cursor


def enrich(database: Path, request: Request, watch: Watch | None = None) -> dict[str, Any]:
    """Write `request.output`; the summary of it (Counts.summary), with `is_synthetic` and `asked`.

    Raises InputError for input or options that cannot be used; then nothing is written.
    """
    check_request(request)
    output = check_destination(request.output, request.force, [database])
    table_output = summary_destination(database, request, output)
    if request.encoding:
        check_encoding(request.encoding)
    if request.delimiter is not None and (
        len(request.delimiter) != 1
        or not request.delimiter.isascii()
        or request.delimiter in '"\r\n\0'
    ):
        raise InputError("--delimiter must be one plain character, such as ; or a tab")
    with (
        connect(database) as databases,
        cursor(databases) as reading,
        cursor(databases) as answering,
        cursor(databases) as writing,
        private_folder(output) as folder,
    ):
        try:
            records = open_records(
                request.files,
                request.input_format,
                folder,
                request.encoding,
                request.delimiter,
                request.sheet,
                is_read_twice=request.suppresses_below_k,
            )
            form = output_format(request, records.form)
            reader = Reader(reading, records, request, form)
            matcher = Matcher(answering, request, as_text=form.kind in ("csv", "tsv"))
            layout = lay_out(request, reader, form, matcher.names)
            if form.kind == "xlsx":
                check_size(records.count(), len(layout.kept) + len(layout.added))
            written = folder / ("output.xlsx" if form.kind == "xlsx" else "output")
            disclosure = Disclosure(answering, request, matcher, output)
            stream(reader, matcher, disclosure, layout, written, writing, watch)
            disclosure.check_all_came()
        except InputError as error:
            # What came by stdin is kept in the folder, of which nobody need know.
            raise InputError(str(error).replace(str(folder / "stdin"), "stdin")) from None
        if output is None:
            with written.open("rb") as file, os.fdopen(os.dup(1), "wb") as stdout:
                shutil.copyfileobj(file, stdout, 1 << 20)
        else:
            with disclosure.recorded():
                put_in_place(written, output)
        if table_output and reader.tally:
            table = folder / ("table.xlsx" if table_output.suffix.lower() == ".xlsx" else "table")
            write_table(reader.tally.table(request.suppress, request.round_to), table)
            put_in_place(table, table_output)
    left_out = getattr(records, "left_out", [])
    said = matcher.summary() | disclosure.summary()
    return said | ({"sheets_left_out": left_out} if left_out else {})


def summary_destination(database: Path, request: Request, output: Path | None) -> Path | None:
    """Where the table of --summary-by goes. Raises InputError for options that do not fit."""
    if (request.summary_by is None) != (request.summary_output is None):
        raise InputError("--summary-by and --summary-output go together")
    if request.summary_output is None:
        if request.suppress or request.round_to or request.summary_band != "quintile":
            raise InputError("--suppress, --round and --summary-band need --summary-by")
        return None
    if request.summary_output == "-":
        raise InputError("--summary-output must be a file, .csv or .xlsx")
    kept = [database, *inputs_of(request)]
    table = check_destination(request.summary_output, request.force, kept, "--summary-output")
    if table == output:
        raise InputError("--summary-output and --output are the same file")
    return table


def stream(
    reader: Reader,
    matcher: Matcher,
    disclosure: Disclosure,
    layout: OutputLayout,
    output: Path,
    writing: duckdb.DuckDBPyConnection,
    watch: Watch | None,
) -> None:
    """Read, answer and write, each batch once. Raises InputError.

    In threads of their own, so that this one meets a signal at once: all are then stopped.
    """
    ahead: Queue[Batch | None] = Queue(1)
    answered: Queue[pa.RecordBatch | None] = Queue(BATCHES_AHEAD)
    stop = threading.Event()
    total = reader.records.rows_about() if watch else None

    def percent() -> float | None:
        return min(100 * matcher.counts.rows() / total, 100) if total else None

    def put(queue: Queue, item: Any) -> None:
        while not stop.is_set():
            with contextlib.suppress(Full):
                return queue.put(item, timeout=0.1)
        raise StoppedError

    def taken(queue: Queue) -> Iterator[Any]:
        while not stop.is_set():
            with contextlib.suppress(Empty):
                item = queue.get(timeout=0.1)
                if item is None:
                    return
                yield item
        raise StoppedError

    def read() -> None:
        for _ in range(1 + disclosure.counts_first):
            for batch in reader.batches():
                put(ahead, batch)
            put(ahead, None)

    def answer() -> None:
        names = [*layout.kept, *layout.added]
        for batch in taken(ahead) if disclosure.counts_first else ():
            disclosure.count(batch, matcher.find(batch.postcodes, batch.dates))
        for batch in taken(ahead):
            found = matcher.find(batch.postcodes, batch.dates)
            disclosure.apply(batch, found)
            added = matcher.answer(found, batch.dates)
            if reader.tally and batch.summed is not None:
                reader.tally.add(batch.summed, matcher.bands(found))
            put(answered, pa.RecordBatch.from_arrays([*batch.kept, *added], names))
        put(answered, None)

    def write() -> None:
        if layout.form.kind == "parquet":
            write_parquet(taken(answered), output, layout.added)
        elif layout.form.kind == "xlsx":
            rows = excel_rows(taken(answered), reader, len(layout.kept))
            title = getattr(reader.records, "sheet", "Records")
            header = [*layout.kept, *layout.added]
            write_workbook(output, title, header, rows, matcher.notes)
        elif layout.line:
            write_json(taken(answered), output, layout.form, writing, layout.line)
        else:
            write_csv(taken(answered), output, layout.form)

    def run(step: Callable[[], None], fault: str, done: Future[None]) -> None:
        try:
            step()
            done.set_result(None)
        except Exception as error:
            done.set_exception(StoppedError() if stop.is_set() else explained(error, fault))
            stop.set()

    steps = ((read, "cannot read"), (answer, "cannot read"), (write, "cannot write"))
    running: list[Future[None]] = [Future() for _ in steps]
    # Daemons: one that waits for stdin must not keep an interrupted run from ending.
    threads = [
        threading.Thread(target=run, args=(step, fault, done), daemon=True)
        for (step, fault), done in zip(steps, running, strict=True)
    ]
    for thread in threads:
        thread.start()
    try:
        if watch:
            watch(lambda seconds: bool(wait(running, seconds).not_done), percent)
        wait(running)
    finally:
        stop.set()
        # A step that has ended still closes its files; the process may not end in the middle of it.
        for thread in threads:
            thread.join(2)
    for error in (one.exception() for one in running):
        if error and not isinstance(error, StoppedError):
            raise error


def explained(error: Exception, fault: str) -> Exception:
    """An expected failure of a library as one of ours; any other as it is."""
    if isinstance(error, (duckdb.OutOfMemoryException, MemoryError, pa.ArrowMemoryError)):
        return InputError(OUT_OF_MEMORY)
    if isinstance(error, (duckdb.Error, pa.ArrowException, OSError)):
        return InputError(f"{fault}: {first_line(error)}")
    return error


def inputs_of(request: Request) -> list[Path]:
    """The files that are read. Raises InputError if there are none."""
    return [] if "-" in request.files else [Path(path) for path in find_files(request.files)]
