"""The publishers' files, fetched into the data folder, checked, and recorded.

fetchable.csv lists what can be fetched. `need` says when a row is:

    directory   postcode directories: one of them, the newest or the release asked for
    edition     always
    nation      always; a failure is a warning
    request     only by the name of its product
    search      asked for the newest directory; item is the address of what it finds

    DATA/onspd/ONSPD_AUG_2026_UK.zip     as published, under the name in the list
    DATA/nations/NAME.ods                as published
    DATA/nations/NAME.SHEET.csv          beside it, the sheets named in the list
    DATA/fetched.json                    of each: address, sha256, bytes, version, time
    DATA/.../NAME.part                   on the way, or left by a run that was killed
"""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import datetime
import json
import re
import shutil
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import filelock
import requests

from deprivation import download as web
from deprivation import settings
from deprivation.download import FetchError, Patience, Say, Version
from deprivation.errors import InputError
from deprivation.inputs import DIRECTORY_NAME, MONTHS
from deprivation.spreadsheets import to_csv

LIST = Path(__file__).parent / "fetchable.csv"
RECORD = "fetched.json"
TITLE = re.compile(
    r"(?P<product>ONS Postcode Directory|National Statistics Postcode Lookup).*?"
    r"\((?P<month>[A-Z][a-z]{2})[a-z]* (?P<year>20\d\d)\)"
)
PRODUCTS = {"ONS Postcode Directory": "ONSPD", "National Statistics Postcode Lookup": "NSPL"}


@dataclasses.dataclass(frozen=True)
class Fetchable:
    """One row of fetchable.csv. bytes, sha256: None and empty where nobody has said.

    sha256_by: `reported` by others or of a `copy` that came another way: a difference is told;
    `pinned`, of the publisher's own file: a difference is refused.
    """

    need: str
    product: str
    release: str
    folder: str
    file_name: str
    address: str
    bytes: int | None = None
    sha256: str = ""
    sha256_by: str = ""
    sheets: str = ""
    licence: str = ""
    note: str = ""

    @property
    def name(self) -> str:
        return f"{self.product} ({self.release})"

    @property
    def path(self) -> str:
        """Where it goes, relative to the data folder."""
        return f"{self.folder}/{self.file_name}"

    @property
    def kind(self) -> str:
        """Files of one kind take each other's place: one directory, one file of an edition."""
        return "directory" if self.need == "directory" else self.file_name


