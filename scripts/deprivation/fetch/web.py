"""One request to a web server: what counts as an answer, and how long to retry."""

from __future__ import annotations

import dataclasses
import json
import re
import urllib.parse
from collections.abc import Callable
from pathlib import Path

import requests
import tenacity
from urllib3.exceptions import HTTPError
from urllib3.util import Retry

from deprivation.errors import FetchError

# 202: ArcGIS Hub is still making the file.
RETRIED = {202, 408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 524}
HEADERS = {"Accept-Encoding": "identity", "User-Agent": "postcode-deprivation/0.2"}
REDIRECTS = 10
# Bytes of an answer that is read into memory.
LARGEST_ANSWER = 64 << 20
# Query parameters that identify a file; the value of any other may be a secret.
TOLD = {"f", "format", "id", "layers", "q", "release", "sortby", "spatialrefid", "title", "uri"}

Say = Callable[[str], None]


@dataclasses.dataclass(frozen=True)
class Patience:
    """How long to keep trying: attempts in a row without progress, and waits in seconds."""

    attempts: int = 6
    first_wait: float = 2.0
    longest_wait: float = 120.0
    silence: float = 60.0


class PassingError(Exception):
    """A temporary failure. wait: seconds that the server asks for, or 0."""

    def __init__(self, reason: str, wait: float = 0):
        super().__init__(reason)
        self.wait = wait


class Session(requests.Session):
    """Follows a limited number of redirects, and none from https to http."""

    def __init__(self):
        super().__init__()
        self.max_redirects = REDIRECTS

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        target = super().get_redirect_target(resp)
        if target is None:
            return None
        to = urllib.parse.urljoin(resp.url, target)
        if resp.url.lower().startswith("https:") and not to.lower().startswith("https:"):
            raise FetchError(
                f"{told(resp.url)}: redirects to an address that is not https ({told(to)}); not"
                " followed, because the file could be changed on the way"
            )
        return target


def told(address: str) -> str:
    """An address that is safe to print and record: no user, no value that may be a secret.

    >>> told("https://me:secret@host/file.csv?uri=/a&token=b")
    'https://***@host/file.csv?uri=/a&token=***'
    """
    if "://" not in address:  # a path, or an address without https://
        return re.sub(r"[^/\\]*:[^/\\]*@", "***@", address)
    address = re.sub(r"(?<=://)[^/?#]*@", "***@", address)
    before, mark, query = address.partition("?")
    before = re.sub(r";[^/]*", ";***", before)
    pairs = [part.partition("=") for part in query.partition("#")[0].split("&")]
    shown = [
        f"{name}={value}" if name.lower() in TOLD else f"{name}=***"
        for name, _, value in pairs
        if name
    ]
    return before.partition("#")[0] + mark + "&".join(shown)


def check_address(address: str) -> None:
    """Raises FetchError if it is not a web address."""
    try:
        parts = urllib.parse.urlsplit(address)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname)
        is_address = is_address and (parts.port is None or parts.port > 0)
    except ValueError:
        is_address = False
    if not is_address or re.search(r"[\x00-\x20\x7f]", address.strip()):
        raise FetchError(f"{told(address)}: not an address such as https://host/file")


def name_of(address: str) -> str:
    """The last part of an address, as a file name. Raises FetchError as check_address does."""
    check_address(address)
    return Path(urllib.parse.unquote(urllib.parse.urlsplit(address).path)).name


