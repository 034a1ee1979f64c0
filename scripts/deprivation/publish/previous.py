"""The files that were published here before, in the recorded order, and rolling back to them.

deprivation.duckdb                     read by others at any time
deprivation.duckdb.previous/           the last published files, and the user's own, left alone
    2026-08-21T030512.123Z.duckdb      named by the time it was built (UTC)
    published.json                     which files we published, in that order
    built_from.json                    what the published file was built from
"""

from __future__ import annotations

import dataclasses
import datetime
import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import duckdb

from deprivation.errors import BuildError
from deprivation.publish.build import sole_builder, swap
from deprivation.publish.last_check import check_whole_file
from deprivation.publish.place import place_of

RECORD = "published.json"


def previous_folder(database: Path) -> Path:
    return database.with_name(f"{database.name}.previous")


@dataclasses.dataclass(frozen=True)
class Published:
    """A published file: its number in the order of publishing, and what identifies it."""

    number: int
    name: str
    bytes: int
    mtime_ns: int

    def is_of(self, path: Path) -> bool:
        return identity(path) == {"bytes": self.bytes, "mtime_ns": self.mtime_ns}


def identity(path: Path) -> dict:
    """What identifies a file, under any name."""
    return {"bytes": path.stat().st_size, "mtime_ns": path.stat().st_mtime_ns}


def built_at(path: Path) -> str:
    """The time a published file was finished, as its name among the previous ones."""
    changed = datetime.datetime.fromtimestamp(path.stat().st_mtime, datetime.timezone.utc)
    return f"{changed:%Y-%m-%dT%H%M%S}.{changed.microsecond // 1000:03}Z"


def record(database: Path) -> list[Published]:
    """All files that were published here, in the recorded order.

    Without a record, those that an older release kept, which are named by their time of change.
    """
    folder = previous_folder(database)
    try:
        rows = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        return sorted((Published(**row) for row in rows), key=lambda one: one.number)
    except FileNotFoundError:
        old = sorted(folder.glob("*.duckdb")) if (folder / "built_from.json").exists() else []
        old = [path for path in old if path.is_file() and path.stem == built_at(path)]
        return [Published(number, path.stem, **identity(path)) for number, path in enumerate(old)]
    except (OSError, ValueError, TypeError) as error:
        raise BuildError(
            f"{folder / RECORD} cannot be read ({error}); remove it, and a new record begins"
        ) from None


def enter(database: Path, path: Path) -> Published:
    """A file's entry in the record; if there is none, it is added as the newest."""
    entries = record(database)
    for one in entries:
        if one.is_of(path):
            return one
    number = max((one.number for one in entries), default=0) + 1
    name, names = built_at(path), {one.name for one in entries}
    if name in names or (previous_folder(database) / f"{name}.duckdb").exists():
        # The name is taken if the clock was set back, or someone put such a file there.
        name = f"{name}.{number}"
    entry = Published(number, name, **identity(path))
    _write(database, [*entries, entry])
    return entry


def _write(database: Path, entries: Sequence[Published]) -> None:
    folder = previous_folder(database)
    folder.mkdir(exist_ok=True)
    unfinished = folder / f".{RECORD}"
    unfinished.write_text(json.dumps([dataclasses.asdict(one) for one in entries], indent=1))
    unfinished.replace(folder / RECORD)


def recorded(database: Path) -> list[Path]:
    """The files kept, in the order they were published, without the published one itself."""
    folder = previous_folder(database)
    kept = [folder / f"{one.name}.duckdb" for one in record(database)]
    return [
        path
        for path in kept
        if path.is_file() and not (database.exists() and path.samefile(database))
    ]


def previous(database: Path) -> list[Path]:
    """The kept files that have not changed; anything else in the folder is the user's."""
    entries = {one.name: one for one in record(database)}
    return [path for path in recorded(database) if entries[path.stem].is_of(path)]


def keep(database: Path) -> Path | None:
    """Give the published file a second name among the previous ones; None if there is no file.

    A second name (a hard link) costs nothing and outlives the swap; a file system without links
    gets a copy.
    """
    if not database.exists() or not database.stat().st_size:
        return None
    folder = previous_folder(database)
    folder.mkdir(exist_ok=True)
    kept = folder / f"{enter(database, database).name}.duckdb"
    if kept.exists():
        return kept
    unfinished = folder / ".unfinished"
    unfinished.unlink(missing_ok=True)
    try:
        os.link(database, unfinished)
    except OSError:
        shutil.copy2(database, unfinished)
    unfinished.replace(kept)
    return kept


def prune(database: Path, most: int) -> None:
    """Keep the newest `most` of the previous files, and take missing ones off the record."""
    for path in previous(database)[: -most or None]:
        path.unlink()
    names = {path.stem for path in previous(database)}
    entries = record(database)
    _write(database, [one for one in entries if one.name in names or one.is_of(database)])


def rollback(database: Path, to: str | None = None) -> Path:
    """Publish the file before the published one, or the one with the time `to`; its old path.

    The file that it replaces is kept among the previous ones. Raises BuildError if there is no
    such file, or it cannot be read.
    """
    database = place_of(database)
    with sole_builder(database):
        # A published file that is not on the record is the newest: it came after all the others.
        now = enter(database, database).number if database.exists() else None
        kept = recorded(database)
        numbers = {one.name: one.number for one in record(database)}
        chosen = [
            path
            for path in kept
            if (path.stem == to if to else now is None or numbers[path.stem] < now)
        ]
        if not chosen:
            there = ", ".join(path.stem for path in kept) or "none"
            raise BuildError(f"no file {to or 'before this one'} is kept; there are: {there}")
        if chosen[-1] not in previous(database):
            raise BuildError(f"{chosen[-1]} is damaged (changed since it was kept); remove it")
        try:
            check_whole_file(chosen[-1])
        except duckdb.Error as error:
            raise BuildError(f"{chosen[-1]} is damaged ({error}); remove it") from None
        keep(database)
        write_built_from(database, chosen[-1], read_built_from(database).get("seen"))
        swap(chosen[-1], database)
        return chosen[-1]


def read_built_from(database: Path) -> dict:
    """{seen: what it was built from, published: which file that is}; empty if not known."""
    try:
        found = json.loads((previous_folder(database) / "built_from.json").read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def write_built_from(database: Path, built: Path, seen: dict | None) -> None:
    """Record, before the swap, what `built` comes from; if killed in between, it is built again."""
    folder = previous_folder(database)
    folder.mkdir(exist_ok=True)
    unfinished = folder / ".built_from"
    unfinished.write_text(json.dumps({"seen": seen, "published": identity(built)}, indent=1))
    unfinished.replace(folder / "built_from.json")
