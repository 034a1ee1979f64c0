"""The last check of a finished file before it is published."""

from __future__ import annotations

import contextlib
from collections.abc import Collection
from pathlib import Path

import duckdb

from deprivation.errors import BuildError
from deprivation.publish.contract import contract, promised_tables
from deprivation.publish.variables import Wanted
from deprivation.published import first_line
from deprivation.sql import identifier, literal

# Postcodes of public buildings, with the country that any release must give them.
KNOWN_POSTCODES = {
    "SW1A 2AA": "E92000001",
    "LS1 1UR": "E92000001",
    "M2 5DB": "E92000001",
    "CF10 3NP": "W92000004",
    "G2 1DU": "S92000003",
    "EH99 1SP": "S92000003",
}

OF_SEVERAL_EDITIONS = {
    "area_changes",
    "area_imd_wide",
    "postcode_uplifts",
    "own_indices",
    "uk_index",
}
COMPARED = 500
MAY_DIFFER = 0.02


def check_whole_file(built: Path) -> None:
    """Raises BuildError if a finished file was not closed, or a table is missing or empty."""
    if not built.exists():
        raise BuildError("not published: dbt built nothing (does --select name a model?)")
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
            f"not published: {', '.join(missing)} not built or empty (to build only some tables,"
            " run dbt itself)"
        )


def last_check(
    built: Path, published: Path | None, asked: Wanted, allowed: Collection[str] = ()
) -> dict:
    """Compare a finished file with the published one: {rows: by table, is_synthetic: bool}.

    allowed: names of GUARDS. Raises BuildError for a column of the contract that is missing or has
    another type, a figure that is not a number, an edition that was asked for and is missing, and
    for what GUARDS names.
    """
    with contextlib.closing(duckdb.connect(":memory:")) as connection:
        connection.execute(f"attach {literal(built)} as built (read_only)")
        _check_contract(connection)
        _check_numbers(connection)
        _check_editions(connection, asked)
        rows = _count(connection, "built")
        synthetic = _is_synthetic(connection, "built")
        if not synthetic and "unknown-places" not in allowed:
            _check_known(connection)
        if published and published.exists() and published.stat().st_size:
            _attach_published(connection, published)
            was_synthetic = _is_synthetic(connection, "published")
            if synthetic and not was_synthetic and "synthetic" not in allowed:
                raise BuildError(
                    f"not published: {published} has real data and this build has synthetic data;"
                    " set DEPRIVATION_DATA_DIR, name another file, or use --allow synthetic"
                )
            if synthetic == was_synthetic:
                _compare(connection, asked, allowed)
    return {"rows": rows, "is_synthetic": synthetic}


def _check_numbers(connection: duckdb.DuckDBPyConnection) -> None:
    """Raises BuildError for NaN or infinity, which would silently rank above every number."""
    doubles = connection.execute(
        "select table_name, list(column_name) from duckdb_columns() where database_name = 'built'"
        " and schema_name = 'main' and data_type = 'DOUBLE' group by table_name order by table_name"
    ).fetchall()
    for table, columns in doubles:
        wrong = [f"bool_or(not isfinite({identifier(column)}))" for column in columns]
        found = connection.execute(
            f"select {', '.join(wrong)} from built.main.{identifier(table)}"
        ).fetchone()
        for column, is_wrong in zip(columns, found, strict=True):
            if is_wrong:
                raise BuildError(
                    f"not published: {table}.{column} has a value that is not a number"
                )


def _attach_published(connection: duckdb.DuckDBPyConnection, published: Path) -> None:
    try:
        connection.execute(f"attach {literal(published)} as published (read_only)")
        connection.execute(
            "select is_synthetic from published.main.sources, published.main.editions limit 1"
        )
    except duckdb.Error as error:
        raise BuildError(
            "not published: the published file cannot be read to compare"
            f" ({first_line(error)}); move {published} away, or name another file"
        ) from None


def _compare(
    connection: duckdb.DuckDBPyConnection, asked: Wanted, allowed: Collection[str]
) -> None:
    """Check that nothing published is missing, unless that is allowed or was asked for."""
    before, now = _editions(connection, "published"), _editions(connection, "built")
    gone = [one for one in before if one not in now and not asked.leaves_out(*one)]
    if gone and "fewer-editions" not in allowed:
        names = ", ".join(f"{nation} {edition}" for nation, edition in gone)
        raise BuildError(
            f"not published: {names} is in the published file but not in this one; put its input"
            " back (`deprivation prepare` lists inputs), or use --allow fewer-editions"
        )
    if "fewer-rows" not in allowed:
        kept = {one for one in before if one in now}
        _check_rows(connection, kept, is_less_asked=len(kept) < len(before))
    if "moved-postcodes" not in allowed:
        _check_places(connection)


def _editions(connection: duckdb.DuckDBPyConnection, database: str) -> list[tuple[str, int]]:
    return connection.execute(
        f"select distinct nation, edition from {database}.main.editions order by all"
    ).fetchall()


