"""What a report on a place says, gathered from the published file."""

from __future__ import annotations

import dataclasses
from typing import Any

from deprivation.errors import InputError
from deprivation.report import place as reading
from deprivation.report.area_map import AreaMap, read_map
from deprivation.report.place import MEASURES, Ask, Place

ENDS = 10


@dataclasses.dataclass(frozen=True)
class Content:
    """The rows behind a report, all of one nation; `edition` is the row of editions.

    other_nations: those with the rest of a place that the user has defined.
    """

    place: Place
    edition: dict[str, Any]
    summaries: list[dict[str, Any]]
    other_nations: list[str]
    areas: list[dict[str, Any]]
    deciles: list[dict[str, Any]]
    map: AreaMap
    moves: dict[str, Any] | None
    local: list[dict[str, Any]]
    sources: list[dict[str, Any]]
    licences: list[str]
    is_synthetic: bool

    @property
    def overall(self) -> dict[str, Any]:
        return next(row for row in self.of_edition() if row["index_code"] == "imd")

    def of_edition(self) -> list[dict[str, Any]]:
        year = self.edition["edition"]
        return [row for row in self.summaries if row["edition"] == year]

    @property
    def years(self) -> list[int]:
        """Its editions, newest first."""
        return sorted({row["edition"] for row in self.summaries}, reverse=True)

    def overall_by_edition(self) -> list[dict[str, Any]]:
        return [row for row in self.summaries if row["index_code"] == "imd"]


def gather(ask: Ask, geography: str, code: str, year: int | None = None) -> Content:
    """Raises InputError for a place, or an edition of it, that is not in the file."""
    place = reading.find_place(ask, geography, code)
    summaries = reading.summaries(ask, place)
    held = sorted({row["edition"] for row in summaries})
    chosen = year or held[-1]
    if chosen not in held:
        raise InputError(
            f"{place.name} has no edition {chosen} in this file; it has {', '.join(map(str, held))}"
        )
    nation = reading.nation_of(summaries, chosen)
    others = sorted({row["nation"] for row in summaries} - {nation})
    summaries = [row for row in summaries if row["nation"] == nation]
    held = sorted({row["edition"] for row in summaries})
    (edition,) = ask("select * from editions where nation = $1 and edition = $2", [nation, chosen])
    areas = reading.areas(ask, place, nation, chosen)
    people = reading.populations(ask, [row["area_code"] for row in areas], chosen)
    licences = ask("select distinct publisher, licence from editions order by 1, 2")
    sources = ask("select * from sources order by source, file_name")
    return Content(
        place=place,
        edition=edition,
        summaries=summaries,
        other_nations=others,
        areas=areas,
        deciles=reading.deciles(areas, people),
        map=read_map(
            ask,
            place,
            chosen,
            [(row["area_code"], row["decile"], area_title(row)) for row in areas],
        ),
        moves=moves(ask, place, nation, chosen, held),
        local=local_deciles(areas),
        sources=sources,
        licences=[f"{row['publisher']}: {row['licence']}" for row in licences],
        is_synthetic=any(row["is_synthetic"] for row in sources),
    )


def area_title(row: dict[str, Any]) -> str:
    name = row["area_name"] or row["area_code"]
    return f"{name}: decile {row['decile']}, rank {whole(row['rank'])}"


def whole(value: float | None) -> str:
    """12,345, or 12,345.5 for a rank between two places; - for none."""
    if value is None:
        return "-"
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"


def local_deciles(areas: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """By decile within the place, how many areas there are and the national ranks they span."""
    rows = []
    for decile in range(1, 11):
        inside = [row for row in areas if row["local_decile"] == decile]
        if inside:
            rows.append(
                {
                    "decile": decile,
                    "areas": len(inside),
                    "first": inside[0]["rank"],
                    "last": inside[-1]["rank"],
                    "national": sorted({row["decile"] for row in inside}),
                }
            )
    return rows


def moves(ask: Ask, place: Place, nation: str, year: int, held: list[int]) -> dict[str, Any] | None:
    """How the deciles of the place's areas changed since the edition before; None without one.

    Only areas that are the same in both, or parts of one: what `area_changes` relates.
    """
    older = max((edition for edition in held if edition < year), default=None)
    if older is None:
        return None
    rows = ask(
        """
        with
        members as (
            select distinct area_code
            from local_quantiles
            where geography = $1 and geography_code = $2 and edition = $3 and index_code = 'imd'
        )
        select changes.*, indices.area_name
        from area_changes as changes
        inner join members using (area_code)
        left join area_indices as indices
            on
                changes.area_code = indices.area_code
                and changes.edition = indices.edition
                and changes.nation = indices.nation
                and indices.index_code = 'imd'
        where
            changes.nation = $4
            and changes.edition = $3
            and changes.older_edition = $5
            and changes.index_code = 'imd'
            and changes.older_decile is not null
            and changes.decile is not null
        order by changes.percentile - changes.older_percentile, changes.area_code
        """,
        [place.geography, place.code, year, nation, older],
    )
    if not rows:
        return None
    steps = [row["decile"] - row["older_decile"] for row in rows]
    return {
        "older": older,
        "areas": len(rows),
        "more_deprived": sum(step < 0 for step in steps),
        "same": sum(step == 0 for step in steps),
        "less_deprived": sum(step > 0 for step in steps),
        "falls": [row for row in rows[:5] if row["percentile"] < row["older_percentile"]],
        "rises": [row for row in rows[::-1][:5] if row["percentile"] > row["older_percentile"]],
        "comparability": comparability(ask, nation, year, older),
    }


def comparability(ask: Ask, nation: str, year: int, older: int) -> list[dict[str, Any]]:
    """By index, whether its movement between two editions can be read as change in the place."""
    # Older files say true and false.
    word = (
        "case cast(changes.is_comparable as varchar) when 'true' then 'yes' when 'false' then 'no'"
        " else cast(changes.is_comparable as varchar) end"
    )
    return ask(
        f"""
        with
        -- Grouped before the join: the areas of a nation are more than the server has memory for.
        compared as (
            select changes.index_code, min({word}) as comparable
            from area_changes as changes
            where
                changes.nation = $1 and changes.edition = $2 and changes.older_edition = $3
            group by changes.index_code
        ),
        labels as (
            select distinct index_code, label, index_order
            from area_indices
            where nation = $1 and edition = $2 and kind <> 'sub-domain'
        )
        select labels.label, compared.comparable
        from compared
        inner join labels using (index_code)
        order by labels.index_order
        """,
        [nation, year, older],
    )


def measure_text(measure: str, value: float | None) -> str:
    if value is None:
        return "-"
    if measure in ("proportion_most_deprived", "extent"):
        return f"{value:.1%}"
    return f"{value:,.1f}"


__all__ = ["ENDS", "MEASURES", "Content", "gather", "measure_text", "whole"]
