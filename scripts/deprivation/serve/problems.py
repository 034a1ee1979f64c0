"""Answers in JSON, and errors as problem documents (RFC 9457)."""

from __future__ import annotations

import datetime
import re
from http import HTTPStatus
from typing import Any

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from deprivation.errors import ExpectedError

PROBLEM = "application/problem+json"
OPTION = re.compile(r"--([a-z][a-z-]*)")


class ProblemError(Exception):
    """An error with a status of its own. more: further members of the document."""

    def __init__(self, status: int, detail: str, **more: Any):
        super().__init__(detail)
        self.status, self.detail, self.more = status, detail, more


def json_response(
    document: Any, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    return Response(_dumps(document), status, headers, "application/json")


def problem_document(
    status: int, detail: str, headers: dict[str, str] | None = None, **more: Any
) -> Response:
    """more: members beside those of the standard; they come first, for people who read it."""
    document = more | {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": whole_text(detail),
    }
    return Response(_dumps(document), status, headers, PROBLEM)


def api_words(text: str) -> str:
    """A message of a command for those who use no command: --summary-by is summary_by."""
    return OPTION.sub(lambda found: found[1].replace("-", "_"), text)


def whole_text(text: str) -> str:
    """Text from JSON; halves of characters, which no UTF-8 has, are replaced by ?."""
    return text.encode("utf-8", "replace").decode()


def _dumps(document: Any) -> bytes:
    return orjson.dumps(document, default=_plain, option=orjson.OPT_NON_STR_KEYS)


def _plain(value: Any) -> Any:
    if isinstance(value, (datetime.date, datetime.datetime)):
        return value.isoformat()
    raise TypeError(type(value).__name__)


def add_handlers(app: FastAPI) -> None:
    """Every error of `app` becomes a problem document; none holds a value that was sent."""

    @app.exception_handler(ProblemError)
    async def told(_: Request, error: ProblemError) -> Response:
        return problem_document(error.status, error.detail, **error.more)

    @app.exception_handler(ExpectedError)
    async def expected(_: Request, error: ExpectedError) -> Response:
        return problem_document(422, api_words(str(error)))

    @app.exception_handler(HTTPException)
    async def raised(_: Request, error: HTTPException) -> Response:
        headers = dict(error.headers or {})
        return problem_document(error.status_code, str(error.detail), headers)

    @app.exception_handler(RequestValidationError)
    async def refused(_: Request, error: RequestValidationError) -> Response:
        faults = error.errors()
        if any(fault["type"] == "json_invalid" for fault in faults):
            return problem_document(400, "the body is not JSON")
        said = [f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in faults[:5]]
        return problem_document(422, "; ".join(said))
