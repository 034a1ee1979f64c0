"""The HTTP API: its answers are those of `lookup`, and a refreshed file is served unasked."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import threading
import time

import duckdb
import pytest
import python_calamine
import requests
import xlsxwriter

from deprivation import lookup
from serving import served

EDITIONS = (None, "2019", "2025", "nearest:2004", "nearest:2019", "2020")
ODD = ["", " ", "M1", "ZZ99 3VZ", "x", "gir 0aa", "N/A", "M1\u00a01AE", "AA1 1AA", "M1 9ZZ"]


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    return tmp_path_factory.mktemp("serve") / "log"


@pytest.fixture(scope="module")
def api(warehouse, log):
    with served(warehouse, log) as address:
        yield address


@pytest.fixture(scope="module")
def rows(warehouse):
    def ask(query: str):
        with duckdb.connect(str(warehouse), read_only=True) as connection:
            return connection.execute(query).fetchall()

    return ask


@pytest.fixture(scope="module")
def postcodes(rows):
    """Two of each nation, live and ended, with an area and without."""
    return [
        postcode
        for (postcode,) in rows("""
            select postcode from postcodes
            qualify row_number() over (
                partition by country_code, is_live, lsoa_2011_code is null, lsoa_2021_code is null
                order by postcode
            ) <= 2
        """)
    ]


def test_answers_are_those_of_lookup(api, warehouse, rows, postcodes):
    (ended,) = rows("select sector from postcodes order by 1 limit 1")[0]
    texts = [*postcodes, *ODD, f"{ended}ZZ", postcodes[0].lower().replace(" ", "\t")]
    for edition in EDITIONS:
        answers = requests.post(
            f"{api}/postcodes", json={"postcodes": texts, "edition": edition}, timeout=60
        ).json()["answers"]
        wanted = lookup.look_up_each(warehouse, texts, edition)
        for text, answer, found in zip(texts, answers, wanted, strict=True):
            expected = lookup.as_json(found)
            assert {name: answer[name] for name in expected} == expected, (text, edition)
            assert answer["is_synthetic"] is True


def test_one_postcode_with_where_it_is(api, rows):
    (postcode, latitude, ward, area, local, ohid) = rows("""
        select postcode, latitude, ward_code, lsoa_2021_code, ntile_10, ohid_10
        from postcodes
        inner join local_quantiles as local
            on local.area_code = lsoa_2021_code and local.edition = 2025 and geography = 'lad'
            and index_code = 'imd'
        where is_live and country_code = 'E92000001' and ward_code is not null
        order by 1 limit 1
    """)[0]
    answer = requests.get(f"{api}/postcodes/{postcode}", timeout=60)
    assert answer.status_code == 200
    document = answer.json()
    assert document["latitude"] == latitude
    assert document["ward"]["code"] == ward
    assert document["lsoa_2021"]["code"] == area
    (in_lad,) = [one for one in document["local_deciles"] if one["geography"] == "lad"]
    assert (in_lad["decile"], in_lad["decile_ohid"]) == (local, ohid)
    several = requests.get(f"{api}/postcodes/{postcode}?edition=2019,2025", timeout=60).json()
    assert [one["metadata"]["edition"] for one in several["answers"]] == [2019, 2025]
    again = requests.get(
        f"{api}/postcodes/{postcode}", headers={"if-none-match": answer.headers["etag"]}, timeout=60
    )
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    ("path", "status", "match"),
    [
        ("/postcodes/ZZ99 3VZ", 422, "pseudo"),
        ("/postcodes/M1", 422, "partial"),
        ("/postcodes/rubbish", 422, "invalid"),
        ("/postcodes/%20", 422, "missing"),
        ("/postcodes/ZE9 9ZZ", 404, "not_found"),
    ],
)
def test_no_answer_is_a_problem_with_the_document(api, path, status, match):
    answer = requests.get(api + path, timeout=60)
    document = answer.json()
    assert answer.status_code == document["status"] == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert document["match_status"] == match
    assert document["is_synthetic"] is True
    assert document["detail"]


def test_areas_and_places(api, rows):
    (code, lad) = rows(
        "select area_code, lad_code from area_indices where edition = 2025 and nation = 'England'"
        " order by 1 limit 1"
    )[0]
    area = requests.get(f"{api}/areas/{code}", timeout=60).json()
    assert {one["edition"] for one in area["editions"]} >= {2025}
    place = requests.get(f"{api}/places/lad/{lad}", timeout=60).json()
    (counted,) = rows(
        "select areas from area_summaries where geography = 'lad' and index_code = 'imd'"
        f" and edition = 2025 and geography_code = '{lad}'"
    )[0]
    assert sum(one["areas"] for one in place["deciles"]) == len(place["areas"]) == counted
    found = requests.get(f"{api}/places", params={"q": place["name"][:4]}, timeout=60).json()
    assert lad in [one["code"] for one in found["places"]]
    text = requests.get(f"{api}/places/lad/{lad}/postcodes.csv", timeout=60).text
    lines = list(csv.DictReader(io.StringIO(text)))
    expected = rows(f"""
        select postcode, imd_rank_2025 from postcodes
        inner join postcode_imd_wide using (postcode, postcode_key)
        where lad_code = '{lad}' order by 1
    """)
    assert [(one["postcode"], one["imd_rank_2025"]) for one in lines] == [
        (postcode, str(rank or "")) for postcode, rank in expected
    ]


def test_the_shape_of_the_commercial_api(api, rows):
    ((postcode,),) = rows(
        "select min(postcode) from postcode_imd where edition = 2025 and imd_rank > 0"
    )
    answer = requests.get(f"{api}/api/deprivation/", params={"postcode": postcode}, timeout=60)
    document = answer.json()
    overall = document["overall"]
    assert overall["score"] == overall["decile"]
    assert {"rank", "label", "short_label", "lad_rank", "lad_rank_description"} <= set(overall)
    assert {"domain", "label", "rank", "decile", "score", "lad_rank"} <= set(document["domains"][0])
    assert "decile" in document["metadata"]["score_explanation"]


def test_a_file_comes_back_enriched(api, postcodes):
    text = "id,postcode\n" + "".join(f"{n},{p}\n" for n, p in enumerate([*postcodes, "x"]))
    answer = requests.post(
        f"{api}/enrich",
        files={"file": ("people.csv", text)},
        data={"postcode_column": "postcode", "edition": "nearest:2019"},
        timeout=60,
    )
    assert answer.status_code == 200, answer.text
    lines = list(csv.DictReader(io.StringIO(answer.text)))
    assert [line["postcode"] for line in lines] == [*postcodes, "x"]
    assert lines[-1]["match_status"] == "invalid"
    summary = json.loads(answer.headers["x-deprivation-summary"])
    assert summary["rows"] == len(lines)


def test_excel_comes_back_as_excel_and_a_table_for_publication(api, postcodes):
    book = io.BytesIO()
    with xlsxwriter.Workbook(book) as workbook:
        sheet = workbook.add_worksheet("Patients")
        for number, row in enumerate([("provider", "postcode"), *(("A", p) for p in postcodes)]):
            sheet.write_row(number, 0, row)
    asked = {"postcode_column": "postcode", "sheet": "Patients"}
    files = {"file": ("people.xlsx", book.getvalue())}
    answer = requests.post(f"{api}/enrich", files=files, data=asked, timeout=60)
    assert answer.status_code == 200, answer.text
    assert "spreadsheetml" in answer.headers["content-type"]
    rows = python_calamine.load_workbook(io.BytesIO(answer.content)).get_sheet_by_index(0)
    assert [row[1] for row in rows.to_python()[1:]] == postcodes
    asked |= {"summary_by": "provider", "round": "5", "answer": "table", "output_format": "csv"}
    table = requests.post(f"{api}/enrich", files=files, data=asked, timeout=60)
    assert table.status_code == 200, table.text
    assert "provider" in table.text.splitlines()[0]
    assert "Unknown" in table.text


def test_a_file_says_how_far_it_is(api, postcodes):
    """By the id of its request, until it is answered."""
    text = "postcode\n" + "".join(f"{p}\n" for p in postcodes) * 200_000
    headers, seen = {"x-request-id": "mine-2"}, []
    sent = threading.Thread(
        target=requests.post,
        args=(f"{api}/enrich",),
        kwargs={
            "files": {"file": ("people.csv", text)},
            "data": {"postcode_column": "postcode", "edition": "2019"},
            "headers": headers,
            "timeout": 120,
        },
    )
    sent.start()
    while sent.is_alive():
        answer = requests.get(f"{api}/enrich/mine-2", timeout=60)
        if answer.status_code == 200:
            seen.append(answer.json())
        time.sleep(0.05)
    assert {"working"} <= {one["state"] for one in seen} <= {"receiving", "waiting", "working"}
    percents = [one["percent"] for one in seen if one["percent"] is not None]
    assert percents == sorted(percents)
    assert percents[-1] > 0
    assert requests.get(f"{api}/enrich/mine-2", timeout=60).status_code == 404


def test_the_summary_fits_a_header_and_comes_whole_when_asked_for(api, postcodes):
    files = {"file": ("people.csv", "postcode\n" + "\n".join(postcodes))}
    asked = {"postcode_column": "postcode", "edition": "2015,2019,2025", "index": "all"}
    answer = requests.post(f"{api}/enrich", files=files, data=asked, timeout=60)
    header = answer.headers["x-deprivation-summary"]
    assert len(header) <= 2000
    short = json.loads(header)
    assert (short["rows"], short["is_whole"]) == (len(postcodes), False)
    assert "imd_2015" in short["quintiles"]
    whole = requests.post(
        f"{api}/enrich", files=files, data=asked | {"answer": "summary"}, timeout=60
    ).json()
    assert whole["statuses"] == short["statuses"]
    assert len(whole["quintiles"]) > len(short["quintiles"])


def test_the_log_names_no_postcode(api, log, postcodes):
    requests.get(f"{api}/postcodes/{postcodes[0]}?edition=2019", timeout=60)
    requests.get(f"{api}/api/deprivation/?postcode={postcodes[0]}", timeout=60)
    answer = requests.get(f"{api}/health", headers={"x-request-id": "mine-1"}, timeout=60)
    assert answer.headers["x-request-id"] == "mine-1"
    # A line is written when its answer has gone.
    for _ in range(50):
        ids = [json.loads(line).get("request_id") for line in log.read_text().splitlines()[1:]]
        if "mine-1" in ids:
            break
        time.sleep(0.1)
    assert "mine-1" in ids
    written = log.read_text().replace("%20", " ")
    assert not any(postcode in written for postcode in postcodes)
    assert "edition=" not in written
    assert "set-cookie" not in answer.headers
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_docs_ask_nothing_of_other_hosts(api):
    page = requests.get(f"{api}/docs", timeout=60).text
    for path in re.findall(r'(?:src|href)="([^"]+)"', page):
        assert "//" not in path
        assert requests.get(f"{api}/{path}", timeout=60).status_code == 200
    described = requests.get(f"{api}/openapi.json", timeout=60).json()["paths"]
    assert {"/postcodes/{postcode}", "/enrich", "/places/{geography}/{code}"} <= set(described)


@pytest.mark.long
def test_a_refreshed_file_is_served_without_a_failed_request(warehouse, tmp_path, postcodes):
    database, next_one = tmp_path / "deprivation.duckdb", tmp_path / "next.duckdb"
    shutil.copy(warehouse, database)
    shutil.copy(warehouse, next_one)
    with duckdb.connect(str(next_one)) as connection:
        connection.execute("update sources set release = '2099-01' where release is not null")
    failed, stop = [], threading.Event()

    def ask(address):
        while not stop.is_set():
            for postcode in postcodes:
                answer = requests.get(f"{address}/postcodes/{postcode}", timeout=60)
                if answer.status_code >= 500:
                    failed.append(answer.text)

    with served(database, tmp_path / "log") as address:
        before = requests.get(f"{address}/editions", timeout=60)
        asking = [threading.Thread(target=ask, args=(address,)) for _ in range(3)]
        for thread in asking:
            thread.start()
        next_one.replace(database)
        for _ in range(300):
            after = requests.get(f"{address}/editions", timeout=60)
            if after.json()["release"] == "2099-01":
                break
            time.sleep(0.1)
        # A file that cannot be used is not served: the one before it still is.
        (tmp_path / "broken").write_bytes(b"not a database")
        (tmp_path / "broken").replace(database)
        time.sleep(2)
        assert requests.get(f"{address}/health", timeout=60).json()["release"] == "2099-01"
        stop.set()
        for thread in asking:
            thread.join()
    assert after.json()["release"] == "2099-01"
    assert before.headers["etag"] != after.headers["etag"]
    assert not failed
