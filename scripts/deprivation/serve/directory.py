"""The postcode directory in memory: a row for each postcode, found by its key in a microsecond.

Codes are numbers of a dictionary, keys whole numbers (enrich/keys.py) in sorted order, so that 2.7
million postcodes take about 110 MB.
"""

from __future__ import annotations

import dataclasses
import datetime
import functools
from collections.abc import Sequence
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from deprivation.enrich.keys import pack
from deprivation.sql import identifier

# The census years of small areas, as the column of the directory that holds each.
VINTAGES = ("lsoa_2001_code", "lsoa_2011_code", "lsoa_2021_code")
# Place of a postcode in the answers -> its column of codes.
PLACES = {
    "region": "region_code",
    "lad": "lad_code",
    "ward": "ward_code",
    "pcon": "pcon_code",
    "icb": "icb_code",
    "sub_icb": "sub_icb_code",
    "pfa": "pfa_code",
}
TEXTS = ("rural_urban_2011", "rural_urban_2021")
CODED = ("country_code", *PLACES.values(), *VINTAGES, *TEXTS)
FIRST_YEAR = 1900
NO_DEGREES = -(2**31)


@dataclasses.dataclass(frozen=True)
class Coded:
    """A column of codes: `numbers` of `values` by place; the last value is null."""

    numbers: np.ndarray
    values: list[str | None]


def taken(column: np.ndarray, places: Sequence[int]) -> list[Any]:
    """The values at some places. One by itself is faster without an array of places."""
    return [column.item(places[0])] if len(places) == 1 else column[places].tolist()


class Directory:
    """Places are numbers of postcodes in the order of their packed keys; -1 is none."""

    def __init__(self, connection: duckdb.DuckDBPyConnection):
        """connection: reads the table postcodes."""
        keys = _column(connection, "postcode_key")
        packed = np.concatenate([pack(chunk) for chunk in keys.chunks] or [np.zeros(0, "<u8")])
        if not packed.all():
            raise ValueError("a postcode key that is not of five to seven characters")
        order = np.argsort(packed, kind="stable")
        self.keys = packed[order]
        self.is_live = _column(connection, "is_live").to_numpy()[order]
        self.coded = {name: _coded(_column(connection, name), order) for name in CODED}
        self._degrees = [
            _compact_degrees(_column(connection, name).to_numpy().astype(np.float64))[order]
            for name in ("latitude", "longitude")
        ]
        self._introduced, self._terminated = (
            _months(connection, name)[order] for name in ("introduced_on", "terminated_on")
        )

    def __len__(self) -> int:
        return len(self.keys)

    def find(self, key: str) -> int:
        """The place of an upper-case key without spaces, or -1."""
        if not (5 <= len(key) <= 7 and key.isascii()):
            return -1
        packed = np.uint64(int.from_bytes(key.encode(), "little") | len(key) << 56)
        place = int(self.keys.searchsorted(packed))
        return place if place < len(self.keys) and self.keys[place] == packed else -1

    def find_all(self, keys: Sequence[str]) -> list[int]:
        """The same for many."""
        packed = pack(pa.array(keys, pa.string()))
        places = np.minimum(self.keys.searchsorted(packed), max(len(self.keys) - 1, 0))
        if not len(self.keys):
            return [-1] * len(keys)
        return np.where(self.keys[places] == packed, places, -1).tolist()

    def own_columns(self, places: Sequence[int]) -> dict[str, list[Any]]:
        """By name, what is said of each postcode by itself: its months, latitude and longitude in
        degrees (WGS 84).
        """
        latitudes, longitudes = (taken(column, places) for column in self._degrees)
        return {
            "introduced_on": [_first_of_month(n) for n in taken(self._introduced, places)],
            "terminated_on": [_first_of_month(n) for n in taken(self._terminated, places)],
            "latitude": [_as_degrees(number) for number in latitudes],
            "longitude": [_as_degrees(number) for number in longitudes],
        }


def _column(connection: duckdb.DuckDBPyConnection, name: str) -> pa.ChunkedArray:
    # One column at a time, in the order they lie in: less memory than all at once.
    return connection.execute(f"select {identifier(name)} from postcodes").to_arrow_table()[0]


def _coded(column: pa.ChunkedArray, order: np.ndarray) -> Coded:
    encoded = column.cast(pa.string()).dictionary_encode().unify_dictionaries().combine_chunks()
    if isinstance(encoded, pa.ChunkedArray):  # pyarrow gives one chunk of none as none
        return Coded(np.zeros(0, np.int8), [None])
    values = [*encoded.dictionary.to_pylist(), None]
    numbers = encoded.indices.fill_null(len(values) - 1).to_numpy()
    kind = next(k for k in (np.uint8, np.uint16, np.int32) if len(values) <= np.iinfo(k).max)
    return Coded(numbers.astype(kind)[order], values)


def _compact_degrees(degrees: np.ndarray) -> np.ndarray:
    """Millionths of a degree where that loses nothing, the lowest number for none; else doubles."""
    there = np.isfinite(degrees)
    millionths = np.where(there, np.round(degrees * 1e6), NO_DEGREES).astype(np.int32)
    is_exact = bool((millionths[there] / 1e6 == degrees[there]).all())
    return millionths if is_exact else degrees


def _as_degrees(value: float | int) -> float | None:
    if isinstance(value, int):
        return None if value == NO_DEGREES else value / 1e6
    return None if value != value else value


def _months(connection: duckdb.DuckDBPyConnection, name: str) -> np.ndarray:
    months = connection.execute(
        f"select cast(coalesce((year({name}) - {FIRST_YEAR}) * 12 + month({name}) - 1, -1)"
        " as smallint) from postcodes"
    )
    return months.to_arrow_table()[0].to_numpy()


@functools.cache
def _first_of_month(months: int) -> str | None:
    if months < 0:
        return None
    return datetime.date(FIRST_YEAR + months // 12, months % 12 + 1, 1).isoformat()