def _check_editions(connection: duckdb.DuckDBPyConnection, asked: Wanted) -> None:
    there = [f"{nation} {edition}" for nation, edition in _editions(connection, "built")]
    missing = sorted(asked.editions - set(there))
    if missing:
        raise BuildError(
            f"not published: {', '.join(missing)} was asked for but is not in the finished file,"
            f" which has {', '.join(there) or 'no edition'}; `deprivation fetch --only"
            f' "{missing[0]}"` fetches it, or leave it out of the variable editions'
        )


def _check_contract(connection: duckdb.DuckDBPyConnection) -> None:
    there = connection.execute(
        "select table_name, column_name, data_type from duckdb_columns()"
        " where database_name = 'built' and schema_name = 'main'"
    ).fetchall()
    types = {(table, column): data_type for table, column, data_type in there}
    promises = contract()
    ours = {
        name: connection.execute(f"select typeof(cast(null as {name}))").fetchone()[0]
        for name in {promised for columns in promises.values() for promised in columns.values()}
    }
    for table, columns in promises.items():
        for column, promised in columns.items():
            found = types.get((table, column))
            if found is None:
                raise BuildError(f"not published: {table}.{column} of the contract is missing")
            if ours[promised] not in (found, '"NULL"') and found != promised.upper():
                raise BuildError(
                    f"not published: {table}.{column} is {found}, not {promised} as promised"
                )


def _count(connection: duckdb.DuckDBPyConnection, database: str) -> dict[str, int]:
    """Rows by table."""
    return {
        table: connection.execute(
            f"select count(*) from {database}.main.{identifier(table)}"
        ).fetchone()[0]
        for table in _columns(connection, database)
    }


def _count_by_edition(
    connection: duckdb.DuckDBPyConnection, database: str
) -> dict[tuple[str, str, int], int]:
    """Rows by table, nation and edition, of the tables that have these."""
    counts = {}
    for table, names in _columns(connection, database).items():
        if {"nation", "edition"} <= set(names):
            rows = connection.execute(
                f"select nation, edition, count(*) from {database}.main.{identifier(table)}"
                " group by all"
            ).fetchall()
            counts |= {(table, nation, edition): count for nation, edition, count in rows}
    return counts


def _columns(connection: duckdb.DuckDBPyConnection, database: str) -> dict[str, list[str]]:
    return dict(
        connection.execute(
            "select table_name, list(column_name) from duckdb_columns()"
            " where database_name = ? and schema_name = 'main' and table_name in"
            " (select table_name from duckdb_tables() where database_name = ?)"
            " group by table_name order by table_name",
            [database, database],
        ).fetchall()
    )


def _check_rows(
    connection: duckdb.DuckDBPyConnection,
    editions: Collection[tuple[str, int]],
    is_less_asked: bool,
) -> None:
    """Check that no table has fewer rows, nor fewer for one of `editions`.

    is_less_asked: editions were left out on purpose, which also changes OF_SEVERAL_EDITIONS.
    """
    # Fewer sources show as missing editions.
    skipped = {"sources"} | (OF_SEVERAL_EDITIONS if is_less_asked else set())
    now = _count_by_edition(connection, "built")
    before = _count_by_edition(connection, "published")
    for (table, *edition), rows in sorted(before.items()):
        if tuple(edition) in editions and table not in skipped:
            there = now.get((table, *edition), 0)
            _check_fewer(f"{table} of {edition[0]} {edition[1]}", there, rows)
    now, by_edition = _count(connection, "built"), {table for table, *_ in before}
    for table, rows in _count(connection, "published").items():
        if table not in by_edition | skipped:
            _check_fewer(table, now.get(table, 0), rows)


def _check_fewer(what: str, now: int, before: int) -> None:
    if now < 0.99 * before:
        raise BuildError(
            f"not published: {what} has {now:,} rows, the published file has {before:,}; if this is"
            " right, use --allow fewer-rows"
        )


def _is_synthetic(connection: duckdb.DuckDBPyConnection, database: str) -> bool:
    found = connection.execute(f"select bool_or(is_synthetic) from {database}.main.sources")
    return bool(found.fetchone()[0])


def _check_known(connection: duckdb.DuckDBPyConnection) -> None:
    found = dict(
        connection.execute(
            "select postcode, country_code from built.postcodes where list_contains(?, postcode)",
            [list(KNOWN_POSTCODES)],
        ).fetchall()
    )
    for postcode, country in KNOWN_POSTCODES.items():
        if found.get(postcode) != country:
            raise BuildError(
                f"not published: {postcode} is in country {found.get(postcode)}, not {country};"
                " if the directory should cover only part of the UK, use --allow unknown-places"
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
            f"not published: of {compared} postcodes of the published file {missing} are missing"
            f" and {moved} are in other areas ({example}); if this is right, use --allow"
            " moved-postcodes"
        )
