"""The files of names and codes that come with a directory."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

from deprivation.sample.districts import COUNTRIES, REGIONS
from deprivation.sample.layouts import DirectoryLayout
from deprivation.sample.world import World

# Concepts that have a file of names: how ONS abbreviates them, their name and the file's scope.
NAMED = {
    "country": ("CTRY", "Country", "UK"),
    "region": ("RGN", "Region", "EN"),
    "county": ("CTY", "County", "UK"),
    "lad": ("LAD", "Local Authority District", "UK"),
    "ward": ("WD", "Ward", "UK"),
    "constituency": ("PCON", "Westminster Parliamentary Constituency", "UK"),
    "icb": ("ICB", "Integrated Care Board", "EN"),
    "sub_icb": ("SICBL", "Sub Integrated Care Board Location", "EN"),
    "police_force": ("PFA", "Police Force Area", "GB"),
    "lsoa11": ("LSOA11", "LSOA (2011)", "EW"),
    "lsoa21": ("LSOA21", "LSOA (2021)", "EW"),
    "msoa11": ("MSOA11", "MSOA (2011)", "EW"),
    "msoa21": ("MSOA21", "MSOA (2021)", "EW"),
}
OLD_TITLES = {"lad": "LA_UA", "police_force": "PFA", "icb": "ICB", "sub_icb": "Sub_ICB"}
FORMER = {"stp": ("STP", "STP"), "ccg": ("CCG", "CCG")}
PSEUDO_NAMES = {
    "county": "EWSNLM",
    "region": "WSNLM",
    "lad": "LM",
    "ward": "LM",
    "icb": "WSN",
}


def documents(world: World, layout: DirectoryLayout) -> Iterator[tuple[str, str]]:
    """File name and text (CRLF) of each file of names and codes that comes with a directory.

    Column names carry the year of the codes: LAD26CD, LAD26NM. The names of the files changed
    together with the directory's own column names in August 2025.
    """
    names = names_of(world, layout)
    is_new_style = any(column.startswith("lad2") for column in layout.columns)
    for column in layout.columns:
        concept = layout.concept(column)
        if concept not in NAMED:
            continue
        stem, title, scope = NAMED[concept]
        in_column = re.search(r"(\d\d)cd$", column)
        year = in_column[1] if in_column else f"{layout.year % 100:02d}"
        if stem[-1].isdigit():
            stem, year = stem[:-2], stem[-2:]
        if column in FORMER:
            stem, title = FORMER[column]
        elif not is_new_style:
            title = OLD_TITLES.get(concept, title)
        prefix = f"{stem} " if is_new_style and "(" not in title else ""
        has_nhs_code = concept in ("icb", "sub_icb")
        has_welsh = concept in ("country", "region", "lad")
        header = [f"{stem}{year}CD", *([f"{stem}{year}CDH"] if has_nhs_code else [])]
        header += [f"{stem}{year}NM", *([f"{stem}{year}NMW"] if has_welsh else [])]
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerow(header)
        for code, found in sorted(names[concept].items()):
            nhs_code, name = found if isinstance(found, tuple) else ("", found)
            row = [code, *([nhs_code] if has_nhs_code else []), name]
            writer.writerow([*row, *([""] if has_welsh else [])])
        yield f"{prefix}{title} names and codes {scope} as at 05_{year}.csv", text.getvalue()


def names_of(world: World, layout: DirectoryLayout) -> dict[str, dict]:
    """Names by code of each concept in NAMED; of ICBs and sub-ICBs, NHS code and name."""
    names: dict[str, dict] = {concept: {} for concept in NAMED}
    names["country"] = dict(COUNTRIES.values())
    names["region"] = dict(REGIONS)
    for concept, nations in PSEUDO_NAMES.items():
        for nation in nations:
            name = "England (UA/MD/LB)" if nation == "E" else COUNTRIES[nation][1]
            names[concept][f"{nation}99999999"] = f"(pseudo) {name}"
    for cell in world.cells:
        if cell.home is None or cell.lsoa11 is None or cell.lsoa21 is None:
            continue
        district = cell.home.district
        names["lad"].update([district.lad(layout.boundary_year)])
        names["ward"].update([cell.home.ward])
        names["constituency"].update([cell.home.constituency])
        names["police_force"].update([district.police_force])
        if county := district.county_in(layout.boundary_year):
            names["county"].update([county])
        if district.nation == "E":
            names["icb"][district.icb[0]] = district.icb[1:]
            names["sub_icb"][district.sub_icb[0]] = district.sub_icb[1:]
        if district.nation in "EW":
            names["lsoa11"][cell.lsoa11.code] = cell.lsoa11.name
            names["lsoa21"][cell.lsoa21.code] = cell.lsoa21.name
            names["msoa11"].update([cell.lsoa11.msoa])
            names["msoa21"].update([cell.lsoa21.msoa])
    return names
