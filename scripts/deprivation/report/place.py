"""What the file has about one place, for the report, the page and the API."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from typing import Any

from deprivation.errors import InputError

# A query and its parameters -> rows as dictionaries.
Ask = Callable[..., list[dict[str, Any]]]

# Measures of area_summaries, each with its rank among places of its kind.
MEASURES = {
    "average_rank": "Average rank",
    "average_score": "Average score",
    "proportion_most_deprived": "Proportion in the most deprived tenth",
    "extent": "Extent",
    "local_concentration": "Local concentration",
}
KINDS = {
    "lad": "local authorities",
    "lad_published": "local authorities as published",
    "utla": "upper-tier local authorities",
    "region": "regions",
    "nation": "nations",
    "icb": "integrated care boards",
    "sub_icb": "sub-ICB locations",
    "pfa": "police force areas",
    "pcon": "constituencies",
    "ward": "wards",
    "msoa": "MSOAs",
    "health_board": "health boards",
}


@dataclasses.dataclass(frozen=True)
class Place:
    """geography: lad, icb, custom:NAME ...; kind: its plural in words."""

    geography: str
    code: str
    name: str

    @property
    def kind(self) -> str:
        return KINDS.get(self.geography, "areas of your own")

    @property
    def key(self) -> str:
        """As --place takes it."""
        is_own = self.geography.startswith("custom:")
        return self.geography if is_own else f"{self.geography}:{self.code}"


def parse_place(text: str) -> tuple[str, str]:
    """`lad:E06000018` -> (lad, E06000018); `custom:North` -> (custom:North, North).

    Raises InputError.
    """
    geography, colon, code = text.strip().partition(":")
    if not colon or not geography or not code:
        raise InputError(f"--place {text!r} is not a geography and a code such as lad:E06000018")
    return (f"custom:{code}", code) if geography == "custom" else (geography, code)


def find_place(ask: Ask, geography: str, code: str) -> Place:
    """The place with this code. Raises InputError if it is not in the file."""
    found = ask(
        "select geography_code, max_by(geography_name, edition) as name from area_summaries"
        " where geography = $1 and geography_code = $2 group by all",
        [geography, code],
    )
    if found:
        return Place(geography, code, found[0]["name"] or code)
    check_geography(ask, geography)
    raise InputError(f"{geography} {code} is not in this file")


def check_geography(ask: Ask, geography: str) -> None:
    """Raises InputError for a geography that is not in the file, naming those that are."""
    rows = ask("select distinct geography from area_summaries order by 1")
    there = [row["geography"] for row in rows]
    if geography not in there:
        raise InputError(f"geography {geography} is not in this file; it holds {', '.join(there)}")


def places(ask: Ask, geography: str | None = None, text: str = "") -> list[dict[str, Any]]:
    """All places of a geography, or of all but MSOAs, wards and authorities as published.

    text: only places with this code, or with this text in their name; names that begin with it
    come first.
    """
    return ask(
        """
        select
            geography,
            geography_code as code,
            coalesce(max_by(geography_name, edition), geography_code) as name,
            max_by(nation, edition) as nation,
            max(edition) as newest_edition,
            max_by(areas, edition) as areas
        from area_summaries
        where
            index_code = 'imd'
            and (
                geography = $1
                or ($1 is null and geography not in ('msoa', 'lad_published', 'ward'))
            )
            and (
                $2 = ''
                or contains(lower(geography_name), lower($2))
                or lower(geography_code) = lower($2)
            )
        group by geography, geography_code
        order by
            not starts_with(lower(name), lower($2)),
            geography <> 'lad',
            name,
            geography,
            code
        """,
        [geography, text],
    )


def summaries(ask: Ask, place: Place) -> list[dict[str, Any]]:
    """Rows of area_summaries, with how many places of the kind each rank is among (`places`)."""
    ranks = ", ".join(f"mine.rank_of_{name}" for name in MEASURES)
    return ask(
        f"""
        with
        mine as (
            select * from area_summaries where geography = $1 and geography_code = $2
        ),
        counted as (
            select nation, edition, index_code, count(*) as places
            from area_summaries
            where geography = $1
            group by nation, edition, index_code
        ),
        labels as (
            select distinct nation, edition, index_code, label, kind, index_order
            from area_indices
            where (nation, edition) in (select (nation, edition) from mine)
        )
        select
            mine.nation, mine.edition, mine.index_code, labels.label, labels.kind, mine.areas,
            mine.population, {", ".join(f"mine.{name}" for name in MEASURES)}, {ranks},
            counted.places
        from mine
        inner join counted using (nation, edition, index_code)
        inner join labels using (nation, edition, index_code)
        order by mine.nation, mine.edition desc, labels.index_order
        """,
        [place.geography, place.code],
    )


def nation_of(summaries: list[dict[str, Any]], edition: int) -> str:
    """The nation that most areas of the place lie in, by its rows of `summaries`.

    Only a place that the user has defined can lie in several. Ranks of different nations are never
    compared, so only this nation's areas are listed.
    """
    mine = [row for row in summaries if row["edition"] == edition and row["index_code"] == "imd"]
    return str(max(mine, key=lambda row: row["areas"])["nation"])


def areas(ask: Ask, place: Place, nation: str, edition: int) -> list[dict[str, Any]]:
    """The areas of a place by their rank: overall index and local quantiles of an edition."""
    return ask(
        """
        select
            indices.area_code,
            indices.area_name,
            indices.rank,
            indices.decile,
            indices.quintile,
            indices.score,
            local.local_rank,
            local.local_areas,
            local.ntile_10 as local_decile,
            local.ohid_10 as local_decile_ohid
        from local_quantiles as local
        inner join area_indices as indices
            on
                local.nation = indices.nation
                and local.edition = indices.edition
                and local.area_code = indices.area_code
                and indices.index_code = 'imd'
        where
            local.geography = $1
            and local.geography_code = $2
            and local.nation = $3
            and local.edition = $4
            and local.index_code = 'imd'
        order by indices.rank, indices.area_code
        """,
        [place.geography, place.code, nation, edition],
    )


def has_table(ask: Ask, name: str) -> bool:
    return bool(
        ask(
            "select 1 as there from duckdb_tables() where schema_name = 'main' and"
            " table_name = $1 and database_name = current_database()",
            [name],
        )
    )


# Codes as a query's first parameter. For each member of a Python list DuckDB looks for modules that
# are not installed: a second for a region.
LISTED = "(select unnest(string_split($1, chr(10))))"


def listed(codes: Iterable[str]) -> str:
    """Codes as LISTED takes them: a line each."""
    return "\n".join(codes)


def populations(ask: Ask, codes: list[str], edition: int) -> dict[str, float]:
    """People of each area by the edition's denominators; empty if the file has none."""
    if not has_table(ask, "areas"):
        return {}
    rows = ask(
        "select area_code, population from areas where edition = $2"
        f" and area_code in {LISTED} and population is not null",
        [listed(codes), edition],
    )
    return {row["area_code"]: row["population"] for row in rows}


