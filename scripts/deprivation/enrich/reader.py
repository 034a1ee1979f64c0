"""What is taken of each batch of records: the kept columns, the postcodes and the dates."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import unicodedata
from collections.abc import Iterator, Sequence

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from deprivation.enrich.dates import DateReader, Dates
from deprivation.enrich.files import Records
from deprivation.enrich.formats import Format
from deprivation.enrich.query import as_texts, json_keys, json_values, over
from deprivation.enrich.request import Request, as_name
from deprivation.enrich.tally import Tally
from deprivation.enrich.text_records import RECORD, JsonRecords
from deprivation.errors import InputError


def find_column(name: str, names: Sequence[str], file: str, is_json: bool = False) -> int:
    """The position of a column: its exact name, else one that differs by case and outer spaces.

    is_json: records may spell the key in other ways, and the exact name would miss some of them.
    Raises InputError if there is no such column, or more than one.
    """
    exact = [place for place, there in enumerate(names) if there == name]
    alike = [place for place, there in enumerate(names) if _folded(there) == _folded(name)]
    found = alike if is_json else exact or alike
    if len(found) > 1:
        shown = ", ".join(repr(names[place]) for place in found)
        raise InputError(f"{file}: columns {shown} have the same name; rename one")
    if not found:
        shown = ", ".join(map(repr, names[:50])) + (" ..." if len(names) > 50 else "")
        raise InputError(f"{file}: no column {name!r}; there are {shown}")
    return found[0]


@dataclasses.dataclass(frozen=True)
class Batch:
    """What is taken of a batch: kept columns, postcodes, dates, and texts to sum or combine by."""

    kept: list[pa.Array]
    postcodes: pa.StringArray
    dates: Dates | None
    summed: pa.StringArray | None
    combined: list[pa.StringArray]


def _folded(name: str) -> str:
    """Without case, outer spaces and what does not show, such as a second byte-order mark."""
    shown = "".join(letter for letter in name if unicodedata.category(letter) != "Cf")
    return shown.strip().casefold()


class Reader:
    """The kept columns of each batch, its postcodes as text, and its dates.

    kept: names of what comes out of the records, in order.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        records: Records,
        request: Request,
        form: Format,
    ):
        self.records, self._connection, self._form = records, connection, form
        self.is_json = isinstance(records, JsonRecords)
        names = json_keys(connection, records) if self.is_json else records.names
        self.dropped: str | None = None
        self.tally: Tally | None = None
        self.summed: int | None = None
        self.combined: list[int] = []
        self.postcode = self.date = None
        self.names = list(names)
        if names or not self.is_json:  # a file of JSON lines may have no records
            file = (records.paths or ["stdin"])[0]
            find = functools.partial(find_column, names=names, file=file, is_json=self.is_json)
            self.postcode = find(request.postcode_column)
            if request.date_column is not None:
                self.date = find(request.date_column)
            if request.summary_by is not None:
                self.summed = find(request.summary_by)
                index = as_name(request.columns.indices[0]).replace("all", "imd")
                self.tally = Tally(names[self.summed], index, request.summary_band)
            self.combined = [find(name) for name in request.k_anonymity]
            if request.drops_postcode:
                self.dropped = names[self.postcode]
        self.places = [
            place
            for place in range(len(names))
            if not (request.drops_postcode and place == self.postcode)
        ]
        self.kept = [names[place] for place in self.places]
        self._is_whole = self.is_json and form.kind == "jsonl"
        self._dates = (
            DateReader(connection, request.date_format) if request.date_column is not None else None
        )
        if self.is_json:
            few = {self.postcode, self.date, self.summed, *self.combined} - {None}
            self._asked = sorted(few) if self._is_whole else list(range(len(names)))
            self._values = json_values([names[place] for place in self._asked] or [""])

    def batches(self) -> Iterator[Batch]:
        """Of each batch, what is taken of it.

        The first has no records, only types.
        """
        empty = [pa.nulls(0, kind) for kind in self.records.fields()]
        none = pa.RecordBatch.from_arrays(empty, [f"c{n}" for n in range(len(empty))])
        if self.is_json:
            none = none.rename_columns([RECORD])
        for batch in itertools.chain([none], self.records.batches()):
            if len(batch) or batch is none:
                yield self._read(batch)

    def _read(self, batch: pa.RecordBatch) -> Batch:
        if self.is_json:
            values = over(self._connection, batch, self._values)
            columns = dict(zip(self._asked, values, strict=False))
            kept = [batch.column(0)] if self._is_whole else [columns[p] for p in self.places]
        else:
            columns = dict(enumerate(batch.columns))
            kept = [columns[place] for place in self.places]
            if self._form.kind in ("csv", "tsv") and not self.records.is_text:
                named = pa.RecordBatch.from_arrays(kept, [f"c{n}" for n in range(len(kept))])
                kept = as_texts(self._connection, named)
        blank = pa.nulls(len(batch), pa.string())
        texts = _text(columns[self.postcode], "postcode") if self.postcode in columns else blank
        dates = None
        if self._dates:
            written = _text(columns[self.date], "date") if self.date in columns else blank
            dates = self._dates.read(written)
        values = columns.get(self.summed) if self.tally else None
        return Batch(
            kept,
            texts,
            dates,
            values if values is None else _text(values, "summary"),
            [_text(columns[place], self.names[place]) for place in self.combined],
        )


def _text(column: pa.Array, what: str) -> pa.StringArray:
    """Values as text. Raises InputError for a type that has none."""
    try:
        return column if pa.types.is_string(column.type) else pc.cast(column, pa.string())
    except pa.ArrowException:
        raise InputError(f"the {what} column holds {column.type}, which is not text") from None
