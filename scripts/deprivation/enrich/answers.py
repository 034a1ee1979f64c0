"""What a postcode is answered with, made once:

Directory          postcode key -> kind, and the id of its area for each choice of edition
table areas        id -> what is to stand beside the record; 0 for none
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import duckdb
import numpy as np
import pyarrow as pa

from deprivation.enrich.keys import KeyTable
from deprivation.enrich.plan import Choice, by_slot
from deprivation.enrich.request import LOCAL, MEASURES, Columns, as_name
from deprivation.errors import InputError
from deprivation.sql import identifier, literal

KINDS = (
    "live",
    "terminated",
    "placed in no country",
    "in a nation without such an edition",
    "not in the directory",
)
# Days from 1970; a postcode without a date was always there, or still is.
DAY_LIMIT = 1 << 30
DAYS = f""",
    cast(coalesce(introduced_on - date '1970-01-01', -{DAY_LIMIT}) as integer),
    cast(coalesce(
        cast(terminated_on + interval 1 month as date) - date '1970-01-01', {DAY_LIMIT}
    ) as integer)"""


def resolve_columns(
    connection: duckdb.DuckDBPyConnection, columns: Columns, choices: Sequence[Choice]
) -> Columns:
    """The same, `all` as the indices of the chosen editions.

    Raises InputError for an index or geography that is not in the file, naming those that are.
    """

    def known(column: str, table: str, condition: str = "true") -> list[str]:
        rows = connection.execute(
            f"select distinct {column} from {table} where {condition} order by 1"
        )
        return [value for (value,) in rows.fetchall()]

    def held(what: str, names: Sequence[str], there: list[str]) -> tuple[str, ...]:
        """The names as the file has them: one's own places and indices may have capitals."""
        spelt = {name.lower(): name for name in there}
        for name in names:
            if name.lower() not in spelt:
                raise InputError(f"{what} {name} is not in this file; it holds {', '.join(there)}")
        return tuple(spelt[name.lower()] for name in names)

    if columns.local:
        local = held("geography", columns.local, known("geography", "local_quantiles"))
        columns = dataclasses.replace(columns, local=local)
    ranked = known("index_code", "local_quantiles") if columns.local else []
    if columns.indices == ("all",):
        used = " or ".join(choice.holds("indices") for choice in choices)
        rows = connection.execute(
            f"select index_code from area_indices as indices where {used}"
            " group by index_code order by min(index_order), index_code"
        )
        indices = tuple(code for (code,) in rows.fetchall())
        local = tuple(code for code in indices if code in ranked)
        return dataclasses.replace(columns, indices=indices, local_indices=local)
    indices = held("index", columns.indices, known("index_code", "area_indices"))
    if columns.local:
        held("local rank of index", indices, ranked)
    return dataclasses.replace(columns, indices=indices)


def make_areas(
    connection: duckdb.DuckDBPyConnection, choices: Sequence[Choice], columns: Columns
) -> None:
    """Table areas: one row an area of the chosen editions, and row 0 for none."""
    used = " or ".join(choice.holds("indices") for choice in choices)
    codes = ", ".join(map(literal, columns.indices))
    (has_halves,) = connection.execute(
        "select coalesce(bool_or(rank <> floor(rank)), false) from area_indices as indices"
        f" where ({used}) and index_code in ({codes})"
    ).fetchone()
    measures = "".join(
        f", max(case when index_code = {literal(index)} then"
        f" {'cast(rank as integer)' if measure == 'rank' and not has_halves else measure}"
        f" end) as {identifier(f'{as_name(index)}_{measure}')}"
        for index in columns.indices
        for measure in MEASURES
    )
    local = _local_columns(columns)
    geographies = ", ".join(map(literal, columns.local))
    is_local = f"geography in ({geographies})" if geographies else "false"
    connection.execute(f"""
        create or replace table areas as
        with
        measures as (
            select nation, edition, area_code{measures}
            from area_indices as indices
            -- Every area has the overall index, not each of the others.
            where ({used}) and index_code in ('imd', {codes})
            group by nation, edition, area_code
        ),
        places as (
            select nation, edition, area_code{local}
            from local_quantiles
            where {is_local}
            group by nation, edition, area_code
        )
        select
            cast(row_number() over () as integer) as area_id,
            measures.*,
            places.* exclude (nation, edition, area_code),
            cast(null as double) as sector_modal_share,
            cast(null as integer) as sector_min_decile,
            cast(null as integer) as sector_max_decile,
            cast(null as varchar) as sector
        from measures
        left join places using (nation, edition, area_code)
    """)
    # Of the records that have no area.
    connection.execute("insert into areas (area_id) values (0)")


