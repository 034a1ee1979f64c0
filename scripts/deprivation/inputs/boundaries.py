"""Boundaries of areas and places for maps, if they were fetched: GeoJSON to one Parquet file."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from deprivation.errors import InputError
from deprivation.inputs.directory import CATALOGUE
from deprivation.inputs.found import InputFile, describe, everywhere, files_in

SOURCE = "boundaries"
READY = "boundaries.parquet"
# An area's code: of the ONS (E01000001), of a Scottish data zone (S01000001), of a Northern Irish
# super output area (95AA01S1) or data zone (N20000001).
CODE = re.compile(r"[EWSNKJLM]\d{8}|95[A-Z]{2}\d{2}[A-Z]\d")
# Of several columns of codes, the one of the areas themselves, not of what they lie in.
FIRST = re.compile(r"(LSOA|DATA_?ZONE|DZ|SOA)", re.IGNORECASE)
# Degrees of longitude and latitude that enclose the United Kingdom.
WEST, SOUTH, EAST, NORTH = -9.5, 49.0, 2.5, 61.5
# Decimals kept: about a metre.
DIGITS = 5


def prepare_boundaries(data_dir: Path, prepared: Path) -> Iterator[InputFile]:
    """Write READY (code, geometry as GeoJSON in degrees) if there is a file of boundaries.

    A code in several files gets the boundary in the newest, by the year in the file's name.
    """
    found: dict[str, str] = {}
    for path in sorted(_files(data_dir), key=_newest_first):
        problem, rows = "", None
        try:
            there = outlines_in(path)
            rows = len(there)
            found = there | found
        except InputError as error:
            problem = str(error)
        described = describe(path, data_dir, SOURCE, _year(path), problem)
        yield InputFile(**vars(described) | {"row_count": rows})
    if found:
        import pyarrow as pa  # slow to load, and seldom needed
        import pyarrow.parquet as pq

        codes = sorted(found)
        schema = pa.schema([("code", pa.string()), ("geometry", pa.string())])
        table = pa.table([codes, [found[code] for code in codes]], schema=schema)
        pq.write_table(table, prepared / READY, compression="zstd")


def outlines_in(path: Path) -> dict[str, str]:
    """Code -> geometry in one GeoJSON file. Raises InputError if it is not such a file."""
    try:
        content = json.loads(path.read_bytes())
        features = content["features"]
        column = _column_of_codes(features)
        found = {}
        for feature in features:
            code, geometry = str(feature["properties"].get(column) or ""), feature["geometry"]
            if CODE.fullmatch(code) and geometry:
                found[code] = _text(geometry)
    except _NotDegreesError:
        raise InputError(
            f"{path.name}: its coordinates are not longitude and latitude in the United Kingdom;"
            " get it as GeoJSON in WGS 84"
        ) from None
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError):
        raise InputError(
            f"{path.name}: is not GeoJSON with polygons of areas; fetch it again with `deprivation"
            " fetch --only boundaries`, or move it out of the data folder"
        ) from None
    if not found:
        raise InputError(
            f"{path.name}: no property of its features has area codes, such as E01000001;"
            " move it out of the data folder"
        )
    return found


class _NotDegreesError(Exception):
    """Coordinates of another system, such as the national grid's metres."""


def _text(geometry: dict[str, Any]) -> str:
    """The geometry with coordinates to DIGITS, without points that fall together."""
    kind, parts = geometry["type"], geometry["coordinates"]
    if kind == "Polygon":
        rounded: Any = [_ring(ring) for ring in parts]
    elif kind == "MultiPolygon":
        rounded = [[_ring(ring) for ring in polygon] for polygon in parts]
    else:
        raise ValueError(kind)
    return json.dumps({"type": kind, "coordinates": rounded}, separators=(",", ":"))


def _ring(ring: list[list[float]]) -> list[list[float]]:
    points: list[list[float]] = []
    for longitude, latitude, *_ in ring:
        if not (WEST <= longitude <= EAST and SOUTH <= latitude <= NORTH):
            raise _NotDegreesError
        point = [round(longitude, DIGITS), round(latitude, DIGITS)]
        if not points or point != points[-1]:
            points.append(point)
    # A ring has at least four points, and the last is the same as the first.
    return points if len(points) >= 4 else [[p[0], p[1]] for p in ring]


def _column_of_codes(features: list[dict[str, Any]]) -> str:
    """The property with the areas' codes; empty if there is none."""
    known = features[0]["properties"] if features else {}
    names = [name for name, value in known.items() if CODE.fullmatch(str(value))]
    return min(names, key=lambda name: (not FIRST.match(name), name), default="")


def _files(data_dir: Path) -> list[Path]:
    """Files in the folder `boundaries`, and anywhere else files with a name in the catalogue."""
    with CATALOGUE.open(encoding="utf-8", newline="") as file:
        known = {row["file_name"].lower() for row in csv.DictReader(file) if row["need"] == SOURCE}
    own = list(files_in(data_dir / SOURCE, (".geojson", ".json")))
    names = {name for name in known if name.endswith(".geojson")}
    others = [path for path in everywhere(data_dir) if path.name.lower() in names]
    return [*own, *(path for path in others if path not in own)]


def _year(path: Path) -> str:
    return max(re.findall(r"(?<!\d)20\d\d(?!\d)", path.name.replace("_", " ")), default="")


def _newest_first(path: Path) -> tuple[int, str]:
    return -int(_year(path) or 0), path.name