@dataclasses.dataclass(frozen=True)
class Fetched:
    """What is known of a file in the data folder. path: relative to it; times: ISO 8601, UTC."""

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
        """True if the file is there as it was fetched, by size and time, else by its hash."""
        path = data_dir / self.path
        if not path.is_file() or path.stat().st_size != self.bytes:
            return False
        return path.stat().st_mtime_ns == self.mtime_ns or web.sha256_of(path) == self.sha256


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What became of one file. status: `unchanged`, `fetched`, `re-issued` or `failed`."""

    product: str
    release: str
    file_name: str
    status: str
    address: str
    sha256: str = ""
    bytes: int | None = None
    fetched_at: str = ""
    said: str = ""


# The list ---------------------------------------------------------------------------------------


def read_list(path: Path = LIST) -> list[Fetchable]:
    """The rows of a list like fetchable.csv. Raises FetchError for one with other columns."""
    with path.open(encoding="utf-8", newline="") as file:
        try:
            return [
                Fetchable(**row | {"bytes": int(row["bytes"]) if row["bytes"] else None})
                for row in csv.DictReader(file)
            ]
        except (TypeError, KeyError, ValueError) as error:
            raise FetchError(f"{path}: not a list of files to fetch ({error})") from None


def choose(
    rows: Sequence[Fetchable], only: Sequence[str] = (), directory: Fetchable | None = None
) -> list[Fetchable]:
    """What to fetch: `only` these products, else `directory` and all that is always fetched.

    Raises FetchError for a product that is not in the list.
    """
    if not only:
        return [*([directory] if directory else []), *(row for row in rows if row.need in NEEDED)]
    offered = [row for row in rows if row.need in (*NEEDED, "request")]
    offered += [directory] if directory else []
    unknown = set(only) - {row.product for row in offered}
    if unknown:
        known = ", ".join(sorted({row.product for row in offered}))
        raise FetchError(f"{', '.join(sorted(unknown))}: no such product; there are {known}")
    return [row for row in offered if row.product in only]


NEEDED = ("edition", "nation")


def find_directory(
    rows: Sequence[Fetchable],
    product: str,
    release: str | None,
    known: Iterable[Fetched],
    session: requests.Session,
    patience: Patience,
    say: Say,
) -> Fetchable:
    """The postcode directory to fetch: the release asked for, or the newest there is.

    The newest of what the publisher's search finds, of the list, and of what was fetched before:
    a search that fails never brings back an older one. Raises FetchError for a release that is
    nowhere.
    """
    listed = [row for row in rows if (row.need, row.product) == ("directory", product)]
    by_release = {row.release: row for row in listed}
    if release in by_release:
        return by_release[release]
    for found in known:
        if found.kind == "directory" and found.product == product:
            by_release.setdefault(found.release, _again(found))
    for row in _search(rows, product, session, patience, say):
        by_release.setdefault(row.release, row)
    if release:
        if release not in by_release:
            raise FetchError(
                f"{product} {release}: no such release; there are {', '.join(sorted(by_release))};"
                " a file from elsewhere is taken by --address or --path"
            )
        return by_release[release]
    if not by_release:
        raise FetchError(f"{product}: no release found, and none in the list")
    newest = max(by_release)
    say(f"newest {product}: {newest}")
    return by_release[newest]


def _again(found: Fetched) -> Fetchable:
    folder, _, name = found.path.partition("/")
    return Fetchable(
        "directory",
        found.product,
        found.release,
        folder,
        name,
        found.address,
        licence=found.licence,
    )


def _search(
    rows: Sequence[Fetchable], product: str, session: requests.Session, patience: Patience, say: Say
) -> list[Fetchable]:
    """Releases that the publisher's search finds; none, saying so, if it does not answer."""
    items = [row for row in rows if (row.need, row.product) == ("item", product)]
    briefly = dataclasses.replace(patience, attempts=min(2, patience.attempts), silence=20.0)
    found = []
    for row in rows:
        if items and (row.need, row.product) == ("search", product):
            try:
                answer = web.get_json(session, row.address, briefly)
                found += list(read_search(answer, items[0]))
            except FetchError as error:
                say(f"the search for the newest {product} failed ({error}); the list is used")
    return found


def read_search(answer: dict, item: Fetchable) -> Iterator[Fetchable]:
    """The releases in an answer of ArcGIS Hub ({features}) or ArcGIS ({results}), newest last."""
    entries = [entry.get("properties", {}) | entry for entry in answer.get("features", [])]
    entries += answer.get("results", [])
    for entry in sorted(entries, key=lambda entry: entry.get("created") or 0):
        title = TITLE.search(entry.get("title") or "")
        is_data = entry.get("type") in ("CSV Collection", "Feature", None)
        if not title or not is_data or PRODUCTS[title["product"]] != item.product:
            continue
        month = title["month"].upper()
        if month in MONTHS and re.fullmatch("[0-9a-f]{32}", str(entry.get("id"))):
            yield dataclasses.replace(
                item,
                need="directory",
                release=f"{title['year']}-{MONTHS.index(month) + 1:02}",
                file_name=f"{item.product}_{month}_{title['year']}_UK.zip",
                address=item.address.format(id=entry["id"]),
            )


