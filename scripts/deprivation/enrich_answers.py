"""What a postcode is answered with, made once:

    Directory          postcode key -> kind, and the id of its area for each choice of edition
    table sectors      sector key -> the same ids, only where the sector may answer
    table outcodes     outcode with O as 0 and I as 1 -> outcode, only where postcodes are repaired
    table areas        id -> what is to stand beside the record; 0 for none

A choice is one edition of each nation. There is one choice for all records, or one for each span of
years where the records are dated.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from itertools import pairwise

import duckdb
import numpy as np
import pyarrow as pa

from deprivation.enrich_files import literal, quoted
from deprivation.enrich_keys import KeyTable
from deprivation.errors import InputError
from deprivation.published import Asked, Editions, edition_of, nearest

MEASURES = ("score", "rank", "decile", "quintile")
WANTED = ("edition", "area", *MEASURES, "local")
LOCAL = {
    "areas": "local_areas",
    "rank": "local_rank",
    "decile": "ntile_10",
    "quintile": "ntile_5",
    "decile_ohid": "ohid_10",
    "quintile_ohid": "ohid_5",
}
KINDS = (
    "live",
    "terminated",
    "placed in no country",
    "in a nation not spoken about",
    "not in the directory",
)
# Days from 1970; a postcode without a date was always there, or still is.
DAY_LIMIT = 1 << 30
DAYS = f""",
    cast(coalesce(introduced_on - date '1970-01-01', -{DAY_LIMIT}) as integer),
    cast(coalesce(
        cast(terminated_on + interval 1 month as date) - date '1970-01-01', {DAY_LIMIT}
    ) as integer)"""
SPREAD = ("modal_share", "min_decile", "max_decile")


@dataclasses.dataclass(frozen=True)
class Choice:
    """One edition of each nation that has one; for records dated up to and in `last_year`.

    slot: its place among the different ones, by which its areas are known in the tables.
    """

    editions: dict[str, int]
    last_year: int | None = None
    slot: int = 0

    def holds(self, table: str) -> str:
        """SQL: whether a row of `table` is of this choice."""
        pairs = ", ".join(f"({literal(n)}, {year})" for n, year in self.editions.items())
        return f"({table}.nation, {table}.edition) in ({pairs})" if pairs else "false"


def choice_of(asked: Asked | None, held: Editions) -> Choice:
    """The choice for all records: the edition asked for, or the newest."""
    found = {nation: edition_of(nation, asked, held) for nation in held}
    return Choice({nation: edition for nation, edition in found.items() if edition is not None})


def choices_by_year(held: Editions, undated: Choice) -> list[Choice]:
    """A choice for each span of years, each nation's nearest edition, and `undated` last.

    Of two equally near, the older: {"England": [2015, 2019]} changes after 2017.
    """
    ends = {(older + newer) // 2 for years in held.values() for older, newer in pairwise(years)}
    spans = [
        Choice({nation: nearest(years, end or 9999) for nation, years in held.items()}, end)
        for end in [*sorted(ends), None]
    ]
    different: list[dict[str, int]] = []
    for choice in [*spans, undated]:
        if choice.editions not in different:
            different.append(choice.editions)
    return [
        dataclasses.replace(choice, slot=different.index(choice.editions))
        for choice in [*spans, undated]
    ]


def by_slot(choices: Sequence[Choice]) -> list[Choice]:
    """The different ones among the choices, each once."""
    return [choice for _, choice in sorted({choice.slot: choice for choice in choices}.items())]


@dataclasses.dataclass(frozen=True)
class Columns:
    """What is to stand beside each record.

    indices: codes, imd first if no other order is given; wanted: of WANTED; local: a geography.
    """

    indices: tuple[str, ...] = ("imd",)
    wanted: frozenset[str] = frozenset(WANTED)
    local: str | None = None
    has_spread: bool = False

    def names(self) -> list[str]:
        """Columns of the table areas that come out, in order."""
        names = [f"{index}_{m}" for index in self.indices for m in MEASURES if m in self.wanted]
        if "area" in self.wanted:
            names.insert(0, "area_code")
        if self.local and "local" in self.wanted:
            names += self.local_names()
        if self.has_spread:
            names += [f"sector_{name}" for name in SPREAD]
        return names

    def local_names(self) -> list[str]:
        place = self.local_place()
        return [f"{place}_code", f"{place}_name"] + [
            f"{index}_{place}_{name}" for index in self.indices for name in LOCAL
        ]

    def local_place(self) -> str:
        """The geography as part of a name: custom:my areas -> custom_my_areas."""
        return "".join(letter if letter.isalnum() else "_" for letter in (self.local or "").lower())


def check_columns(connection: duckdb.DuckDBPyConnection, columns: Columns) -> None:
    """Raise InputError for an index or geography that is not in the file, naming those that are."""

    def known(column: str, table: str) -> list[str]:
        rows = connection.execute(f"select distinct {column} from {table} order by 1")
        return [value for (value,) in rows.fetchall()]

    def check(what: str, names: Sequence[str], there: list[str]) -> None:
        for name in names:
            if name not in there:
                raise InputError(f"{what} {name} is not in this file; it holds {', '.join(there)}")

    check("index", columns.indices, known("index_code", "area_indices"))
    if columns.local:
        check("geography", [columns.local], known("geography", "local_quantiles"))
        check("local rank of index", columns.indices, known("index_code", "local_quantiles"))


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
        f" end) as {quoted(f'{index}_{measure}')}"
        for index in columns.indices
        for measure in MEASURES
    )
    local = _local_columns(columns)
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
            where geography = {literal(columns.local or "")}
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
    if not columns.local:
        return ""
    code, name, *_ = columns.local_names()
    parts = [f"max(geography_code) as {quoted(code)}", f"max(geography_name) as {quoted(name)}"]
    parts += [
        f"max(case when index_code = {literal(index)} then {column} end)"
        f" as {quoted(f'{index}_{columns.local_place()}_{measure}')}"
        for index in columns.indices
        for measure, column in LOCAL.items()
    ]
    return ", " + ", ".join(parts)


@dataclasses.dataclass(frozen=True)
class Directory:
    """The postcodes of the directory, by place, and one place more, -1, for what is not there.

    kinds: int8, places in KINDS; areas: int32, slot x place, ids of the table areas;
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
    covered = ", ".join(f"chosen_{slot}.nation" for slot in slots)
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
                when coalesce({covered}) is null then {KINDS.index("in a nation not spoken about")}
                when postcodes.is_live then {KINDS.index("live")}
                else {KINDS.index("terminated")}
            end as tinyint)
            {"".join(f", coalesce(areas_{slot}.area_id, 0)" for slot in slots)}
            {DAYS if is_dated else ""}
        from postcodes{joins}
    """)
        .to_arrow_table()
        .columns
    )

    def and_for_none(column: pa.ChunkedArray, value: int) -> np.ndarray:
        return np.append(column.to_numpy(), column.type.to_pandas_dtype()(value))

    areas, days = numbers[: len(slots)], numbers[len(slots) :]
    always = (-DAY_LIMIT, DAY_LIMIT)
    return Directory(
        KeyTable(key),
        and_for_none(kind, KINDS.index("not in the directory")),
        np.stack([and_for_none(column, 0) for column in areas]),
        *(and_for_none(column, limit) for column, limit in zip(days, always, strict=False)),
    )


def make_sectors(
    connection: duckdb.DuckDBPyConnection, choices: Sequence[Choice], columns: Columns
) -> None:
    """Table sectors, and a row of areas for each: the decile of most postcodes, and the spread."""
    used = " or ".join(choice.holds("partials") for choice in choices)
    overall = (
        ", modal_decile as imd_decile, cast(ceil(modal_decile / 2) as integer) as imd_quintile"
    )
    connection.execute(f"""
        insert into areas by name
        select
            cast(
                (select max(area_id) from areas)
                + row_number() over (order by partial, nation_postcodes desc, nation, edition)
                as integer
            ) as area_id,
            nation,
            edition,
            partial as sector,
            {", ".join(f"{name} as sector_{name}" for name in SPREAD)}
            {overall if "imd" in columns.indices else ""}
        from partial_postcodes as partials
        where level = 'sector' and ({used})
    """)
    # On a border, the nation in which more of the sector's postcodes are: the first of its rows.
    best = "".join(
        f", min(area_id) filter (where {choice.holds('areas')}) as area_{n}"
        for n, choice in enumerate(by_slot(choices))
    )
    connection.execute(f"""
        create or replace table sectors as
        select replace(sector, ' ', '') as key{best}
        from areas
        where sector is not null
        group by sector
    """)


def make_outcodes(connection: duckdb.DuckDBPyConnection) -> None:
    """Table outcodes: those that no other outcode is confused with by 0 and O or 1 and I."""
    connection.execute("""
        create or replace table outcodes as
        select translate(outcode, 'OI', '01') as key, max(outcode) as outcode
        from (select distinct outcode from postcodes)
        group by key
        having count(*) = 1
    """)
