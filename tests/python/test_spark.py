"""Spark: every published table has DuckDB's rows; staged folders that are not what is wanted."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import spark_engine

PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def engines(tmp_path_factory) -> tuple[Path, str]:
    """The session's inputs, staged once and built on both engines: the folder, what was printed."""
    spark_engine.environment()
    folder = tmp_path_factory.mktemp("engines")
    unset = ("DEPRIVATION_DATA_DIR", "DEPRIVATION_DB", "DEPRIVATION_WORK_DIR")
    done = subprocess.run(
        [PROJECT / "scripts/compare_engines", "--keep", folder],
        env={key: value for key, value in os.environ.items() if key not in unset},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    return folder, done.stdout


@pytest.mark.long
def test_every_published_table_is_the_same_on_both_engines(engines):
    lines = [line.split() for line in engines[1].splitlines() if line.split()[1:]]
    rows = {
        line[0]: line[1:] for line in lines if (PROJECT / f"models/marts/{line[0]}.sql").is_file()
    }
    assert len(rows) == len(list((PROJECT / "models/marts").glob("*.sql")))
    assert all(counts[2:] == ["0", "0"] for counts in rows.values())


def in_manifest(**changes) -> Callable[[Path], None]:
    """Changes staged.json: {table: {name: value}}, or {name: value} at its top."""

    def change(folder: Path) -> None:
        manifest = json.loads((folder / "staged.json").read_text())
        for name, value in changes.items():
            if isinstance(value, dict):
                manifest[name].update(value)
            else:
                manifest[name] = value
        (folder / "staged.json").write_text(json.dumps(manifest))

    return change


def cut(folder: Path) -> None:
    path = folder / "measures.parquet"
    path.write_bytes(path.read_bytes()[:-9])


# What a staged folder is not, and what the build says of it.
NOT_WANTED = {
    "holds no staged.json": lambda folder: (folder / "staged.json").unlink(),
    "stg_measure_values.parquet is missing": lambda folder: (
        folder / "stg_measure_values.parquet"
    ).unlink(),
    "measures.parquet has changed": cut,
    "rows, not 1": in_manifest(rows={"measures": 1}),
    "another version of this project;": in_manifest(layout=1),
    "another version of this project: stg_measure_values has changed": in_manifest(
        models={"stg_measure_values": "0"}
    ),
    "editions = [2015, 2019], and the models want [2015, 2019, 2025]": in_manifest(
        variables={"editions": [2015, 2019]}
    ),
}


@pytest.mark.long
def test_a_staged_folder_that_is_not_what_the_models_want_stops_the_build(engines, tmp_path):
    staged = engines[0] / "staged"
    same = json.dumps({"editions": ["England 2025", 2015, 2019]})
    cases = {"built": [str(staged), ["--vars", same]]}
    cases["must name the folder"] = ["", []]
    cases["nowhere holds no staged.json"] = [str(tmp_path / "nowhere"), []]
    for number, (said, change) in enumerate(NOT_WANTED.items()):
        folder = tmp_path / str(number)
        shutil.copytree(staged, folder)
        change(folder)
        cases[said] = [str(folder), []]
    (tmp_path / "cases.json").write_text(json.dumps(cases))
    answers = tmp_path / "out.json"
    spark_engine.run_script("spark_staged.py", tmp_path / "cases.json", answers, cwd=tmp_path)
    found = json.loads(answers.read_text())
    assert not (tmp_path / "nowhere").exists()
    for said, errors in found.items():
        assert len(errors) == 1, (said, errors)
        line = next(line for line in errors[0].splitlines() if said in line)
        assert said == "built" or "run: deprivation stage --output" in line


def test_without_java_spark_says_what_to_install(tmp_path):
    (tmp_path / "dirname").symlink_to(shutil.which("dirname"))
    for script in ("build_spark", "compare_engines"):
        done = subprocess.run(
            [shutil.which("bash"), PROJECT / "scripts" / script],
            env={"PATH": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.splitlines() == [
            "Spark needs Java 17 or later: apt-get install default-jre-headless"
        ]
