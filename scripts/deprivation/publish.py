"""Build beside the published file, check, and put in its place by one atomic rename.

    deprivation.duckdb              read by others at any time
    deprivation.duckdb.lock         held by the one build at a time
    .deprivation.duckdb.build/X/    private to that build, removed by the next if it was killed
        deprivation.duckdb          the file to be published, under the name it will have
        work.duckdb                 staging and intermediate tables

A reader that has the old file open keeps it; one that opens the path again sees the new one.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb
import filelock

from deprivation import settings
from deprivation.inputs import check_rows

# Bytes free on a disk, below which a build that failed is taken to have failed for it.
LEAST_FREE = 64 << 20


class BuildError(Exception):
    """A build that must not be published: the message says why. The published file is untouched."""


@contextlib.contextmanager
def sole_builder(database: Path, wait: float = 0) -> Iterator[None]:
    """Hold the right to build `database`, waiting up to `wait` seconds for another build to end.

    Raises BuildError if another build still holds it then.
    """
    database.parent.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(f"{database}.lock")
    try:
        lock.acquire(timeout=wait)
    except filelock.Timeout:
        raise BuildError(f"another build of {database} is running; this one leaves") from None
    try:
        yield
    finally:
        lock.release()


def build(database: Path, dbt_arguments: Sequence[str] = ()) -> None:
    """Run `dbt build` into a file beside `database` and, if all of it passes, publish that file.

    Raises BuildError, and InputError for inputs that cannot be used.
    """
    with sole_builder(database), private_folder(database) as folder:
        built = folder / database.name
        make(built, dbt_arguments)
        swap(built, database)


def make(built: Path, dbt_arguments: Sequence[str] = (), output: int | None = None) -> None:
    """Prepare the inputs, run `dbt build` into `built` and check it; raises as `build` does.

    output: the file descriptor that takes what dbt prints, if not this process's own.
    """
    from deprivation.plugin import prepare_inputs  # brings in dbt: a second

    prepare_inputs(settings.work_dir())
    run_dbt(["build", *dbt_arguments], built, output)
    check(built)


def remove_unfinished(database: Path) -> Path:
    """Remove what a killed build left; the folder it was in. To be called within sole_builder."""
    parent = database.with_name(f".{database.name}.build")
    shutil.rmtree(parent, ignore_errors=True)
    return parent


@contextlib.contextmanager
def private_folder(database: Path) -> Iterator[Path]:
    """An empty folder on the same file system as `database`, gone when the block ends.

    Its name is never used twice: should a process of a build that was killed live on, it finds
    its folder gone and cannot write into that of the next.
    """
    parent = remove_unfinished(database)
    parent.mkdir(exist_ok=True)
    try:
        yield Path(tempfile.mkdtemp(dir=parent))
    finally:
        shutil.rmtree(parent, ignore_errors=True)


def run_dbt(arguments: Sequence[str], built: Path, output: int | None = None) -> None:
    """Run dbt into `built`, its intermediate tables beside it. Raises BuildError if it fails.

    dbt runs in a process of its own: run in this one, it would keep the file's write lock.
    """
    # A target folder of its own: another dbt in the project at the same time writes into target/.
    target = built.with_name("target")
    log = target / "run_results.json"
    command = [settings.program("dbt"), *arguments, "--fail-fast", "--target-path", str(target)]
    command += ["--project-dir", str(settings.PROJECT), "--profiles-dir", str(settings.PROJECT)]
    environment = os.environ | {
        "DEPRIVATION_DB": str(built),
        "DEPRIVATION_INTERMEDIATE_DB": str(built.with_name("work.duckdb")),
        "DEPRIVATION_WORK_DIR": str(settings.work_dir()),
    }
    finished = subprocess.run(
        command, env=environment, check=False, stdout=output, **_dies_with_this()
    )
    for warning in reported(log, built, ["warn"]):
        print(f"warning: {warning}", file=sys.stderr)
    if finished.returncode:
        reason = why_dbt_failed(log, built) or f"dbt ended with {finished.returncode}"
        if shutil.disk_usage(built.parent).free < LEAST_FREE:
            # dbt's own account may be cut off then.
            reason = f"no space left beside {built.name}: " + reason.partition("\n")[0]
        if "csv" in reason.lower() and "postcode_directory" in reason:
            for path in sorted((settings.work_dir() / "inputs" / "postcode_directory").iterdir()):
                check_rows(path)
        raise BuildError(reason)


def _dies_with_this() -> dict:
    """On Linux: the child is killed when this process is, however that happens."""
    if sys.platform != "linux":
        return {}
    prctl = ctypes.CDLL(None).prctl
    death_signal, kill = 1, 9  # PR_SET_PDEATHSIG, SIGKILL
    return {"preexec_fn": lambda: prctl(death_signal, kill)}


def why_dbt_failed(run_results: Path, built: Path) -> str:
    """The first failure that dbt reports, with the rows that made it where it is a data test."""
    return next(iter(reported(run_results, built, ["error", "fail"])), "")


def reported(run_results: Path, built: Path, statuses: Sequence[str]) -> Iterator[str]:
    """Each result of dbt's last run that has one of `statuses`: name, message, rows of a test."""
    try:
        results = json.loads(run_results.read_text())["results"]
    except (FileNotFoundError, json.JSONDecodeError):  # not written, or cut off by a full disk
        return
    for result in results:
        if result["status"] in statuses:
            name = result["unique_id"].split(".")[2]
            rows = _failing_rows(result.get("compiled_code"), built)
            yield f"{name}: {(result['message'] or '').strip()}{rows}"


