"""How fast records get deprivation, beside the same join in polars and pandas, in one run.

    scripts/benchmark.py enrich [--rows 0.1,1,10] [--rounds 1] [--database FILE]
                                [--peers-python PYTHON] [--scratch FOLDER]

Parquet to Parquet, edition 2019, postcodes as they are written (one in five in lower case, without
its space, with too many; one in a hundred not a postcode), in random order and in the postcodes'
own, with 3 columns and with 8. What is timed is a whole process, by wall clock, and its peak
memory; of several rounds, the medians. The peers read a Parquet file with one row a postcode, made
beforehand, and know neither statuses nor order by themselves: they get a left join by the postcode
in upper case without white space.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import duckdb

from deprivation import settings

EDITION = 2019
PANDAS = r"""
import sys, pandas
people, directory, output = sys.argv[1:]
records = pandas.read_parquet(people)
records["key"] = records["postcode"].str.replace(r"\s+", "", regex=True).str.upper()
answers = pandas.read_parquet(directory)
records.merge(answers, on="key", how="left").drop(columns="key").to_parquet(output, index=False)
"""
POLARS = r"""
import sys, polars
people, directory, output = sys.argv[1:]
key = polars.col("postcode").str.replace_all(r"\s+", "").str.to_uppercase().alias("key")
records = polars.scan_parquet(people).with_columns(key)
answers = polars.scan_parquet(directory)
joined = records.join(answers, on="key", how="left", maintain_order="left").drop("key")
joined.sink_parquet(output)
"""
WIDE = """,
    date '2015-01-01' + cast(dice % 3650 as integer) as seen_on,
    cast(dice % 100000 as double) / 7 as amount,
    'clinic ' || dice % 40 as clinic,
    md5(cast(id as varchar))[:12] as reference,
    cast(dice % 1000000 as integer) as visits"""
# Rows in millions up to which pandas, which holds all in memory, is run.
PANDAS_UP_TO = 1


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", default="0.1,1,10", help="Millions of rows, by comma.")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--peers-python", default=sys.executable, help="Has polars and pandas.")
    parser.add_argument("--database", type=Path, default=settings.database())
    parser.add_argument("--scratch", type=Path, help="Folder for what is made, and removed.")
    options = parser.parse_args()
    millions = [float(part) for part in options.rows.split(",")]
    with tempfile.TemporaryDirectory(dir=options.scratch) as folder:
        peers(options.database, Path(folder), millions, options.peers_python, options.rounds)


def peers(
    database: Path, folder: Path, millions: Sequence[float], python: str, rounds: int
) -> dict[str, float]:
    """Print a line a case; polars' time over ours, by name, of the records with 3 columns."""
    scripts = {
        name: script
        for name, script in (("polars", POLARS), ("pandas", PANDAS))
        if not subprocess.run([python, "-c", f"import {name}"], capture_output=True).returncode
    }
    for name in {"polars", "pandas"} - set(scripts):
        print(f"{name}: not installed for {python}; left out")
    directory = folder / "directory.parquet"
    with duckdb.connect(str(database), read_only=True) as connection:
        connection.execute(
            "copy (select postcode_key as key, area_code, imd_score, imd_rank, imd_decile,"
            f" imd_quintile from postcode_imd where edition = {EDITION}) to '{directory}'"
        )
    columns = ("rows", "order", "columns", "case", "seconds", "processor", "peak MB", "over ours")
    print(("\n{:>12}{:>10}{:>9}{:>9}" + "{:>11}" * 4).format(*columns))
    found = {}
    for rows in (round(1_000_000 * part) for part in millions):
        for order, width in (("random", 3), ("random", 8), ("postcode", 3), ("postcode", 8)):
            people, output = folder / "people.parquet", folder / "output.parquet"
            write_people(database, people, rows, order == "postcode", width > 3)
            cases = {"enrich": enrich_command(database, people, output)}
            for name, script in scripts.items():
                if name == "polars" or rows <= PANDAS_UP_TO * 1_000_000:
                    cases[name] = [python, "-c", script, *map(str, (people, directory, output))]
            runs: dict[str, list[tuple[float, ...]]] = {name: [] for name in cases}
            for _ in range(rounds):
                for name, command in cases.items():
                    runs[name].append(run(command))
                    output.unlink(missing_ok=True)
            people.unlink()
            ours = statistics.median(seconds for seconds, *_ in runs["enrich"])
            for name, figures in runs.items():
                seconds, processor, peak = map(statistics.median, zip(*figures, strict=True))
                print(
                    f"{rows:>12,}{order:>10}{width:>9}{name:>9}{seconds:>11.2f}{processor:>11.2f}"
                    f"{peak:>11,.0f}{seconds / ours:>11.2f}",
                    flush=True,
                )
                if name == "polars" and width == 3:
                    where = " in order" if order == "postcode" else ""
                    title = f"enrich of {rows:,} records{where}, polars' time over ours"
                    found[title] = seconds / ours
    return found


def enrich_command(database: Path, people: Path, output: Path) -> list[str]:
    return [
        settings.program("deprivation"),
        "enrich",
        str(people),
        *("--postcode-column", "postcode", "--edition", str(EDITION)),
        *("--database", str(database), "--output", str(output)),
    ]


def write_people(
    database: Path, people: Path, rows: int, in_order: bool = False, is_wide: bool = False
) -> None:
    """A file of `rows` people: a number, a postcode as people write them, an age, and more."""
    with duckdb.connect(config={"memory_limit": "2GB"}) as connection:
        connection.execute(f"attach '{database}' as published (read_only)")
        connection.execute("use published")
        connection.execute(f"set temp_directory = '{people.parent / 'sorting'}'")
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
                    cast(dice // 7 % 100 as utinyint) as age{WIDE if is_wide else ""}
                from (
                    select range as id, hash(range) as dice, hash(range + 1) % {known} as place
                    from range({rows})
                ) as people
                inner join (
                    select postcode, cast(row_number() over () - 1 as ubigint) as place
                    from postcodes
                ) as directory using (place)
                {"order by directory.postcode" if in_order else ""}
            ) to '{people}'
        """)


def run(command: list[str]) -> tuple[float, float, float]:
    """Wall and processors' seconds and peak MB of a process; at its failure this one ends, too.

    Linux counts no less than what this process held when it started the other.
    """
    started = time.perf_counter()
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    if status:
        sys.exit(f"{command[0]} failed:\n{said}")
    scale = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / scale


if __name__ == "__main__":
    main()
