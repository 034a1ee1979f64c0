"""The page for people: made here from the templates of the report, and whole without scripts.

Scripts add suggestions, a map that moves, and files that are dropped (static/page.js).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from deprivation.errors import InputError
from deprivation.report import place as reading
from deprivation.report.content import gather
from deprivation.report.place import parse_place
from deprivation.report.render import templates
from deprivation.serve.postcodes_api import LONGEST
from deprivation.serve.problems import json_response
from deprivation.serve.shared import Asked, Now

router = APIRouter()
WORDS = (
    "in the most deprived tenth",
    "in the second most deprived tenth",
    "in the third most deprived tenth",
    "in the fourth most deprived tenth",
    "just on the more deprived side of the middle",
    "just on the less deprived side of the middle",
    "in the fourth least deprived tenth",
    "in the third least deprived tenth",
    "in the second least deprived tenth",
    "in the least deprived tenth",
)
FOUND_MOST = 30


@router.get("/", include_in_schema=False)
async def page(
    now: Asked,
    request: Request,
    q: Annotated[str, Query(max_length=LONGEST)] = "",
    place: Annotated[str, Query(max_length=LONGEST)] = "",
    edition: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """q: a postcode or a part of a place's name; place: `lad:E06000018`."""
    known = await run_in_threadpool(_about, now, q.strip(), place.strip(), edition.strip())
    template = templates().get_template("page.html.j2")
    text = template.render(base_map=request.app.state.shared.base_map, **known)
    return HTMLResponse(text, known["status"], headers={"cache-control": "no-cache"})


def _about(now: Now, q: str, place: str, edition: str) -> dict[str, Any]:
    years = sorted({year for held in now.snapshot.held.values() for year in held}, reverse=True)
    known: dict[str, Any] = {
        "q": q,
        "edition": edition,
        "years": years,
        "release": now.snapshot.release,
        "problem": "",
        "answer": None,
        "history": [],
        "content": None,
        "found": [],
        "words": WORDS,
        "status": 200,
    }
    try:
        if place:
            year = int(edition) if edition.isdigit() else None
            known["content"] = gather(now.snapshot.rows, *parse_place(place), year)
        elif q:
            known |= _postcode_or_places(now, q, edition)
    except InputError as error:
        known |= {"problem": str(error), "status": 404}
    return known


def _postcode_or_places(now: Now, q: str, edition: str) -> dict[str, Any]:
    asked = now.answers.editions([edition] if edition else [])
    answer = now.answers.one(q, asked)
    if answer.status in ("partial", "invalid"):
        found = reading.places(now.snapshot.rows, None, q)[:FOUND_MOST]
        if found:
            return {"found": found}
    document = answer.plain()
    if answer.code != 200:
        return {"problem": answer.document["message"], "status": answer.code, "missed": document}
    nation = document["metadata"]["nation"]
    every = [str(year) for year in now.snapshot.held.get(nation, [])]
    history = now.answers.one(q, now.answers.editions(every))
    return {
        "answer": document,
        "history": history.plain().get("answers", [document]) if len(every) > 1 else [document],
    }


@router.get("/page/map", include_in_schema=False)
def shapes(
    now: Asked,
    place: Annotated[str, Query(max_length=LONGEST)],
    edition: int | None = None,
) -> Response:
    """The areas of a place as GeoJSON, for the map; `border` is the place's own boundary."""
    found = gather(now.snapshot.rows, *parse_place(place), edition).map
    # A boundary is JSON already.
    features = [
        {
            "type": "Feature",
            "geometry": orjson.Fragment(shape.boundary)
            if shape.boundary
            else {"type": "Point", "coordinates": shape.point},
            "properties": {"decile": shape.decile, "title": shape.title},
        }
        for shape in found.shapes
    ]
    border = orjson.Fragment(found.border) if found.border else None
    document = {"type": "FeatureCollection", "features": features, "border": border}
    return json_response(document, headers=now.cached())


Count = Annotated[int, Field(ge=0, le=10**12)]
Quintile = Literal["1", "2", "3", "4", "5", "unknown"]


class Summary(BaseModel):
    """The summary of `enrich` (header X-Deprivation-Summary): counts by name."""

    rows: Count
    statuses: dict[str, Count] = Field(max_length=50)
    quintiles: dict[str, dict[Quintile, Count]] = Field(max_length=100)
    sheets_left_out: list[str] = Field([], max_length=1000)


@router.post("/page/summary", include_in_schema=False)
async def summary(now: Asked, counts: Summary) -> Response:
    """Counts alone, no record, as charts and tables."""
    index, quintiles = next(iter(counts.quintiles.items()), ("", {}))
    total = sum(quintiles.values()) or 1
    bars = [
        {"name": "Unknown" if name == "unknown" else name, "count": n, "share": n / total}
        for name, n in quintiles.items()
    ]
    text = (
        templates()
        .get_template("summary.html.j2")
        .render(counts=counts, index=index, bars=bars, release=now.snapshot.release)
    )
    return HTMLResponse(text, headers={"cache-control": "no-store"})
