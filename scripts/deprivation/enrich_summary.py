"""What came of a run: records by status, by quintile with an Unknown row, and by edition."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb

from deprivation.enrich_files import RECORD, Records, literal, quoted

if TYPE_CHECKING:
    from deprivation.enrich import Request

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


def summarise(
    connection: duckdb.DuckDBPyConnection, output: Records, request: Request
) -> dict[str, Any]:
    """Counts read back from the finished output.

    Shape: {"rows": 3, "statuses": {"matched": 2, ...}, "quintiles": {"imd": {"1": 2, ...,
    "unknown": 1}}, "editions": {"2019": 2}, "dates": {"ok": 3}, "repaired": 0}; the last four only
    where their columns were asked for.
    """

    def value(name: str) -> str:
        name = request.prefix + name
        if output.form.kind == "jsonl":
            return f"json_extract_string({RECORD}, {literal('/' + name)})"
        return f"cast({quoted(name)} as varchar)"

    columns = request.columns
    has_dates = request.date_column is not None
    asked = {"statuses": "match_status"}
    if "quintile" in columns.wanted:
        asked |= {f"quintile {index}": f"{index}_quintile" for index in columns.indices}
    if has_dates or "edition" in columns.wanted:
        asked["editions"] = "edition"
    if has_dates:
        asked["dates"] = "date_status"
    if request.repairs:
        asked["repaired"] = "is_repaired"
    rows = connection.execute(
        f"select {', '.join(map(value, asked.values()))}, count(*) {output.query()} group by all"
    ).fetchall()
    counts: dict[str, dict[str, int]] = {name: {} for name in asked}
    for *values, count in rows:
        for name, found in zip(asked, values, strict=True):
            counts[name][found or ""] = counts[name].get(found or "", 0) + count
    summary: dict[str, Any] = {
        "rows": sum(count for *_, count in rows),
        "statuses": {s: counts["statuses"].get(s, 0) for s in STATUSES},
        "quintiles": {
            name.removeprefix("quintile "): {
                **{str(q): found.get(str(q), 0) for q in range(1, 6)},
                "unknown": found.get("", 0),
            }
            for name, found in counts.items()
            if name.startswith("quintile ")
        },
    }
    for name in ("editions", "dates"):
        if name in counts:
            summary[name] = {key: n for key, n in sorted(counts[name].items()) if key}
    if "repaired" in counts:
        summary["repaired"] = counts["repaired"].get("true", 0)
    return summary


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
