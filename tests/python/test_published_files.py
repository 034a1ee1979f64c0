"""Our summaries and scores beside the publisher's Files 9, 10, 11, 13 and 14, if they are there.

The files are looked for below the folders of DEPRIVATION_TEST_DATA_DIR and
DEPRIVATION_TEST_PUBLISHED_DIR; `deprivation fetch --only checks` gets them.
"""

from __future__ import annotations

import os
from pathlib import Path

import duckdb
import pytest

from deprivation.sample.xlsx import write_xlsx
from published_files import MEASURES, differences, files_below, score_differences

NAMES = ("DEPRIVATION_TEST_DATA_DIR", "DEPRIVATION_TEST_PUBLISHED_DIR")
THERE = files_below(*(Path(os.environ[name]) for name in NAMES if os.environ.get(name)))
# Rushmoor's, which nobody can explain: 17,108.87 published, 16,985.83 here.
KNOWN = {(10, 2019): {("E07000092", "idaopi", "average_rank")}}


@pytest.mark.skipif(not THERE, reason="none of the publisher's files is there")
@pytest.mark.parametrize(("number", "year"), sorted(THERE))
def test_the_publishers_figures(national, number, year):
    path = THERE[number, year]
    if number == 9:
        assert score_differences(national, path, year) == 0
        return
    wrong = [
        one for one in differences(national, path, year) if one[:3] not in _known(number, year)
    ]
    assert not wrong


def _known(number: int, year: int) -> set[tuple[str, str, str]]:
    return KNOWN.get((number, year), set())


def as_file_10(places: list[tuple], path: Path) -> Path:
    """IMD of an edition's authorities as File 10 has it."""
    columns = [measure.replace(" ", "_") for measure in MEASURES]
    columns[columns.index("proportion")] = "proportion_most_deprived"
    titles = [name.capitalize() for name in MEASURES]
    titles[2] = "Proportion of LSOAs in most deprived 10% nationally "
    header = ["Local Authority District code (2019)", "Local Authority District name (2019)"]
    for title in titles:
        header += [f"IMD - {title}", f"IMD 2019 - Rank of {title.lower()} "]
    rows = [
        [code, name, *(row[f"{rank}{one}"] for one in columns for rank in ("", "rank_of_"))]
        for code, name, row in places
    ]
    write_xlsx(path, {"Notes": [["SYNTHETIC"]], "IMD": [header, *rows]})
    return path


def test_a_figure_that_differs_is_found(warehouse, tmp_path):
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        found = connection.execute(
            "select * from area_summaries where nation = 'England' and edition = 2019"
            " and index_code = 'imd' and geography = 'lad_published'"
        )
        names = [column[0] for column in found.description]
        rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
        places = [(row["geography_code"], row["geography_name"], row) for row in rows]
        path = tmp_path / "File_10_-_IoD2019_Local_Authority_District_Summaries.xlsx"
        assert files_below(tmp_path) == {}
        as_file_10(places, path)
        assert files_below(tmp_path) == {(10, 2019): path}
        assert differences(connection, path, 2019) == []
        rows[0]["extent"] += 0.001
        rows[1]["rank_of_average_score"] += 1
        as_file_10(places, path)
        assert {one[:3] for one in differences(connection, path, 2019)} == {
            (places[0][0], "imd", "extent"),
            (places[1][0], "imd", "rank_of_average_score"),
        }


def test_a_transformed_score_that_differs_is_found(warehouse, tmp_path):
    """Of an area that leads in a domain the transformed score is 100."""
    domains = {"Income": 225, "Employment": 225, "Education": 135, "Health": 135}
    domains |= {"Crime": 93, "Barriers": 93, "Living Environment": 93}
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        scores = connection.execute(
            "select area_code, score from area_indices"
            " where nation = 'England' and edition = 2019 and index_code = 'imd'"
        ).fetchall()
        header = ["LSOA code (2011)", "LSOA name (2011)"]
        header += [f"{name} Score - exponentially transformed" for name in domains]
        # Any scores whose weighted sum is the published one.
        table = [[code, "", *[score / 0.999] * 7] for code, score in scores]
        path = tmp_path / "File_9_-_IoD2019_Transformed_Scores.xlsx"
        write_xlsx(path, {"Notes": [[""]], "IoD2019 Transformed Scores": [header, *table]})
        assert score_differences(connection, path, 2019) == 0
        table[0][2] += 1
        write_xlsx(path, {"IoD2019 Transformed Scores": [header, *table]})
        assert score_differences(connection, path, 2019) == 1
