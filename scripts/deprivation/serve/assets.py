"""Files of the page and of /docs, served from here: no request leaves the host."""

from __future__ import annotations

import gzip
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from starlette.exceptions import HTTPException

router = APIRouter()
FOLDER = Path(__file__).parent / "static"
MEDIA_TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".css": "text/css"}
# By name, so that a path in a request is never a path on disk; large ones are kept compressed.
FILES = {
    path.name.removesuffix(".gz"): path
    for path in sorted(FOLDER.iterdir())
    if Path(path.name.removesuffix(".gz")).suffix in MEDIA_TYPES
}
DOCS = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Deprivation API</title>
<link rel="stylesheet" href="static/swagger-ui.css">
</head>
<body>
<div id="docs"></div>
<script src="static/swagger-ui-bundle.js"></script>
<script src="static/docs.js"></script>
</body>
</html>
"""


@router.get("/static/{name}", include_in_schema=False)
async def static(name: str, request: Request) -> Response:
    path = FILES.get(name)
    if path is None:
        raise HTTPException(404, "no such file")
    data = path.read_bytes()
    headers = {"cache-control": "public, max-age=3600", "vary": "Accept-Encoding"}
    if path.suffix == ".gz":
        if "gzip" in request.headers.get("accept-encoding", ""):
            headers["content-encoding"] = "gzip"
        else:
            data = gzip.decompress(data)
    return Response(data, 200, headers, MEDIA_TYPES[Path(name).suffix])


@router.get("/docs", include_in_schema=False)
async def docs() -> Response:
    return HTMLResponse(DOCS)
