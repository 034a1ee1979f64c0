"""The synthetic country behind `deprivation sample`: small areas, land and postcodes.

The land is cut into cells, the largest pieces on which every code is the same. A split is two
cells with one LSOA 2011 and two LSOAs 2021; a merge the reverse; an LSOA on both sides of a local
authority boundary two cells with two local authorities. A postcode lies in one cell.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from random import Random

from deprivation.sample_districts import DISTRICTS, District

SEED = 20_260_801
FEWEST_AREAS, MOST_AREAS = 60, 45_000
FEWEST_POSTCODES = 500
UNITS_IN_SECTOR = 400  # 20 letters, twice: those an inward code may hold
AREAS_IN_MSOA, AREAS_IN_WARD, AREAS_IN_CONSTITUENCY = 5, 4, 60

# Share of postcodes, and small areas in the real country (England's is what the caller names).
POSTCODE_SHARES = {"E": 0.854, "W": 0.05, "S": 0.06, "N": 0.03, "L": 0.004, "M": 0.002}
REAL_AREAS = {"E": 32_844, "W": 1_909, "S": 6_976, "N": 890}
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
    easting, northing: metres; traits: lasting level by index code (see sample_indices);
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

    home: the area whose ward, constituency and local authority hold here; None where there is no
    grid reference. lsoa01: code and name. weight: its part of the nation's postcodes; postcodes:
    how many; first_slot: where they begin (see Sectors). status: `live`, `abolished` (terminated
    before 2000), `both` (live and terminated in turn), or empty for the usual mixture. outward: an
    outward code of its own, in postcode area `postcode_area`. shift: metres east of lsoa11.
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


class Sectors:
    """Postcode sectors in the order they are given out; sector k holds slots 400k to 400k + 399.

    rows: (postcode area, outward code, digit of the inward code), one per sector.
    """

    def __init__(self, sectors_in_outcode: int):
        self.rows: list[tuple[str, str, str]] = []
        self._digits = "1234567890"[:sectors_in_outcode]
        self._free: dict[str, list[tuple[str, str]]] = {}

    def take(self, postcode_areas: Iterable[str], count: int) -> int:
        """The first of `count` new sectors in a row, in the first postcode area with room."""
        for area in postcode_areas:
            if area not in self._free:
                sectors = [(out, digit) for out in outcodes(area) for digit in self._digits]
                self._free[area] = sectors[::-1]
            free = self._free[area]
            if len(free) >= count:
                first = len(self.rows)
                self.rows += [(area, *free.pop()) for _ in range(count)]
                return first
        raise ValueError(f"too many postcodes for postcode areas {', '.join(postcode_areas)}")

    def add(self, postcode_area: str, outward: str, digit: str) -> int:
        """A sector with an outward code out of the ordinary."""
        self.rows.append((postcode_area, outward, digit))
        return len(self.rows) - 1


def outcodes(area: str) -> list[str]:
    """Outward codes of a postcode area by Royal Mail's formats: in inner London, A9A and AA9A.

    Districts 98 and 99 are left for codes that are no place, such as BS98.
    """
    if area in ("E", "EC", "N", "NW", "SE", "SW", "W"):
        letters = "ABCDEFGHJKPSTUW" if len(area) == 1 else "ABEHMNPRVWXY"
        return [f"{area}{number}{letter}" for number in range(1, 10) for letter in letters]
    return [f"{area}{number}" for number in range(1, 98)]


@dataclass
class World:
    """areas11, areas21: small areas by nation, in order of code; E and W in both vintages."""

    areas11: dict[str, list[Area]]
    areas21: dict[str, list[Area]]
    cells: list[Cell]
    sectors: Sectors


def build_world(areas: int, postcodes: int) -> World:
    """A country with about `areas` English LSOAs of 2011 and exactly `postcodes` postcodes.

    Raises ValueError where the numbers are too small to hold every case, or too large.
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
    lay_out(cells, sectors, random)
    return World(areas11, areas21, cells, sectors)


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
                    deprivation=level + 0.6 * random.gauss(0, 1),
                    population=round(1_650 + 250 * random.gauss(0, 1)),
                )
            )
    return areas


def plan_changes(areas: list[Area], random: Random) -> dict[int, str]:
    """What happens to which areas, by position; no area has two fates, every fate occurs.

    A fate of two areas is given to the first; the one after it has `with the one before`.
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
        "no postcodes": max(3, count // 3_000),
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
        """Code and name of an LSOA 2001 that was no more in 2011."""
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


def special_cells(cells: list[Cell], postcodes: int) -> list[Cell]:
    """Postcodes out of the ordinary, their numbers fixed.

    Each district has large users without a grid reference, live and terminated. Girobank's
    GIR 0AA, BX and BS98 are no place. NPT and W1Y are formats that Royal Mail no longer allows
    but whose terminated postcodes are in the directory, with their areas.
    """
    by_name = {district.name: district for district in DISTRICTS}
    lost = [district for district in DISTRICTS if district.nation in "EWSN"]
    special = [
        Cell(district, postcodes=2 + postcodes // 20_000, status="both", is_large_user=True)
        for district in lost
    ]
    for outward, area, name, number in (
        ("GIR", "G", "Millgate", 1),
        ("BX1", "BX", "Millgate", 4),
        ("BS98", "BS", "Westcombe", 3),
        ("NPT", "NP", "Glanafon", 5),
        ("W1Y", "W", "Highwell", 5),
    ):
        district = by_name[f"Synthetic {name}"]
        cell = Cell(district, status="live", is_large_user=True)
        if outward in ("NPT", "W1Y"):
            like = next(cell for cell in cells if cell.district is district and cell.weight)
            cell = replace(like, status="abolished")
        special.append(
            replace(cell, weight=0.0, postcodes=number, outward=outward, postcode_area=area)
        )
    return special


def share_out(cells: list[Cell], postcodes: int) -> None:
    """Give the cells without a fixed number their postcodes, `postcodes` in all."""
    left = postcodes - sum(cell.postcodes for cell in cells)
    by_nation = apportion(left, list(POSTCODE_SHARES.values()))
    for nation, number in zip(POSTCODE_SHARES, by_nation, strict=True):
        sharing = [cell for cell in cells if cell.district.nation == nation and cell.weight > 0]
        parts = apportion(number, [cell.weight for cell in sharing])
        for cell, part in zip(sharing, parts, strict=True):
            cell.postcodes = part


def lay_out(cells: list[Cell], sectors: Sectors, random: Random) -> None:
    """Place the cells' postcodes: neighbours share a sector, one to four areas in each."""
    district, slot, end, room = None, 0, 0, 0
    for cell in cells:
        if cell.outward:
            digit = "0" if cell.outward == "GIR" else "1"
            sector = sectors.add(cell.postcode_area, cell.outward, digit)
            cell.first_slot = sector * UNITS_IN_SECTOR
            continue
        is_lost = cell.home is None and cell.weight == 0
        fits = slot + cell.postcodes <= end and cell.district is district and room > 0
        if is_lost or not fits:
            number = max(1, math.ceil(cell.postcodes / UNITS_IN_SECTOR))
            first = sectors.take(cell.district.postcode_areas, number)
            slot, end = first * UNITS_IN_SECTOR, (first + number) * UNITS_IN_SECTOR
            room = 0 if is_lost else random.choice((1, 2, 2, 3, 4))
        cell.first_slot = slot
        district, slot, room = cell.district, slot + cell.postcodes, room - 1