def get(
    session: requests.Session, address: str, headers: dict[str, str], patience: Patience
) -> requests.Response:
    """A response with a file, not read yet, or "not modified".

    Raises PassingError or FetchError for any other response, and for a compressed one: neither
    its length nor its hash could be checked.
    """
    check_address(address)
    try:
        response = session.get(
            address, headers=headers, stream=True, timeout=(20, patience.silence)
        )
    except requests.exceptions.TooManyRedirects:
        raise FetchError(f"{told(address)}: redirected more than {REDIRECTS} times") from None
    except (ValueError, requests.exceptions.InvalidSchema):
        raise FetchError(
            f"{told(address)}: redirects to something that is not an address"
        ) from None
    except (requests.RequestException, HTTPError, OSError) as error:
        raise PassingError(reason(error)) from None
    status = response.status_code
    if status in (200, 206, 304, 416):
        encoding = response.headers.get("Content-Encoding", "").strip().lower()
        if status in (200, 206) and encoding not in ("", "identity"):
            response.close()
            raise FetchError(
                f"{told(address)}: the answer is compressed ({encoding[:40]}), which was not asked"
                " for; the file cannot be checked"
            )
        return response
    response.close()
    if status in RETRIED:
        raise PassingError(f"{status} {response.reason}", retry_after(response))
    gone = "; the publisher has moved or withdrawn it" if status in (404, 410) else ""
    raise FetchError(f"{told(address)}: {status} {response.reason}{gone}")


def retry_after(response: requests.Response) -> float:
    """Seconds that the server asks to wait, as a number or a date; 0 if it gives neither."""
    try:
        return Retry().parse_retry_after(response.headers["Retry-After"])
    except (KeyError, ValueError, OverflowError, TypeError, HTTPError):
        return 0.0


def length_of(response: requests.Response) -> int | None:
    """The Content-Length; None if it is missing or not a number."""
    length = response.headers.get("Content-Length", "").strip()
    return int(length) if re.fullmatch("[0-9]{1,18}", length) else None


def get_json(session: requests.Session, address: str, patience: Patience) -> dict:
    """A small JSON object. Raises FetchError if the answer is not one, or reports an error.

    ArcGIS reports errors with status 200; temporary ones are retried.
    """

    def ask() -> dict:
        with get(session, address, HEADERS, patience) as response:
            content = _read(response, address)
        try:
            answer = json_of(content)
        except ValueError:
            raise FetchError(f"{told(address)}: the answer is not JSON") from None
        error = answer.get("error") if isinstance(answer, dict) else answer
        code = error.get("code") if isinstance(error, dict) else None
        if isinstance(code, int) and (code == 429 or 500 <= code < 600):
            raise PassingError(f"the answer is an error: {str(error)[:200]}")
        if not isinstance(answer, dict) or "error" in answer:
            raise FetchError(f"{told(address)}: the answer is an error: {str(answer)[:200]}")
        return answer

    return patiently(ask, address, patience)


def json_of(content: bytes):
    """JSON from UTF-8, with or without a byte-order mark. Raises ValueError for anything else."""
    try:
        return json.loads(content.decode("utf-8-sig"))
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _read(response: requests.Response, address: str) -> bytes:
    content = bytearray()
    try:
        for block in response.iter_content(1 << 16):
            content += block
            if len(content) > LARGEST_ANSWER:
                raise FetchError(f"{told(address)}: the answer is over {LARGEST_ANSWER:,} bytes")
    except (requests.RequestException, HTTPError, OSError) as error:
        raise PassingError(reason(error)) from None
    return bytes(content)


def reason(error: Exception) -> str:
    """The innermost cause of a requests exception, in a few words."""
    while True:
        inner = getattr(error, "reason", None) or error.__cause__ or error.__context__
        if not isinstance(inner, Exception):
            break
        error = inner
    return re.sub(r"^.*?object at 0x[0-9a-f]+>[:,] ", "", str(error)) or type(error).__name__


def patiently(
    ask: Callable,
    address: str,
    patience: Patience,
    say: Say = lambda text: None,
    fruitless: Callable[[], int] | None = None,
):
    """Ask until it works, with growing waits. Raises FetchError when the attempts run out."""
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
        say(f"{state.outcome.exception()}; trying again in {state.next_action.sleep:.0f} s")

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
        raise FetchError(f"{told(address)}: {last}{asked}, after {times} attempts") from None
