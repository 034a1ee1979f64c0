"""The published tables in PostgreSQL: one transaction, swapped in at its end."""

from __future__ import annotations

import contextlib
import os
import re
import threading
import time
import urllib.parse
from collections.abc import Callable
from pathlib import Path

import duckdb
import psycopg
from psycopg import sql

from deprivation.errors import ExportError
from deprivation.export.carried import Carried, carried, check_replaceable
from deprivation.export.tables import Table, opened, published_tables
from deprivation.secrets import HIDDEN, without_secrets
from deprivation.sql import identifier, literal

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

BLOCK = 1 << 20
# At the end of the comment of each table that an export made: only these are replaced.
MARK = "[made by deprivation export]"
NO_CONNECTION_STRING = (
    "--output is not a PostgreSQL connection string; write postgresql://db.example.org/warehouse or"
    " 'host=db.example.org dbname=warehouse', with values that contain spaces in single quotes"
)


def to_postgres(
    database: Path,
    conninfo: str,
    schema: str = "deprivation",
    say: Callable[[str], None] = lambda text: None,
) -> dict[str, int]:
    """Copy all tables into `schema`, in one transaction that swaps them in at its end.

    Types, comments and not-null are copied; what `carried` names is kept from replaced tables;
    postcode_key is indexed. Returns rows by table. Raises ExportError, and changes nothing, if the
    server refuses, no export made a table, or something on it cannot be carried over.
    """
    secrets = _secrets(conninfo)
    if schema.lower().startswith("pg_") or schema.lower() == "information_schema" or not schema:
        raise ExportError(f"--schema {schema!r} is reserved by PostgreSQL; name another")
    try:
        with (
            opened(database) as source,
            psycopg.connect(conninfo, application_name="deprivation export") as target,
        ):
            tables = published_tables(source)
            _begin(target, schema, tables)
            rows = {}
            for table in tables:
                started = time.monotonic()
                _create(target, schema, table)
                rows[table.name] = _copy(source, target, schema, table)
                seconds = time.monotonic() - started
                say(f"{table.name}: {rows[table.name]:,} rows in {seconds:.1f} s")
            _swap(target, schema, tables)
            return rows
    except psycopg.Error as error:
        said = error.diag.message_primary or (str(error).splitlines() or ["refused"])[0]
        detail = (error.diag.message_detail or "").replace("\n", "; ")
        raise ExportError(
            "PostgreSQL: " + _hide(f"{said} ({detail})" if detail else said, secrets)
        ) from None
    except UnicodeError:
        raise ExportError(NO_CONNECTION_STRING) from None
    except duckdb.Error as error:
        raise ExportError(f"{database}: {error}") from None


def _secrets(conninfo: str) -> list[str]:
    """The secrets in a connection string. Raises ExportError if it is not one.

    The server's library takes part of a password with an unescaped @ or / for the host, so every
    piece before the last @ counts as a secret.
    """
    try:
        parts = psycopg.conninfo.conninfo_to_dict(conninfo)
    except (psycopg.Error, UnicodeError):
        raise ExportError(NO_CONNECTION_STRING) from None
    secrets = [str(value) for name, value in parts.items() if "password" in name]
    if found := re.match(r"\w+://(.*)@", conninfo, re.DOTALL):
        pieces = re.split(r"[:@/?#\s]+", found[1])
        secrets += [found[1], *pieces, *map(urllib.parse.unquote, pieces)]
    return sorted({one for one in secrets if len(one) > 2}, key=len, reverse=True)


def _hide(text: str, secrets: list[str]) -> str:
    text = without_secrets(text)
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
    return text


def _new(table: Table) -> str:
    """The name of a table before the swap."""
    return f"{table.name}__new"


def _begin(target: psycopg.Connection, schema: str, tables: list[Table]) -> None:
    """Wait for other exports into the schema, create it, and check that tables can be replaced."""
    target.execute(
        "select pg_advisory_xact_lock(hashtext('deprivation export'), hashtext(%s))", [schema]
    )
    there = target.execute("select 1 from pg_namespace where nspname = %s", [schema]).fetchone()
    if not there:
        target.execute(sql.SQL("create schema {}").format(sql.Identifier(schema)))
    check_replaceable(target, schema, {table.name: table for table in tables}, MARK)


def _create(target: psycopg.Connection, schema: str, table: Table) -> None:
    new = sql.Identifier(schema, _new(table))
    columns = [
        sql.SQL("{} {}{}").format(
            sql.Identifier(column.name),
            sql.SQL(column.in_postgres),
            sql.SQL("" if column.is_nullable else " not null"),
        )
        for column in table.columns
    ]
    target.execute(sql.SQL("create table {} ({})").format(new, sql.SQL(", ").join(columns)))
    comment = sql.Literal(f"{table.comment or ''} {MARK}".strip())
    target.execute(sql.SQL("comment on table {} is {}").format(new, comment))
    for column in table.columns:
        if column.comment:
            place = sql.Identifier(schema, _new(table), column.name)
            comment = sql.Literal(column.comment)
            target.execute(sql.SQL("comment on column {} is {}").format(place, comment))


