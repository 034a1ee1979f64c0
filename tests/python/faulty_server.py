"""A publisher's server on 127.0.0.1 that fails in every way that publishers' servers do."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import re
import threading
import time
import urllib.parse
from collections import defaultdict
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PAGE = b"<!DOCTYPE html>\n<html><head><title>Down for maintenance</title></head></html>\n"
MODIFIED = "Tue, 17 Nov 2026 09:30:00 GMT"


@dataclasses.dataclass
class Fault:
    """What one answer does wrong.

    status: in the place of 200; headers: with it; cut: bytes sent before the connection is
    closed; pause: seconds before the first byte, and between blocks if each: blocks of 1,000;
    length: the Content-Length given; content: sent in the place of the file; redirect: where to.
    """

    status: int = 0
    headers: dict = dataclasses.field(default_factory=dict)
    cut: int | None = None
    pause: float = 0
    each: bool = False
    length: int | None = None
    content: bytes | None = None
    redirect: str = ""


@dataclasses.dataclass
class Layer:
    """A layer of an ArcGIS FeatureServer, with what such servers do.

    rows: attributes; key: the name of its own row number, empty for a layer without; most: rows an
    answer at most; edited: when, None for a server that does not say; answers: given in the place
    of the next pages; between: called before each page, with its number.
    """

    rows: list[dict]
    key: str = "ObjectId"
    most: int = 1000
    edited: int | None = 1
    answers: list[dict] = dataclasses.field(default_factory=list)
    between: Callable[[int], None] = lambda page: None
    pages: int = 0

    def answer(self, path: str, asked: dict) -> dict:
        if path != "/query":
            about = {"name": "a layer", "editingInfo": {"lastEditDate": self.edited}}
            about |= {"objectIdField": self.key} if self.key else {}
            return about if self.edited else {"name": "a layer"}
        if asked.get("returnCountOnly") == "true":
            return {"count": len(self.rows)}
        self.pages += 1
        self.between(self.pages)
        if self.answers:
            return self.answers.pop(0)
        rows = list(self.rows)
        if self.key:
            rows = [{self.key: number} | row for number, row in enumerate(rows, start=1)]
        if by := asked.get("orderByFields"):
            rows.sort(key=lambda row: [row[name] for name in by.split(",")])
        start = int(asked.get("resultOffset", 0))
        page = rows[start : start + min(self.most, int(asked.get("resultRecordCount", self.most)))]
        inside = "properties" if asked["f"] == "geojson" else "attributes"
        features = [{inside: row} for row in page]
        if asked["f"] == "geojson":
            shape = {"type": "Point", "coordinates": [0.1, 52]}
            features = [{"type": "Feature", "geometry": shape, **one} for one in features]
        more = start + len(page) < len(rows)
        return {"features": features} | ({"exceededTransferLimit": True} if more else {})


class Publisher(ThreadingHTTPServer):
    """files: content by path; faults: what the next answers of a path do; seen: each request.

    validators: False for a server that sends neither ETag nor Last-Modified.
    """

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answer)
        self.files: dict[str, bytes] = {}
        self.layers: dict[str, Layer] = {}
        self.faults: dict[str, list[Fault]] = defaultdict(list)
        self.seen: list[tuple[str, int, dict]] = []
        self.validators = True
        self.ranges = True

    def address(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_port}{path}"

    def handle_error(self, request, client_address):
        pass  # Clients that leave are a part of these tests.


class Answer(BaseHTTPRequestHandler):
    server: Publisher

    def log_message(self, *arguments):
        pass

    def do_GET(self):
        path, _, query = self.path.partition("?")
        for address, layer in self.server.layers.items():
            if path.startswith(address):
                asked = dict(urllib.parse.parse_qsl(query))
                content = json.dumps(layer.answer(path.removeprefix(address), asked)).encode()
                return self.answer(200, {"Content-Type": "application/json"}, content)
        faults = self.server.faults[path]
        fault = faults.pop(0) if faults else Fault()
        if fault.redirect:
            return self.answer(302, {"Location": fault.redirect}, b"")
        content = self.server.files.get(path)
        if fault.status or (content is None and fault.content is None):
            return self.answer(fault.status or 404, fault.headers, b"no\n")
        if fault.content is not None:
            return self.answer(200, fault.headers, fault.content, fault)
        return self.send_file(content, fault)

    def send_file(self, content: bytes, fault: Fault):
        etag = f'"{hashlib.md5(content).hexdigest()}"'
        headers = {"Content-Type": "application/octet-stream"}
        if self.server.validators:
            headers |= {"ETag": etag, "Last-Modified": MODIFIED}
            if self.headers.get("If-None-Match") == etag:
                return self.answer(304, headers, b"")
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if wanted and self.server.ranges and self.headers.get("If-Range") in (None, etag):
            start = int(wanted[1])
            if start >= len(content):
                return self.answer(416, {"Content-Range": f"bytes */{len(content)}"}, b"")
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
            return self.answer(206, headers, content[start:], fault)
        return self.answer(200, headers, content, fault)

    def answer(self, status: int, headers: dict, content: bytes, fault: Fault | None = None):
        fault = fault or Fault()
        self.server.seen.append((self.path, status, dict(self.headers)))
        time.sleep(0 if fault.each else fault.pause)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 304:
            length = len(content) if fault.length is None else fault.length
            if "Content-Length" not in headers:
                self.send_header("Content-Length", str(length))
        self.end_headers()
        sent = content if fault.cut is None else content[: fault.cut]
        with contextlib.suppress(OSError):
            for start in range(0, len(sent), 1000 if fault.each else len(sent) or 1):
                self.wfile.write(sent[start : start + (1000 if fault.each else len(sent))])
                time.sleep(fault.pause if fault.each else 0)
        self.close_connection = True


@contextlib.contextmanager
def publisher() -> Iterator[Publisher]:
    """A running server; its thread ends with the block."""
    server = Publisher()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
