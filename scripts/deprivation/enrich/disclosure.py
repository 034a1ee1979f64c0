"""Answers that would tell too much of too few people are taken out, or counted for a report.

Small areas have fewer people than --min-area-population. A combination is what records share: their
values in the columns of --k-anonymity, and their answer.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from deprivation.enrich.answers import STATUSES
from deprivation.enrich.destination import LINKED
from deprivation.enrich.match import Found, Matcher
from deprivation.enrich.one_index import LinkedRecords
from deprivation.enrich.reader import Batch
from deprivation.enrich.request import Request
from deprivation.errors import InputError

# Sizes of combinations in the report: from each to the one before the next.
SIZES = (1, 2, 3, 5, 10, 20, 50, 100)


class SmallAreas:
    """Rows of the table areas with fewer than `least` people, or whose people nobody counts."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, least: int):
        """Raises InputError if the file has the population of none of the areas."""
        self.least = least
        ids, people = (
            column.to_numpy()
            for column in connection.execute("""
                select chosen.area_id, coalesce(places.population, -1)
                from areas as chosen
                inner join published.main.areas as places using (nation, edition, area_code)
                order by chosen.area_id
            """)
            .to_arrow_table()
            .columns
        )
        if not (people >= 0).any():
            raise InputError(
                "--min-area-population: the published file has no populations for these editions;"
                " build it from files that have them"
            )
        (size,) = connection.execute("select max(area_id) + 1 from areas").fetchone()
        self.is_below, self.is_unknown = np.zeros(size, bool), np.zeros(size, bool)
        self.is_below[ids[(people >= 0) & (people < least)]] = True
        self.is_unknown[ids[people < 0]] = True
        # Answers taken out, and those among them that are of areas of unknown population.
        self.hidden = self.unknown = 0

    def hide(self, found: Found, is_counted: bool = True) -> None:
        """Take out the answers of small areas."""
        for areas, statuses in zip(found.areas, found.statuses, strict=True):
            is_unknown = self.is_unknown[areas]
            is_hidden = self.is_below[areas] | is_unknown
            if is_counted:
                self.hidden += int(is_hidden.sum())
                self.unknown += int(is_unknown.sum())
            statuses[is_hidden] = STATUSES.index("small_area")
            areas[is_hidden] = 0

    def summary(self) -> dict[str, int]:
        return {
            "least_population": self.least,
            "areas_below": int(self.is_below.sum()),
            "areas_of_unknown_population": int(self.is_unknown.sum()),
            "answers_taken_out": self.hidden,
            "of_unknown_population": self.unknown,
        }


