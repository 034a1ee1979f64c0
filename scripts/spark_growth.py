#!/usr/bin/env python
"""How enriching records on a Spark cluster grows with the records and with the workers.

    scripts/spark_growth.py EXPORT [--records 10 30 100] [--workers 1 2 4] [--sort-merge 30]

EXPORT is a folder that `deprivation export --format parquet` wrote. For each case a standalone
master and so many worker processes of one core each start on this machine, and Spark runs what
`deprivation sql enriched records --edition 2019 --dialect spark` prints, from Parquet to Parquet.
Half of the records share one key (--hot, a word for no postcode), the others have postcodes of the
directory, drawn at random. --sort-merge runs so many million records once more with the directory
not sent to the workers but sorted and merged by key, which shows what the hot key does then.

    seconds       by the wall, of the query alone, the sending of the directory to the workers in it
    core s        of the processor that all its tasks took, per million records
    shuffle       bytes that tasks wrote for others, per million records
    longest       task of the stage that writes the result, seconds, beside the median of its tasks
    heap          the largest of a worker's, MB, garbage in it
    sent          to each worker by broadcast, MB

Ends with 1 unless there is one row out for each row in: as many, with the same
checksum, the hot half `missing`, and all others with the status of a postcode of the directory.
Needs Java 17 or later; makes .venv-spark as scripts/compare_engines does.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

import duckdb

from benchmarks.spark_cluster import HERE, cluster
from benchmarks.spark_events import Measured, measured
from deprivation import sql_macros
from deprivation.sql import literal

PROJECT = Path(__file__).resolve().parents[1]
JOB = PROJECT / "scripts" / "benchmarks" / "spark_job.py"
EDITION = 2019
# A file and a task for each: how long a task takes then does not hang on the number of records.
RECORDS_IN_A_FILE = 1_000_000
# The query's hint, and what it is for a join of the directory by key.
HINTS = "broadcast(directory, ", "merge(directory), broadcast("
COLUMNS = ("records", "workers", "join", "tasks", "seconds", "core s", "shuffle", "longest")
COLUMNS += ("median", "heap", "sent")
# Of the join and of the bytes shuffled.
WIDTHS = {2: 15, 6: 13}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("export", type=Path)
    parser.add_argument("--records", type=float, nargs="*", default=[10, 30], help="millions")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--sort-merge", type=float, metavar="MILLIONS", help="by key")
    parser.add_argument("--hot", default="UNKNOWN", help="what half of the records have")
    parser.add_argument("--memory", default="2g", help="of each worker and of the driver")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="in Spark")
    parser.add_argument("--scratch", type=Path, help="existing folder for all that is made")
    chosen = parser.parse_args()
    lacking = [
        name for name in sql_macros.TABLES if not (chosen.export / f"{name}.parquet").exists()
    ]
    if lacking:
        sys.exit(
            f"{chosen.export} lacks {lacking[0]}.parquet;"
            f" run: deprivation export --format parquet --output {chosen.export}"
        )
    python = spark_environment() / "bin" / "python"
    query = sql_macros.enriched(
        "records", "spark", "deprivation", postcode_column="postcode", edition=EDITION
    )
    own = dict(setting.split("=", 1) for setting in chosen.set)
    cases = [(part, workers, query) for part in chosen.records for workers in chosen.workers]
    if chosen.sort_merge:
        cases.append((chosen.sort_merge, max(chosen.workers), query.replace(*HINTS)))
    print(line(COLUMNS), flush=True)
    with tempfile.TemporaryDirectory(prefix="spark-growth-", dir=chosen.scratch) as scratch:
        records, made = Path(scratch) / "records", None
        for millions, workers, query in cases:
            if made != millions:
                shutil.rmtree(records, ignore_errors=True)
                write_records(chosen.export, records, round(millions * 1e6), chosen.hot)
                made = millions
            folder = Path(scratch) / "run"
            folder.mkdir()
            with cluster(python, workers, chosen.memory, folder) as master:
                (folder / "query.sql").write_text(query, encoding="utf-8")
                options = settings(folder, chosen.memory, workers) | {"spark.master": master} | own
                seconds = run(python, chosen.export.resolve(), records, folder, options)
            (log,) = (folder / "events").iterdir()
            with log.open(encoding="utf-8") as events:
                found = measured(map(json.loads, events))
            print(line(cells(millions, workers, seconds, found)), flush=True)
            check(records, folder / "output", chosen.hot)
            shutil.rmtree(folder)


def spark_environment() -> Path:
    """The folder .venv-spark, made if need be."""
    make = f"source {PROJECT}/scripts/environment.sh; make_spark_environment"
    done = subprocess.run(["bash", "-c", make], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(done.returncode)
    return Path(done.stdout.splitlines()[-1])


def write_records(export: Path, folder: Path, rows: int, hot: str) -> None:
    """Parquet files of a number and a postcode; every other row has `hot`."""
    folder.mkdir()
    with duckdb.connect(config={"memory_limit": "2GB"}) as connection:
        connection.execute(
            "create table directory as select row_number() over () - 1 as place, postcode"
            f" from read_parquet({literal(export / 'postcodes.parquet')})"
        )
        (known,) = connection.execute("select count(*) from directory").fetchone()
        for first in range(0, rows, RECORDS_IN_A_FILE):
            connection.execute(f"""
                copy (
                    select id, if(id % 2 = 0, {literal(hot)}, postcode) as postcode
                    from (
                        select range as id, cast(hash(range) % {known} as bigint) as place
                        from range({first}, {min(rows, first + RECORDS_IN_A_FILE)})
                    ) as drawn
                    inner join directory using (place)
                ) to {literal(folder / f"{first:012}.parquet")}
            """)


def settings(folder: Path, memory: str, workers: int) -> dict[str, str]:
    """Spark's settings for a run: its files in `folder`, each worker with all of its memory."""
    return {
        "spark.driver.host": HERE,
        "spark.driver.memory": memory,
        "spark.executor.memory": memory,
        "spark.executor.cores": "1",
        "spark.cores.max": str(workers),
        "spark.scheduler.minRegisteredResourcesRatio": "1.0",
        "spark.eventLog.enabled": "true",
        "spark.eventLog.dir": f"file://{folder / 'events'}",
        "spark.eventLog.compress": "false",
        "spark.eventLog.rolling.enabled": "false",
        "spark.local.dir": str(folder / "local"),
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.sql.files.maxPartitionBytes": "16m",
        "spark.ui.enabled": "false",
    }


