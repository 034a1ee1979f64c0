"""The small areas of one edition in memory, with all their indices and local ranks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from deprivation.serve.directory import taken

# Of the overall index, an answer holds the place within these.
LOCAL_GEOGRAPHIES = ("lad", "region", "icb", "health_board")
NAMES = ("area_code", "area_name", "lad_code", "lad_name")
MEASURES = ("score", "rank", "decile", "quintile", "lad_rank", "lad_areas")
LOCAL = ("local_rank", "local_areas", "ntile_10", "ntile_5", "ohid_10", "ohid_5")


class EditionAreas:
    """Rows are numbers of areas in the order of their codes."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, nation: str, edition: int):
        """connection: reads area_indices, local_quantiles and editions."""
        chosen = "where nation = $1 and edition = $2"
        asked = [nation, edition]
        title = connection.execute(
            f"select title, publisher, area_type, areas as edition_areas from editions {chosen}",
            asked,
        )
        names = [column[0] for column in title.description]
        self.edition = {
            "nation": nation,
            "edition": edition,
            **dict(zip(names, title.fetchone(), strict=True)),
        }
        areas = connection.execute(
            "select area_code, max(area_name) as name, max(lad_code) as lad_code,"
            f" max(lad_name) as lad_name, count(*) as n from area_indices {chosen}"
            " group by area_code order by area_code",
            asked,
        ).to_arrow_table()
        self.codes, self.names = (areas[name].combine_chunks() for name in ("area_code", "name"))
        self._lads = [areas[name].combine_chunks() for name in ("lad_code", "lad_name")]
        self._starts = np.append(0, np.cumsum(areas["n"].to_numpy())).astype(np.int32)
        kinds = connection.execute(
            f"select distinct index_code, label, kind from area_indices {chosen} order by 1", asked
        ).fetchall()
        self._indices = kinds
        numbers = " ".join(f"when '{code}' then {n}" for n, (code, *_) in enumerate(kinds))
        rows = connection.execute(
            f"select cast(case index_code {numbers} end as tinyint) as kind, score,"
            " cast(coalesce(rank, 0) as float) as rank,"
            " cast(coalesce(decile, 0) as tinyint) as decile,"
            " cast(coalesce(quintile, 0) as tinyint) as quintile,"
            " cast(coalesce(lad_rank, 0) as integer) as lad_rank,"
            " cast(coalesce(lad_areas, 0) as integer) as lad_areas"
            f" from area_indices {chosen} order by area_code, index_order",
            asked,
        ).to_arrow_table()
        self._rows = {name: _compact(rows[name].to_numpy()) for name in rows.column_names}
        self._local = self._read_local(connection, asked)

    def _read_local(self, connection: duckdb.DuckDBPyConnection, asked: list[Any]) -> list[Any]:
        """For each geography: its name, by area the number of its place (-1: none), the places,
        and by area the measures LOCAL.
        """
        found = []
        for geography in LOCAL_GEOGRAPHIES:
            table = connection.execute(
                "select area_code, geography_code, geography_name,"
                f" {', '.join(f'cast(coalesce({n}, 0) as integer) as {n}' for n in LOCAL)}"
                " from local_quantiles where nation = $1 and edition = $2 and geography = $3"
                " and index_code = 'imd'",
                [*asked, geography],
            ).to_arrow_table()
            if not len(table):
                continue
            rows = self.rows_of(table["area_code"].combine_chunks())
            code = table["geography_code"].combine_chunks().dictionary_encode()
            place = np.full(len(self.codes), -1, np.int16)
            place[rows] = code.indices.to_numpy()
            names = dict(
                zip(
                    code.to_pylist(),
                    table["geography_name"].to_pylist(),
                    strict=True,
                )
            )
            values = np.zeros((len(self.codes), len(LOCAL)), np.int32)
            values[rows] = np.stack([table[name].to_numpy() for name in LOCAL], axis=1)
            places = [(one, names[one]) for one in code.dictionary.to_pylist()]
            found.append((geography, place, places, _compact(values)))
        return found

    def rows_of(self, codes: pa.Array) -> np.ndarray:
        """The row of each code, -1 for none."""
        return pc.index_in(codes, self.codes).fill_null(-1).to_numpy().astype(np.int32)

    def kinds(self, row: int) -> bytes:
        """The numbers of the area's indices, in order."""
        return self._rows["kind"][self._starts[row] : self._starts[row + 1]].tobytes()

    def values(self, rows: Sequence[int]) -> list[list[Any]]:
        """For each row the area's code, name, and local authority's code and name, then each of
        MEASURES for all its indices. A column is read for all rows at once.
        """
        starts, ends = taken(self._starts, rows), taken(self._starts[1:], rows)
        spans = [slice(start, end) for start, end in zip(starts, ends, strict=True)]
        score, rank, *wholes = (_joined(self._rows[name], spans) for name in MEASURES)
        if self._rows["rank"].dtype == np.float32:
            rank = [int(one) if one.is_integer() else one for one in rank]
        columns = [[None if value != value else value for value in score]]
        columns += [[value or None for value in column] for column in (rank, *wholes)]
        names = [_strings(column, rows) for column in (self.codes, self.names, *self._lads)]
        found, start = [], 0
        for span, *values in zip(spans, *names, strict=True):
            end = start + span.stop - span.start
            for column in columns:
                values += column[start:end]
            found.append(values)
            start = end
        return found

    def index_rows(
        self, kinds: bytes, values: list[Any], base: dict[str, Any]
    ) -> list[dict[str, Any]]:
        """One dictionary an index, by the names of deprivation(); `base` and over it `values`."""
        first = base | self.edition | dict(zip(NAMES, values, strict=False))
        rows = []
        for number, kind in enumerate(kinds):
            code, label, kind_of_index = self._indices[kind]
            measures = values[len(NAMES) + number :: len(kinds)]
            rows.append(
                first
                | {"index_code": code, "label": label, "kind": kind_of_index}
                | dict(zip(MEASURES, measures, strict=True))
            )
        return rows

    def local(self, rows: Sequence[int]) -> list[list[dict[str, Any]]]:
        """For each row the area's place within each geography by the overall index."""
        found: list[list[dict[str, Any]]] = [[] for _ in rows]
        spans = [slice(row, row + 1) for row in rows]
        for geography, place, places, values in self._local:
            numbers, measures_of = taken(place, rows), _joined(values, spans)
            for mine, number, measures in zip(found, numbers, measures_of, strict=True):
                if number >= 0:
                    code, name = places[number]
                    rank, areas, decile, quintile, decile_ohid, quintile_ohid = measures
                    mine.append(
                        {
                            "geography": geography,
                            "code": code,
                            "name": name,
                            "rank": rank or None,
                            "areas": areas or None,
                            "decile": decile or None,
                            "quintile": quintile or None,
                            "decile_ohid": decile_ohid or None,
                            "quintile_ohid": quintile_ohid or None,
                        }
                    )
        return found


def _joined(column: np.ndarray, spans: Sequence[slice]) -> list[Any]:
    parts = [column[span] for span in spans]
    return (parts[0] if len(parts) == 1 else np.concatenate(parts)).tolist()


def _strings(column: pa.Array, rows: Sequence[int]) -> list[str | None]:
    """One by itself is faster without an array of rows."""
    return [column[rows[0]].as_py()] if len(rows) == 1 else column.take(rows).to_pylist()


def _compact(numbers: np.ndarray) -> np.ndarray:
    """Ranks without halves as whole numbers, and these in two bytes each where they fit; a copy, so
    that what they came from goes.
    """
    if numbers.dtype == np.float32 and (numbers == np.rint(numbers)).all():
        numbers = numbers.astype(np.int32)
    fits = numbers.dtype == np.int32 and (not numbers.size or int(numbers.max()) < 1 << 15)
    return numbers.astype(np.int16) if fits else numbers.copy()
