"""The marts by one DuckDB connection, without dbt: what scripts/benchmark.py compares with.

The compiled SQL of each model that a mart needs, in their order, staging and intermediate tables
in memory. It unzips, hashes and reads as the build does, but parses no project and has no tests, no
contracts, no comments, no functions, no second database file, no memory limit and no search for
damaged rows. What it wrote is then compared with what the build wrote.

    scripts/benchmarks/bare.py read PREPARED_FOLDER    one read of the directory's used columns
    scripts/benchmarks/bare.py build MANIFEST
"""

from __future__ import annotations

import csv
import json
import math
import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb

from deprivation import settings
from deprivation.inputs import editions, prepare
from deprivation.sql import identifier, literal

MARTS = "models/marts/"


def prepare_inputs(folder: Path) -> None:
    """The prepared inputs of DEPRIVATION_DATA_DIR in `folder`."""
    prepare.prepare(settings.data_dir(), folder)


def read_directory(prepared: Path) -> None:
    """Write DEPRIVATION_DB: a table of the directory's columns that the build uses, as text."""
    with (prepared / "directory_columns.csv").open(encoding="utf-8", newline="") as file:
        used = ", ".join(identifier(row["header"]) for row in csv.DictReader(file))
    files = literal(str(prepared / "postcode_directory" / "*.csv"))
    with duckdb.connect(str(settings.database())) as connection:
        connection.execute("set preserve_insertion_order = false")
        connection.execute(
            f"create table directory as select {used} from read_csv({files}, all_varchar = true,"
            " header = true, delim = ',', quote = '\"', escape = '\"')"
        )


def compile_models(scratch: Path, built: Path) -> None:
    """Write `scratch`/manifest.json, which holds the SQL of all models.

    built: the folder of a finished build of the same inputs, which some models look into.
    """
    folder = scratch / "compiled"
    environment = os.environ | {
        "DEPRIVATION_DB": str(built / "deprivation.duckdb"),
        "DEPRIVATION_INTERMEDIATE_DB": str(built / "work.duckdb"),
        "DEPRIVATION_WORK_DIR": str(folder / "work"),
        "DBT_TARGET_PATH": str(folder),
    }
    command = [settings.program("dbt"), "--quiet", "compile", "--select", "resource_type:model"]
    command += ["--project-dir", str(settings.PROJECT), "--profiles-dir", str(settings.PROJECT)]
    subprocess.run(command, env=environment, check=True)
    (folder / "manifest.json").rename(scratch / "manifest.json")
    shutil.rmtree(folder)


def build(manifest: Path) -> None:
    """Write DEPRIVATION_DB from DEPRIVATION_DATA_DIR with DuckDB alone, by the compiled SQL."""
    editions.check_rows = lambda path: path.read_bytes().count(b"\n") - 1
    prepared = settings.work_dir() / "inputs"
    prepare_inputs(prepared)
    with duckdb.connect(str(settings.database())) as connection:
        connection.execute("attach ':memory:' as work")
        connection.execute("set preserve_insertion_order = false")
        connection.execute(f"set variable inputs = {literal(str(prepared))}")
        for node in needed_by_marts(json.loads(manifest.read_text())):
            connection.execute(f"create schema if not exists {node['database']}.{node['schema']}")
            kind, query = "table", node.get("compiled_code")
            if node["resource_type"] == "seed":
                types = node["config"]["column_types"]
                path = literal(str(settings.PROJECT / node["original_file_path"]))
                query = f"from read_csv({path}, header = true, types = {types})"
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


def differences(built: Path, bare: Path) -> list[str]:
    """What differs between the marts in two files, a line each."""
    from deprivation.publish.contract import promised_tables

    found = []
    for table in promised_tables():
        left, right = fingerprint(built, table), fingerprint(bare, table)
        for name in left | right:
            pair = left.get(name), right.get(name)
            fractions = all(isinstance(value, float) for value in pair)
            if not (math.isclose(*pair) if fractions else pair[0] == pair[1]):
                found.append(f"{table}, {name}: {pair[0]} in the build, {pair[1]} in the bare file")
    return found


def fingerprint(database: Path, table: str) -> dict[str, object]:
    """Columns, rows and checksums of a table.

    A sum of fractions depends in its last bits on their order, so these are not hashed but summed,
    each by a weight that the other columns of its row give.
    """
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


if __name__ == "__main__":
    {"read": read_directory, "build": build}[sys.argv[1]](Path(sys.argv[2]))
