#!/usr/bin/env python
"""How fast the project is beside the same jobs done plainly, all in one run on one machine.

    scripts/benchmark.py build [--rounds 3] [--peers-python PATH] [--rows 0.1,1,10]
    scripts/benchmark.py growth [--millions 0.3,1,3]   (scripts/benchmarks/growth.py)
    scripts/benchmark.py enrich ...                    (scripts/benchmarks/enrich.py)
    scripts/benchmark.py serve ...                     (scripts/benchmarks/serve.py)

`build` runs its cases in turn, each in processes of its own, on the inputs DEPRIVATION_DATA_DIR,
and shows medians:

read      The directory's columns that the build uses, read once into a table: the yardstick.
build     `deprivation build` as anyone runs it, from the files as published to the published file.
bare      One DuckDB connection that writes the same marts (scripts/benchmarks/bare.py).
main job  `dbt build --select +postcode_imd` with its tests, England 2015, 2019 and 2025.
pandas    The same rows by a pandas script (scripts/benchmarks/pandas_job.py).
newcomer  `deprivation build` without a data folder: synthetic data.

Then single answers and a list of 10,000 from the file that was built, and enrich beside polars and
pandas in the same file. At the end stands what there is to reach. --peers-python is a Python that
has pandas, pyarrow and polars: pip install '.[benchmark]' in an environment of its own, for where
pandas is installed DuckDB's first query with parameters takes a second longer.

Seconds are of the wall; on a machine that others use, compare the processors' seconds. Memory is
the largest resident set of any one process of the case. Linux and macOS.
"""

from __future__ import annotations

import argparse
import importlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from benchmarks import answers, bare, enrich

HERE = Path(__file__).resolve().parent
OTHERS = ("enrich", "serve", "growth")
MAIN_JOB = ["build", "--select", "+postcode_imd", "--vars", "{other_editions: false}"]
CASES = ("read", "build", "bare", "main job", "pandas", "newcomer")
SYNTHETIC = ("newcomer",)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    build = commands.add_parser("build", help="the build, single answers and enrich")
    build.add_argument("--rounds", type=int, default=1, help="alternating; medians are shown")
    build.add_argument("--cases", default=",".join(CASES), help="some of them, by comma")
    build.add_argument("--rows", default="0.1,1,10", help="millions of records to enrich; or 0")
    build.add_argument("--peers-python", default=sys.executable, metavar="PATH")
    build.add_argument("--scratch", type=Path, help="existing folder for all that is made")
    for other in OTHERS:
        commands.add_parser(other, help=f"see benchmarks/{other}.py", add_help=False)
    chosen, others = parser.parse_known_args()
    if chosen.command in OTHERS:
        sys.argv = [f"{sys.argv[0]} {chosen.command}", *others]
        importlib.import_module(f"benchmarks.{chosen.command}").main()
        return
    if others:
        parser.error(f"not known: {' '.join(others)}")
    if not os.environ.get("DEPRIVATION_DATA_DIR", "").strip():
        sys.exit("DEPRIVATION_DATA_DIR must name the folder of inputs (`deprivation sample`)")
    with tempfile.TemporaryDirectory(prefix="benchmark-", dir=chosen.scratch) as folder:
        compare(Path(folder), chosen)


def compare(scratch: Path, options: argparse.Namespace) -> None:
    """Run everything and print the tables. `scratch`: an empty folder."""
    wanted = options.cases.split(",")
    commands = commands_of(scratch, options.peers_python)
    cases = {case: command for case, command in commands.items() if case in wanted}
    if "pandas" in cases and not has(options.peers_python, "pandas", "pyarrow"):
        print(f"pandas: not installed for {options.peers_python}; left out")
        del cases["pandas"]
    bare.prepare_inputs(scratch / "prepared")
    runs: dict[str, list[tuple[float, ...]]] = {case: [] for case in cases}
    for _ in range(options.rounds):
        for case, command in cases.items():
            if case == "bare" and not (scratch / "manifest.json").exists():
                bare.compile_models(scratch, scratch / "build")
            runs[case].append(run_measured(command, scratch, case))
    medians = {case: [*map(statistics.median, zip(*runs[case], strict=True))] for case in runs}
    show(medians, {case: output_of(scratch, case) for case in cases})

    reached = ratios(medians)
    built = output_of(scratch, "build")
    if built.exists():
        reached["published file, MB"] = built.stat().st_size / 1e6
        reached |= answers.measure(built)
        if millions := [float(part) for part in options.rows.split(",") if float(part)]:
            reached |= enrich.peers(built, scratch, millions, options.peers_python, options.rounds)
    show_reached(reached)
    if {"build", "bare"} <= set(cases):
        differing = bare.differences(built, output_of(scratch, "bare"))
        print(*(differing or ["build and bare wrote the same tables"]), sep="\n")
        if differing:
            sys.exit(1)


