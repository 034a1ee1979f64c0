"""What a data team types first, in a fresh clone: each command works as printed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
import yaml

PROJECT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent


class Clone:
    """A clone of the project with what is under way in it, run by this environment's programs."""

    def __init__(self, folder: Path):
        self.folder = folder
        listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        names = subprocess.check_output(listed, cwd=PROJECT, text=True)
        for name in filter(None, names.split("\0")):
            if (PROJECT / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(PROJECT / name, folder / name)

    def type(self, command: str, **variables: str | Path) -> subprocess.CompletedProcess[str]:
        """Type a command; its environment is the one that `source .venv/bin/activate` makes."""
        environment = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("DEPRIVATION_", "DBT_"))
        }
        environment |= {
            "PATH": f"{BIN}{os.pathsep}{environment['PATH']}",
            "PYTHONPATH": str(self.folder / "scripts"),
            "DBT_PROJECT_DIR": str(self.folder),
            "DBT_PROFILES_DIR": str(self.folder),
            "DBT_LOG_LEVEL_FILE": "none",
        }
        environment |= {key: str(value) for key, value in variables.items()}
        return subprocess.run(
            ["bash", "-c", command],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="module")
def clone(tmp_path_factory) -> Clone:
    """A clone in which `deprivation build` has run."""
    clone = Clone(tmp_path_factory.mktemp("clone"))
    built = clone.type("deprivation build")
    assert built.returncode == 0, built.stderr
    # Some twenty lines, no colour.
    told = [line for line in built.stderr.splitlines() if re.match(r" *\d+%  ", line)]
    assert 18 <= len(told) <= 22
    assert len(built.stderr.splitlines()) < 50 and "\x1b" not in built.stdout + built.stderr
    assert built.stdout == ""
    return clone


def unit_tests() -> set[str]:
    pages = [yaml.safe_load(path.read_text()) for path in (PROJECT / "models").rglob("_*.yml")]
    return {test["name"] for page in pages for test in page.get("unit_tests", [])}


@pytest.mark.parametrize(
    ("command", "at_least"),
    [
        ("dbt test", 40),
        pytest.param("dbt build --select int_postcodes+", 15, marks=pytest.mark.long),
        pytest.param("dbt build --select stg_ons__postcode_directory+", 30, marks=pytest.mark.long),
        pytest.param("dbt build --select postcodes+", 3, marks=pytest.mark.long),
        pytest.param("dbt docs generate", 0, marks=pytest.mark.long),
        pytest.param("dbt source freshness", 0, marks=pytest.mark.long),
        pytest.param("dbt build --empty", 60, marks=pytest.mark.long),
    ],
)
def test_after_a_build_each_command_of_dbt_works(clone, command, at_least):
    done = clone.type(command)
    assert done.returncode == 0, done.stdout[-3000:]
    if at_least:
        assert int(re.search(r"PASS=(\d+)", done.stdout)[1]) >= at_least
    if command == "dbt test":
        # Other builds of these tests leave them out, as `deprivation build` does.
        assert set(re.findall(r"PASS \w+::(\w+)", done.stdout)) == unit_tests()
    with duckdb.connect(str(clone.folder / "deprivation.duckdb"), read_only=True) as connection:
        assert connection.execute("select count(*) from postcodes").fetchone() == (10_000,)


@pytest.mark.long
def test_a_part_is_built_into_a_new_file(clone, tmp_path):
    places = {"DEPRIVATION_DB": tmp_path / "new.duckdb", "DEPRIVATION_WORK_DIR": tmp_path / "work"}
    done = clone.type("dbt build --select +postcode_imd", **places)
    assert done.returncode == 0, done.stdout[-3000:]
    with duckdb.connect(str(tmp_path / "new.duckdb"), read_only=True) as connection:
        assert connection.execute("show tables").fetchall() == [("postcode_imd",)]


@pytest.mark.long
def test_defer_takes_the_rest_from_another_file(clone, tmp_path):
    parsed = clone.type(f"dbt parse --target-path {tmp_path}/state")
    assert parsed.returncode == 0, parsed.stdout
    trial = {"DEPRIVATION_DB": tmp_path / "trial.duckdb"}
    command = f"dbt build --select postcode_imd --defer --state {tmp_path}/state"
    done = clone.type(f"{command} --indirect-selection eager", **trial)
    assert done.returncode == 0, done.stdout[-3000:]
    # Tests that compare it with the tables left out, too.
    assert "PASS assert_no_postcode_is_lost_or_doubled" in done.stdout
    with duckdb.connect(str(tmp_path / "trial.duckdb"), read_only=True) as connection:
        assert connection.execute("show tables").fetchall() == [("postcode_imd",)]
    modified = clone.type(f"dbt ls --select state:modified --state {tmp_path}/state", **trial)
    assert "No nodes selected" in modified.stdout

    same_name = {"DEPRIVATION_DB": tmp_path / "deprivation.duckdb"}
    refused = clone.type(command, **same_name)
    assert refused.returncode != 0 and "have the same name" in refused.stdout


def test_a_file_that_is_open_is_one_line(clone):
    with duckdb.connect(str(clone.folder / "deprivation.duckdb"), read_only=True):
        done = clone.type("dbt build")
    assert done.returncode != 0
    said = done.stdout + done.stderr
    assert f"(PID {os.getpid()})" in said and "`deprivation build`" in said
    assert "Traceback" not in said and len(said.splitlines()) < 20, said


@pytest.mark.long
def test_dbts_own_log_comes_on_request(clone):
    done = clone.type("deprivation build --full-log --select stg_input_files")
    assert "1 of 1 OK created sql view model" in done.stdout
    # What the build before it has parsed serves.
    assert "Unable to do partial parsing" not in done.stdout
