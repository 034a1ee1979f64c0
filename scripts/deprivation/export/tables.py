"""The tables of the published file, as an export needs them."""

from __future__ import annotations

import contextlib
import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path

import duckdb

from deprivation.errors import ExportError

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
    if not database.is_file():
        raise ExportError(
            f"{database}: cannot be read (no such file); `deprivation build` makes it"
        )
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


def is_synthetic_file(database: Path) -> bool:
    """True of a published file with synthetic data."""
    with opened(database) as connection:
        if not any(table.name == "sources" for table in published_tables(connection)):
            return False
        return bool(connection.execute("select bool_or(is_synthetic) from sources").fetchone()[0])
