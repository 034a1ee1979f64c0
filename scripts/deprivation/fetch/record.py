"""The record of fetched files, fetched.json in the data folder."""

from __future__ import annotations

import contextlib
import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

from deprivation.errors import FetchError
from deprivation.fetch.download import Version
from deprivation.hashes import sha256_of
from deprivation.locks import sole

RECORD = "fetched.json"


@dataclasses.dataclass(frozen=True)
class Fetched:
    """One fetched file. path: relative to the data folder; times: ISO 8601, UTC."""

    path: str
    product: str
    release: str
    kind: str
    address: str
    sha256: str
    bytes: int
    mtime_ns: int
    fetched_at: str
    etag: str = ""
    last_modified: str = ""
    licence: str = ""

    @property
    def version(self) -> Version:
        return Version(self.etag, self.last_modified, self.bytes)

    def is_in(self, data_dir: Path) -> bool:
        """True if the file is there unchanged: the same size, and the same time or hash."""
        path = data_dir / self.path
        if not path.is_file() or path.stat().st_size != self.bytes:
            return False
        return path.stat().st_mtime_ns == self.mtime_ns or sha256_of(path) == self.sha256


def read_record(data_dir: Path) -> dict[str, Fetched]:
    """The files fetched into the folder, by path; none if there is no record.

    Raises FetchError for a record that is damaged, or names a file outside the folder: files in
    the record may be replaced and removed.
    """
    path = data_dir / RECORD
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        return {row["path"]: _checked(Fetched(**row)) for row in rows}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise FetchError(
            f"{path}: not a record of fetched files ({error}); move it and the postcode directory"
            " away, then fetch again"
        ) from None


def _checked(one: Fetched) -> Fetched:
    """Raises ValueError for a value of the wrong type, or a path outside the folder."""
    for field in dataclasses.fields(one):
        value = getattr(one, field.name)
        wanted = int if field.name in ("bytes", "mtime_ns") else str
        if not isinstance(value, wanted) or (wanted is str and not value.isprintable()):
            raise ValueError(f"{field.name} is {str(value)[:60]!r}")
    if ".." in Path(one.path).parts or Path(one.path).is_absolute():
        raise ValueError(f"{one.path} is not in the folder")
    return one


def write_record(data_dir: Path, record: dict[str, Fetched]) -> None:
    unfinished = data_dir / (RECORD + ".part")
    rows = [dataclasses.asdict(record[path]) for path in sorted(record)]
    unfinished.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    unfinished.replace(data_dir / RECORD)


@contextlib.contextmanager
def sole_fetcher(data_dir: Path, wait: float = 0) -> Iterator[None]:
    """Lock the data folder for changes. Raises FetchError if another run has locked it."""
    busy = FetchError(f"another run is fetching into {data_dir}; try again when it has ended")
    with sole(data_dir / ".fetch.lock", wait, busy):
        yield
