"""Indices with weights of one's own, and the composite index of the UK, in the published file."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import numpy as np
import pytest

from deprivation.enrich import run as enriching
from deprivation.enrich.request import Columns, Request
from deprivation.errors import UsageError
from deprivation.publish.variables import check_variables
from deprivation.sample.census import WELSH_SCORES
from deprivation.sample.write import write_sample

PROJECT = Path(__file__).parents[2]
HEADER = "name,nation,edition,index_code,weight\n"


@pytest.fixture(scope="module")
def published(warehouse):
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        yield connection


def test_an_index_of_ones_own_is_wherever_an_index_can_be_named(published, warehouse, tmp_path):
    named = "index_code = 'own:imd_without_health' and nation = 'England' and edition = 2025"
    areas, first = published.execute(
        f"select count(*), min(score) from area_indices where {named} and kind = 'own'"
    ).fetchone()
    (expected,) = published.execute(
        "select count(*) from own_indices"
        " where name = 'imd_without_health' and nation = 'England' and edition = 2025"
    ).fetchone()
    assert areas == expected > 0
    assert first is not None
    (places,) = published.execute(f"select count(*) from area_summaries where {named}").fetchone()
    assert places
    (postcode,) = published.execute(
        "select postcode from postcode_imd where nation = 'England' and edition = 2025"
        " and imd_rank is not null limit 1"
    ).fetchone()
    found = published.execute(
        "select index_code from deprivation(?, 2025) where kind = 'own'", [postcode]
    ).fetchall()
    assert ("own:imd_without_health",) in found
    people, output = tmp_path / "people.csv", tmp_path / "out.csv"
    people.write_text(f"postcode\n{postcode}\n")
    columns = Columns(indices=("own:imd_without_health",))
    request = Request([str(people)], "postcode", str(output), edition="2025", columns=columns)
    enriching.enrich(warehouse, request)
    (row,) = csv.DictReader(output.read_text().splitlines())
    expected = published.execute(
        "select round(score, 3), cast(rank as integer), decile, quintile from own_indices"
        " where nation = 'England' and edition = 2025 and name = 'imd_without_health'"
        " and area_code = ?",
        [row["area_code"]],
    ).fetchone()
    measures = ("score", "rank", "decile", "quintile")
    assert [row[f"own_imd_without_health_{name}"] for name in measures] == list(map(str, expected))
    assert ("own:official",) not in found


def test_scores_that_wales_publishes_in_a_file_of_their_own_are_the_published_ones(
    published, warehouse
):
    work, name = warehouse.parent / "work", "wimd-2019-index-and-domain-scores.csv"
    (scores,) = work.glob(f"synthetic-*/nations/{name}")
    with scores.open(encoding="utf-8-sig") as file:
        expected = {
            (row["lsoa"], index): float(row[column])
            for row in csv.DictReader(file)
            for index, column in WELSH_SCORES.items()
        }
    found = published.execute(
        "select area_code, index_code, score from area_indices"
        " where nation = 'Wales' and edition = 2019 and kind <> 'own'"
    ).fetchall()
    assert {(area, index): score for area, index, score in found} == expected
    assert len(expected) == 24 * 9


def test_the_scores_are_weighted_sums_of_transformed_ranks(published):
    rows = published.execute(
        "select area_code, own.score, own.rank, list(domains.rank order by domains.index_code)"
        " from own_indices as own join area_indices as domains using (nation, edition, area_code)"
        " where own.name = 'equal_weights' and nation = 'England' and edition = 2025"
        " and domains.kind = 'domain' group by all"
    ).fetchall()
    ranks = np.array([row[3] for row in rows], dtype=float)
    for column in ranks.T:
        for rank, times in zip(*np.unique(column, return_counts=True), strict=True):
            column[column == rank] += (times - 1) / 2
    share = (len(rows) - ranks + 1) / len(rows)
    scores = (-23 * np.log(1 - share * (1 - np.exp(-100 / 23)))).sum(axis=1) * 0.142857143
    assert np.abs(scores - np.array([row[1] for row in rows])).max() < 1e-9
    assert [row[2] for row in rows] == [int((scores > s + 1e-9).sum()) + 1 for s in scores]


def test_an_area_of_the_anchor_keeps_its_score_and_the_others_editions_are_the_nearest(published):
    rows = published.execute(
        "select composite.score, areas.score from uk_index as composite"
        " join area_indices as areas using (nation, edition, area_code)"
        " where anchor = 'England 2019' and nation = 'England' and index_code = 'imd'"
    ).fetchall()
    assert len(rows) == 400
    assert max(abs(composite - own) for composite, own in rows) < 1e-10
    nations = published.execute(
        "select nation, edition from uk_index where anchor = 'England 2025' group by all order by 1"
    ).fetchall()
    assert nations == [
        ("England", 2025), ("Northern Ireland", 2017), ("Scotland", 2020), ("Wales", 2019),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (HEADER.encode() + "früh,England,2025,income,1\n".encode("cp1252"), "0xfc is not UTF-8"),
        (b"name,nation,edition,index,weight\na,England,2025,income,1\n", "it must be name,nation"),
        (HEADER.encode() + b"a,England,2025,income\n", "row 2 has 4 values"),
        (HEADER.encode(), "has no rows"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_one_line(tmp_path, content, said):
    path = tmp_path / "mine.csv"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=f"^own_indices: .*mine.csv.*{said}"):
        check_variables({"own_indices": str(path)})


def test_local_indices_and_anchors_are_checked_by_name(tmp_path):
    check_variables({"local_indices": ["imd", "own:imd_without_health"]})
    with pytest.raises(UsageError, match="did you mean own:imd_without_health"):
        check_variables({"local_indices": ["own:imd_without_heath"]})
    path = tmp_path / "mine.csv"
    path.write_text(HEADER + "mine,England,2025,income,1\n")
    check_variables({"local_indices": ["own:mine"], "own_indices": str(path)})
    with pytest.raises(UsageError, match="there is no index 'own:imd_without_health'"):
        check_variables({"local_indices": ["own:imd_without_health"], "own_indices": str(path)})
    with pytest.raises(UsageError, match="uk_index_anchors: there is no 'England 2020'"):
        check_variables({"uk_index_anchors": ["England 2020"]})


def leave_blank(data: Path, start: str) -> None:
    """Empty the columns of File 7 of 2025 whose names start so."""
    (path,) = (data / "iod").glob("*2025*.csv")
    with path.open(encoding="utf-8-sig", newline="") as file:
        header, *rows = csv.reader(file)
    blank = [at for at, name in enumerate(header) if name.startswith(start)]
    assert len(blank) == 3
    for row in rows:
        for at in blank:
            row[at] = ""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])


@pytest.mark.long
def test_each_fault_of_a_row_stops_the_build_by_name(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text(
        HEADER + "light,England,2025,income,0.5\n"
        "misspelt,England,2025,incme,1\n"
        "no_edition,England,2024,income,1\n"
        "twice,England,2025,income,0.5\ntwice,England,2025,income,0.5\n"
        "unbuilt,Wales,2019,income,1\n"
        "right,England,2025,income,0.4\nright,England,2025,crime,0.599\n"
        "no_figures,England,2025,income,0.5\nno_figures,England,2025,barriers,0.5\n"
    )
    write_sample(tmp_path / "data")
    leave_blank(tmp_path / "data", "Barriers to Housing and Services ")
    environment = {key: value for key, value in os.environ.items() if "DEPRIVATION" not in key}
    environment |= {
        "DEPRIVATION_DATA_DIR": str(tmp_path / "data"),
        "DEPRIVATION_DB": str(tmp_path / "deprivation.duckdb"),
        "DEPRIVATION_WORK_DIR": str(tmp_path / "work"),
        "DBT_PROJECT_DIR": str(PROJECT),
        "DBT_PROFILES_DIR": str(PROJECT),
        "DBT_TARGET_PATH": str(tmp_path / "target"),
        "DBT_LOG_PATH": str(tmp_path / "logs"),
    }
    variables = {"own_indices": str(path), "editions": [2025], "other_editions": False}
    dbt = Path(sys.executable).parent / "dbt"
    chosen = ["--select", "+int_own_indices", "--exclude", "resource_type:unit_test"]
    command = [dbt, "--quiet", "build", *chosen, "--vars", json.dumps(variables)]
    run = subprocess.run(command, env=environment, check=False)
    assert run.returncode == 1
    results = json.loads((tmp_path / "target/run_results.json").read_text())["results"]
    status = {result["unique_id"].split(".")[2]: result for result in results}
    assert status["int_own_indices"]["status"] == "skipped"
    query = status["assert_own_indices_can_be_made"]["compiled_code"]
    work = tmp_path / "work" / "work.duckdb"
    with duckdb.connect(str(tmp_path / "deprivation.duckdb")) as connection:
        connection.execute(f"attach '{work}' as work (read_only)")
        found = connection.execute(f"select name, problem from ({query})").fetchall()
    assert sorted(found) == [
        ("light", "the weights add to 0.5, not to 1"),
        ("misspelt", "no domain of this edition"),
        ("no_edition", "there is no such edition"),
        ("no_figures", "the edition's file leaves this domain blank"),
        ("twice", "named 2 times"),
    ]