def commands_of(scratch: Path, peers_python: str) -> dict[str, list[str]]:
    from deprivation import settings

    project = ["--project-dir", str(settings.PROJECT), "--profiles-dir", str(settings.PROJECT)]
    target = ["--target-path", str(scratch / "main job" / "target")]
    plain = [sys.executable, str(HERE / "benchmarks/bare.py")]
    prepared = str(scratch / "prepared")
    return {
        "read": [*plain, "read", prepared],
        "build": [settings.program("deprivation"), "build"],
        "bare": [*plain, "build", str(scratch / "manifest.json")],
        "main job": [settings.program("dbt"), "--quiet", *MAIN_JOB, *project, *target],
        "pandas": [peers_python, str(HERE / "benchmarks/pandas_job.py"), prepared],
        "newcomer": [settings.program("deprivation"), "build"],
    }


def output_of(scratch: Path, case: str) -> Path:
    name = "postcode_imd.parquet" if case == "pandas" else "deprivation.duckdb"
    return scratch / case / name


def has(python: str, *modules: str) -> bool:
    command = [python, "-c", f"import {', '.join(modules)}"]
    return not subprocess.run(command, capture_output=True).returncode


def run_measured(command: list[str], scratch: Path, case: str) -> tuple[float, float, float]:
    """Run a case into a new folder: wall seconds, processors' seconds, MB of its largest process.

    Ends this process if it fails.
    """
    folder = scratch / case
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    environment = os.environ | {
        "DEPRIVATION_DB": str(output_of(scratch, case)),
        "DEPRIVATION_INTERMEDIATE_DB": str(folder / "work.duckdb"),
        "DEPRIVATION_WORK_DIR": str(folder / "work"),
    }
    if case in SYNTHETIC:
        del environment["DEPRIVATION_DATA_DIR"]
    with (folder / "log").open("w+") as log:
        start = time.perf_counter()
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            log.seek(0)
            sys.exit(f"{' '.join(command)} ended with {process.returncode}:\n{log.read()[-4000:]}")
    peak = usage.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
    return seconds, usage.ru_utime + usage.ru_stime, peak


def show(medians: Mapping[str, list[float]], outputs: Mapping[str, Path]) -> None:
    columns = ("case", "seconds", "in reads", "processor s", "peak MB", "file MB")
    print(("{:<10}" + "{:>13}" * 5).format(*columns))
    read = medians.get("read", [float("nan")])[0]
    for case, (seconds, processor, peak) in medians.items():
        size = outputs[case].stat().st_size / 1e6
        numbers = f"{seconds:13.1f}{seconds / read:13.1f}{processor:13.1f}{peak:13,.0f}{size:13.1f}"
        print(f"{case:<10}{numbers}")


# What a run has to reach: name, figure, and whether more is better.
REACH = (
    ("build, in reads", 12, False),
    ("build over bare, wall", 1.3, False),
    ("build over bare, processor", 1.25, False),
    ("main job over pandas", 1.2, False),
    ("newcomer, processor seconds", 9, False),
    ("peak of the build, MB", 3000, False),
    ("published file, MB", 300, False),
    ("deprivation(?, ?) over a select by key", 1.5, False),
    ("10,000 postcodes by one query, seconds", 0.3, False),
    ("enrich of 100,000 records, polars' time over ours", 1, True),
    ("enrich of 1,000,000 records, polars' time over ours", 1, True),
    ("enrich of 10,000,000 records, polars' time over ours", 3, True),
    ("enrich of 10,000,000 records in order, polars' time over ours", 2, True),
)


def ratios(medians: Mapping[str, list[float]]) -> dict[str, float]:
    """What the cases come to, of those of REACH that are in the run."""

    def over(one: str, other: str, place: int = 0) -> float:
        return medians[one][place] / medians[other][place]

    found = {}
    if {"build", "read"} <= set(medians):
        found["build, in reads"] = over("build", "read")
    if {"build", "bare"} <= set(medians):
        found["build over bare, wall"] = over("build", "bare")
        found["build over bare, processor"] = over("build", "bare", 1)
    if {"main job", "pandas"} <= set(medians):
        found["main job over pandas"] = over("main job", "pandas")
    if "newcomer" in medians:
        found["newcomer, processor seconds"] = medians["newcomer"][1]
    if "build" in medians:
        found["peak of the build, MB"] = medians["build"][2]
    return found


def show_reached(reached: Mapping[str, float]) -> None:
    print(f"\n{'':<62}{'measured':>10}{'reach':>10}")
    for name, figure, more in REACH:
        if name in reached:
            there = reached[name]
            mark = "" if (there >= figure if more else there <= figure) else "  not reached"
            print(f"{name:<62}{there:>10,.2f}{figure:>10,}{mark}")
    for name in reached:
        if name not in [known for known, *_ in REACH]:
            print(f"{name:<62}{reached[name]:>10,.2f}")


if __name__ == "__main__":
    main()
