"""Small areas of 2011 and the cells of the land, which contain their postcodes."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from random import Random

from deprivation.sample.districts import DISTRICTS, District

AREAS_IN_MSOA, AREAS_IN_WARD, AREAS_IN_CONSTITUENCY = 5, 4, 60
AREA_PREFIXES = {"E": "E01", "W": "W01", "S": "S01"}
MSOA_PREFIXES = {"E": "E02", "W": "W02", "S": "S02", "N": "N99"}
WARD_PREFIXES = {"E": "E05", "W": "W05", "S": "S13", "N": "N08"}
CONSTITUENCY_PREFIXES = {"E": "E14", "W": "W07", "S": "S14", "N": "N05"}

# Rural-urban classes: 2021 code and name, the 2011 and 2001 codes.
RURAL_URBAN = (
    ("UN1", "Urban: Nearer to a major town or city", "A1", "5"),
    ("UF1", "Urban: Further from a major town or city", "C1", "5"),
    ("RLN1", "Larger rural: Nearer to a major town or city", "D1", "6"),
    ("RLF1", "Larger rural: Further from a major town or city", "D2", "2"),
    ("RSN1", "Smaller rural: Nearer to a major town or city", "E1", "7"),
    ("RSF1", "Smaller rural: Further from a major town or city", "E2", "3"),
)


@dataclass(eq=False, slots=True)
class Area:
    """A small area: LSOA, data zone (Scotland) or SOA and super data zone (Northern Ireland).

    deprivation: standard deviations from the mean, higher is worse; population: people;
    easting, northing: metres; traits: lasting level by index code (see indices.py);
    rural_urban: position in RURAL_URBAN; parents: the 2011 areas that a 2021 area was made from.
    """

    code: str
    name: str
    district: District
    msoa: tuple[str, str]
    ward: tuple[str, str]
    constituency: tuple[str, str]
    rural_urban: int
    easting: int
    northing: int
    deprivation: float
    population: int
    parents: tuple[Area, ...] = ()
    traits: dict[str, float] = field(default_factory=dict)


@dataclass(eq=False, slots=True)
class Cell:
    """A piece of land on which every code is the same, with its postcodes.

    home: the area whose ward, constituency and local authority apply here; None if there is no
    grid reference. lsoa01: code and name. weight: its part of the nation's postcodes; postcodes:
    how many; first_slot: where they begin (see Sectors). status: `live`, `abolished` (terminated
    before 2000), `both` (live and terminated in turn), or empty for the usual mixture. outward: a
    separate outward code, in postcode area `postcode_area`. shift: metres east of lsoa11.
    """

    district: District
    home: Area | None = None
    lsoa01: tuple[str, str] | None = None
    lsoa11: Area | None = None
    lsoa21: Area | None = None
    weight: float = 0.0
    postcodes: int = 0
    first_slot: int = 0
    status: str = ""
    is_large_user: bool = False
    outward: str = ""
    postcode_area: str = ""
    shift: int = 0


def apportion(total: int, weights: list[float]) -> list[int]:
    """Whole numbers in proportion to the weights that add up to `total`."""
    whole, parts, running, given = sum(weights), [], 0.0, 0
    for weight in weights:
        running += weight
        upto = round(total * running / whole)
        parts.append(upto - given)
        given = upto
    return parts


def build_areas(nation: str, count: int, random: Random) -> list[Area]:
    """The areas of 2011 of one nation: deprivation has a level by district, a slope and noise."""
    districts = [district for district in DISTRICTS if district.nation == nation]
    areas: list[Area] = []
    totals = {"msoa": 0, "ward": 0, "constituency": 0}
    sizes = apportion(count, [float(district.share) for district in districts])
    for district, size in zip(districts, sizes, strict=True):
        width = max(1, math.ceil(math.sqrt(size)))
        for i in range(size):
            for level, held in (
                ("msoa", AREAS_IN_MSOA),
                ("ward", AREAS_IN_WARD),
                ("constituency", AREAS_IN_CONSTITUENCY),
            ):
                totals[level] += i % held == 0
            row, column = divmod(i, width)
            column = width - 1 - column if row % 2 else column  # neighbours in order lie together
            x, y = (column - width / 2) * 0.8, (row - width / 2) * 0.8  # kilometres
            plain_name = district.name.split(",")[0]
            block, letter = divmod(i, AREAS_IN_MSOA)
            number = len(areas) + 1
            if nation == "N":  # 95SY01S1: as SOA codes are, with letters no district has
                code = f"95SY{1 + (number - 1) // 9:02d}S{1 + (number - 1) % 9}"
                name = f"{plain_name}_{number}"
            else:
                code = f"{AREA_PREFIXES[nation]}{900_000 + number}"
                name = f"{plain_name} {block + 1:03d}{chr(65 + letter)}"
            level = 0.6 * district.deprivation + 0.45 * (math.sin(x / 2.5) + math.cos(y / 3.1))
            areas.append(
                Area(
                    code=code,
                    name=name,
                    district=district,
                    msoa=(
                        f"{MSOA_PREFIXES[nation]}{900_000 + totals['msoa']}",
                        f"{plain_name} {block + 1:03d}",
                    ),
                    ward=(
                        f"{WARD_PREFIXES[nation]}{900_000 + totals['ward']}",
                        f"{plain_name} Ward {i // AREAS_IN_WARD + 1}",
                    ),
                    constituency=(
                        f"{CONSTITUENCY_PREFIXES[nation]}{900_000 + totals['constituency']}",
                        f"{plain_name} Constituency {i // AREAS_IN_CONSTITUENCY + 1}",
                    ),
                    rural_urban=block % 6 if district.is_rural else 0,
                    easting=round((district.km[0] + x) * 1000),
                    northing=round((district.km[1] + y) * 1000),
                    deprivation=level + 0.5 * random.gauss(0, 1),
                    population=round(1_650 + 250 * random.gauss(0, 1)),
                )
            )
    return areas
