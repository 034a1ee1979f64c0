"""Templates of the report and the page, and the report itself as one HTML file."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from deprivation.lookup import REASONS
from deprivation.report import charts
from deprivation.report.content import MEASURES, Content, measure_text, whole

FOLDER = Path(__file__).parent / "templates"


@functools.cache
def templates() -> Environment:
    """The environment of the templates. Everything put into a template is escaped."""
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        charts=charts,
        MEASURES=MEASURES,
        measure_text=measure_text,
        whole=whole,
        share_bars=share_bars,
        decile_bars=decile_bars,
        history_points=history_points,
        REASONS=REASONS,
        css=Markup((FOLDER / "report.css").read_text("utf-8")),
    )
    return environment


def share_bars(rows: list[dict[str, Any]]) -> list[tuple[str, float | None, str]]:
    """Bars of the share of areas in the most deprived tenth, one per index that has it."""
    shares = [(short(row["label"]), row["proportion_most_deprived"]) for row in rows]
    return [(label, share, f"{share:.1%}") for label, share in shares if share is not None]


def decile_bars(indices: list[dict[str, Any]]) -> list[tuple[str, float | None, str]]:
    return [(short(row["label"]), row["decile"], str(row["decile"])) for row in indices]


def history_points(answers: list[dict[str, Any]]) -> list[tuple[str, int | None, str]]:
    """Answers for one postcode, one per edition, as points of a line."""
    points = []
    for answer in answers:
        year, overall = answer["metadata"]["edition"], answer["overall"] or {}
        decile = overall.get("decile")
        points.append((str(year), decile, f"{year}: decile {decile}"))
    return points


def short(label: str) -> str:
    """A label that fits beside a bar."""
    return label if len(label) <= 34 else f"{label[:32]}..."


def report_html(content: Content) -> str:
    """The whole report, which needs no other file."""
    return templates().get_template("report.html.j2").render(content=content)