class Combinations:
    """How many records with an answer share each combination."""

    def __init__(self, names: Sequence[str], k: int, groups: np.ndarray):
        """names: of the columns; groups: int by area id, the same for areas of the same answer."""
        self.names, self.k, self._groups = list(names), k, groups
        self.counts: dict[tuple[Any, ...], int] = {}
        self.hidden = 0

    def _combined(
        self, values: Sequence[pa.StringArray], found: Found
    ) -> tuple[np.ndarray, list[tuple[Any, ...]], np.ndarray]:
        """(records with an answer, their different combinations, which of them each has)."""
        has_answer = np.any([areas > 0 for areas in found.areas], axis=0)
        records = np.flatnonzero(has_answer)
        texts = [column.fill_null("").take(pa.array(records)) for column in values]
        # An edition that does not answer is told from every answer.
        answers = [
            np.where(areas[records] > 0, self._groups[areas[records]] + 1, 0)
            for areas in found.areas
        ]
        which = np.zeros(len(records), np.int64)
        first = np.zeros(0, np.int64)
        for numbers in [pc.dictionary_encode(t).indices.to_numpy() for t in texts] + answers:
            wide = which * (int(numbers.max(initial=0)) + 1) + numbers
            _, first, which = np.unique(wide, return_index=True, return_inverse=True)
        shown = [text.take(pa.array(first)).to_pylist() for text in texts]
        shown += [answer[first].tolist() for answer in answers]
        return records, list(zip(*shown, strict=True)), which

    def add(self, values: Sequence[pa.StringArray], found: Found) -> None:
        """Count the records of a batch. values: one column of texts for each of the names."""
        _, combinations, which = self._combined(values, found)
        times = np.bincount(which, minlength=len(combinations)).tolist()
        for combination, count in zip(combinations, times, strict=True):
            self.counts[combination] = self.counts.get(combination, 0) + count

    def hide(self, values: Sequence[pa.StringArray], found: Found) -> None:
        """Take out the answers of the batch that fewer than k of all counted records share."""
        records, combinations, which = self._combined(values, found)
        sizes = np.array([self.counts.get(one, 0) for one in combinations], np.int64)
        is_rare = records[sizes[which] < self.k]
        self.hidden += len(is_rare)
        for areas, statuses in zip(found.areas, found.statuses, strict=True):
            statuses[is_rare] = STATUSES.index("suppressed")
            areas[is_rare] = 0

    def summary(self) -> dict[str, Any]:
        """Counts, with `combinations_by_size` such as {"1": 3, "2": 1, "3-4": 0, ... "100+": 7}."""
        sizes = np.array(list(self.counts.values()), np.int64)
        rare = sizes[sizes < self.k]
        steps = zip(SIZES, [*(after - 1 for after in SIZES[1:]), None], strict=True)
        return {
            "columns": self.names,
            "k": self.k,
            "records_with_an_answer": int(sizes.sum()),
            "combinations": len(sizes),
            "smallest": int(sizes.min(initial=sizes.max(initial=0))),
            "combinations_below_k": len(rare),
            "records_below_k": int(rare.sum()),
            "records_suppressed": self.hidden,
            "combinations_by_size": {
                f"{low}+" if high is None else str(low) if high == low else f"{low}-{high}": int(
                    ((sizes >= low) & (sizes <= (high or sizes.max(initial=low)))).sum()
                )
                for low, high in steps
            },
        }


class Disclosure:
    """All that a run does for the least disclosure.

    counts_first: whether all batches must be counted before any is answered.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        request: Request,
        matcher: Matcher,
        output: Path | None,
    ):
        """Raises InputError for what cannot be kept to."""
        if request.suppresses_below_k and not request.k_anonymity:
            raise InputError("--suppress-below-k needs --k-anonymity, which names the columns")
        self.counts_first = request.suppresses_below_k
        self._records_to_come = 0
        self._small = self._combined = self._linked = None
        if request.min_area_population is not None:
            self._small = SmallAreas(connection, request.min_area_population)
        if request.k_anonymity:
            groups = matcher.answer_groups()
            self._combined = Combinations(request.k_anonymity, request.k, groups)
        if request.one_index or (output and (output.parent / LINKED).exists()):
            self._linked = LinkedRecords(matcher, request, output)

    def count(self, batch: Batch, found: Found) -> None:
        """Of a batch that will come again: count its combinations."""
        self._records_to_come += len(found.places)
        if self._small:
            self._small.hide(found, is_counted=False)
        self._combined.add(batch.combined, found)

    def apply(self, batch: Batch, found: Found) -> None:
        """Take out of what was found what is not to be told."""
        if self._small:
            self._small.hide(found)
        self._records_to_come -= len(found.places)
        if self.counts_first:
            self._combined.hide(batch.combined, found)
        elif self._combined:
            self._combined.add(batch.combined, found)
        if self._linked:
            self._linked.add(found)

    def check_all_came(self) -> None:
        """Raises InputError if other records were answered than were counted."""
        if self.counts_first and self._records_to_come:
            raise InputError("the file changed while it was read; nothing is written")

    def recorded(self) -> contextlib.AbstractContextManager[None]:
        """Around putting the output in place. Raises InputError for a second index."""
        return self._linked.recorded() if self._linked else contextlib.nullcontext()

    def summary(self) -> dict[str, Any]:
        parts = {"small_areas": self._small, "k_anonymity": self._combined}
        return {name: part.summary() for name, part in parts.items() if part}
