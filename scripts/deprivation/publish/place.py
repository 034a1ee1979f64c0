"""Where a file is to be published: checked before hours of building, not after."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import duckdb

from deprivation.errors import BuildError
from deprivation.publish.contract import promised_tables

# Names that DuckDB reserves: such a file opens under another name, or not at all.
KEPT_BY_DUCKDB = ("main", "system", "temp")


def place_of(database: Path) -> Path:
    """The file itself, links followed. Raises BuildError if nothing may or can be published there.

    An existing file is replaced only if this project made it.
    """
    named = database
    database = Path(os.path.realpath(database))
    if database.is_dir():
        raise BuildError(
            f"{named} is a folder; DEPRIVATION_DB or --database must name a file, such as"
            f" {named / 'deprivation.duckdb'}"
        )
    for parent in database.parents:
        if parent.exists():
            if not parent.is_dir():
                raise BuildError(f"{parent} is a file; {named} would need it to be a folder")
            break
    stem = database.name.partition(".")[0]
    if stem.lower() in KEPT_BY_DUCKDB and stem not in KEPT_BY_DUCKDB:
        raise BuildError(f"DuckDB cannot open a file named {database.name}; name another")
    if database.exists():
        if not database.is_file():
            raise BuildError(f"{named} is not a regular file; name another")
        if database.stat().st_size:
            _check_ours(database)
    return database


def check_name(database: Path) -> None:
    """Raises BuildError for a file name that dbt cannot use for its catalog."""
    if database.name.partition(".")[0].lower() in (*KEPT_BY_DUCKDB, "work"):
        raise BuildError(
            f"dbt cannot build in a file named {database.name}; `deprivation build` can, or name"
            " another in DEPRIVATION_DB"
        )


def _check_ours(database: Path) -> None:
    try:
        with contextlib.closing(duckdb.connect(str(database), read_only=True)) as connection:
            strangers = _not_ours(connection)
    except duckdb.Error as error:
        reason = str(error).strip().partition("\n")[0]
        if "lock" in reason.lower():
            raise BuildError(
                f"{database} is in use by a process that writes to it; try again when it has ended"
            ) from None
        # Not DuckDB's, or damaged: the last check cannot compare with it, and refuses.
        return
    if strangers:
        raise BuildError(
            f"{database} contains tables that no build made ({', '.join(strangers[:5])}) and would"
            " lose them; move them into another file, or name another file here"
        )


def _not_ours(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Tables and views that are neither published nor left by an unfinished dbt run."""
    found = connection.execute(
        "select schema_name, table_name, comment from duckdb_tables()"
        " union all select schema_name, view_name, comment from duckdb_views() where not internal"
        " order by all"
    ).fetchall()
    ours = promised_tables()
    # Every published table has a comment; a file of tables that only have such names has none.
    if not any(comment or "__dbt_" in name for _, name, comment in found):
        ours = set()
    return [
        name if schema == "main" else f"{schema}.{name}"
        for schema, name, comment in found
        # A table that an earlier release published is known by its comment.
        if not (schema == "main" and (comment or name.partition("__dbt_")[0] in ours))
        and not schema.endswith("_dbt_test__audit")
    ]
