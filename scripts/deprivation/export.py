"""The published tables as Parquet files, or in PostgreSQL."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import re
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import psycopg
from psycopg import sql

from deprivation.publish import BuildError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

BLOCK = 1 << 20
MANIFEST = "export.json"

# DuckDB's types in PostgreSQL.
TYPES = {
    "BOOLEAN": "boolean",
    "TINYINT": "smallint",
    "SMALLINT": "smallint",
    "INTEGER": "integer",
    "BIGINT": "bigint",
    "UTINYINT": "smallint",
    "USMALLINT": "integer",
    "UINTEGER": "bigint",
    "UBIGINT": "numeric(20)",
    "HUGEINT": "numeric(39)",
    "FLOAT": "real",
    "DOUBLE": "double precision",
    "VARCHAR": "text",
    "DATE": "date",
    "TIME": "time",
    "TIMESTAMP": "timestamp",
    "TIMESTAMP WITH TIME ZONE": "timestamptz",
    "UUID": "uuid",
    "JSON": "json",
}


class ExportError(BuildError):
    """An export that was not made: the message says why. What was there before is still there."""


@dataclasses.dataclass(frozen=True)
class Column:
    name: str
    data_type: str
    is_nullable: bool
    comment: str | None

    @property
    def in_postgres(self) -> str:
        decimal = re.fullmatch(r"DECIMAL(\(\d+,\d+\))", self.data_type)
        if decimal:
            return "numeric" + decimal[1]
        if self.data_type not in TYPES:
            raise ExportError(f"column {self.name}: no PostgreSQL type for {self.data_type}")
        return TYPES[self.data_type]


@dataclasses.dataclass(frozen=True)
class Table:
    name: str
    comment: str | None
    columns: tuple[Column, ...]

    def has(self, column: str) -> bool:
        return any(one.name == column for one in self.columns)


@contextlib.contextmanager
def opened(database: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The published file, read-only. Raises ExportError if it cannot be read."""
    try:
        connection = duckdb.connect(str(database), read_only=True)
    except duckdb.Error as error:
        raise ExportError(f"{database}: cannot be read ({error})") from None
    with contextlib.closing(connection):
        yield connection


def published_tables(connection: duckdb.DuckDBPyConnection) -> list[Table]:
    """The tables of the published file with their columns, types and comments."""
    columns: dict[str, list[Column]] = {}
    for table, *column in connection.execute(
        "select table_name, column_name, data_type, is_nullable, comment from duckdb_columns()"
        " where schema_name = 'main' and not internal order by table_name, column_index"
    ).fetchall():
        columns.setdefault(table, []).append(Column(*column))
    tables = connection.execute(
        "select table_name, comment from duckdb_tables() where schema_name = 'main'"
        " order by table_name"
    ).fetchall()
    return [Table(name, comment, tuple(columns[name])) for name, comment in tables]


# Parquet ----------------------------------------------------------------------------------------


def to_parquet(database: Path, folder: Path, partition_by: str | None = None) -> dict[str, int]:
    """Write TABLE.parquet into `folder`, or TABLE/edition=2019/*.parquet for tables by edition.

    Written beside and renamed when whole: `folder` is the export before or this one, and for a
    moment between the two renames not there. Returns rows by table. Raises ExportError for a
    folder that holds something else than an earlier export.
    """
    folder = folder.absolute()
    if folder.exists() and any(folder.iterdir()) and not (folder / MANIFEST).is_file():
        raise ExportError(f"{folder} holds files that no export wrote; name an empty folder")
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    unfinished.chmod(0o755)
    try:
        with opened(database) as connection:
            rows = {
                table.name: _write_parquet(connection, table, unfinished, partition_by)
                for table in published_tables(connection)
            }
        (unfinished / MANIFEST).write_text(json.dumps({"database": database.name, "rows": rows}))
        old = unfinished.with_name(unfinished.name + ".old")
        if folder.exists():
            folder.rename(old)
        unfinished.rename(folder)
        shutil.rmtree(old, ignore_errors=True)
    except duckdb.Error as error:
        raise ExportError(f"{folder}: not exported ({error})") from None
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return rows


