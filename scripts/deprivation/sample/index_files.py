"""The synthetic indices in the formats of their publishers.

Headers and the order of columns come from the seed index_columns, so that a column that is added
there is in the file.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from random import Random

from deprivation.sample.areas import RURAL_URBAN, Area
from deprivation.sample.books import sheets_of
from deprivation.sample.districts import POSITIONS
from deprivation.sample.indices import Edition, mean_ranks, population_counts
from deprivation.sample.ods import write_ods
from deprivation.sample.world import SEED
from deprivation.sample.xlsx import write_xlsx
from deprivation.seeds import read_seed

FILE_NAMES = {
    ("England", 2004): "earlier/imd2004_england_lsoa01.csv",
    ("England", 2007): "earlier/imd2007_england_lsoa01.csv",
    ("England", 2010): "earlier/imd2010_england_lsoa01.csv",
    ("England", 2015): "iod/File_7_ID_2015_All_ranks__deciles_and_scores_for_the_Indices_of"
    "_Deprivation__and_population_denominators.csv",
    ("England", 2019): "iod/File_7_-_All_IoD2019_Scores__Ranks__Deciles_and_Population"
    "_Denominators_3.csv",
    ("England", 2025): "iod/File_7_IoD2025_All_Ranks_Scores_Deciles_Population_Denominators.csv",
    ("Wales", 2014): "nations/WIMD Ranks and Deciles 2014.xlsx",
    ("Wales", 2019): "nations/welsh-index-multiple-deprivation-2019-index-and-domain-ranks-by"
    "-small-area.ods",
    ("Wales", 2025): "nations/wimd-2025-index-and-domain-ranks-by-small-area.ods",
    ("Scotland", 2016): "nations/SIMD16 ranks and domain ranks.xlsx",
    ("Scotland", 2020): "nations/SIMD+2020v2.csv",
    ("Northern Ireland", 2017): "nations/nimdm2017-soa.csv",
}
BOOKS = {".ods": write_ods, ".xlsx": write_xlsx}
# Local authorities as they were in the edition's file.
LAD_YEARS = {2015: 2013, 2019: 2019, 2025: 2024}
BANDS = {"decile": 10, "quintile": 5, "quartile": 4, "vigintile": 20}
HEALTH_BOARDS = {1: ("S08900001", "Synthetic North"), 2: ("S08900002", "Synthetic West")}


def band(nation: str, year: int, rank: int, areas: int, k: int) -> int:
    """A quantile by the publisher's rule: from above in Wales and in England before 2015."""
    if nation == "Wales" or (nation == "England" and year < 2015):
        return k * (rank - 1) // areas + 1
    return (k * rank + areas - 1) // areas


def write_edition(edition: Edition, out: Path) -> Path:
    """Write the file of one edition below the folder `out`; its path."""
    path = out / FILE_NAMES[edition.nation, edition.year]
    path.parent.mkdir(parents=True, exist_ok=True)
    header, columns = columns_of(edition)
    rows = [header, *zip(*columns, strict=True)]
    if path.suffix in BOOKS:
        BOOKS[path.suffix](path, sheets_of(edition, rows))
        return path
    # SIMD has a byte-order mark; File 7 ends its lines as Windows does.
    encoding = "utf-8-sig" if edition.nation == "Scotland" else "utf-8"
    line_end = "\r\n" if path.parent.name == "iod" else "\n"
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, lineterminator=line_end).writerows(rows)
    return path


