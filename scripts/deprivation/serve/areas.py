"""The small areas of one edition in memory, with all their indices and local ranks."""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

# Of the overall index, an answer holds the place within these.
LOCAL_GEOGRAPHIES = ("lad", "region", "icb", "health_board")
NAMES = ("area_code", "area_name", "lad_code", "lad_name")
MEASURES = ("score", "rank", "decile", "quintile", "lad_rank", "lad_areas")
LOCAL = ("local_rank", "local_areas", "ntile_10", "ntile_5", "ohid_10", "ohid_5")
LOCAL_NAMES = ("rank", "areas", "decile", "quintile", "decile_ohid", "quintile_ohid")


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
            " cast(rank as float) as rank, cast(coalesce(decile, 0) as tinyint) as decile,"
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

    def kinds(self, row: int) -> tuple[int, ...]:
        """The numbers of the area's indices, in order."""
        return tuple(self._rows["kind"][self._starts[row] : self._starts[row + 1]].tolist())

    def values(self, row: int) -> list[Any]:
        """Of an area its code, name, and local authority's code and name, then MEASURES of each
        index.
        """
        start, end = int(self._starts[row]), int(self._starts[row + 1])
        columns = [self._rows[name][start:end].tolist() for name in MEASURES]
        for doubles in columns[:2]:
            doubles[:] = [None if value != value else value for value in doubles]
        columns[1] = [r if r is None or not r.is_integer() else int(r) for r in columns[1]]
        for wholes in columns[2:]:
            wholes[:] = [value or None for value in wholes]
        names = [self.codes[row], self.names[row], *(column[row] for column in self._lads)]
        measures = [value for index in zip(*columns, strict=True) for value in index]
        return [name.as_py() for name in names] + measures

    def index_rows(
        self, kinds: tuple[int, ...], values: list[Any], base: dict[str, Any]
    ) -> list[dict[str, Any]]:
        """One dictionary an index, by the names of deprivation(); `base` and over it `values`."""
        first = base | self.edition | dict(zip(NAMES, values, strict=False))
        rows = []
        for number, kind in enumerate(kinds):
            code, label, kind_of_index = self._indices[kind]
            start = len(NAMES) + number * len(MEASURES)
            rows.append(
                first
                | {"index_code": code, "label": label, "kind": kind_of_index}
                | dict(zip(MEASURES, values[start : start + len(MEASURES)], strict=True))
            )
        return rows

    def local(self, row: int) -> list[dict[str, Any]]:
        """The area's place within each geography by the overall index."""
        found = []
        for geography, place, places, values in self._local:
            if place[row] >= 0:
                code, name = places[place[row]]
                measures = zip(LOCAL_NAMES, values[row].tolist(), strict=True)
                found.append(
                    {"geography": geography, "code": code, "name": name}
                    | {measure: value or None for measure, value in measures}
                )
        return found


def _compact(numbers: np.ndarray) -> np.ndarray:
    """Whole numbers in two bytes each where they fit; a copy, so that what they came from goes."""
    fits = numbers.dtype == np.int32 and (not numbers.size or int(numbers.max()) < 1 << 15)
    return numbers.astype(np.int16) if fits else numbers.copy()
