"""The districts of the synthetic country, and the codes and names that go with them.

Everything is invented and says so: names begin with "Synthetic", codes lie in ranges that ONS has
not issued (E06900001, E07900001, ...). Only the nine regions, the countries, the letters of
postcode areas (so that files split by postcode area look as published) and what README's examples
name are real: the codes of Nottingham and Nottinghamshire, and the postcode NG16 1AA.
"""

from __future__ import annotations

from dataclasses import dataclass

REGIONS = {
    "E12000001": "North East",
    "E12000002": "North West",
    "E12000003": "Yorkshire and The Humber",
    "E12000004": "East Midlands",
    "E12000005": "West Midlands",
    "E12000006": "East of England",
    "E12000007": "London",
    "E12000008": "South East",
    "E12000009": "South West",
}
COUNTRIES = {
    "E": ("E92000001", "England"),
    "W": ("W92000004", "Wales"),
    "S": ("S92000003", "Scotland"),
    "N": ("N92000002", "Northern Ireland"),
    "L": ("L93000001", "Channel Islands"),
    "M": ("M83000003", "Isle of Man"),
}


@dataclass(frozen=True)
class District:
    """A local authority as it was in 2013 and 2019, with what became of it.

    nation: E, W, S, N, or L and M for the islands, as ONS codes begin; code, name: until 2022;
    merged_into: its unitary successor of 2023; recoded: its code after 2024; km: easting and
    northing of its centre (Irish grid in Northern Ireland); share: its part of the nation's areas;
    deprivation: mean level, in standard deviations, higher is worse; neighbour: the district that
    some of its LSOAs reach into.
    """

    nation: str
    code: str
    name: str
    region: str
    county: tuple[str, str] | None
    postcode_areas: tuple[str, ...]
    km: tuple[int, int]
    share: int
    deprivation: float
    is_rural: bool = False
    neighbour: str = ""
    merged_into: tuple[str, str] | None = None
    recoded: str = ""

    def lad(self, year: int) -> tuple[str, str]:
        """Code and name of the local authority in a year: 2013, 2019, 2022, 2023, 2024, 2025."""
        if self.merged_into and year >= 2023:
            return self.merged_into
        return (self.recoded if self.recoded and year >= 2025 else self.code, self.name)

    def county_in(self, year: int) -> tuple[str, str] | None:
        return None if self.merged_into and year >= 2023 else self.county

    @property
    def sub_icb(self) -> tuple[str, str, str]:
        """Code, NHS code and name."""
        number = POSITIONS[self.name]
        name = f"NHS Synthetic {REGIONS[self.region]} ICB - Z{number:02d}Z"
        return f"E38{900_000 + number}", f"Z{number:02d}Z", name

    @property
    def icb(self) -> tuple[str, str, str]:
        """Code, NHS code and name."""
        number = int(self.region[-1])
        name = f"NHS Synthetic {REGIONS[self.region]} Integrated Care Board"
        return f"E54{900_000 + number}", f"QZ{number}", name

    @property
    def police_force(self) -> tuple[str, str]:
        number = int(self.region[-1]) if self.nation == "E" else 1
        name = REGIONS.get(self.region, COUNTRIES[self.nation][1])
        prefix = {"W": "W15", "N": "N23", "S": "S23"}.get(self.nation, "E23")
        return f"{prefix}{900_000 + number}", f"Synthetic {name} Police"


COUNTIES = {
    "Fellshire": "E10900001",
    "Nottinghamshire": "E10000024",
    "Eastfolk": "E10900003",
    "Southdown": "E10900004",
    "Westshire": "E10900005",
}
FELLS_AND_DALES = ("E06900005", "Synthetic Fells and Dales")


def _district(
    code: str,
    name: str,
    region: str,
    county: str | None,
    postcode_areas: str,
    km: tuple[int, int],
    share: int,
    deprivation: float,
    is_rural: bool | None = None,
    neighbour: str = "",
    merged_into: tuple[str, str] | None = None,
    recoded: str = "",
) -> District:
    """A district from a row of the table below, names without "Synthetic"."""
    return District(
        nation=code[0],
        code=code,
        name=f"Synthetic {name}",
        region=next((code for code in REGIONS if REGIONS[code] == region), ""),
        county=(COUNTIES[county], f"Synthetic {county}") if county else None,
        postcode_areas=tuple(postcode_areas.split()),
        km=km,
        share=share,
        deprivation=deprivation,
        is_rural=code.startswith("E07") if is_rural is None else is_rural,
        neighbour=f"Synthetic {neighbour}" if neighbour else "",
        merged_into=merged_into,
        recoded=recoded,
    )


