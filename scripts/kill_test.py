#!/usr/bin/env python
"""Kill build, refresh, export and enrich at random moments; check what is left after each.

    scripts/kill_test.py [--kills 1000] [--jobs 2] [--only build,export] [--seed 1]
                         [--postgres "host=/run/postgresql dbname=trial"]

After each kill the published file, the exports and the enriched file are those before or the new
ones, whole; at the end one run of each that is not killed must leave nothing behind. Half of the
kills come in the last fifth of a run, where things are put in their places. Works in temporary
folders, one a job, with a small synthetic data set; --postgres names a database in which schemas
kill_test_1, ... are made and dropped. Exit code: 0 where nothing was broken.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import psycopg
from psycopg import sql

COMMAND = Path(sys.executable).parent / "deprivation"
COMMANDS = ("build", "refresh", "parquet", "uplift", "postgres", "enrich")
RECORDS = 400_000


class BrokenError(Exception):
    """Something that a kill must not do."""


class Place:
    """A folder with a synthetic data set, a published file, exports and an enriched file."""

    def __init__(self, folder: Path, postgres: str | None = None, schema: str = "kill_test"):
        self.folder, self.postgres, self.schema = folder, postgres, schema
        self.database = folder / "deprivation.duckdb"
        self.parquet, self.uplifts = folder / "parquet", folder / "uplifts.csv"
        self.people, self.enriched = folder / "people.csv", folder / "enriched.csv"
        self.environment = {
            key: value for key, value in os.environ.items() if not key.startswith("DEPRIVATION_")
        } | {
            "DEPRIVATION_DB": str(self.database),
            "DEPRIVATION_DATA_DIR": str(folder / "data"),
            "DEPRIVATION_WORK_DIR": str(folder / "work"),
        }
        self.run("sample", "--postcodes", "600", "--areas", "60", "--output", folder / "data")
        self.run("build")
        with duckdb.connect(str(self.database), read_only=True) as connection:
            self.postcodes = [
                row[0] for row in connection.execute("select postcode from postcodes").fetchall()
            ]
        with self.people.open("w") as file:
            file.write("id,postcode\n")
            for number in range(RECORDS):
                file.write(f"{number},{self.postcodes[number % len(self.postcodes)]}\n")

    def commands(self) -> dict[str, list]:
        export = ["export", "--format"]
        return {
            "build": ["build"],
            "refresh": ["refresh", "--no-fetch", "--force"],
            "parquet": [*export, "parquet", "--output", self.parquet],
            "uplift": [*export, "uplift", "--output", self.uplifts, "--force"],
            "postgres": [*export, "postgres", "--schema", self.schema, "--output", self.postgres],
            "enrich": [
                "enrich", self.people, "--postcode-column", "postcode", "--output", self.enriched,
                "--force", "--allow-synthetic",
            ],
        }  # fmt: skip

    def start(self, *arguments) -> subprocess.Popen:
        return subprocess.Popen(
            [COMMAND, *map(str, arguments)],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments) -> float:
        """Run to the end; the seconds it took."""
        started = time.monotonic()
        running = self.start(*arguments)
        _, said = running.communicate()
        if running.returncode:
            raise BrokenError(f"{arguments[0]} failed: {said[-2000:]}")
        return time.monotonic() - started

    def check(self, name: str) -> None:
        """What the command `name` writes is whole."""
        if name in ("build", "refresh"):
            with duckdb.connect(str(self.database), read_only=True) as connection:
                query = "select table_name from duckdb_tables()"
                for (table,) in connection.execute(query).fetchall():
                    connection.execute(f"select count(*), max(hash(t)) from {table} as t")
                found = connection.execute("select count(*) from postcodes").fetchone()
            expected = len(self.postcodes)
        elif name == "parquet":
            with duckdb.connect() as connection:
                file = f"{self.parquet}/postcodes.parquet"
                found = connection.execute(f"select count(*) from '{file}'").fetchone()
            expected = len(self.postcodes)
        elif name == "postgres":
            with psycopg.connect(self.postgres) as connection:
                table = sql.Identifier(self.schema, "postcodes")
                found = connection.execute(
                    sql.SQL("select count(*) from {}").format(table)
                ).fetchone()
            expected = len(self.postcodes)
        else:
            file, expected = (
                (self.enriched, RECORDS + 1) if name == "enrich" else (self.uplifts, self.lines)
            )
            with file.open("rb") as opened:
                found = (sum(1 for _ in opened),)
        if found != (expected,):
            raise BrokenError(f"{name}: {found[0]} rows of {expected}")

    def first_runs(self, names: list[str]) -> dict[str, float]:
        """Run each command once; the seconds that each took."""
        seconds = {name: self.run(*self.commands()[name]) for name in names}
        if "uplift" in names:
            self.lines = len(self.uplifts.read_bytes().splitlines())
        for name in names:
            self.check(name)
        return seconds

    def left(self) -> list[str]:
        """What is there beside what ought to be."""
        wanted = {"data", "work", "parquet", "people.csv", "enriched.csv", "uplifts.csv"}
        wanted |= {self.database.name + more for more in ("", ".lock", ".previous")}
        found = sorted(path.name for path in self.folder.iterdir() if path.name not in wanted)
        if self.postgres:
            with psycopg.connect(self.postgres) as connection:
                query = "select tablename from pg_tables where schemaname = %s"
                tables = connection.execute(query, [self.schema]).fetchall()
            found += sorted(name for (name,) in tables if name.endswith("__new"))
        return found


def kill_all(
    place: Place, names: list[str], kills: int, say: Callable[[str], None], seed: int
) -> collections.Counter:
    """How many runs of each command were killed before their end. Raises BrokenError."""
    dice = random.Random(seed)
    seconds = place.first_runs(names)
    killed: collections.Counter = collections.Counter()
    for number in range(kills):
        name = names[number % len(names)]
        share = dice.uniform(0.8, 1.03) if dice.random() < 0.5 else dice.random()
        started = time.monotonic()
        running = place.start(*place.commands()[name])
        with contextlib.suppress(subprocess.TimeoutExpired):
            running.wait(0.05 + share * seconds[name])
            # Ended before its kill: runs are shorter than they were.
            seconds[name] = time.monotonic() - started
        running.send_signal(signal.SIGKILL)
        _, said = running.communicate()
        if running.returncode not in (0, -signal.SIGKILL):
            code = running.returncode
            raise BrokenError(f"run {number}, {name}: ended with {code}: {said[-2000:]}")
        killed[name] += running.returncode == -signal.SIGKILL
        try:
            place.check(name)
        except (BrokenError, duckdb.Error, psycopg.Error, OSError) as error:
            raise BrokenError(f"kill {number} of {name}: {error}") from error
        if (number + 1) % 20 == 0:
            say(f"{number + 1} runs, {killed.total()} killed before their end, 0 broken")
    for name in names:
        place.run(*place.commands()[name])
        place.check(name)
    if left := place.left():
        raise BrokenError(f"left behind: {', '.join(left)}")
    return killed


def job(options: argparse.Namespace, number: int) -> collections.Counter:
    """One job's share of the kills, in a folder and a schema of its own."""
    names = options.only.split(",")
    kills = options.kills // options.jobs + (number <= options.kills % options.jobs)
    schema = f"kill_test_{number}"
    with tempfile.TemporaryDirectory(prefix="deprivation-kills-") as folder:
        place = Place(Path(folder), options.postgres, schema)
        try:
            return kill_all(
                place,
                # Jobs start with different commands.
                [*names[number % len(names) :], *names[: number % len(names)]],
                kills,
                lambda text: print(f"job {number}: {text}", flush=True),
                options.seed + number,
            )
        finally:
            if options.postgres:
                with psycopg.connect(options.postgres) as connection:
                    drop = sql.SQL("drop schema if exists {} cascade")
                    connection.execute(drop.format(sql.Identifier(schema)))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=100, help="runs to kill (default 100)")
    parser.add_argument("--jobs", type=int, default=1, help="that many at once (default 1)")
    parser.add_argument("--only", help=f"commands, by comma, of {','.join(COMMANDS)}")
    parser.add_argument("--seed", type=int, default=1, help="of the random moments")
    parser.add_argument("--postgres", metavar="STRING", help="export there too")
    options = parser.parse_args()
    options.only = options.only or ",".join(
        name for name in COMMANDS if options.postgres or name != "postgres"
    )
    if unknown := set(options.only.split(",")) - set(COMMANDS):
        parser.error(f"--only knows no {', '.join(sorted(unknown))}")
    if "postgres" in options.only and not options.postgres:
        parser.error("postgres needs --postgres")
    started = time.monotonic()
    killed: collections.Counter = collections.Counter()
    with ThreadPoolExecutor(options.jobs) as pool:
        jobs = [pool.submit(job, options, number) for number in range(1, options.jobs + 1)]
        try:
            for one in jobs:
                killed += one.result()
        except BrokenError as broken:
            print(f"broken: {broken}", file=sys.stderr, flush=True)
            return 1
    seconds = time.monotonic() - started
    each = ", ".join(f"{name} {count}" for name, count in sorted(killed.items()))
    print(
        f"{options.kills} runs, {killed.total()} killed before their end ({each}), 0 broken, in"
        f" {seconds:,.0f} s ({seconds / max(options.kills, 1):.1f} s a run)"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
