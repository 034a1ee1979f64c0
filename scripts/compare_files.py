#!/usr/bin/env python
"""Compare two published files: which tables and columns hold the same values?

    scripts/compare_files.py OLD NEW [TABLE...]

Each table gets a row count, and each column a checksum that does not depend on the order of rows.
A column is summed together with the table's key, so values moved between rows are found too.
Prints what differs, and what only one file has. Exit code: 0 where all that both files have is
equal and nothing of OLD is missing, else 1 (a new table or column is no difference).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb

from deprivation.sql import identifier, literal

Columns = dict[str, str]


def tables(connection: duckdb.DuckDBPyConnection, file: str) -> dict[str, Columns]:
    """Columns and their types by table, of an attached file; `schema.table` outside main."""
    rows = connection.execute(
        "select schema_name, table_name, column_name, data_type from duckdb_columns()"
        " where database_name = ? and table_name in"
        " (select table_name from duckdb_tables() where database_name = ?)"
        " order by all",
        [file, file],
    ).fetchall()
    found: dict[str, Columns] = {}
    for schema, table, column, data_type in rows:
        name = table if schema == "main" else f"{schema}.{table}"
        found.setdefault(name, {})[column] = data_type
    return found


def key_of(columns: Columns) -> list[str]:
    """Columns that tell the rows of a table apart: texts that hold codes or names of keys."""
    known = (
        "nation edition area_code index_code geography geography_code code postcode_key"
        " measure_code level partial scheme name source file_name area_column"
    )
    return [name for name in known.split() if name in columns]


def checksums(
    connection: duckdb.DuckDBPyConnection, file: str, table: str, columns: Sequence[str], key: list
) -> dict[str, int]:
    """Row count ("") and a checksum of each column, doubles to 9 significant digits."""
    types = tables(connection, file)[table]

    def value(column: str) -> str:
        name = identifier(column)
        if types[column] in ("DOUBLE", "FLOAT"):
            return f"printf('%.9g', {name})"
        return f"cast({name} as varchar)"

    row = ", ".join(map(value, key)) or "''"
    sums = [f"sum(hash({row}, {value(column)})::hugeint)" for column in columns]
    schema, _, name = table.rpartition(".")
    source = ".".join(map(identifier, (file, schema or "main", name)))
    numbers = connection.execute(f"select count(*), {', '.join(sums)} from {source}").fetchone()
    return dict(zip(["", *columns], numbers, strict=True))


def agree_closely(
    connection: duckdb.DuckDBPyConnection, table: str, column: str, key: list, rows: int
) -> bool:
    """Whether doubles agree to one part in a billion, row by row.

    Sums of doubles in parallel differ in their last digits from run to run, and of hundreds of
    thousands of them a few then round to different digits.
    """
    schema, _, name = table.rpartition(".")
    old, new = (
        ".".join(map(identifier, (file, schema or "main", name))) for file in ("old", "new")
    )
    same = " and ".join(f"o.{identifier(k)} is not distinct from n.{identifier(k)}" for k in key)
    o, n = f"o.{identifier(column)}", f"n.{identifier(column)}"
    joined, apart = connection.execute(
        f"select count(*), count(*) filter ({o} is distinct from {n}"
        f" and coalesce(abs({o} - {n}) > 1e-9 * greatest(abs({o}), abs({n})), true))"
        f" from {old} o inner join {new} n on {same or 'false'}"
    ).fetchone()
    return joined == rows and not apart


def differences(
    connection: duckdb.DuckDBPyConnection, only: Sequence[str] = ()
) -> Iterator[tuple[bool, str]]:
    """(is a difference, what to print) for the attached files `old` and `new`."""
    old, new = tables(connection, "old"), tables(connection, "new")
    for table in sorted(old.keys() | new.keys()):
        if only and table not in only:
            continue
        if table not in new:
            yield True, f"{table}: only in OLD"
            continue
        if table not in old:
            yield False, f"{table}: only in NEW"
            continue
        for column in old[table].keys() - new[table].keys():
            yield True, f"{table}.{column}: only in OLD"
        for column in new[table].keys() - old[table].keys():
            yield False, f"{table}.{column}: only in NEW"
        common = [column for column in old[table] if column in new[table]]
        key = key_of({column: "" for column in common})
        before = checksums(connection, "old", table, common, key)
        after = checksums(connection, "new", table, common, key)
        if before[""] != after[""]:
            yield True, f"{table}: {before['']} rows in OLD, {after['']} in NEW"
        unlike = [
            column
            for column in common
            if before[column] != after[column]
            and not (
                before[""] == after[""]
                and {old[table][column], new[table][column]} == {"DOUBLE"}
                and agree_closely(connection, table, column, key, before[""])
            )
        ]
        for column in unlike:
            yield True, f"{table}.{column}: values differ"
        for column in common:
            if old[table][column] != new[table][column]:
                yield (
                    True,
                    f"{table}.{column}: {old[table][column]} in OLD, {new[table][column]} in NEW",
                )
        if not unlike and before[""] == after[""]:
            yield False, f"{table}: equal, {before['']} rows, {len(common)} columns"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("old", type=Path, metavar="OLD")
    parser.add_argument("new", type=Path, metavar="NEW")
    parser.add_argument("tables", nargs="*", metavar="TABLE")
    options = parser.parse_args(arguments)
    with duckdb.connect() as connection:
        try:
            for name in ("old", "new"):
                path = literal(getattr(options, name))
                connection.execute(f"attach {path} as {name} (read_only)")
        except duckdb.Error as error:
            print(error, file=sys.stderr)
            return 2
        known = tables(connection, "old").keys() | tables(connection, "new").keys()
        if unknown := sorted(set(options.tables) - known):
            print(f"in neither file: {', '.join(unknown)}", file=sys.stderr)
            return 2
        found = list(differences(connection, options.tables))
    for is_difference, line in found:
        print(("DIFFERS  " if is_difference else "         ") + line)
    return int(any(is_difference for is_difference, _ in found))


if __name__ == "__main__":
    sys.exit(main())
