"""A synthetic data set in exactly the formats that the publishers use, of any size.

    onspd/       the postcode directory                              directory.py
    iod/         File 7 of England's indices since 2015              indices.py, index_files.py
    earlier/     England 2004, 2007 and 2010                         as above
    nations/     Wales, Scotland and Northern Ireland                as above
    census/      Townsend 2011, tables of the census of 2021         census.py
    population/  people by small area of the UK                      as above
    lookups/     ONS lookups between vintages and geographies        lookups.py
    SYNTHETIC.txt    marks the folder as synthetic

The country itself is made in world.py. The same arguments give the same bytes.
"""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

from deprivation.sample.census import write_census
from deprivation.sample.codes import Ranks
from deprivation.sample.directory import PACKINGS, write_directory
from deprivation.sample.index_files import write_edition
from deprivation.sample.indices import build_editions
from deprivation.sample.layouts import read_layouts
from deprivation.sample.lookups import lookups
from deprivation.sample.world import build_world

FOLDERS = ("onspd", "iod", "earlier", "nations", "census", "population", "lookups")
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
    packing or numbers out of range, FileExistsError if `out` contains other inputs.
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
        write_edition(edition, out)
    write_census(world, editions, out)
    for name, header, rows in lookups(world):
        with (out / "lookups" / name).open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(header.split(","))
            writer.writerows(rows)
    # The directory carries the latest edition of each nation at the time of England's of 2019.
    ranks_2019: dict[str, int] = {}
    for edition in (("England", 2019), ("Wales", 2019), ("Scotland", 2020)):
        ranks_2019 |= editions[edition].rank_by_code()
    ranks_2019 |= editions["Northern Ireland", 2017].rank_by_code()
    ranks = Ranks(imd_2019=ranks_2019, imd_2025=editions["England", 2025].rank_by_code())
    write_directory(world, ranks, layouts[layout], packing, out / "onspd")


def clear(out: Path) -> None:
    """Make `out` a marked, empty folder of inputs, unless it contains anything real."""
    folders = [out / name for name in FOLDERS]
    marker = out / "SYNTHETIC.txt"
    for folder in folders:
        if folder.is_dir() and any(folder.iterdir()) and not marker.is_file():
            raise FileExistsError(
                f"{folder} contains files that are not synthetic; name another --out"
            )
    out.mkdir(parents=True, exist_ok=True)
    marker.write_text(MARKER, encoding="utf-8")
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
