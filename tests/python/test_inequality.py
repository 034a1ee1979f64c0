"""Inequality between deprivation groups, against the public-health package's worked example."""

from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path

import duckdb
import jinja2
import numpy as np
import pytest

PROJECT = Path(__file__).parents[2]
# The worked example of the R package PHEindicatormethods (function phe_sii).
EXAMPLE = """area,decile,population,value,lower,upper,se
Area1,1,7291,75.9,72.7,79.1,1.64
Area1,2,7997,78.3,75.3,81.4,1.58
Area1,3,6105,83.8,80.9,86.8,1.51
Area1,4,7666,83.6,80.2,87.1,1.78
Area1,5,5790,80.5,77.1,83.8,1.7
Area1,6,6934,81.1,78,84.2,1.56
Area1,7,5918,81.7,79,84.4,1.37
Area1,8,5974,84.2,81.4,86.9,1.4
Area1,9,7147,80.6,75.8,85.4,2.43
Area1,10,7534,86.3,83.2,89.4,1.57
Area2,1,21675,70.5,70.1,71,0.23
Area2,2,20065,71.6,71.1,72.1,0.26
Area2,3,19750,72.5,72,73.2,0.3
Area2,4,24713,73.5,73.1,73.7,0.16
Area2,5,20112,73.1,72.7,75.8,0.79
Area2,6,19618,76.2,75.7,78.8,0.78
Area2,7,22408,78.7,78.2,79.8,0.4
Area2,8,19752,80.6,80.1,81.2,0.28
Area2,9,18939,80.9,80.4,81.3,0.23
Area2,10,19312,80,79.5,80.9,0.35
"""
COLUMNS = ("--by", "area", "--quantile", "decile", "--population", "population")


@pytest.fixture
def run(deprivation, tmp_path):
    def rows(*options: str | Path, text: str = EXAMPLE, columns=COLUMNS) -> list[dict[str, str]]:
        path = tmp_path / "rates.csv"
        path.write_text(text)
        done = deprivation("inequality", path, *columns, "--value", "value", *options)
        if done.returncode:
            return [{"error": done.stderr.strip().splitlines()[-1]}]
        return list(csv.DictReader(io.StringIO(done.stdout)))

    return rows


def floats(row: dict[str, str], *names: str) -> list[float]:
    return [float(row[name]) for name in names]


@pytest.mark.parametrize("errors", [("--se", "se"), ("--lower", "lower", "--upper", "upper")])
def test_the_worked_example(run, errors):
    """Points exactly; limits within the tolerance of the package's own tests."""
    first, second = run(*errors)
    for row, sii, rii in ((first, 7.0002, 1.0897), (second, 12.6227, 1.1820)):
        assert floats(row, "sii", "rii") == pytest.approx([sii, rii], abs=5.1e-5)
    limits = ("sii_lower", "sii_upper", "rii_lower", "rii_upper")
    assert floats(first, *limits) == pytest.approx([3.19, 10.86, 1.040, 1.143], abs=0.05)
    if "--se" in errors:
        assert floats(second, *limits) == pytest.approx([12.01, 13.23, 1.173, 1.192], abs=0.05)


def test_limits_are_those_of_the_closed_form(run):
    """Of values drawn on their own scale: beta -+ z sqrt(sum of (H se)^2)."""
    for row, name in zip(
        run("--se", "se", "--repetitions", "400000"), ("Area1", "Area2"), strict=True
    ):
        groups = [one for one in csv.DictReader(io.StringIO(EXAMPLE)) if one["area"] == name]
        people, errors = (
            np.array([float(one[key]) for one in groups]) for key in ("population", "se")
        )
        share = people / people.sum()
        line = np.column_stack([np.ones(len(share)), share.cumsum() - share / 2])
        weights = np.linalg.pinv(line * np.sqrt(share)[:, None])[1] * np.sqrt(share)
        half = 1.959964 * np.sqrt(((weights * errors) ** 2).sum())
        beta = float(row["sii"])
        assert floats(row, "sii_lower", "sii_upper") == pytest.approx(
            [beta - half, beta + half], abs=0.03
        )


def test_by_hand(run):
    """Five equal groups with values 5 to 1: the line falls by 5 over the whole population."""
    text = "area,decile,population,value,se\n" + "".join(
        f"X,{group},100,{6 - group},0\n" for group in range(1, 6)
    )
    (row,) = run("--se", "se", text=text)
    expected = {
        "overall": 3, "sii": -5, "sii_lower": -5, "sii_upper": -5, "rii": 0.5 / 5.5,
        "intercept": 5.5, "gap": 4, "ratio": 5, "attributable_share": 2 / 3,
        "concentration_index": 2 * (5 * 0.1 + 4 * 0.3 + 3 * 0.5 + 2 * 0.7 + 0.9) / 15 - 1,
    }  # fmt: skip
    assert {name: float(row[name]) for name in expected} == pytest.approx(expected)
    (inverted,) = run("--se", "se", "--multiplier", "-100", text=text)
    assert floats(inverted, "sii", "rii", "gap") == pytest.approx([500, 11, 400])


