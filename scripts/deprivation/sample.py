"""A synthetic data set in exactly the formats that the publishers use, of any size.

    onspd/    the postcode directory                          sample_directory.py
    iod/      File 7 of the Indices of Deprivation            sample_indices.py
    lookups/  ONS lookups between vintages and geographies    here
    SYNTHETIC.txt    marks the folder as synthetic

The country itself is made in sample_world.py. The same arguments give the same bytes.
"""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from deprivation.sample_codes import Ranks, read_layouts
from deprivation.sample_directory import PACKINGS, write_directory
from deprivation.sample_districts import DISTRICTS, REGIONS
from deprivation.sample_indices import build_editions, competition_ranks, write_file_7
from deprivation.sample_world import REAL_AREAS, RURAL_URBAN, World, build_world

MARKER = """\
Everything in this folder is SYNTHETIC: made by `deprivation sample` for trying and testing.
No code, name, postcode or figure describes a real place.
"""


def write_sample(
    out: Path,
    postcodes: int = 10_000,
    areas: int = 400,
    layout: str = "ONSPD_2026_08",
    packing: str = "zip",
) -> None:
    """Write a synthetic data set below the folder `out`, made if need be.

    postcodes: rows of the directory, exactly; areas: English LSOAs of 2011 (those of 2021 are
    some 3 % more); layout: a name in directory_layouts.csv; packing: `zip` (as published), `csv`
    (the one large file) or `area-files` (a file per postcode area).
    An earlier synthetic data set in `out` is replaced. Raises ValueError for an unknown layout or
    packing or numbers out of range, FileExistsError where `out` holds other inputs.
    """
    layouts = read_layouts()
    if layout not in layouts:
        raise ValueError(f"unknown layout {layout!r}; known are {', '.join(layouts)}")
    if packing not in PACKINGS:
        raise ValueError(f"unknown packing {packing!r}; known are {', '.join(PACKINGS)}")
    world = build_world(areas, postcodes)
    clear(out)
    editions = build_editions(world)
    for edition in editions.values():
        write_file_7(edition, out / "iod")
    for name, header, rows in lookups(world):
        with (out / "lookups" / name).open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(header.split(","))
            writer.writerows(rows)
    ranks_2019 = editions[2019].rank_by_code()
    for nation in "WSN":
        ranks_2019 |= ranks_of_nation(world, nation)
    ranks = Ranks(imd_2019=ranks_2019, imd_2025=editions[2025].rank_by_code())
    write_directory(world, ranks, layouts[layout], packing, out / "onspd")


def clear(out: Path) -> None:
    """Make `out` a marked, empty folder of inputs; never one that holds anything real."""
    folders = [out / name for name in ("onspd", "iod", "lookups")]
    marker = out / "SYNTHETIC.txt"
    for folder in folders:
        if folder.is_dir() and any(folder.iterdir()) and not marker.is_file():
            raise FileExistsError(
                f"{folder} holds files that are not synthetic; name another --out"
            )
    out.mkdir(parents=True, exist_ok=True)
    marker.write_text(MARKER, encoding="utf-8")
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()


def ranks_of_nation(world: World, nation: str) -> dict[str, int]:
    """Ranks by code in the nation's own index, spread over as many areas as it really has."""
    areas, real = world.areas11[nation], REAL_AREAS[nation]
    ranks = competition_ranks([area.deprivation for area in areas])
    return {
        area.code: 1 + (rank - 1) * real // len(areas)
        for area, rank in zip(areas, ranks, strict=True)
    }


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
