"""Boundaries for tests: a square around the middle of each area."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import duckdb

SIDE = 0.01


def square(longitude: float, latitude: float) -> dict:
    corners = [(0, 0), (1, 0), (1, 1), (0, 1), (0, 0)]
    ring = [[longitude + SIDE * x, latitude + SIDE * y] for x, y in corners]
    return {"type": "Polygon", "coordinates": [ring]}


def collection(squares: dict[str, dict], column: str = "LSOA21CD") -> str:
    """GeoJSON as a boundary service gives it."""
    features = [
        {"type": "Feature", "properties": {"LAD22CD": "E06000001", column: code}, "geometry": shape}
        for code, shape in squares.items()
    ]
    return json.dumps({"type": "FeatureCollection", "features": features})


def with_boundaries(warehouse: Path, database: Path, lad: str) -> list[str]:
    """Copy the published file, with boundaries of a local authority and of every other area of it
    in 2025; these areas' codes.
    """
    shutil.copy(warehouse, database)
    with duckdb.connect(str(database)) as connection:
        rows = connection.execute(
            "select area_code, longitude, latitude from local_quantiles"
            " inner join areas using (nation, edition, area_code)"
            " where geography = 'lad' and geography_code = $1 and edition = 2025"
            " and index_code = 'imd' and latitude is not null order by 1",
            [lad],
        ).fetchall()
        chosen = rows[::2]
        squares = [(code, square(*place)) for code, *place in [(lad, *rows[0][1:]), *chosen]]
        connection.execute("create table boundaries (code varchar, geometry varchar)")
        connection.executemany(
            "insert into boundaries values ($1, $2)",
            [(code, json.dumps(shape)) for code, shape in squares],
        )
    return [code for code, *_ in chosen]
