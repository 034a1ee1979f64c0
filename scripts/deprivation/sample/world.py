"""The synthetic country behind `deprivation sample`: small areas, land and postcodes.

The land is cut into cells, the largest pieces on which every code is the same. A split is two
cells with one LSOA 2011 and two LSOAs 2021; a merge the reverse; an LSOA on both sides of a local
authority boundary two cells with two local authorities. A postcode lies in one cell.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from deprivation.sample.areas import Area, Cell, build_areas
from deprivation.sample.changes import recode, redraw
from deprivation.sample.districts import DISTRICTS
from deprivation.sample.sectors import (
    UNITS_IN_SECTOR,
    Sectors,
    place_postcodes,
    share_out,
    special_cells,
)

SEED = 20_260_801
FEWEST_AREAS, MOST_AREAS = 60, 45_000
FEWEST_POSTCODES = 500
# Small areas in the real country (England's is what the caller names).
REAL_AREAS = {"E": 32_844, "W": 1_909, "S": 6_976, "N": 890}


@dataclass
class World:
    """areas11, areas21: small areas by nation, in order of code; E and W in both vintages."""

    areas11: dict[str, list[Area]]
    areas21: dict[str, list[Area]]
    cells: list[Cell]
    sectors: Sectors


def build_world(areas: int, postcodes: int) -> World:
    """A country with about `areas` English LSOAs of 2011 and exactly `postcodes` postcodes.

    Raises ValueError if the numbers are too small for every case to occur, or too large.
    """
    if not FEWEST_AREAS <= areas <= MOST_AREAS:
        raise ValueError(f"areas must be {FEWEST_AREAS} to {MOST_AREAS}, not {areas}")
    if postcodes < FEWEST_POSTCODES:
        raise ValueError(f"postcodes must be at least {FEWEST_POSTCODES}, not {postcodes}")
    random = Random(SEED)
    areas11, areas21, cells = {}, {}, []
    for nation, real in REAL_AREAS.items():
        count = max(24, min(real, round(areas * real / REAL_AREAS["E"])))
        count = areas if nation == "E" else count
        areas11[nation] = build_areas(nation, count, random)
        if nation in "EW":
            areas21[nation], nation_cells = redraw(areas11[nation], random)
        else:
            areas21[nation], nation_cells = recode(areas11[nation])
        cells += nation_cells
    cells += [Cell(district, weight=1) for district in DISTRICTS if district.nation in "LM"]
    cells += special_cells(cells, postcodes)
    share_out(cells, postcodes)
    crowded = max(sum(map(len, areas21.values())) / 2, postcodes / UNITS_IN_SECTOR) > 2_000
    sectors = Sectors(sectors_in_outcode=10 if crowded else 4)
    place_postcodes(cells, sectors, random)
    return World(areas11, areas21, cells, sectors)
