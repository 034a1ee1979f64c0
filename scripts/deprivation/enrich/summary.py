"""What came of a run: records by status, by quintile with an Unknown row, and by edition."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from deprivation.enrich.answers import STATUSES
from deprivation.enrich.dates import STATUSES as DATE_STATUSES
from deprivation.enrich.request import as_name
from deprivation.text_table import text_table


class Counts:
    """How many records met each row of the table areas, and each of the names of statuses."""

    def __init__(self, areas: pa.Table, suffixes: Sequence[str] = ("",)):
        """suffixes: one for each edition asked for, the empty one where there is but one."""
        self._areas = areas
        self._suffixes = suffixes
        self.areas = np.zeros((len(suffixes), len(areas)), np.int64)
        self.by_ask = np.zeros((len(suffixes), len(STATUSES)), np.int64)
        self.statuses = np.zeros(len(STATUSES), np.int64)
        # The last: of records that have no date status.
        self.dates = np.zeros(len(DATE_STATUSES) + 1, np.int64)
        self.repaired = 0

    def add(
        self,
        areas: Sequence[np.ndarray],
        by_ask: Sequence[np.ndarray],
        statuses: np.ndarray,
        dates: np.ndarray,
        repaired: int,
    ) -> None:
        """Count records by their areas and by the numbers of their statuses, -1 for none.

        areas, by_ask: one array for each edition asked for.
        """
        self.repaired += repaired
        for place, (met, found) in enumerate(zip(areas, by_ask, strict=True)):
            self.areas[place] += np.bincount(met, minlength=self.areas.shape[1])
            self.by_ask[place] += np.bincount(found, minlength=len(STATUSES))
        self.statuses += np.bincount(statuses, minlength=len(STATUSES))
        self.dates += np.bincount(dates % len(self.dates), minlength=len(self.dates))

    def rows(self) -> int:
        """Records counted so far."""
        return int(self.statuses.sum())

    def summary(self, indices: Sequence[str], is_dated: bool, repairs: bool) -> dict[str, Any]:
        """Counts by name.

        Shape: {"rows": 3, "statuses": {"matched": 2, ...}, "quintiles": {"imd": {"1": 2, ...,
        "unknown": 1}}, "editions": {"2019": 2}, "dates": {"ok": 3}, "repaired": 0}; the last two
        only where they were asked for. Of several editions, "quintiles" has imd_2019, imd_2025 and
        "statuses_by_edition" has the statuses of each.
        """
        quintiles = {
            index + suffix: self._by(place, f"{as_name(index)}_quintile")
            for index in indices
            for place, suffix in enumerate(self._suffixes)
        }
        editions: dict[int | None, int] = {}
        for place in range(len(self._suffixes)):
            for edition, count in self._by(place, "edition", False).items():
                editions[edition] = editions.get(edition, 0) + count
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
            "editions": {str(e): n for e, n in sorted(editions.items())},
        }
        if len(self._suffixes) > 1:
            summary["statuses_by_edition"] = {
                suffix.strip("_"): dict(zip(STATUSES, counts, strict=True))
                for suffix, counts in zip(self._suffixes, self.by_ask.tolist(), strict=True)
            }
        if is_dated:
            found = zip(DATE_STATUSES, self.dates.tolist(), strict=False)
            summary["dates"] = {name: n for name, n in sorted(found) if n}
        if repairs:
            summary["repaired"] = self.repaired
        return summary

    def _by(self, place: int, column: str, with_null: bool = True) -> dict[int | None, int]:
        """Records by the values of a column of areas that they met."""
        counted: dict[int | None, int] = {}
        counts = self.areas[place].tolist()
        for value, count in zip(self._areas[column].to_pylist(), counts, strict=True):
            if count and (with_null or value is not None):
                counted[value] = counted.get(value, 0) + count
        return counted


def summary_text(summary: dict[str, Any]) -> str:
    """The summary for people: aligned, shares of all rows."""
    rows = summary["rows"]
    lines: list[tuple[str, int | None]] = [("rows", rows)]
    lines += [(f"  {name}", n) for name, n in summary["statuses"].items() if n]
    for index, quintiles in summary["quintiles"].items():
        lines.append((f"{index} quintile", None))
        for name, n in quintiles.items():
            ends = {"1": "1 (most deprived)", "5": "5 (least deprived)", "unknown": "Unknown"}
            lines.append((f"  {ends.get(name, name)}", n))
    for title, key in (("edition", "editions"), ("date", "dates")):
        if len(summary.get(key, {})) > (key == "editions"):
            lines += [(title, None), *((f"  {name}", n) for name, n in summary[key].items())]
    for edition, statuses in summary.get("statuses_by_edition", {}).items():
        lines.append((f"asked for {edition}", None))
        lines += [(f"  {name}", n) for name, n in statuses.items() if n]
    if summary.get("repaired"):
        lines.append(("repaired", summary["repaired"]))
    lines += least_disclosure(summary)
    lines.insert(0, (f"edition: {summary['asked']}", None))
    return text_table(
        (name, "", "")
        if count is None
        else (name, f"{count:,}", f"{count / rows if rows else 0:.2%}")
        for name, count in lines
    )


def least_disclosure(summary: dict[str, Any]) -> list[tuple[str, int | None]]:
    """Lines of what --min-area-population and --k-anonymity did."""
    lines: list[tuple[str, int | None]] = []
    if small := summary.get("small_areas"):
        lines.append((f"areas of fewer than {small['least_population']:,} people", None))
        lines.append(("  answers left out", small["answers_taken_out"]))
        if small["of_unknown_population"]:
            lines.append(("  of them: population unknown", small["of_unknown_population"]))
    if combined := summary.get("k_anonymity"):
        names = ", ".join(combined["columns"])
        lines.append((f"records with the same {names} and answer", None))
        lines.append(
            (
                f"  {combined['combinations']:,} combinations, the smallest of"
                f" {combined['smallest']:,}; below {combined['k']}: "
                f"{combined['combinations_below_k']:,}",
                None,
            )
        )
        lines.append((f"  records below {combined['k']}", combined["records_below_k"]))
        lines.append(("  suppressed", combined["records_suppressed"]))
    return lines
