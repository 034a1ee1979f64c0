"""Charts as SVG, each drawn from the rows of the table next to it.

Nothing is shown by colour alone: every bar has its number, every point of the map its title.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from markupsafe import Markup, escape

from deprivation.report.area_map import AreaMap, Degrees, rings_of

# Decile 1, the most deprived, is dark; lightness falls evenly, so that the order shows without hue.
COLOURS = (
    "#1d1147",
    "#35206e",
    "#4a3d8f",
    "#4d5da3",
    "#4276a8",
    "#4a9ab3",
    "#62b6b0",
    "#8fcfa7",
    "#c4e3a5",
    "#f3f3b5",
)
UNKNOWN = "#8a8a8a"
INK, LINE = "#222222", "#767676"
# The smallest step drawn on a map, in its units: the map is 630 wide.
STEP = 1.2


def colour(decile: int | None) -> str:
    return COLOURS[decile - 1] if decile else UNKNOWN


def ink_on(decile: int) -> str:
    """A text colour that can be read on a decile's colour."""
    return "#ffffff" if decile <= 5 else INK


def _svg(width: float, height: float, label: str, body: list[Markup]) -> Markup:
    return Markup(
        '<svg viewBox="0 0 {} {}" role="img" aria-label="{}" class="chart"'
        ' style="max-width:{}px">{}</svg>'
    ).format(_n(width), _n(height), label, _n(width), Markup("").join(body))


def _n(value: float) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".")


def _text(x: float, y: float, text: object, anchor: str = "start", fill: str = INK) -> Markup:
    return Markup('<text x="{}" y="{}" text-anchor="{}" fill="{}">{}</text>').format(
        _n(x), _n(y), anchor, fill, text
    )


def _rect(x: float, y: float, width: float, height: float, fill: str) -> Markup:
    return Markup(
        '<rect x="{}" y="{}" width="{}" height="{}" fill="{}" stroke="{}" stroke-width="0.6"/>'
    ).format(_n(x), _n(y), _n(max(width, 0)), _n(max(height, 0)), fill, LINE)


def decile_columns(rows: Sequence[Mapping[str, Any]], label: str) -> Markup:
    """Columns by decile: share of areas and, if known, share of people.

    rows: decile, share_of_areas, share_of_population (or None).
    """
    has_people = any(row["share_of_population"] is not None for row in rows)
    highest = max(
        [0.1, *(row["share_of_areas"] for row in rows)]
        + [row["share_of_population"] or 0 for row in rows]
    )
    body: list[Markup] = []
    for number, row in enumerate(rows):
        left = 6 + number * 62
        shares = [row["share_of_areas"]] + ([row["share_of_population"] or 0] if has_people else [])
        width = 54 / len(shares)
        for place, share in enumerate(shares):
            height = 150 * share / highest
            x = left + place * width
            body.append(_rect(x, 170 - height, width - 2, height, colour(row["decile"])))
            body.append(_text(x + width / 2, 165 - height, f"{share:.0%}", "middle"))
        body.append(_text(left + 27, 186, row["decile"], "middle"))
    body.append(_text(6, 202, "1 = most deprived tenth of the nation's areas"))
    if has_people:
        body.append(_text(624, 202, "left: areas, right: people", "end"))
    return _svg(630, 208, label, body)


def bars(
    rows: Sequence[tuple[str, float | None, str]], label: str, most: float, tone: int = 3
) -> Markup:
    """Horizontal bars, each under its name. rows: name, value up to `most`, text at the bar's end.

    tone: the decile whose colour all bars have; 0 for each bar's own value.
    """
    body: list[Markup] = []
    for number, (name, value, text) in enumerate(rows):
        y = 4 + number * 38
        body.append(_text(2, y + 11, name))
        length = 370 * (value or 0) / most if most else 0
        fill = colour(tone or (int(value) if value else None))
        body.append(_rect(2, y + 15, length, 16, fill))
        body.append(_text(8 + length, y + 28, text))
    return _svg(430, 4 + 38 * len(rows), label, body)


def edition_line(rows: Sequence[tuple[str, int | None, str]], label: str) -> Markup:
    """Deciles over editions, from 1 (most deprived, at the top) to 10, one point per edition."""
    body: list[Markup] = []
    for decile in range(1, 11):
        y = 12 + decile * 16
        body.append(Markup('<line x1="34" x2="620" y1="{0}" y2="{0}" stroke="#dddddd"/>').format(y))
        body.append(_text(26, y + 4, decile, "end"))
    step = 560 / max(len(rows), 1)
    points = []
    for number, (name, decile, text) in enumerate(rows):
        x = 48 + step * (number + 0.5)
        body.append(_text(x, 196, name, "middle"))
        if decile:
            points.append((x, 12 + decile * 16, decile, text))
    if len(points) > 1:
        way = " ".join(f"{_n(x)},{_n(y)}" for x, y, *_ in points)
        body.append(Markup('<polyline points="{}" fill="none" stroke="#555"/>').format(way))
    for x, y, decile, text in points:
        body.append(
            Markup(
                '<circle cx="{}" cy="{}" r="10" fill="{}" stroke="{}"><title>{}</title></circle>'
            ).format(_n(x), _n(y), colour(decile), LINE, text)
        )
        body.append(_text(x, y + 4, decile, "middle", ink_on(decile)))
    return _svg(630, 202, label, body)


