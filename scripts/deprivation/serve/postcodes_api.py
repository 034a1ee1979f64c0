"""Paths that answer for postcodes, and for files of them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi import Path as InPath
from fastapi.responses import Response
from pydantic import BaseModel, Field, StrictInt, StrictStr
from starlette.background import BackgroundTask

from deprivation.serve import commercial, uploads
from deprivation.serve.answers import Answer
from deprivation.serve.problems import (
    PROBLEM,
    ProblemError,
    json_response,
    problem_document,
    whole_text,
)
from deprivation.serve.shared import EDITION_HELP, Asked, Now, check_known, edition_words
from deprivation.serve.snapshot import give_back_memory

router = APIRouter()
MOST = 10_000
# An answer to more than these takes memory that is worth giving back.
MANY = 1000
LONGEST = 200


class PostcodeList(BaseModel, extra="forbid"):
    """postcodes: in any spelling; null is answered as missing."""

    postcodes: list[StrictStr | None] = Field(max_length=MOST, examples=[["NG1 1AA", "m1 1ae"]])
    edition: StrictStr | StrictInt | list[StrictStr | StrictInt] | None = Field(
        None, examples=["2019"]
    )


def respond(answer: Answer, headers: dict[str, str]) -> Response:
    if answer.code == 200:
        return json_response(answer.document, headers=headers)
    return problem_document(answer.code, answer.document["message"], **answer.document)


# Of the path that is asked most, parameters are read by hand: to have them read takes FastAPI as
# long as the answer takes.
PARAMETERS = [
    {"name": "postcode", "in": "path", "required": True, "example": "NG1 1AA"},
    {"name": "edition", "in": "query", "required": False, "description": EDITION_HELP},
]


def whole(text: str | None) -> str:
    """What is longer than LONGEST is no postcode, whatever it begins with."""
    text = whole_text(text or "")
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


@router.get(
    "/postcodes/{postcode:path}",
    tags=["postcodes"],
    summary="Deprivation of one postcode",
    responses={
        404: {
            "description": "No answer: not_found, no_area, outside_coverage",
            "content": {PROBLEM: {}},
        },
        422: {
            "description": "No postcode: partial, pseudo, invalid, missing",
            "content": {PROBLEM: {}},
        },
    },
    openapi_extra={
        "parameters": [one | {"schema": {"type": "string"}} for one in PARAMETERS],
    },
)
async def one(request: Request) -> Response:
    """The document of `deprivation lookup --json`, with where the postcode is, its place within
    local geographies, and a sentence.

    A postcode that is not in the directory is answered by its sector, with the spread of deciles.
    """
    now = Now(request)
    words: list[str] = []
    if request.scope["query_string"]:
        check_known(request.query_params, ["edition"])
        words = request.query_params.getlist("edition")
    asked = now.answers.editions(edition_words(words))
    postcode = whole(request.path_params["postcode"].rstrip("/"))
    return respond(now.answers.one(postcode, asked), now.cached())


@router.post("/postcodes", tags=["postcodes"], summary="Deprivation of up to 10,000 postcodes")
def many(now: Asked, batch: PostcodeList) -> Response:
    """An answer each, in order, as a single one would be; `match_status` says which have none."""
    asked = now.answers.editions(edition_words(batch.edition))
    answers = now.answers.many([whole(text) for text in batch.postcodes], asked)
    document = {"count": len(answers), "answers": [answer.document for answer in answers]}
    answer = json_response(now.known() | document, headers={"cache-control": "no-store"})
    if len(answers) > MANY:
        answer.background = BackgroundTask(give_back_memory)
    return answer


@router.post(
    "/enrich",
    tags=["postcodes"],
    summary="Deprivation beside every record of a file",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "multipart/form-data": {
                    "schema": {
                        "type": "object",
                        "required": ["file", "postcode_column"],
                        "properties": uploads.described(),
                    }
                }
            },
        }
    },
)
async def enrich(request: Request, now: Asked) -> Response:
    """The file comes back with the columns of `deprivation enrich`; every record once, in order.

    The summary by status and quintile is in the header `X-Deprivation-Summary`. The file is kept
    only until it is answered. Sent with an `X-Request-Id` of your own, `GET /enrich/{that id}` says
    meanwhile how far it is.
    """
    answer = await request.app.state.shared.uploads.answer(request)
    answer.headers["x-deprivation-is-synthetic"] = str(now.snapshot.release.is_synthetic).lower()
    return answer


@router.get("/enrich/{request_id}", tags=["postcodes"], summary="How far a file is")
async def progress(
    request: Request,
    request_id: Annotated[str, InPath(max_length=64, examples=["my-upload-1"])],
) -> Response:
    """Of a file that was sent to `POST /enrich` with this `X-Request-Id`: `state` is receiving,
    waiting (for others) or working; `percent` of its rows are done, null where that is not known.
    404 when it is answered.
    """
    found = request.app.state.shared.uploads.progress(request_id)
    return json_response(found, headers={"cache-control": "no-store"})


@router.get("/api/deprivation/", tags=["postcodes"], summary="In the shape of a commercial API")
@router.get("/api/deprivation", include_in_schema=False)
async def commercial_shape(
    now: Asked,
    postcode: Annotated[str, Query(examples=["NG1 1AA"], max_length=LONGEST)] = "",
    edition: Annotated[str | None, Query(examples=["2019"])] = None,
) -> Response:
    """For clients of a commercial one-request API: only the base address changes.

    `score` is the decile, 1 to 10, as it is there, not the index's score. `lad_rank` is that of the
    local authority among those of its nation, 1 the most deprived: by average rank, or where the
    file has no populations by its share of areas in the most deprived tenth.
    """
    words = edition_words(edition)
    if len(words) > 1:
        raise ProblemError(422, "one edition only, as 2019")
    answer = now.answers.one(postcode, now.answers.editions(words))
    if answer.code != 200:
        return respond(answer, {})
    document: dict[str, Any] = commercial.shape(answer.plain(), now.snapshot)
    return json_response(document | now.known(), headers=now.cached())