def from_elsewhere(
    rows: Sequence[Fetchable], product: str, release: str | None, address: str
) -> Fetchable:
    """A file from an address or path that is not in the list, to be used as `product`.

    A directory's name and release are read off the address, or else, of a zip, off what it holds
    once it is there. Raises FetchError for a product that is not in the list.
    """
    address = address if "://" in address else str(Path(address).absolute())
    name = web.name_of(address) if "://" in address else Path(address).name
    like = [row for row in rows if row.product == product and row.need not in ("search", "item")]
    if not like:
        raise FetchError(f"{product}: no such product in the list")
    unsaid = {"bytes": None, "sha256": "", "sha256_by": "", "note": "", "address": address}
    if like[0].need != "directory":
        return dataclasses.replace(like[0], **unsaid, release=release or like[0].release)
    if not DIRECTORY_NAME.fullmatch(Path(name).stem):
        packing = ".csv" if name.lower().endswith(".csv") else ".zip"
        name = f"{product}_{_as_in_names(release) if release else 'NEW'}_UK{packing}"
    return dataclasses.replace(
        like[0], **unsaid, release=release or _month_of(name), file_name=name
    )


def _as_in_names(release: str) -> str:
    """2026-11 -> NOV_2026. Raises FetchError for what is not a month."""
    found = re.fullmatch(r"(20\d\d)-(0[1-9]|1[0-2])", release)
    if not found:
        raise FetchError(f"release {release}: not a month such as 2026-11")
    return f"{MONTHS[int(found[2]) - 1]}_{found[1]}"


def _month_of(name: str) -> str:
    found = DIRECTORY_NAME.fullmatch(Path(name).stem)
    if not found or found["month"].upper() not in MONTHS:
        return ""
    return f"{found['year']}-{MONTHS.index(found['month'].upper()) + 1:02}"


# The record -------------------------------------------------------------------------------------


def read_record(data_dir: Path) -> dict[str, Fetched]:
    """What was fetched into the folder, by path; nothing if there is no record, or a broken one."""
    try:
        rows = json.loads((data_dir / RECORD).read_text(encoding="utf-8"))
        return {row["path"]: Fetched(**row) for row in rows}
    except (OSError, ValueError, TypeError, KeyError):
        return {}


def write_record(data_dir: Path, record: dict[str, Fetched]) -> None:
    unfinished = data_dir / (RECORD + ".part")
    rows = [dataclasses.asdict(record[path]) for path in sorted(record)]
    unfinished.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    unfinished.replace(data_dir / RECORD)


@contextlib.contextmanager
def sole_fetcher(data_dir: Path, wait: float = 0) -> Iterator[None]:
    """Hold the right to change the data folder. Raises FetchError if another run holds it."""
    data_dir.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(data_dir / ".fetch.lock")
    try:
        lock.acquire(timeout=wait)
    except filelock.Timeout:
        raise FetchError(f"another run is fetching into {data_dir}; this one leaves") from None
    try:
        yield
    finally:
        lock.release()


# Fetching ---------------------------------------------------------------------------------------


def data_dir() -> Path:
    """Where files go: DEPRIVATION_DATA_DIR, or the folder data of the project."""
    return settings.data_dir() or settings.PROJECT / "data"


def fetch(
    wanted: Sequence[Fetchable],
    folder: Path,
    session: requests.Session,
    patience: Patience,
    say: Say,
    watch=None,
) -> list[Outcome]:
    """Bring the data folder up to date with `wanted`; to be called within sole_fetcher.

    Each file is whole, checked and recorded before it takes the place of another. Raises
    FetchError for the first file that is needed and cannot be had; those before it stay.
    """
    record = read_record(folder)
    _clean(folder, wanted)
    _refuse_strangers(folder, wanted, record)
    with ThreadPoolExecutor(max_workers=8) as threads:
        current = list(threads.map(lambda row: _is_current(row, folder, record, patience), wanted))
    outcomes = []
    for row, is_current in zip(wanted, current, strict=True):
        if is_current is True:
            _remove_replaced(record[row.path], folder, record)
            outcome = _outcome(row, record[row.path], "unchanged")
        else:
            try:
                if isinstance(is_current, FetchError):
                    raise is_current
                with (watch or _silently)(row.name) as watching:
                    outcome = _fetch_one(row, folder, record, session, patience, say, watching)
            except InputError as error:
                if row.need != "nation":
                    said = str(error)
                    named = said if said.startswith(row.name) else f"{row.name}: {said}"
                    raise FetchError(named) from None
                outcome = _failed(row, str(error))
        outcomes.append(outcome)
        if outcome.said:
            say(outcome.said)
    return outcomes


