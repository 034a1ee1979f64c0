"""The HTTP API and the page, on one published file that is only read."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import gc
import importlib.metadata
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from urllib.parse import urlsplit

from fastapi import FastAPI, Request
from fastapi.middleware.cors import CORSMiddleware
from fastapi.middleware.gzip import GZipMiddleware

from deprivation.serve import assets, pages, places_api, postcodes_api
from deprivation.serve.answers import Answers
from deprivation.serve.guard import Guard, Limits, Log
from deprivation.serve.problems import add_handlers
from deprivation.serve.snapshot import Served, Snapshot, keep_few_arenas
from deprivation.serve.uploads import Uploads

# Headers of answers that pages of other sites may read.
EXPOSED = (
    *("etag", "retry-after", "content-disposition", "x-request-id"),
    *("x-deprivation-summary", "x-deprivation-is-synthetic"),
)


@dataclasses.dataclass(frozen=True)
class Options:
    """cors: origins that may read the answers in a browser; poll: seconds between two looks for a
    refreshed file; base_map: address of map tiles, with {z}, {x} and {y}.
    """

    database: Path
    cors: tuple[str, ...] = ()
    limits: Limits = dataclasses.field(default_factory=Limits)
    has_log: bool = True
    poll: float = 1.0
    base_map: str | None = None


class State:
    """What requests share. `now()` is to be asked once in a request: it changes with a refresh."""

    def __init__(self, options: Options, log: Callable[..., None]):
        self.served = Served(options.database, log, options.poll)
        self.uploads = Uploads(options.database)
        self.base_map = options.base_map
        self._made: tuple[Snapshot, Answers] | None = None

    def now(self) -> tuple[Snapshot, Answers]:
        snapshot = self.served.snapshot
        made = self._made
        if made is None or made[0] is not snapshot:
            made = self._made = (snapshot, Answers(snapshot))
        return made


def state_of(request: Request) -> State:
    return request.app.state.shared


def create_app(options: Options) -> FastAPI:
    """Raises InputError if the file cannot be used."""
    keep_few_arenas()
    log = Log()
    shared = State(options, log if options.has_log else lambda *_, **__: None)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        shared.now()
        # What is served lives long: not to be looked through at each collection.
        gc.collect()
        gc.freeze()
        shared.served.start()
        yield
        shared.served.stop()

    app = FastAPI(
        title="Deprivation by postcode and place",
        version=importlib.metadata.version("postcode-deprivation"),
        summary="UK indices of deprivation beside every postcode, from one tested file.",
        description="Rank 1, decile 1 and quintile 1 are the most deprived. Every answer says"
        " whether its figures are synthetic (`is_synthetic`).",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.shared = shared
    add_handlers(app)
    for module in (postcodes_api, places_api, pages, assets):
        app.include_router(module.router)
    app.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=2)
    cors = functools.partial(
        CORSMiddleware,
        allow_origins=options.cors,
        allow_methods=["GET", "POST"],
        allow_headers=["content-type", "if-none-match", "x-request-id"],
        expose_headers=EXPOSED,
    )
    if options.cors:
        app.add_middleware(cors)
    tiles = urlsplit(options.base_map or "")
    app.add_middleware(
        Guard,
        limits=options.limits,
        log=log if options.has_log else None,
        tiles=f"{tiles.scheme}://{tiles.netloc}" if tiles.netloc else "",
        **({"cors": cors} if options.cors else {}),
    )
    return app
