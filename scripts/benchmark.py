"""How the build compares with the same job done plainly: seconds, memory, size, side by side.

    scripts/benchmark.py build [--rounds 3] [--pandas-python PATH]
    scripts/benchmark.py enrich ...          (scripts/benchmark_enrich.py)

Three cases, one after the other, each in processes of its own, on the inputs DEPRIVATION_DATA_DIR:

dbt     `deprivation build` as anyone runs it, from the files as published to the published file.
bare    One DuckDB connection that reads the same files and writes the same marts: the compiled
        SQL of each model that a mart needs, in their order, staging and intermediate tables in
        memory. It unzips, hashes and reads as the build does, but parses no project and has no
        tests, no contracts, no comments, no functions, no second database file, no memory limit
        and no search for damaged rows. What it wrote is then compared with what dbt wrote.
pandas  The main job only, as a script would do it: each postcode with IMD rank, decile, quintile
        and decile within its local authority, per edition, to Parquet. Many columns fewer.

Seconds are of the wall; on a machine that others use, compare the processors' seconds. Memory is
the largest resident set of any one process of the case. Linux and macOS.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

MARTS = "models/marts/"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    build = commands.add_parser("build", help="dbt, a bare DuckDB script and pandas")
    build.add_argument("--rounds", type=int, default=1, help="alternating; medians are shown")
    build.add_argument("--pandas-python", default=sys.executable, metavar="PATH")
    build.add_argument("--scratch", type=Path, help="existing folder for all that is made")
    commands.add_parser("enrich", help="see benchmark_enrich.py", add_help=False)
    for case in ("bare", "pandas"):  # what the processes started here run
        commands.add_parser(case).add_argument("folder", type=Path)
    chosen, others = parser.parse_known_args()
    if others and chosen.command != "enrich":
        parser.error(f"not known: {' '.join(others)}")
    if chosen.command == "enrich":
        import benchmark_enrich

        sys.argv = [f"{sys.argv[0]} enrich", *others]
        benchmark_enrich.main()
    elif chosen.command == "bare":
        build_bare(chosen.folder)
    elif chosen.command == "pandas":
        build_with_pandas(chosen.folder)
    else:
        with tempfile.TemporaryDirectory(prefix="benchmark-", dir=chosen.scratch) as folder:
            compare_builds(Path(folder), chosen.rounds, chosen.pandas_python)


def compare_builds(scratch: Path, rounds: int, pandas_python: str) -> None:
    """Time each case `rounds` times in turn and print the table. `scratch`: an empty folder."""
    from deprivation import settings

    if not settings.data_dir():
        sys.exit("DEPRIVATION_DATA_DIR must name the folder of inputs (`deprivation sample`)")
    this = str(Path(__file__).resolve())
    cases = {
        "dbt": [settings.program("deprivation"), "build"],
        "bare": [sys.executable, this, "bare", str(scratch)],
        "pandas": [pandas_python, this, "pandas", str(scratch)],
    }
    outputs = {
        "dbt": scratch / "dbt" / "deprivation.duckdb",
        "bare": scratch / "bare" / "deprivation.duckdb",
        "pandas": scratch / "pandas" / "postcode_imd.parquet",
    }
    there = [pandas_python, "-c", "import pandas, pyarrow"]
    if subprocess.run(there, capture_output=True).returncode:
        print(f"pandas: not installed for {pandas_python}; left out")
        del cases["pandas"]

    compile_models(scratch)
    runs: dict[str, list[tuple[float, ...]]] = {case: [] for case in cases}
    for _ in range(rounds):
        for case, command in cases.items():
            folder = scratch / case
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            runs[case].append(run_measured(command, folder, outputs[case]))

    columns = ("case", "seconds", "/ bare", "processor s", "/ bare", "peak MB", "file MB")
    print(("{:<7}" + "{:>12}" * 6).format(*columns))
    medians = {case: [*map(statistics.median, zip(*runs[case], strict=True))] for case in runs}
    bare = medians["bare"]
    for case, output in outputs.items():
        if case in runs:
            seconds, processor, peak = medians[case]
            print(f"{case:<7}{seconds:12.1f}{seconds / bare[0]:12.2f}{processor:12.1f}", end="")
            print(f"{processor / bare[1]:12.2f}{peak:12,.0f}{output.stat().st_size / 1e6:12.1f}")
    differing = differences(outputs["dbt"], outputs["bare"])
    print(*(differing or ["dbt and bare wrote the same tables"]), sep="\n")
    if differing:
        sys.exit(1)


def run_measured(command: list[str], folder: Path, output: Path) -> tuple[float, float, float]:
    """Run a case into `folder`: wall seconds, processors' seconds, MB of its largest process."""
    environment = os.environ | {
        "DEPRIVATION_DB": str(output),
        "DEPRIVATION_WORK_DIR": str(folder / "work"),
    }
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


