"""Fetching from a server that fails in every way: what is taken, refused, resumed and said."""

from __future__ import annotations

import csv
import dataclasses
import gzip
import hashlib
import io
import json
import os
import signal
import subprocess
import time
import zipfile
from pathlib import Path

import pytest
import requests

from conftest import COMMAND
from deprivation.errors import FetchError, InputError
from deprivation.fetch import catalogue, content, directories, record
from deprivation.fetch.run import fetch
from deprivation.fetch.web import Patience, Session, check_address
from deprivation.inputs.directory import month_of
from deprivation.inputs.spreadsheets import cell_text, read_sheet
from faulty_server import PAGE, Fault, publisher

BRIEF = Patience(attempts=3, first_wait=0.01, longest_wait=2.0, silence=0.5)
CSV = b"LSOA code,Rank\n" + b"".join(b"E0100%04d,%d\n" % (n, n) for n in range(9999))
COLUMNS = [field.name for field in dataclasses.fields(catalogue.Fetchable)]
HUB = "/search"


def directory_zip(release: str, text: str = "pcds\nAB1 0AA\n", name: str = "ONSPD") -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as zipped:
        zipped.writestr(f"Data/{name}_{release}_UK.csv", text)
    return packed.getvalue()


@pytest.fixture
def server():
    with publisher() as running:
        yield running


@pytest.fixture
def said():
    return []


@pytest.fixture
def get(server, tmp_path, said):
    """Fetch rows into a data folder; what became of them."""

    def run(*rows, patience=BRIEF):
        folder = tmp_path / "data"
        with record.sole_fetcher(folder), Session() as session:
            return fetch(rows, folder, session, patience, said.append)

    return run


@pytest.fixture
def edition(server):
    """A row for an edition at /file.csv, with what the list says of it."""

    def row(path="/file.csv", need="edition", **said):
        return catalogue.Fetchable(
            need, "England 2019", "2019-09", "iod", "File_7_2019.csv", server.address(path), **said
        )

    return row


