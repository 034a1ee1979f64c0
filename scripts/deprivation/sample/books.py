"""The spreadsheets that Wales and Scotland publish their indices in: sheets of rows by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from deprivation.sample.indices import Edition
from deprivation.sample.ods import Cell

Sheets = Mapping[str, Sequence[Sequence[Cell]]]
ABOUT = "SYNTHETIC data, made by `deprivation sample`"


def sheets_of(edition: Edition, rows: list[list[Cell]]) -> Sheets:
    """The sheets that an edition's table, header first, is published in."""
    if edition.nation == "Scotland":
        return {"Content & Notes": [["", "", ABOUT]], "SIMD16 ranks": rows}
    return wales_2014(rows) if edition.year == 2014 else wales(edition, rows)


def _second_table(header: list[Cell]) -> int:
    """Where the columns of the second table begin: with the overall rank once more."""
    return next(at for at, name in enumerate(header) if "verall" in str(name))


def wales(edition: Edition, rows: list[list[Cell]]) -> Sheets:
    """The three sheets of 2019 and 2025; the table of ranks ends in a column without a name.

    The columns of both tables are in one order in the seed, the second's beginning with the
    overall rank once more.
    """
    year, areas = edition.year, len(edition.areas)
    key = 3  # code and name of the area, and its local authority
    at = _second_table(rows[0])
    title = [f"Rank of LSOA, where 1 is the most deprived LSOA, and {areas} is the least deprived."]
    above = (
        [["WIMD 2025: LSOA overall rank, decile, quintile and quartile"]] if year == 2025 else []
    )
    return {
        "Guidance_sheet": [[f"WIMD {year}: {ABOUT}"], ["No figure is real."]],
        f"WIMD_{year}_ranks": [
            title,
            ["This worksheet contains one table."],
            [*rows[0][:at], " "],
            *[[*row[:at], ""] for row in rows[1:]],
        ],
        "Deciles_quintiles_quartiles": [
            *above,
            *[[*row[:key], *row[at:]] for row in rows],
        ],
    }


def wales_2014(rows: list[list[Cell]]) -> Sheets:
    """The sheets of 2014: an empty column before each rank, a header of two lines, notes below."""
    key = 4  # code and two names of the area, and its local authority
    at = _second_table(rows[0])
    rows = [[str(name).replace(" - ", " - \n") for name in rows[0]], *rows[1:]]

    def spaced(row: list[Cell]) -> list[Cell]:
        return [*row[:key], *(cell for value in row[key:at] for cell in ("", value))]

    return {
        "Guidance sheet": [[""], [f"WIMD 2014: {ABOUT}"]],
        "WIMD 2014 results Eng": [
            [""],
            [*[""] * 5, "Rank of LSOA, where 1 is the Most Deprived LSOA."],
            [""],
            [*spaced(rows[0]), " "],
            *map(spaced, rows[1:]),
            ["Note"],
            ["(r) Data in these columns were revised on 12 August 2015."],
        ],
        "Deciles etc": [[*row[:key], *row[at:]] for row in rows],
    }
