"""What bad requests get: a problem document with the right status, and the server stays up."""

from __future__ import annotations

import contextlib
import io
import json
import socket
import tempfile
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
import requests
import uvicorn

from deprivation.serve.app import Options, create_app
from deprivation.serve.guard import Limits
from deprivation.serve.protocol import LimitedProtocol
from serving import served

PROBLEM = "application/problem+json"


@pytest.fixture(scope="module")
def api(warehouse, tmp_path_factory):
    log = tmp_path_factory.mktemp("serve") / "log"
    with served(warehouse, log, "--max-upload", "1") as address:
        yield address
        assert requests.get(f"{address}/health", timeout=60).status_code == 200
        assert "Traceback" not in log.read_text()


def refused(answer: requests.Response, status: int, *words: str) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == PROBLEM
    document = answer.json()
    assert document["status"] == status
    assert document["title"]
    for word in words:
        assert word in document["detail"]


@pytest.mark.parametrize(
    ("body", "status", "word"),
    [
        (b'{"postcodes": [', 400, "JSON"),
        (b"\xff\xfe", 400, ""),
        (b'{"postcodes": "M1 1AE"}', 422, "list"),
        (b'{"postcodes": [1]}', 422, "string"),
        (b"[]", 422, ""),
        (b'{"postcodes": ["M1 1AE"], "edition": "1999"}', 422, "1999"),
        (b'{"postcodes": ["M1 1AE"], "edition": {"a": 1}}', 422, ""),
        (b'{"postcodes": [' + b'"M1 1AE",' * 10_000 + b'"M1 1AE"]}', 422, "10000"),
        (b'{"postcodes": ["' + b"x" * (3 << 20) + b'"]}', 413, "larger"),
        (b"[" * 100_000, 400, "body"),
        (b'{"postcodes": ["M1 1AE"], "editon": "2019"}', 422, "editon"),
        (b'{"postcodes": ["M1 1AE"], "edition": "\\ud800"}', 422, "neither"),
    ],
)
def test_a_body_that_cannot_be_used(api, body, status, word):
    headers = {"content-type": "application/json"}
    refused(requests.post(f"{api}/postcodes", body, headers=headers, timeout=60), status, word)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/postcodes/M1 1AE?edition=1999", 422),
        ("/postcodes/M1 1AE?edition=%00", 422),
        ("/postcodes/" + "M" * 5000, 422),
        ("/postcodes/%00%ff", 422),
        ("/postcodes/M1%2F1AE", 422),
        ("/postcodes/M1 1AE?editon=2019", 422),
        ("/postcodes/M1 1AE?edition=" + ",".join(f"nearest:{n}" for n in range(1990, 2020)), 422),
        ("/api/deprivation/?postcode=M1 1AE&edition=2019,2025", 422),
        ("/places?geography=laad", 422),
        ("/places/lad/x%2F..%2Fy", 404),
        ("/enrich/not-there", 404),
        ("/places/lad/E99999999", 404),
        ("/places/'; drop table/x", 404),
        ("/places/lad/E99999999/postcodes.csv", 404),
        ("/places?limit=-1", 422),
        ("/areas/<script>", 404),
        ("/static/..%2fapp.py", 404),
        ("/static/%2e%2e/%2e%2e/pyproject.toml", 404),
        ("/static/..%5capp.py", 404),
        ("/nothing", 404),
        ("/enrich", 405),
    ],
)
def test_a_path_that_cannot_be_answered(api, path, status):
    refused(requests.get(api + path, timeout=60), status)


CSV = "id,postcode\n1,M1 1AE\n"


@pytest.mark.parametrize(
    ("name", "data", "options", "status", "word"),
    [
        ("people.csv", CSV, {"postcode_column": "nope"}, 422, "'postcode'"),
        ("people.csv", CSV, {"postcode_column": "postcode", "edition": "1999"}, 422, "1999"),
        ("people.csv", CSV, {"postcode_column": "postcode", "output": "x.csv"}, 422, "no option"),
        ("people.csv", CSV, {"postcode_column": "--database=/etc/passwd"}, 422, "no column"),
        ("people.parquet", CSV, {"postcode_column": "postcode"}, 422, "Parquet"),
        ("people.exe", CSV, {"postcode_column": "postcode"}, 415, ".csv"),
        ("../../people.csv/..", CSV, {"postcode_column": "postcode"}, 415, ".csv"),
        ("people.csv", CSV, {"postcode_column": "postcode", "labels": "maybe"}, 422, "true"),
        ("people.csv", CSV, {"postcode_column": ["postcode", "id"]}, 422, "twice"),
        ("people.csv", CSV, {"postcode_column": "postcode", "round": "5"}, 422, "summary_by"),
        ("people.csv", b"\x89PNG\r\n\x1a\n\0\0", {"postcode_column": "postcode"}, 422, ""),
        ("people.csv", b"", {"postcode_column": "postcode"}, 422, ""),
        ("people.csv", "a,b\n" + "x" * (2 << 20), {"postcode_column": "a"}, 413, "larger"),
    ],
)
def test_a_file_that_cannot_be_enriched(api, name, data, options, status, word):
    answer = requests.post(
        f"{api}/enrich",
        files={"file": (name, data)},
        data={"edition": "2019"} | options,
        timeout=60,
    )
    refused(answer, status, word)
    assert "/deprivation-upload-" not in answer.text