# Bare -------------------------------------------------------------------------------------------


def compile_models(scratch: Path) -> None:
    """Write `scratch`/manifest.json, which holds the SQL of all models."""
    from deprivation import settings

    folder = scratch / "compiled"
    environment = os.environ | {
        "DEPRIVATION_DB": str(folder / "deprivation.duckdb"),
        "DEPRIVATION_WORK_DIR": str(folder / "work"),
        "DBT_TARGET_PATH": str(folder),
    }
    command = [settings.program("dbt"), "--quiet", "compile", "--select", "resource_type:model"]
    command += ["--project-dir", str(settings.PROJECT), "--profiles-dir", str(settings.PROJECT)]
    subprocess.run(command, env=environment, check=True)
    (folder / "manifest.json").rename(scratch / "manifest.json")
    shutil.rmtree(folder)


def build_bare(scratch: Path) -> None:
    """Write DEPRIVATION_DB from DEPRIVATION_DATA_DIR with DuckDB alone, by the compiled SQL."""
    import duckdb

    from deprivation import inputs, settings

    inputs.check_rows = lambda path: path.read_bytes().count(b"\n") - 1
    prepared = settings.work_dir() / "inputs"
    inputs.prepare(settings.data_dir(), prepared)
    with duckdb.connect(str(settings.database())) as connection:
        connection.execute("attach ':memory:' as work")
        connection.execute("set preserve_insertion_order = false")
        connection.execute(f"set variable inputs = '{prepared}'")
        for node in needed_by_marts(json.loads((scratch / "manifest.json").read_text())):
            connection.execute(f"create schema if not exists {node['database']}.{node['schema']}")
            kind, query = "table", node.get("compiled_code")
            if node["resource_type"] == "seed":
                types = node["config"]["column_types"]
                path = settings.PROJECT / node["original_file_path"]
                query = f"from read_csv('{path}', header = true, types = {types})"
            elif node["config"]["materialized"] == "view":
                kind = "view"
            connection.execute(f"create {kind} {node['relation_name']} as {query}")


def needed_by_marts(manifest: dict) -> list[dict]:
    """The marts, and the models and seeds they are made of, each after those it reads."""
    nodes, ordered = manifest["nodes"], {}

    def add(key: str) -> None:
        if key in nodes and key not in ordered:
            for parent in nodes[key]["depends_on"].get("nodes", []):
                add(parent)
            ordered[key] = nodes[key]

    for key, node in nodes.items():
        if node["resource_type"] == "model" and node["original_file_path"].startswith(MARTS):
            add(key)
    return list(ordered.values())


def differences(dbt: Path, bare: Path) -> list[str]:
    """What differs between the marts in two files, a line each."""
    from deprivation.publish import promised_tables

    found = []
    for table in promised_tables():
        left, right = fingerprint(dbt, table), fingerprint(bare, table)
        for name in left | right:
            pair = left.get(name), right.get(name)
            fractions = all(isinstance(value, float) for value in pair)
            if not (math.isclose(*pair) if fractions else pair[0] == pair[1]):
                found.append(f"{table}, {name}: {pair[0]} in dbt's file, {pair[1]} in the bare")
    return found


