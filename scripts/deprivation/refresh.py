"""Fetch, build beside the published file, test, check, swap; and back again.

    deprivation.duckdb                     read by others at any time
    deprivation.duckdb.previous/           the last published files, newest last
        2026-08-21T030512.123Z.duckdb      named by the time it was built (UTC)
        built_from.json                    what the published file was built from

What ends before the swap leaves the published file as it was; the swap is one rename.
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import duckdb
import yaml

from deprivation import settings
from deprivation.publish import (
    BuildError,
    check,
    make,
    private_folder,
    promised_tables,
    remove_unfinished,
    sole_builder,
    swap,
)

Build = Callable[[Path, Sequence[str], "int | None"], None]
STANDARD_ERROR = 2

# Postcodes of public buildings, with the country that any release must give them.
KNOWN_POSTCODES = {
    "SW1A 2AA": "E92000001",
    "LS1 1UR": "E92000001",
    "M2 5DB": "E92000001",
    "CF10 3NP": "W92000004",
    "G2 1DU": "S92000003",
    "EH99 1SP": "S92000003",
}
COMPARED = 500
MAY_DIFFER = 0.02


# The published file and those before it ---------------------------------------------------------


def previous_folder(database: Path) -> Path:
    return database.with_name(f"{database.name}.previous")


def built_at(path: Path) -> str:
    """The time a published file was finished, as its name among the previous ones."""
    changed = datetime.datetime.fromtimestamp(path.stat().st_mtime, datetime.timezone.utc)
    return f"{changed:%Y-%m-%dT%H%M%S}.{changed.microsecond // 1000:03}Z"


def previous(database: Path) -> list[Path]:
    """The files kept, oldest first, without the published one itself."""
    kept = sorted(previous_folder(database).glob("*.duckdb"))
    return [path for path in kept if not (database.exists() and path.samefile(database))]


def keep(database: Path) -> Path | None:
    """Give the published file a second name among the previous ones; None if there is none.

    A second name (a hard link) costs nothing and outlives the swap; a file system without links
    gets a copy.
    """
    if not database.exists():
        return None
    folder = previous_folder(database)
    folder.mkdir(exist_ok=True)
    kept = folder / f"{built_at(database)}.duckdb"
    if kept.exists() and kept.samefile(database):
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
    """Keep the newest `most` of the previous files."""
    for path in previous(database)[: -most or None]:
        path.unlink()


def rollback(database: Path, to: str | None = None) -> Path:
    """Publish the file before the published one, or the one named by its time; its path before.

    The file it takes the place of is kept among the previous ones. Raises BuildError if there is
    no such file, or it cannot be read.
    """
    with sole_builder(database):
        kept = previous(database)
        now = built_at(database) if database.exists() else "~"
        chosen = [path for path in kept if (path.stem == to if to else path.stem < now)]
        if not chosen:
            there = ", ".join(path.stem for path in kept) or "none"
            raise BuildError(f"no file {to or 'before this one'} is kept; there are: {there}")
        try:
            check(chosen[-1])
        except duckdb.Error as error:
            raise BuildError(f"{chosen[-1]} is damaged ({error}); remove it") from None
        _publish(chosen[-1], database)
        return chosen[-1]


def _publish(kept: Path, database: Path) -> None:
    keep(database)
    seen = read_built_from(database).get("seen")
    write_built_from(database, kept, seen)
    swap(kept, database)


# What the published file was built from ---------------------------------------------------------


def read_built_from(database: Path) -> dict:
    """{seen: what it was built from, published: which file that is}; empty if not known."""
    try:
        return json.loads((previous_folder(database) / "built_from.json").read_text())
    except (OSError, ValueError):
        return {}


def write_built_from(database: Path, built: Path, seen: dict | None) -> None:
    """Record before the swap what `built` comes from: killed in between, it is built once more."""
    folder = previous_folder(database)
    folder.mkdir(exist_ok=True)
    unfinished = folder / ".built_from"
    unfinished.write_text(json.dumps({"seen": seen, "published": _identity(built)}, indent=1))
    unfinished.replace(folder / "built_from.json")


def _identity(path: Path) -> dict:
    return {"bytes": path.stat().st_size, "mtime_ns": path.stat().st_mtime_ns}


def inputs_now(data_dir: Path | None, dbt_arguments: Sequence[str]) -> dict:
    """All that a build depends on: the project's files, dbt's arguments, the data folder's files.

    A file that was fetched goes by its hash, one put there by hand by its size and time.
    """
    from deprivation.fetch import read_record

    project = hashlib.sha256()
    for folder in ("models", "macros", "seeds", "tests", "scripts/deprivation"):
        for path in sorted((settings.PROJECT / folder).rglob("*")):
            if path.suffix in (".sql", ".yml", ".csv", ".py", ".md") and path.is_file():
                project.update(f"{path.relative_to(settings.PROJECT)}\n".encode())
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
    """Why the published file must be built anew; empty if it is of exactly these inputs."""
    if not database.exists():
        return "there is no published file"
    recorded = read_built_from(database)
    if recorded.get("published") != _identity(database) or not recorded.get("seen"):
        return "it is not known what the published file was built from"
    seen = recorded["seen"]
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


# The last check ---------------------------------------------------------------------------------


def last_check(built: Path, published: Path | None, allow_fewer_rows: bool = False) -> dict:
    """Look at a finished file beside the published one; rows by table.

    Raises BuildError for a column of the contract that is missing or of another type; a table
    with more than 1% fewer rows than the published file has (unless allowed); and postcodes that
    are gone, or in another place than they were.
    """
    with contextlib.closing(duckdb.connect(":memory:")) as connection:
        connection.execute(f"attach '{_quoted(built)}' as built (read_only)")
        _check_contract(connection)
        rows = _count(connection, "built")
        synthetic = _is_synthetic(connection, "built")
        if not synthetic and not allow_fewer_rows:
            _check_known(connection)
        if published and published.exists():
            try:
                connection.execute(f"attach '{_quoted(published)}' as published (read_only)")
                before = _count(connection, "published")
            except duckdb.Error as error:
                raise BuildError(
                    f"not published: the published file cannot be read to compare ({error})"
                ) from None
            if not allow_fewer_rows:
                _check_rows(rows, before)
                if _is_synthetic(connection, "published") == synthetic:
                    _check_places(connection)
    return rows


def contract() -> dict[str, dict[str, str]]:
    """The columns of each published table and their types, as the YAML of models/marts says."""
    promised = {}
    for path in sorted((settings.PROJECT / "models" / "marts").glob("*.yml")):
        for model in yaml.safe_load(path.read_text(encoding="utf-8")).get("models", []):
            columns = model.get("columns", [])
            promised[model["name"]] = {one["name"]: one["data_type"] for one in columns}
    return promised


def _check_contract(connection: duckdb.DuckDBPyConnection) -> None:
    there = connection.execute(
        "select table_name, column_name, data_type from duckdb_columns()"
        " where database_name = 'built' and schema_name = 'main'"
    ).fetchall()
    types = {(table, column): data_type for table, column, data_type in there}
    for table, columns in contract().items():
        for column, promised in columns.items():
            found = types.get((table, column))
            if found is None:
                raise BuildError(f"not published: {table}.{column} of the contract is not there")
            wanted = connection.execute(f"select typeof(cast(null as {promised}))").fetchone()[0]
            if wanted not in (found, '"NULL"') and found != promised.upper():
                raise BuildError(
                    f"not published: {table}.{column} is {found}, not {promised} as promised"
                )


def _count(connection: duckdb.DuckDBPyConnection, database: str) -> dict[str, int]:
    tables = connection.execute(
        "select table_name from duckdb_tables() where database_name = ? and schema_name = 'main'"
        " order by table_name",
        [database],
    ).fetchall()
    counts = [
        connection.execute(f'select count(*) from {database}.main."{table}"').fetchone()[0]
        for (table,) in tables
    ]
    return {table: count for (table,), count in zip(tables, counts, strict=True)}


def _check_rows(rows: dict[str, int], before: dict[str, int]) -> None:
    for table in before.keys() & {*promised_tables(), *rows}:
        now = rows.get(table, 0)
        if now < 0.99 * before[table]:
            raise BuildError(
                f"not published: {table} has {now:,} rows, the published file has"
                f" {before[table]:,}; if that is right, say --allow-fewer-rows"
            )


def _is_synthetic(connection: duckdb.DuckDBPyConnection, database: str) -> bool:
    found = connection.execute(f"select bool_or(is_synthetic) from {database}.main.sources")
    return bool(found.fetchone()[0])


def _check_known(connection: duckdb.DuckDBPyConnection) -> None:
    found = dict(
        connection.execute(
            "select postcode, country_code from built.main.postcodes where postcode in"
            f" ({', '.join('?' * len(KNOWN_POSTCODES))})",
            list(KNOWN_POSTCODES),
        ).fetchall()
    )
    for postcode, country in KNOWN_POSTCODES.items():
        if found.get(postcode) != country:
            raise BuildError(
                f"not published: {postcode} is in country {found.get(postcode)}, not {country};"
                " if the directory is meant to be a part of the country, say --allow-fewer-rows"
            )


def _check_places(connection: duckdb.DuckDBPyConnection) -> None:
    """A fixed sample of the published postcodes must be there, nearly all in the same areas."""
    missing, moved, compared, example = connection.execute(
        """
        with sampled as (
            select postcode_key, lsoa_2011_code, lsoa_2021_code
            from published.main.postcodes
            order by hash(postcode_key)
            limit ?
        )
        select
            count(*) filter (now.postcode_key is null),
            count(*) filter (
                now.postcode_key is not null and (
                    sampled.lsoa_2011_code <> now.lsoa_2011_code
                    or sampled.lsoa_2021_code <> now.lsoa_2021_code
                    or (sampled.lsoa_2021_code is not null and now.lsoa_2021_code is null)
                )
            ),
            count(*),
            min(sampled.postcode_key) filter (
                now.postcode_key is null or sampled.lsoa_2021_code <> now.lsoa_2021_code
            )
        from sampled
        left join built.main.postcodes as now on now.postcode_key = sampled.postcode_key
        """,
        [COMPARED],
    ).fetchone()
    if missing + moved > MAY_DIFFER * compared:
        raise BuildError(
            f"not published: of {compared} postcodes of the published file {missing} are gone and"
            f" {moved} are in other areas ({example}); if that is right, say --allow-fewer-rows"
        )


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


# The refresh ------------------------------------------------------------------------------------


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
    allow_fewer_rows: bool = False,
    force: bool = False,
    build: Build = make,
) -> None:
    """Build, check and publish, unless the published file is of the same inputs already.

    To be called within sole_builder. Fills the report; raises BuildError or InputError with the
    published file as it was.
    """
    with timed(report, "compare"):
        now = inputs_now(data_dir, dbt_arguments)
        reason = what_changed(database, now) or ("asked for by --force" if force else "")
    if not reason:
        report |= {"outcome": "unchanged", "reason": "nothing new upstream"}
        # Of a run that was killed right after it had published.
        remove_unfinished(database)
        say(f"nothing new upstream; {database} is left as it is")
        return
    say(f"building: {reason}")
    report["reason"] = reason
    with private_folder(database) as folder:
        built = folder / database.name
        with timed(report, "build"):
            build(built, dbt_arguments, STANDARD_ERROR)
        with timed(report, "check"):
            try:
                check(built)
                report["rows"] = last_check(built, database, allow_fewer_rows)
                report["sources"] = _sources(built)
            except duckdb.Error as error:
                raise BuildError(f"not published: the finished file is damaged ({error})") from None
        with timed(report, "swap"):
            kept = keep(database)
            write_built_from(database, built, now)
            swap(built, database)
            prune(database, keep_files)
    report |= {"outcome": "published", "previous": str(kept) if kept else None}
    say(f"published {database}")


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
