"""One address on the web -> one whole file, or the reason why not.

    NAME.part         the bytes so far, kept when a download breaks
    NAME.part.json    what they are part of: address, ETag, Last-Modified
    NAME              the whole file: put there by the caller, in one rename

A broken download goes on where it stopped if the server still has the same version (If-Range),
and from the start if it cannot tell.
"""

from __future__ import annotations

import dataclasses
import datetime
import email.utils
import hashlib
import json
import os
import re
import urllib.parse
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import requests
import tenacity

from deprivation.errors import InputError

# What came of a block before the connection broke is lost: a small one.
BLOCK = 1 << 14
RETRIED = {408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 524}
IDENTITY = {"Accept-Encoding": "identity", "User-Agent": "postcode-deprivation/0.1"}
ZIPPED = {".zip", ".ods", ".xlsx"}
# A broken attempt that brought this much is not counted against the number of attempts.
PROGRESS = 1 << 20

Watch = Callable[[int, "int | None"], None]
Say = Callable[[str], None]


class FetchError(InputError):
    """A file that could not be had, or must not be used: the message says which and why."""


@dataclasses.dataclass(frozen=True)
class Patience:
    """How long to go on: attempts in a row without progress, and waits in seconds."""

    attempts: int = 6
    first_wait: float = 2.0
    longest_wait: float = 120.0
    silence: float = 60.0


@dataclasses.dataclass(frozen=True)
class Version:
    """What a server says of the version of a file; empty where it says nothing."""

    etag: str = ""
    last_modified: str = ""
    bytes: int | None = None

    @property
    def is_known(self) -> bool:
        return bool(self.etag or self.last_modified)

    @property
    def if_range(self) -> str:
        """A value that makes a server send the rest of this very version, or empty."""
        return self.last_modified if self.etag.startswith("W/") else self.etag or self.last_modified


class PassingError(Exception):
    """A failure that may pass. wait: seconds that the server asks for, if it does."""

    def __init__(self, reason: str, wait: float = 0):
        super().__init__(reason)
        self.wait = wait


def unchanged(session: requests.Session, address: str, known: Version, patience: Patience) -> bool:
    """True if `address` still has the version `known`: one request, no content read.

    Raises FetchError if the server does not answer.
    """
    conditions = {"If-None-Match": known.etag, "If-Modified-Since": known.last_modified}
    headers = IDENTITY | {name: value for name, value in conditions.items() if value}

    def ask() -> bool:
        with _get(session, address, headers, patience) as response:
            return response.status_code == 304 or version_of(response) == known

    return known.is_known and _patiently(ask, address, patience)


def get_json(session: requests.Session, address: str, patience: Patience) -> dict:
    """A small JSON answer. Raises FetchError if there is none."""

    def ask() -> dict:
        with _get(session, address, IDENTITY, patience) as response:
            try:
                answer = response.json()
            except ValueError:
                raise FetchError(f"{address}: the answer is not JSON") from None
        if not isinstance(answer, dict) or "error" in answer:
            raise FetchError(f"{address}: the answer is an error: {str(answer)[:200]}")
        return answer

    return _patiently(ask, address, patience)


def download(
    session: requests.Session,
    address: str,
    part: Path,
    patience: Patience,
    watch: Watch = lambda done, total: None,
    say: Say = lambda text: None,
) -> Version:
    """Get all of `address` into `part`, going on with what is there of the same version.

    watch(done, total) is told the bytes there are and, if known, that there will be. Raises
    FetchError for an address that does not exist, an answer that is not a file, and when patience
    has run out; OSError for a disk that is full or cannot be written to, with `part` removed.
    """
    fruitless = 0

    def attempt() -> Version:
        nonlocal fruitless
        before = part.stat().st_size if part.exists() else 0
        try:
            return _attempt(session, address, part, patience, watch)
        except PassingError:
            after = part.stat().st_size if part.exists() else 0
            fruitless = 0 if after - before >= PROGRESS else fruitless + 1
            raise

    return _patiently(attempt, address, patience, say, lambda: fruitless)


