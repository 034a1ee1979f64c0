"""Deprivation beside every record of a file: each comes out once, in order, with a status.

The records stream through joins (enrich_query.py) with tables that are made once
(enrich_answers.py), so that memory does not grow with them. DuckDB keeps the order of what comes
out of a join only on one thread, so Parquet is enriched in parts, each on a thread of its own, that
are put together again byte for byte (parquet_parts.py).
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
from typing import Any

import duckdb

from deprivation.enrich_answers import (
    Columns,
    check_columns,
    choice_of,
    choices_by_year,
    make_answers,
    make_areas,
    make_outcodes,
    make_sectors,
)
from deprivation.enrich_files import (
    Format,
    Records,
    find_files,
    literal,
    parse_format,
    written_as,
)
from deprivation.enrich_query import Reader, added_columns, joined, key_of, select
from deprivation.enrich_streams import open_stdin, spool
from deprivation.enrich_summary import summarise
from deprivation.errors import InputError
from deprivation.parquet_parts import join_parquet
from deprivation.published import held_editions, open_published, parse_edition

# Parts of a Parquet file at most: each takes some 200 MB for a hash table of the directory.
WRITERS = min(os.cpu_count() or 1, 4)

# Called while statements run, with (whether they still run after so many seconds, percent done).
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
    """The published file beside a database in memory, set so that records keep their order."""
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
    # These would let a file smaller than the directory be the built side, and lose its order.
    cursor.execute("set disabled_optimizers = 'join_order,build_side_probe_side'")
    return cursor


def enrich(database: Path, request: Request, watch: Watch | None = None) -> dict[str, Any]:
    """Write `request.output`; the summary of it (enrich_summary.summarise).

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
        cursor(databases) as connection,
        private_folder(request.output) as folder,
    ):
        records = open_records(connection, request, folder)
        form = output_format(request, records.form)
        reader = Reader(connection, records)
        reader.check(request.postcode_column)
        if request.date_column:
            reader.check(request.date_column)
        parts = records.split(WRITERS) if form.kind == "parquet" else [records]
        queries = make_queries(connection, request, parts, reader, form)
        files = [folder / f"part{n}" for n in range(len(parts))]
        statements = [
            f"copy ({query}) to {literal(str(file))} {written_as(form)}"
            for query, file in zip(queries, files, strict=True)
        ]
        try:
            execute(databases, statements, watch)
        except duckdb.OutOfMemoryException:
            raise InputError(
                "out of memory: a record is too large, or too many columns are asked for"
            ) from None
        except duckdb.Error as error:
            raise records.fault(error) from None
        if records.feed and records.feed.fault:
            raise InputError(records.feed.fault)
        whole = files[0]
        if len(files) > 1:
            whole = folder / "whole"
            join_parquet(files, whole)
        summary = summarise(connection, Records(connection, [str(whole)], form), request)
        if request.output == "-":
            with whole.open("rb") as file, os.fdopen(os.dup(1), "wb") as stdout:
                shutil.copyfileobj(file, stdout, 1 << 20)
        else:
            whole.replace(output)
    return summary


def execute(
    connection: duckdb.DuckDBPyConnection, statements: list[str], watch: Watch | None
) -> None:
    """Execute statements at the same time, each on a connection and in a thread of its own.

    So that this thread meets a signal at once: all are then interrupted.
    """
    cursors = [cursor(connection) for _ in statements]

    def progress() -> float:
        return sum(max(one.query_progress(), 0) for one in cursors) / len(cursors)

    with ThreadPoolExecutor(len(statements)) as pool:
        running = [
            pool.submit(one.execute, statement)
            for one, statement in zip(cursors, statements, strict=True)
        ]
        try:
            if watch:
                watch(lambda seconds: bool(wait(running, seconds).not_done), progress)
            # The first that fails ends all.
            wait(running, return_when=FIRST_EXCEPTION)
            for one in running:
                if one.done():
                    one.result()
        except BaseException:
            for one in cursors:
                one.interrupt()
            raise


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


def make_queries(
    connection: duckdb.DuckDBPyConnection,
    request: Request,
    parts: list[Records],
    reader: Reader,
    form: Format,
) -> list[str]:
    """Choose the editions, make the tables that answer, and write the queries that ask them."""
    held = held_editions(connection)
    if request.edition is None and request.date_column is None:
        raise InputError("give --edition 2019 (or nearest:2019), or --date-column")
    asked = parse_edition(request.edition, held) if request.edition else None
    check_columns(connection, request.columns)
    has_dates = request.date_column is not None
    undated = choice_of(asked, held)
    choices = choices_by_year(held, undated) if has_dates else [undated]
    added = added_columns(
        request.columns, asked, has_dates, request.repairs, request.drops_postcode
    )
    dropped = request.postcode_column if request.drops_postcode else None
    queries = [
        select(
            reader,
            joined(
                part.query(),
                key_of(reader.value(request.postcode_column)),
                reader.value(request.date_column) if request.date_column else None,
                choices,
                request.falls_back,
                request.repairs,
            ),
            added,
            request.prefix,
            dropped,
            form.kind == "jsonl",
        )
        for part in parts
    ]
    make_areas(connection, choices, request.columns)
    make_answers(connection, choices, has_dates)
    if request.falls_back:
        make_sectors(connection, choices, request.columns)
    if request.repairs:
        make_outcodes(connection)
    return queries
