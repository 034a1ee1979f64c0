"""The layouts of the directory since 2018, and what each of their columns contains.

Columns are recognised by name, whatever years they carry (`oslaua`, `lad25cd` and `lad26cd` are
one concept).
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path

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


@dataclass(frozen=True)
class DirectoryLayout:
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
        """What a column contains; empty if that is not known, and the column is blank."""
        for concept, pattern in CONCEPTS.items():
            if re.fullmatch(pattern, column):
                return concept
        return ""


def read_layouts() -> dict[str, DirectoryLayout]:
    """All known layouts by name, such as `ONSPD_2026_08`."""
    layouts = {}
    with LAYOUTS.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            year, month = re.search(r"_(\d{4})_(\d\d)", row["layout"]).groups()
            layouts[row["layout"]] = DirectoryLayout(
                row["product"], tuple(row["header"].split(",")), int(year), int(month)
            )
    return layouts
