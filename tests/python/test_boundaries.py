"""Boundaries: read from what was fetched, refused where they cannot be used, drawn on the maps."""

from __future__ import annotations

import json

import duckdb
import pyarrow.parquet as pq
import pytest
from starlette.testclient import TestClient

from deprivation.errors import InputError
from deprivation.inputs.boundaries import outlines_in, prepare_boundaries
from deprivation.serve.app import Options, create_app
from outlines import collection, square, with_boundaries


def test_the_newest_boundary_of_a_code_to_a_metre(tmp_path):
    folder, prepared = tmp_path / "data" / "boundaries", tmp_path / "prepared"
    folder.mkdir(parents=True)
    prepared.mkdir()
    older = {"E01000001": square(-1, 52), "E01000002": square(-1.5, 52)}
    (folder / "LSOA_2011_Boundaries.geojson").write_text(collection(older, "LSOA11CD"))
    newer = {"E01000001": square(-1.123456789, 53), "E01000003": square(-1, 53)}
    (folder / "LSOA_December_2021_Boundaries.geojson").write_text(collection(newer))
    found = list(prepare_boundaries(tmp_path / "data", prepared))
    assert [(file.release, file.row_count, file.problem) for file in found] == [
        ("2021", 2, ""),
        ("2011", 2, ""),
    ]
    table = pq.read_table(prepared / "boundaries.parquet").to_pydict()
    assert table["code"] == ["E01000001", "E01000002", "E01000003"]
    assert json.loads(table["geometry"][0])["coordinates"][0][0] == [-1.12346, 53]
    assert list(prepare_boundaries(tmp_path / "nothing", prepared)) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"type": "FeatureCollection", "features": [', "is not GeoJSON"),
        ("[1]", "is not GeoJSON"),
        ('{"features": []}', "no property"),
        (collection({"E01000001": {"type": "Point", "coordinates": [0, 52]}}), "is not GeoJSON"),
        (collection({"E01000001": square(450_000, 340_000)}), "longitude and latitude"),
        (collection({"North": square(0, 52)}).replace("E06000001", ""), "no property"),
    ],
)
def test_what_cannot_be_used_is_refused(tmp_path, text, said):
    path = tmp_path / "x.geojson"
    path.write_text(text)
    with pytest.raises(InputError, match=said):
        outlines_in(path)


@pytest.fixture(scope="module")
def place(warehouse):
    """The local authority with most areas, and how many it has in 2025."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return connection.execute(
            "select geography_code, areas from area_summaries where geography = 'lad'"
            " and edition = 2025 and index_code = 'imd' order by areas desc, 1 limit 1"
        ).fetchone()


def test_areas_are_drawn_by_their_boundaries_else_as_points(
    warehouse, deprivation, tmp_path, place
):
    lad, areas = place
    database, output = tmp_path / "bounded.duckdb", tmp_path / "report.html"
    bounded = with_boundaries(warehouse, database, lad)
    run = deprivation(
        *("report", "--place", f"lad:{lad}", "--edition", "2025", "--output", output),
        DEPRIVATION_DB=database,
    )
    assert run.returncode == 0, run.stderr
    page = output.read_text("utf-8")
    drawn = page[page.index("<svg") : page.index("</svg>")]
    # One path more: the boundary of the place itself.
    assert drawn.count("<path") == len(bounded) + 1
    assert drawn.count("<circle") == areas - len(bounded)
    assert f"{len(bounded)} of {areas} areas are drawn by their boundaries" in page

    with TestClient(create_app(Options(database, has_log=False))) as client:
        found = client.get(f"/page/map?place=lad:{lad}&edition=2025").json()
        older = client.get(f"/page/map?place=lad:{lad}&edition=2019").json()
    kinds = [feature["geometry"]["type"] for feature in found["features"]]
    assert (kinds.count("Polygon"), kinds.count("Point")) == (len(bounded), areas - len(bounded))
    assert found["border"]["type"] == "Polygon"
    # Of the edition that was asked for.
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        deciles = connection.execute(
            "select indices.decile from local_quantiles inner join area_indices as indices"
            " using (nation, edition, index_code, area_code) where geography = 'lad'"
            " and geography_code = $1 and edition = 2019 and index_code = 'imd'"
            " order by indices.rank",
            [lad],
        ).fetchall()
    assert [one["properties"]["decile"] for one in older["features"]] == [d for (d,) in deciles]
