"""The publisher's own summaries and transformed scores: its Files 9, 10, 11, 13 and 14."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

import duckdb

from deprivation.inputs.spreadsheets import read_workbook

# What the header of a column begins with, and ends in.
INDICES = {
    "imd": "IMD",
    "income": "Income",
    "employment": "Employment",
    "education": "Education",
    "health": "Health",
    "crime": "Crime",
    "barriers": "Barriers",
    "living_environment": "Living",
    "idaci": "IDACI",
    "idaopi": "IDAOPI",
}
MEASURES = ("average rank", "average score", "proportion", "extent", "local concentration")
HEADER = re.compile(
    r"(?P<index>[a-z]+).*?-\s*(?P<rank>rank of )?(?P<measure>" + "|".join(MEASURES) + ")",
    re.IGNORECASE,
)
# What may be apart, beyond the last digit published: the publisher's populations include prisoners
# (average ranks, local concentrations), and its rates are rounded to three decimals.
TOLERANCE = {
    "average_rank": {"imd": 0.15, "idaci": 0.8, "idaopi": 2, "": 0.25},
    "average_score": {"": 0.00101},
    "proportion_most_deprived": {"": 0.000051},
    "extent": {"": 0.000151},
    "local_concentration": {"": 0.2},
}
FILES = re.compile(r"File[_ -]+(?P<number>9|10|11|13|14)(?!\d).*(?P<year>2015|2019|2025).*", re.I)


def files_below(*folders: Path) -> dict[tuple[int, int], Path]:
    """(number, year) -> path of each file that holds what is published of ours."""
    found = {}
    for path in (path for folder in folders for path in sorted(folder.rglob("File*"))):
        if (named := FILES.fullmatch(path.name)) and path.suffix in (".xlsx", ".csv"):
            found[int(named["number"]), int(named["year"])] = path
    return found


def sheets_of(path: Path) -> list[list[list[str]]]:
    if path.suffix == ".csv":
        with path.open(encoding="utf-8-sig", newline="") as file:
            return [list(csv.reader(file))]
    return read_workbook(path.name, path.read_bytes(), ".*")


def published_summaries(path: Path) -> Iterator[tuple[str, str, str, str, float]]:
    """Code and name of a place, index, measure (`rank_of_` before it) and value, of all sheets."""
    for header, *rows in filter(None, sheets_of(path)):
        named = [HEADER.match(" ".join(name.split())) for name in header]
        for at, column in enumerate(named):
            if not column:
                continue
            (index,) = [
                one for one, word in INDICES.items() if column["index"] in (word, word + "25")
            ]
            measure = column["measure"].lower().replace(" ", "_")
            measure = "proportion_most_deprived" if measure == "proportion" else measure
            for row in rows:
                if row[at]:
                    value = float(row[at].replace(",", ""))
                    yield (
                        row[0],
                        row[1],
                        index,
                        ("rank_of_" if column["rank"] else "") + measure,
                        value,
                    )


def differences(connection: duckdb.DuckDBPyConnection, path: Path, edition: int) -> list[tuple]:
    """(code, index, measure, published, ours) of every figure that `area_summaries` has otherwise.

    Places are found by their codes, or, of forums of local resilience, by the name of the police
    force; then ranks are not compared. Raises AssertionError if the table has fewer than nine in
    ten of the places. A measure that the table leaves null (no population, no score) is left out.
    """
    published = list(published_summaries(path))
    codes = {row[0] for row in published}
    geographies = connection.execute(
        """
        select geography, count(distinct geography_code) from area_summaries
        where edition = ? and list_contains(?, geography_code)
        group by geography order by 2 desc, geography = 'lad_published' desc limit 1
        """,
        [edition, sorted(codes)],
    ).fetchone()
    by_name = geographies is None
    geography, found = geographies or ("pfa", 0)
    key = "geography_name" if by_name else "geography_code"
    ours = connection.execute(
        "select * from area_summaries where nation = 'England' and edition = ? and geography = ?",
        [edition, geography],
    )
    names = [column[0] for column in ours.description]
    rows = [dict(zip(names, row, strict=True)) for row in ours.fetchall()]
    places = {(row[key], row["index_code"]): row for row in rows}
    if by_name:
        found = len({name for _, name, *_ in published if (name, "imd") in places})
    assert found >= 0.9 * len(codes), f"{path.name}: {found} of {len(codes)} places are known"
    wrong = []
    for code, name, index, measure, value in published:
        row = places.get((name if by_name else code, index))
        if row is None or row[measure] is None:
            continue
        if measure.startswith("rank_of_"):
            apart = 0 if by_name else abs(row[measure] - value)
            is_exact = index == "imd" and measure != "rank_of_local_concentration"
            allowed = 0 if is_exact else 3  # rates of three decimals tie otherwise
        else:
            by_index = TOLERANCE[measure]
            apart, allowed = abs(row[measure] - value), by_index.get(index, by_index[""])
        if apart > allowed:
            wrong.append((code, index, measure, value, row[measure]))
    return wrong


def transformed_scores(path: Path) -> dict[str, dict[str, float]]:
    """File 9: LSOA -> domain -> transformed score."""
    found: dict[str, dict[str, float]] = {}
    for header, *rows in filter(None, sheets_of(path)):
        columns = {
            index: at
            for at, name in enumerate(header)
            for index, word in INDICES.items()
            if name.startswith(word) and "score" in name.lower()
        }
        if columns:
            found |= {
                row[0]: {index: float(row[at]) for index, at in columns.items()} for row in rows
            }
    return found


def score_differences(connection: duckdb.DuckDBPyConnection, path: Path, edition: int) -> int:
    """How many overall scores are not the weighted sum of File 9's, within its rounding."""
    weights = {"income": 0.225, "employment": 0.225, "education": 0.135, "health": 0.135}
    weights |= dict.fromkeys(("crime", "barriers", "living_environment"), 0.093)
    scores = transformed_scores(path)
    ours = connection.execute(
        """
        select area_code, score from area_indices
        where nation = 'England' and edition = ? and index_code = 'imd'
        """,
        [edition],
    ).fetchall()
    assert {code for code, _ in ours} == scores.keys()
    return sum(
        abs(sum(weight * scores[code][index] for index, weight in weights.items()) - score) > 0.0011
        for code, score in ours
    )
