"""One published file as it is served: its tables, what of them is in memory, its release.

A refreshed file is another snapshot: requests under way end with the one they began with.
"""

from __future__ import annotations

import contextlib
import ctypes
import datetime
import pickle
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from deprivation.errors import ExpectedError, InputError
from deprivation.published import open_published
from deprivation.serve.loading import Identity, Spread, connect, identity, load_apart

M_ARENA_MAX = -8  # of mallopt(3)


class Snapshot:
    def __init__(self, database: Path):
        """Raises InputError for a file that cannot be used."""
        self.database, self.identity = database, identity(database)
        with open_published(database):
            pass  # only to say what is wrong with it
        loaded = load_apart(database)
        self.release, self.held, self.directory = loaded.release, loaded.held, loaded.directory
        self.editions, self.nations, self.labels = loaded.editions, loaded.nations, loaded.labels
        self.sectors, self.place_names = loaded.sectors, loaded.place_names
        self.lad_ranks = loaded.lad_ranks
        give_back_memory()
        self._connection = connect(database)
        if identity(database) != self.identity:
            raise InputError(f"{database} was replaced while it was opened")

    def spreads(self, sector: str) -> list[Spread]:
        """The answers of a sector, one for each edition; none if there is no such sector."""
        found = self.sectors.get(sector)
        return pickle.loads(found) if found else []

    def area_name(self, column: str, number: int) -> str | None:
        """The name that the newest edition gives an area, by its number in a column of codes."""
        for (_, _), (areas, by, rows) in sorted(self.editions.items(), key=_year, reverse=True):
            if by == column and rows[number] >= 0:
                name = areas.names[int(rows[number])].as_py()
                if name:
                    return str(name)
        return None

    @contextlib.contextmanager
    def cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection of its own to the file, for one request; in any thread."""
        with self._connection.cursor() as cursor:
            cursor.execute("use published.main")
            yield cursor

    def rows(self, query: str, parameters: list[Any] | None = None) -> list[dict[str, Any]]:
        """The rows of a query as dictionaries."""
        with self.cursor() as cursor:
            found = cursor.execute(query, parameters or [])
            names = [column[0] for column in found.description]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def give_back_memory() -> None:
    """Return to the system what loading took and no longer uses: glibc would keep it."""
    pa.default_memory_pool().release_unused()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def keep_few_arenas() -> None:
    """Have glibc share its memory among threads: one heap for each would grow to some 100 MB."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, 2)


def _year(edition: tuple[tuple[str, int], Any]) -> int:
    return edition[0][1]


class Served:
    """The newest snapshot of a file; another is opened when the file is replaced.

    The one before it is served until then, and stays if the new file cannot be used.
    """

    def __init__(self, database: Path, log: Callable[..., None], seconds: float = 1.0):
        """Raises InputError. log: called with an event's name and what is known of it."""
        self._database, self._log, self._seconds = database, log, seconds
        self.snapshot = Snapshot(database)
        self.since = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
        self._refused: Identity | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True, name="refresh")

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(10)

    def _watch(self) -> None:
        while not self._stop.wait(self._seconds):
            with contextlib.suppress(OSError):  # not there for a moment, or removed
                found = identity(self._database)
                if found not in (self.snapshot.identity, self._refused):
                    self._open(found)

    def _open(self, found: Identity) -> None:
        try:
            self.snapshot = Snapshot(self._database)
        except (ExpectedError, duckdb.Error, ValueError, MemoryError) as error:
            self._refused = found
            self._log("refresh_refused", reason=str(error))
            return
        self.since = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
        self._log("refreshed", release=self.snapshot.release.directory)
