"""Prepared folders: which are ours, which are in use, and which can be removed."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import IO

from filelock import FileLock, Timeout

from deprivation.errors import InputError

try:
    import fcntl
except ImportError:  # Windows: nothing is removed there
    fcntl = None

MARK = "PREPARED.txt"
MARKER = "Made by `deprivation prepare` from the files of DEPRIVATION_DATA_DIR; can be removed.\n"
HELD: dict[Path, IO] = {}


def remove_own(folder: Path) -> None:
    """Remove a prepared folder, or an empty one; raises InputError for any other."""
    if not folder.is_symlink() and (folder / MARK).is_file():
        shutil.rmtree(folder)
    elif folder.is_dir() and not folder.is_symlink() and not any(folder.iterdir()):
        folder.rmdir()
    elif folder.exists() or folder.is_symlink():
        raise InputError(
            f"{folder}: not made by `deprivation prepare`, so it is not replaced; name another"
            " folder in DEPRIVATION_WORK_DIR"
        )


def prepared_now() -> Path:
    """The folder that this process prepared last."""
    return next(reversed(HELD))


def as_pattern(path: Path) -> str:
    """A path as a pattern of file names that matches only this path, whatever its characters."""
    return re.sub(r"([*?\[])", r"[\1]", str(path))


def hold(prepared: Path) -> None:
    """Mark a prepared folder as in use for as long as this process lives."""
    use = HELD.pop(prepared, None) or Path(f"{prepared}.in_use").open("a")  # noqa: SIM115
    if fcntl:
        fcntl.flock(use, fcntl.LOCK_SH)
    HELD[prepared] = use


def remove_earlier(prepared: Path) -> None:
    """Remove folders prepared from earlier states of the same data folder that no process uses."""
    data_dir = _made_from(prepared)
    for mark in sorted(prepared.parent.glob(f"*/{MARK}")) if fcntl else []:
        other = mark.parent
        if other == prepared or _made_from(other) != data_dir:
            continue
        try:
            with FileLock(f"{other}.lock", timeout=0), Path(f"{other}.in_use").open("a") as use:
                fcntl.flock(use, fcntl.LOCK_EX | fcntl.LOCK_NB)
                remove_own(other)
        except (Timeout, BlockingIOError):
            continue


def _made_from(prepared: Path) -> str | None:
    try:
        return json.loads((prepared / "made_from.json").read_text())[0]
    except (OSError, ValueError):
        return None
