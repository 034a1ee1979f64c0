"""The report on a place, and the extract of its postcodes."""

from __future__ import annotations

import csv
import html
import re
import shutil
from pathlib import Path

import duckdb
import pytest
import python_calamine

from deprivation.report import charts, extract
from deprivation.report.area_map import AreaMap, Shape
from deprivation.report.content import Content
from deprivation.report.place import Place, deciles
from deprivation.report.render import report_html


@pytest.fixture(scope="module")
def lad(warehouse):
    """Code and name of the local authority with most areas, and how many are in decile 1."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return connection.execute("""
            select summaries.geography_code, summaries.geography_name, summaries.areas,
                count(*) filter (where indices.decile = 1)
            from area_summaries as summaries
            inner join local_quantiles as local using (nation, edition, index_code, geography,
                geography_code)
            inner join area_indices as indices using (nation, edition, index_code, area_code)
            where geography = 'lad' and edition = 2025 and nation = 'England'
                and index_code = 'imd'
            group by all
            order by summaries.areas desc, 1
            limit 1
        """).fetchone()


def test_a_report_says_what_the_file_holds_and_asks_for_nothing(
    warehouse, deprivation, tmp_path, lad
):
    code, name, areas, most_deprived = lad
    output = tmp_path / "report.html"
    run = deprivation(
        "report",
        "--place",
        f"lad:{code}",
        "--edition",
        "2025",
        "--output",
        output,
        DEPRIVATION_DB=warehouse,
    )
    assert run.returncode == 0, run.stderr
    page = output.read_text("utf-8")
    said = html.unescape(re.sub(r"<[^>]+>", "", page))
    assert f"{name} has {areas:,} of the" in said
    assert f"{most_deprived} of them" in said
    assert "Synthetic data." in said
    assert len(re.findall("<svg", page)) == 3
    assert not re.findall(r"""(?:src|href|url\()\s*=?\s*["']?(?:https?:)?//""", page)
    again = deprivation(
        "report", "--place", f"lad:{code}", "--output", output, DEPRIVATION_DB=warehouse
    )
    assert again.returncode == 1
    assert "--force" in again.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--place", "lad:E99999999"], "is not in this file"),
        (["--place", "parish:E1"], "it holds"),
        (["--place", "Nottingham"], "is not a geography and a code"),
        (["--place", "custom:Nowhere"], "custom:Nowhere"),
        (["--all", "parish"], "parish"),
    ],
)
def test_a_place_that_is_not_there(warehouse, deprivation, tmp_path, arguments, said):
    run = deprivation("report", *arguments, "--output", tmp_path / "out", DEPRIVATION_DB=warehouse)
    assert run.returncode == 1
    assert said in run.stderr
    assert not (tmp_path / "out").exists()


def over_a_border(warehouse: Path, folder: Path, name: str, of_nations: str) -> Path:
    """A copy of the published file, with a custom place of all areas of some nations."""
    database = folder / "border.duckdb"
    shutil.copy(warehouse, database)
    with duckdb.connect(str(database)) as connection:
        for table in ("area_summaries", "local_quantiles"):
            connection.execute(f"""
                insert into {table} by name
                select * replace ('custom:{name}' as geography, '{name}' as geography_code,
                    '{name}' as geography_name)
                from {table}
                where geography = 'nation' and {of_nations}
            """)
    return database


def test_a_place_of_ones_own_over_a_border_is_reported_for_one_nation(
    warehouse, deprivation, tmp_path
):
    """Ranks of two nations in one table would be wrong without a word."""
    database = over_a_border(
        warehouse, tmp_path, "Marches", "edition = 2019 and nation <> 'Scotland'"
    )
    with duckdb.connect(str(database)) as connection:
        codes = dict(
            connection.execute(
                "select nation, list(area_code) from area_indices"
                " where edition = 2019 and index_code = 'imd' and rank = 1 group by nation"
            ).fetchall()
        )
    output = tmp_path / "report.html"
    run = deprivation(
        "report", "--place", "custom:Marches", "--output", output, DEPRIVATION_DB=database
    )
    assert run.returncode == 0, run.stderr
    page = output.read_text("utf-8")
    assert "Marches also has areas in Wales." in page
    assert all(code in page for code in codes["England"])
    assert not any(code in page for code in codes["Wales"])


def test_a_report_on_every_place_of_a_kind(warehouse, deprivation, tmp_path):
    run = deprivation(
        "report", "--all", "region", "--output", tmp_path / "all", DEPRIVATION_DB=warehouse
    )
    assert run.returncode == 0, run.stderr
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        codes = connection.execute(
            "select distinct geography_code from area_summaries where geography = 'region'"
        ).fetchall()
    assert sorted(file.name[:9] for file in (tmp_path / "all").iterdir()) == sorted(
        code for (code,) in codes
    )


