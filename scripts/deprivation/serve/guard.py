"""What every request meets first: an id, limits, a line in the log, headers that browsers heed."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import re
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from deprivation.serve.problems import problem_document

REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline';"
    " img-src 'self' data: blob: {tiles}; connect-src 'self' {tiles}; worker-src 'self' blob:;"
    " font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SECURITY_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
]
CLIENTS_KEPT = 10_000


@dataclasses.dataclass(frozen=True)
class Limits:
    """body, upload: bytes; rate: requests a second and client, 0 for any number; wait: seconds
    without a byte of a body, or without a byte of an answer taken; grace, pace: seconds for a whole
    body, and bytes a second that a longer one keeps up with.
    """

    body: int = 2 << 20
    upload: int = 100 << 20
    rate: float = 0
    wait: float = 30
    grace: float = 60
    pace: float = 20_000


# Of Starlette's kind: others FastAPI would take for a body that cannot be read.
# Raised anew each time: an exception that is kept keeps every request that it was raised in.
TOO_LARGE = (413, "the body is larger than this server takes")
TOO_SLOW = (408, "the body did not arrive in time")


class Log:
    """One line of JSON an event, on stderr. No postcode, query string or file name is in it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def __call__(self, event: str, **known: Any) -> None:
        now = time.time()
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now % 1 * 1e3):03}Z"
        line = json.dumps({"time": stamp, "event": event} | known) + "\n"
        with self._lock:
            sys.stderr.write(line)
            sys.stderr.flush()


class Guard:
    def __init__(
        self,
        app: ASGIApp,
        limits: Limits,
        log: Log | None,
        tiles: str = "",
        cors: Callable[[ASGIApp], ASGIApp] = lambda refusal: refusal,
    ):
        """tiles: a host that the page may ask for map tiles; none by default. cors: puts on a
        refusal of the guard what lets pages of other sites read it.
        """
        self._app, self._limits, self._log, self._cors = app, limits, log, cors
        policy = POLICY.format(tiles=tiles).encode()
        self._headers = [*SECURITY_HEADERS, (b"content-security-policy", policy)]
        # By client: what is left of its requests, and when that was.
        self._clients: OrderedDict[str, tuple[float, float]] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        headers = dict(scope["headers"])
        given = headers.get(b"x-request-id", b"")
        request_id = given if REQUEST_ID.fullmatch(given) else os.urandom(8).hex().encode()
        scope.setdefault("state", {})["request_id"] = request_id.decode()
        is_head = scope["method"] == "HEAD"
        asked = _plain(scope, headers)
        matches = headers.get(b"if-none-match")
        status, sent = 0, 0

        async def answer(message: Message) -> None:
            nonlocal status, sent
            if message["type"] == "http.response.start":
                found = [*message["headers"], *self._headers, (b"x-request-id", request_id)]
                status = message["status"]
                if matches and status == 200 and scope["method"] in ("GET", "HEAD"):
                    tag = next((v for k, v in found if k == b"etag"), None)
                    if tag and (matches.strip() == b"*" or tag in _tags(matches)):
                        status = 304
                        left = (b"content-length", b"content-type", b"content-encoding")
                        found = [pair for pair in found if pair[0] not in left]
                message = {**message, "status": status, "headers": found}
            elif message["type"] == "http.response.body":
                if is_head or status == 304:
                    message = {**message, "body": b""}
                sent += len(message.get("body", b""))
            if message.get("more_body"):
                # One that takes no more of a long answer is not waited for.
                await asyncio.wait_for(send(message), self._limits.wait)
            else:
                await send(message)

        async def refuse(code: int, detail: str, more: dict[str, str] | None = None) -> None:
            await self._cors(problem_document(code, detail, more))(scope, receive, answer)

        try:
            if not self._may(scope):
                await refuse(429, "too many requests", {"retry-after": "1"})
                return
            await self._app(asked, self._limited(scope, headers, receive), answer)
        except HTTPException as refusal:
            if not status:
                await refuse(refusal.status_code, refusal.detail, CLOSED)
        except Exception as error:
            if self._log:
                self._log("failed", request_id=request_id.decode(), error=type(error).__name__)
            if status:
                raise
            await refuse(500, "a fault of this server; its log names it by the request's id")
        finally:
            if self._log:
                route = asked.get("route")
                self._log(
                    "request",
                    request_id=request_id.decode(),
                    method=scope["method"] if scope["method"] in METHODS else "other",
                    route=getattr(route, "path", "none"),
                    status=status,
                    bytes=sent,
                    ms=round((time.perf_counter() - started) * 1e3, 1),
                )

    def _may(self, scope: Scope) -> bool:
        """Whether a client has a request left: `rate` a second, and as many at once."""
        if not self._limits.rate:
            return True
        client = (scope.get("client") or ("", 0))[0]
        now = time.monotonic()
        left, then = self._clients.pop(client, (self._limits.rate, now))
        left = min(self._limits.rate, left + (now - then) * self._limits.rate)
        self._clients[client] = (max(left - 1, 0) if left >= 1 else left, now)
        if len(self._clients) > CLIENTS_KEPT:
            self._clients.popitem(last=False)
        return left >= 1

    def _limited(self, scope: Scope, headers: dict[bytes, bytes], receive: Receive) -> Receive:
        is_upload = scope["path"] in UPLOADS
        most = self._limits.upload if is_upload else self._limits.body
        declared = headers.get(b"content-length", b"0")
        if not declared.isdigit() or int(declared) > most:
            raise HTTPException(*TOO_LARGE)
        if scope["method"] in ("GET", "HEAD"):
            return receive
        taken, is_whole, started = 0, False, time.monotonic()
        limits = self._limits

        async def limited() -> Message:
            nonlocal taken, is_whole
            if is_whole:  # what comes now is only that the client has gone
                return await receive()
            left = started + limits.grace + taken / limits.pace - time.monotonic()
            try:
                message = await asyncio.wait_for(receive(), max(min(limits.wait, left), 0))
            except asyncio.TimeoutError:
                raise HTTPException(*TOO_SLOW) from None
            taken += len(message.get("body", b""))
            is_whole = not message.get("more_body", False)
            if taken > most:
                raise HTTPException(*TOO_LARGE)
            return message

        return limited


def _plain(scope: Scope, headers: dict[bytes, bytes]) -> Scope:
    """As the paths know it: HEAD is GET without a body; gzip that is refused (q=0) is not named."""
    coding = headers.get(b"accept-encoding", b"")
    if scope["method"] != "HEAD" and not NO_GZIP.search(coding):
        return scope
    kept = [pair for pair in scope["headers"] if pair[0] != b"accept-encoding"]
    kept = kept if NO_GZIP.search(coding) else scope["headers"]
    method = "GET" if scope["method"] == "HEAD" else scope["method"]
    return {**scope, "method": method, "headers": kept}


NO_GZIP = re.compile(rb"gzip\s*;\s*q=0(\.0*)?\s*(,|$)")
METHODS = ("GET", "HEAD", "POST", "OPTIONS", "PUT", "DELETE", "PATCH")
UPLOADS = ("/enrich", "/page/enrich")
# The rest of such a body is not read.
CLOSED = {"connection": "close"}


def _tags(header: bytes) -> list[bytes]:
    return [tag.strip() for tag in header.split(b",")]
