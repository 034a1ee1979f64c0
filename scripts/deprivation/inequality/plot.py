"""Values against the population ranked by deprivation, with the fitted line, as SVG.

One panel per set: a bar for each group, as wide as its share of the population, and the line whose
rise is the slope index.
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree

import numpy as np

from deprivation.inequality.measures import Groups, Measures, fit, shares

WIDTH, HEIGHT, MARGIN = 640, 320, 56
BAR, LINE, TEXT = "#7fa8c9", "#8c2d04", "#222222"


def plot_of(sets: Sequence[tuple[str, Groups, Measures]]) -> str:
    """An SVG document, one panel for each (name, groups, measures)."""
    svg = ElementTree.Element(
        "svg",
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {WIDTH} {HEIGHT * len(sets)}",
        role="img",
    )
    style = {"font-family": "sans-serif", "font-size": "13", "fill": TEXT}
    for at, (name, groups, measures) in enumerate(sets):
        panel = ElementTree.SubElement(
            svg, "g", transform=f"translate(0 {at * HEIGHT})", attrib=style
        )
        _panel(panel, name, groups, measures)
    return ElementTree.tostring(svg, encoding="unicode")


def _panel(panel: ElementTree.Element, name: str, groups: Groups, measures: Measures) -> None:
    share, middle = shares(groups.population)
    intercept_row, slope_row = fit(groups.population)
    intercept, slope = intercept_row @ groups.value, slope_row @ groups.value
    ends = np.array([intercept, intercept + slope])
    low = min(0.0, groups.value.min(), ends.min())
    high = max(0.0, groups.value.max(), ends.max())
    top, bottom = MARGIN, HEIGHT - MARGIN

    def x(part: float) -> float:
        return MARGIN + part * (WIDTH - 2 * MARGIN)

    def y(value: float) -> float:
        return bottom - (value - low) / ((high - low) or 1) * (bottom - top)

    def text(at_x: float, at_y: float, said: str, anchor: str = "start") -> None:
        place = {"x": f"{at_x:.1f}", "y": f"{at_y:.1f}", "text-anchor": anchor}
        ElementTree.SubElement(panel, "text", place).text = said

    limits = measures.intervals[0]
    text(
        MARGIN,
        24,
        f"{name}: slope index {measures.sii:.3g} ({limits.confidence:.0%} interval"
        f" {limits.sii[0]:.3g} to {limits.sii[1]:.3g})",
    )
    for part, centre, value in zip(share, middle, groups.value, strict=True):
        left, right = x(centre - part / 2), x(centre + part / 2)
        box = {"x": left + 1, "y": min(y(value), y(0)), "width": right - left - 2}
        box["height"] = abs(y(value) - y(0))
        rectangle = {key: f"{number:.1f}" for key, number in box.items()} | {"fill": BAR}
        ElementTree.SubElement(panel, "rect", rectangle)
    line = {"x1": x(0), "y1": y(ends[0]), "x2": x(1), "y2": y(ends[1])}
    ElementTree.SubElement(
        panel,
        "line",
        {key: f"{number:.1f}" for key, number in line.items()},
        stroke=LINE,
        attrib={"stroke-width": "3"},
    )
    text(MARGIN - 6, y(high) + 4, f"{high:.3g}", "end")
    text(MARGIN - 6, y(low) + 4, f"{low:.3g}", "end")
    text(MARGIN, bottom + 22, "most deprived")
    text(WIDTH - MARGIN, bottom + 22, "least deprived", "end")
    text(WIDTH / 2, bottom + 40, "population, ranked by deprivation", "middle")
