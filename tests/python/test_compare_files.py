"""compare_files finds a changed value, values that changed places, and what is missing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "compare_files.py"
OLD = "(values ('A1', 1, 0.1234567895::double), ('A2', 2, null)) v(area_code, decile, score)"


def compare(tmp_path: Path, new: str) -> tuple[int, str]:
    for name, rows in (("old", OLD), ("new", new)):
        with duckdb.connect(str(tmp_path / f"{name}.duckdb")) as connection:
            connection.execute(f"create table areas as from {rows}")
    run = subprocess.run(
        [sys.executable, SCRIPT, tmp_path / "old.duckdb", tmp_path / "new.duckdb"],
        capture_output=True,
        text=True,
        check=False,
    )
    return run.returncode, run.stdout


@pytest.mark.parametrize(
    "new",
    [
        "(values ('A2', 2, null), ('A1', 1, 0.1234567895::double + 1e-15))"
        " v(area_code, decile, score)",
        "(values ('A1', 1, 0.1234567895::double - 1e-15), ('A2', 2, null))"
        " v(area_code, decile, score)",
        "(values ('A1', 1, 0.1234567895::double, 'x'), ('A2', 2, null, 'y'))"
        " v(area_code, decile, score, label)",
    ],
    ids=["another order", "last digits", "a new column"],
)
def test_equal_where_every_old_value_is_there(tmp_path, new):
    code, printed = compare(tmp_path, new)
    assert code == 0, printed
    assert "areas: equal, 2 rows, 3 columns" in printed


@pytest.mark.parametrize(
    ("new", "difference"),
    [
        (
            "(values ('A1', 2, 0.1234567895::double), ('A2', 1, null)) v(area_code, decile, score)",
            "areas.decile: v",
        ),
        (
            "(values ('A1', 1, 0.1234567895::double), ('A2', 2, 0.0)) v(area_code, decile, score)",
            "areas.score: v",
        ),
        ("(values ('A1', 1), ('A2', 2)) v(area_code, decile)", "areas.score: only in OLD"),
        (
            "(values ('A1', 1, 0.1234567895::double)) v(area_code, decile, score)",
            "areas: 2 rows in OLD, 1 in NEW",
        ),
    ],
    ids=["swapped", "null", "column gone", "row gone"],
)
def test_a_difference_is_named(tmp_path, new, difference):
    code, printed = compare(tmp_path, new)
    assert code == 1
    assert f"DIFFERS  {difference}" in printed
