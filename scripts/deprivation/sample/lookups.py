"""ONS lookups between vintages of areas and between geographies, of the synthetic country."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from deprivation.sample.areas import RURAL_URBAN
from deprivation.sample.districts import DISTRICTS, REGIONS
from deprivation.sample.world import World


def lookups(world: World) -> Iterator[tuple[str, str, Iterable[tuple]]]:
    """File name, header and rows of each lookup file."""
    land = [cell for cell in world.cells if cell.lsoa11 and cell.district.nation in "EW"]
    areas21 = [area for nation in "EW" for area in world.areas21[nation]]
    english = [district for district in DISTRICTS if district.nation == "E"]
    local = [district for district in DISTRICTS if district.nation in "EWSN"]
    by_code = {area.code: area for nation in "EW" for area in world.areas21[nation]}

    pairs = {(cell.lsoa01, (cell.lsoa11.code, cell.lsoa11.name)) for cell in land}
    yield (
        "LSOA_2001_to_LSOA_2011_EW_Lookup.csv",
        "LSOA01CD,LSOA01NM,LSOA11CD,LSOA11NM,CHGIND",
        ((*old, *new, kind) for old, new, kind in with_change(pairs)),
    )
    pairs = {
        ((cell.lsoa11.code, cell.lsoa11.name), (cell.lsoa21.code, cell.lsoa21.name))
        for cell in land
    }
    yield (
        "LSOA_2011_to_LSOA_2021_to_LAD_2022_EW_Exact_Fit_Lookup.csv",
        "LSOA11CD,LSOA11NM,LSOA21CD,LSOA21NM,CHGIND,LAD22CD,LAD22NM",
        (
            (*old, *new, kind, *by_code[new[0]].district.lad(2022))
            for old, new, kind in with_change(pairs)
        ),
    )
    yield (
        "LSOA_2021_to_SICBL_to_ICB_2024_EN_Lookup.csv",
        "LSOA21CD,LSOA21NM,SICBL24CD,SICBL24CDH,SICBL24NM,ICB24CD,ICB24CDH,ICB24NM",
        (
            (area.code, area.name, *area.district.sub_icb, *area.district.icb)
            for area in world.areas21["E"]
        ),
    )
    yield (
        "LSOA_2021_to_WD_2024_to_LAD_2024_EW_Lookup.csv",
        "LSOA21CD,LSOA21NM,WD24CD,WD24NM,LAD24CD,LAD24NM",
        ((area.code, area.name, *area.ward, *area.district.lad(2024)) for area in areas21),
    )
    yield (
        "RUC_2021_LSOA_2021_EW.csv",
        "LSOA21CD,RUC21CD,RUC21NM,Urban_rural_flag",
        (
            (area.code, *RURAL_URBAN[area.rural_urban][:2], "Urban" if is_urban else "Rural")
            for area in areas21
            for is_urban in [area.rural_urban < 2]
        ),
    )
    yield (
        "LTLA_2023_to_UTLA_2023_EW_Lookup.csv",
        "LTLA23CD,LTLA23NM,UTLA23CD,UTLA23NM",
        sorted(
            {
                (*district.lad(2023), *(district.county_in(2023) or district.lad(2023)))
                for district in local
                if district.nation in "EW"
            }
        ),
    )
    yield (
        "LAD_2024_to_RGN_2024_EN_Lookup.csv",
        "LAD24CD,LAD24NM,RGN24CD,RGN24NM",
        sorted(
            {
                (*district.lad(2024), district.region, REGIONS[district.region])
                for district in english
            }
        ),
    )
    yield (
        "LAD_2016_to_2024_changes.csv",
        ",".join(f"ltla{year}_code,ltla{year}_name" for year in range(16, 25)),
        ([text for year in range(2016, 2025) for text in district.lad(year)] for district in local),
    )


def with_change(pairs: set[tuple[tuple, tuple]]) -> Iterator[tuple[tuple, tuple, str]]:
    """Each pair of old and new area with ONS's change indicator.

    U unchanged, S one old area split, M old areas merged into one new, X anything else.
    """
    after: dict[tuple, set] = {}
    before: dict[tuple, set] = {}
    for old, new in pairs:
        after.setdefault(old, set()).add(new)
        before.setdefault(new, set()).add(old)
    for old, new in sorted(pairs):
        if len(after[old]) == len(before[new]) == 1:
            kind = "U"
        elif all(len(before[part]) == 1 for part in after[old]):
            kind = "S"
        elif all(len(after[part]) == 1 for part in before[new]):
            kind = "M"
        else:
            kind = "X"
        yield old, new, kind