def _failing_rows(test: str | None, built: Path, most: int = 3) -> str:
    if not test or not built.exists():
        return ""
    try:
        with duckdb.connect(str(built), read_only=True) as connection:
            connection.execute(f"attach '{built.with_name('work.duckdb')}' as work (read_only)")
            connection.execute(f"set variable inputs = '{settings.work_dir() / 'inputs'}'")
            found = connection.execute(f"select * from ({test}) limit {most}")
            names = [column[0] for column in found.description]
            rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    except duckdb.Error:  # a model, not a test, or one that needs what this connection lacks
        return ""
    shown = ["; ".join(f"{key} = {value}" for key, value in row.items()) for row in rows]
    return "".join(f"\n    {row}" for row in shown)


def promised_tables() -> list[str]:
    """The published tables: the models in models/marts."""
    return sorted(path.stem for path in (settings.PROJECT / "models" / "marts").glob("*.sql"))


def check(built: Path) -> None:
    """A last look at a finished file. Raises BuildError if a promised table is missing or empty."""
    if built.with_name(built.name + ".wal").exists():
        raise BuildError(f"{built.name} was not closed in full: a write-ahead log is left")
    with duckdb.connect(str(built), read_only=True) as connection:
        there = dict(
            connection.execute(
                "select table_name, estimated_size from duckdb_tables() where schema_name = 'main'"
            ).fetchall()
        )
    never_empty = {"postcodes", "postcode_imd", "area_indices", "editions", "sources"}
    missing = [
        table
        for table in promised_tables()
        if table not in there or (table in never_empty and not there[table])
    ]
    if missing:
        raise BuildError(
            f"not published: {', '.join(missing)} not built or empty (a part of the build can be"
            " run in place with dbt itself)"
        )


def swap(built: Path, database: Path) -> None:
    """Put `built` in the place of `database`, on disk before it is seen, in one rename."""
    with built.open("rb") as file:
        os.fsync(file.fileno())
    # A write-ahead log of the old file would make the new one unopenable.
    database.with_name(database.name + ".wal").unlink(missing_ok=True)
    built.replace(database)
    if hasattr(os, "O_DIRECTORY"):
        folder = os.open(database.parent, os.O_DIRECTORY)
        os.fsync(folder)
        os.close(folder)
