"""One synthetic warehouse for all tests of a session, and a way to run the command."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from filelock import FileLock

COMMAND = Path(sys.executable).parent / "deprivation"
PROJECT = Path(__file__).parents[2]

# A shell starts its background jobs with Ctrl-C ignored, and so would be every command tested here.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def shared(tmp_path_factory) -> Path:
    """A folder of this session, one for all processes that run tests side by side (pytest -n)."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "shared"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session", autouse=True)
def parsed(shared) -> None:
    """The project parsed once, for all builds of the session that have no variables.

    They leave out the unit tests, which see no inputs: test_first_hour.py runs them all.
    """
    names = {"DEPRIVATION_DB": "deprivation.duckdb", "DEPRIVATION_INTERMEDIATE_DB": "work.duckdb"}
    # Of a session that runs this one (test_duckdb2.py): with it dbt would write no file here.
    os.environ.pop("DBT_PARTIAL_PARSE_FILE_PATH", None)
    folder = shared / "parsed"
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            command = [COMMAND.with_name("dbt"), "--quiet", "parse", "--target-path", folder]
            command += ["--project-dir", PROJECT, "--profiles-dir", PROJECT]
            subprocess.run(command, env=os.environ | names, check=True, cwd=shared)
    os.environ["DBT_PARTIAL_PARSE_FILE_PATH"] = str(folder / "partial_parse.msgpack")
    os.environ["DBT_EXCLUDE_RESOURCE_TYPES"] = "unit_test"
    os.environ["DBT_LOG_LEVEL_FILE"] = "none"


@pytest.fixture(scope="session")
def deprivation() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run `deprivation ARGUMENTS` with environment variables given by name, None to unset one."""

    def run(*arguments: str | Path, cwd: Path | None = None, **variables: str | Path | None):
        environment = {
            key: value for key, value in os.environ.items() if not key.startswith("DEPRIVATION_")
        }
        environment |= {key: str(value) for key, value in variables.items() if value is not None}
        return subprocess.run(
            [COMMAND, *map(str, arguments)],
            cwd=cwd,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.fixture(scope="session")
def warehouse(shared, deprivation) -> Path:
    """The published file of a whole build from synthetic data; not to be written to."""
    folder = shared / "warehouse"
    folder.mkdir(exist_ok=True)
    database = folder / "deprivation.duckdb"
    with FileLock(folder / "making"):
        if not database.exists():
            places = {"DEPRIVATION_DB": database, "DEPRIVATION_WORK_DIR": folder / "work"}
            built = deprivation("build", **places)
            assert built.returncode == 0, built.stdout + built.stderr
    return database


def built(deprivation, data: Path, folder: Path, *arguments: str) -> duckdb.DuckDBPyConnection:
    """A build from the publishers' real files, open to read."""
    database = folder / "deprivation.duckdb"
    done = deprivation(
        "build",
        *arguments,
        DEPRIVATION_DATA_DIR=data,
        DEPRIVATION_DB=database,
        DEPRIVATION_WORK_DIR=folder / "work",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return duckdb.connect(str(database), read_only=True)


@pytest.fixture(scope="session")
def national(deprivation, tmp_path_factory):
    """The build of the real files below DEPRIVATION_TEST_DATA_DIR; skips without them."""
    data = os.environ.get("DEPRIVATION_TEST_DATA_DIR")
    if not data:
        pytest.skip("DEPRIVATION_TEST_DATA_DIR is not set")
    with built(deprivation, Path(data), tmp_path_factory.mktemp("national")) as connection:
        yield connection
