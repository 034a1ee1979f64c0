"""Another dbt project takes this one as a package, refs its marts and calls its macros."""

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

from deprivation.publish.contract import promised_tables

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


@pytest.mark.long
def test_a_study_gets_deciles_and_reasons_from_the_package(study):
    with duckdb.connect(str(study), read_only=True) as connection:
        people = connection.execute("from people_with_deprivation order by person").fetchall()
        decile = connection.execute(
            "select imd_decile from postcode_imd where postcode_key = 'B11AA'"
            " and nation = 'England' and edition = 2019"
        ).fetchone()[0]
    assert people == [
        (1, None, "invalid", None),
        (2, "B11AA", "ok", decile),
        (3, None, "missing", None),
    ]
    assert decile in range(1, 11)


@pytest.mark.long
def test_the_macro_enriched_as_a_model_gives_the_rows_of_the_command(study, deprivation, tmp_path):
    visits, enriched = tmp_path / "visits.parquet", tmp_path / "enriched.parquet"
    with duckdb.connect(str(study), read_only=True) as connection:
        connection.execute(f"copy (from visits order by visit) to '{visits}' (format parquet)")
    done = deprivation(
        *("enrich", visits, "--postcode-column", "postcode", "--date-column", "seen"),
        *("--local", "lad", "--fallback", "sector", "--prefix", "d_", "--output", enriched),
        *("--database", study),
    )
    assert done.returncode == 0, done.stderr
    with duckdb.connect(str(study), read_only=True) as connection:
        model = connection.execute("from visits_with_deprivation order by visit")
        names, rows = [column[0] for column in model.description], model.fetchall()
        command = connection.execute(f"from '{enriched}' order by visit")
        assert [column[0] for column in command.description] == names
        assert command.fetchall() == rows
    statuses = {row[names.index("d_match_status")] for row in rows}
    assert statuses >= {
        *("matched", "matched_terminated", "no_area", "not_found", "sector"),
        *("partial", "pseudo", "invalid", "missing"),
    }


def test_the_attached_file_serves_as_sources(warehouse, tmp_path):
    """docs/dbt-package.md, the easy road: its profile and its model, with the ready sources."""
    page = (PROJECT / "docs" / "dbt-package.md").read_text(encoding="utf-8")
    profile, *_ = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    model, *_ = re.findall(r"```jinja\n(.*?)```", page, re.DOTALL)
    (tmp_path / "models").mkdir()
    (tmp_path / "seeds").mkdir()
    shutil.copy(PROJECT / "docs" / "attached_sources.yml", tmp_path / "models")
    shutil.copy(PROJECT / "tests/package/seeds/people.csv", tmp_path / "seeds")
    (tmp_path / "models" / "people_with_deprivation.sql").write_text(model)
    profile = profile.replace("/srv/deprivation/deprivation.duckdb", str(warehouse))
    (tmp_path / "profiles.yml").write_text(profile)
    (tmp_path / "dbt_project.yml").write_text("name: study\nprofile: study\n")
    environment = {key: value for key, value in os.environ.items() if "DBT_" not in key}
    run = subprocess.run(
        [DBT, "build"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout
    with duckdb.connect(str(tmp_path / "study.duckdb"), read_only=True) as connection:
        people = connection.execute("from people_with_deprivation order by person").fetchall()
    assert [decile is not None for _, decile in people] == [False, True, False]


def test_the_ready_sources_are_all_the_published_tables():
    sources = yaml.safe_load((PROJECT / "docs" / "attached_sources.yml").read_text())["sources"]
    assert [table["name"] for table in sources[0]["tables"]] == promised_tables()


@pytest.mark.long
def test_this_project_does_not_take_the_study_for_its_own():
    listed = subprocess.run(
        [DBT, "ls", "--project-dir", PROJECT, "--profiles-dir", PROJECT, "--output", "name"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "postcode_imd" in listed.stdout
    assert "people" not in listed.stdout.split()
