"""Synthetic counts and rates of small areas: the census, mid-year populations, indicators.

Formats are the publishers': Townsend's scores of 2011, the census's bulk tables of 2021 (a zip
with a CSV for each level), households by dimensions of deprivation, and the indicators that the
composite index of the UK is made of.
"""

from __future__ import annotations

import csv
import io
import math
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from random import Random

from deprivation.sample.areas import Area
from deprivation.sample.indices import Edition, overall_scores, population_counts, rate
from deprivation.sample.ods import TIME
from deprivation.sample.world import SEED, World
from deprivation.sample.xlsx import write_xlsx

DIMENSIONS = (
    "Household is not deprived in any dimension",
    "Household is deprived in one dimension",
    "Household is deprived in two dimensions",
    "Household is deprived in three dimensions",
    "Household is deprived in four dimensions",
)
# Bulk table, its columns after the first three, and how often each occurs: total first, then
# shares at a level of deprivation.
OCCUPANCY = "Occupancy rating for bedrooms: Occupancy rating of bedrooms: "
ACTIVE = "Economic activity status: Economically active (excluding full-time students)"
WELSH_SCORES = {
    "imd": "WIMD 2019",
    "income": "Income",
    "employment": "Employment",
    "health": "Health",
    "education": "Education",
    "access": "Access to Services",
    "housing": "Housing",
    "community_safety": "Community Safety",
    "physical_environment": "Physical Environment",
}
TENURES = ("Owned", "Shared ownership", "Social rented", "Private rented", "Lives rent free")


def write_census(world: World, editions: dict[tuple[str, int], Edition], out: Path) -> None:
    """Write the folders census/ and population/ and the indicators in nations/ below `out`."""
    for folder in ("census", "population", "nations"):
        (out / folder).mkdir(parents=True, exist_ok=True)
    older = [area for nation in "EWSN" for area in world.areas11[nation]]
    newer = [area for nation in "EW" for area in world.areas21[nation]]
    write_townsend(older, out / "census" / "Scores- 2011 UK LSOA.csv")
    write_household_deprivation(newer, out / "census" / "household_deprivation21_lsoa21.csv")
    for table, header, row in bulk_tables():
        rows = ((2021, area.name, area.code, *row(area)) for area in newer)
        header = ("date", "geography", "geography code", *header)
        write_bulk_table(table, header, rows, out / "census")
    population = [
        (area.code, f"{population_counts(area, 2019, _random(area, 'people'))['population']:,}")
        for area in older
    ]
    write_sample_csv(
        out / "population" / "uk_small_area_population_2019.csv", ("lsoa", "pop"), population
    )
    write_mid_year(newer, out / "population" / "sapelsoabroadage20222024.xlsx")
    write_indicators(editions, out / "nations")


def _random(area: Area, purpose: str) -> Random:
    return Random(f"{SEED} {area.code} {purpose}")


