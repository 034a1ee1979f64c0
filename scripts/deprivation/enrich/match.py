"""Answers beside records, a batch at a time.

Most postcodes are found as they stand, by arithmetic over the whole batch (keys.py). Only those
that are not go through the postcode rules in SQL (fallbacks.py).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from deprivation.enrich.answers import STATUS_BITS, STATUSES, Answers
from deprivation.enrich.dates import STATUSES as DATE_STATUSES
from deprivation.enrich.dates import Dates
from deprivation.enrich.directory import make_directory
from deprivation.enrich.fallbacks import Rules, make_outcodes, make_sectors, tidied
from deprivation.enrich.plan import Ask, by_slot
from deprivation.enrich.request import Request, as_name
from deprivation.enrich.summary import Counts
from deprivation.enrich.values import as_strings, compact, named_by
from deprivation.published import SYNTHETIC
from deprivation.sql import identifier

ANSWERED = np.isin(STATUSES, ("matched", "matched_terminated", "sector"))


@dataclasses.dataclass
class Found:
    """What answers the records of a batch.

    places: int32, of its postcode in the directory, -1 for none; areas, statuses: for each edition
    asked for, ids of the table areas (0 for no answer) and numbers of STATUSES.
    """

    places: np.ndarray
    areas: list[np.ndarray]
    statuses: list[np.ndarray]
    is_repaired: np.ndarray
    repaired_postcodes: pa.StringArray


class Matcher:
    """Answers postcodes as they were written, a batch at a time, and counts its answers.

    names: the added columns, in order; asks: the editions asked for.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        request: Request,
        answers: Answers,
        as_text: bool,
    ):
        """connection: that with which the answers were read.

        as_text: every added column as strings.
        """
        self._connection, self._request, self._as_text = connection, request, as_text
        self._is_dated = request.date_column is not None
        self.asks, self.columns = answers.asks, answers.columns
        self.is_synthetic = answers.is_synthetic
        choices, columns = answers.choices, answers.columns
        if request.falls_back:
            make_sectors(connection, choices, columns)
        if request.repairs:
            make_outcodes(connection)
        self._directory = make_directory(answers.postcodes, self._is_dated)
        self._rules = Rules(connection, request, len(by_slot(choices)))
        self._set_names()
        derived = "".join(
            f", {sql} as {identifier(name)}" for name, sql in columns.derived().items()
        )
        areas = connection.execute(
            f"select *{derived} from areas order by area_id"
        ).to_arrow_table()
        self._read_columns(areas)
        self._areas = areas
        band = f"{as_name(columns.indices[0])}_{request.summary_band}"
        self._bands = areas[band].combine_chunks().fill_null(0).to_numpy().astype(np.int8)
        self.counts = Counts(areas, [ask.suffix for ask in self.asks])

    def _set_names(self) -> None:
        """The added columns: those of each edition asked for, then what holds for all."""
        request, columns = self._request, self.columns
        self._of_ask: list[dict[str, str]] = []  # added name -> column of areas, or edition_asked
        self.names: list[str] = []
        for ask in self.asks:
            is_open = self._is_dated or ask.is_nearest or ask.year is None
            names = ["edition_asked"] * (self._is_dated or (ask.is_nearest and not ask.suffix))
            if is_open or ("edition" in columns.wanted and not ask.suffix):
                names.append("edition")
            names += columns.names()
            named = {name + ask.suffix: name for name in names}
            if ask.suffix:
                named["match_status" + ask.suffix] = "match_status"
            self._of_ask.append(named)
            self.names += named
        self.names += (
            ["date_status"] * self._is_dated
            + ["is_repaired"] * request.repairs
            + ["repaired_postcode"] * (request.repairs and not request.drops_postcode)
            + ["match_status"]
            + ["is_synthetic"] * (self.is_synthetic and not request.allows_synthetic)
        )

    def _read_columns(self, areas: pa.Table) -> None:
        wanted = {name for named in self._of_ask for name in named.values()}
        there = [name for name in areas.column_names if name in wanted]
        if self._as_text:
            self._connection.register("answers", areas.select(there))
            areas = self._connection.execute(
                "select cast(columns(*) as varchar) from answers"
            ).to_arrow_table()
            self._connection.unregister("answers")
        self._columns = {name: compact(areas[name]) for name in there}

    def find(self, texts: pa.StringArray, dates: Dates | None = None) -> Found:
        """Which rows of the table areas answer the postcodes of a batch."""
        directory = self._directory
        # Found as it was written; else cleaned; else repaired.
        places = directory.keys.find(texts)
        missed = np.flatnonzero(places < 0)
        written = tidied(texts.take(pa.array(missed)))
        keys = pc.replace_substring(written, " ", "")
        places[missed] = directory.keys.find(keys)
        is_lost = pa.array(places[missed] < 0)
        asked = written if self._request.falls_back else keys
        encoded = asked.filter(is_lost).dictionary_encode()
        lost, which = missed[places[missed] < 0], encoded.indices.to_numpy()
        reasons, repaired, repaired_postcodes, *sectors = self._rules.ask(encoded.dictionary)
        reasons = pc.index_in(reasons, pa.array(STATUSES)).to_numpy()
        if self._request.repairs:
            places[lost] = directory.keys.find(repaired)[which]
        is_found = places[lost] >= 0

        met, by_ask = [], []
        for ask in self.asks:
            # The area of what was found; of what was not, that of its sector or the reason why not.
            if dates:
                slots = self._slots_of(ask, dates.year)
                answers = directory.answers[slots, places]
            else:
                slots = np.broadcast_to(ask.choices[0].slot, len(places))
                answers = directory.answers[ask.choices[0].slot].take(places)
            areas = answers >> STATUS_BITS
            statuses = (answers & ((1 << STATUS_BITS) - 1)).astype(np.int8)
            areas[lost] += np.where(is_found, 0, np.stack(sectors)[slots[lost], which])
            why = np.where(areas[lost] > 0, STATUSES.index("sector"), reasons[which])
            statuses[lost] = np.where(is_found, statuses[lost], why)
            met.append(areas)
            by_ask.append(statuses)
        is_repaired = np.zeros(len(texts), bool)
        is_repaired[lost] = is_found
        return Found(
            places, met, by_ask, is_repaired, repaired_postcodes.take(pa.array(which[is_found]))
        )

    def answer(self, found: Found, dates: Dates | None = None) -> list[pa.Array]:
        """The added columns of a batch, which is counted here."""
        added: dict[str, pa.Array] = {}
        size = len(found.places)
        for ask, named, areas, statuses in zip(
            self.asks, self._of_ask, found.areas, found.statuses, strict=True
        ):
            rows = pa.array(areas)
            for name, column in named.items():
                if column in self._columns:
                    added[name] = self._columns[column].take(rows)
                elif column == "match_status":
                    added[name] = named_by(statuses, STATUSES)
                elif column == "edition_asked":
                    years = dates.year if dates else pa.nulls(size, pa.int32())
                    added[name] = pc.coalesce(years, pa.scalar(ask.year, pa.int32()))

        statuses = found.statuses[0].copy()
        for others in found.statuses[1:]:
            is_better = ~ANSWERED[statuses] & ANSWERED[others]
            statuses[is_better] = others[is_better]
        added["match_status"] = named_by(statuses, STATUSES)
        date_statuses = np.full(size, -1, np.int8)
        if dates:
            date_statuses = self._date_statuses(dates, found.places)
            added["date_status"] = named_by(date_statuses, DATE_STATUSES)
        if self._request.repairs:
            added["is_repaired"] = pa.array(found.is_repaired)
            added["repaired_postcode"] = pc.replace_with_mask(
                pa.nulls(size, pa.string()), added["is_repaired"], found.repaired_postcodes
            )
        if self.is_synthetic:
            added["is_synthetic"] = pa.array(np.ones(size, bool))
        repaired = int(found.is_repaired.sum())
        self.counts.add(found.areas, found.statuses, statuses, date_statuses, repaired)
        columns = [added[name] for name in self.names]
        return [as_strings(column) for column in columns] if self._as_text else columns

    def bands(self, found: Found) -> np.ndarray:
        """int8, one a record: quintile or decile of the first index, 0 for unknown."""
        return self._bands.take(found.areas[0])

    def answer_groups(self) -> np.ndarray:
        """int64 by id of the table areas: areas that answer with the same share a number."""
        names = dict.fromkeys(name for named in self._of_ask for name in named.values())
        there = [name for name in self._areas.column_names if name in names]
        columns = ", ".join(map(identifier, there)) or "0"
        self._connection.register("answers", self._areas)
        numbers = self._connection.execute(
            f"select dense_rank() over (order by row({columns})) - 1 as number"
            " from answers order by area_id"
        ).to_arrow_table()
        self._connection.unregister("answers")
        return numbers["number"].to_numpy()

    def keys(self) -> np.ndarray:
        """uint64 by place in the directory: the postcode there."""
        return self._directory.keys.packed()

    def sectors(self, areas: Sequence[int]) -> list[str]:
        """Those that rows of the table areas are of."""
        return self._areas["sector"].take(pa.array(areas, pa.int64())).to_pylist()

    def notes(self) -> list[list[Any]]:
        """Rows for the second sheet of a workbook: the summary, and where the figures are from."""
        summary = self.summary()
        rows: list[list[Any]] = [["edition", summary["asked"]], ["records", summary["rows"]]]
        if summary["is_synthetic"]:
            rows.append(["SYNTHETIC DATA", SYNTHETIC])
        rows += [[], ["match_status", "records"], *map(list, summary["statuses"].items())]
        for index, quintiles in summary["quintiles"].items():
            rows += [[], [f"{index} quintile (1 = most deprived)", "records"]]
            rows += [[f"{name}", count] for name, count in quintiles.items()]
        rows += [[], ["source", "release or title", "licence"]]
        rows += self._connection.execute(
            "select nation || ' ' || edition, title, licence from editions order by all"
        ).fetchall()
        rows += self._connection.execute(
            "select file_name, release, null from sources where source = 'postcode_directory'"
        ).fetchall()
        return rows

    def summary(self) -> dict[str, Any]:
        """Counts.summary(), with what was asked for and whether the figures are invented."""
        request = self._request
        summary = self.counts.summary(self.columns.indices, self._is_dated, request.repairs)
        asked = request.edition or ("by date" if self._is_dated else "newest of each nation")
        return {"is_synthetic": self.is_synthetic, "asked": asked, **summary}

    def _slots_of(self, ask: Ask, years: pa.Int32Array) -> np.ndarray:
        """The choice of editions by which each record is answered; the last, without a year."""
        ends = [choice.last_year for choice in ask.choices if choice.last_year is not None]
        slots = np.array([choice.slot for choice in ask.choices])
        spans = np.searchsorted(ends, years.fill_null(0).to_numpy())
        return slots[np.where(years.is_null().to_numpy(False), len(slots) - 1, spans)]

    def _date_statuses(self, dates: Dates, places: np.ndarray) -> np.ndarray:
        """Numbers of DATE_STATUSES, -1 for none. The directory dates postcodes to the month."""
        rules = {
            "not_yet_introduced": dates.last < self._directory.introduced[places],
            "terminated": dates.first >= self._directory.ended[places],
            "ok": places >= 0,
        }
        numbers = [np.int8(DATE_STATUSES.index(name)) for name in rules]
        found = np.select(list(rules.values()), numbers, np.int8(-1))
        return np.where(dates.fault >= 0, dates.fault, found)