def _failed(row: Fetchable, reason: str) -> Outcome:
    said = f"warning: {row.name} left as it was: {reason}"
    return Outcome(row.product, row.release, row.file_name, "failed", row.address, said=said)


def _outcome(row: Fetchable, fetched: Fetched, status: str, said: str = "") -> Outcome:
    return Outcome(
        row.product,
        fetched.release,
        Path(fetched.path).name,
        status,
        row.address,
        fetched.sha256,
        fetched.bytes,
        fetched.fetched_at,
        said,
    )


@contextlib.contextmanager
def _silently(name: str):
    yield lambda done, total: None


def _clean(folder: Path, wanted: Sequence[Fetchable]) -> None:
    """Remove what killed runs left, but for parts of files that are wanted now."""
    parts = {folder / f"{row.path}.part" for row in wanted}
    for path in [*folder.rglob("*.part"), *folder.rglob("*.part.json")]:
        if path.with_name(path.name.removesuffix(".json")) not in parts:
            path.unlink(missing_ok=True)


def _refuse_strangers(
    folder: Path, wanted: Sequence[Fetchable], record: dict[str, Fetched]
) -> None:
    """Raises FetchError if a directory lies there that this did not fetch and must not remove."""
    for row in wanted:
        if row.need != "directory" or not (folder / row.folder).is_dir():
            continue
        for path in sorted((folder / row.folder).rglob("*")):
            of_directory = path.suffix.lower() == ".zip" or DIRECTORY_NAME.fullmatch(path.stem)
            name = path.relative_to(folder).as_posix()
            ours = name in record or name == row.path or ".part" in path.name
            if path.is_file() and of_directory and not ours:
                raise FetchError(
                    f"{path} was put there by hand, and {row.name} would stand beside it; move it"
                    " away, or leave the fetching out (refresh --no-fetch)"
                )


def _is_current(
    row: Fetchable,
    folder: Path,
    record: dict[str, Fetched],
    patience: Patience,
) -> bool | FetchError:
    """True if the file is there and its address has nothing newer; the error if it fails."""
    found = record.get(row.path)
    if found is None or found.address != row.address or not found.is_in(folder):
        return False
    if "://" not in row.address:
        path = Path(row.address)
        return not path.is_file() or web.sha256_of(path) == found.sha256
    try:
        with requests.Session() as session:
            return web.unchanged(session, row.address, found.version, patience)
    except FetchError as error:
        return error


def _fetch_one(
    row: Fetchable,
    folder: Path,
    record: dict[str, Fetched],
    session: requests.Session,
    patience: Patience,
    say: Say,
    watching: web.Watch,
) -> Outcome:
    """Get one file to its place, and into the record."""
    part = folder / f"{row.path}.part"
    part.parent.mkdir(parents=True, exist_ok=True)
    version = _get(row, part, session, patience, watching, lambda text: say(f"{row.name}: {text}"))
    try:
        web.check_whole(part, row.file_name, ends_its_last_row=row.folder in ("onspd", "iod"))
        if row.need == "directory":
            row = _named_by_content(row, part)
        sha256, size = web.sha256_of(part), part.stat().st_size
        said = _compare(row, sha256, size)
        _convert_sheets(row, part, folder)
    except InputError:
        web.discard(part)
        raise
    return _place(row, part, folder, record, Version(version.etag, version.last_modified), said)


def _get(
    row: Fetchable,
    part: Path,
    session: requests.Session,
    patience: Patience,
    watching: web.Watch,
    say: Say,
) -> Version:
    if "://" in row.address:
        return web.download(session, row.address, part, patience, watching, say)
    try:
        shutil.copyfile(row.address, part)
    except OSError as error:
        web.discard(part)
        raise FetchError(f"{error.filename or part}: {error.strerror}") from None
    return Version()


