"""Deprivation beside every record of a file: each comes out once, in order, with a status.

What postcodes are answered with is read from the published file (answers.py) while the modules that
handle records load; those import pyarrow and numpy. Then batches go through pipeline.py.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from deprivation.enrich.answers import Answers, read_answers
from deprivation.enrich.destination import check_destination, private_folder, put_in_place
from deprivation.enrich.paths import find_files
from deprivation.enrich.request import Request, check_request
from deprivation.errors import InputError
from deprivation.published import open_published
from deprivation.sql import literal

if TYPE_CHECKING:
    from deprivation.enrich.pipeline import Watch


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


@contextlib.contextmanager
def answers_ahead(
    connection: duckdb.DuckDBPyConnection, request: Request
) -> Iterator[Future[Answers]]:
    """read_answers() in a thread; interrupted where the block ends before it does."""
    thread = ThreadPoolExecutor(1)
    is_awaited = True
    try:
        yield thread.submit(read_answers, connection, request)
    except (KeyboardInterrupt, SystemExit):
        # It may wait for ever for a module whose loading the signal has cut off.
        is_awaited = False
        raise
    finally:
        connection.interrupt()
        thread.shutdown(is_awaited)


def enrich(database: Path, request: Request, watch: Watch | None = None) -> dict[str, Any]:
    """Write `request.output`; the summary of it (Counts.summary), with `is_synthetic` and `asked`.

    Raises InputError for input or options that cannot be used; then nothing is written.
    """
    check_request(request)
    output = check_destination(request.output, request.force, [database])
    table_output = summary_destination(database, request, output)
    if request.encoding:
        from deprivation.enrich.streams import check_encoding

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
        answers_ahead(answering, request) as answers,
    ):
        from deprivation.enrich.disclosure import Disclosure
        from deprivation.enrich.excel import check_size
        from deprivation.enrich.files import open_records
        from deprivation.enrich.layout import lay_out, output_format
        from deprivation.enrich.match import Matcher
        from deprivation.enrich.pipeline import stream
        from deprivation.enrich.reader import Reader
        from deprivation.enrich.tally import write_table

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
            as_text = form.kind in ("csv", "tsv")
            matcher = Matcher(answering, request, answers.result(), as_text)
            del answers  # with the table of postcodes, which the matcher needs no more
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


def inputs_of(request: Request) -> list[Path]:
    """The files that are read. Raises InputError if there are none."""
    return [] if "-" in request.files else [Path(path) for path in find_files(request.files)]
