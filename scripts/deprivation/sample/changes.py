"""How the areas of 2011 came from those of 2001 and what they became by 2021."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from random import Random

from deprivation.sample.areas import AREA_PREFIXES, AREAS_IN_MSOA, Area, Cell


def plan_changes(areas: list[Area], random: Random) -> dict[int, str]:
    """What happens to which areas, by position; no area has two fates, and every fate occurs.

    A fate of two areas is given to the first; the second has `with the one before`.
    Proportions of 2011 to 2021 as in ONS's exact-fit lookup (2.5 % split, 0.7 % merged, 6 of
    35,000 irregular).
    """
    count = len(areas)
    wanted = {
        "irregular": count // 5_500,
        "merged": round(count * 0.0035),
        "split": round(count * 0.025),
        "irregular in 2011": count // 5_500,
        "merged in 2011": round(count * 0.005),
        "split in 2011": round(count * 0.01),
        "two authorities": max(3, count // 500),
        "no postcodes": max(1, min(3, count // 20), count // 3_000),
    }
    fates: dict[int, str] = {}
    for fate, number in wanted.items():
        pair = fate in ("irregular", "merged", "irregular in 2011", "split in 2011")
        left = max(1, number)
        for i in random.sample(range(count - 1), count - 1):
            if left == 0:
                break
            one_district = areas[i].district is areas[i + 1].district
            if i in fates or (pair and (i + 1 in fates or not one_district)):
                continue
            if fate == "two authorities" and not areas[i].district.neighbour:
                continue
            # However small the country, its older directories show the authorities that merged.
            if fate == "no postcodes" and areas[i].district.merged_into:
                continue
            fates[i] = fate
            if pair:
                fates[i + 1] = "with the one before"
            left -= 1
    return fates


def redraw(areas: list[Area], random: Random) -> tuple[list[Area], list[Cell]]:
    """The 2021 areas that the 2011 areas of England or Wales became, and the cells of the land."""
    fates = plan_changes(areas, random)
    codes = RetiredAndNew(AREA_PREFIXES[areas[0].district.nation])
    first_of = {area.district.name: area for area in reversed(areas)}
    new_areas: list[Area] = []
    cells: list[Cell] = []

    def cut(lsoa01: tuple[str, str], old: Area, new: Area, weight: float, home: Area | None = None):
        shift = 250 * sum(cell.lsoa11 is old for cell in cells[-3:])
        cells.append(Cell(old.district, home or old, lsoa01, old, new, weight, shift=shift))

    for i, area in enumerate(areas):
        fate = fates.get(i, "")
        both = areas[i : i + 2]
        size = random.uniform(0.6, 1.4)
        if fate == "with the one before":
            continue
        if fate == "split":
            parts = 2 if len(cells) % 3 else 3
            area.population *= parts
            for _ in range(parts):
                new_areas.append(codes.new_area((area,), parts, random))
                cut(_own(area), area, new_areas[-1], size)
        elif fate == "merged":
            for old in both:
                old.population = old.population * 2 // 3
            new_areas.append(codes.new_area(both, 1, random))
            for old in both:
                cut(_own(old), old, new_areas[-1], size / 2)
        elif fate == "irregular":
            new_areas += [codes.new_area(both, 2, random) for _ in both]
            cut(_own(both[0]), both[0], new_areas[-2], size)
            cut(_own(both[0]), both[0], new_areas[-1], size / 2)
            cut(_own(both[1]), both[1], new_areas[-1], size)
        elif fate in ("split in 2011", "irregular in 2011"):
            retired = codes.retired(area)
            for old in both:
                new_areas.append(_unchanged(old))
                cut(retired, old, new_areas[-1], size)
            if fate == "irregular in 2011":
                cut(codes.retired(area), both[1], new_areas[-1], size / 2)
        else:
            new_areas.append(_unchanged(area))
            if fate == "merged in 2011":
                cut(codes.retired(area), area, new_areas[-1], size)
                cut(codes.retired(area), area, new_areas[-1], size / 2)
            elif fate == "two authorities":
                cut(_own(area), area, new_areas[-1], 1.2)
                cut(_own(area), area, new_areas[-1], 0.3, first_of[area.district.neighbour])
            else:
                cut(_own(area), area, new_areas[-1], 0.0 if fate == "no postcodes" else size)
    return sorted(new_areas, key=lambda area: area.code), cells


class RetiredAndNew:
    """Codes and names of areas that exist in one vintage only: the next free letter of the MSOA."""

    def __init__(self, prefix: str):
        self._prefix = prefix
        self._given = {"2021": 950_000, "2001": 980_000}
        self._letters: dict[str, int] = {}

    def _next(self, vintage: str, msoa: tuple[str, str]) -> tuple[str, str]:
        self._given[vintage] += 1
        self._letters[msoa[0]] = self._letters.get(msoa[0], AREAS_IN_MSOA - 1) + 1
        letter = chr(ord("A") + self._letters[msoa[0]])
        return f"{self._prefix}{self._given[vintage]}", f"{msoa[1]}{letter}"

    def retired(self, area: Area) -> tuple[str, str]:
        """Code and name of an LSOA 2001 that no longer existed in 2011."""
        return self._next("2001", area.msoa)

    def new_area(self, parents: Iterable[Area], parts: int, random: Random) -> Area:
        """An LSOA 2021 made of one `parts`-th of its parents."""
        parents = tuple(parents)
        code, name = self._next("2021", parents[0].msoa)
        level = sum(parent.deprivation for parent in parents) / len(parents)
        return replace(
            parents[0],
            code=code,
            name=name,
            deprivation=level + (0.3 * random.gauss(0, 1) if parts > 1 else 0.0),
            population=sum(parent.population for parent in parents) // parts,
            parents=parents,
            traits={},
        )


def _own(area: Area) -> tuple[str, str]:
    return area.code, area.name


def _unchanged(area: Area) -> Area:
    return replace(area, parents=(area,), traits={})


def recode(areas: list[Area]) -> tuple[list[Area], list[Cell]]:
    """The same areas under new codes: Scotland's data zones 2022, Northern Ireland's of 2021."""
    new_areas, cells = [], []
    for number, area in enumerate(areas, start=1):
        is_scottish = area.district.nation == "S"
        new_code = f"S01{920_000 + number}" if is_scottish else f"N21{900_000 + number}"
        new_areas.append(replace(area, code=new_code, parents=(area,), traits={}))
        old_code = f"S01{940_000 + number}" if is_scottish else area.code
        cells.append(
            Cell(area.district, area, (old_code, area.name), area, new_areas[-1], weight=1.0)
        )
    return new_areas, cells