def test_the_extract_of_a_place(warehouse, deprivation, tmp_path, lad):
    output = tmp_path / "place.csv"
    run = deprivation(
        "extract", "--place", f"lad:{lad[0]}", "--output", output, DEPRIVATION_DB=warehouse
    )
    assert run.returncode == 0, run.stderr
    with output.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        expected = connection.execute(
            "select postcode, lsoa_2021_code, imd_decile_2025 from postcodes"
            " inner join postcode_imd_wide using (postcode, postcode_key)"
            " where lad_code = $1 order by 1",
            [lad[0]],
        ).fetchall()
    assert [(r["postcode"], r["lsoa_code"], r["imd_decile_2025"]) for r in rows] == [
        tuple("" if value is None else str(value) for value in row) for row in expected
    ]
    assert {row["is_synthetic"] for row in rows} == {"true"}
    book = tmp_path / "place.xlsx"
    run = deprivation(
        "extract", "--place", f"lad:{lad[0]}", "--output", book, DEPRIVATION_DB=warehouse
    )
    assert run.returncode == 0, run.stderr
    cells = python_calamine.load_workbook(book).get_sheet_by_index(0).to_python()
    assert [row[0] for row in cells] == ["postcode", *(row["postcode"] for row in rows)]


def test_an_extract_in_many_parts_is_the_same(warehouse, monkeypatch, lad):
    """A region's postcodes at once were more than the server's memory."""
    place = Place("lad", lad[0], lad[1])
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        whole = b"".join(extract.extract_lines(connection.cursor, place))
        monkeypatch.setattr(extract, "SORTED", 1)
        parts = extract.table_of(connection, place).queries(connection)
        assert len(parts) > 1
        assert b"".join(extract.extract_lines(connection.cursor, place)) == whole


def test_the_extract_of_a_place_over_a_border_has_each_nations_areas(
    warehouse, deprivation, tmp_path
):
    output = tmp_path / "place.csv"
    editions = "(('England', 2019), ('England', 2025), ('Scotland', 2020))"
    database = over_a_border(warehouse, tmp_path, "Border", f"(nation, edition) in {editions}")
    with duckdb.connect(str(database)) as connection:
        expected = connection.execute("""
            select postcode, nation, area_code
            from postcode_imd
            where (nation, edition) in (('England', 2025), ('Scotland', 2020))
                and area_code is not null
            order by 1
        """).fetchall()
    run = deprivation(
        *("extract", "--place", "custom:Border", "--output", output), DEPRIVATION_DB=database
    )
    assert run.returncode == 0, run.stderr
    with output.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["postcode"], row["nation"], row["lsoa_code"]) for row in rows] == expected
    assert all(row["lsoa_name"] for row in rows)


def test_names_are_escaped():
    area = {
        "area_code": "E1",
        "area_name": "<b>x</b>",
        "rank": 1.0,
        "decile": 1,
        "quintile": 1,
        "score": 1.0,
        "local_rank": 1,
        "local_areas": 1,
        "local_decile": 1,
        "local_decile_ohid": None,
    }
    overall = {
        "nation": "England",
        "edition": 2025,
        "index_code": "imd",
        "label": "<i>",
        "kind": "overall",
        "areas": 1,
        "population": None,
        "places": 1,
    }
    for name in (
        "average_rank",
        "average_score",
        "proportion_most_deprived",
        "extent",
        "local_concentration",
    ):
        overall |= {name: 1.0, f"rank_of_{name}": 1}
    content = Content(
        place=Place("lad", "E1", "<script>alert(1)</script>"),
        edition={
            "edition": 2025,
            "title": "<u>",
            "publisher": "&",
            "areas": 1,
            "area_type": "LSOA",
        },
        summaries=[overall],
        other_nations=[],
        areas=[area],
        deciles=deciles([area], {}),
        map=AreaMap([Shape(1, '"><script>', (0.0, 51.0))]),
        moves=None,
        local=[],
        sources=[],
        licences=["<a>"],
        is_synthetic=False,
    )
    page = report_html(content)
    for tag in ("<script>", "<b>", "<i>", "<u>", "<a>"):
        assert tag not in page


def test_colours_can_be_told_apart_by_lightness_alone():
    def luminance(colour: str) -> float:
        parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    lightness = [luminance(colour) for colour in charts.COLOURS]
    assert lightness == sorted(lightness)
    for decile, light in enumerate(lightness, start=1):
        ink = luminance(charts.ink_on(decile))
        contrast = (max(ink, light) + 0.05) / (min(ink, light) + 0.05)
        assert contrast >= 4.5, decile
