"""The project as dbt has parsed it, kept in the work folder for the next build.

dbt compares what it has kept with the project, but it checks YAML files only by modification time,
which an upgrade need not change, and two projects may share a work folder. So the file is named by
a key of everything that it was made from, and is used for nothing else.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

# dbt's own name for it.
PARSED = "partial_parse.msgpack"
# Folders of a dbt project, and the files in them that dbt reads.
FOLDERS = ("models", "macros", "seeds", "tests", "dbt_packages")
READ = {".sql", ".yml", ".yaml", ".csv", ".md"}


def place_of_parsed(work_dir: Path, project: Path) -> Path:
    """Where the parsed state of `project`, as it is now, is kept; the file need not exist."""
    digest = hashlib.sha256(str(project).encode())
    for package in ("dbt-core", "dbt-adapters", "dbt-common", "dbt-duckdb"):
        digest.update(f"{package} {version(package)}\n".encode())
    for path in sorted(_read_by_dbt(project)):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(project)} {len(content)}\n".encode() + content)
    return work_dir / f"parsed-{digest.hexdigest()[:16]}.msgpack"


def keep_parsed(target: Path, kept: Path) -> None:
    """Keep as `kept` what dbt has parsed into `target`; it writes nothing if nothing has changed.

    Earlier states of the project are removed.
    """
    made = target / PARSED
    if not made.exists():
        return
    unfinished = kept.with_name(f"{kept.name}.{os.getpid()}")
    with contextlib.suppress(OSError):  # a full disk: the next build parses
        try:
            kept.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(made, unfinished)
            unfinished.replace(kept)
        finally:
            unfinished.unlink(missing_ok=True)
        for earlier in kept.parent.glob("parsed-*.msgpack"):
            if earlier != kept:
                earlier.unlink()


def _read_by_dbt(project: Path) -> Iterator[Path]:
    for name in ("dbt_project.yml", "profiles.yml", "packages.yml", "dependencies.yml"):
        if (project / name).is_file():
            yield project / name
    if (project / ".dbtignore").is_file():
        yield project / ".dbtignore"
    for folder in FOLDERS:
        for path in (project / folder).rglob("*"):
            if path.suffix in READ and path.is_file():
                yield path
