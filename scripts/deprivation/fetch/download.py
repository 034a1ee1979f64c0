"""Download one web address into one complete file.

    NAME.part         the bytes so far, kept when a download breaks
    NAME.part.json    what they are part of: address, ETag, Last-Modified
    NAME              the whole file: put there by the caller, in one rename

A broken download continues where it stopped if the server still has the same version (If-Range),
and starts again if the server cannot tell.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import requests
from urllib3.exceptions import HTTPError

from deprivation.errors import FetchError
from deprivation.fetch import web
from deprivation.fetch.content import refuse_page
from deprivation.fetch.web import HEADERS, PassingError, Patience, Say

# Small, because a block is lost when the connection breaks within it.
BLOCK = 1 << 14
# Limit for a file whose size the catalogue does not give.
LARGEST = 2 << 30
# A broken attempt that received this many bytes does not count as one.
PROGRESS = 1 << 20

Watch = Callable[[int, "int | None"], None]


@dataclasses.dataclass(frozen=True)
class Version:
    """What a server says about the version of a file; empty where it says nothing."""

    etag: str = ""
    last_modified: str = ""
    bytes: int | None = None

    @property
    def is_known(self) -> bool:
        return bool(self.etag or self.last_modified)

    @property
    def if_range(self) -> str:
        """The value that makes a server send the rest of this version only; or empty."""
        return self.last_modified if self.etag.startswith("W/") else self.etag or self.last_modified


def unchanged(session: requests.Session, address: str, known: Version, patience: Patience) -> bool:
    """True if `address` still has the version `known`: one request, no content read.

    Raises FetchError if the server does not answer.
    """
    conditions = {"If-None-Match": known.etag, "If-Modified-Since": known.last_modified}
    headers = HEADERS | {name: value for name, value in conditions.items() if value}

    def ask() -> bool:
        with web.get(session, address, headers, patience) as response:
            return response.status_code == 304 or version_of(response) == known

    return known.is_known and web.patiently(ask, address, patience)


def download(
    session: requests.Session,
    address: str,
    part: Path,
    patience: Patience,
    watch: Watch = lambda done, total: None,
    say: Say = lambda text: None,
    limit: int = LARGEST,
) -> Version:
    """Download `address` into `part`, continuing if a part of the same version is there.

    watch(done, total) gets the bytes so far and, if known, in total. limit: the largest size
    accepted. Raises FetchError for an address that does not exist, an answer that is not a file or
    is too large, and when the attempts run out; OSError for a disk that is full or cannot be
    written to, with `part` removed.
    """
    fruitless = 0

    def attempt() -> Version:
        nonlocal fruitless
        before = part.stat().st_size if part.exists() else 0
        try:
            return _attempt(session, address, part, patience, watch, limit)
        except PassingError:
            after = part.stat().st_size if part.exists() else 0
            fruitless = 0 if after - before >= PROGRESS else fruitless + 1
            raise

    return web.patiently(attempt, address, patience, say, lambda: fruitless)


def note_of(part: Path) -> Path:
    """The file that records what `part` is part of."""
    return part.with_name(part.name + ".json")


def is_note(path: Path) -> bool:
    """True of a note that a download wrote."""
    try:
        return {"address", "etag", "last_modified", "bytes"} == set(json.loads(path.read_text()))
    except (OSError, ValueError, TypeError):
        return False


def discard(part: Path) -> None:
    """Remove a part and its note."""
    part.unlink(missing_ok=True)
    note_of(part).unlink(missing_ok=True)


# One attempt ------------------------------------------------------------------------------------


def _attempt(
    session: requests.Session,
    address: str,
    part: Path,
    patience: Patience,
    watch: Watch,
    limit: int,
) -> Version:
    have, known = _have(part, address)
    headers = dict(HEADERS)
    if have:
        headers |= {"Range": f"bytes={have}-", "If-Range": known.if_range}
    with web.get(session, address, headers, patience) as response:
        if response.status_code == 416:
            if have == known.bytes:
                return known
            discard(part)
            raise PassingError("the server's file is now smaller than the part, which was removed")
        goes_on = response.status_code == 206 and _range_start(response) == have
        if response.status_code == 206 and not goes_on:
            discard(part)
            raise PassingError("the server sent the wrong range; the part was removed")
        if not goes_on:
            have = 0
        total = _total(response, have)
        version = dataclasses.replace(version_of(response), bytes=total)
        _refuse_too_large(address, total or have, limit, part)
        try:
            if not have:
                note_of(part).write_text(
                    json.dumps({"address": _trace(address), **dataclasses.asdict(version)})
                )
            done = _receive(response, address, part, have, total, watch, limit)
        except FetchError:
            discard(part)
            raise
        except OSError as error:
            if isinstance(error, requests.RequestException):
                raise
            discard(part)
            raise OSError(error.errno, error.strerror, str(part)) from None
    if total is not None and done != total:
        if done > total:
            discard(part)
        raise PassingError(f"cut off after {done:,} of {total:,} bytes")
    return version


def _have(part: Path, address: str) -> tuple[int, Version]:
    """How many bytes of `address` are there, and of which version; 0 if they are of no use."""
    try:
        note = json.loads(note_of(part).read_text())
        size = part.stat().st_size
    except (OSError, ValueError):
        return 0, Version()
    if not isinstance(note, dict) or note.get("address") != _trace(address):
        return 0, Version()
    try:
        known = Version(**{name: one for name, one in note.items() if name != "address"})
        return (size, known) if known.if_range else (0, Version())
    except (TypeError, AttributeError):
        return 0, Version()


def _trace(address: str) -> str:
    """The hash of an address, which may contain a secret."""
    return hashlib.sha256(address.encode()).hexdigest()


def _refuse_too_large(address: str, size: int, limit: int, part: Path) -> None:
    if size > limit:
        discard(part)
        raise FetchError(
            f"{web.told(address)}: over {limit:,} bytes, more than the catalogue allows; if the"
            " publisher's file has grown, change its size there"
        )


def _receive(
    response: requests.Response,
    address: str,
    part: Path,
    have: int,
    total: int | None,
    watch: Watch,
    limit: int,
) -> int:
    """Add what the server sends to `part`, and return its new size.

    Raises PassingError if the connection breaks, FetchError for a web page or a message, and for
    more than `limit` bytes.
    """
    done = have
    with part.open("ab" if have else "wb") as file:
        try:
            for block in response.iter_content(BLOCK):
                if not done:
                    refuse_page(block, response.headers.get("Content-Type", ""), web.told(address))
                file.write(block)
                done += len(block)
                watch(done, total)
                _refuse_too_large(address, done, limit, part)
        except (requests.RequestException, HTTPError) as error:
            why = web.reason(error)
            said = f"cut off after {done:,} of {total:,} bytes" if total is not None else "cut off"
            raise PassingError(said if "IncompleteRead" in why else f"{said} ({why})") from None
        file.flush()
        os.fsync(file.fileno())
    return done


def version_of(response: requests.Response) -> Version:
    """The version that the headers of a complete answer give."""
    return Version(
        response.headers.get("ETag", ""),
        response.headers.get("Last-Modified", ""),
        web.length_of(response),
    )


def _range_start(response: requests.Response) -> int | None:
    found = re.match(r"bytes ([0-9]{1,18})-", response.headers.get("Content-Range", ""))
    return int(found[1]) if found else None


def _total(response: requests.Response, have: int) -> int | None:
    found = re.search(r"/([0-9]{1,18})$", response.headers.get("Content-Range", ""))
    length = web.length_of(response)
    if found:
        return int(found[1])
    return have + length if length is not None else None
