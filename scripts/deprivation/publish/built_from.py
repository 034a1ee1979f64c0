"""What a published file was built from, and whether that has changed since."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from deprivation import settings
from deprivation.fetch.record import read_record
from deprivation.publish.previous import identity, read_built_from


def inputs_now(data_dir: Path | None, dbt_arguments: Sequence[str]) -> dict:
    """All that a build depends on: the project's files, dbt's arguments, the data folder's files.

    Fetched files are identified by their hash, files put there by hand by their size and time.
    """
    project = hashlib.sha256()
    folders = [settings.PROJECT / name for name in ("models", "macros", "seeds", "tests")]
    for folder in [*folders, settings.PACKAGE]:
        for path in sorted(folder.rglob("*")):
            if path.suffix in (".sql", ".yml", ".csv", ".py", ".md") and path.is_file():
                project.update(f"{path.relative_to(folder.parent)}\n".encode())
                project.update(path.read_bytes())
    project.update((settings.PROJECT / "dbt_project.yml").read_bytes())
    data = {}
    if data_dir:
        record = read_record(data_dir)
        for path in sorted(data_dir.rglob("*")):
            name = path.relative_to(data_dir).as_posix()
            if name in record:
                data[name] = record[name].sha256
            elif path.is_file() and not path.name.startswith((".", "fetched.json")):
                data[name] = [path.stat().st_size, path.stat().st_mtime_ns]
    return {"project": project.hexdigest(), "arguments": list(dbt_arguments), "data": data}


def what_changed(database: Path, now: dict) -> str:
    """Why the published file must be built again; empty if it was built from the same inputs."""
    if not database.exists():
        return "there is no published file"
    recorded = read_built_from(database)
    if recorded.get("published") != identity(database) or not recorded.get("seen"):
        return "it is not known what the published file was built from"
    seen = {"data": {}, "arguments": None, "project": None} | recorded["seen"]
    changed = [
        name
        for name in sorted({*now["data"], *seen["data"]})
        if now["data"].get(name) != seen["data"].get(name)
    ]
    if changed:
        more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
        return f"{changed[0]}{more} changed"
    if now["arguments"] != seen["arguments"]:
        return "the arguments changed"
    return "the project changed" if now["project"] != seen["project"] else ""