def _copy(
    source: duckdb.DuckDBPyConnection, target: psycopg.Connection, schema: str, table: Table
) -> int:
    """Stream one table as CSV from DuckDB into COPY; returns the rows copied.

    freeze: a reader whose snapshot is older than the swap sees the rows, not an empty table.
    """
    statement = sql.SQL("copy {} from stdin (format csv, null '\\N', freeze)").format(
        sql.Identifier(schema, _new(table))
    )
    with target.cursor() as cursor, _as_csv(source, table) as rows:
        with cursor.copy(statement) as copy:
            while block := rows.read(BLOCK):
                copy.write(block)
        arrived = cursor.rowcount
    (there,) = source.execute(f"select count(*) from {identifier(table.name)}").fetchone()
    if arrived != there:
        raise ExportError(f"PostgreSQL took {arrived:,} of the {there:,} rows of {table.name}")
    return arrived


@contextlib.contextmanager
def _as_csv(source: duckdb.DuckDBPyConnection, table: Table):
    """A binary file that gives the table as CSV: a pipe that DuckDB fills.

    DuckDB quotes text that equals the null string, so that PostgreSQL reads it as text.
    """
    failures: list[Exception] = []
    options = "format csv, header false, nullstr '\\N', use_tmp_file false"
    if len(table.columns) == 1:  # a line \. would end the data, up to PostgreSQL 16
        options += ", force_quote *"
    reading, writing = os.pipe()
    if hasattr(fcntl, "F_SETPIPE_SZ"):  # Linux: a block at a time instead of 64 kB
        with contextlib.suppress(OSError):
            fcntl.fcntl(reading, fcntl.F_SETPIPE_SZ, BLOCK)

    def write() -> None:
        try:
            path = literal(f"/dev/fd/{writing}")
            source.execute(f"copy {identifier(table.name)} to {path} ({options})")
        except Exception as error:
            failures.append(error)
        finally:
            os.close(writing)

    file = os.fdopen(reading, "rb", buffering=0)
    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield file
    finally:
        file.close()  # If DuckDB is still writing, it now gets an error and stops.
        writer.join()
    if failures:
        raise failures[0]


def _swap(
    target: psycopg.Connection, schema: str, tables: list[Table], patience: float = 120.0
) -> None:
    """Put the new tables in place of the old ones; others see them at the commit."""
    old = target.execute(
        "select relname from pg_class"
        " where relnamespace = %s::regnamespace and relkind = 'r' and relname = any(%s)",
        [identifier(schema), [table.name for table in tables]],
    ).fetchall()
    rest: dict[str, Carried] = {}
    for (name,) in old:
        rest[name] = carried(target, schema, name, f"{name}__new")
        rest[name].make_indexes(target)
    for table in tables:
        if table.has("postcode_key"):
            target.execute(
                sql.SQL("create index {} on {} (postcode_key)").format(
                    sql.Identifier(_index(_new(table))), sql.Identifier(schema, _new(table))
                )
            )
        target.execute(sql.SQL("analyze {}").format(sql.Identifier(schema, _new(table))))
    _lock(target, [sql.Identifier(schema, name) for name in rest], patience)
    # Again, as privileges may have been granted, or a trigger created, meanwhile.
    check_replaceable(target, schema, {table.name: table for table in tables}, MARK)
    for name, what in rest.items():
        now = carried(target, schema, name, f"{name}__new")
        if now.indexes != what.indexes:
            raise ExportError(f"PostgreSQL: the indexes of {name} changed meanwhile; try again")
        now.apply(target)
        target.execute(sql.SQL("drop table {}").format(sql.Identifier(schema, name)))
        what.rename_indexes(target)
    for table in tables:
        target.execute(
            sql.SQL("alter table {} rename to {}").format(
                sql.Identifier(schema, _new(table)), sql.Identifier(table.name)
            )
        )
        if table.has("postcode_key"):
            target.execute(
                sql.SQL("alter index {} rename to {}").format(
                    sql.Identifier(schema, _index(_new(table))),
                    sql.Identifier(_index(table.name)),
                )
            )


def _index(table: str) -> str:
    return f"{table}_postcode_key"


def _lock(target: psycopg.Connection, names: list[sql.Identifier], patience: float) -> None:
    """Lock the old tables, giving way to readers: each attempt is too short to find a deadlock.

    PostgreSQL looks for deadlocks after a second, and may end the reader's query to resolve one.
    """
    if not names:
        return
    until = time.monotonic() + patience
    lock = sql.SQL("lock table {} in access exclusive mode").format(sql.SQL(", ").join(names))
    while True:
        target.execute("savepoint before_lock")
        target.execute("set local lock_timeout = '400ms'")
        try:
            target.execute(lock)
            return
        except psycopg.errors.LockNotAvailable:
            target.execute("rollback to savepoint before_lock")
            if time.monotonic() > until:
                raise ExportError(
                    f"PostgreSQL: readers locked the tables for {patience:.0f} s; try again later"
                ) from None
            time.sleep(0.2)
