"""What of a published file is in the server's memory, read by a process of its own.

To read it takes twice the memory that it then has. So another process reads it and writes it down:
small things by pickle, large arrays as they lie in memory. The server maps these, and only what is
asked for is ever in its memory.
"""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import mmap
import os
import pickle
import struct
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pyarrow as pa

from deprivation.errors import ExpectedError, InputError
from deprivation.published import held_editions
from deprivation.serve.areas import EditionAreas
from deprivation.serve.directory import Directory
from deprivation.sql import literal

# Of DuckDB: for the queries of places and areas, and to read what is in memory.
MEMORY, TO_READ = "80MB", "48MB"
ALIGNED = 64
Identity = tuple[int, int, int, int]


def identity(path: Path) -> Identity:
    """What another file under the same path does not share."""
    found = path.stat()
    return (found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size)


@dataclasses.dataclass(frozen=True)
class Release:
    """directory: the release of the postcode directory, `2025-11`; tag: of this very file."""

    directory: str | None
    is_synthetic: bool
    tag: str
    published_at: str


def _read_sectors(connection: duckdb.DuckDBPyConnection) -> dict[str, list[Spread]]:
    """By sector, its answers, one for each edition."""
    found = connection.execute(
        "select * from partial_postcodes where level = 'sector' and is_main_nation"
    )
    names = [column[0] for column in found.description]
    sectors: dict[str, list[Spread]] = {}
    for row in found.fetchall():
        values = dict(zip(names, row, strict=True))
        values["modal_quintile"] = values.get("modal_quintile", (values["modal_decile"] + 1) // 2)
        spread = Spread(**{name: values[name] for name in Spread._fields})
        sectors.setdefault(values["partial"], []).append(spread)
    return sectors


class Spread(NamedTuple):
    """The answer of a sector in one edition."""

    nation: str
    edition: int
    is_newest: bool
    modal_decile: int
    modal_quintile: int
    modal_share: float
    min_decile: int
    max_decile: int


def _read_place_names(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], str]:
    """Geography and code -> name."""
    rows = connection.execute(
        "select geography, geography_code, max_by(geography_name, edition) from area_summaries"
        " where geography_name is not null and geography not in ('msoa', 'lad_published')"
        " group by all"
    ).fetchall()
    return {(geography, code): name for geography, code, name in rows}


def _read_lad_ranks(
    connection: duckdb.DuckDBPyConnection,
) -> dict[tuple[str, int, str], dict[str, tuple[int, int, str]]]:
    """Nation, edition and local authority -> by index its rank, among how many, by what."""
    rows = connection.execute(
        "select nation, edition, geography_code, index_code,"
        " coalesce(rank_of_average_rank, rank_of_proportion_most_deprived),"
        " count(*) over (partition by nation, edition, index_code),"
        " case when rank_of_average_rank is null then 'share of areas in the most deprived tenth'"
        " else 'average rank' end"
        " from area_summaries where geography = 'lad'"
    ).fetchall()
    ranks: dict[tuple[str, int, str], dict[str, tuple[int, int, str]]] = {}
    for nation, edition, code, index, rank, count, measure in rows:
        if rank is not None:
            ranks.setdefault((nation, edition, code), {})[index] = (rank, count, measure)
    return ranks


@dataclasses.dataclass(frozen=True)
class Loaded:
    """editions: by nation and edition its areas, the column of their codes in the directory, and by
    number of a code the area's row; nations: by country code; labels: of the overall index by
    nation; sectors: by sector its answers, one for each edition, pickled: 100,000 are read in 0.2
    seconds, in which the server would answer nobody.
    """

    release: Release
    held: dict[str, list[int]]
    directory: Directory
    editions: dict[tuple[str, int], tuple[EditionAreas, str, Any]]
    nations: dict[str, str]
    labels: dict[str, str]
    sectors: dict[str, bytes]
    place_names: dict[tuple[str, str], str]
    lad_ranks: dict[tuple[str, int, str], dict[str, tuple[int, int, str]]]


