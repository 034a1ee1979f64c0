"""Counts and percentages by quintile or decile for each value of a column, as hospitals publish
them.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

BANDS = {"quintile": 5, "decile": 10}
SUPPRESSED = "*"


class Tally:
    """Records by a column's value and by band.

    name: of the column; index, band: imd and quintile, for the column imd_quintile.
    """

    def __init__(self, name: str, index: str = "imd", band: str = "quintile"):
        self.name, self.band = name, f"{index}_{band}"
        # In the order of the table; 0 is Unknown.
        self.groups = {n: str(n) for n in range(1, BANDS[band] + 1)} | {0: "Unknown"}
        self.counts: dict[str, np.ndarray] = {}

    def add(self, values: pa.StringArray, bands: np.ndarray) -> None:
        """One value and one band (0: unknown) a record."""
        encoded = values.fill_null("").dictionary_encode()
        places = encoded.indices.to_numpy() * len(self.groups) + bands
        size = len(encoded.dictionary) * len(self.groups)
        found = np.bincount(places, minlength=size).reshape(-1, len(self.groups))
        for value, counts in zip(encoded.dictionary.to_pylist(), found, strict=True):
            self.counts[value] = self.counts.get(value, 0) + counts

    def table(self, suppress: int = 0, round_to: int = 0) -> list[list[Any]]:
        """A header, and a row for each value and band: records, and percent of the value's.

        Counts from 1 to `suppress` are shown as *; others are rounded to `round_to`. Where only one
        is suppressed and nothing is rounded, the next smallest is too: else it could be reckoned
        from the percentages.
        """
        rows: list[list[Any]] = [[self.name, self.band, "records", "percent"]]
        for value in sorted(self.counts):
            counts = {group: int(self.counts[value][group]) for group in self.groups}
            hidden = {group for group, count in counts.items() if 1 <= count <= suppress}
            if len(hidden) == 1 and not round_to:
                others = [group for group, count in counts.items() if count > suppress]
                hidden |= set(sorted(others, key=lambda group: counts[group])[:1])
            shown = {group: _rounded(count, round_to) for group, count in counts.items()}
            total = _rounded(sum(counts.values()), round_to)
            for group, name in self.groups.items():
                if group in hidden:
                    rows.append([value, name, SUPPRESSED, SUPPRESSED])
                else:
                    share = round(100 * shown[group] / total, 1) if total else 0.0
                    rows.append([value, name, shown[group], share])
        return rows


def _rounded(count: int, round_to: int) -> int:
    """To the nearest multiple, halves up."""
    return (2 * count + round_to) // (2 * round_to) * round_to if round_to else count


def write_table(rows: list[list[Any]], path: Path, title: str = "Summary") -> None:
    """As a workbook if its name says so, else as CSV."""
    if path.suffix == ".xlsx":
        from deprivation.enrich.excel import write_workbook

        return write_workbook(path, title, rows[0], iter(rows[1:]))
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
    return None
