"""Tables of an ArcGIS service, attachments of gov.uk: read whole, or not at all."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import zipfile
from hashlib import sha256
from pathlib import Path

import pyproj
import pytest
import shapefile

from deprivation.errors import FetchError
from deprivation.fetch import catalogue, record
from deprivation.fetch.run import fetch
from deprivation.fetch.web import Patience, Session
from deprivation.sample.ods import write_ods
from deprivation.sample.write import write_sample
from faulty_server import Fault, Layer, publisher
from test_fetch import CSV, write_list

LAYER = "/rest/services/LU/FeatureServer/0"
BRIEF = Patience(attempts=3, first_wait=0.01, longest_wait=1.0, silence=2.0)


@pytest.fixture
def server():
    with publisher() as running:
        yield running


@pytest.fixture
def said():
    return []


@pytest.fixture
def get(server, tmp_path, said):
    def run(*rows, needed=True):
        with record.sole_fetcher(tmp_path), Session() as session:
            return fetch(rows, tmp_path, session, BRIEF, said.append, is_needed=lambda _: needed)

    return run


def pairs(count: int) -> list[dict]:
    """A lookup whose order in the service is not that of its codes."""
    numbers = sorted(range(count), key=lambda number: number * 7919 % count)
    return [{"LSOA11CD": f"E{n:08}", "CHGIND": "U", "LSOA21CD": f"E{n:08}"} for n in numbers]


@pytest.fixture
def table(server):
    def row(**said):
        said = {"columns": "LSOA11CD|LSOA21CD|CHGIND", "method": "arcgis"} | said
        address = server.address(LAYER)
        return catalogue.Fetchable("lookup", "Lookup", "V3", "lookups", "lu.csv", address, **said)

    return row


def read(path) -> list[list[str]]:
    with path.open(newline="") as file:
        return list(csv.reader(file))


def test_a_table_comes_whole_and_sorted(server, get, table, tmp_path):
    server.layers[LAYER] = Layer(pairs(2501))
    assert get(table(rows=2501))[0].status == "fetched"
    header, *rows = read(tmp_path / "lookups/lu.csv")
    assert header == ["LSOA11CD", "LSOA21CD", "CHGIND"]
    assert rows == [[f"E{n:08}", f"E{n:08}", "U"] for n in range(2501)]
    assert server.layers[LAYER].pages == 3
    before = (tmp_path / "lookups/lu.csv").stat()
    assert get(table())[0].status == "unchanged"
    assert server.layers[LAYER].pages == 3  # the day of its last edit said enough
    assert (tmp_path / "lookups/lu.csv").stat() == before


@pytest.mark.parametrize("key", ["ObjectId", ""])
def test_the_same_rows_in_another_order_are_the_same_table(server, get, table, key):
    server.layers[LAYER] = Layer(pairs(1500), edited=None, key=key)
    (first,) = get(table())
    server.layers[LAYER] = Layer(list(reversed(pairs(1500))), edited=None, most=700, key=key)
    (again,) = get(table())
    assert (again.status, again.sha256) == ("unchanged", first.sha256)
    server.layers[LAYER].rows[3] |= {"CHGIND": "X"}
    assert get(table())[0].status == "re-issued"


def test_a_table_that_changes_between_pages_is_read_again(server, get, table, tmp_path, said):
    layer = server.layers[LAYER] = Layer(pairs(2500))

    def grow(page):
        if page == 2:
            layer.rows.insert(0, {"LSOA11CD": "W1", "CHGIND": "S", "LSOA21CD": "W2"})
            layer.edited = 2

    layer.between = grow
    get(table())
    assert len(read(tmp_path / "lookups/lu.csv")) == 2502
    assert "but the service counted 2,500; trying again in" in said[0]


def test_a_change_that_leaves_the_count_is_noticed_without_a_date(server, get, table, tmp_path):
    layer = server.layers[LAYER] = Layer(pairs(1500), edited=None)

    def correct(page):
        if page == 2:
            for row in layer.rows:
                row["CHGIND"] = "M"

    layer.between = correct
    get(table())
    assert {row[2] for row in read(tmp_path / "lookups/lu.csv")[1:]} == {"M"}


@pytest.mark.parametrize(
    ("answers", "match"),
    [
        ([{"error": {"code": 499, "message": "Token required"}}], "Token required"),
        ([{"fields": []}], "the answer has no features"),
        ([{"features": None}], "the answer has no features"),
        ([{"features": [{"geometry": {}}]}], "a feature has no attributes"),
        ([{"features": []}] * 3, "0 rows .* the service counted 1,500"),
        ([{"features": [{"attributes": {"a": 1}}] * 1500}] * 3, "1 of them distinct"),
    ],
)
def test_what_is_no_page_of_the_table_is_refused(server, get, table, tmp_path, answers, match):
    server.layers[LAYER] = Layer(pairs(1500))
    get(table())
    before = (tmp_path / "lookups/lu.csv").read_bytes()
    server.layers[LAYER].edited = 2
    server.layers[LAYER].answers = answers
    with pytest.raises(FetchError, match=match):
        get(table())
    assert (tmp_path / "lookups/lu.csv").read_bytes() == before
    assert get(table())[0].status == "unchanged"


def test_the_best_fit_is_not_taken_for_the_exact_one(server, get, table):
    server.layers[LAYER] = Layer([{"LSOA11CD": "E1", "LSOA21CD": "E1"}])
    with pytest.raises(FetchError, match=r"no column 'CHGIND'; it has .*LSOA11CD"):
        get(table())
    server.layers[LAYER] = Layer(pairs(971))
    with pytest.raises(FetchError, match="971 rows, but the list says 1,000"):
        get(table(rows=1000))


def test_the_hubs_csv_is_the_same_table(server, get, table, said):
    server.layers[LAYER] = Layer(pairs(1200))
    (paged,) = get(table())
    server.layers.clear()
    hub = "﻿ObjectId,CHGIND,F_LSOA11CD,LSOA21CD\r\n"
    hub += "".join(f"{n},U,E{n:08},E{n:08}\r\n" for n in reversed(range(1200)))
    server.files["/hub.csv"] = hub.encode()
    (whole,) = get(table(fallback=server.address("/hub.csv")))
    assert (whole.status, whole.sha256) == ("unchanged", paged.sha256)
    server.files.clear()
    with pytest.raises(FetchError, match=r"404 .*; and .*404"):
        get(table(fallback=server.address("/hub.csv")))


@pytest.mark.parametrize("blank", [None, "", " "])
def test_a_row_without_a_code_is_no_row_of_the_table(server, get, table, blank):
    server.layers[LAYER] = Layer([*pairs(20), {"LSOA11CD": "E9", "CHGIND": "U", "LSOA21CD": blank}])
    with pytest.raises(FetchError, match="a row of the table has no LSOA21CD"):
        get(table())


@pytest.mark.parametrize("code", [7, "7", "e01000001", "E01 1", "E01000001, E01000002", "*"])
def test_what_joins_with_nothing_takes_no_table_s_place(server, get, table, tmp_path, code):
    server.layers[LAYER] = Layer(pairs(20))
    get(table())
    before = (tmp_path / "lookups/lu.csv").read_bytes()
    server.layers[LAYER] = Layer(
        [*pairs(20), {"LSOA11CD": "E9", "CHGIND": "U", "LSOA21CD": code}], edited=2
    )
    with pytest.raises(FetchError, match="in LSOA21CD is not a code"):
        get(table())
    assert (tmp_path / "lookups/lu.csv").read_bytes() == before


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda text: text.encode("utf-16"), "not a CSV in UTF-8"),
        (lambda text: text.encode().replace(b"E00000005", b"E0000000\xff"), "not a CSV in UTF-8"),
        (lambda text: f'{text}"1,2,3'.encode(), "unexpected end of data"),
        (lambda text: text.encode()[:-4], "the last row of the CSV is cut off"),
        (lambda text: f"{text}1,{'x' * 200_000},U,E1\n".encode(), "field larger than"),
    ],
)
def test_a_damaged_csv_of_the_hub_is_refused_in_one_line(server, get, table, change, match):
    hub = "ObjectId,LSOA11CD,CHGIND,LSOA21CD\r\n"
    hub += "".join(f"{n},E{n:08},U,E{n:08}\r\n" for n in range(20))
    server.files["/hub.csv"] = change(hub)
    row = table(fallback=server.address("/hub.csv"))
    with pytest.raises(FetchError, match=match):
        get(row)
    assert get(row, needed=False)[0].status == "failed"
    server.files["/hub.csv"] = hub.encode()
    server.faults["/hub.csv"] = [Fault(status=202)]  # it is being made
    assert get(row)[0].status == "fetched"


def test_a_portal_names_no_file_of_this_machine(server, get, tmp_path):
    (tmp_path / "mine.csv").write_bytes(CSV)
    row = catalogue.Fetchable(
        "checks", "Scores", "", "checks", "scores.csv", server.address("/portal"), method="ckan"
    )
    for named, match in (
        (str(tmp_path / "mine.csv"), "404"),  # an address of the portal's own host
        (f"file://{tmp_path}/mine.csv", "not an address"),
        ("", "gives no address"),
    ):
        server.files["/portal"] = json.dumps({"result": {"url": named}}).encode()
        with pytest.raises(FetchError, match=match):
            get(row)
    server.files["/portal"] = b'{"result": {"url": "/files/scores.csv"}}'
    server.files["/files/scores.csv"] = CSV
    assert get(row)[0].status == "fetched"


def test_a_file_that_no_build_could_read_replaces_none(server, get, tmp_path, said):
    row = catalogue.Fetchable("earlier", "Wales 2025", "", "nations", "wimd-2025.ods", "")
    row = dataclasses.replace(row, address=server.address("/wimd"))
    write_sample(tmp_path / "sample", postcodes=600, areas=80)
    (good,) = (tmp_path / "sample/nations").glob("wimd-2025*")
    server.files["/wimd"] = good.read_bytes()
    assert get(row)[0].status == "fetched"
    write_ods(tmp_path / "other", {"WIMD_2025_ranks": [["Area", "Rank"], ["W01000001", 1]]})
    server.files["/wimd"] = (tmp_path / "other").read_bytes()
    (outcome,) = get(row, needed=False)
    assert outcome.status == "failed"
    assert "Wales 2025: http" in said[-1] and "a build could not read it: " in said[-1]
    assert "no column 'LSOA code'" in said[-1]
    assert (tmp_path / "nations/wimd-2025.ods").read_bytes() == good.read_bytes()
    with pytest.raises(FetchError, match="a build could not read it"):
        get(row)


def test_boundaries_come_as_one_geojson(server, get, table, tmp_path):
    server.layers[LAYER] = Layer([{"LSOA21CD": f"E{n}", "Shape__Area": n} for n in range(1500)])
    row = table(method="geojson", columns="LSOA21CD")
    get(dataclasses.replace(row, file_name="lu.geojson"))
    found = json.loads((tmp_path / "lookups/lu.geojson").read_text())
    assert len(found["features"]) == 1500
    assert found["features"][0]["properties"] == {"LSOA21CD": "E0"}


def data_zones(folder: Path, *codes: str) -> bytes:
    """A zipped shapefile of squares side by side, in metres of the British National Grid."""
    with shapefile.Writer(folder / "zones") as writer:
        writer.field("Name", "C")
        writer.field("DataZone", "C")
        for number, code in enumerate(codes):
            west, south = 325_000 + 1_000 * number, 673_000
            # The second point is one that a map can do without.
            ring = [
                (west, south + 1_000),
                (west + 500, south + 1_000),
                (west + 1_000, south + 1_000),
            ]
            ring += [(west + 1_000, south), (west, south), (west, south + 1_000)]
            writer.poly([ring])
            writer.record(f"Zone {number}", code)
    (folder / "zones.prj").write_text(pyproj.CRS(27700).to_wkt("WKT1_ESRI"))
    return zipped_files({path.name: path.read_bytes() for path in folder.glob("zones.*")})


def zipped_files(files: dict[str, bytes]) -> bytes:
    zipped_bytes = io.BytesIO()
    with zipfile.ZipFile(zipped_bytes, "w") as zipped:
        for name, content in files.items():
            zipped.writestr(name, content)
    return zipped_bytes.getvalue()


def test_a_shapefile_becomes_geojson_in_degrees(server, get, tmp_path):
    content = data_zones(tmp_path, "S01008417", "S01008418")
    server.files["/zones.zip"] = content
    row = catalogue.Fetchable(
        "boundaries", "Data zones", "2011", "boundaries", "zones.geojson",
        server.address("/zones.zip"), method="shapefile", columns="DZ11CD|DZ11NM",
    )  # fmt: skip
    get(row)
    first, second = json.loads((tmp_path / "boundaries/zones.geojson").read_text())["features"]
    assert first["properties"] == {"DZ11CD": "S01008417", "DZ11NM": "Zone 0"}
    corners = [
        [tuple(point) for point in one["geometry"]["coordinates"][0]] for one in (first, second)
    ]
    # Edinburgh's castle lies in the first square: 3.2 degrees west, 55.95 north.
    assert min(x for x, _ in corners[0]) < -3.1997 < max(x for x, _ in corners[0])
    assert min(y for _, y in corners[0]) < 55.9486 < max(y for _, y in corners[0])
    assert len(set(corners[0])) == 4 and len(set(corners[0]) & set(corners[1])) == 2
    assert get(row)[0].status == "unchanged"

    (tmp_path / "mine.zip").write_bytes(content)
    given = catalogue.from_elsewhere([row], "Data zones", None, str(tmp_path / "mine.zip"))
    assert (
        get(given)[0].sha256
        == sha256((tmp_path / "boundaries/zones.geojson").read_bytes()).hexdigest()
    )

    with zipfile.ZipFile(io.BytesIO(content)) as zipped:
        parts = {name: zipped.read(name) for name in zipped.namelist()}
    parts["zones.dbf"] = parts["zones.dbf"].replace(b"Zone 1", "Zône 1".encode("cp1252"))
    server.files["/zones.zip"] = zipped_files(parts | {f"__MACOSX/._{name}": b"" for name in parts})
    get(row)
    _, second = json.loads((tmp_path / "boundaries/zones.geojson").read_text())["features"]
    assert second["properties"]["DZ11NM"] == "Zône 1"

    before = (tmp_path / "boundaries/zones.geojson").read_bytes()
    for bad, says in (
        (data_zones(tmp_path, "no code"), "the shapefile has no field of area codes"),
        (content[:-400], "the zip is damaged or cut off"),
        (CSV, "the zip is damaged or cut off"),
        (zipped_files(parts | {"zones.shp": parts["zones.shp"][:150]}), "cannot be read"),
        (zipped_files(parts | {"zones.dbf": b""}), "cannot be read"),
    ):
        server.files["/zones.zip"] = bad
        with pytest.raises(FetchError, match=says):
            get(row)
        assert (tmp_path / "boundaries/zones.geojson").read_bytes() == before


def attachments(server, *names) -> bytes:
    listed = [{"title": name, "url": server.address(f"/media/{name}")} for name in names]
    return json.dumps({"details": {"attachments": [*listed, {"title": "a page"}]}}).encode()


def test_attachments_are_found_by_their_number_and_a_reissue_is_noticed(server, get, tmp_path):
    row = catalogue.Fetchable(
        "checks", "England 2025 File 1", "2025", "checks", "File_1_2025.csv",
        server.address("/api"), method="gov.uk",
    )  # fmt: skip
    server.files["/api"] = attachments(server, "File_1_2025.csv", "File_10_2025.csv")
    server.files["/media/File_1_2025.csv"] = CSV
    assert get(row)[0].status == "fetched"
    assert get(row)[0].status == "unchanged"
    server.files["/api"] = attachments(server, "File_1_2025_v2.csv", "File_10_2025.csv")
    server.files["/media/File_1_2025_v2.csv"] = CSV + b"E1,1\n"
    (outcome,) = get(row)
    assert (outcome.status, outcome.file_name) == ("re-issued", "File_1_2025_v2.csv")
    assert [path.name for path in (tmp_path / "checks").iterdir()] == ["File_1_2025_v2.csv"]
    server.files["/media/File_1_2025_v10.csv"] = CSV + b"E1,2\n"
    both = ("File_1_2025_v2.csv", "File_1_2025_v10.csv")
    server.files["/api"] = attachments(server, *both)
    assert get(row)[0].file_name == "File_1_2025_v10.csv"
    server.files["/media/imd.csv"] = CSV
    titled = {"title": "File 1: index of multiple deprivation", "url": "/media/imd.csv"}
    server.files["/api"] = json.dumps({"details": {"attachments": [titled]}}).encode()
    assert get(row)[0].file_name == "imd.csv"
    server.files["/api"] = b'{"details": {"attachments": [5, {"url": 7}]}}'
    with pytest.raises(FetchError, match="0 of 2 attachments are named like File_1_2025"):
        get(row)


def test_each_address_is_asked_and_a_dead_one_names_its_fallback(
    server, table, tmp_path, deprivation
):
    server.layers[LAYER] = Layer(pairs(30))
    server.files["/file.csv"] = CSV
    file = catalogue.Fetchable(
        "edition", "England 2019", "2019-09", "iod", "File_7.csv", server.address("/gone.csv"),
        fallback=server.address("/file.csv"),
    )  # fmt: skip
    listed = write_list(tmp_path / "list.csv", [table(), file])
    asked = deprivation("fetch", "--check", "--sources", listed, "--first-wait", "0.05")
    assert asked.returncode == 1
    alive, dead = asked.stdout.splitlines()
    assert alive == "ok    Lookup (V3): 30 rows"
    assert dead.startswith("dead  England 2019") and "404" in dead
    assert dead.endswith(f"its fallback {server.address('/file.csv')} answers")
    assert asked.stderr.splitlines()[-1].startswith("deprivation: error: 1 addresses of 2")