def test_a_spreadsheet_that_unpacks_to_gigabytes(api):
    packed = io.BytesIO()
    zeros = bytes(1 << 20)
    with (
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as zipped,
        zipped.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as part,
    ):
        for _ in range(1000):
            part.write(zeros)
    with zipfile.ZipFile(packed, "a", zipfile.ZIP_DEFLATED) as zipped:
        zipped.writestr("more.xml", bytes(40 << 20))
    answer = requests.post(
        f"{api}/enrich",
        files={"file": ("people.xlsx", packed.getvalue())},
        data={"postcode_column": "postcode", "edition": "2019"},
        timeout=120,
    )
    refused(answer, 413)


def test_headers_cannot_be_injected(api):
    for given in ("a b", "x" * 500, 'a"; b', "é"):
        answer = requests.get(f"{api}/health", headers={"x-request-id": given.encode()}, timeout=60)
        assert answer.headers["x-request-id"] != given
    answer = requests.get(f"{api}/places/lad/x%0d%0aSet-Cookie:%20a=b/postcodes.csv", timeout=60)
    assert "set-cookie" not in answer.headers


def test_text_that_only_begins_with_a_postcode_is_none(api):
    postcodes = ["M1 1AE" + " " * 300 + "x", "M1 1AE\ud800", "M1 1AE"]
    answers = requests.post(f"{api}/postcodes", json={"postcodes": postcodes}, timeout=60)
    statuses = [answer["match_status"] for answer in answers.json()["answers"]]
    assert statuses[:2] == ["invalid", "invalid"]
    assert statuses[2] != "invalid"


def connected(api: str, seconds: float, buffer: int = 0) -> socket.socket:
    """buffer: bytes that the system takes before the client reads; 0 for as many as usual."""
    host, port = api.removeprefix("http://").split(":")
    connection = socket.socket()
    connection.settimeout(seconds)
    if buffer:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    connection.connect((host, int(port)))
    return connection


def exchange(api: str, sent: bytes, seconds: float = 60) -> bytes:
    """What comes back for bytes sent, until the server closes the connection."""
    received = b""
    with connected(api, seconds) as connection:
        connection.sendall(sent)
        with contextlib.suppress(ConnectionResetError):
            while block := connection.recv(1 << 16):
                received += block
    return received


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"\x16\x03\x01\x02\x00 TLS", 400),
        (b"GET /health HTTP/1.1\r\nA B: c\r\n\r\n", 400),
        (b"POST /postcodes HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (
            b"POST /postcodes HTTP/1.1\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n",
            400,
        ),
        (b"GET /health HTTP/1.1\r\nA: " + b"a" * 300_000, 431),
    ],
)
def test_what_is_not_http(api, sent, status):
    received = exchange(api, sent)
    assert received.startswith(f"HTTP/1.1 {status} ".encode())
    assert PROBLEM.encode() in received


def test_head_is_get_without_a_body(api):
    for path in ("/health", "/", "/static/page.js"):
        head, get = requests.head(api + path, timeout=60), requests.get(api + path, timeout=60)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-type"] == get.headers["content-type"]


def test_gzip_where_it_is_taken(api):
    for asked, coding in (("gzip", "gzip"), ("gzip;q=0", None), ("identity", None)):
        answer = requests.get(f"{api}/editions", headers={"accept-encoding": asked}, timeout=60)
        assert answer.headers.get("content-encoding") == coding
        assert answer.json()["editions"]


def test_an_upload_that_is_given_up_leaves_nothing(api):
    host, port = api.removeprefix("http://").split(":")
    before = set(Path(tempfile.gettempdir()).glob("deprivation-upload-*"))
    for _ in range(3):
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(
                b"POST /enrich HTTP/1.1\r\nHost: x\r\nContent-Length: 500000\r\n"
                b"Content-Type: multipart/form-data; boundary=b\r\n\r\n--b\r\n"
                b'Content-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\nid,post'
            )
    time.sleep(1)
    assert set(Path(tempfile.gettempdir()).glob("deprivation-upload-*")) == before
    assert requests.get(f"{api}/health", timeout=60).status_code == 200