# fmt: off
DISTRICTS = (
    _district("E06900001", "Tarnmouth", "North East", None, "SR DL", (430, 540), 5, 0.8),
    _district("E08900001", "Millgate", "North West", None, "M OL", (385, 400), 8, 0.7),
    # Two districts that a unitary authority replaced in 2023, and their county with them.
    _district("E07900001", "Fellside", "North West", "Fellshire", "CA", (340, 540), 3, 0.1,
              merged_into=FELLS_AND_DALES),
    _district("E07900002", "Dalesmere", "North West", "Fellshire", "LA", (350, 490), 3, -0.2,
              merged_into=FELLS_AND_DALES),
    # Recoded between 2024 and the directory, as Barnsley was (E08000016 to E08000038).
    _district("E08900002", "Barrowby", "Yorkshire and The Humber", None, "S WF", (435, 395), 6, 0.5,
              recoded="E08900009"),
    # A name with a comma, as Kingston upon Hull, City of.
    _district("E06900002", "Haven, City of", "Yorkshire and The Humber", None, "HU DN", (510, 430),
              5, 0.8),
    _district("E07900003", "Ashdale", "East Midlands", "Nottinghamshire", "NG DE", (455, 345),
              5, 0.1, neighbour="Brookford"),
    _district("E07900004", "Brookford", "East Midlands", "Nottinghamshire", "LE NN", (465, 300),
              5, -0.3, neighbour="Ashdale"),
    _district("E08900003", "Coalbridge", "West Midlands", None, "B WS DY", (405, 290), 9, 0.6),
    _district("E07900005", "Fenwick", "East of England", "Eastfolk", "NR PE", (610, 300), 5, 0.1,
              neighbour="Broadmarsh"),
    _district("E07900006", "Broadmarsh", "East of England", "Eastfolk", "IP CO", (610, 245),
              4, -0.1, neighbour="Fenwick"),
    _district("E09900001", "Thamesgate", "London", None, "EC E", (533, 182), 6, 0.4,
              neighbour="Highwell"),
    _district("E09900002", "Highwell", "London", None, "N NW", (528, 190), 7, 0.0,
              neighbour="Thamesgate"),
    _district("E09900003", "Lowmarsh", "London", None, "SE SW", (538, 172), 7, 0.3,
              neighbour="Thamesgate"),
    _district("E07900007", "Chalkham", "South East", "Southdown", "BN RH", (535, 115), 6, -0.5),
    _district("E06900003", "Portmere", "South East", None, "PO SO", (460, 105), 6, -0.2),
    _district("E06900004", "Westcombe", "South West", None, "BS BA", (360, 170), 6, -0.2),
    _district("E07900008", "Moorland", "South West", "Westshire", "EX TQ", (290, 95), 4, -0.1),
    _district("E06000018", "Nottingham", "East Midlands", None, "NG", (457, 340), 3, 0.6),
    _district("W06900001", "Glanafon", "", None, "CF NP", (318, 178), 6, 0.3),
    _district("W06900002", "Mynydd", "", None, "LL SA", (270, 350), 4, -0.2, is_rural=True),
    _district("S12900001", "Strathglen", "", None, "AB DD", (385, 805), 4, -0.3, is_rural=True),
    _district("S12900002", "Clydemuir", "", None, "G PA", (260, 665), 6, 0.5, is_rural=True),
    _district("N09900001", "Loughside", "", None, "BT", (310, 375), 1, 0.1, is_rural=True),
    _district("L00900001", "Jersey", "", None, "JE", (0, 0), 1, 0.0),
    _district("L00900002", "Guernsey", "", None, "GY", (0, 0), 1, 0.0),
    _district("M00900001", "Isle of Man", "", None, "IM", (0, 0), 1, 0.0),
)
# fmt: on
POSITIONS = {district.name: number for number, district in enumerate(DISTRICTS, start=1)}
