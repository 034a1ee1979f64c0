"""The seeds as the commands read them; dbt reads the same files."""

from __future__ import annotations

import csv

from deprivation.settings import PROJECT

SEEDS = PROJECT / "seeds"


def read_seed(name: str) -> list[dict[str, str]]:
    """The rows of seeds/<name>.csv as text."""
    with (SEEDS / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def edition_names(required: bool = False) -> list[str]:
    """`England 2019`, ...: all that can be built, or those that every build needs by default."""
    return [
        f"{row['nation']} {row['edition']}"
        for row in read_seed("published_editions")
        if not required or row["is_required"] == "true"
    ]