def _local_columns(columns: Columns) -> str:
    parts = []
    for geography in columns.local:
        here = f"geography = {literal(geography)}"
        code, name, *measures = columns.local_names(geography)
        parts += [
            f"max(case when {here} then geography_code end) as {identifier(code)}",
            f"max(case when {here} then geography_name end) as {identifier(name)}",
        ]
        wanted = [
            (index, column) for index in columns.ranked_locally() for column in LOCAL.values()
        ]
        parts += [
            f"max(case when {here} and index_code = {literal(index)} then {column} end)"
            f" as {identifier(measure)}"
            for (index, column), measure in zip(wanted, measures, strict=True)
        ]
    return "".join(f", {part}" for part in parts)


@dataclasses.dataclass(frozen=True)
class Directory:
    """The postcodes of the directory, by place, and one place more, -1, for what is not there.

    kinds: int8, slot x place, places in KINDS; areas: int32, slot x place, ids of the table areas;
    introduced, ended: int32, days from 1970 of the first day of a postcode and of the first when it
    is no more, made only where records are dated.
    """

    keys: KeyTable
    kinds: np.ndarray
    areas: np.ndarray
    introduced: np.ndarray | None = None
    ended: np.ndarray | None = None


def read_directory(
    connection: duckdb.DuckDBPyConnection, choices: Sequence[Choice], is_dated: bool
) -> Directory:
    """Every postcode, with its area of the table areas for each choice of editions."""
    slots = range(len(by_slot(choices)))
    joins = "".join(
        f"""
        left join editions as chosen_{slot}
            on
                postcodes.country_code = chosen_{slot}.country_code
                and {choice.holds(f"chosen_{slot}")}
        left join areas as areas_{slot}
            on
                chosen_{slot}.nation = areas_{slot}.nation
                and chosen_{slot}.edition = areas_{slot}.edition
                and case chosen_{slot}.area_column
                    when 'lsoa_2001_code' then postcodes.lsoa_2001_code
                    when 'lsoa_2011_code' then postcodes.lsoa_2011_code
                    when 'lsoa_2021_code' then postcodes.lsoa_2021_code
                end = areas_{slot}.area_code"""
        for slot, choice in enumerate(by_slot(choices))
    )
    key, kind, *numbers = (
        connection.execute(f"""
        select
            postcodes.postcode_key,
            cast(case
                when postcodes.country_code is null then {KINDS.index("placed in no country")}
                when postcodes.is_live then {KINDS.index("live")}
                else {KINDS.index("terminated")}
            end as tinyint)
            {"".join(f", chosen_{slot}.nation is not null" for slot in slots)}
            {"".join(f", coalesce(areas_{slot}.area_id, 0)" for slot in slots)}
            {DAYS if is_dated else ""}
        from postcodes{joins}
    """)
        .to_arrow_table()
        .columns
    )

    def and_for_none(column: pa.ChunkedArray, value: int) -> np.ndarray:
        return np.append(column.to_numpy(), column.type.to_pandas_dtype()(value))

    covered, numbers = numbers[: len(slots)], numbers[len(slots) :]
    areas, days = numbers[: len(slots)], numbers[len(slots) :]
    always = (-DAY_LIMIT, DAY_LIMIT)
    kinds = np.repeat(
        and_for_none(kind, KINDS.index("not in the directory"))[np.newaxis], len(slots), axis=0
    )
    for slot, is_covered in enumerate(covered):
        is_placed = kinds[slot, :-1] < KINDS.index("placed in no country")
        uncovered = np.flatnonzero(is_placed & ~is_covered.to_numpy())
        kinds[slot, uncovered] = KINDS.index("in a nation without such an edition")
    return Directory(
        KeyTable(key),
        kinds,
        np.stack([and_for_none(column, 0) for column in areas]),
        *(and_for_none(column, limit) for column, limit in zip(days, always, strict=False)),
    )