def _write_parquet(
    connection: duckdb.DuckDBPyConnection, table: Table, folder: Path, partition_by: str | None
) -> int:
    options = "format parquet, compression zstd"
    target = folder / f"{table.name}.parquet"
    if partition_by and table.has(partition_by):
        target = folder / table.name
        options += f", partition_by ({partition_by})"
    written = str(target).replace("'", "''")
    copied = connection.execute(f"copy {_quoted(table.name)} to '{written}' ({options})")
    return copied.fetchone()[0]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


# PostgreSQL -------------------------------------------------------------------------------------


def to_postgres(
    database: Path,
    conninfo: str,
    schema: str = "deprivation",
    say: Callable[[str], None] = lambda text: None,
) -> dict[str, int]:
    """Copy all tables into `schema`, in one transaction that swaps them in at its end.

    Types, comments, not-null and the privileges of the tables that are replaced are carried over;
    postcode_key is indexed. Returns rows by table. Raises ExportError, with what was there before
    untouched, if the server refuses or a view depends on a table that would be replaced.
    """
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
        said = error.diag.message_primary or str(error).splitlines()[0]
        raise ExportError(f"PostgreSQL: {said}") from None
    except duckdb.Error as error:
        raise ExportError(f"{database}: {error}") from None


def _new(table: Table) -> str:
    """The name of a table before the swap."""
    return f"{table.name}__new"


def _begin(target: psycopg.Connection, schema: str, tables: list[Table]) -> None:
    """Two exports into one schema go one after the other; what hinders the swap is said first."""
    name = sql.Identifier(schema)
    target.execute(
        "select pg_advisory_xact_lock(hashtext('deprivation export'), hashtext(%s))", [schema]
    )
    target.execute(sql.SQL("create schema if not exists {}").format(name))
    dependent = target.execute(
        """
        select distinct view.oid::regclass::text, old.relname
        from pg_class as old
        join pg_depend as needed
            on needed.refobjid = old.oid and needed.classid = 'pg_rewrite'::regclass
        join pg_rewrite as rule on rule.oid = needed.objid
        join pg_class as view on view.oid = rule.ev_class
        where old.relnamespace = %s::regnamespace and old.relname = any(%s) and view.oid <> old.oid
        order by 1
        """,
        [_as_text(schema), [table.name for table in tables]],
    ).fetchall()
    if dependent:
        view, table = dependent[0]
        raise ExportError(
            f"PostgreSQL: the view {view} reads {schema}.{table}, which is to be replaced; drop"
            " it and create it again after the export, or export into another --schema"
        )


def _as_text(schema: str) -> str:
    return '"' + schema.replace('"', '""') + '"'


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
    if table.comment:
        said = sql.Literal(table.comment)
        target.execute(sql.SQL("comment on table {} is {}").format(new, said))
    for column in table.columns:
        if column.comment:
            place = sql.Identifier(schema, _new(table), column.name)
            said = sql.Literal(column.comment)
            target.execute(sql.SQL("comment on column {} is {}").format(place, said))


def _copy(
    source: duckdb.DuckDBPyConnection, target: psycopg.Connection, schema: str, table: Table
) -> int:
    """Stream one table as CSV from DuckDB into COPY; the rows copied.

    freeze: a reader whose snapshot is older than the swap finds the rows, not an empty table.
    """
    statement = sql.SQL("copy {} from stdin (format csv, null '\\N', freeze)").format(
        sql.Identifier(schema, _new(table))
    )
    with (
        tempfile.TemporaryDirectory(prefix="deprivation-") as folder,
        target.cursor() as cursor,
        _as_csv(source, table, Path(folder) / "rows.csv") as rows,
    ):
        with cursor.copy(statement) as copy:
            while block := rows.read(BLOCK):
                copy.write(block)
        arrived = cursor.rowcount
    (there,) = source.execute(f"select count(*) from {_quoted(table.name)}").fetchone()
    if arrived != there:
        raise ExportError(f"PostgreSQL took {arrived:,} of the {there:,} rows of {table.name}")
    return arrived


