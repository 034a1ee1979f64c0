"""Synthetic Indices of Deprivation: scores, ranks and deciles that obey the published rules.

Each index of an area is its general deprivation, a level of its own that lasts from edition to
edition, and something new in each edition, taken to the scale on which the index is published
(rates, percentages, standard scores). Ranks are made from the unrounded values, 1 = most
deprived, ties sharing the lowest rank; the IMD from the ranks of the seven domains as in the
technical reports (exponential transformation, weights adding to 0.999).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

from deprivation.sample.areas import Area
from deprivation.sample.world import SEED, World
from deprivation.seeds import read_seed


def rate(level: float) -> float:
    """Share of people, 0 to 1, median 0.12."""
    return 1 / (1 + math.exp(2.0 - 0.8 * level))


def percentage(level: float) -> float:
    """0 to 100, median 20."""
    return 100 / (1 + math.exp(1.4 - level))


def standard_score(level: float) -> float:
    """About normal, mean 0."""
    return 0.9 * level


def wide_score(level: float) -> float:
    """About normal, mean 0, from -10 to 10."""
    return 2.6 * level


# Index: how closely it follows general deprivation (-1 to 1), and the scale it is published on.
INDICES: dict[str, tuple[float, Callable[[float], float]]] = {
    "income": (0.95, rate),
    "employment": (0.93, rate),
    "education": (0.85, percentage),
    "health": (0.85, standard_score),
    "crime": (0.65, standard_score),
    "barriers": (0.1, percentage),
    "living_environment": (0.3, percentage),
    "idaci": (0.9, rate),
    "idaopi": (0.85, rate),
    "children_young_people": (0.8, standard_score),
    "adult_skills": (0.85, rate),
    "geographical_barriers": (-0.4, standard_score),
    "wider_barriers": (0.6, wide_score),
    "indoors": (0.2, standard_score),
    "outdoors": (0.35, standard_score),
    "access": (-0.3, percentage),
    "housing": (0.4, percentage),
    "community_safety": (0.65, standard_score),
    "physical_environment": (0.3, standard_score),
}
# Nation and the letter of its codes, with the areas of each edition: see areas_of.
EDITIONS = (
    ("England", "E", 2004, "areas01"),
    ("England", "E", 2007, "areas01"),
    ("England", "E", 2010, "areas01"),
    ("England", "E", 2015, "areas11"),
    ("England", "E", 2019, "areas11"),
    ("England", "E", 2025, "areas21"),
    ("Wales", "W", 2014, "areas11"),
    ("Wales", "W", 2019, "areas11"),
    ("Wales", "W", 2025, "areas21"),
    ("Scotland", "S", 2016, "areas11"),
    ("Scotland", "S", 2020, "areas11"),
    ("Northern Ireland", "N", 2017, "areas11"),
)


@dataclass
class Edition:
    """One edition of the indices: areas (n) and, by index code, n scores and n ranks."""

    nation: str
    year: int
    areas: list[Area]
    scores: dict[str, list[float]]
    ranks: dict[str, list[int]]

    def rank_by_code(self, index: str = "imd") -> dict[str, int]:
        return {area.code: rank for area, rank in zip(self.areas, self.ranks[index], strict=True)}


def build_editions(world: World) -> dict[tuple[str, int], Edition]:
    """All editions by nation and year."""
    random = Random(SEED + 1)
    for nation in "EWSN":
        for area in world.areas11[nation]:
            for index, (loading, _) in INDICES.items():
                own = math.sqrt(1 - loading * loading) * random.gauss(0, 1)
                area.traits[index] = loading * area.deprivation + own
    for nation in "EW":
        for area in world.areas21[nation]:
            is_new = len(area.parents) > 1 or area.code != area.parents[0].code
            for index in INDICES:
                inherited = sum(parent.traits[index] for parent in area.parents)
                own = 0.3 * random.gauss(0, 1) if is_new else 0.0
                area.traits[index] = inherited / len(area.parents) + own
    areas = {"areas01": areas_of_2001(world), "areas11": world.areas11, "areas21": world.areas21}
    return {
        (nation, year): build_edition(nation, year, areas[vintage][letter])
        for nation, letter, year, vintage in EDITIONS
    }


def areas_of_2001(world: World) -> dict[str, list[Area]]:
    """England's LSOAs of 2001 in order of code, each like one of those that it became."""
    found: dict[str, Area] = {}
    for cell in world.cells:
        if cell.lsoa01 and cell.lsoa11 and cell.district.nation == "E":
            code, name = cell.lsoa01
            found.setdefault(code, replace(cell.lsoa11, code=code, name=name))
    return {"E": [found[code] for code in sorted(found)]}


