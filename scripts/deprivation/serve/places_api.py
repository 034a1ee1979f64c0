"""Paths that answer for areas and places, and say what is served."""

from __future__ import annotations

import re
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi import Path as InPath
from fastapi.responses import Response, StreamingResponse

from deprivation.errors import InputError
from deprivation.report import extract, place
from deprivation.serve.problems import ProblemError, json_response
from deprivation.serve.shared import Asked, only_known

router = APIRouter(dependencies=[Depends(only_known)])
CODE = re.compile(r"[A-Z0-9]{3,12}")
MOST = 1000
AREA_MEASURES = ("score", "rank", "decile", "quintile", "areas", "lad_rank", "lad_areas")


def find(now: Asked, geography: str, code: str) -> place.Place:
    """Raises ProblemError 404 for a place that is not in the file.

    geography: `custom` for custom:CODE, whose name may hold what no part of a path does.
    """
    geography, code = geography[:200], code[:200]
    if geography == "custom":
        geography = f"custom:{code}"
    elif not geography.startswith("custom:"):
        code = code.upper()
    try:
        return place.find_place(now.snapshot.rows, geography, code)
    except InputError as error:
        raise ProblemError(404, str(error)) from None


@router.get("/areas/{code}", tags=["areas"], summary="An LSOA, data zone or super output area")
def area(now: Asked, code: Annotated[str, InPath(examples=["E01013961"])]) -> Response:
    """All its indices in each edition, what changed between editions, and its local quantiles."""
    code = code.strip().upper()
    ask = now.snapshot.rows
    rows = (
        ask(
            "select indices.*, editions.title, editions.area_type from area_indices as indices"
            " inner join editions using (nation, edition) where area_code = $1"
            " order by edition desc, index_order",
            [code],
        )
        if CODE.fullmatch(code)
        else []
    )
    if not rows:
        raise ProblemError(404, "no edition in this file has an area of that code")
    local = ask("select * from local_quantiles where area_code = $1 order by geography", [code])
    changes = ask(
        "select * exclude (area_code, nation) from area_changes where area_code = $1"
        " order by edition desc, older_edition desc, index_code",
        [code],
    )
    editions = []
    for edition in dict.fromkeys((row["nation"], row["edition"]) for row in rows):
        of_edition = [row for row in rows if (row["nation"], row["edition"]) == edition]
        first = of_edition[0]
        editions.append(
            {name: first[name] for name in ("nation", "edition", "title", "area_type", "area_name")}
            | {"lad": {"code": first["lad_code"], "name": first["lad_name"]}}
            | {
                "indices": {
                    row["index_code"]: {"label": row["label"], "kind": row["kind"]}
                    | {name: row[name] for name in AREA_MEASURES}
                    for row in of_edition
                },
                "local_quantiles": [
                    {n: v for n, v in row.items() if n not in ("nation", "edition", "area_code")}
                    for row in local
                    if (row["nation"], row["edition"]) == edition
                ],
            }
        )
    document: dict[str, Any] = {"code": code, "name": editions[0]["area_name"]}
    return now.answer(document | {"editions": editions, "changes": changes})


@router.get("/places", tags=["places"], summary="Places, by name or kind")
def places(
    now: Asked,
    q: Annotated[str, Query(description="Part of a name, or a code", max_length=100)] = "",
    geography: Annotated[str | None, Query(examples=["lad"], max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 100,
    offset: Annotated[int, Query(ge=0)] = 0,
) -> Response:
    """Local authorities, regions, integrated care boards ... and areas of your own."""
    if geography:
        try:
            place.check_geography(now.snapshot.rows, geography)
        except InputError as error:
            raise ProblemError(422, str(error)) from None
    found = place.places(now.snapshot.rows, geography, q.strip())
    return now.answer({"count": len(found), "places": found[offset : offset + limit]})


@router.get(
    "/places/{geography}/{code:path}/postcodes.csv",
    tags=["places"],
    summary="The postcodes of a place, as councils publish them",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/csv": {}}}},
)
def postcodes(now: Asked, geography: str, code: str) -> Response:
    """Postcode, ward, LSOA, rank and decile of each edition, latitude, longitude; streamed."""
    found = find(now, geography, code)
    lines = extract.extract_lines(now.snapshot.cursor, found)
    return StreamingResponse(
        lines,
        media_type="text/csv; charset=utf-8",
        headers=now.cached()
        | {
            "content-disposition": 'attachment; filename="postcodes.csv"',
            "x-deprivation-is-synthetic": str(now.snapshot.release.is_synthetic).lower(),
        },
    )


@router.get("/places/{geography}/{code:path}", tags=["places"], summary="A place")
def one(
    now: Asked,
    geography: Annotated[str, InPath(examples=["lad"])],
    code: Annotated[str, InPath(examples=["E06000018"])],
    edition: Annotated[int | None, Query(description="Of the areas; the newest by default")] = None,
) -> Response:
    """Its summary measures by index and edition, its areas, and how many of them and of their
    people are in each decile. Areas are of one nation, the one that most of them lie in.
    """
    ask = now.snapshot.rows
    found = find(now, geography, code)
    summaries = place.summaries(ask, found)
    held = sorted({row["edition"] for row in summaries})
    chosen = edition or held[-1]
    if chosen not in held:
        raise ProblemError(
            422, f"{found.name} has no edition {chosen}; it has {', '.join(map(str, held))}"
        )
    nation = place.nation_of(summaries, chosen)
    areas = place.areas(ask, found, nation, chosen)
    people = place.populations(ask, [row["area_code"] for row in areas], chosen)
    for row in areas:
        row["population"] = people.get(row["area_code"])
    return now.answer(
        {
            "geography": found.geography,
            "code": found.code,
            "name": found.name,
            "summaries": summaries,
            "nation": nation,
            "other_nations": sorted({row["nation"] for row in summaries} - {nation}),
            "edition": chosen,
            "deciles": place.deciles(areas, people),
            "areas": areas,
        }
    )


@router.get("/editions", tags=["about"], summary="The editions served")
def editions(now: Asked) -> Response:
    found = now.snapshot.rows("select * from editions order by nation, edition")
    return now.answer({"editions": found})


@router.get("/sources", tags=["about"], summary="The files that all this was built from")
def sources(now: Asked) -> Response:
    return now.answer({"sources": now.snapshot.rows("select * from sources order by source, 2")})


@router.get("/health", tags=["about"], summary="Whether it serves, and what")
async def health(now: Asked, request: Request) -> Response:
    snapshot = now.snapshot
    return json_response(
        {
            "status": "ok",
            "postcodes": len(snapshot.directory),
            "published_at": snapshot.release.published_at,
            "served_since": request.app.state.shared.served.since,
        }
        | now.known(),
        headers={"cache-control": "no-store"},
    )
