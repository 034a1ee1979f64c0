"""Where things are: the project, its inputs, its working files and the published file."""

from __future__ import annotations

import os
import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
# The dbt project: what the package came with, or the checkout that it is run from.
IS_INSTALLED = (PACKAGE / "project" / "dbt_project.yml").is_file()
PROJECT = PACKAGE / "project" if IS_INSTALLED else PACKAGE.parents[1]


def named(variable: str) -> str | None:
    """An environment variable; None where it is unset, empty or blank."""
    value = os.environ.get(variable, "")
    return value if value.strip() else None


def home() -> Path:
    """Where files go by default: the checkout; without one, the current folder."""
    return Path.cwd() if IS_INSTALLED else PROJECT


def database() -> Path:
    """The published file: DEPRIVATION_DB, or deprivation.duckdb at home."""
    return Path(named("DEPRIVATION_DB") or home() / "deprivation.duckdb").absolute()


def data_dir() -> Path | None:
    """The folder of publishers' files, DEPRIVATION_DATA_DIR, or None for synthetic data."""
    folder = named("DEPRIVATION_DATA_DIR")
    return Path(folder).absolute() if folder else None


def fetched_data_dir() -> Path:
    """Where fetched files go: DEPRIVATION_DATA_DIR, or the folder data at home."""
    return data_dir() or home() / "data"


def work_dir() -> Path:
    """Prepared inputs and intermediate tables: DEPRIVATION_WORK_DIR, or target/work."""
    return Path(named("DEPRIVATION_WORK_DIR") or home() / "target" / "work").absolute()


def intermediate_database() -> Path:
    """Staging and intermediate tables: DEPRIVATION_INTERMEDIATE_DB, or work.duckdb, in work_dir."""
    return work_dir() / (named("DEPRIVATION_INTERMEDIATE_DB") or "work.duckdb")


def program(name: str) -> str:
    """A command of the environment this runs in, found whether or not it is activated."""
    return str(Path(sys.executable).parent / name)