def write_sample_csv(
    path: Path, header: Sequence[str], rows: Iterable[Sequence], encoding: str = "utf-8"
) -> None:
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def write_townsend(areas: list[Area], path: Path) -> None:
    """Score and quintile by area of the UK: 5 is the most deprived, and codes are padded to ten."""
    scores = {
        area.code: 2.5 * area.deprivation + _random(area, "townsend").gauss(0, 1) for area in areas
    }
    order = sorted(scores, key=lambda code: scores[code])
    quintiles = {code: 5 * at // len(order) + 1 for at, code in enumerate(order)}
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write('"","GEO_CODE","GEO_LABEL","TDS","quintile"\r\n')
        for number, area in enumerate(sorted(areas, key=lambda area: area.code), start=1):
            code = area.code
            file.write(
                f'"{number}","{code:9}","{area.name}",{scores[code]!r},{quintiles[code]}\r\n'
            )


def write_household_deprivation(areas: list[Area], path: Path) -> None:
    rows = []
    for area in areas:
        households = round(area.population / 2.4)
        counts = parts(households, [8, 5, 3, 1, 0.2], area.deprivation)
        for text, count in zip(DIMENSIONS, counts, strict=True):
            rows.append(
                (area.code, float(households), text, float(count), repr(count / households))
            )
    header = ("lsoa21_code", "total_households", "deprivation_dimensions", "n", "prop")
    write_sample_csv(path, header, rows)


def parts(total: int, weights: Sequence[float], deprivation: float) -> list[int]:
    """`total` in whole parts by weight, the later ones larger where deprivation is higher."""
    tilted = [weight * math.exp(0.4 * at * deprivation) for at, weight in enumerate(weights)]
    counts = [int(total * weight / sum(tilted)) for weight in tilted]
    return [total - sum(counts[1:]), *counts[1:]]


def bulk_tables():
    """Table, header and values by area of each bulk table that Townsend 2021 is made of."""

    def households(area: Area, weights: Sequence[float], purpose: str) -> list[int]:
        level = area.deprivation + 0.3 * _random(area, purpose).gauss(0, 1)
        return parts(round(area.population / 2.4), weights, level)

    def activity(area: Area) -> list[int]:
        adults = round(0.8 * area.population)
        active = round(0.6 * adults)
        level = area.deprivation + 0.3 * _random(area, "work").gauss(0, 1)
        return [adults, active, round(0.35 * rate(level) * active)]

    def with_total(weights: Sequence[float], purpose: str):
        def counts(area: Area) -> list[int]:
            found = households(area, weights, purpose)
            return [sum(found), *found]

        return counts

    total = "Economic activity status: Total: All usual residents aged 16 years and over"
    yield "ts066", (total, ACTIVE, f"{ACTIVE}: Unemployed"), activity
    cars = [
        "No cars or vans in household",
        "1 car or van in household",
        "2 cars or vans in household",
        "3 or more cars or vans in household",
    ]

    def cars_of(area: Area) -> list[int]:
        found = households(area, [1, 3, 4, 2], "cars")  # fewest cars last
        return [sum(found), *found[::-1]]

    names = ["Total: All households", *cars]
    yield "ts045", tuple(f"Number of cars or vans: {name}" for name in names), cars_of
    ratings = ["+2 or more", "+1", "0", "-1", "-2 or less"]
    header = ("Occupancy rating for bedrooms: Total: All households",)
    header += tuple(OCCUPANCY + rating for rating in ratings)
    yield "ts052", header, with_total([6, 5, 3, 0.4, 0.1], "rooms")
    names = ["Total: All households", *TENURES]
    header = tuple(f"Tenure of household: {name}" for name in names)
    yield "ts054", header, with_total([12, 0.2, 2, 2, 0.02], "tenure")


def write_mid_year(areas: list[Area], path: Path) -> None:
    """Mid-year populations: a sheet a year, three lines of notes above its table."""
    header = ("LAD 2023 Code", "LAD 2023 Name", "LSOA 2021 Code", "LSOA 2021 Name", "Total")
    people = [population_counts(area, 2022, _random(area, "mid-year")) for area in areas]
    rows = [
        (*area.district.lad(2024), area.code, area.name, counts["population"])
        for area, counts in zip(areas, people, strict=True)
    ]
    sheet = [["Mid-2022 population estimates"], ["SYNTHETIC"], [""], header, *rows]
    write_xlsx(path, {"Contents": [[""]], "Mid-2022 LSOA 2021": sheet})


def write_bulk_table(
    table: str, header: Sequence[str], rows: Iterable[Sequence], folder: Path
) -> None:
    """A bulk table as the ONS packs it: one CSV for each level of areas in a zip, here of LSOAs."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    entry = zipfile.ZipInfo(f"census2021-{table}-lsoa.csv", TIME)
    entry.compress_type = zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(folder / f"census2021-{table}.zip", "w") as archive:
        archive.writestr(entry, text.getvalue())


def write_indicators(editions: dict[tuple[str, int], Edition], folder: Path) -> None:
    """What is published with the ranks: employment rates of Wales and Scotland, scores of Wales."""

    def percent(edition: Edition, index: str, at: int) -> int:
        return round(100 * edition.scores[index][at])

    wales, scotland = editions["Wales", 2019], editions["Scotland", 2020]
    rates = [
        (area.name, area.code, *(percent(wales, index, at) for index in ("income", "employment")))
        for at, area in enumerate(wales.areas)
    ]
    header = ("name", "lsoa", "indicator_income", "indicator_employment")
    write_sample_csv(folder / "wimd2019-indicators.csv", header, rates)
    # Of domains it gives the transformed ranks, of which the overall score is made.
    scores = {
        index: wales.scores["imd"] if index == "imd" else overall_scores(wales.ranks, {index: 1})
        for index in WELSH_SCORES
    }
    rows = [
        (area.code, area.name, *(f"{scores[index][at]:.1f}" for index in WELSH_SCORES))
        for at, area in enumerate(wales.areas)
    ]
    header = ("lsoa", "LSOA Name", *WELSH_SCORES.values())
    write_sample_csv(folder / "wimd-2019-index-and-domain-scores.csv", header, rows, "utf-8-sig")
    indicators = [
        (area.code, area.msoa[1], f"{percent(scotland, 'employment', at)}%")
        for at, area in enumerate(scotland.areas)
    ]
    header = ("Data_Zone", "Intermediate_Zone", "Employment_rate")
    write_sample_csv(folder / "SIMD+2020v2+-+indicators.csv", header, indicators, "utf-8-sig")
