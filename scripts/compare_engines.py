#!/usr/bin/env python
"""Compare a published DuckDB file with the Parquet tables that Spark made of the same inputs.

    scripts/compare_engines.py FILE.duckdb WAREHOUSE/deprivation.db

For each published table: rows on each side, and rows that the other side does not have. Rows are
matched by the table's key (the test one_row_per of its YAML); all other columns must be equal,
floats within 1e-9 of each other, relative to their size. Exit code: 0 where every row is equal.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import duckdb
import yaml

from deprivation.publish.contract import promised_tables
from deprivation.settings import PROJECT
from deprivation.sql import identifier, literal

NEAR = 1e-9


def keys() -> dict[str, list[str]]:
    """The key of each published table, from its test one_row_per."""
    found = {}
    for path in (PROJECT / "models" / "marts").glob("*.yml"):
        for model in yaml.safe_load(path.read_text(encoding="utf-8")).get("models", []):
            for test in model.get("data_tests", []):
                if isinstance(test, dict) and "one_row_per" in test:
                    found[model["name"]] = test["one_row_per"]["arguments"]["key"]
    return found


def differs(name: str, data_type: str) -> str:
    """SQL that is true where a column of the matched rows differs."""
    one, other = f"one.{identifier(name)}", f"other.{identifier(name)}"
    if data_type in ("DOUBLE", "FLOAT"):
        near = f"abs({one} - {other}) <= {NEAR} * greatest(abs({one}), abs({other}))"
        return f"({one} is null) <> ({other} is null) or not coalesce({near}, true)"
    return f"{one} is distinct from {other}"


def compare(connection: duckdb.DuckDBPyConnection, table: str, key: list[str]) -> tuple[int, ...]:
    """Rows on DuckDB and on Spark; rows of each that the other has not, or has differently."""
    columns = connection.execute(
        "select column_name, data_type from duckdb_columns() where database_name = 'published'"
        " and schema_name = 'main' and table_name = ? order by column_index",
        [table],
    ).fetchall()
    matched = " and ".join(
        f"one.{identifier(name)} is not distinct from other.{identifier(name)}" for name in key
    )
    different = " or ".join(differs(*column) for column in columns if column[0] not in key)
    return connection.execute(
        f"""
        select
            count(one.here),
            count(other.there),
            count(*) filter (other.there is null or (one.here is not null and ({different}))),
            count(*) filter (one.here is null or (other.there is not null and ({different})))
        from (select *, true as here from published.main.{identifier(table)}) as one
        full join (select *, true as there from spark.main.{identifier(table)}) as other
            on {matched}
        """
    ).fetchone()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("published", type=Path)
    parser.add_argument("warehouse", type=Path)
    chosen = parser.parse_args()
    unequal = 0
    with duckdb.connect() as connection:
        connection.execute(f"attach {literal(chosen.published)} as published (read_only)")
        connection.execute("attach ':memory:' as spark")
        print(f"{'table':24} {'DuckDB':>12} {'Spark':>12} {'differ':>8} {'differ':>8}")
        for table in promised_tables():
            files = chosen.warehouse / table / "*.parquet"
            connection.execute(
                f"create view spark.main.{identifier(table)} as from read_parquet({literal(files)})"
            )
            found = compare(connection, table, keys()[table])
            unequal += found[2] + found[3]
            print(f"{table:24} {found[0]:12,} {found[1]:12,} {found[2]:8,} {found[3]:8,}")
    sys.exit(1 if unequal else 0)


if __name__ == "__main__":
    main()
