"""The published file opened by other programs: docs/bi-tools.md says what is tried here.

Each client is installed once into a folder of its own under target/clients.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

pytestmark = pytest.mark.long

CLIENTS = Path(__file__).resolve().parents[2] / "target" / "clients"

COUNT = "select count(*) from postcode_imd where nation = 'England' and edition = 2019"
LOOKUP = "select min(match_status), count(*), sum(decile) from deprivation('{}', 2019)"
MANY = "select min(match_status), count(*), sum(decile) from deprivation_many(['{}'], 2019)"

DUCKDB = """
import sys, duckdb
print("version", duckdb.__version__)
connection = duckdb.connect(sys.argv[1], read_only=True)
for query in sys.argv[2:]:
    print(*connection.execute(query).fetchone())
"""
SQLALCHEMY = """
import sys, sqlalchemy
print("version", sqlalchemy.__version__)
engine = sqlalchemy.create_engine(
    "duckdb:///" + sys.argv[1], connect_args={"read_only": True}
)
columns = [column["name"] for column in sqlalchemy.inspect(engine).get_columns("postcode_imd")]
assert {"postcode", "nation", "edition", "imd_decile"} <= set(columns), columns
with engine.connect() as connection:
    for query in sys.argv[2:]:
        print(*connection.execute(sqlalchemy.text(query)).fetchone())
"""
IBIS = """
import sys, ibis
print("version", ibis.__version__)
connection = ibis.duckdb.connect(sys.argv[1], read_only=True)
table = connection.table("postcode_imd")
english = table.filter((table.nation == "England") & (table.edition == 2019))
print(english.count().execute())
for query in sys.argv[3:]:
    print(*connection.raw_sql(query).fetchone())
"""
NODE = """
const { DuckDBInstance } = require("@duckdb/node-api");
const [path, ...queries] = process.argv.slice(2);
(async () => {
  console.log("version", require("@duckdb/node-api/package.json").version);
  const instance = await DuckDBInstance.create(path, { access_mode: "READ_ONLY" });
  const connection = await instance.connect();
  for (const query of queries) {
    const rows = (await connection.runAndReadAll(query)).getRows();
    console.log(rows[0].map(String).join(" "));
  }
})();
"""

PYTHON_CLIENTS = {
    "duckdb-1.2.0": (["duckdb==1.2.0"], DUCKDB, "1.2.0"),
    "duckdb-2": (["duckdb>=2,<3"], DUCKDB, "2."),
    "sqlalchemy-1.4": (
        ["sqlalchemy>=1.4,<2", "duckdb-engine", "duckdb>=1.5,<1.6"],
        SQLALCHEMY,
        "1.4.",
    ),
    "ibis-12": (["ibis-framework[duckdb]>=12,<13", "duckdb>=1.5,<1.6"], IBIS, "12."),
}


def installed(name: str, command: list[str | Path]) -> Path:
    """The folder of a client, filled by the command once; skips where no registry answers."""
    folder = CLIENTS / name
    whole = folder / "whole"
    if not whole.exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        got = subprocess.run(
            [*command, folder], stdin=subprocess.DEVNULL, capture_output=True, text=True
        )
        if got.returncode:
            pytest.skip(f"{name} cannot be had here: {got.stderr.strip()[-200:]}")
        whole.touch()
    return folder


def pip_installed(name: str, packages: list[str]) -> Path:
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    return installed(name, [*pip, *packages, "--target"])


@pytest.fixture(scope="module")
def expected(warehouse) -> tuple[list[str], list[str]]:
    """The queries, and the lines that a client must print for them."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        postcode = connection.execute(
            "select postcode from postcode_imd where nation = 'England' and edition = 2019"
            " and imd_decile is not null and is_live order by postcode limit 1"
        ).fetchone()[0]
        queries = [COUNT, LOOKUP.format(postcode), MANY.format(postcode)]
        rows = [connection.execute(query).fetchone() for query in queries]
    assert rows[0][0] > 0 and rows[1][0] == "matched" and rows[1][2] > 0 and rows[1] == rows[2]
    return queries, [" ".join(map(str, row)) for row in rows]


def run(command: list[str | Path], **variables: str | Path) -> list[str]:
    done = subprocess.run(
        list(map(str, command)),
        env=os.environ | {key: str(value) for key, value in variables.items()},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize("name", PYTHON_CLIENTS)
def test_a_python_client_reads_the_file(name, warehouse, expected):
    packages, program, version = PYTHON_CLIENTS[name]
    folder = pip_installed(name, packages)
    queries, rows = expected
    # -S: without the packages of the environment that runs the tests.
    lines = run([sys.executable, "-S", "-c", program, warehouse, *queries], PYTHONPATH=folder)
    assert lines[0].startswith(f"version {version}")
    assert lines[1:] == rows


def test_the_command_line_client_reads_the_file(warehouse, expected):
    folder = pip_installed("duckdb-cli", ["duckdb-cli>=1.5,<1.6"])
    queries, rows = expected
    command = [folder / "bin" / "duckdb", "-readonly", "-noheader", "-list", "-separator", " "]
    assert run([*command, warehouse, "; ".join(queries)], PYTHONPATH=folder) == rows


def test_the_node_client_reads_the_file(warehouse, expected):
    npm = shutil.which("npm")
    if not npm or not shutil.which("node"):
        pytest.skip("Node.js is not here")
    command = [npm, "install", "@duckdb/node-api", "--no-audit", "--no-fund"]
    folder = installed("node", [*command, "--prefix"])
    queries, rows = expected
    program = folder / "read.cjs"
    program.write_text(NODE)
    lines = run(["node", program, warehouse, *queries])
    assert lines[0].startswith("version 1.")
    assert lines[1:] == rows
