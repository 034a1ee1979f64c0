"""The codes of a directory in each cell of the land."""

from __future__ import annotations

from dataclasses import dataclass

from deprivation.sample.areas import RURAL_URBAN, Cell
from deprivation.sample.districts import COUNTRIES
from deprivation.sample.layouts import CONCEPTS, DirectoryLayout

# Codes that follow from the district: prefix per nation. Other nations have pseudo codes.
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
# Pseudo codes for the whole of these nations, with or without a grid reference.
NATIONAL = {
    **dict.fromkeys(("county", "county_division", "region", "icb", "nhs_region"), "WSN"),
    **dict.fromkeys(("cancer_alliance", "enterprise_1", "enterprise_2"), "WSN"),
    "parish": "SN",
}


@dataclass(frozen=True)
class Ranks:
    """IMD ranks by area code: of 2019 by the 2011 areas of all nations, of 2025 by LSOA 2021."""

    imd_2019: dict[str, int]
    imd_2025: dict[str, int]


def codes_of(number: int, cell: Cell, ranks: Ranks, layout: DirectoryLayout) -> dict[str, str]:
    """The code of each concept in one cell (the `number`-th), as the layout's release has it.

    Concepts not among the keys are blank.
    """
    nation = cell.district.nation
    pseudo = f"{nation}99999999"
    country = COUNTRIES[nation][0]
    no_rank = {"imd_2019": "0", "imd_2025": "0"}
    if nation in "LM":  # the same pseudo code everywhere, for areas too
        codes = {c: pseudo for c in CONCEPTS if not c.endswith("*") and "rural_urban" not in c}
        codes |= {"country": country, "rural_urban_2001": "Z", "rural_urban_2011": "Z9"}
        return codes | no_rank | {"output_area_class": "9Z9"}
    home, lsoa11, lsoa21 = cell.home, cell.lsoa11, cell.lsoa21
    if home is None:  # no grid reference: the country's pseudo codes, and nothing in NSPL
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
