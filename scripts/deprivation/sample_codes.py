"""What each column of a directory layout holds, and the files of names that come with it.

Columns are recognised by name, whatever years they carry (`oslaua`, `lad25cd` and `lad26cd` are
one concept).
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from deprivation.sample_districts import COUNTRIES, REGIONS
from deprivation.sample_world import RURAL_URBAN, Cell, World

LAYOUTS = Path(__file__).with_name("directory_layouts.csv")
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")

# Concept of a column by its name. Those marked * differ from postcode to postcode.
CONCEPTS = {
    "pcd7*": r"pcd|pcd7",
    "pcd8*": r"pcd2|pcd8",
    "pcds*": r"pcds",
    "introduced*": r"dointr",
    "terminated*": r"doterm",
    "user_type*": r"usertype|usrtypind",
    "easting*": r"oseast1m|east1m",
    "northing*": r"osnrth1m|north1m",
    "grid_quality*": r"osgrdind|gridind",
    "latitude*": r"lat",
    "longitude*": r"long",
    "country": r"ctry(\d\dcd)?",
    "region": r"rgn(\d\dcd)?",
    "county": r"oscty|cty(\d\dcd)?",
    "county_division": r"ced(\d\dcd)?",
    "lad": r"oslaua|laua|lad\d\dcd",
    "ward": r"osward|ward|wd\d\dcd",
    "parish": r"parish|parncp\d\dcd",
    "oa01": r"oa01(cd)?",
    "oa11": r"oa11(cd)?",
    "oa21": r"oa21(cd)?",
    "lsoa01": r"lsoa01(cd)?",
    "lsoa11": r"lsoa11(cd)?",
    "lsoa21": r"lsoa21(cd)?",
    "msoa01": r"msoa01(cd)?",
    "msoa11": r"msoa11(cd)?",
    "msoa21": r"msoa21(cd)?",
    "workplace_zone": r"wz11(cd)?",
    "imd_2019": r"imd|imd20ind",
    "imd_2025": r"imd25ind",
    "icb": r"stp|icb(\d\dcd)?",
    "sub_icb": r"ccg|sicbl(\d\dcd)?",
    "cancer_alliance": r"calncv|cal\d\dcd",
    "nhs_region": r"nhser(\d\dcd)?",
    "health_authority": r"oshlthau|hlthau|hlth\d\dcd",
    "primary_care": r"pct|pco\d\dcd",
    "rural_urban_2001": r"ur01ind|ruc01ind",
    "rural_urban_2011": r"ru11ind|ruc11ind",
    "rural_urban_2021": r"ruc21(ind)?",
    "output_area_class": r"oac\d\d(ind)?",
    "built_up_area": r"bua\d\d(cd)?",
    "built_up_part": r"buasd11",
    "police_force": r"pfa(\d\dcd)?",
    "constituency": r"pcon(\d\dcd)?",
    "national_park": r"n?park(\d\dcd)?",
    "enterprise_1": r"lep1|lep21cd1",
    "enterprise_2": r"lep2|lep21cd2",
    "itl": r"nuts|itl(\d\dcd)?",
    "travel_to_work": r"ttwa(\d\dcd)?",
    "european_region": r"eer(\d\dcd)?",
    "skills_council": r"teclec|educ\d\dcd",
}
UNQUOTED = {"latitude", "longitude", "imd_2019", "imd_2025"}
# Codes that say no more than the district does: prefix per nation. Other nations, pseudo codes.
BY_DISTRICT = {
    "health_authority": {"E": "E18", "W": "W11", "S": "S08", "N": "N35"},
    "primary_care": {"E": "E16", "W": "W11", "S": "S03", "N": "N36"},
    "nhs_region": {"E": "E40"},
    "cancer_alliance": {"E": "E56"},
    "enterprise_1": {"E": "E37"},
    "travel_to_work": {"E": "E30", "W": "W22", "S": "S22", "N": "N12"},
    "european_region": {"E": "E15", "W": "W08", "S": "S15", "N": "N07"},
    "skills_council": {"E": "E24", "W": "W16", "S": "S09"},
    "sub_icb": {"W": "W11", "S": "S03", "N": "N36"},
}
# The same for wards.
BY_WARD = {
    "parish": {"E": "E04", "W": "W04"},
    "workplace_zone": {"E": "E33", "W": "W35", "S": "S34"},
}
# Pseudo codes that hold for the whole of these nations, grid reference or not.
NATIONAL = {
    **dict.fromkeys(("county", "county_division", "region", "icb", "nhs_region"), "WSN"),
    **dict.fromkeys(("cancer_alliance", "enterprise_1", "enterprise_2"), "WSN"),
    "parish": "SN",
}


@dataclass(frozen=True)
class Layout:
    """A directory layout: its product (ONSPD, NSPL), columns in order, year and month."""

    product: str
    columns: tuple[str, ...]
    year: int
    month: int

    @property
    def file_name(self) -> str:
        return f"{self.product}_{MONTHS[self.month - 1]}_{self.year}_UK"

    @property
    def boundary_year(self) -> int:
        """The year of the local authorities in it: a release has those of the May before it."""
        return self.year if self.month >= 8 else self.year - 1

    def concept(self, column: str) -> str:
        """What a column holds; empty where it isn't known, and the column is blank."""
        for concept, pattern in CONCEPTS.items():
            if re.fullmatch(pattern, column):
                return concept
        return ""


