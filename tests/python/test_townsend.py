"""Townsend's index against its published method, and reading the counts that it is made of."""

from __future__ import annotations

import csv
import io
import os
import random
import zipfile
from pathlib import Path

import duckdb
import jinja2
import numpy as np
import pytest

from deprivation.errors import InputError
from deprivation.inputs.measures import measure_values, prepare_measures
from deprivation.sample.census import WELSH_SCORES
from deprivation.sample.ods import write_ods
from deprivation.seeds import read_seed

PROJECT = Path(__file__).parents[2]
COUNTS = ["unemployed", "active", "crowded", "occupied", "no_car", "by_cars", "rented", "by_tenure"]


def townsend_by_numpy(counts: np.ndarray) -> np.ndarray:
    """The sum of the four z-scores; counts: one row an area, columns as in COUNTS."""
    shares = 100 * counts[:, 0::2] / counts[:, 1::2]
    shares[:, :2] = np.log(shares[:, :2] + 1)
    return ((shares - shares.mean(axis=0)) / shares.std(axis=0, ddof=1)).sum(axis=1)


def test_the_macro_is_the_published_index():
    draw = random.Random(1)
    rows = []
    for _ in range(500):
        totals = [draw.randint(300, 900) for _ in range(4)]
        rows.append([v for total in totals for v in (draw.randint(0, total // 2), total)])
    counts = np.array(rows, dtype=float)
    scores = macro_scores("townsend", counts, COUNTS)
    assert np.abs(scores - townsend_by_numpy(counts)).max() < 1e-12


def macro_scores(macro: str, rows: np.ndarray, names: list[str]) -> np.ndarray:
    """Scores by the macro of that name, of one row an area with the counts `names`."""
    source = (PROJECT / f"macros/{macro}.sql").read_text()
    environment = jinja2.Environment(extensions=["jinja2.ext.do"])
    query = getattr(environment.from_string(source).module, macro)("counts", "area", *names)
    with duckdb.connect() as connection:
        columns = ", ".join(f"{name} double" for name in names)
        connection.execute(f"create table counts (area integer, {columns})")
        connection.executemany(
            f"insert into counts values (?{', ?' * len(names)})",
            [[at, *row] for at, row in enumerate(rows.tolist())],
        )
        return connection.execute(f"select score from ({query}) order by area").fetchnumpy()[
            "score"
        ]


def test_carstairs_is_the_sum_of_z_scores_without_logarithms():
    counts = np.random.default_rng(1).integers(1, 400, (300, 8)).astype(float)
    counts[:, 1::2] += 400
    shares = counts[:, 0::2] / counts[:, 1::2]
    expected = ((shares - shares.mean(axis=0)) / shares.std(axis=0, ddof=1)).sum(axis=1)
    assert np.abs(macro_scores("carstairs", counts, COUNTS) - expected).max() < 1e-12


def test_a_file_of_carstairs_counts_is_read_by_its_name(tmp_path):
    path = tmp_path / "carstairs_counts_2021.csv"
    names = [rule["measure"] for rule in rules("Carstairs counts 2021", "")]
    assert len(set(names)) == 8
    path.write_text(f"area_code,{','.join(names)}\nE01000001,1,2,3,4,5,6,7,8\n")
    described = prepare_measures(tmp_path, tmp_path)
    assert [(file.source, file.row_count) for file in described] == [("Carstairs counts 2021", 1)]
    path.write_text("area_code,males_unemployed\nE01000001,1\n")
    (file,) = prepare_measures(tmp_path, tmp_path)
    assert "no column like males_active" in file.problem


def real(name: str) -> Path:
    """A real file of the census, below the folder of real inputs or beside it."""
    data = Path(os.environ.get("DEPRIVATION_TEST_DATA_DIR") or "nowhere")
    for folder in (data / "census", data.parent / "more" / "census"):
        if (folder / name).is_file():
            return folder / name
    return pytest.skip(f"DEPRIVATION_TEST_DATA_DIR leads to no {name}")


def test_the_macro_gives_the_published_scores_of_all_wards_of_2011():
    def rows_of(name: str) -> dict[str, dict[str, str]]:
        with real(name).open(encoding="utf-8-sig", newline="") as file:
            return {row["GEO_CODE"].strip(): row for row in csv.DictReader(file)}

    counts = rows_of("Dataset- 2011 UK Ward.csv")
    scores = rows_of("Scores- 2011 UK Ward.csv")
    # Unemployed, active; over 1 and over 1.5 persons a room; without car; three kinds of renting.
    parts = [("F248",), ("F244",), ("F2081", "F2083"), ("F2075",), ("F991",), ("F989",),
             ("F2357", "F2362", "F2368"), ("F2347",)]  # fmt: skip
    wards = sorted(scores)
    rows = np.array(
        [[sum(float(counts[ward][name]) for name in part) for part in parts] for ward in wards]
    )
    published = np.array([float(scores[ward]["TDS"]) for ward in wards])
    assert len(wards) == 9_481
    assert np.abs(macro_scores("townsend", rows, COUNTS) - published).max() < 5e-13


def rules(source: str, name: str) -> list[dict[str, str]]:
    return [
        rule
        for rule in read_seed("measure_columns")
        if rule["source"] == source and (not name or name in rule["file_pattern"])
    ]


def test_a_wide_table_in_a_zip_and_a_long_one_give_the_same_measures(tmp_path):
    wide = io.StringIO()
    tenure = "Tenure of household: "
    csv.writer(wide).writerows(
        [
            ["date", "geography", "geography code", f"{tenure}Total: All households",
             f"{tenure}Owned", f"{tenure}Social rented",
             f"{tenure}Social rented: Other social rented", f"{tenure}Private rented",
             f"{tenure}Lives rent free"],
            ["2021", "Here 001A", "E01000001", 100, 60, 25, 25, 14, 1],
        ]
    )  # fmt: skip
    zipped = tmp_path / "census2021-ts054.zip"
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("census2021-ts054-lsoa.csv", "\ufeff" + wide.getvalue())
        archive.writestr("census2021-ts054-oa.csv", "not this one")
    long = tmp_path / "household_tenure21_lsoa21.csv"
    long.write_text(
        "lsoa21_code,total_households,tenure,n,prop\n"
        "E01000001,100,Owned: Owns outright,60.0,0.6\n"
        "E01000001,100,Social rented: Other social rented,25.0,0.25\n"
        "E01000001,100,Private rented: Other private rented,14.0,0.14\n"
        "E01000001,100,Lives rent free,1.0,0.01\n"
    )

    def sums(path: Path, name: str) -> dict[tuple[str, str], float]:
        added: dict[tuple[str, str], float] = {}
        for _, area, measure, value in measure_values(path, rules("Census 2021 tenure", name)):
            added[area, measure] = added.get((area, measure), 0) + float(value)
        return added

    expected = {
        ("E01000001", "households_by_tenure"): 100,
        ("E01000001", "households_not_owned"): 40,
    }
    assert sums(zipped, "ts054") == sums(long, "household_tenure") == expected


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("lsoa,n\nE01000001,5\n", "no column like pop"),
        ("lsoa,pop\nE01000001\n", "row 2: 1 values where the header has 2"),
        ('lsoa,pop\nE01000001,"5\n', "cannot be read"),
        ("lsoa,pop\nE01000001,\xff\n", "is not UTF-8"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(tmp_path, content, said):
    path = tmp_path / "uk_small_area_population_2019.csv"
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(InputError, match=f"^uk_small_area_population_2019.csv.*{said}"):
        list(measure_values(path, rules("Small-area population of the UK 2019", "")))


def test_a_value_with_a_thousands_separator_or_a_percent_sign(tmp_path):
    path = tmp_path / "uk_small_area_population_2019.csv"
    path.write_bytes('\ufefflsoa,pop\nE01,"1,954"\nE02,8.5%\nE03,"12,5"\n'.encode())
    found = list(measure_values(path, rules("Small-area population of the UK 2019", "")))
    # 12,5 is no number of thousands: it comes as it stands, and the build stops at it.
    assert [row[1::2] for row in found] == [("E01", "1954"), ("E02", "8.5"), ("E03", "12,5")]


@pytest.mark.parametrize(("suffix", "key"), [(".csv", "lsoa"), (".ods", "LSOA Code")])
def test_the_scores_of_wales_are_read_as_published_and_as_a_copy(tmp_path, suffix, key):
    """The publisher's sheet has a title above its header."""
    rows = [
        [key, "LSOA Name", *WELSH_SCORES.values()],
        ["W01000240", "Rhyl West 2", 86.6, 100, 100, 99.1, 94.3, 37.1, 74.4, 95.1, 17.8],
    ]
    path = tmp_path / f"wimd-2019-index-and-domain-scores-by-small-area{suffix}"
    if suffix == ".ods":
        blank = [""] * len(rows[0])
        title = [["WIMD 2019: LSOA index and domain scores", *blank[1:]], blank]
        write_ods(path, {"Guidance": [["About"]], "Data": [*title, *rows]})
    else:
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file).writerows(rows)
    found = list(measure_values(path, rules("Wales 2019 scores", suffix)))
    assert {(area, measure): float(value) for _, area, measure, value in found} == {
        ("W01000240", f"{index}_score"): score
        for index, score in zip(WELSH_SCORES, rows[1][2:], strict=True)
    }
