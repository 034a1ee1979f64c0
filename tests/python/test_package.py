"""Another dbt project takes this one as a package, refs its marts and calls its macros."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

PROJECT = Path(__file__).resolve().parents[2]
DBT = Path(sys.executable).parent / "dbt"


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Path:
    """tests/package, built in a folder of its own; the file that it wrote."""
    folder = tmp_path_factory.mktemp("study")
    project = folder / "project"
    shutil.copytree(PROJECT / "tests" / "package", project)
    packages = project / "packages.yml"
    packages.write_text(packages.read_text().replace("../..", str(PROJECT)))
    settings = project / "dbt_project.yml"
    settings.write_text(settings.read_text().replace("../../target/package", "dbt_packages"))
    environment = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("DEPRIVATION_", "DBT_"))
    }
    environment |= {
        "STUDY_DB": str(folder / "study.duckdb"),
        "DEPRIVATION_WORK_DIR": str(folder / "work"),
        "DBT_PROFILES_DIR": str(project),
    }
    for command in (["deps"], ["build"]):
        run = subprocess.run(
            [DBT, *command],
            cwd=project,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0, run.stdout + run.stderr
    return folder / "study.duckdb"


def test_a_study_gets_deciles_and_reasons_from_the_package(study):
    with duckdb.connect(str(study), read_only=True) as connection:
        people = connection.execute("from people_with_deprivation order by person").fetchall()
        decile = connection.execute(
            "select imd_decile from postcode_imd where postcode_key = 'B11AA' and edition = 2019"
        ).fetchone()[0]
    assert people == [
        (1, None, "invalid", None),
        (2, "B11AA", "ok", decile),
        (3, None, "missing", None),
    ]
    assert decile in range(1, 11)


def test_this_project_does_not_take_the_study_for_its_own():
    listed = subprocess.run(
        [DBT, "ls", "--project-dir", PROJECT, "--profiles-dir", PROJECT, "--output", "name"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "postcode_imd" in listed.stdout
    assert "people" not in listed.stdout