def _named_by_content(row: Fetchable, part: Path) -> Fetchable:
    """The directory under the name of the file it holds, whose month must be the one asked for."""
    if not zipfile.is_zipfile(part):
        return row
    with zipfile.ZipFile(part) as zipped:
        held = {
            name["release"].upper()
            for name in map(DIRECTORY_NAME.fullmatch, (Path(n).stem for n in zipped.namelist()))
            if name
        }
    if len(held) != 1:
        raise FetchError(f"{row.address}: not a postcode directory: a zip with {len(held)} of them")
    name = f"{held.pop()}.zip"
    if row.release and _month_of(name) != row.release:
        raise FetchError(f"{row.address}: holds {Path(name).stem}, not the release {row.release}")
    return dataclasses.replace(row, file_name=name, release=_month_of(name))


def _compare(row: Fetchable, sha256: str, size: int) -> str:
    """What to say of the list's size and hash. Raises FetchError where they bind."""
    if row.sha256 in ("", sha256) and row.bytes in (None, size):
        return ""
    differs = (
        f"{row.name}: {size:,} bytes with sha256 {sha256}, not the {row.bytes or 0:,} bytes with"
        f" sha256 {row.sha256 or '(not said)'} of the list"
    )
    if row.sha256_by in ("reported", "copy"):
        return f"warning: {differs}, where they are {row.sha256_by}: it is taken"
    raise FetchError(
        f"{differs}: re-issued under the same address, or not what it seems; look at it, then"
        " change the list, or give the file by --path"
    )


def _convert_sheets(row: Fetchable, part: Path, folder: Path) -> None:
    """The sheets that the list names as CSV files, all of them or, by an InputError, none."""
    to = folder / row.folder
    for sheet in filter(None, row.sheets.split(";")):
        name = f"{Path(row.file_name).stem}.{sheet}.csv"
        unfinished = to / f"{name}.part"
        try:
            to_csv(part, sheet, unfinished)
        except InputError:
            unfinished.unlink(missing_ok=True)
            raise
        unfinished.replace(to / name)


def _place(
    row: Fetchable,
    part: Path,
    folder: Path,
    record: dict[str, Fetched],
    version: Version,
    said: str,
) -> Outcome:
    """Put a checked file in its place; the files it replaces go, and only those fetched before."""
    sha256 = web.sha256_of(part)
    before = record.get(row.path)
    place = folder / row.path
    same = before is not None and before.sha256 == sha256 and before.is_in(folder)
    if same:
        web.discard(part)
    else:
        part.replace(place)
        web.note_of(part).unlink(missing_ok=True)
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    fetched = Fetched(
        path=row.path,
        product=row.product,
        release=row.release,
        kind=row.kind,
        address=row.address,
        sha256=sha256,
        bytes=place.stat().st_size,
        mtime_ns=place.stat().st_mtime_ns,
        fetched_at=before.fetched_at if same else now,
        etag=version.etag,
        last_modified=version.last_modified,
        licence=row.licence,
    )
    record[row.path] = fetched
    write_record(folder, record)
    _remove_replaced(fetched, folder, record)
    if same:
        return _outcome(row, fetched, "unchanged", said)
    if before is not None and before.address == row.address:
        told = f"{row.name}: re-issued under the same address: sha256 {sha256}, was {before.sha256}"
        return _outcome(row, fetched, "re-issued", "; ".join(filter(None, [told, said])))
    return _outcome(row, fetched, "fetched", said)


def _remove_replaced(new: Fetched, folder: Path, record: dict[str, Fetched]) -> None:
    """Remove files that were fetched before and that `new` takes the place of."""
    old = [one for one in record.values() if one.kind == new.kind and one.path != new.path]
    for one in old:
        (folder / one.path).unlink(missing_ok=True)
        del record[one.path]
    if old:
        write_record(folder, record)