def load(database: Path) -> Loaded:
    """Read it, in this process."""
    with connect(database, TO_READ) as connection:
        directory = Directory(connection)
        rows = connection.execute(
            "select nation, country_code, edition, area_column from editions order by 1, 3"
        ).fetchall()
        editions: dict[tuple[str, int], tuple[EditionAreas, str, Any]] = {}
        for nation, _, edition, column in rows:
            areas = EditionAreas(connection, nation, edition)
            codes = pa.array(directory.coded[column].values, pa.string())
            editions[nation, edition] = (areas, column, areas.rows_of(codes))
        labels = connection.execute(
            "select distinct nation, label from area_indices where index_code = 'imd'"
        ).fetchall()
        return Loaded(
            release=_release_of(connection, identity(database)),
            held=held_editions(connection),
            directory=directory,
            editions=editions,
            nations={country: nation for nation, country, *_ in rows},
            labels=dict(labels),
            sectors={
                sector: pickle.dumps(spreads)
                for sector, spreads in _read_sectors(connection).items()
            },
            place_names=_read_place_names(connection),
            lad_ranks=_read_lad_ranks(connection),
        )


def _release_of(connection: duckdb.DuckDBPyConnection, found: Identity) -> Release:
    sources = connection.execute(
        "select source, release, sha256, is_synthetic from sources order by all"
    ).fetchall()
    directory = [row[1] for row in sources if row[0] == "postcode_directory"]
    digest = hashlib.sha256(repr((sources, found)).encode()).hexdigest()
    changed = datetime.datetime.fromtimestamp(found[2] / 1e9, datetime.timezone.utc)
    return Release(
        directory[0] if directory else None,
        any(row[3] for row in sources),
        digest[:16],
        changed.isoformat(timespec="seconds"),
    )


def connect(database: Path, memory: str = MEMORY) -> duckdb.DuckDBPyConnection:
    config = {"memory_limit": memory, "temp_directory": "", "threads": min(os.cpu_count() or 1, 4)}
    connection = duckdb.connect(config=config)
    connection.execute(f"attach {literal(str(database))} as published (read_only)")
    connection.execute("use published.main")
    return connection


def load_apart(database: Path) -> Loaded:
    """Have another process read it. Raises InputError for what that cannot use."""
    with tempfile.TemporaryDirectory(
        prefix="deprivation-serve-", ignore_cleanup_errors=True
    ) as folder:
        file = Path(folder) / "loaded"
        words = [sys.executable, "-m", "deprivation.serve.loading", str(database), str(file)]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode:
            said = done.stderr.strip().splitlines()
            raise InputError(said[-1] if said else f"{database} could not be read")
        # What is mapped stays when its file is removed.
        return read(file)


def write(loaded: Loaded, file: Path) -> None:
    """The pickle's length, the pickle, then by length and place each large buffer."""
    buffers: list[pickle.PickleBuffer] = []
    stream = pickle.dumps(loaded, protocol=5, buffer_callback=buffers.append)
    with file.open("xb") as out:
        lengths = [buffer.raw().nbytes for buffer in buffers]
        out.write(struct.pack(f"<QQ{len(lengths)}Q", len(stream), len(lengths), *lengths))
        out.write(stream)
        for buffer in buffers:
            out.write(bytes(-out.tell() % ALIGNED))
            out.write(buffer.raw())


def read(file: Path) -> Loaded:
    """What `write` wrote; its arrays cannot be written to."""
    with file.open("rb") as opened:
        whole = memoryview(mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ))
    length, count = struct.unpack_from("<QQ", whole)
    lengths = struct.unpack_from(f"<{count}Q", whole, 16)
    place = 16 + 8 * count
    stream, place = whole[place : place + length], place + length
    buffers = []
    for size in lengths:
        place += -place % ALIGNED
        buffers.append(whole[place : place + size])
        place += size
    return pickle.loads(stream, buffers=buffers)


def main() -> None:
    database, file = map(Path, sys.argv[1:])
    try:
        write(load(database), file)
    except (ExpectedError, duckdb.Error, ValueError, MemoryError, OSError) as error:
        sys.exit(str(error) or type(error).__name__)


if __name__ == "__main__":
    # By the module's own name, which the pickle names its classes by.
    from deprivation.serve import loading

    loading.main()