def check_whole(part: Path, name: str, ends_its_last_row: bool = True) -> None:
    """Raises FetchError if a file that came in full is not what `name` says, or is damaged.

    ends_its_last_row: the publisher's CSV files of this kind end in a line end.
    """
    suffix = Path(name).suffix.lower()
    try:
        if suffix in ZIPPED:
            with zipfile.ZipFile(part) as zipped:
                damaged = zipped.testzip()
            if damaged:
                raise FetchError(f"{name}: the zip is damaged ({damaged}); nothing was changed")
        elif suffix == ".csv":
            _check_text(part, name, ends_its_last_row)
    except (zipfile.BadZipFile, EOFError, zlib.error) as error:
        raise FetchError(f"{name}: the zip is damaged or cut off ({error})") from None


def _check_text(part: Path, name: str, ends_its_last_row: bool) -> None:
    with part.open("rb") as file:
        _refuse_page(file.read(1 << 12), "", name)
        if not file.tell():
            raise FetchError(f"{name}: the file is empty")
        file.seek(-1, os.SEEK_END)
        if ends_its_last_row and file.read(1) != b"\n":
            raise FetchError(f"{name}: the last row is cut off")


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file as 64 hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def note_of(part: Path) -> Path:
    """The file beside `part` that says what it is part of."""
    return part.with_name(part.name + ".json")


def discard(part: Path) -> None:
    """Remove a part and its note."""
    part.unlink(missing_ok=True)
    note_of(part).unlink(missing_ok=True)


# One attempt ------------------------------------------------------------------------------------


def _attempt(
    session: requests.Session, address: str, part: Path, patience: Patience, watch: Watch
) -> Version:
    have, known = _have(part, address)
    headers = dict(IDENTITY)
    if have:
        headers |= {"Range": f"bytes={have}-", "If-Range": known.if_range}
    with _get(session, address, headers, patience) as response:
        if response.status_code == 416:
            if have == known.bytes:
                return known
            discard(part)
            raise PassingError("the server has less than was there before; from the start")
        goes_on = response.status_code == 206 and _range_start(response) == have
        if response.status_code == 206 and not goes_on:
            discard(part)
            raise PassingError("the server sent another part than was asked for; from the start")
        if not goes_on:
            have = 0
        total = _total(response, have)
        version = dataclasses.replace(version_of(response), bytes=total)
        try:
            if not have:
                note_of(part).write_text(
                    json.dumps({"address": address, **dataclasses.asdict(version)})
                )
            done = _receive(response, address, part, have, total, watch)
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
    """Bytes there are of `address`, and of which version: none if it cannot be gone on with."""
    try:
        note = json.loads(note_of(part).read_text())
        size = part.stat().st_size
    except (OSError, ValueError):
        return 0, Version()
    known = Version(note["etag"], note["last_modified"], note["bytes"])
    if note["address"] != address or not known.if_range:
        return 0, Version()
    return size, known


def _receive(
    response: requests.Response,
    address: str,
    part: Path,
    have: int,
    total: int | None,
    watch: Watch,
) -> int:
    """Add what the server sends to `part`; its size then. Raises PassingError if it breaks off."""
    done = have
    with part.open("ab" if have else "wb") as file:
        try:
            for block in response.iter_content(BLOCK):
                if not done:
                    _refuse_page(block, response.headers.get("Content-Type", ""), address)
                file.write(block)
                done += len(block)
                watch(done, total)
        except requests.RequestException as error:
            why = _reason(error)
            said = f"cut off after {done:,} of {total:,} bytes" if total is not None else "cut off"
            raise PassingError(said if "IncompleteRead" in why else f"{said} ({why})") from None
        file.flush()
        os.fsync(file.fileno())
    return done


def _refuse_page(start: bytes, content_type: str, name: str) -> None:
    """Raises FetchError for a web page, or a message, in the place of a file."""
    text = start[:512].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith((b"<!doctype html", b"<html", b"<?xml")) or "text/html" in content_type:
        title = re.search(rb"<title>(.*?)</title>", start, re.IGNORECASE | re.DOTALL)
        said = f" titled {title[1].decode(errors='replace').strip()!r}" if title else ""
        raise FetchError(f"{name}: a web page{said} came in the place of the file")
    if text.startswith(b"{"):
        said = start[:200].decode(errors="replace")
        raise FetchError(f"{name}: a message came in the place of the file: {said}")


