"""Fetching from a server that fails in every way: what is taken, refused, resumed and said."""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import io
import json
import signal
import subprocess
import time
import zipfile
from pathlib import Path

import pytest
import requests

from conftest import COMMAND
from deprivation import fetch as fetching
from deprivation.download import FetchError, Patience
from deprivation.errors import InputError
from deprivation.spreadsheets import as_text, read_sheet
from faulty_server import PAGE, Fault, publisher

BRIEF = Patience(attempts=3, first_wait=0.01, longest_wait=2.0, silence=0.5)
CSV = b"LSOA code,Rank\n" + b"".join(b"E0100%04d,%d\n" % (n, n) for n in range(9999))
COLUMNS = [field.name for field in dataclasses.fields(fetching.Fetchable)]
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
        with fetching.sole_fetcher(folder), requests.Session() as session:
            return fetching.fetch(rows, folder, session, patience, said.append)

    return run


@pytest.fixture
def edition(server):
    """A row for an edition at /file.csv, with what the list says of it."""

    def row(path="/file.csv", need="edition", **said):
        return fetching.Fetchable(
            need, "England 2019", "2019-09", "iod", "File_7_2019.csv", server.address(path), **said
        )

    return row


def write_list(path: Path, rows: list[fetching.Fetchable]) -> Path:
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
    assert "re-issued under the same address" in said[-1] and sha256(CSV) in said[-1]


def test_a_file_that_was_changed_by_hand_is_fetched_again(server, get, edition, tmp_path):
    server.files["/file.csv"] = CSV
    get(edition())
    (tmp_path / "data/iod/File_7_2019.csv").write_bytes(CSV.replace(b"9", b"8"))
    assert get(edition())[0].sha256 == sha256(CSV)
    assert (tmp_path / "data/iod/File_7_2019.csv").read_bytes() == CSV


# What goes wrong on the way ---------------------------------------------------------------------


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
    refused(get, edition(), tmp_path, "a message came in the place of the file")


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
    row = fetching.Fetchable(
        "directory", "ONSPD", "2026-08", "onspd", "ONSPD_AUG_2026_UK.zip", server.address("/data")
    )
    with pytest.raises(FetchError, match="the zip is damaged"):
        get(row)
    assert not list((tmp_path / "data/onspd").iterdir())


def test_another_month_than_was_asked_for_is_refused(server, get):
    server.files["/data"] = directory_zip("MAY_2026")
    row = fetching.Fetchable(
        "directory", "ONSPD", "2026-08", "onspd", "ONSPD_AUG_2026_UK.zip", server.address("/data")
    )
    with pytest.raises(FetchError, match="holds ONSPD_MAY_2026_UK, not the release 2026-08"):
        get(row)


def test_hashes_of_the_list_bind_when_pinned_and_warn_when_reported(server, get, edition, said):
    server.files["/file.csv"] = CSV
    other = {"bytes": len(CSV), "sha256": "0" * 64}
    with pytest.raises(FetchError, match="re-issued under the same address, or not what it seems"):
        get(edition(**other, sha256_by="pinned"))
    assert get(edition(**other, sha256_by="reported"))[0].status == "fetched"
    assert "where they are reported: it is taken" in said[-1]
    said.clear()
    get(edition(bytes=len(CSV), sha256=sha256(CSV), sha256_by="pinned"))
    assert not said


def test_another_nations_failure_is_a_warning(server, get, edition, said):
    server.files["/file.csv"] = CSV
    wales = dataclasses.replace(edition("/gone.csv", need="nation"), file_name="wimd.csv")
    assert [one.status for one in get(wales, edition())] == ["failed", "fetched"]
    assert said[0].startswith("warning: England 2019 (2019-09) left as it was: ")


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
    row = fetching.Fetchable("directory", "ONSPD", "", "onspd", "", "")
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
        known = fetching.read_record(tmp_path / "data").values()
        with requests.Session() as session:
            return fetching.find_directory(
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
    with pytest.raises(FetchError, match=r"NSPL_MAY_2026_UK.zip was put there by hand"):
        get(rows[-1])
    assert by_hand.exists()


@pytest.mark.parametrize("path", ["/x/ONSPD_NOV_2026_UK.zip", "/items/0f/data"])
def test_a_newer_release_comes_by_address_without_a_code_change(
    server, rows, get, tmp_path, path, newest
):
    server.files[path] = directory_zip("NOV_2026")
    (outcome,) = get(fetching.from_elsewhere(rows, "ONSPD", None, server.address(path)))
    assert (outcome.file_name, outcome.release) == ("ONSPD_NOV_2026_UK.zip", "2026-11")
    assert newest().release == "2026-11"


def test_a_newer_release_comes_by_path(rows, get, tmp_path):
    given = tmp_path / "my copy.zip"
    given.write_bytes(directory_zip("NOV_2026"))
    row = fetching.from_elsewhere(rows, "ONSPD", None, str(given))
    (outcome,) = get(row)
    assert (outcome.file_name, outcome.sha256) == (
        "ONSPD_NOV_2026_UK.zip",
        sha256(given.read_bytes()),
    )
    assert given.exists()


# Spreadsheets -----------------------------------------------------------------------------------


def test_cells_become_text_as_they_are_shown():
    assert [as_text(one) for one in (570.0, 4563.5, "", "W01", True, 1e-7, 3)] == [
        "570",
        "4563.5",
        "",
        "W01",
        "TRUE",
        "1e-07",
        "3",
    ]


def test_sheets_become_csv(server, get, tmp_path):
    server.files["/wimd.ods"] = make_ods([["", "WIMD 2025 "], ["W01000003", 570]])
    row = fetching.Fetchable(
        "nation", "Wales 2025", "2025", "nations", "wimd.ods", server.address("/wimd.ods"),
        sheets="ranks",
    )  # fmt: skip
    get(row)
    made = tmp_path / "data/nations/wimd.ranks.csv"
    assert made.read_text() == ",WIMD 2025 \nW01000003,570\n"
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
    rows = fetching.read_list()
    newest = max(row.release for row in rows if (row.need, row.product) == ("directory", "ONSPD"))
    assert newest >= "2026-08"
    for row in rows:
        assert row.need in ("directory", "edition", "nation", "request", "search", "item")
        assert row.address.startswith("https://") and row.folder in ("onspd", "iod", "nations")
        assert row.file_name or row.need in ("search", "item")
        assert row.licence or row.need == "search"
        assert len(row.sha256) in (0, 64) and bool(row.sha256) == bool(row.sha256_by)
        if row.need == "directory":
            assert fetching._month_of(row.file_name) == row.release


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
