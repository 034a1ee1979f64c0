"""What came of a run: records by status, by quintile with an Unknown row, and by edition."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

STATUSES = (
    "matched",
    "matched_terminated",
    "sector",
    "outside_coverage",
    "no_area",
    "not_found",
    "partial",
    "pseudo",
    "invalid",
    "missing",
)


DATE_STATUSES = ("ok", "not_yet_introduced", "terminated", "no_date", "unreadable_date")


class Counts:
    """How many records met each row of the table areas, and each of the names of statuses."""

    def __init__(self, areas: pa.Table):
        self._areas = areas
        self.areas = np.zeros(len(areas), np.int64)
        self.statuses = np.zeros(len(STATUSES), np.int64)
        # The last: of records that have no date status.
        self.dates = np.zeros(len(DATE_STATUSES) + 1, np.int64)
        self.repaired = 0

    def add(
        self, areas: np.ndarray, statuses: np.ndarray, dates: np.ndarray, repaired: int
    ) -> None:
        """Count records by their areas and by the numbers of their statuses, -1 for none."""
        self.repaired += repaired
        self.areas += np.bincount(areas, minlength=len(self.areas))
        self.statuses += np.bincount(statuses, minlength=len(STATUSES))
        self.dates += np.bincount(dates % len(self.dates), minlength=len(self.dates))

    def rows(self) -> int:
        """Records counted so far."""
        return int(self.statuses.sum())

    def summary(self, indices: Sequence[str], is_dated: bool, repairs: bool) -> dict[str, Any]:
        """Counts by name.

        Shape: {"rows": 3, "statuses": {"matched": 2, ...}, "quintiles": {"imd": {"1": 2, ...,
        "unknown": 1}}, "editions": {"2019": 2}, "dates": {"ok": 3}, "repaired": 0}; the last two
        only where they were asked for.
        """
        quintiles = {index: self._by(f"{index}_quintile") for index in indices}
        summary: dict[str, Any] = {
            "rows": self.rows(),
            "statuses": dict(zip(STATUSES, self.statuses.tolist(), strict=True)),
            "quintiles": {
                index: {
                    **{str(q): found.get(q, 0) for q in range(1, 6)},
                    "unknown": found.get(None, 0),
                }
                for index, found in quintiles.items()
            },
            "editions": {str(e): n for e, n in sorted(self._by("edition", False).items())},
        }
        if is_dated:
            found = zip(DATE_STATUSES, self.dates.tolist(), strict=False)
            summary["dates"] = {name: n for name, n in sorted(found) if n}
        if repairs:
            summary["repaired"] = self.repaired
        return summary

    def _by(self, column: str, with_null: bool = True) -> dict[int | None, int]:
        """Records by the values of a column of areas that they met."""
        counted: dict[int | None, int] = {}
        for value, count in zip(self._areas[column].to_pylist(), self.areas.tolist(), strict=True):
            if count and (with_null or value is not None):
                counted[value] = counted.get(value, 0) + count
        return counted


def as_text(summary: dict[str, Any]) -> str:
    """The summary for people: aligned, shares of all rows."""
    rows = summary["rows"]
    lines = [("rows", rows)]
    lines += [(f"  {name}", n) for name, n in summary["statuses"].items() if n]
    for index, quintiles in summary["quintiles"].items():
        lines.append((f"{index} quintile", None))
        for name, n in quintiles.items():
            ends = {"1": "1 (most deprived)", "5": "5 (least deprived)", "unknown": "Unknown"}
            lines.append((f"  {ends.get(name, name)}", n))
    for title, key in (("edition", "editions"), ("date", "dates")):
        if len(summary.get(key, {})) > 1:
            lines += [(title, None), *((f"  {name}", n) for name, n in summary[key].items())]
    if summary.get("repaired"):
        lines.append(("repaired", summary["repaired"]))
    width = max(len(name) for name, _ in lines)
    digits = len(f"{rows:,}")
    return "\n".join(
        name
        if count is None
        else f"{name:<{width}}  {count:>{digits},}  {count / rows if rows else 0:>7.2%}"
        for name, count in lines
    )
