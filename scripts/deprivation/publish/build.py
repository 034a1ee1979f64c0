"""Build next to the published file, check, and replace it by one atomic rename.

    deprivation.duckdb              read by others at any time
    deprivation.duckdb.lock         locked while a build runs
    .deprivation.duckdb.build/      private to that build, removed by the next if it was killed
        made_by_deprivation         our mark: a folder without it is left alone
        X/deprivation.duckdb        the file to be published
        X/work.duckdb               staging and intermediate tables

A reader that has the old file open keeps it; one that opens the path again sees the new one.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb

from deprivation import settings
from deprivation.errors import BuildError
from deprivation.files import carry_permissions
from deprivation.inputs.prepare import prepare_inputs
from deprivation.locks import sole
from deprivation.publish.dbt import run_dbt
from deprivation.publish.last_check import check_whole_file, last_check
from deprivation.publish.place import place_of
from deprivation.publish.variables import wanted

MARK = "made_by_deprivation"
# The file's name during a build, because dbt names the catalog after it.
BUILT = "deprivation.duckdb"


@contextlib.contextmanager
def sole_builder(database: Path, wait: float = 0) -> Iterator[None]:
    """Lock `database` for a build, waiting up to `wait` seconds for another build to end.

    Raises BuildError if another build is still running then.
    """
    busy = BuildError(f"another build of {database} is running; try again when it has ended")
    with sole(database.with_name(f"{database.name}.lock"), wait, busy):
        yield


def build(
    database: Path,
    dbt_arguments: Sequence[str] = (),
    allowed: Collection[str] = (),
    full_log: bool = False,
) -> dict:
    """Run `dbt build` into a file next to `database` and, if all of it passes, publish that file.

    allowed: names of GUARDS that the last check lets pass; full_log: print dbt's own log. Returns
    what the last check found. Raises BuildError, UsageError for arguments, and InputError for
    inputs that cannot be used.
    """
    asked = wanted(dbt_arguments)
    database = place_of(database)
    with sole_builder(database), build_folder(database) as folder:
        built = folder / BUILT
        make(built, dbt_arguments, full_log=full_log)
        found = checked(built, database, asked, allowed)
        swap(built, database)
        keep_intermediate(folder)
    return found


def keep_intermediate(folder: Path) -> None:
    """Put the intermediate tables of a finished build where plain dbt has them.

    So `dbt test`, or a partial build, finds the tables that the published file was made from.
    """
    built, kept = folder / "work.duckdb", settings.intermediate_database()
    if not built.exists():
        return
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.with_name(kept.name + ".wal").unlink(missing_ok=True)
    unfinished = kept.with_name(kept.name + ".unfinished")
    shutil.move(built, unfinished)
    unfinished.replace(kept)


def checked(built: Path, database: Path, asked, allowed: Collection[str]) -> dict:
    """The last check of a finished file. Raises BuildError also if it cannot be read."""
    try:
        return last_check(built, database, asked, allowed)
    except duckdb.Error as error:
        raise BuildError(f"not published: the finished file is damaged ({error})") from None


def make(
    built: Path,
    dbt_arguments: Sequence[str] = (),
    output: int | None = None,
    full_log: bool = False,
) -> None:
    """Prepare the inputs, run `dbt build` into `built` and check it; raises as `build` does.

    output: with full_log, the file descriptor for dbt's log; by default this process's stdout.
    """
    # Meanwhile dbt starts and parses the project; before its first query it waits for the inputs.
    pool = ThreadPoolExecutor(1)
    preparing = pool.submit(prepare_inputs, settings.work_dir())
    try:
        run_dbt(["build", *dbt_arguments], built, output, full_log, preparing)
    except BuildError:
        preparing.result()
        raise
    finally:
        pool.shutdown(wait=False)
    check_whole_file(built)


def remove_unfinished(database: Path) -> Path:
    """Remove what a killed build left; returns its folder. To be called within sole_builder.

    Only a folder that a build made is removed: one with our mark, or one from before there was a
    mark, which contains only folders named by Python's tempfile.
    """
    parent = database.with_name(f".{database.name}.build")
    if parent.is_dir() and not parent.is_symlink():
        names = [path.name for path in parent.iterdir()]
        if MARK in names or all(re.fullmatch(r"tmp[a-z0-9_]{8}", name) for name in names):
            shutil.rmtree(parent, ignore_errors=True)
    return parent


@contextlib.contextmanager
def build_folder(database: Path) -> Iterator[Path]:
    """An empty folder on the same file system as `database`, removed when the block ends.

    Its name is never used twice: if a process of a killed build is still running, its folder is
    gone, and it cannot write into the folder of the next build.
    """
    parent = remove_unfinished(database)
    folder = None
    # The first folder is made inside the try, as an interrupt may come at any moment.
    try:
        if not parent.exists():
            parent.mkdir()
            (parent / MARK).touch()
        folder = Path(tempfile.mkdtemp(dir=parent))
        yield folder
    finally:
        if folder:
            shutil.rmtree(folder, ignore_errors=True)
        remove_unfinished(database)


def swap(built: Path, database: Path) -> None:
    """Replace `database` with `built` in one rename, once it is safely on disk.

    It gets the owner and the permissions of the file that was there.
    """
    with built.open("rb") as file:
        os.fsync(file.fileno())
    carry_permissions(database, built)
    # A write-ahead log of the old file would make the new one unopenable.
    database.with_name(database.name + ".wal").unlink(missing_ok=True)
    built.replace(database)
    if hasattr(os, "O_DIRECTORY"):
        folder = os.open(database.parent, os.O_DIRECTORY)
        os.fsync(folder)
        os.close(folder)
