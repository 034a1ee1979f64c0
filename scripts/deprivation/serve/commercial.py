"""The shape of a commercial one-request API, made from our own answer."""

from __future__ import annotations

from typing import Any

from deprivation.serve.snapshot import Snapshot

LABELS = (
    ("Very highly deprived", "Very high"),
    ("Highly deprived", "High"),
    ("Moderately deprived", "Moderate"),
    ("Less deprived", "Low"),
    ("Least deprived", "Very low"),
)
EXPLANATION = "score is the decile, 1 to 10: 1 = most deprived tenth of areas, 10 = least deprived"


def shape(answer: dict[str, Any], snapshot: Snapshot) -> dict[str, Any]:
    """answer: a document of one edition that has an answer."""
    metadata = answer["metadata"]
    key = (metadata["nation"], metadata["edition"])
    lad = (answer["current_lad"] or {}).get("code") if "current_lad" in answer else None
    overall = answer["overall"]
    ranks = snapshot.lad_ranks.get((*key, lad), {})
    return {
        "postcode": answer["postcode"],
        "lsoa": answer["lsoa"],
        "lad": answer["lad"],
        "overall": _index(overall, ranks.get("imd"))
        | {"label": _label(overall, 0), "short_label": _label(overall, 1)},
        "domains": [
            {"domain": code, "label": index["label"], "score_label": _label(index, 0)}
            | _index(index, ranks.get(code))
            for code, index in answer["domains"].items()
        ],
        "metadata": metadata | {"total_lsoas": metadata["areas"], "score_explanation": EXPLANATION},
        "postcode_fallback": answer["postcode_fallback"],
        "match_status": answer["match_status"],
    }


def _index(index: dict[str, Any], lad: tuple[int, int, str] | None) -> dict[str, Any]:
    return {
        "rank": index["rank"],
        "decile": index["decile"],
        "score": index["decile"],
        "lad_rank": lad[0] if lad else None,
        "lad_rank_description": f"Local authority ranks {lad[0]} out of {lad[1]} by {lad[2]}"
        if lad
        else None,
    }


def _label(index: dict[str, Any], which: int) -> str | None:
    return LABELS[(index["decile"] - 1) // 2][which] if index["decile"] else None
