"""How fast records get deprivation, beside the same join in pandas and in polars, in one run.

    scripts/benchmark.py enrich [--rows 1,10,100] [--peers-up-to 10] [--database FILE]
                                [--peers-python PYTHON] [--scratch FOLDER]

Parquet to Parquet, edition 2019, postcodes as they are written (one in five in lower case, without
its space, with too many; one in a hundred not a postcode). What is timed is a whole process, by
wall clock, and its peak memory. Then one warm deprivation() on an open connection and one cold
`deprivation lookup`. The peers read a Parquet file with one row a postcode, made beforehand, and
know neither statuses nor order by themselves: they get a left join by the postcode in upper case
without white space. --peers-python is a Python that has pandas, pyarrow and polars: pip install
'.[benchmark]' in an environment of its own, for where pandas is installed DuckDB's first query with
parameters takes a second longer.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

from deprivation import settings

EDITION = 2019
PANDAS = """
import sys, pandas
people, directory, output = sys.argv[1:]
records = pandas.read_parquet(people)
records["key"] = records["postcode"].str.replace(r"\\\\s+", "", regex=True).str.upper()
answers = pandas.read_parquet(directory)
records.merge(answers, on="key", how="left").drop(columns="key").to_parquet(output, index=False)
"""
POLARS = """
import sys, polars
people, directory, output = sys.argv[1:]
key = polars.col("postcode").str.replace_all(r"\\\\s+", "").str.to_uppercase().alias("key")
records = polars.scan_parquet(people).with_columns(key)
answers = polars.scan_parquet(directory)
joined = records.join(answers, on="key", how="left", maintain_order="left").drop("key")
joined.sink_parquet(output)
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", default="1,10,100", help="Millions of rows, by comma.")
    parser.add_argument("--peers-up-to", type=float, default=10, help="Millions of rows.")
    parser.add_argument("--peers-python", default=sys.executable, help="Has pandas and polars.")
    parser.add_argument("--database", type=Path, default=settings.database())
    parser.add_argument("--scratch", type=Path, help="Folder for what is made, and removed.")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.scratch) as folder:
        compare(Path(folder), options)
    lookups(options.database)


def compare(folder: Path, options: argparse.Namespace) -> None:
    """Print a line a case and number of rows: seconds, rows a second, MB, and the ratio."""
    directory = folder / "directory.parquet"
    with duckdb.connect(str(options.database), read_only=True) as connection:
        connection.execute(
            "copy (select postcode_key as key, area_code, imd_score, imd_rank, imd_decile,"
            f" imd_quintile from postcode_imd where edition = {EDITION}) to '{directory}'"
        )
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    print(f"{cpus} processors, load {os.getloadavg()[0]:.1f}")
    print(f"{'rows':>12} {'case':8} {'seconds':>8} {'rows/s':>12} {'peak MB':>8} {'ratio':>6}")
    for millions in map(float, options.rows.split(",")):
        rows = int(millions * 1_000_000)
        people = folder / "people.parquet"
        write_people(options.database, people, rows)
        output = folder / "output.parquet"
        cases = {"enrich": enrich_command(options.database, people, output)}
        if millions <= options.peers_up_to:
            for name, script in (("pandas", PANDAS), ("polars", POLARS)):
                files = [str(people), str(directory), str(output)]
                cases[name] = [options.peers_python, "-c", script.replace("\\\\", "\\"), *files]
        ours = None
        for name, command in cases.items():
            seconds, megabytes = run(command)
            ours = ours or seconds
            print(
                f"{rows:>12,} {name:8} {seconds:>8.2f} {rows / seconds:>12,.0f} {megabytes:>8,.0f}"
                f" {seconds / ours:>6.2f}",
                flush=True,
            )
            output.unlink(missing_ok=True)


def enrich_command(database: Path, people: Path, output: Path) -> list[str]:
    return [
        settings.program("deprivation"),
        "enrich",
        str(people),
        *("--postcode-column", "postcode", "--edition", str(EDITION)),
        *("--database", str(database), "--output", str(output)),
    ]


def write_people(database: Path, people: Path, rows: int) -> None:
    """A file of `rows` people: a number, a postcode as people write them, an age."""
    with duckdb.connect(str(database), read_only=True) as connection:
        (known,) = connection.execute("select count(*) from postcodes").fetchone()
        connection.execute(f"""
            copy (
                select
                    id,
                    case dice % 100
                        when 0 then 'not known'
                        when 1 then '  ' || postcode || '  '
                        when 2 then replace(postcode, ' ', '   ')
                        else case
                            when dice % 10 = 3 then lower(postcode)
                            when dice % 10 = 4 then replace(postcode, ' ', '')
                            else postcode
                        end
                    end as postcode,
                    cast(dice // 7 % 100 as utinyint) as age
                from (
                    select range as id, hash(range) as dice, hash(range + 1) % {known} as place
                    from range({rows})
                ) as people
                inner join (
                    select postcode, cast(row_number() over () - 1 as ubigint) as place
                    from postcodes
                ) as directory using (place)
            ) to '{people}'
        """)


def run(command: list[str]) -> tuple[float, float]:
    """Seconds by the clock and peak memory in MB of a process. Ends this one if it fails."""
    started = time.perf_counter()
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{command[0]} failed:\n{said}")
    scale = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return time.perf_counter() - started, usage.ru_maxrss / scale


def lookups(database: Path, times: int = 200) -> None:
    """Print the median of one lookup on an open connection and of a whole process."""
    with duckdb.connect(str(database), read_only=True) as connection:
        postcodes = [
            postcode
            for (postcode,) in connection.execute(
                f"select lower(postcode) from postcode_imd where edition = {EDITION}"
                f" and area_code is not null order by hash(postcode) limit {times}"
            ).fetchall()
        ]
        queries = {
            "deprivation()": f"from deprivation($1, {EDITION})",
            "postcode_imd": "from postcode_imd where postcode_key = postcode_key($1)",
        }
        for name, query in queries.items():
            seconds = []
            for postcode in postcodes:
                started = time.perf_counter()
                connection.execute(query, [postcode]).fetchall()
                seconds.append(time.perf_counter() - started)
            print(f"one warm lookup by {name}: {1000 * median(seconds):.1f} ms (median)")
    command = [settings.program("deprivation"), "lookup", "--database", str(database)]
    seconds = []
    for postcode in postcodes[:9]:
        started = time.perf_counter()
        subprocess.run([*command, postcode], stdout=subprocess.DEVNULL, check=True)
        seconds.append(time.perf_counter() - started)
    print(f"one cold `deprivation lookup`: {1000 * median(seconds):.0f} ms (median)")


def median(numbers: list[float]) -> float:
    return sorted(numbers)[len(numbers) // 2]


if __name__ == "__main__":
    main()
