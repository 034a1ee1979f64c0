"""Batches of records go one way: a thread reads them (files.py), another puts answers beside them
(match.py), a third writes them (outputs.py). Few are under way at a time, so that memory does not
grow with the records.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from pathlib import Path
from queue import Empty, Full, Queue
from typing import Any

import duckdb
import pyarrow as pa

from deprivation.enrich.disclosure import Disclosure
from deprivation.enrich.excel import write_workbook
from deprivation.enrich.layout import OutputLayout, excel_rows
from deprivation.enrich.match import Matcher
from deprivation.enrich.outputs import write_csv, write_json, write_parquet
from deprivation.enrich.reader import Batch, Reader
from deprivation.errors import InputError
from deprivation.published import first_line

# Batches that wait to be written.
BATCHES_AHEAD = 2
OUT_OF_MEMORY = "out of memory: a record is too large, or too many columns are asked for"
# Called while records stream, with (whether they still do after so many seconds, percent done or
# None where that is not known).
Watch = Callable[[Callable[[float], bool], Callable[[], "float | None"]], None]


class StoppedError(Exception):
    """Another thread of the run has failed, or a signal has come."""


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