def write_list(path: Path, rows: list[catalogue.Fetchable]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(dataclasses.asdict(row) for row in rows)
    return path


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


# What is taken, and what that leaves ------------------------------------------------------------


def test_a_file_is_fetched_recorded_and_then_left_alone(server, get, edition, tmp_path):
    server.files["/file.csv"] = CSV
    server.faults["/here"] = [Fault(redirect="/there")]
    server.faults["/there"] = [Fault(redirect="/file.csv")]
    (outcome,) = get(edition("/here"))
    place = tmp_path / "data/iod/File_7_2019.csv"
    assert (outcome.status, outcome.sha256, outcome.bytes) == ("fetched", sha256(CSV), len(CSV))
    assert place.read_bytes() == CSV
    (row,) = json.loads((tmp_path / "data/fetched.json").read_text())
    assert (row["path"], row["sha256"]) == ("iod/File_7_2019.csv", sha256(CSV))
    assert abs(place.stat().st_mtime - time.time()) < 60  # sources.retrieved_at reads this
    assert not list((tmp_path / "data").rglob("*.part*"))

    before = place.stat()
    server.faults["/here"] = [Fault(redirect="/file.csv")]
    (again,) = get(edition("/here"))
    assert again.status == "unchanged" and server.seen[-1][1] == 304
    assert place.stat() == before


def test_a_server_without_versions_is_read_again_and_compared(server, get, edition, tmp_path):
    server.files["/file.csv"], server.validators = CSV, False
    get(edition())
    before = (tmp_path / "data/iod/File_7_2019.csv").stat()
    assert get(edition())[0].status == "unchanged"
    assert (tmp_path / "data/iod/File_7_2019.csv").stat() == before
    server.files["/file.csv"] = CSV.replace(b"E01000001,1", b"E01000001,2")  # the same length
    assert get(edition())[0].status == "re-issued"


def test_a_reissue_under_the_same_address_is_told(server, get, edition, said):
    server.files["/file.csv"] = CSV
    get(edition())
    server.files["/file.csv"] = CSV + b"E01009999,9999\n"
    (outcome,) = get(edition())
    assert outcome.status == "re-issued"
    assert "re-issued at the same address" in said[-1] and sha256(CSV) in said[-1]


def test_a_file_that_was_changed_by_hand_is_fetched_again(server, get, edition, tmp_path):
    server.files["/file.csv"] = CSV
    get(edition())
    (tmp_path / "data/iod/File_7_2019.csv").write_bytes(CSV.replace(b"9", b"8"))
    assert get(edition())[0].sha256 == sha256(CSV)
    assert (tmp_path / "data/iod/File_7_2019.csv").read_bytes() == CSV


# What goes wrong on the way ---------------------------------------------------------------------


def test_a_file_that_was_put_there_by_hand_is_left(server, get, edition, tmp_path, said):
    path = tmp_path / "data" / edition().path
    path.parent.mkdir(parents=True)
    path.write_bytes(CSV + b"mine,1\n")
    server.files["/file.csv"] = CSV
    assert get(edition())[0].status == "failed"
    assert path.read_bytes() == CSV + b"mine,1\n"
    assert "was put there by hand" in said[-1]
    assert [one.name for one in path.parent.iterdir()] == [path.name]
    path.write_bytes(CSV)  # the publisher's own
    assert get(edition())[0].status == "fetched"
    assert get(edition())[0].status == "unchanged"


def test_a_download_that_is_cut_off_goes_on_where_it_stopped(server, get, edition, said):
    server.files["/file.csv"] = CSV
    server.faults["/file.csv"] = [Fault(cut=50_000), Fault(cut=30_000)]
    (outcome,) = get(edition())
    assert outcome.sha256 == sha256(CSV)
    assert [headers.get("Range") for _, _, headers in server.seen] == [
        None,
        "bytes=49152-",
        "bytes=65536-",
    ]
    assert "cut off after 49,152 of" in said[0] and "again in" in said[0]


def test_the_next_run_goes_on_with_a_part(server, get, edition, tmp_path):
    server.files["/file.csv"] = CSV
    server.faults["/file.csv"] = [Fault(cut=50_000)] + [Fault(status=503)] * 2
    with pytest.raises(FetchError, match="503 Service Unavailable, after 3 attempts"):
        get(edition())
    assert (tmp_path / "data/iod/File_7_2019.csv.part").stat().st_size == 49_152
    assert not (tmp_path / "data/iod/File_7_2019.csv").exists()
    assert get(edition())[0].sha256 == sha256(CSV)
    assert server.seen[-1][1] == 206


def test_a_part_of_another_version_is_not_gone_on_with(server, get, edition):
    server.files["/file.csv"] = CSV
    server.faults["/file.csv"] = [Fault(cut=50_000)] + [Fault(status=503)] * 2
    with pytest.raises(FetchError):
        get(edition())
    new = CSV.replace(b"E0100", b"W0100")
    server.files["/file.csv"] = new
    assert get(edition())[0].sha256 == sha256(new)


def test_a_server_that_cannot_resume_is_read_from_the_start(server, get, edition):
    server.files["/file.csv"], server.ranges = CSV, False
    server.faults["/file.csv"] = [Fault(cut=50_000)]
    assert get(edition())[0].sha256 == sha256(CSV)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_failures_that_pass_are_waited_for(server, get, edition, said, status):
    server.files["/file.csv"] = CSV
    server.faults["/file.csv"] = [Fault(status=status, headers={"Retry-After": "1"}), Fault()]
    started = time.monotonic()
    assert get(edition())[0].status == "fetched"
    assert time.monotonic() - started >= 1
    assert str(status) in said[0]


def test_a_server_that_asks_for_too_long_a_wait_is_left(server, get, edition):
    server.faults["/file.csv"] = [Fault(status=429, headers={"Retry-After": "3600"})]
    with pytest.raises(FetchError, match=r"429 .*asks to wait 3,600 s"):
        get(edition())


def test_waits_grow(server, get, edition, said):
    server.faults["/file.csv"] = [Fault(status=500)] * 4
    patience = Patience(attempts=4, first_wait=0.2)
    started = time.monotonic()
    with pytest.raises(FetchError, match="500 Internal Server Error, after 4 attempts"):
        get(edition(), patience=patience)
    assert time.monotonic() - started >= 0.2 + 0.4 + 0.8


def test_a_missing_file_is_not_asked_for_again(server, get, edition):
    with pytest.raises(FetchError, match="404 Not Found; the publisher has moved or withdrawn"):
        get(edition())
    assert len(server.seen) == 1


def test_a_silent_server_is_left_and_a_slow_one_is_not(server, get, edition):
    server.files["/file.csv"] = CSV[: CSV.index(b"\n", 20_000) + 1]
    server.faults["/file.csv"] = [Fault(pause=0.05, each=True)]
    assert get(edition())[0].sha256 == sha256(server.files["/file.csv"])
    server.faults["/silent.csv"] = [Fault(pause=2, content=CSV)] * 3
    with pytest.raises(FetchError, match=r"[Tt]imed out|timeout"):
        get(edition("/silent.csv"))


def test_a_server_that_is_not_there_is_told_in_few_words(get, edition):
    nowhere = dataclasses.replace(edition(), address="http://127.0.0.1:9/file.csv")
    with pytest.raises(FetchError, match="Connection refused, after 3 attempts") as failed:
        get(nowhere)
    assert len(str(failed.value)) < 120


# What is refused --------------------------------------------------------------------------------


def refused(get, row, tmp_path, match):
    with pytest.raises(FetchError, match=match):
        get(row)
    assert not [path for path in (tmp_path / "data").rglob("*") if path.suffix in (".csv", ".part")]


def test_a_web_page_with_status_200_is_refused(server, get, edition, tmp_path):
    server.faults["/file.csv"] = [Fault(content=PAGE)]
    refused(get, edition(), tmp_path, "a web page titled 'Down for maintenance'")


def test_a_message_with_status_200_is_refused(server, get, edition, tmp_path):
    server.faults["/file.csv"] = [Fault(content=b'{"error": {"code": 400}}')]
    refused(get, edition(), tmp_path, "a message came instead of the file")


def test_a_length_that_is_too_long_is_found_out(server, get, edition, tmp_path):
    server.files["/file.csv"] = CSV
    server.faults["/file.csv"] = [Fault(length=len(CSV) + 100)] * 3
    server.ranges = False
    with pytest.raises(FetchError, match=f"cut off after [0-9,]+ of {len(CSV) + 100:,} bytes"):
        get(edition())
    assert not (tmp_path / "data/iod/File_7_2019.csv").exists()


def test_a_length_that_is_too_short_is_found_out(server, get, edition, tmp_path):
    server.files["/file.csv"] = CSV
    server.faults["/file.csv"] = [Fault(length=50_000)]
    refused(get, edition(), tmp_path, "the last row is cut off")


@pytest.mark.parametrize("length", [None, 300])
def test_a_damaged_zip_does_not_count(server, get, tmp_path, length):
    content = bytearray(
        directory_zip("AUG_2026", "pcds\n" + "AB1 0AA\n" * 9999 + "".join(map(str, range(9999))))
    )
    if length is None:
        content[len(content) // 2] ^= 255
    server.files["/data"] = bytes(content)
    server.faults["/data"] = [Fault(length=length)]
    row = catalogue.Fetchable(
        "directory", "ONSPD", "2026-08", "onspd", "ONSPD_AUG_2026_UK.zip", server.address("/data")
    )
    with pytest.raises(FetchError, match="the zip is damaged"):
        get(row)
    assert not list((tmp_path / "data/onspd").iterdir())


def test_another_month_than_was_asked_for_is_refused(server, get):
    server.files["/data"] = directory_zip("MAY_2026")
    row = catalogue.Fetchable(
        "directory", "ONSPD", "2026-08", "onspd", "ONSPD_AUG_2026_UK.zip", server.address("/data")
    )
    with pytest.raises(FetchError, match="contains ONSPD_MAY_2026_UK, not the release 2026-08"):
        get(row)


def test_hashes_of_the_list_bind_when_pinned_and_warn_when_reported(server, get, edition, said):
    server.files["/file.csv"] = CSV
    other = {"bytes": len(CSV), "sha256": "0" * 64}
    with pytest.raises(FetchError, match="re-issued at the same address, or not the right file"):
        get(edition(**other, sha256_by="pinned"))
    assert get(edition(**other, sha256_by="reported"))[0].status == "fetched"
    assert "(reported, not the publisher's own); the file is used" in said[-1]
    said.clear()
    get(edition(bytes=len(CSV), sha256=sha256(CSV), sha256_by="pinned"))
    assert not said


def test_another_nations_failure_is_a_warning(server, get, edition, said):
    server.files["/file.csv"] = CSV
    wales = dataclasses.replace(edition("/gone.csv", need="nation"), file_name="wimd.csv")
    assert [one.status for one in get(wales, edition())] == ["failed", "fetched"]
    assert said[0].startswith("warning: England 2019 (2019-09) left as it was: ")


# What is refused, of messages, sizes and addresses -----------------------------------------------


@pytest.mark.parametrize(
    "message",
    [
        b"Service unavailable\n",
        b"<Error>\n<Code>Busy</Code>\n</Error>\n",
        b"Sorry, we are down\n",
        b"\xef\xbb\xbfLSOA code,Rank\n",
        b"Other,Columns\n1,2\n",
        b"\n\n",
    ],
)
def test_a_message_does_not_take_the_place_of_a_good_file(server, get, edition, tmp_path, message):
    server.files["/file.csv"] = CSV
    get(edition(columns="LSOA code|Rank"))
    server.files["/file.csv"] = message
    with pytest.raises(FetchError, match=r"England 2019 .*File_7_2019\.csv: |England 2019.*http"):
        get(edition(columns="LSOA code|Rank"))
    assert (tmp_path / "data/iod/File_7_2019.csv").read_bytes() == CSV


def test_no_more_comes_than_twice_what_the_list_says(server, get, edition, tmp_path):
    server.files["/file.csv"] = CSV
    half = edition(bytes=len(CSV) // 2 - 10)
    refused(get, half, tmp_path, r"over 1\d\d,\d\d\d bytes, more than the catalogue allows")
    server.faults["/file.csv"] = [Fault(headers={"Content-Length": "many"}, content=CSV)]
    refused(get, half, tmp_path, "more than the catalogue allows")


def test_a_zip_that_unzips_to_too_much_is_refused(server, get, monkeypatch):
    monkeypatch.setattr(content, "LARGEST_MEMBER", 10_000)
    server.files["/data"] = directory_zip("AUG_2026", "pcds\n" + "AB1 0AA\n" * 9999)
    row = catalogue.Fetchable(
        "directory", "ONSPD", "2026-08", "onspd", "ONSPD_AUG_2026_UK.zip", server.address("/data")
    )
    with pytest.raises(FetchError, match="unzips to 79,997 bytes, more than the limit"):
        get(row)


def test_a_compressed_answer_is_refused(server, get, edition, tmp_path):
    packed = {"Content-Encoding": "gzip"}
    server.faults["/file.csv"] = [Fault(headers=packed, content=gzip.compress(CSV))]
    refused(get, edition(), tmp_path, r"the answer is compressed \(gzip\)")


def test_redirects_are_bounded_and_never_from_https_to_http(server, get, edition):
    server.faults["/round"] = [Fault(redirect="/round")] * 20
    with pytest.raises(FetchError, match="redirected more than 10 times"):
        get(edition("/round"))
    assert len(server.seen) == 11
    answer = requests.Response()
    answer.url, answer.status_code = "https://host/file", 302
    answer.headers["Location"] = "http://host/file"
    with pytest.raises(FetchError, match="not https"):
        Session().get_redirect_target(answer)
    answer.headers["Location"] = "/other"
    assert Session().get_redirect_target(answer) == "/other"


@pytest.mark.parametrize("asked", ["soon", "-5", "²", "9" * 400, "Mon, 99 Foo 99999 99:99:99 GMT"])
def test_odd_times_to_wait_and_lengths_are_no_fault(server, get, edition, asked):
    server.files["/file.csv"] = CSV
    odd = {"Retry-After": asked.encode().decode("latin-1")}
    server.faults["/file.csv"] = [Fault(status=503, headers=odd)]
    if asked.startswith("9"):
        with pytest.raises(FetchError, match="asks to wait"):
            get(edition())
        return
    assert get(edition())[0].status == "fetched"
    length = Fault(headers={"Content-Length": asked.encode().decode("latin-1")}, content=CSV)
    server.faults["/file.csv"] = [length]
    server.validators = False
    assert get(edition())[0].status in ("unchanged", "failed")


@pytest.mark.parametrize(
    "address",
    ["http://[::1", "https://", "https://a b/c.csv", "http://host:99999/f", "ftp://host/f", "x://"],
)
def test_what_is_no_address_is_refused_in_few_words(get, edition, address):
    with pytest.raises(FetchError, match="not an address such as"):
        get(dataclasses.replace(edition(), address=address))


def test_users_and_tokens_of_addresses_are_told_nowhere(server, get, tmp_path, said, rows, newest):
    server.files["/x/ONSPD_NOV_2026_UK.zip"] = directory_zip("NOV_2026")
    secret = server.address("/x/ONSPD_NOV_2026_UK.zip?key=s3cret").replace("//", "//me:s3cret@")
    (outcome,) = get(catalogue.from_elsewhere(rows, "ONSPD", None, secret))
    record_text = (tmp_path / "data/fetched.json").read_text()
    assert "s3cret" not in f"{outcome} {said} {record_text}"
    # The next refresh leaves it as it is: it could not ask for it again.
    assert get(newest())[0].status == "unchanged"
    server.faults["/x/ONSPD_DEC_2026_UK.zip"] = [Fault(status=404)]
    with pytest.raises(FetchError) as failed:
        get(catalogue.from_elsewhere(rows, "ONSPD", None, secret.replace("NOV", "DEC")))
    assert "s3cret" not in str(failed.value) and "404" in str(failed.value)


@pytest.mark.parametrize(
    "address", ["me:s3cret@host/x.zip", "//me:s3cret@host/x", "http://127.0.0.1:1/x;key=s3cret"]
)
def test_secrets_of_odd_addresses_are_told_nowhere(deprivation, tmp_path, address):
    asked = deprivation(
        *("fetch", "--output", tmp_path / "data", "--only", "ONSPD", "--address", address),
        *("--attempts", "1"),
    )
    assert asked.returncode == 1 and "deprivation: error: " in asked.stderr
    assert "s3cret" not in asked.stderr + asked.stdout


@pytest.mark.parametrize(
    "broken",
    ["[", "{}x", '["a"]', "null", '[{"path": "iod/a.csv"}]', "../mine.csv", "/etc/mine.csv"],
)
def test_a_broken_record_is_an_error_and_removes_nothing(server, get, edition, tmp_path, broken):
    server.files["/file.csv"] = CSV
    get(edition())
    mine = tmp_path / "mine.csv"
    mine.write_text("mine")
    written = tmp_path / "data/fetched.json"
    if broken.endswith("mine.csv"):
        (row,) = json.loads(written.read_text())
        other = row | {"path": broken.replace("/etc", str(tmp_path)), "kind": "File_7_2019.csv"}
        broken = json.dumps([row, other])
    written.write_text(broken)
    with pytest.raises(FetchError, match=r"fetched\.json: not a record of fetched files .*move it"):
        get(edition())
    assert mine.read_text() == "mine"
    assert (tmp_path / "data/iod/File_7_2019.csv").read_bytes() == CSV


def test_a_part_of_the_users_own_is_not_removed(server, get, edition, tmp_path):
    mine = tmp_path / "data/iod/mine.part"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    (tmp_path / "data/iod/other.part.json").write_text('{"a": 1}')
    server.files["/file.csv"] = CSV
    get(edition())
    assert mine.exists() and (tmp_path / "data/iod/other.part.json").exists()


@pytest.mark.parametrize(
    "answer",
    [
        {"features": None},
        {"features": [None, 1, {"properties": None}, {"id": 5, "properties": {"title": 5}}]},
        {"results": {"a": 1}},
        [],
    ],
)
def test_odd_answers_of_the_search_leave_the_list(server, newest, said, answer):
    server.files[HUB] = json.dumps(answer).encode()
    assert newest().release == "2026-08"
    assert "the list is used" in said[0]


def test_dates_of_the_search_may_be_mixed(server, newest):
    answer = releases(server, "may 2027", "august 2027", "november 2027")
    dates = ["2027-05-20T00:00:00Z", None, 1_800_000_000_000]
    for item, date in zip(answer["features"][1:], dates, strict=True):
        item["properties"]["created"] = date
    server.files[HUB] = json.dumps(answer).encode()
    assert newest().release == "2027-11"


def test_one_failure_keeps_no_other_file_away(server, get, edition, tmp_path):
    server.files["/file.csv"] = CSV
    other = dataclasses.replace(edition("/gone.csv"), product="England 2015", file_name="a.csv")
    with pytest.raises(FetchError, match=r"England 2015 .*404"):
        get(other, edition())
    assert (tmp_path / "data/iod/File_7_2019.csv").read_bytes() == CSV


def test_a_dead_address_has_its_fallback(server, get, edition, said):
    server.files["/file.csv"] = CSV
    row = edition("/gone.csv", fallback=server.address("/file.csv"))
    assert get(row)[0].status == "fetched"
    assert "404" in said[0] and "trying its fallback" in said[0]
    assert get(row)[0].status == "unchanged"


# One directory at a time, the newest ------------------------------------------------------------


def releases(server, *months: str) -> dict:
    """An answer of the publisher's search."""
    items = [
        {
            "id": f"{number:032x}",
            "properties": {
                "title": f"ONS Postcode Directory ({month.title()}) for the UK",
                "type": "CSV Collection",
                "created": number,
            },
        }
        for number, month in enumerate(months)
    ]
    guide = {"id": "f" * 32, "properties": {"title": "ONSPD User Guide (May 2027)", "type": "PDF"}}
    return {"features": [guide, *items]}


@pytest.fixture
def rows(server):
    """A list with a search, and two releases under addresses of their own."""
    row = catalogue.Fetchable("directory", "ONSPD", "", "onspd", "", "")
    return [
        dataclasses.replace(row, need="search", address=server.address(HUB)),
        dataclasses.replace(row, need="item", address=server.address("/items/{id}/data")),
        *(
            dataclasses.replace(
                row,
                release=release,
                file_name=f"ONSPD_{month}_2026_UK.zip",
                address=server.address(f"/pinned/{release}"),
            )
            for release, month in [("2026-05", "MAY"), ("2026-08", "AUG")]
        ),
    ]


@pytest.fixture
def newest(rows, said, tmp_path):
    def find(release=None):
        known = record.read_record(tmp_path / "data").values()
        with Session() as session:
            return directories.directory_to_fetch(
                rows, "ONSPD", release, known, session, BRIEF, said.append
            )

    return find


def test_the_newest_directory_is_found_and_replaces_the_one_before(
    server, rows, newest, get, tmp_path
):
    server.files["/pinned/2026-08"] = directory_zip("AUG_2026")
    server.files[HUB] = json.dumps(releases(server, "may 2026", "august 2026")).encode()
    get(newest())
    assert [path.name for path in (tmp_path / "data/onspd").iterdir()] == ["ONSPD_AUG_2026_UK.zip"]

    server.files[HUB] = json.dumps(releases(server, "august 2026", "november 2026")).encode()
    found = newest()
    assert (found.release, found.address) == ("2026-11", server.address(f"/items/{1:032x}/data"))
    server.files[f"/items/{1:032x}/data"] = directory_zip("NOV_2026")
    get(found)
    assert [path.name for path in (tmp_path / "data/onspd").iterdir()] == ["ONSPD_NOV_2026_UK.zip"]

    # A search that fails later must not bring an older release back.
    for answer in (None, PAGE, b'{"error": 1}', b"{}"):
        server.files[HUB] = answer
        assert newest().release == "2026-11"


def test_the_list_is_used_when_the_search_fails(server, newest, said):
    assert newest().release == "2026-08"
    assert "the search for the newest ONSPD failed" in said[0] and "404" in said[0]


def test_a_release_can_be_asked_for(newest):
    assert newest("2026-05").address.endswith("/pinned/2026-05")
    with pytest.raises(FetchError, match="ONSPD 2031-02: no such release; there are 2026-05"):
        newest("2031-02")


def test_a_directory_put_there_by_hand_is_not_removed(server, rows, get, tmp_path):
    by_hand = tmp_path / "data/onspd/NSPL_MAY_2026_UK.zip"
    by_hand.parent.mkdir(parents=True)
    by_hand.write_bytes(directory_zip("MAY_2026", name="NSPL"))
    server.files["/pinned/2026-08"] = directory_zip("AUG_2026")
    with pytest.raises(FetchError, match=r"NSPL_MAY_2026_UK.zip was not fetched"):
        get(rows[-1])
    assert by_hand.exists()


@pytest.mark.parametrize("path", ["/x/ONSPD_NOV_2026_UK.zip", "/items/0f/data"])
def test_a_newer_release_comes_by_address_without_a_code_change(
    server, rows, get, tmp_path, path, newest
):
    server.files[path] = directory_zip("NOV_2026")
    (outcome,) = get(catalogue.from_elsewhere(rows, "ONSPD", None, server.address(path)))
    assert (outcome.file_name, outcome.release) == ("ONSPD_NOV_2026_UK.zip", "2026-11")
    assert newest().release == "2026-11"


def test_a_newer_release_comes_by_path(rows, get, tmp_path):
    given = tmp_path / "my copy.zip"
    given.write_bytes(directory_zip("NOV_2026"))
    row = catalogue.from_elsewhere(rows, "ONSPD", None, str(given))
    (outcome,) = get(row)
    assert (outcome.file_name, outcome.sha256) == (
        "ONSPD_NOV_2026_UK.zip",
        sha256(given.read_bytes()),
    )
    assert given.exists()


@pytest.mark.parametrize(("place", "kind"), [("/dev/zero", "a device"), ("pipe", "a pipe")])
def test_what_is_no_file_is_not_fetched_by_path(rows, get, tmp_path, place, kind):
    os.mkfifo(tmp_path / "pipe")
    row = catalogue.from_elsewhere(rows, "ONSPD", None, str(tmp_path / place))
    with pytest.raises(FetchError, match=f"{place} is {kind}, not a file"):
        get(row)


# Spreadsheets -----------------------------------------------------------------------------------


def test_cells_become_text_as_they_are_shown():
    assert [cell_text(one) for one in (570.0, 4563.5, "", "W01", True, 1e-7, 3)] == [
        "570",
        "4563.5",
        "",
        "W01",
        "TRUE",
        "1e-07",
        "3",
    ]


def test_a_spreadsheet_arrives_as_published(server, get, tmp_path):
    server.files["/wimd.ods"] = make_ods([["", "WIMD 2025 "], ["W01000003", 570]])
    row = catalogue.Fetchable(
        "nation", "Wales 2025", "2025", "nations", "wimd.ods", server.address("/wimd.ods")
    )  # fmt: skip
    get(row)
    found = read_sheet(tmp_path / "data/nations/wimd.ods", "ranks")
    assert found == [["", "WIMD 2025 "], ["W01000003", "570"]]
    assert (tmp_path / "data/nations/wimd.ods").read_bytes() == server.files["/wimd.ods"]
    with pytest.raises(InputError, match="no sheet 'scores'; it has 'ranks'"):
        read_sheet(tmp_path / "data/nations/wimd.ods", "scores")


def make_ods(rows: list[list]) -> bytes:
    """A spreadsheet of one sheet, ranks."""

    def cell(value):
        if isinstance(value, int):
            return (
                f'<table:table-cell office:value-type="float" office:value="{value}">'
                f"<text:p>{value}</text:p></table:table-cell>"
            )
        return (
            '<table:table-cell office:value-type="string">'
            f"<text:p>{value}</text:p></table:table-cell>"
        )

    body = "".join(f"<table:table-row>{''.join(map(cell, row))}</table:table-row>" for row in rows)
    space = "urn:oasis:names:tc:opendocument:xmlns"
    content = (
        f'<office:document-content xmlns:office="{space}:office:1.0"'
        f' xmlns:table="{space}:table:1.0" xmlns:text="{space}:text:1.0"><office:body>'
        f'<office:spreadsheet><table:table table:name="ranks">{body}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as zipped:
        zipped.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        zipped.writestr("content.xml", content)
        zipped.writestr(
            "META-INF/manifest.xml",
            f'<manifest:manifest xmlns:manifest="{space}:manifest:1.0"></manifest:manifest>',
        )
    return packed.getvalue()


# The list and the command -----------------------------------------------------------------------


def test_the_list_is_whole():
    rows = catalogue.read_list()
    newest = max(row.release for row in rows if (row.need, row.product) == ("directory", "ONSPD"))
    assert newest >= "2026-08"
    for row in rows:
        for address in row.addresses:
            check_address(address)
        assert row.address.startswith("https://")
        assert row.file_name or row.need in ("search", "item")
        assert row.licence or row.need == "search"
        assert len(row.sha256) in (0, 64) and bool(row.sha256) == bool(row.sha256_by)
        assert row.serves or row.need not in ("edition", "nation", "earlier", "checks")
        if row.need == "directory":
            assert month_of(Path(row.file_name)) == row.release
    # Each is a place of its own, but for issues of one edition's file.
    places = [row.path for row in rows if row.file_name and row.need != "request"]
    assert len(places) == len(set(places))


def test_the_command_says_what_it_did_and_fails_on_the_last_line(
    server, rows, edition, tmp_path, deprivation
):
    server.files["/file.csv"] = CSV
    server.files["/pinned/2026-05"] = directory_zip("MAY_2026")
    listed = write_list(tmp_path / "list.csv", [*rows, edition()])
    command = ["fetch", "--sources", listed, "--to", tmp_path / "data", "--first-wait", "0.1"]
    done = deprivation(*command, "--release", "2026-05")
    assert done.returncode == 0, done.stderr
    assert f"fetched: File_7_2019.csv {len(CSV):,} bytes {sha256(CSV)}" in done.stderr
    assert f"export DEPRIVATION_DATA_DIR={tmp_path / 'data'}" in done.stderr
    assert "\r" not in done.stderr and "\x1b" not in done.stderr  # plain lines off a terminal

    failed = deprivation(*command, "--release", "2026-08")
    assert failed.returncode == 1
    last = failed.stderr.splitlines()[-1]
    assert last.startswith("deprivation: error: ") and "404 Not Found" in last
    assert (tmp_path / "data/onspd/ONSPD_MAY_2026_UK.zip").exists()

    server.files["/mine"] = directory_zip("NOV_2026")
    done = deprivation(*command, "--address", server.address("/mine"))
    assert done.returncode == 0, done.stderr
    assert [path.name for path in (tmp_path / "data/onspd").iterdir()] == ["ONSPD_NOV_2026_UK.zip"]


def test_a_kill_at_any_moment_leaves_no_half_file(server, edition, tmp_path):
    content = CSV * 40
    server.files["/file.csv"] = content
    listed = write_list(tmp_path / "list.csv", [edition()])
    command = [COMMAND, "fetch", "--sources", listed, "--to", tmp_path / "data"]
    command += ["--only", "England 2019"]
    place = tmp_path / "data/iod/File_7_2019.csv"
    for moment in range(6):
        server.faults["/file.csv"] = [Fault(pause=0.0004, each=True)]
        running = subprocess.Popen(list(map(str, command)), stderr=subprocess.DEVNULL)
        time.sleep(0.3 + 0.25 * moment)
        running.send_signal(signal.SIGKILL)
        running.wait()
        assert not place.exists() or place.read_bytes() == content
    server.faults.clear()
    assert subprocess.run(list(map(str, command)), check=False).returncode == 0
    assert place.read_bytes() == content
    assert not list((tmp_path / "data").rglob("*.part*"))
