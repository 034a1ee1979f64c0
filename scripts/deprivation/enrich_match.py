"""Answers beside records, a batch at a time.

Most postcodes are found as they stand, by arithmetic over the whole batch (enrich_keys.py). Only
those that are not go through the postcode rules in SQL: to be cleaned, repaired, answered by their
sector, or given the reason why there is no answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from deprivation.enrich_answers import (
    Choice,
    by_slot,
    make_areas,
    make_outcodes,
    make_sectors,
    read_directory,
)
from deprivation.enrich_summary import DATE_STATUSES, STATUSES, Counts
from deprivation.published import Asked

if TYPE_CHECKING:
    from deprivation.enrich import Request

# White space in a postcode: the rule of macros/postcodes.sql.
WHITE_SPACE = r"[\s\p{Z}\x0B\x{0085}]"
# A postcode ends with a digit and two letters, neither of them O or I; what stands before must be
# an outcode. So at most one way of reading 0 as O and 1 as I, or the reverse, gives a real one.
REPAIRED = """outcodes.outcode || translate(left(right(lost.key, 3), 1), 'OI', '01')
    || right(lost.key, 2)"""
OUTCODES = """left join outcodes
    on outcodes.key = case
        when length(lost.key) between 5 and 7
            then translate(left(lost.key, length(lost.key) - 3), 'OI', '01')
    end"""
SECTORS = """left join sectors
    on sectors.key = case
        when postcode_key(lost.key) is not null then left(lost.key, length(lost.key) - 2)
    end"""

# Status by the kind of a postcode (enrich_answers.KINDS), without an area and with one.
STATUS_OF = np.array(
    [
        [STATUSES.index(status) for status in pair]
        for pair in (
            ("no_area", "matched"),
            ("no_area", "matched_terminated"),
            ("no_area", "matched_terminated"),
            ("outside_coverage", "matched_terminated"),
            ("not_found", "not_found"),
        )
    ],
    np.int8,
)
# Columns with fewer different values are kept as numbers of them, which takes less time to write.
FEW = 1000


class Matcher:
    """Answers postcodes as they were written, a batch at a time, and counts its answers.

    names: the added columns, in order.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        request: Request,
        asked: Asked | None,
        choices: Sequence[Choice],
    ):
        """connection: to a database in memory, where its tables go, and the published file."""
        self._connection, self._request = connection, request
        self._is_dated = request.date_column is not None
        self._asked_year = pa.scalar(asked.year if asked else None, pa.int32())
        make_areas(connection, choices, request.columns)
        if request.falls_back:
            make_sectors(connection, choices, request.columns)
        if request.repairs:
            make_outcodes(connection)
        self._directory = read_directory(connection, choices, self._is_dated)
        self._last_years = [choice.last_year for choice in choices if choice.last_year is not None]
        self._slots = np.array([choice.slot for choice in choices])
        # Of a key that is not in the directory: why not, what it may be a misspelling of, and by
        # slot the areas that stand for its sector.
        repaired = REPAIRED if request.repairs else "cast(null as varchar)"
        sectors = [
            f"coalesce(sectors.area_{slot}, 0)" if request.falls_back else "0"
            for slot in range(len(by_slot(choices)))
        ]
        self._rules = f"""
            select
                replace(postcode_status(lost.key), 'ok', 'not_found'),
                {repaired},
                format_postcode({repaired}),
                {", ".join(sectors)}
            from lost
            {OUTCODES if request.repairs else ""}
            {SECTORS if request.falls_back else ""}
            order by lost.place
        """
        names_editions = self._is_dated or (asked is not None and asked.is_nearest)
        self.names = (
            ["edition_asked"] * names_editions
            + ["edition"] * (names_editions or "edition" in request.columns.wanted)
            + request.columns.names()
            + ["date_status"] * self._is_dated
            + ["is_repaired"] * request.repairs
            + ["repaired_postcode"] * (request.repairs and not request.drops_postcode)
            + ["match_status"]
        )
        areas = connection.execute("from areas order by area_id").to_arrow_table()
        self._columns = {
            name: _compact(areas[name]) for name in self.names if name in areas.column_names
        }
        self.counts = Counts(areas)

    def answer(self, texts: pa.StringArray, dates: Sequence[pa.Array] = ()) -> list[pa.Array]:
        """The added columns. dates: days from 1970, years, and whether anything was written."""
        directory = self._directory
        # Found as it was written; else cleaned; else repaired.
        places = directory.keys.find(texts)
        missed = np.flatnonzero(places < 0)
        keys = _without_spaces(texts.take(pa.array(missed)))
        places[missed] = directory.keys.find(keys)
        encoded = keys.filter(pa.array(places[missed] < 0)).dictionary_encode()
        lost, which = missed[places[missed] < 0], encoded.indices.to_numpy()
        reasons, repaired, repaired_postcodes, *sectors = self._ask_rules(encoded.dictionary)
        reasons = pc.index_in(reasons, pa.array(STATUSES)).to_numpy()
        if self._request.repairs:
            places[lost] = directory.keys.find(repaired)[which]
        is_found = places[lost] >= 0

        # The area of what was found; of what was not, that of its sector or the reason why not.
        slots = self._slots_of(dates[1]) if dates else np.broadcast_to(0, len(texts))
        areas = directory.areas[slots, places] if dates else directory.areas[0].take(places)
        statuses = STATUS_OF[directory.kinds[places], (areas > 0).view(np.int8)]
        areas[lost] += np.where(is_found, 0, np.stack(sectors)[slots[lost], which])
        reasons = np.where(areas[lost] > 0, STATUSES.index("sector"), reasons[which])
        statuses[lost] = np.where(is_found, statuses[lost], reasons)

        added = {"match_status": _named(statuses, STATUSES)}
        date_statuses = np.full(len(texts), -1, np.int8)
        if dates:
            date_statuses = self._date_statuses(dates[0], dates[2], places)
            added["date_status"] = _named(date_statuses, DATE_STATUSES)
        years = dates[1] if dates else pa.nulls(len(texts), pa.int32())
        added["edition_asked"] = pc.coalesce(years, self._asked_year)
        if self._request.repairs:
            is_repaired = np.zeros(len(texts), bool)
            is_repaired[lost] = is_found
            added["is_repaired"] = pa.array(is_repaired)
            added["repaired_postcode"] = pc.replace_with_mask(
                pa.nulls(len(texts), pa.string()),
                added["is_repaired"],
                repaired_postcodes.take(pa.array(which[is_found])),
            )
        self.counts.add(areas, statuses, date_statuses, int(is_found.sum()))
        met = pa.array(areas)
        return [
            self._columns[name].take(met) if name in self._columns else added[name]
            for name in self.names
        ]

    def _ask_rules(self, keys: pa.StringArray) -> list[pa.Array]:
        self._connection.register("lost", pa.table({"place": np.arange(len(keys)), "key": keys}))
        answers = self._connection.execute(self._rules).to_arrow_table()
        return [column.combine_chunks() for column in answers.columns]

    def _slots_of(self, years: pa.Int32Array) -> np.ndarray:
        """The choice of editions by which each record is answered."""
        spans = np.searchsorted(self._last_years, years.fill_null(0).to_numpy())
        return self._slots[np.where(years.is_null().to_numpy(False), len(self._slots) - 1, spans)]

    def _date_statuses(self, days: pa.Array, written: pa.Array, places: np.ndarray) -> np.ndarray:
        """Numbers of DATE_STATUSES, -1 for none. The directory dates postcodes to the month."""
        day = days.fill_null(0).to_numpy()
        rules = {
            "no_date": ~written.to_numpy(False),
            "unreadable_date": days.is_null().to_numpy(False),
            "not_yet_introduced": day < self._directory.introduced[places],
            "terminated": day >= self._directory.ended[places],
            "ok": places >= 0,
        }
        numbers = [np.int8(DATE_STATUSES.index(name)) for name in rules]
        return np.select(list(rules.values()), numbers, np.int8(-1))


def _without_spaces(texts: pa.StringArray) -> pa.StringArray:
    """Keys of texts, null as ''."""
    return pc.replace_substring_regex(pc.utf8_upper(texts.fill_null("")), WHITE_SPACE, "")


def _compact(column: pa.ChunkedArray) -> pa.Array:
    """Texts, and values of which there are few, as a dictionary and numbers."""
    whole = column.combine_chunks()
    encoded = whole.dictionary_encode()
    is_compact = pa.types.is_string(whole.type) or len(encoded.dictionary) < FEW
    return encoded if is_compact else whole


def _named(numbers: np.ndarray, names: Sequence[str]) -> pa.DictionaryArray:
    """Names by their numbers; null for -1."""
    return pa.DictionaryArray.from_arrays(pa.array(numbers, mask=numbers < 0), pa.array(names))
