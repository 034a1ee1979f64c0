"""Where a run writes: a private folder beside the output, then the output in one rename.

Nothing of the user's is replaced but what --force names: a link is followed, permissions are kept,
and the inputs and the published file are never written over by accident.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import filelock

from deprivation.errors import InputError
from deprivation.files import check_no_device

PREFIX = ".deprivation-enrich-"
# In a folder of ours; locked as long as its run lasts.
MARK = "made by deprivation enrich"
# What --one-index keeps in the folder of outputs (one_index.py).
LINKED = "deprivation-one-index.json"


def check_destination(
    name: str, force: bool, kept: Sequence[Path], option: str = "--output"
) -> Path | None:
    """The file to write, links followed; None for stdout.

    kept: files that must not be written over, --force or not. Raises InputError.
    """
    if name == "-":
        return None
    if not name or "\0" in name:
        raise InputError(f"{option} {name!r} is not a file name")
    instead = "--output - writes to stdout" if option == "--output" else ""
    check_no_device(Path(name), instead)
    try:
        output = Path(name).resolve()
    except (OSError, RuntimeError) as error:
        raise InputError(f"{option} {name}: {error}") from None
    if output.exists() and not output.is_file():
        raise InputError(f"{name} is not a file{instead and '; '}{instead}")
    if any(output.exists() and one.exists() and output.samefile(one) for one in kept):
        raise InputError(f"{option} {name} is also an input; name another file")
    if output.name == LINKED:
        raise InputError(f"{option} {name}: this name is kept for the record of --one-index")
    if output.exists() and not force:
        raise InputError(f"{name} exists; --force overwrites it")
    if not output.parent.is_dir():
        raise InputError(f"{output.parent}: no such folder")
    if not os.access(output.parent, os.W_OK):
        raise InputError(f"{output.parent}: no permission to write there")
    return output


@contextlib.contextmanager
def private_folder(output: Path | None) -> Iterator[Path]:
    """A folder that no one else may read, on the output's file system; gone when the block ends.

    Those that a killed run left there are removed.
    """
    parent = output.parent if output else Path(tempfile.gettempdir())
    remove_left(parent)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
    lock = filelock.FileLock(folder / MARK)
    try:
        lock.acquire(timeout=0)
        yield folder
    finally:
        lock.release()
        shutil.rmtree(folder, ignore_errors=True)


def remove_left(parent: Path) -> None:
    """Remove the private folders in `parent` whose runs have ended without doing so."""
    for folder in parent.glob(PREFIX + "*"):
        mark = folder / MARK
        with contextlib.suppress(OSError, filelock.Timeout):
            if folder.is_symlink() or not mark.is_file() or folder.stat().st_uid != os.getuid():
                continue
            with filelock.FileLock(mark, timeout=0):
                shutil.rmtree(folder, ignore_errors=True)


def put_in_place(written: Path, output: Path) -> None:
    """Rename, with the permissions and the owner of what it replaces."""
    if output.exists():
        shutil.copymode(output, written)
        with contextlib.suppress(OSError):
            there = output.stat()
            os.chown(written, there.st_uid, there.st_gid)
    with written.open("rb") as file:
        os.fsync(file.fileno())
    written.replace(output)


def write_whole(text: str, output: Path) -> None:
    """Write a small file whole or not at all."""
    with private_folder(output) as folder:
        written = folder / "text"
        written.write_text(text, encoding="utf-8", newline="")
        put_in_place(written, output)
