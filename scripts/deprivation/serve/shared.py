"""What the paths of the API share: the snapshot of a request, caching, parameters."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Iterable
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.responses import Response

from deprivation.serve.problems import ProblemError, json_response


class Now:
    """The snapshot that a request is answered from, to its end."""

    __slots__ = ("answers", "snapshot")

    def __init__(self, request: Request):
        self.snapshot, self.answers = request.app.state.shared.now()

    def known(self) -> dict[str, Any]:
        release = self.snapshot.release
        return {"release": release.directory, "is_synthetic": release.is_synthetic}

    def cached(self) -> dict[str, str]:
        """Headers of an answer that stays the same until the file is refreshed."""
        return {
            "etag": f'W/"{self.snapshot.release.tag}"',
            "cache-control": "public, max-age=60, must-revalidate",
        }

    def answer(self, document: dict[str, Any]) -> Response:
        return json_response(document | self.known(), headers=self.cached())


async def now(request: Request) -> Now:
    return Now(request)


Asked = Annotated[Now, Depends(now)]
MOST_EDITIONS = 20
EDITION_HELP = "2019, nearest:2019, several by comma or repeated; the newest where left out"


def edition_words(given: list[str] | str | int | None) -> list[str]:
    """`2019,2025` or [2019, 2025] -> [2019, 2025], each once."""
    words = [str(one) for one in (given if isinstance(given, list) else [given]) if one is not None]
    parts = [part.strip() for word in words for part in word.split(",")]
    found = list(dict.fromkeys(part for part in parts if part))
    if len(found) > MOST_EDITIONS:
        raise ProblemError(422, f"more than {MOST_EDITIONS} editions")
    return found


def check_known(names: Iterable[str], known: Collection[str]) -> None:
    """Raises ProblemError for a parameter that there is not: misspelt, it would be passed over."""
    strange = next((name for name in names if name not in known), None)
    if strange is not None:
        there = f"there is {', '.join(known)}" if known else "it takes none"
        raise ProblemError(422, f"no parameter {strange[:40]!r}; {there}")


async def only_known(request: Request) -> None:
    """Of a path: only the parameters that its function takes."""
    if request.query_params:
        taken = inspect.signature(request.scope["endpoint"]).parameters
        others = ("now", "request", *request.path_params)
        check_known(request.query_params, [name for name in taken if name not in others])
