"""Fetch, build, check, swap."""

from __future__ import annotations

import contextlib
import datetime
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path

import duckdb

from deprivation.errors import BuildError
from deprivation.publish.build import (
    BUILT,
    build_folder,
    keep_intermediate,
    make,
    remove_unfinished,
    swap,
)
from deprivation.publish.built_from import inputs_now, what_changed
from deprivation.publish.last_check import check_whole_file, last_check
from deprivation.publish.previous import enter, keep, prune, write_built_from
from deprivation.publish.variables import wanted

Build = Callable[[Path, Sequence[str], "int | None"], None]
STANDARD_ERROR = 2


@contextlib.contextmanager
def timed(report: dict, step: str) -> Iterator[None]:
    """Add the seconds that a step took to the report."""
    report["failed_in"] = step
    started = time.monotonic()
    try:
        yield
        del report["failed_in"]
    finally:
        report["seconds"][step] = round(time.monotonic() - started, 3)


def new_report(database: Path) -> dict:
    """The run report: outcome is `published`, `unchanged` or `failed`, with the reason."""
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "outcome": "failed",
        "reason": "",
        "database": str(database),
        "started_at": now,
        "seconds": {},
        "fetched": [],
    }


def publish_if_new(
    database: Path,
    data_dir: Path | None,
    report: dict,
    *,
    say: Callable[[str], None],
    dbt_arguments: Sequence[str] = (),
    keep_files: int = 2,
    allowed: Collection[str] = (),
    force: bool = False,
    build: Build = make,
) -> None:
    """Build, check and publish, unless the published file was built from the same inputs.

    To be called within sole_builder. Fills the report; raises BuildError or InputError, and leaves
    the published file as it was.
    """
    asked = wanted(dbt_arguments)
    with timed(report, "compare"):
        now = inputs_now(data_dir, dbt_arguments)
        reason = what_changed(database, now) or ("asked for by --force" if force else "")
    if not reason:
        report |= {"outcome": "unchanged", "reason": "nothing new upstream"}
        # Left by a run that was killed right after it had published.
        remove_unfinished(database)
        say(f"nothing new upstream; {database} is left as it is")
        return
    say(f"building: {reason}")
    report["reason"] = reason
    with build_folder(database) as folder:
        built = folder / BUILT
        with timed(report, "build"):
            build(built, dbt_arguments, STANDARD_ERROR)
        with timed(report, "check"):
            try:
                check_whole_file(built)
                report |= last_check(built, database, asked, allowed)
                report["sources"] = _sources(built)
            except duckdb.Error as error:
                raise BuildError(f"not published: the finished file is damaged ({error})") from None
        with timed(report, "swap"):
            kept = keep(database)
            enter(database, built)
            write_built_from(database, built, now)
            swap(built, database)
            keep_intermediate(folder)
            prune(database, keep_files)
    report |= {"outcome": "published", "previous": str(kept) if kept else None}


def _sources(built: Path) -> list[dict]:
    with contextlib.closing(duckdb.connect(str(built), read_only=True)) as connection:
        found = connection.execute("select * from sources order by all")
        names = [column[0] for column in found.description]
        return [
            {
                key: str(value) if isinstance(value, datetime.datetime) else value
                for key, value in zip(names, row, strict=True)
            }
            for row in found.fetchall()
        ]
