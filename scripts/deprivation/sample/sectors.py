"""Where postcodes go: how many each cell has, and the sectors that they fill."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from random import Random

from deprivation.sample.areas import Cell, apportion
from deprivation.sample.districts import DISTRICTS

UNITS_IN_SECTOR = 400  # 20 letters, twice: those allowed in an inward code

# Share of postcodes by nation.
POSTCODE_SHARES = {"E": 0.854, "W": 0.05, "S": 0.06, "N": 0.03, "L": 0.004, "M": 0.002}


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
        """A sector with an unusual outward code."""
        self.rows.append((postcode_area, outward, digit))
        return len(self.rows) - 1


def outcodes(area: str) -> list[str]:
    """Outward codes of a postcode area by Royal Mail's formats: in inner London, A9A and AA9A.

    Districts 98 and 99 are left for codes that are not places, such as BS98; NG16 for NG16 1AA.
    """
    if area in ("E", "EC", "N", "NW", "SE", "SW", "W"):
        letters = "ABCDEFGHJKPSTUW" if len(area) == 1 else "ABEHMNPRVWXY"
        return [f"{area}{number}{letter}" for number in range(1, 10) for letter in letters]
    return [f"{area}{number}" for number in range(1, 98) if f"{area}{number}" != "NG16"]


def special_cells(cells: list[Cell], postcodes: int) -> list[Cell]:
    """Unusual postcodes, in fixed numbers.

    Each district has large users without a grid reference, live and terminated. Girobank's
    GIR 0AA, BX and BS98 are not places. NPT and W1Y are formats that Royal Mail no longer allows
    but whose terminated postcodes are in the directory, with their areas. NG16 1AA is the one that
    README's examples ask for.
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
        ("NG16", "NG", "Ashdale", 5),
    ):
        district = by_name[f"Synthetic {name}"]
        cell = Cell(district, status="live", is_large_user=True)
        if outward in ("NPT", "W1Y", "NG16"):
            like = next(cell for cell in cells if cell.district is district and cell.weight)
            cell = replace(like, status="live" if outward == "NG16" else "abolished")
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


def place_postcodes(cells: list[Cell], sectors: Sectors, random: Random) -> None:
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
