"""Synthetic Indices of Deprivation: scores, ranks and deciles that obey the published rules.

Each index of an area is its general deprivation, a level of its own that lasts from edition to
edition, and something new in each edition, taken to the scale on which the index is published
(rates, percentages, standard scores). Ranks are made from the unrounded values, 1 = most
deprived, ties sharing the lowest rank; the IMD from the ranks of the seven domains as in the
technical reports (exponential transformation, weights adding to 0.999).
"""

from __future__ import annotations

import csv
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from deprivation.sample_world import SEED, Area, World

INDEX_COLUMNS = Path(__file__).resolve().parents[2] / "seeds" / "index_columns.csv"
DOMAIN_WEIGHTS = {
    "income": 0.225,
    "employment": 0.225,
    "education": 0.135,
    "health": 0.135,
    "crime": 0.093,
    "barriers": 0.093,
    "living_environment": 0.093,
}
FILE_NAMES = {
    2015: "File_7_ID_2015_All_ranks__deciles_and_scores_for_the_Indices_of_Deprivation__and"
    "_population_denominators.csv",
    2019: "File_7_-_All_IoD2019_Scores__Ranks__Deciles_and_Population_Denominators_3.csv",
    2025: "File_7_IoD2025_All_Ranks_Scores_Deciles_Population_Denominators.csv",
}
LAD_YEARS = {2015: 2013, 2019: 2019, 2025: 2024}


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


# Index: how far it goes with general deprivation (-1 to 1), and the scale it is published on.
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
}


@dataclass
class Edition:
    """One edition of the indices: areas (n) and, by index code, n scores and n ranks."""

    year: int
    areas: list[Area]
    scores: dict[str, list[float]]
    ranks: dict[str, list[int]]

    def rank_by_code(self, index: str = "imd") -> dict[str, int]:
        return {area.code: rank for area, rank in zip(self.areas, self.ranks[index], strict=True)}


def build_editions(world: World) -> dict[int, Edition]:
    """The three English editions: 2015 and 2019 on LSOA 2011, 2025 on LSOA 2021."""
    random = Random(SEED + 1)
    for area in world.areas11["E"]:
        for index, (loading, _) in INDICES.items():
            own = math.sqrt(1 - loading * loading) * random.gauss(0, 1)
            area.traits[index] = loading * area.deprivation + own
    for area in world.areas21["E"]:
        for index in INDICES:
            inherited = sum(parent.traits[index] for parent in area.parents) / len(area.parents)
            is_new = len(area.parents) > 1 or area.code != area.parents[0].code
            area.traits[index] = inherited + (0.3 * random.gauss(0, 1) if is_new else 0.0)
    areas = {2015: world.areas11["E"], 2019: world.areas11["E"], 2025: world.areas21["E"]}
    return {year: build_edition(year, areas[year], Random(SEED + year)) for year in areas}


def build_edition(year: int, areas: list[Area], random: Random) -> Edition:
    """Scores and ranks of one edition, with tied ranks in every domain, and in the IMD but 2025."""
    count = len(areas)
    levels = {}
    for index in INDICES:
        levels[index] = [area.traits[index] + 0.25 * random.gauss(0, 1) for area in areas]
        for _ in range(max(2, count // 5_000)):
            one, other = random.sample(range(count), 2)
            levels[index][other] = levels[index][one]
    if year != 2025:
        for _ in range(2):  # two areas alike in every domain are tied in the IMD
            one, other = random.sample(range(count), 2)
            for domain in DOMAIN_WEIGHTS:
                levels[domain][other] = levels[domain][one]
    ranks = {index: competition_ranks(values) for index, values in levels.items()}
    scores = {
        index: [scale(value) for value in levels[index]] for index, (_, scale) in INDICES.items()
    }
    scores["imd"] = imd_scores(ranks)
    ranks["imd"] = competition_ranks(scores["imd"])
    return Edition(year, areas, scores, ranks)


def competition_ranks(values: list[float]) -> list[int]:
    """1 for the highest value; tied values share the lowest rank of the tie."""
    ranks = [0] * len(values)
    previous, rank = None, 0
    for position, i in enumerate(sorted(range(len(values)), key=lambda i: -values[i]), start=1):
        if values[i] != previous:
            previous, rank = values[i], position
        ranks[i] = rank
    return ranks


def decile(rank: int, count: int) -> int:
    """ceil(10 rank / count), the rule of all three editions."""
    return (10 * rank + count - 1) // count


def imd_scores(ranks: dict[str, list[int]]) -> list[float]:
    """Unrounded IMD scores from the ranks of the seven domains."""
    count = len(ranks["income"])
    totals = [0.0] * count
    for domain, weight in DOMAIN_WEIGHTS.items():
        tied: dict[int, int] = {}
        for rank in ranks[domain]:
            tied[rank] = tied.get(rank, 0) + 1
        for i, rank in enumerate(ranks[domain]):
            mean_position = rank + (tied[rank] - 1) / 2
            scaled = (count - mean_position + 1) / count
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


def write_file_7(edition: Edition, folder: Path) -> None:
    """File 7 as published: UTF-8, CRLF, quotes only where a comma needs them.

    Header and order of columns come from the seed index_columns. Scores have up to three
    decimals; a whole one is `31` in 2015 and 2019 and `31.0` in 2025.
    """
    with INDEX_COLUMNS.open(encoding="utf-8", newline="") as file:
        this = ("England", str(edition.year))
        columns = [row for row in csv.DictReader(file) if (row["nation"], row["edition"]) == this]
    count = len(edition.areas)
    random = Random(SEED - edition.year)
    populations = [population_counts(area, edition.year, random) for area in edition.areas]
    lads = [area.district.lad(LAD_YEARS[edition.year]) for area in edition.areas]

    def column(index: str, measure: str) -> list:
        if measure == "score":
            return [_decimal(score, edition.year) for score in edition.scores[index]]
        if measure == "rank":
            return edition.ranks[index]
        if measure == "decile":
            return [decile(rank, count) for rank in edition.ranks[index]]
        if measure == "area_code":
            return [area.code for area in edition.areas]
        if measure == "area_name":
            return [area.name for area in edition.areas]
        if measure in ("lad_code", "lad_name"):
            return [lad[measure == "lad_name"] for lad in lads]
        return [population[measure] for population in populations]

    values = [column(row["index_code"], row["measure"]) for row in columns]
    with (folder / FILE_NAMES[edition.year]).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(row["source_column"] for row in columns)
        writer.writerows(zip(*values, strict=True))


def _decimal(score: float, year: int) -> str:
    text = f"{score:.3f}".rstrip("0")
    text = "0." if text == "-0." else text
    return text + "0" if year == 2025 and text.endswith(".") else text.rstrip(".")
