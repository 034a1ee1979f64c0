"""Deprivation of one postcode, for people and for programs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from deprivation.errors import InputError
from deprivation.published import (
    edition_of,
    held_editions,
    is_synthetic,
    open_published,
    parse_edition,
)
from deprivation.text_table import text_table

SCALE = "rank 1, decile 1 and quintile 1 are the most deprived"
REASONS = {
    "outside_coverage": "is in a nation without such an edition in this file",
    "no_area": "is in the directory, but in none of the edition's areas",
    "not_found": "has the format of a postcode, but neither it nor its sector is in the directory",
    "partial": "is only a part of a postcode",
    "pseudo": "is a code for no fixed abode or similar, not a place",
    "invalid": "is not a postcode",
    "missing": "is empty or means no postcode",
}


Rows = list[dict[str, Any]]


def look_up(database: Path, text: str, edition: str | None = None) -> Rows:
    """Rows of deprivation() as dictionaries, one per index; one row with a reason if no answer.

    edition: `2019`, `nearest:2019`, or None for the newest of the postcode's nation.
    Raises InputError for a file or an edition that cannot be used.
    """
    return look_up_each(database, [text], edition)[0]


def look_up_each(database: Path, texts: Sequence[str], edition: str | None = None) -> list[Rows]:
    """The rows of look_up() for each text, in order, by one connection."""
    with open_published(database) as connection:
        known = {"is_synthetic": is_synthetic(connection)}
        answers = [_look_up(connection, text, edition) for text in texts]
        return [[row | known for row in rows] for rows in answers]


def _look_up(connection: duckdb.DuckDBPyConnection, text: str, edition: str | None) -> Rows:
    if edition is None:
        return _ask(connection, text, None)
    held = held_editions(connection)
    asked = parse_edition(edition, held)
    if not asked.is_nearest:
        return _ask(connection, text, asked.year)
    nation = _ask(connection, text, None)[0]["nation"]
    return _ask(connection, text, edition_of(nation, asked, held))


# Two words of a command line that are one postcode: an outcode, and the part after the space.
OUTCODE = re.compile(r"[A-Za-z]{1,2}[0-9][0-9A-Za-z]?|GIR", re.IGNORECASE)
INCODE = re.compile(r"[0-9][A-Za-z]{2}")


def split_postcodes(words: Sequence[str]) -> list[str]:
    """The postcodes in the words of a command: [m1, 1ae, "B33 8TH"] -> [m1 1ae, B33 8TH].

    If no word is a whole postcode, the words are one text, answered as it was written.
    """
    found: list[str] = []
    left = list(words)
    while left:
        word = left.pop(0)
        if OUTCODE.fullmatch(word.strip()) and left and INCODE.fullmatch(left[0].strip()):
            word += " " + left.pop(0)
        found.append(word)
    is_one = len(words) > 1 and not any(len("".join(one.split())) >= 5 for one in found)
    return [" ".join(words)] if is_one else found


def _ask(connection: duckdb.DuckDBPyConnection, text: str, year: int | None) -> Rows:
    try:
        found = connection.execute(
            "select answers.*, editions.title, editions.publisher, editions.area_type,"
            " editions.areas as edition_areas"
            " from deprivation($1, $2) as answers left join main.editions as editions"
            " on answers.nation = editions.nation and answers.edition = editions.edition",
            [text, year],
        )
    except duckdb.CatalogException:
        raise InputError("this file has no function deprivation(); build it again") from None
    names = [column[0] for column in found.description]
    return [
        dict(zip(names, row, strict=True)) | {"rank": _whole(row[names.index("rank")])}
        for row in found.fetchall()
    ]


def _whole(rank: float | None) -> float | int | None:
    """A whole rank as an integer: ranks are stored as doubles, because some are halves."""
    return int(rank) if rank is not None and rank.is_integer() else rank


def why_no_answer(rows: Rows, text: str) -> str:
    """Why there is no answer, or an empty text if there is one."""
    reason = REASONS.get(rows[0]["match_status"])
    return f"{text.strip()!r} {reason} ({rows[0]['match_status']})" if reason else ""


def as_json(rows: Rows) -> dict[str, Any]:
    """The answer as one document; `overall` is null and `domains` empty where there is none.

    postcode_fallback: null, or the sector that answers in place of a postcode that is not in the
    directory, with the spread of deciles among its postcodes.
    """
    first = rows[0]
    measures = ("label", "rank", "decile", "quintile", "score", "lad_rank", "lad_areas")
    indices = {
        row["index_code"]: {name: row[name] for name in measures}
        for row in rows
        if row["index_code"]
    }
    kinds = {row["index_code"]: row["kind"] for row in rows}
    is_sector = first["match_status"] == "sector"
    return {
        "postcode": first["postcode"],
        "match_status": first["match_status"],
        "is_synthetic": first["is_synthetic"],
        "lsoa": _place(first, "area_code", "area_name"),
        "lad": _place(first, "lad_code", "lad_name"),
        "overall": indices.get("imd"),
        "domains": {
            code: values
            for code, values in indices.items()
            if kinds[code] in ("domain", "supplementary")
        },
        "sub_domains": {
            code: values for code, values in indices.items() if kinds[code] == "sub-domain"
        },
        "own_weights": {code: values for code, values in indices.items() if kinds[code] == "own"},
        "metadata": {
            "source": first["title"],
            "publisher": first["publisher"],
            "nation": first["nation"],
            "edition": first["edition"],
            "area_type": first["area_type"],
            "areas": first["edition_areas"],
            "scale": SCALE,
        },
        "postcode_fallback": {
            name: first[name]
            for name in ("sector", "modal_decile", "modal_share", "min_decile", "max_decile")
        }
        if is_sector
        else None,
    }


COLUMNS = (
    "postcode", "match_status", "nation", "edition", "index_code", "label", "area_code",
    "area_name", "lad_code", "lad_name", "score", "rank", "decile", "quintile", "areas",
    "lad_rank", "lad_areas", "sector", "modal_share", "min_decile", "max_decile", "is_synthetic",
)  # fmt: skip


def as_table(answers: Sequence[Rows], texts: Sequence[str]) -> list[list[Any]]:
    """A header, and a row for each postcode and index; `asked` is the postcode as written."""
    rows: list[list[Any]] = [["asked", *COLUMNS]]
    for found, text in zip(answers, texts, strict=True):
        rows += [[text, *(row.get(name) for name in COLUMNS)] for row in found]
    return rows


def _place(row: dict[str, Any], code: str, name: str) -> dict[str, str] | None:
    return {"code": row[code], "name": row[name]} if row[code] else None


def answer_text(rows: Rows) -> str:
    """The answer as a small aligned table under two lines that name the place and the edition."""
    first = rows[0]
    title = f"{first['title']}, {first['edition_areas']:,} areas ({first['area_type']})"
    if first.get("is_synthetic"):
        title = f"SYNTHETIC, invented figures: {title}"
    if first["match_status"] == "sector":
        return (
            f"{first['postcode']} is not in the directory; sector {first['sector']}:\n"
            f"{title}\n"
            f"decile {first['modal_decile']} in {first['modal_share']:.0%} of its postcodes,"
            f" from {first['min_decile']} to {first['max_decile']} (1 = most deprived)"
        )
    ended = ", terminated" if first["match_status"] == "matched_terminated" else ""
    # Some editions publish their areas without names, or without local authorities.
    names = [first["area_name"], first["area_code"], first["lad_name"]]
    place = ", ".join(name for name in names if name)
    authority = first["lad_name"] or "its authority"
    header = ("", "rank", "decile", "quintile", "score", f"rank in {authority}")
    table = [header] + [
        (
            ("  " if row["kind"] == "sub-domain" else "") + row["label"],
            _shown(row["rank"]),
            _shown(row["decile"]),
            _shown(row["quintile"]),
            _shown(row["score"]),
            f"{row['lad_rank']:,} of {row['lad_areas']:,}" if row["lad_rank"] else "-",
        )
        for row in rows
    ]
    return "\n".join(
        [
            f"{first['postcode']}{ended}: {place}",
            f"{title}; 1 = most deprived",
            text_table(table),
        ]
    )


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:,}"