def test_a_client_with_too_many_requests(warehouse, tmp_path):
    """Pages of other sites that may read the answers may read the refusals, too."""
    site = {"origin": "https://example.org"}
    options = ("--rate", "5", "--cors", site["origin"])
    with served(warehouse, tmp_path / "log", *options) as address:
        answers = [requests.get(f"{address}/health", timeout=60) for _ in range(30)]
        refusals = [answer for answer in answers if answer.status_code == 429]
        assert refusals
        refused(refusals[0], 429)
        assert refusals[0].headers["retry-after"] == "1"
        assert "access-control-allow-origin" not in refusals[0].headers
        time.sleep(2)
        asked = {
            200: requests.get(f"{address}/health", headers=site, timeout=60),
            413: requests.post(f"{address}/postcodes", b"x" * (3 << 20), headers=site, timeout=60),
            404: requests.get(f"{address}/nothing", headers=site, timeout=60),
        }
        while (last := requests.get(f"{address}/health", headers=site, timeout=60)).ok:
            pass
        for status, answer in (asked | {429: last}).items():
            assert answer.status_code == status
            assert answer.headers["access-control-allow-origin"] == site["origin"]
            assert "x-request-id" in answer.headers["access-control-expose-headers"]


class Hasty(LimitedProtocol):
    head_seconds = 1.0
    taken_seconds = 1.0


@contextlib.contextmanager
def hasty(database: Path) -> Iterator[tuple[uvicorn.Server, str]]:
    """A server in this process that waits a second for a client, and its address."""
    limits = Limits(wait=1, grace=2, pace=1000)
    app = create_app(Options(database, limits=limits, has_log=False))
    config = uvicorn.Config(app, http=Hasty, log_level="critical", ws="none")
    server = uvicorn.Server(config)
    with socket.socket() as listening:
        # The system is to take little of an answer that nobody reads.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        listening.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.05)
        host, port = listening.getsockname()
        try:
            yield server, f"http://{host}:{port}"
        finally:
            server.should_exit = True
            thread.join(20)


@pytest.mark.long
def test_slow_clients_are_not_waited_for(warehouse):
    """One that stops, one that sends a byte now and then, and one that never ends its head."""
    head = (
        b"POST /postcodes HTTP/1.1\r\nContent-Type: application/json\r\n"
        b"Content-Length: 100\r\n\r\n{"
    )
    with hasty(warehouse) as (_, address):
        assert exchange(address, head, 20).startswith(b"HTTP/1.1 408")
        with connected(address, 20) as connection:
            connection.sendall(head)
            started = time.monotonic()
            with contextlib.suppress(OSError):
                while time.monotonic() - started < 10:
                    time.sleep(0.4)
                    connection.sendall(b" ")
            received = b""
            with contextlib.suppress(ConnectionResetError):
                received = connection.recv(1 << 16)
            assert received.startswith(b"HTTP/1.1 408") or time.monotonic() - started < 5
        assert exchange(address, b"", 20) == b""
        assert exchange(address, b"GET /health HTTP/1.1\r\nA: b\r\n", 20) == b""
        assert requests.get(f"{address}/health", timeout=20).ok


@pytest.mark.long
def test_readers_that_take_nothing_are_let_go(warehouse):
    """Of an answer that is streamed, and of one that is whole at once, both of some megabytes."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        found = connection.execute(
            "select geography_code from area_summaries where geography = 'nation'"
            " order by areas desc limit 1"
        ).fetchone()
    batch = json.dumps({"postcodes": ["NG16 1AA"] * 10_000}).encode()
    asked = [
        f"GET /places/nation/{found[0]}/postcodes.csv HTTP/1.1\r\n\r\n".encode(),
        b"POST /postcodes HTTP/1.1\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n\r\n%b" % (len(batch), batch),
    ]
    with hasty(warehouse) as (server, address):
        for sent in asked:
            with connected(address, 60, buffer=4096) as idle:
                idle.sendall(sent)
                until = time.monotonic() + 30
                while not (waiting := server.server_state.connections) and time.monotonic() < until:
                    time.sleep(0.05)
                (reader,) = waiting
                while not reader.transport.get_write_buffer_size():
                    assert time.monotonic() < until, "the system took the whole answer"
                    time.sleep(0.05)
                headers = {"connection": "close"}
                assert requests.get(f"{address}/health", headers=headers, timeout=20).ok
                while reader in server.server_state.connections:
                    assert time.monotonic() < until, "the server keeps one that takes nothing"
                    time.sleep(0.05)
        # One that takes all, at its own pace, has all.
        received = exchange(address, asked[1].replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
        assert received.count(b'"postcode":') == 10_000
