"""What a map of a place shows: its areas by their boundaries if they are known, else as points."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

import orjson

from deprivation.report import place as reading
from deprivation.report.place import Ask, Place

Degrees = tuple[float, float]  # longitude, latitude


@dataclasses.dataclass(frozen=True)
class Shape:
    """An area: its boundary as GeoJSON, or the point where its postcodes lie on average."""

    decile: int | None
    title: str
    point: Degrees | None = None
    boundary: str = ""


@dataclasses.dataclass(frozen=True)
class AreaMap:
    """shapes: the areas that have a boundary or a point; border: of the place, GeoJSON or empty."""

    shapes: list[Shape]
    border: str = ""

    @property
    def bounded(self) -> int:
        """How many areas are drawn by their boundary."""
        return sum(bool(shape.boundary) for shape in self.shapes)

    def box(self) -> tuple[float, float, float, float]:
        """West, south, east and north of all that is drawn, in degrees."""
        boxes = [(*shape.point, *shape.point) for shape in self.shapes if shape.point]
        drawn = [shape.boundary for shape in self.shapes if shape.boundary]
        for boundary in [*drawn, self.border] if self.border else drawn:
            points = [point for ring in rings_of(boundary) for point in ring]
            longitudes, latitudes = [p[0] for p in points], [p[1] for p in points]
            ends = (min(longitudes), min(latitudes), max(longitudes), max(latitudes))
            boxes.append(ends)
        west, south, east, north = zip(*boxes, strict=True)
        return min(west), min(south), max(east), max(north)


def read_map(
    ask: Ask, place: Place, edition: int, areas: Sequence[tuple[str, int | None, str]]
) -> AreaMap:
    """areas: code, decile, title of each."""
    outlines = boundaries(ask, [code for code, *_ in areas] + [place.code])
    is_whole = all(code in outlines for code, *_ in areas)
    where = {} if is_whole else reading.points(ask, place, edition)
    shapes = []
    for code, decile, title in areas:
        if code in outlines:
            shapes.append(Shape(decile, title, boundary=outlines[code]))
        elif code in where:
            latitude, longitude = where[code]
            shapes.append(Shape(decile, title, (longitude, latitude)))
    return AreaMap(shapes, outlines.get(place.code, ""))


def boundaries(ask: Ask, codes: Sequence[str]) -> dict[str, str]:
    """Code -> boundary as GeoJSON; empty if the file has none (docs/inputs.md)."""
    if not reading.has_table(ask, "boundaries"):
        return {}
    rows = ask(
        f"select code, geometry from boundaries where code in {reading.LISTED}",
        [reading.listed(codes)],
    )
    return {row["code"]: row["geometry"] for row in rows}


def rings_of(boundary: str) -> Iterator[list[Degrees]]:
    """The rings of a Polygon or MultiPolygon, outer ones and holes alike."""
    found = orjson.loads(boundary)
    polygons = [found["coordinates"]] if found["type"] == "Polygon" else found["coordinates"]
    for polygon in polygons:
        yield from polygon
