"""Boundaries published as a shapefile in a zip, converted to GeoJSON."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path

from deprivation.errors import FetchError
from deprivation.fetch.content import check_whole

# Metres by which simplifying may move a line: exact enough for maps of places.
TOLERANCE = 50
PARTS = ("shp", "dbf", "prj")
CODE = re.compile(r"[A-Z]\d{8}")
LONGITUDE_AND_LATITUDE = 4326
# Degrees: about a metre.
PRECISION = 1e-5


def to_geojson(part: Path, columns: Sequence[str], name: str) -> None:
    """Replace the zip `part` with the areas of its shapefile, as GeoJSON.

    Lines are simplified together, so that neighbours still meet; coordinates are degrees (WGS 84),
    to about a metre. columns: names to give the area's code and, if there are two, its name.
    Raises FetchError.
    """
    try:
        import pyproj
        import shapefile  # noqa: F401
        import shapely
    except ImportError as error:
        raise FetchError(
            f"{name}: needs {error.name}: pip install 'postcode-deprivation[boundaries]'"
        ) from None
    check_whole(part, f"{name}.zip", [rf".*\.{suffix}" for suffix in PARTS])
    try:
        records, shapes, projection = _read(part)
        fields = _fields(records, len(columns), name)
        to_degrees = pyproj.Transformer.from_crs(projection, LONGITUDE_AND_LATITUDE, always_xy=True)
        geometries = [shapely.geometry.shape(one.__geo_interface__) for one in shapes]
        simpler = shapely.coverage_simplify(shapely.make_valid(geometries), TOLERANCE)
        degrees = shapely.transform(simpler, to_degrees.transform, interleaved=False)
        rounded = shapely.set_precision(degrees, PRECISION)
        areas = list(zip(records, rounded, strict=True))
    except FetchError:
        raise
    except Exception as error:  # pyshp raises many kinds of error for a damaged file
        raise FetchError(f"{name}: the shapefile cannot be read ({error})") from None
    lines = [
        json.dumps(
            {
                "type": "Feature",
                "properties": {
                    column: record[field] for column, field in zip(columns, fields, strict=True)
                },
                "geometry": shapely.geometry.mapping(geometry),
            }
        )
        for record, geometry in sorted(areas, key=lambda area: area[0][fields[0]])
    ]
    collection = '{"type":"FeatureCollection","features":[\n' + ",\n".join(lines) + "\n]}\n"
    part.write_text(collection, encoding="utf-8")


def _read(part: Path) -> tuple[list[dict], list, str]:
    """Records, shapes and projection of the shapefile in a zip. Raises whatever pyshp raises."""
    import shapefile

    with zipfile.ZipFile(part) as zipped:
        inside = {
            (Path(one).stem.lower(), Path(one).suffix.lower()[1:]): one
            for one in zipped.namelist()
            if "__MACOSX" not in Path(one).parts
        }
        whole = [stem for stem, _ in inside if all((stem, one) in inside for one in PARTS)]
        content = {suffix: zipped.read(inside[whole[0], suffix]) for suffix in PARTS}
    try:
        records, shapes = _contents(content, "utf-8")
    except (UnicodeDecodeError, shapefile.ShapefileException):
        records, shapes = _contents(content, "cp1252")
    return records, shapes, content["prj"].decode()


def _contents(content: dict[str, bytes], encoding: str) -> tuple[list[dict], list]:
    import shapefile

    shp, dbf = io.BytesIO(content["shp"]), io.BytesIO(content["dbf"])
    with shapefile.Reader(shp=shp, dbf=dbf, encoding=encoding) as reader:
        return [record.as_dict() for record in reader.iterRecords()], list(reader.shapes())


def _fields(records: Sequence[dict], wanted: int, name: str) -> list[str]:
    """The field of codes, filled in every area, and the field of names if it is wanted."""
    fields = list(records[0]) if records else []
    codes = [
        field for field in fields if all(CODE.fullmatch(str(record[field])) for record in records)
    ]
    names = [field for field in fields if re.search("name|nm", field, re.IGNORECASE)]
    found = [*codes[:1], *names[: wanted - 1]]
    if len(found) < wanted:
        raise FetchError(
            f"{name}: the shapefile has no field of area {'names' if codes else 'codes'}; its"
            f" fields are {', '.join(fields)}"
        )
    return found