def area_map(areas: AreaMap, label: str) -> Markup:
    """Areas in the colours of their deciles: by boundary, or as points. North is up."""
    if not areas.shapes:
        return Markup("")
    west, south, east, north = areas.box()
    shrink = math.cos(math.radians((south + north) / 2))
    tall, wide = max(north - south, 1e-3), max((east - west) * shrink, 1e-3)
    scale = min(590 / wide, 420 / tall)
    radius = min(9.0, max(1.6, 0.32 * math.sqrt(wide * tall * scale * scale / len(areas.shapes))))
    left = (630 - wide * scale) / 2

    def at(point: Degrees) -> tuple[float, float]:
        return left + (point[0] - west) * shrink * scale, 14 + (north - point[1]) * scale

    body = []
    # Points last, so that no area hides them.
    for shape in sorted(areas.shapes, key=lambda shape: shape.point is not None):
        if shape.point:
            x, y = at(shape.point)
            start = Markup('<circle cx="{}" cy="{}" r="{}"').format(_n(x), _n(y), _n(radius))
        else:
            way = _way(map(at, ring) for ring in rings_of(shape.boundary))
            start = Markup('<path d="{}" fill-rule="evenodd"').format(way)
        body.append(
            start
            + Markup(' fill="{}" stroke="{}" stroke-width="0.5"><title>{}</title></{}>').format(
                colour(shape.decile), LINE, shape.title, "circle" if shape.point else "path"
            )
        )
    if areas.border:
        way = _way(map(at, ring) for ring in rings_of(areas.border))
        body.append(Markup('<path d="{}" fill="none" stroke="{}"/>').format(way, INK))
    return _svg(630, tall * scale + 28, label, body)


def _way(rings: Iterable[Iterable[tuple[float, float]]]) -> str:
    """The rings as an SVG path, without corners too close together to be seen (STEP)."""
    parts = []
    for ring in rings:
        corners = list(ring)
        kept = corners[:1]
        for x, y in corners[1:]:
            if abs(x - kept[-1][0]) + abs(y - kept[-1][1]) >= STEP:
                kept.append((x, y))
        if len(kept) < 4:  # a tiny ring keeps all its corners
            kept = corners
        parts.append(f"M{' '.join(f'{_n(x)},{_n(y)}' for x, y in kept)}Z")
    return "".join(parts)


def legend() -> Markup:
    """The ten colours with their numbers."""
    boxes = Markup("").join(
        Markup('<span style="background:{};color:{}">{}</span>').format(
            colour(decile), ink_on(decile), decile
        )
        for decile in range(1, 11)
    )
    return Markup('<p class="legend">Most deprived {} least deprived</p>').format(boxes)


def quintile_columns(rows: Sequence[Mapping[str, Any]], label: str) -> Markup:
    """Columns by quintile and for Unknown, with a line at a fifth, the nation's share.

    rows: name (1 to 5 or Unknown), share.
    """
    highest = max([0.2, *(row["share"] for row in rows)]) * 1.05
    body: list[Markup] = []
    for number, row in enumerate(rows):
        x, height = 16 + number * 102, 150 * row["share"] / highest
        is_known = str(row["name"]).isdigit()
        decile = int(row["name"]) * 2 - 1 if is_known else None
        body.append(_rect(x, 170 - height, 84, height, colour(decile)))
        # Inside the column where there is room, so that the line does not cross it.
        is_tall = height > 24
        y = 187 - height if is_tall else 164 - height
        ink = ink_on(decile or 10) if is_tall else INK
        body.append(_text(x + 42, y, f"{row['share']:.1%}", "middle", ink))
        body.append(_text(x + 42, 186, escape(row["name"]), "middle"))
    y = _n(170 - 150 * 0.2 / highest)
    body.append(
        Markup(
            '<line x1="10" x2="522" y1="{0}" y2="{0}" stroke="#b00020" stroke-dasharray="5 3"/>'
        ).format(y)
    )
    body.append(_text(624, float(y) - 4, "the nation: 20%", "end", "#b00020"))
    body.append(_text(16, 202, "quintile; 1 = most deprived fifth"))
    return _svg(630, 208, label, body)