def fingerprint(database: Path, table: str) -> dict[str, object]:
    """Columns, rows and checksums of a table.

    A sum of fractions depends in its last bits on their order, so these are not hashed but summed,
    each by a weight that the other columns of its row give.
    """
    import duckdb

    with duckdb.connect(str(database), read_only=True) as connection:
        described = connection.execute(f"describe {table}").fetchall()
        types = {name: data_type for name, data_type, *_ in described}
        exact = ", ".join(name for name in types if types[name] != "DOUBLE")
        sums = {"rows": "count(*)", "all but fractions": f"sum(hash({exact}))"} | {
            name: f"sum({name} * (hash({exact}) % 1009)) / count(*)"
            for name in types
            if types[name] == "DOUBLE"
        }
        row = connection.execute(f"select {', '.join(sums.values())} from {table}").fetchone()
    return {"columns": types, **dict(zip(sums, row, strict=True))}


# Pandas -----------------------------------------------------------------------------------------

AREA_COLUMNS = {2015: "lsoa_2011_code", 2019: "lsoa_2011_code", 2025: "lsoa_2021_code"}


def build_with_pandas(scratch: Path) -> None:
    """Write DEPRIVATION_DB, a Parquet file, from DEPRIVATION_DATA_DIR with pandas.

    Under which names the columns stand is taken from what the bare case prepared.
    """
    import numpy
    import pandas

    data, inputs = Path(os.environ["DEPRIVATION_DATA_DIR"]), scratch / "bare" / "work" / "inputs"
    headers = pandas.read_csv(inputs / "directory_columns.csv").set_index("header").squeeze()
    wanted = ["postcode", "country_code", "lad_code", *AREA_COLUMNS.values()]
    files: list = sorted((inputs / "postcode_directory").iterdir())
    for archive in map(zipfile.ZipFile, data.glob("onspd/*.zip")):
        members = {Path(name).name: name for name in archive.namelist()}
        files = [archive.open(members[file.name]) for file in files]
    directory = pandas.concat(
        pandas.read_csv(file, usecols=headers.index[headers.isin(wanted)], dtype=str)
        for file in files
    ).rename(columns=headers)
    directory = directory[directory["country_code"] == "E92000001"]
    editions = []
    for edition, area_column in AREA_COLUMNS.items():
        (file,) = data.glob(f"iod/File_7*{edition}*.csv")
        areas = pandas.read_csv(file, usecols=lambda name: "LSOA code" in name or "IMD" in name)
        areas.columns = [area_column, "score", "rank", "decile"]
        areas["quintile"] = (areas["decile"] + 1) // 2
        # An area's local authority is that of most of its postcodes.
        votes = directory.groupby([area_column, "lad_code"]).size().rename("votes").reset_index()
        votes = votes.sort_values(["votes", "lad_code"], ascending=[False, True])
        votes = votes.drop_duplicates(area_column)[[area_column, "lad_code"]]
        areas = areas.merge(votes, on=area_column).sort_values(["rank", area_column])
        areas["local_decile"] = areas.groupby("lad_code")["rank"].transform(
            # As NTILE does: where ten groups cannot be equal, the first are one larger.
            lambda ranks: numpy.repeat(range(1, 11), [*map(len, numpy.array_split(ranks, 10))])
        )
        joined = directory[["postcode", area_column]].merge(
            areas.drop(columns="lad_code"), on=area_column, how="left"
        )
        editions.append(joined.rename(columns={area_column: "area_code"}).assign(edition=edition))
    result = pandas.concat(editions).sort_values(["postcode", "edition"])
    result.to_parquet(os.environ["DEPRIVATION_DB"], index=False)


if __name__ == "__main__":
    main()