def columns_of(edition: Edition) -> tuple[list[str], list[list]]:
    """The header, and for each of its columns the values of all areas."""
    nation, year, areas = edition.nation, edition.year, edition.areas
    random = Random(SEED - year)
    populations = [population_counts(area, year, random) for area in areas]
    if (nation, year) == ("Scotland", 2016):  # two of its data zones have no residents
        populations[0] = dict.fromkeys(populations[0], 0)
    lads = [lad_of(area, nation, year) for area in areas]
    by_measure: dict[str, Callable[[], list]] = {
        "employment_rate": lambda: [
            round(100 * share, 1) for share in edition.scores["employment"]
        ],
        "area_code": lambda: [area.code for area in areas],
        "area_name": lambda: [area.name for area in areas],
        "lad_code": lambda: [code for code, _ in lads],
        "lad_name": lambda: [name for _, name in lads],
        "msoa_code": lambda: [area.msoa[0] for area in areas],
        "health_board_code": lambda: [health_board(area)[0] for area in areas],
        "health_board_name": lambda: [health_board(area)[1] for area in areas],
    }

    def column(index: str, measure: str, header: str) -> list:
        if measure == "score":
            return [decimal(score, year) for score in edition.scores[index]]
        if measure == "rank":
            return ranks_as_published(edition, index)
        if measure in BANDS:
            k, ranks = BANDS[measure], edition.ranks[index]
            return [band(nation, year, rank, len(areas), k) for rank in ranks]
        if measure == "unused":
            return unused(edition, header)
        if measure in by_measure:
            return by_measure[measure]()
        return [population[measure] for population in populations]

    rows = [
        row
        for row in read_seed("index_columns")
        if (row["nation"], row["edition"]) == (nation, str(year))
    ]
    values = [column(row["index_code"], row["measure"], row["source_column"]) for row in rows]
    return [row["source_column"] for row in rows], values


def lad_of(area: Area, nation: str, year: int) -> tuple[str, str]:
    """Code and name of the local authority; before 2010 in the codes of that time, like 00AA."""
    code, name = area.district.lad(LAD_YEARS.get(year, 2019))
    if nation == "England" and year < 2010:
        code = f"99U{chr(ord('A') + POSITIONS[area.district.name])}"
    return code, name


def health_board(area: Area) -> tuple[str, str]:
    return HEALTH_BOARDS[int(area.district.code[-1])]


def ranks_as_published(edition: Edition, index: str) -> list:
    """Scotland gives tied domains the mean of their places; 2010 has ranks like `28814.0`."""
    ranks = edition.ranks[index]
    if edition.nation == "Scotland":
        return [int(rank) if rank.is_integer() else rank for rank in mean_ranks(ranks)]
    return [float(rank) for rank in ranks] if edition.year == 2010 else ranks


def decimal(score: float, year: int) -> str:
    """As published: two decimals in 2004 and 2010, all in 2007, up to three since.

    A whole score is `31` in 2015 and 2019 and `31.0` in 2025.
    """
    if year == 2007:
        return repr(score)
    text = f"{score:.{2 if year < 2015 else 3}f}".rstrip("0")
    text = "0." if text == "-0." else text
    return text + "0" if year == 2025 and text.endswith(".") else text.rstrip(".")


def unused(edition: Edition, header: str) -> list:
    """Values of a column that no model reads, in the shape of the published ones."""
    areas = edition.areas
    if edition.nation == "Wales":
        ranks = edition.ranks["imd"]
        if "Name" in header:
            return [area.name for area in areas]
        if "group" in header:  # 10, 20, 30, 50 and 100% of the areas
            return [1 + sum(10 * rank > k * len(areas) for k in (1, 2, 3, 5)) for rank in ranks]
        return ranks
    if edition.nation == "Scotland":
        number = [area.rural_urban + 1 for area in areas]
        texts = {
            "URclass": number,
            "URname": [RURAL_URBAN[area.rural_urban][1] for area in areas],
            "IZname": [area.msoa[1] for area in areas],
            "Intermediate_Zone": [area.msoa[1] for area in areas],
            "MMWcode": [area.ward[0] for area in areas],
            "MMWname": [area.ward[1] for area in areas],
            "SPCcode": [area.constituency[0].replace("S14", "S16") for area in areas],
            "SPCname": [area.constituency[1] for area in areas],
        }
        return texts[header]
    if header.startswith("UR"):
        return [("Urban", "Rural")[area.rural_urban > 1] for area in areas]
    random = Random(f"{SEED} {edition.nation} {edition.year} {header}")
    if header.endswith("_rank"):
        return random.sample(range(1, len(areas) + 1), len(areas))
    return [round(random.uniform(0, 40), 1) for _ in areas]