def read_layouts() -> dict[str, Layout]:
    """All known layouts by name, such as `ONSPD_2026_08`."""
    layouts = {}
    with LAYOUTS.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            year, month = re.search(r"_(\d{4})_(\d\d)", row["layout"]).groups()
            layouts[row["layout"]] = Layout(
                row["product"], tuple(row["header"].split(",")), int(year), int(month)
            )
    return layouts


@dataclass(frozen=True)
class Ranks:
    """IMD ranks by area code: of 2019 by the 2011 areas of all nations, of 2025 by LSOA 2021."""

    imd_2019: dict[str, int]
    imd_2025: dict[str, int]


def codes_of(number: int, cell: Cell, ranks: Ranks, layout: Layout) -> dict[str, str]:
    """The code of each concept in one cell (the `number`-th), as the layout's release has it.

    Concepts not among the keys are blank.
    """
    nation = cell.district.nation
    pseudo = f"{nation}99999999"
    country = COUNTRIES[nation][0]
    no_rank = {"imd_2019": "0", "imd_2025": "0"}
    if nation in "LM":  # the same pseudo code everywhere, the areas included
        codes = {c: pseudo for c in CONCEPTS if not c.endswith("*") and "rural_urban" not in c}
        codes |= {"country": country, "rural_urban_2001": "Z", "rural_urban_2011": "Z9"}
        return codes | no_rank | {"output_area_class": "9Z9"}
    home, lsoa11, lsoa21 = cell.home, cell.lsoa11, cell.lsoa21
    if home is None:  # no grid reference: what goes for the whole country, nothing in NSPL
        if layout.product == "NSPL":
            return no_rank
        known = [concept for concept, nations in NATIONAL.items() if nation in nations]
        return no_rank | dict.fromkeys(known, pseudo) | {"country": country}

    district = home.district
    is_english = nation == "E"
    county = district.county_in(layout.boundary_year)
    rural_urban = RURAL_URBAN[home.rural_urban]
    is_urban = home.rural_urban < 2
    district_number, ward_number = f"9{district.code[-5:]}", home.ward[0][-6:]
    codes = {
        "country": country,
        "region": district.region or pseudo,
        "county": county[0] if county else pseudo,
        "county_division": f"E58{ward_number}" if county else pseudo,
        "lad": district.lad(layout.boundary_year)[0],
        "itl": district.code,
        "ward": home.ward[0],
        "oa01": f"{nation}00{900_001 + number}",
        "oa11": f"{nation}00{900_001 + number}",
        "oa21": f"{nation}00{900_001 + number}",
        "lsoa01": cell.lsoa01[0],
        "lsoa11": lsoa11.code,
        # Scotland's data zones 2022 are in the directory from 2025 on.
        "lsoa21": "" if nation == "S" and layout.year < 2025 else lsoa21.code,
        "msoa01": pseudo if nation == "N" else lsoa11.msoa[0],
        "msoa11": pseudo if nation == "N" else lsoa11.msoa[0],
        "msoa21": lsoa21.msoa[0] if nation in "EW" else "",
        "imd_2019": str(ranks.imd_2019[lsoa11.code]),
        "imd_2025": str(ranks.imd_2025.get(lsoa21.code, 0)),
        "icb": district.icb[0] if is_english else pseudo,
        "sub_icb": district.sub_icb[0] if is_english else pseudo,
        "rural_urban_2001": rural_urban[3],
        "rural_urban_2011": rural_urban[2] if nation in "EW" else str(1 + home.rural_urban),
        "rural_urban_2021": rural_urban[0] if nation in "EW" else "",
        "output_area_class": "2B1",
        "built_up_area": (f"E63{district_number}" if is_urban else "E63999999")
        if is_english
        else pseudo,
        "built_up_part": pseudo,
        "police_force": district.police_force[0],
        "constituency": home.constituency[0],
        "national_park": ("E65000001" if layout.year >= 2024 else pseudo) if is_english else pseudo,
        "enterprise_2": "" if is_english else pseudo,
    }
    for table, number_in in ((BY_DISTRICT, district_number), (BY_WARD, ward_number)):
        for concept, prefixes in table.items():
            if nation in prefixes:
                codes[concept] = prefixes[nation] + number_in
            else:
                codes.setdefault(concept, pseudo)
    return codes


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


def documents(world: World, layout: Layout) -> Iterator[tuple[str, str]]:
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


def names_of(world: World, layout: Layout) -> dict[str, dict]:
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
