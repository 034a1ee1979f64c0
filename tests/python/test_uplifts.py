"""Uplifts of funding schemes: faults of the bands, and the file in the funding bodies' shape."""

from __future__ import annotations

import csv
from pathlib import Path

import duckdb
import jinja2
import pytest

PROJECT = Path(__file__).parents[2]
HEADER = (PROJECT / "seeds/uplift_bands.csv").read_text().splitlines()[0]
FACTORS = """
factor,England,2019,imd,rank_percent,0,10,down,1.32,2018-08-01,2019-07-31,x
factor,England,2019,imd,rank_percent,11,27,down,1.084,2018-08-01,2019-07-31,x
factor,England,2019,imd,decile,1,2,none,1.1,2019-08-01,,x
factor,England,2019,imd,decile,3,3,none,1.05,2019-08-01,,x
score,England,2019,imd,score,20,30.5,none,1.1,2019-08-01,,x
score,England,2019,imd,score,30.5,100,none,1.2,2019-08-01,,x
"""


def faults(bands: str) -> list[str]:
    """Schemes that the test of the bands names."""
    source = (PROJECT / "tests/assert_uplift_bands_neither_overlap_nor_leave_a_gap.sql").read_text()
    query = jinja2.Template(source).render(ref=lambda name: name)
    with duckdb.connect() as connection:
        connection.execute(
            "create table uplift_bands (scheme varchar, nation varchar, edition integer,"
            " index_code varchar, basis varchar, lower double, upper double, rounding varchar,"
            " value double, valid_from date, valid_to date, source varchar)"
        )
        for row in csv.reader(bands.strip().splitlines()):
            values = [value or None for value in row]
            connection.execute("insert into uplift_bands values (?,?,?,?,?,?,?,?,?,?,?,?)", values)
        return sorted({row[0] for row in connection.execute(query).fetchall()})


def test_bands_that_fit_have_no_fault():
    shipped = (PROJECT / "seeds/uplift_bands.csv").read_text().split("\n", 1)[1]
    assert faults(FACTORS + shipped) == []


@pytest.mark.parametrize(
    ("find", "put"),
    [
        ("11,27,down", "12,27,down"),  # a gap
        ("11,27,down", "10,27,down"),  # an overlap
        ("11,27,down", "10.5,27,down"),  # between whole numbers
        ("0,10,down", "0,10.5,down"),
        ("11,27,down", "27,11,down"),
        ("3,3,none", "4,4,none"),
        ("3,3,none", "2,3,none"),
        ("30.5,100", "31,100"),
        ("30.5,100", "30,100"),
        ("20,30.5", "30.5,100"),  # one band twice
        ("27,down,1.084,2018-08-01,2019-07-31", "27,down,1.084,2018-08-01,2019-06-30"),
        ("27,down,1.084,2018-08-01,2019-07-31", "27,down,1.084,2018-08-01,"),
        ("2019-08-01,,x\nfactor", "2019-07-31,,x\nfactor"),  # periods that overlap
        ("2018-08-01,2019-07-31", "2018-08-01,2018-07-31"),
        ("2019,imd,decile,3", "2015,imd,decile,3"),  # two indices for the same days
        ("decile,3,3", "score,3,3"),
    ],
)
def test_each_fault_of_the_bands_stops_the_build(find, put):
    assert find in FACTORS
    assert faults(FACTORS.replace(find, put))


@pytest.fixture
def schemes(warehouse, tmp_path) -> Path:
    """The published file with a second scheme, of two periods."""
    database = tmp_path / "deprivation.duckdb"
    database.write_bytes(warehouse.read_bytes())
    with duckdb.connect(str(database)) as connection:
        connection.execute(
            "insert into postcode_uplifts (scheme, postcode, postcode_key, value, valid_from,"
            " valid_to) select 'factor', postcode, postcode_key, value, valid_from, valid_to"
            " from (select postcode, postcode_key from postcode_uplifts order by 1 limit 2),"
            " (values (1.084, date '2018-08-01', date '2019-07-31'),"
            " (1.32, date '2019-08-01', null))"
            " as periods (value, valid_from, valid_to)"
        )
    return database


def test_a_scheme_in_the_shape_of_the_funding_bodies(deprivation, schemes, warehouse, tmp_path):
    output = tmp_path / "uplift.csv"

    def export(*options, database=schemes):
        return deprivation(
            "export", "--format", "uplift", "--output", output, "--database", database, *options
        )

    done = export(database=warehouse)
    assert done.returncode == 0 and "of SYNTHETIC data of postcode_uplifts" in done.stderr
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        expected = connection.execute(
            "select postcode, printf('%.5f', value), cast(valid_from as varchar), ''"
            " from postcode_uplifts order by postcode"
        ).fetchall()
    header, *rows = csv.reader(output.read_text().splitlines())
    assert header == ["Postcode", "Uplift", "EffectiveFrom", "EffectiveTo"]
    assert list(map(tuple, rows)) == expected
    assert "--force overwrites it" in export().stderr
    assert "name one scheme with --scheme: " in export("--force").stderr
    assert "no scheme 'x'; there is" in export("--force", "--scheme", "x").stderr
    first, second = (postcode for postcode, *_ in expected[:2])
    assert export("--force", "--scheme", "factor").returncode == 0
    assert output.read_text().splitlines()[1:] == [
        f"{postcode},{period}"
        for postcode in (first, second)
        for period in ("1.08400,2018-08-01,2019-07-31", "1.32000,2019-08-01,")
    ]
    for day, value in (("2019-07-31", "1.08400"), ("2019-08-01", "1.32000")):
        assert export("--force", "--scheme", "factor", "--start", day).returncode == 0
        assert [line.split(",")[1] for line in output.read_text().splitlines()[1:]] == [value] * 2
    before = output.read_bytes()
    none = export("--force", "--scheme", "factor", "--start", "2018-07-31")
    assert none.returncode == 1 and "no uplift for a start on 2018-07-31" in none.stderr
    assert output.read_bytes() == before
    assert deprivation(
        "export", "--format", "parquet", "--output", tmp_path / "p", "--force"
    ).returncode == 2  # fmt: skip
