"""Single answers and lists from a published file: what scripts/benchmark.py shows of them."""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import duckdb
import pyarrow as pa

from deprivation import settings

EDITION = 2019
# By turns, so that what else the machine does falls on all alike.
ONE = {
    "select by key": "select * from postcode_imd where postcode_key = ?",
    "deprivation(?, ?)": f"select * from deprivation(?, {EDITION})",
    "deprivation(?)": "select * from deprivation(?)",
}
MANY = f"select * from deprivation_many((select list(key) from asked), {EDITION})"


def measure(database: Path, times: int = 200, listed: int = 10_000) -> dict[str, float]:
    """Print medians in ms of one answer on an open connection and of a whole process.

    Returns the ratio to a select of one row by its key, and the seconds for a list of postcodes.
    """
    with duckdb.connect(str(database), read_only=True) as connection:
        keys = [
            key
            for (key,) in connection.execute(
                f"select postcode_key from postcode_imd where edition = {EDITION}"
                f" and area_code is not null order by hash(postcode) limit {max(times, listed)}"
            ).fetchall()
        ]
        taken: dict[str, list[float]] = {name: [] for name in ONE}
        for key in keys[:times]:
            for name, query in ONE.items():
                run = partial(ask, connection, query, key)
                taken[name].append(seconds_of(run))
        connection.register("asked", pa.table({"key": keys[:listed]}))
        lists = [seconds_of(partial(ask_many, connection)) for _ in range(5)]
    medians = {name: statistics.median(seconds) for name, seconds in taken.items()}
    command = [settings.program("deprivation"), "lookup", "--json", "--database", str(database)]
    cold = [
        seconds_of(partial(subprocess.run, [*command, key], capture_output=True, check=True))
        for key in keys[:9]
    ]
    print(f"\n{'one answer, open connection':<34}{'ms':>8}")
    for name, seconds in medians.items():
        print(f"{name:<34}{1000 * seconds:>8.2f}")
    print(f"{'lookup --json, whole process':<34}{1000 * statistics.median(cold):>8.0f}")
    return {
        "deprivation(?, ?) over a select by key": medians["deprivation(?, ?)"]
        / medians["select by key"],
        "select by key, ms": 1000 * medians["select by key"],
        "10,000 postcodes by one query, seconds": statistics.median(lists),
    }


def ask(connection: duckdb.DuckDBPyConnection, query: str, asked: object) -> list[tuple]:
    return connection.execute(query, [asked]).fetchall()


def ask_many(connection: duckdb.DuckDBPyConnection) -> pa.Table:
    """All rows and columns as Arrow: to make Python's objects of them takes longer than to ask."""
    return connection.execute(MANY).to_arrow_table()


def seconds_of(run: Callable[[], object]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started
