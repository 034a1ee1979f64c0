"""Where things are: the project, its inputs, its working files and the published file."""

from __future__ import annotations

import os
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]


def database() -> Path:
    """The published file: DEPRIVATION_DB, or deprivation.duckdb in the project."""
    return Path(os.environ.get("DEPRIVATION_DB", PROJECT / "deprivation.duckdb")).absolute()


def data_dir() -> Path | None:
    """The folder of publishers' files, DEPRIVATION_DATA_DIR, or None for synthetic data."""
    named = os.environ.get("DEPRIVATION_DATA_DIR")
    return Path(named).absolute() if named else None


def work_dir() -> Path:
    """Prepared inputs and intermediate tables: DEPRIVATION_WORK_DIR, or target/work."""
    return Path(os.environ.get("DEPRIVATION_WORK_DIR", PROJECT / "target" / "work")).absolute()


def program(name: str) -> str:
    """A command of the environment this runs in, found whether or not it is activated."""
    return str(Path(sys.executable).parent / name)
