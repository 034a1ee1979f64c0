"""A build from synthetic data on DuckDB 2, with every dbt test; DuckDB 1.2 reads its file.

`scripts/test --duckdb2` runs all tests on it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
TESTS = Path(__file__).parent
# The session's build, the rules on it, the functions in the file, and the oldest client.
ON_DUCKDB_2 = [
    "test_rules.py",
    "test_lookup.py",
    "test_clients.py::test_a_python_client_reads_the_file[duckdb-1.2.0]",
]


@pytest.mark.skipif(sys.version_info < (3, 11), reason="DuckDB 2 needs Python 3.11")
@pytest.mark.long
def test_the_project_builds_on_duckdb_2_and_duckdb_1_2_reads_the_file():
    make = (
        "source scripts/environment.sh && make_environment requirements-duckdb2.lock .venv-duckdb2"
    )
    made = subprocess.run(["bash", "-ec", make], cwd=PROJECT, capture_output=True, text=True)
    if made.returncode:
        pytest.skip(f"DuckDB 2 cannot be had here: {made.stderr.strip()[-200:]}")
    python = PROJECT / ".venv-duckdb2" / "bin" / "python"
    version = [python, "-c", "import duckdb; print(duckdb.__version__)"]
    assert subprocess.check_output(version, text=True).startswith("2.")
    mine = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    chosen = [str(TESTS / name) for name in ON_DUCKDB_2]
    command = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *chosen]
    done = subprocess.run(command, cwd=PROJECT, env=mine, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:]
