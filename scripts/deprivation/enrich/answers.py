"""What postcodes are answered with, read from the published file once:

postcodes          key, and for each choice of editions its status and the id of its area
table areas        id -> what is to stand beside the record; 0 for none

Read while pyarrow and numpy load, so that nothing here imports them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

import duckdb

from deprivation.enrich.plan import Ask, Choice, by_slot, plan, with_slots
from deprivation.enrich.request import LOCAL, MEASURES, Columns, Request, as_name
from deprivation.errors import InputError
from deprivation.published import held_editions, is_synthetic
from deprivation.sql import identifier, literal

if TYPE_CHECKING:
    import pyarrow as pa

STATUSES = (
    "matched",
    "matched_terminated",
    "sector",
    "outside_coverage",
    "no_area",
    "not_found",
    "partial",
    "pseudo",
    "invalid",
    "missing",
    "no_edition",
    "small_area",
    "suppressed",
)
# An answer is one number, as it is looked up once a record: an area's id, and a status behind it.
STATUS_BITS = len(STATUSES).bit_length()
# Days from 1970; a postcode without a date was always there, or still is.
DAY_LIMIT = 1 << 30
DAYS = f""",
    cast(coalesce(introduced_on - date '1970-01-01', -{DAY_LIMIT}) as integer),
    cast(coalesce(
        cast(terminated_on + interval 1 month as date) - date '1970-01-01', {DAY_LIMIT}
    ) as integer)"""


@dataclasses.dataclass(frozen=True)
class Answers:
    """What is asked, and the answers to it.

    postcodes: a key, and for each choice of editions an int32: an id of the table areas, 0 for
    none, and in the lowest STATUS_BITS a place in STATUSES. Where records are dated, days from 1970
    of the first day of a postcode and of the first when it is no more.
    """

    asks: list[Ask]
    columns: Columns
    choices: list[Choice]
    is_synthetic: bool
    postcodes: pa.Table


def read_answers(connection: duckdb.DuckDBPyConnection, request: Request) -> Answers:
    """Make the table areas, and read every postcode. Raises InputError for what is not there."""
    asks = plan(request, held_editions(connection))
    slotted = iter(with_slots([choice for ask in asks for choice in ask.choices]))
    asks = [dataclasses.replace(ask, choices=[next(slotted) for _ in ask.choices]) for ask in asks]
    choices = [choice for ask in asks for choice in ask.choices]
    columns = resolve_columns(connection, request.columns, choices)
    invented = is_synthetic(connection)
    make_areas(connection, choices, columns)
    postcodes = read_postcodes(connection, choices, request.date_column is not None)
    return Answers(asks, columns, choices, invented, postcodes)


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


def read_postcodes(
    connection: duckdb.DuckDBPyConnection, choices: Sequence[Choice], is_dated: bool
) -> pa.Table:
    """Every postcode, with its area of the table areas for each choice of editions."""
    parts = [_answer(connection, slot, choice) for slot, choice in enumerate(by_slot(choices))]
    answers = "".join(f", {answer}" for answer, _ in parts)
    joins = "".join(join for _, join in parts)
    # Of a relation, as its rows are then fetched by all threads.
    return connection.sql(f"""
        select postcodes.postcode_key{answers}{DAYS if is_dated else ""}
        from postcodes{joins}
    """).to_arrow_table()


def _answer(connection: duckdb.DuckDBPyConnection, slot: int, choice: Choice) -> tuple[str, str]:
    """SQL of the answer of each postcode by one choice of editions, and of the join it needs."""
    if not choice.editions:
        return str(STATUSES.index("no_edition")), ""
    chosen = connection.execute(
        f"select country_code, area_column from editions where {choice.holds('editions')}"
    ).fetchall()
    covered = ", ".join(literal(country) for country, _ in chosen)
    whens = " ".join(
        f"when {literal(country)} then postcodes.{identifier(column)}" for country, column in chosen
    )
    # Mostly all nations' areas are in the same column, which is then joined as it stands.
    columns = {column for _, column in chosen}
    code = (
        f"postcodes.{identifier(*columns)}"
        if len(columns) == 1
        else f"case postcodes.country_code {whens} end"
    )
    area = f"areas_{slot}.area_id"
    status = f"""case
        when {area} is not null and postcodes.is_live then {STATUSES.index("matched")}
        when {area} is not null then {STATUSES.index("matched_terminated")}
        when postcodes.country_code is null or postcodes.country_code in ({covered})
            then {STATUSES.index("no_area")}
        else {STATUSES.index("outside_coverage")}
    end"""
    return (
        f"cast(coalesce({area}, 0) * {1 << STATUS_BITS} + {status} as integer)",
        f"""
        left join (
            select areas.area_id, areas.area_code, editions.country_code
            from areas
            inner join editions using (nation, edition)
            where {choice.holds("editions")}
        ) as areas_{slot}
            on
                {code} = areas_{slot}.area_code
                and postcodes.country_code = areas_{slot}.country_code""",
    )