def test_a_rate_fitted_on_its_log(run):
    """With the same draws, limits of a rate's line are the exponentials of its logarithm's."""
    rate = run("--lower", "lower", "--upper", "upper", "--type", "rate", "--transform")
    by_log = "".join(
        f"{row['area']},{row['decile']},{row['population']},{math.log(float(row['value']))},"
        f"{(math.log(float(row['upper'])) - math.log(float(row['lower']))) / 2 / 1.959964}\n"
        for row in csv.DictReader(io.StringIO(EXAMPLE))
    )
    logs = run("--se", "se", text="area,decile,population,value,se\n" + by_log)
    for fitted, log in zip(rate, logs, strict=True):
        slope, middle = float(log["sii"]), float(log["intercept"]) + float(log["sii"]) / 2
        rise = math.exp(middle + slope / 2) - math.exp(middle - slope / 2)
        assert float(fitted["sii"]) == pytest.approx(rise)
        assert float(fitted["rii"]) == pytest.approx(math.exp(slope))
        lower = math.exp(float(log["sii_lower"]))
        assert float(fitted["rii_lower"]) == pytest.approx(lower, abs=1e-4)


def test_the_same_seed_gives_the_same_limits_and_confidence_widens_them(run):
    once, again = run("--se", "se"), run("--se", "se")
    assert once == again
    assert run("--se", "se", "--seed", "1") != once
    narrow, wide = run("--se", "se", "--confidence", "95,99.8")[:2]
    assert float(wide["sii_lower"]) < float(narrow["sii_lower"])
    assert (narrow["confidence"], wide["confidence"]) == ("0.95", "0.998")


@pytest.mark.parametrize(
    ("find", "put", "said"),
    [
        ("Area1,4,7666", "Area1,4,0", "area Area1, group 4: the population is zero or negative"),
        ("Area2,3,19750,72.5", "Area2,3,19750,", "area Area2, group 3: value is missing"),
        ("Area2,3,19750,72.5", "Area2,3,19750,nan", "area Area2, group 3: value is missing"),
        ("Area1,4,7666", "Area1,3,7666", "area Area1: group 3 is there twice"),
        ("Area1,1,7291", "Area1,11,7291", "area Area1: group 1 is missing"),
        ("Area2,10,19312,80,79.5,80.9,0.35\n", "", "area Area2: group 10 of 10 is missing"),
        ("Area1,5,5790,80.5,77.1,83.8,1.7", "Area1,5,5790,80.5,77.1,83.8,-1", "group 5: the stan"),
        ("Area1,1,", "Area1,most,", "area Area1: decile 'most' is not a number"),
        ("se\nArea1,1", "se\nArea1,1,1", "line 2: 8 values where the header has 7"),
    ],
)
def test_what_cannot_be_measured_is_named(run, find, put, said):
    (row,) = run("--se", "se", text=EXAMPLE.replace(find, put, 1))
    assert said in row["error"]


def test_questions_without_an_answer(run):
    assert "--se, or both" in run()[0]["error"]
    assert "no column 'sd'" in run("--se", "sd")[0]["error"]
    few = "\n".join(EXAMPLE.splitlines()[:5])
    assert "4 groups; there must be 5 to 100" in run("--se", "se", text=few)[0]["error"]
    assert "--confidence" in run("--se", "se", "--confidence", "50")[0]["error"]
    assert "1,000" in run("--se", "se", "--repetitions", "10")[0]["error"]
    shares = run("--se", "se", "--type", "proportion")
    assert "not between 0 and 1" in shares[0]["error"]


def test_output_json_and_plot(run, deprivation, tmp_path):
    plot, output = tmp_path / "lines.svg", tmp_path / "out.json"
    assert run("--se", "se", "--plot", plot, "--output", output, "--json") == []
    assert [row["area"] for row in json.loads(output.read_text())] == ["Area1", "Area2"]
    assert plot.read_text().count("<rect") == 20
    assert "is also an input" in run("--se", "se", "--output", tmp_path / "rates.csv")[0]["error"]


def test_a_value_outside_its_limits_is_refused(run):
    """Columns that were mixed up; but a value may be rounded less than its limits."""
    limits = ("--lower", "lower", "--upper", "upper")
    lines = [EXAMPLE.replace("80.5,77.1,83.8", f"80.5,{lower},83.8") for lower in (80.6, 82.1)]
    assert len(run(*limits, text=lines[0])) == 2
    said = "area Area1, group 5: the value is not between its limits"
    assert said in run(*limits, text=lines[1])[0]["error"]


@pytest.mark.parametrize("multiplier", [1, -100])
def test_the_macro_gives_the_same_points(run, tmp_path, multiplier):
    source = (PROJECT / "macros/inequality.sql").read_text()
    environment = jinja2.Environment(extensions=["jinja2.ext.do"])
    macro = environment.from_string(source).module.inequality
    query = macro("rates", ["area"], "decile", "population", "value", multiplier)
    with duckdb.connect() as connection:
        columns = "{'area': 'varchar', 'decile': 'int', 'population': 'int', 'value': 'double'"
        columns += ", 'lower': 'double', 'upper': 'double', 'se': 'double'}"
        run("--se", "se")  # writes the file
        found = connection.execute(
            f"with rates as (from read_csv('{tmp_path}/rates.csv', columns={columns},"
            f" header=true)) select * from ({query}) order by area"
        )
        names = [column[0] for column in found.description]
        rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    for row, expected in zip(rows, run("--se", "se", "--multiplier", str(multiplier)), strict=True):
        points = {name: float(expected[name]) for name in names if name != "area"}
        assert {name: row[name] for name in points} == pytest.approx(points)