def version_of(response: requests.Response) -> Version:
    """What the headers of a whole answer say."""
    length = response.headers.get("Content-Length", "")
    return Version(
        response.headers.get("ETag", ""),
        response.headers.get("Last-Modified", ""),
        int(length) if length.isdigit() else None,
    )


def name_of(address: str) -> str:
    """The last part of an address, as a file name."""
    return Path(urllib.parse.unquote(urllib.parse.urlparse(address).path)).name


def _range_start(response: requests.Response) -> int | None:
    found = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    return int(found[1]) if found else None


def _total(response: requests.Response, have: int) -> int | None:
    if response.headers.get("Content-Encoding", "identity") != "identity":
        return None
    found = re.search(r"/(\d+)$", response.headers.get("Content-Range", ""))
    if found:
        return int(found[1])
    length = response.headers.get("Content-Length", "")
    return have + int(length) if length.isdigit() else None


# Requests and patience --------------------------------------------------------------------------


def _get(
    session: requests.Session, address: str, headers: dict[str, str], patience: Patience
) -> requests.Response:
    """A file or "not modified". Raises PassingError or FetchError for any other answer."""
    try:
        response = session.get(
            address, headers=headers, stream=True, timeout=(20, patience.silence)
        )
    except (ValueError, requests.exceptions.InvalidSchema) as error:  # no address at all
        raise FetchError(f"{address}: {error}") from None
    except requests.exceptions.TooManyRedirects:
        raise FetchError(f"{address}: redirected without end") from None
    except requests.RequestException as error:
        raise PassingError(_reason(error)) from None
    status = response.status_code
    if status in (200, 206, 304, 416):
        return response
    response.close()
    if status in RETRIED:
        raise PassingError(f"{status} {response.reason}", _retry_after(response))
    gone = "; the publisher has moved or withdrawn it" if status in (404, 410) else ""
    raise FetchError(f"{address}: {status} {response.reason}{gone}")


def _retry_after(response: requests.Response) -> float:
    """Seconds that the server asks to wait, given as a number or as a date."""
    asked = response.headers.get("Retry-After", "")
    if asked.isdigit():
        return float(asked)
    try:
        then = email.utils.parsedate_to_datetime(asked)
    except (TypeError, ValueError):
        return 0.0
    return max(0.0, (then - datetime.datetime.now(datetime.timezone.utc)).total_seconds())


def _reason(error: Exception) -> str:
    """The innermost cause of a requests exception, in few words."""
    while True:
        inner = getattr(error, "reason", None) or error.__cause__ or error.__context__
        if not isinstance(inner, Exception):
            break
        error = inner
    return re.sub(r"^.*?object at 0x[0-9a-f]+>[:,] ", "", str(error)) or type(error).__name__


def _patiently(
    ask: Callable,
    address: str,
    patience: Patience,
    say: Say = lambda text: None,
    fruitless: Callable[[], int] | None = None,
):
    """Ask until it works, with growing waits. Raises FetchError when patience has run out."""
    growing = tenacity.wait_exponential(
        multiplier=patience.first_wait, max=patience.longest_wait
    ) + tenacity.wait_random(0, patience.first_wait / 2)

    def wait(state: tenacity.RetryCallState) -> float:
        return max(growing(state), state.outcome.exception().wait)

    def out_of_patience(state: tenacity.RetryCallState) -> bool:
        tried = fruitless() if fruitless else state.attempt_number
        return tried >= patience.attempts or (
            state.outcome.exception().wait > patience.longest_wait
        )

    def tell(state: tenacity.RetryCallState) -> None:
        say(f"{state.outcome.exception()}; again in {state.next_action.sleep:.0f} s")

    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(PassingError),
        wait=wait,
        stop=out_of_patience,
        before_sleep=tell,
    )
    try:
        return retrying(ask)
    except tenacity.RetryError as error:
        last = error.last_attempt.exception()
        asked = f" (the server asks to wait {last.wait:,.0f} s)" if last.wait else ""
        times = error.last_attempt.attempt_number
        raise FetchError(f"{address}: {last}{asked}, after {times} attempts") from None