def deciles(areas_of_place: list[dict[str, Any]], people: dict[str, float]) -> list[dict[str, Any]]:
    """One row per decile: its areas, their share, and people if the file has them."""
    counted = []
    total = len(areas_of_place) or 1
    everyone = sum(people.values())
    for decile in range(1, 11):
        inside = [row["area_code"] for row in areas_of_place if row["decile"] == decile]
        there = sum(people.get(code, 0) for code in inside)
        counted.append(
            {
                "decile": decile,
                "areas": len(inside),
                "share_of_areas": len(inside) / total,
                "population": there if people else None,
                "share_of_population": there / everyone if everyone else None,
            }
        )
    return counted


def points(ask: Ask, place: Place, edition: int) -> dict[str, tuple[float, float]]:
    """Latitude and longitude of each area: the mean of its live postcodes."""
    if has_table(ask, "areas"):
        rows = ask(
            """
            select area_code, areas.latitude, areas.longitude
            from local_quantiles as local
            inner join areas using (nation, edition, area_code)
            where
                local.geography = $1
                and local.geography_code = $2
                and edition = $3
                and local.index_code = 'imd'
                and areas.latitude is not null
            """,
            [place.geography, place.code, edition],
        )
        return {row["area_code"]: (row["latitude"], row["longitude"]) for row in rows}
    column = area_column(ask, place, edition)
    rows = ask(
        f"""
        with
        members as (
            select area_code
            from local_quantiles
            where geography = $1 and geography_code = $2 and edition = $3 and index_code = 'imd'
        )
        select {column} as area_code, avg(latitude) as latitude, avg(longitude) as longitude
        from postcodes
        where {column} in (select area_code from members) and is_live and latitude is not null
        group by all
        """,
        [place.geography, place.code, edition],
    )
    return {row["area_code"]: (row["latitude"], row["longitude"]) for row in rows}


def area_column(ask: Ask, place: Place, edition: int) -> str:
    """The column of postcodes by which the edition's areas are found."""
    rows = ask(
        "select distinct editions.area_column from editions inner join area_summaries as places"
        " on editions.nation = places.nation and editions.edition = places.edition"
        " where places.geography = $1 and places.geography_code = $2 and places.edition = $3",
        [place.geography, place.code, edition],
    )
    if not rows:
        raise InputError(f"{place.geography} {place.code} has no edition {edition} in this file")
    return str(rows[0]["area_column"])
