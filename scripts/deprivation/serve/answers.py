"""Answers for postcodes from what is in memory: the documents of `lookup --json`, with more."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import orjson
import pyarrow as pa

from deprivation import lookup
from deprivation.published import Asked, edition_of, parse_edition
from deprivation.serve.area_parts import AreaParts
from deprivation.serve.directory import PLACES, TEXTS, VINTAGES, taken
from deprivation.serve.loading import Spread
from deprivation.serve.snapshot import Snapshot

STATUS_CODES = {
    "matched": 200,
    "matched_terminated": 200,
    "sector": 200,
    "outside_coverage": 404,
    "no_area": 404,
    "not_found": 404,
    "partial": 422,
    "pseudo": 422,
    "invalid": 422,
    "missing": 422,
}
NO_ROW: dict[str, Any] = dict.fromkeys(
    (
        *("is_synthetic", "nation", "edition", "title", "publisher", "area_type", "edition_areas"),
        *("index_code", "label", "kind", "postcode", "match_status", "area_code", "area_name"),
        *("lad_code", "lad_name", "score", "rank", "decile", "quintile", "lad_rank", "lad_areas"),
        *("sector", "modal_decile", "modal_share", "min_decile", "max_decile"),
    )
)


@dataclasses.dataclass(frozen=True)
class Answer:
    """status: match_status; document: what is said, ready for JSON."""

    status: str
    document: dict[str, Any]

    @property
    def code(self) -> int:
        return STATUS_CODES[self.status]

    def plain(self) -> dict[str, Any]:
        """The document without parts that are JSON already."""
        return orjson.loads(orjson.dumps(self.document))


class Answers:
    """The answers of one snapshot."""

    def __init__(self, snapshot: Snapshot):
        self._snapshot = snapshot
        self._release = {
            "release": snapshot.release.directory,
            "is_synthetic": snapshot.release.is_synthetic,
        }
        self._none = NO_ROW | {"is_synthetic": snapshot.release.is_synthetic}
        self._parts = AreaParts(self._none)
        # Of each column of the directory that an answer shows: its name there, the numbers of its
        # codes by place, and by number what is said of the code.
        coded = snapshot.directory.coded
        self._columns = [
            (
                "current_lad" if geography == "lad" else geography,
                coded[column].numbers,
                [self._name(geography, code) for code in coded[column].values],
            )
            for geography, column in PLACES.items()
        ] + [(name, coded[name].numbers, coded[name].values) for name in TEXTS]
        # The same of the many small areas, as they are asked for.
        self._areas: dict[str, dict[int, Any]] = {column: {} for column in VINTAGES}

    def editions(self, texts: Sequence[str]) -> list[Asked | None]:
        """Raises InputError for an edition that is none, or that no nation has."""
        return [parse_edition(text, self._snapshot.held) for text in texts] or [None]

    def one(self, text: str, asked: Sequence[Asked | None]) -> Answer:
        """The answer for a postcode in any spelling."""
        return self.many([text], asked)[0]

    def many(self, texts: Sequence[str], asked: Sequence[Asked | None]) -> list[Answer]:
        """Answers in order. Of several editions, a document holds those of each in `answers`."""
        directory = self._snapshot.directory
        keys = self._keys_of(texts)
        places = [directory.find(keys[0])] if len(keys) == 1 else directory.find_all(keys)
        lost = [number for number, place in enumerate(places) if place < 0]
        reasons = dict(zip(lost, self._reasons([texts[n] for n in lost]), strict=True))
        there = [number for number, place in enumerate(places) if place >= 0]
        held = [places[number] for number in there]
        locations = dict(zip(there, self._locations(held), strict=True))
        each: list[list[Answer]] = [[] for _ in texts]
        for one in asked:
            found = self._found([keys[number] for number in there], held, one)
            for number, answer in zip(there, found, strict=True):
                each[number].append(answer)
            for number in lost:
                each[number].append(self._lost(*reasons[number], one))
        return [
            self._joined(text, locations.get(number, {}), of_text)
            for number, (text, of_text) in enumerate(zip(texts, each, strict=True))
        ]

    def _joined(self, text: str, location: dict[str, Any], each: list[Answer]) -> Answer:
        # In place: each document was made for this answer.
        for answer in each:
            answer.document.update(location)
            answer.document.update(self._release)
            answer.document["message"] = sentence(answer, text)
        documents = [answer.document for answer in each]
        if len(each) == 1:
            return Answer(each[0].status, documents[0])
        best = min(range(len(each)), key=lambda n: each[n].code)
        chosen = documents[best]
        return Answer(
            each[best].status,
            {name: chosen[name] for name in ("postcode", "match_status", "message")}
            | self._release
            | {"answers": documents},
        )

    def _found(self, keys: list[str], places: list[int], asked: Asked | None) -> list[Answer]:
        """Of postcodes in the directory. The rules are those of the function deprivation()."""
        snapshot, directory = self._snapshot, self._snapshot.directory
        postcodes = [f"{key[:-3]} {key[-3:]}" for key in keys]
        countries = directory.coded["country_code"]
        by_country: dict[int, list[int]] = {}
        for number, country in enumerate(taken(countries.numbers, places)):
            by_country.setdefault(country, []).append(number)
        answers: dict[int, Answer] = {}
        for country, numbers in by_country.items():
            code = countries.values[country]
            nation = snapshot.nations.get(code or "")
            edition = edition_of(nation, asked, snapshot.held)
            if nation is None or edition is None:
                status = "no_area" if code is None else "outside_coverage"
                for number in numbers:
                    answers[number] = self._without(postcodes[number], status, {})
                continue
            areas, column, rows = snapshot.editions[nation, edition]
            codes = taken(directory.coded[column].numbers, [places[n] for n in numbers])
            of_area = taken(rows, codes)
            parts = self._parts.parts(areas, [area for area in of_area if area >= 0])
            for number, area in zip(numbers, of_area, strict=True):
                if area < 0:
                    answers[number] = self._without(postcodes[number], "no_area", areas.edition)
                    continue
                is_live = directory.is_live[places[number]]
                status = "matched" if is_live else "matched_terminated"
                found = {"postcode": postcodes[number], "match_status": status}
                answers[number] = Answer(status, found | next(parts))
        return [answers[number] for number in range(len(places))]

    def _without(self, postcode: str, status: str, edition: dict[str, Any]) -> Answer:
        """Of a postcode in the directory that has no area."""
        row = self._none | edition | {"postcode": postcode, "match_status": status}
        return Answer(status, lookup.as_json([row]))

    def _lost(self, reason: str, postcode: str | None, asked: Asked | None) -> Answer:
        """Of a postcode that is not in the directory: by its sector, or the reason why not."""
        row = self._none | {"postcode": postcode, "match_status": reason}
        if postcode and (found := self._sector(postcode[:-2], asked)):
            areas = self._snapshot.editions[found.nation, found.edition][0]
            row |= areas.edition | {"match_status": "sector", "sector": postcode[:-2]}
            row |= {
                "index_code": "imd",
                "kind": "overall",
                "label": self._snapshot.labels[found.nation],
                "decile": found.modal_decile,
                "quintile": found.modal_quintile,
            } | {name: value for name, value in found._asdict().items() if name in NO_ROW}
        return Answer(row["match_status"], lookup.as_json([row]))

    def _sector(self, sector: str, asked: Asked | None) -> Spread | None:
        spreads = self._snapshot.spreads(sector)
        if asked is None or asked.is_nearest:
            newest = next((row for row in spreads if row.is_newest), None)
            if asked is None or newest is None:
                return newest
            edition = edition_of(newest.nation, asked, self._snapshot.held)
        else:
            edition = asked.year
        return next((row for row in spreads if row.edition == edition), None)

    def _keys_of(self, texts: Sequence[str]) -> list[str]:
        """Keys of texts; of more than letters, digits and spaces by the rules in SQL."""
        keys = [text.replace(" ", "").upper() for text in texts]
        odd = [n for n, key in enumerate(keys) if not (key.isascii() and key.isalnum())]
        if odd:
            found = self._ask("coalesce(postcode_key(text), '')", [texts[n] for n in odd])
            for number, (key,) in zip(odd, found, strict=True):
                keys[number] = key
        return keys

    def _reasons(self, texts: list[str]) -> list[tuple[str, str | None]]:
        """By the postcode rules of the file: why there is no answer, and the postcode if it has a
        postcode's format.
        """
        return self._ask(
            "replace(postcode_status(text), 'ok', 'not_found'), format_postcode(text)", texts
        )

    def _ask(self, columns: str, texts: list[str]) -> list[tuple[Any, ...]]:
        """Expressions in SQL over texts, in order: one query for all."""
        if not texts:
            return []
        table = pa.table({"place": np.arange(len(texts)), "text": pa.array(texts, pa.string())})
        with self._snapshot.cursor() as cursor:
            cursor.register("texts", table)
            return cursor.execute(f"select {columns} from texts order by place").fetchall()

    def _locations(self, places: list[int]) -> list[dict[str, Any]]:
        """What the directory says of each postcode beside its areas' indices."""
        columns = self._snapshot.directory.own_columns(places)
        for name, numbers, named in self._columns:
            columns[name] = [named[number] for number in taken(numbers, places)]
        for column in VINTAGES:
            numbers = taken(self._snapshot.directory.coded[column].numbers, places)
            columns[column.removesuffix("_code")] = [self._area(column, n) for n in numbers]
        return [
            dict(zip(columns, values, strict=True))
            for values in zip(*columns.values(), strict=True)
        ]

    def _area(self, column: str, number: int) -> dict[str, str | None] | None:
        named = self._areas[column]
        if number not in named:
            code = self._snapshot.directory.coded[column].values[number]
            name = self._snapshot.area_name(column, number) if code else None
            named[number] = {"code": code, "name": name} if code else None
        return named[number]

    def _name(self, geography: str, code: str | None) -> dict[str, str | None] | None:
        name = self._snapshot.place_names.get((geography, code or ""))
        return {"code": code, "name": name} if code else None


def sentence(answer: Answer, text: str) -> str:
    """The answer in words."""
    problem = lookup.why_no_answer([{"match_status": answer.status}], text)
    if problem:
        return problem
    if answer.status == "sector":
        spread = answer.document["postcode_fallback"]
        return (
            f"{answer.document['postcode']} is not in the directory; in its sector"
            f" {spread['sector']}, {spread['modal_share']:.0%} of postcodes are in decile"
            f" {spread['modal_decile']} (1 = most deprived)"
        )
    ended = ", a postcode that Royal Mail has ended," if "terminated" in answer.status else ""
    return (
        f"{answer.document['postcode']}{ended} has an answer; decile 1 and quintile 1 are the most"
        " deprived"
    )
