"""Which editions answer a record: of each edition asked for, one edition of each nation.

There is one choice for all records, or one for each span of years where the records are dated.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from itertools import pairwise

from deprivation.enrich.request import Request
from deprivation.errors import InputError
from deprivation.published import Asked, Editions, edition_of, nearest, parse_edition
from deprivation.sql import literal


@dataclasses.dataclass(frozen=True)
class Choice:
    """One edition of each nation that has one; for records dated up to and in `last_year`.

    slot: its place among the different ones, by which its areas are known in the tables.
    """

    editions: dict[str, int]
    last_year: int | None = None
    slot: int = 0

    def holds(self, table: str) -> str:
        """SQL: whether a row of `table` is of this choice.

        Not by a list of pairs, for which DuckDB reads the whole table.
        """
        pairs = [
            f"{table}.nation = {literal(nation)} and {table}.edition = {year}"
            for nation, year in self.editions.items()
        ]
        return f"({' or '.join(pairs)})" if pairs else "false"


def choice_of(asked: Asked | None, held: Editions) -> Choice:
    """The choice for all records: the edition asked for, or each nation's newest."""
    found = {nation: edition_of(nation, asked, held) for nation in held}
    return Choice({nation: edition for nation, edition in found.items() if edition is not None})


def choices_by_year(held: Editions, undated: Choice) -> list[Choice]:
    """A choice for each span of years, each nation's nearest edition, and `undated` last.

    Of two equally near, the older: {"England": [2015, 2019]} changes after 2017.
    """
    ends = {(older + newer) // 2 for years in held.values() for older, newer in pairwise(years)}
    spans = [
        Choice({nation: nearest(years, end or 9999) for nation, years in held.items()}, end)
        for end in [*sorted(ends), None]
    ]
    return [*spans, undated]


def with_slots(choices: Sequence[Choice]) -> list[Choice]:
    """The choices, those of the same editions with the same slot."""
    different: list[dict[str, int]] = []
    for choice in choices:
        if choice.editions not in different:
            different.append(choice.editions)
    return [
        dataclasses.replace(choice, slot=different.index(choice.editions)) for choice in choices
    ]


def by_slot(choices: Sequence[Choice]) -> list[Choice]:
    """The different ones among the choices, each once."""
    return [choice for _, choice in sorted({choice.slot: choice for choice in choices}.items())]


@dataclasses.dataclass(frozen=True)
class Ask:
    """One of the editions asked for, with the choices that answer it.

    suffix: of its columns' names, where there are several; year: as asked, None if it was not.
    """

    choices: list[Choice]
    suffix: str = ""
    year: int | None = None
    is_nearest: bool = False


def plan(request: Request, held: Editions) -> list[Ask]:
    """What is asked, by the editions in the file. Raises InputError for those that are not."""
    texts = [text for text in (request.edition or "").split(",") if text.strip()]
    if request.edition is not None and not texts:
        raise InputError("--edition names no edition")
    if request.date_column is None and not texts:
        return [Ask([choice_of(None, held)])]
    asked = [parse_edition(text, held) for text in texts]
    if request.date_column is not None:
        if len(asked) > 1:
            raise InputError(
                "with --date-column, give one --edition: that of records without a date"
            )
        undated = choice_of(asked[0], held) if asked else Choice({})
        return [Ask(choices_by_year(held, undated), year=asked[0].year if asked else None)]
    if len({one.year for one in asked}) < len(asked):
        raise InputError(f"--edition {request.edition} names a year twice")
    return [
        Ask(
            [choice_of(one, held)],
            f"_{one.year}" if len(asked) > 1 else "",
            one.year,
            one.is_nearest,
        )
        for one in asked
    ]