@contextlib.contextmanager
def _as_csv(source: duckdb.DuckDBPyConnection, table: Table, path: Path):
    """A binary file that gives the table as CSV: a pipe that DuckDB fills, where there are pipes.

    Text equal to the null string is quoted by DuckDB, and so is text to PostgreSQL.
    """
    failures: list[Exception] = []
    options = "format csv, header false, nullstr '\\N', use_tmp_file false"
    if len(table.columns) == 1:  # there a line \. would end the data, up to PostgreSQL 16
        options += ", force_quote *"

    def write() -> None:
        try:
            source.execute(f"copy {_quoted(table.name)} to '{path}' ({options})")
        except Exception as error:
            failures.append(error)

    if not hasattr(os, "mkfifo"):
        write()
        if failures:
            raise failures[0]
        with path.open("rb") as file:
            yield file
        return
    os.mkfifo(path)
    # Opened by both ends here, so that neither waits for a DuckDB that fails before it opens it.
    file = os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb", buffering=0)
    os.set_blocking(file.fileno(), True)
    if hasattr(fcntl, "F_SETPIPE_SZ"):  # Linux: a block at a time, in the place of 64 kB
        fcntl.fcntl(file.fileno(), fcntl.F_SETPIPE_SZ, BLOCK)
    held = os.open(path, os.O_WRONLY)

    def write_and_let_go() -> None:
        write()
        os.close(held)

    writer = threading.Thread(target=write_and_let_go)
    writer.start()
    try:
        yield file
    finally:
        file.close()  # A DuckDB that still writes is told so, and stops.
        writer.join()
    if failures:
        raise failures[0]


def _swap(
    target: psycopg.Connection, schema: str, tables: list[Table], patience: float = 120.0
) -> None:
    """Put the new tables in the place of the old ones; seen by others when this commits."""
    old = target.execute(
        "select relname, relacl is not null from pg_class"
        " where relnamespace = %s::regnamespace and relkind = 'r' and relname = any(%s)",
        [_as_text(schema), [table.name for table in tables]],
    ).fetchall()
    for table in tables:
        if table.has("postcode_key"):
            target.execute(
                sql.SQL("create index {} on {} (postcode_key)").format(
                    sql.Identifier(_index(_new(table))), sql.Identifier(schema, _new(table))
                )
            )
        target.execute(sql.SQL("analyze {}").format(sql.Identifier(schema, _new(table))))
    _lock(target, [sql.Identifier(schema, name) for name, _ in old], patience)
    for name, has_privileges in old:
        if has_privileges:
            _carry_privileges(target, schema, name)
        target.execute(sql.SQL("drop table {}").format(sql.Identifier(schema, name)))
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
    """Lock the old tables, giving way to readers: never long enough for a deadlock to be found.

    PostgreSQL looks for deadlocks after a second, and may end the reader's query to solve one.
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
                    f"PostgreSQL: readers held the tables for {patience:.0f} s; try again later"
                ) from None
            time.sleep(0.2)


def _carry_privileges(target: psycopg.Connection, schema: str, name: str) -> None:
    granted = target.execute(
        """
        select privilege_type, is_grantable, grantee, pg_get_userbyid(grantee)
        from pg_class, aclexplode(relacl)
        where oid = %s::regclass and grantee <> relowner
        """,
        [f"{_as_text(schema)}.{_as_text(name)}"],
    ).fetchall()
    for privilege, is_grantable, grantee, role in granted:
        target.execute(
            sql.SQL("grant {} on {} to {}{}").format(
                sql.SQL(privilege),
                sql.Identifier(schema, f"{name}__new"),
                sql.Identifier(role) if grantee else sql.SQL("public"),
                sql.SQL(" with grant option" if is_grantable else ""),
            )
        )
