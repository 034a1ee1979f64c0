"""Every command and query that the README shows, run as printed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import duckdb
import pytest

from deprivation.sample import write_sample

PROJECT = Path(__file__).parents[2]
README = (PROJECT / "README.md").read_text(encoding="utf-8")

# What cannot run in a test: this very test, the publishers' sites, other machines.
ELSEWHERE = (
    "./scripts/test",
    "deprivation fetch",
    "deprivation refresh",
    "deprivation rollback",
    "systemctl",
    "deprivation export --format postgres",
)


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("statement", ";".join(blocks("sql")).split(";"))
def test_queries_run(warehouse, statement):
    if statement.strip():
        with duckdb.connect(str(warehouse), read_only=True) as connection:
            assert connection.execute(statement).description


def test_commands_run(warehouse, tmp_path):
    write_sample(tmp_path / "deprivation-data")
    shutil.copy(warehouse, tmp_path / "deprivation.duckdb")
    lines = [
        line
        for block in blocks("sh")
        for line in block.replace("\\\n", "").splitlines()
        if not line.strip().removeprefix(".venv/bin/").startswith(ELSEWHERE)
    ]
    assert len(lines) > 10
    script = "\n".join(["set -eux", *lines]).replace("/srv/deprivation", str(tmp_path))
    environment = {key: os.environ[key] for key in os.environ if not key.startswith("DEPRIVATION_")}
    environment |= {
        "HOME": str(tmp_path),
        "DEPRIVATION_DB": str(tmp_path / "deprivation.duckdb"),
        "DEPRIVATION_WORK_DIR": str(tmp_path / "work"),
    }
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    shutil.rmtree(PROJECT / "synthetic-data", ignore_errors=True)
    for made in PROJECT.glob("people*"):
        made.unlink()
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
