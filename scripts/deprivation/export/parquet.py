"""The published tables as Parquet files.

parquet/                    the complete export: the one before, or this one
    export.json             our mark: the database, its rows, and the files that we wrote
    postcodes.parquet       a table; or a folder postcode_imd/edition=2019/ for each edition
.parquet.x1y2z3a4/          being written, or replaced; if killed, the next export removes it
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import duckdb
import filelock

from deprivation.errors import ExportError
from deprivation.export.tables import Table, is_synthetic_file, opened, published_tables
from deprivation.files import carry_permissions
from deprivation.sql import identifier, literal

MANIFEST = "export.json"
# In a folder that is being written, locked by the process that writes it.
MARK = ".made_by_deprivation"


def to_parquet(database: Path, folder: Path, partition_by: str | None = None) -> dict[str, int]:
    """Write TABLE.parquet into `folder`, or TABLE/edition=2019/*.parquet for tables by edition.

    It is written next to `folder` and swapped in when complete. Links are followed. Returns rows
    by table. Raises ExportError for a folder that contains anything but an earlier export; it is
    left as it is.
    """
    if re.search(r"://|\bpassword\s*=", str(folder), re.IGNORECASE) or ":/" in str(folder):
        raise ExportError("--output is an address; for Parquet name a folder")
    folder = Path(os.path.realpath(folder))
    _check_ours(folder)
    synthetic = is_synthetic_file(database)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _unfinished(folder) as unfinished:
        try:
            with opened(database) as connection:
                rows = {
                    table.name: _write(connection, table, unfinished, partition_by)
                    for table in published_tables(connection)
                }
        except duckdb.Error as error:
            raise ExportError(f"{folder}: not exported ({error})") from None
        files = {
            path.relative_to(unfinished).as_posix(): path.stat().st_size
            for path in sorted(unfinished.rglob("*"))
            if path.is_file() and path.name != MARK
        }
        manifest = {
            "database": database.name,
            "is_synthetic": synthetic,
            "rows": rows,
            "files": files,
        }
        (unfinished / MANIFEST).write_text(json.dumps(manifest, indent=1))
        for name in [*files, MANIFEST, "."]:
            carry_permissions(folder / name, unfinished / name)
        # Again, as something may have been put there meanwhile.
        _check_ours(folder)
        _swap(unfinished, folder)
    return rows


def _write(
    connection: duckdb.DuckDBPyConnection, table: Table, folder: Path, partition_by: str | None
) -> int:
    options = "format parquet, compression zstd"
    target = folder / f"{table.name}.parquet"
    if partition_by and table.has(partition_by):
        target = folder / table.name
        options += f", partition_by ({partition_by})"
    copied = connection.execute(f"copy {identifier(table.name)} to {literal(target)} ({options})")
    return copied.fetchone()[0]


def _check_ours(folder: Path) -> None:
    """Raises ExportError if `folder` is a file, or contains files that no export wrote."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise ExportError(f"{folder} is a file; name a folder")
    strangers = _strangers(folder)
    if strangers:
        more = f" and {len(strangers) - 1} more" if len(strangers) > 1 else ""
        raise ExportError(
            f"{folder} contains files that no export wrote: {strangers[0]}{more}; move them, or"
            " name an empty folder"
        )


def _strangers(folder: Path) -> list[str]:
    """Files in a folder that its manifest does not list, or that have changed since."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        sizes, tables = manifest.get("files"), manifest["rows"]
    except (OSError, ValueError, KeyError, AttributeError):
        sizes, tables = {}, {}
    strangers = []
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_dir() and not path.is_symlink():
            continue
        if name in (MANIFEST, MARK) and tables:
            continue
        if sizes is None:  # an older export, which did not list its files
            table, _, rest = name.partition("/")
            is_ours = table.removesuffix(".parquet") in tables and re.fullmatch(
                r"(edition=\w+/[\w.-]+\.parquet)?", rest
            )
        else:
            is_ours = not path.is_symlink() and sizes.get(name) == path.stat().st_size
        if not is_ours:
            strangers.append(name)
    return strangers


@contextlib.contextmanager
def _unfinished(folder: Path) -> Iterator[Path]:
    """A folder to write in, next to `folder`; first removes what killed exports left there."""
    for left in folder.parent.glob(f".{_no_pattern(folder.name)}.*"):
        _remove_left(left, folder)
    unfinished = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    umask = os.umask(0)
    os.umask(umask)
    unfinished.chmod(0o777 & ~umask)
    lock = filelock.FileLock(unfinished / MARK)
    lock.acquire()
    try:
        yield unfinished
    finally:
        lock.release()
        _remove_left(unfinished, folder)
        # The mark was swapped in with the export.
        (folder / MARK).unlink(missing_ok=True)


def _no_pattern(name: str) -> str:
    return re.sub(r"([\[*?])", r"[\1]", name)


def _remove_left(left: Path, folder: Path) -> None:
    """Remove a folder that a killed export left, unless another process is writing in it."""
    is_named = re.fullmatch(r"[a-z0-9_]{8}(\.old)?", left.name.removeprefix(f".{folder.name}."))
    if not is_named or left.is_symlink() or not left.is_dir():
        return
    if (left / MARK).exists():
        lock = filelock.FileLock(left / MARK)
        try:
            lock.acquire(timeout=0)
        except (filelock.Timeout, OSError):
            return
        lock.release()
        shutil.rmtree(left, ignore_errors=True)
    elif not _strangers(left) or all(
        path.suffix == ".parquet" or path.name.startswith("tmp_") or path.is_dir()
        for path in left.rglob("*")
    ):
        # A replaced export, or an unfinished one that had no mark yet.
        shutil.rmtree(left, ignore_errors=True)


def _swap(unfinished: Path, folder: Path) -> None:
    """Put one folder in place of the other, in one step if the system can exchange them."""
    if not folder.exists():
        unfinished.rename(folder)
        return
    if _exchange(unfinished, folder):
        return
    old = unfinished.with_name(unfinished.name + ".old")
    folder.rename(old)
    unfinished.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def _exchange(one: Path, other: Path) -> bool:
    """Exchange the names of two folders on Linux; False where that cannot be done."""
    if sys.platform != "linux":
        return False
    current_folder, exchange = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
    try:
        rename = ctypes.CDLL(None).renameat2
    except (AttributeError, OSError):
        return False
    return not rename(
        current_folder, os.fsencode(one), current_folder, os.fsencode(other), exchange
    )