def domain_weights(nation: str, year: int) -> dict[str, float]:
    """Weights of the domains by index code; those of a later edition where none are known."""
    rows = [row for row in read_seed("indices") if row["nation"] == nation and row["weight"]]
    latest = max(int(row["edition"]) for row in rows)
    known = {int(row["edition"]) for row in rows}
    edition = str(year if year in known else latest)
    return {row["index_code"]: float(row["weight"]) for row in rows if row["edition"] == edition}


def build_edition(nation: str, year: int, areas: list[Area]) -> Edition:
    """Scores and ranks of one edition: ties in every domain, and overall in England but 2025."""
    random = Random(SEED + year if nation == "England" else f"{SEED} {nation} {year}")
    count = len(areas)
    levels = {}
    weights = domain_weights(nation, year)
    for index in INDICES:
        levels[index] = [area.traits[index] + 0.25 * random.gauss(0, 1) for area in areas]
        for _ in range(max(2, count // 5_000)):
            one, other = random.sample(range(count), 2)
            levels[index][other] = levels[index][one]
    if nation == "England" and year != 2025:
        for _ in range(2):  # two areas alike in every domain are tied in the IMD
            one, other = random.sample(range(count), 2)
            for domain in weights:
                levels[domain][other] = levels[domain][one]
    ranks = {index: competition_ranks(values) for index, values in levels.items()}
    scores = {
        index: [scale(value) for value in levels[index]] for index, (_, scale) in INDICES.items()
    }
    scores["imd"] = overall_scores(ranks, weights)
    ranks["imd"] = competition_ranks(scores["imd"])
    return Edition(nation, year, areas, scores, ranks)


def competition_ranks(values: list[float]) -> list[int]:
    """1 for the highest value; tied values share the lowest rank of the tie."""
    ranks = [0] * len(values)
    previous, rank = None, 0
    for position, i in enumerate(sorted(range(len(values)), key=lambda i: -values[i]), start=1):
        if values[i] != previous:
            previous, rank = values[i], position
        ranks[i] = rank
    return ranks


def mean_ranks(ranks: list[int]) -> list[float]:
    """The mean of the places that tied areas take, for each of the competition ranks."""
    times: dict[int, int] = {}
    for rank in ranks:
        times[rank] = times.get(rank, 0) + 1
    return [rank + (times[rank] - 1) / 2 for rank in ranks]


def overall_scores(ranks: dict[str, list[int]], weights: dict[str, float]) -> list[float]:
    """Unrounded overall scores from the ranks of the domains."""
    count = len(ranks["income"])
    totals = [0.0] * count
    for domain, weight in weights.items():
        for i, mean_rank in enumerate(mean_ranks(ranks[domain])):
            scaled = (count - mean_rank + 1) / count
            totals[i] += weight * -23 * math.log(1 - scaled * (1 - math.exp(-100 / 23)))
    return totals


def population_counts(area: Area, year: int, random: Random) -> dict[str, int]:
    """Denominators of one area by column of File 7; 2025 has no column for ages 16 to 59."""
    total = max(500, round(area.population * (1 + 0.02 * random.gauss(0, 1))))
    children = round(total * random.uniform(0.12, 0.28))
    older = round(total * random.uniform(0.12, 0.36))
    between = total - children - older
    upto = 0.28 if year == 2025 else 0.12  # of those over 60, how many are of working age
    return {
        "population": total,
        "population_0_15": children,
        "population_16_59": between,
        "population_60_plus": older,
        "population_working_age": round(0.96 * between + upto * older),
    }