def run(python: Path, export: Path, records: Path, folder: Path, options: dict[str, str]) -> float:
    """Seconds of folder/query.sql; leaves folder/output and one file in folder/events."""
    (folder / "events").mkdir()
    command = [python, JOB, export, records, folder / "query.sql", folder / "output"]
    done = subprocess.run(
        [*command, *(f"{name}={value}" for name, value in options.items())],
        cwd=folder,
        env=os.environ | {"SPARK_LOCAL_IP": HERE},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"Spark failed:\n{done.stderr[-3000:]}")
    return float(done.stdout.split()[-1])


def check(records: Path, output: Path, hot: str) -> None:
    """End with 1 unless there is one row out for each row in."""
    counts = "select count(*), sum(hash(id, postcode)) from read_parquet({})"
    before, after = (literal(folder / "*.parquet") for folder in (records, output))
    with duckdb.connect() as connection:
        rows = [connection.execute(counts.format(files)).fetchone() for files in (before, after)]
        wrong = connection.execute(
            f"select postcode, match_status, count(*) from read_parquet({after})"
            f" where (postcode = {literal(hot)}) <> (match_status = 'missing')"
            " or match_status not in"
            " ('missing', 'matched', 'matched_terminated', 'outside_coverage', 'no_area')"
            " group by all limit 3"
        ).fetchall()
    if rows[0] != rows[1] or wrong:
        sys.exit(f"rows and their checksum in {rows[0]}, out {rows[1]}; wrong: {wrong}")


def cells(millions: float, workers: int, seconds: float, found: Measured) -> list[str]:
    return [
        f"{millions:g} M",
        str(workers),
        found.join,
        str(found.tasks),
        f"{seconds:.0f}",
        f"{found.processor_seconds / millions:.1f}",
        f"{found.shuffle_bytes / millions:,.0f}",
        f"{found.longest:.1f}",
        f"{found.median:.1f}",
        f"{found.heap_bytes / 1e6:,.0f}",
        f"{found.broadcast_bytes / 1e6:,.0f}",
    ]


def line(values: Iterable[str]) -> str:
    return "".join(f"{value:>{WIDTHS.get(place, 9)}}" for place, value in enumerate(values))


if __name__ == "__main__":
    main()
