"""One synthetic warehouse for all tests of a session, and a way to run the command."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

COMMAND = Path(sys.executable).parent / "deprivation"


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
def warehouse(tmp_path_factory, deprivation) -> Path:
    """The published file of a whole build from synthetic data; not to be written to."""
    folder = tmp_path_factory.mktemp("warehouse")
    database = folder / "deprivation.duckdb"
    built = deprivation("build", DEPRIVATION_DB=database, DEPRIVATION_WORK_DIR=folder / "work")
    assert built.returncode == 0, built.stdout + built.stderr
    return database
