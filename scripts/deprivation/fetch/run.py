"""The publishers' files, fetched into the data folder, checked, and recorded.

catalogue.csv lists what can be fetched, and when. A file that fails does not stop the others.

    DATA/onspd/ONSPD_AUG_2026_UK.zip     as published, under the name in the list
    DATA/lookups/NAME.csv                a table of a service, written row by row
    DATA/fetched.json                    address, sha256, bytes, version and time of each file
    DATA/.../NAME.part                   incomplete: in progress, or left by a run that was killed
"""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests

from deprivation.errors import FetchError, InputError
from deprivation.fetch import arcgis, download, shapefiles
from deprivation.fetch.attachments import resolve
from deprivation.fetch.catalogue import Fetchable
from deprivation.fetch.download import LARGEST, Version, Watch
from deprivation.fetch.place import Outcome, check_fetched, outcome_of, place, remove_replaced
from deprivation.fetch.record import Fetched, read_record
from deprivation.fetch.web import Patience, Say, Session, check_address, told
from deprivation.files import check_no_device
from deprivation.hashes import sha256_of
from deprivation.inputs.directory import DIRECTORY_NAME


def is_always_needed(row: Fetchable) -> bool:
    """True of what every build needs: the directory and England's current editions."""
    return row.need in ("directory", "edition")


def fetch(
    wanted: Sequence[Fetchable],
    folder: Path,
    session: requests.Session,
    patience: Patience,
    say: Say,
    watch=None,
    is_needed: Callable[[Fetchable], bool] = is_always_needed,
) -> list[Outcome]:
    """Bring the data folder up to date with `wanted`; to be called within sole_fetcher.

    A file is complete and checked before it replaces another. If a needed file cannot be fetched,
    raises FetchError at the end, after the others.
    """
    record = read_record(folder)
    _clean(folder, wanted)
    _refuse_strangers(folder, wanted, record)
    with ThreadPoolExecutor(max_workers=8) as threads:
        states = list(threads.map(lambda row: _state(row, folder, record, patience), wanted))
    outcomes, missing = [], []
    for row, (issue, is_current) in zip(wanted, states, strict=True):
        if is_current is True:
            remove_replaced(record[issue.path], folder, record)
            outcome = outcome_of(issue, record[issue.path], "unchanged")
        else:
            try:
                if isinstance(is_current, FetchError):
                    raise is_current
                with (watch or _silently)(row.name) as watching:
                    outcome = _fetch_one(issue, folder, record, session, patience, say, watching)
            except InputError as error:
                outcome = _failed(row, str(error))
                if is_needed(row):
                    said = str(error)
                    missing.append(said if said.startswith(row.name) else f"{row.name}: {said}")
        outcomes.append(outcome)
        if outcome.said:
            say(outcome.said)
    if missing:
        raise FetchError("; ".join(missing))
    return outcomes


def _failed(row: Fetchable, reason: str) -> Outcome:
    said = f"warning: {row.name} left as it was: {reason}"
    return Outcome(row.product, row.release, row.file_name, "failed", told(row.address), said=said)


@contextlib.contextmanager
def _silently(name: str):
    yield lambda done, total: None


def _clean(folder: Path, wanted: Sequence[Fetchable]) -> None:
    """Remove what killed runs left, except parts of files that are wanted now.

    A part is ours only if it has the note that a download writes with it.
    """
    parts = {folder / f"{row.path}.part" for row in wanted}
    for note in folder.rglob("*.part.json"):
        part = note.with_name(note.name.removesuffix(".json"))
        if part not in parts and download.is_note(note):
            download.discard(part)


def _refuse_strangers(
    folder: Path, wanted: Sequence[Fetchable], record: dict[str, Fetched]
) -> None:
    """Raises FetchError for a postcode directory that was not fetched, so may not be removed."""
    for row in wanted:
        if row.need != "directory" or not (folder / row.folder).is_dir():
            continue
        for path in sorted((folder / row.folder).rglob("*")):
            of_directory = path.suffix.lower() == ".zip" or DIRECTORY_NAME.fullmatch(path.stem)
            name = path.relative_to(folder).as_posix()
            ours = name in record or name == row.path or ".part" in path.name
            if path.is_file() and of_directory and not ours:
                raise FetchError(
                    f"{path} was not fetched, and {row.name} would be a second postcode directory;"
                    " move the file away, or do not fetch (refresh --no-fetch)"
                )


def _state(
    row: Fetchable, folder: Path, record: dict[str, Fetched], patience: Patience
) -> tuple[Fetchable, bool | FetchError]:
    """The current issue, and whether it is there already, or the error in finding that out.

    A dead address that has a fallback is not an error yet.
    """
    with Session() as session:
        try:
            row = resolve(row, session, patience)
            return row, _is_current(row, folder, record, session, patience)
        except FetchError as error:
            return row, False if row.fallback else error


def _is_current(
    row: Fetchable,
    folder: Path,
    record: dict[str, Fetched],
    session: requests.Session,
    patience: Patience,
) -> bool:
    """True if the file is there and its address has nothing newer. Raises FetchError."""
    found = record.get(row.path)
    is_there = found is not None and found.is_in(folder)
    if "***" in row.address:  # a directory fetched from there before
        if is_there:
            return True
        raise FetchError(
            f"{row.address}: the user or token was not stored; give the address with --address"
        )
    if not is_there or found.address != told(row.address):
        return False
    if "://" not in row.address:
        path = Path(row.address)
        return not path.is_file() or sha256_of(path) == found.sha256
    if row.method in TABLES:
        return (
            found.etag != ""
            and found.etag == arcgis.version_of_layer(session, row.address, patience).etag
        )
    return download.unchanged(session, row.address, found.version, patience)


def _fetch_one(
    row: Fetchable,
    folder: Path,
    record: dict[str, Fetched],
    session: requests.Session,
    patience: Patience,
    say: Say,
    watching: Watch,
) -> Outcome:
    """Fetch one file from its address, or else its fallback, into its place and the record."""
    part = folder / f"{row.path}.part"
    part.parent.mkdir(parents=True, exist_ok=True)

    def named(text: str) -> None:
        say(f"{row.name}: {text}")

    failed: list[str] = []
    for address in row.addresses:
        at = dataclasses.replace(row, address=address)
        try:
            version = _get(at, part, session, patience, watching, named)
            at, said = _checked(at, part)
        except InputError as error:
            failed.append(str(error))
            if address == row.addresses[-1]:
                raise FetchError("; and ".join(failed)) from None
            download.discard(part)
            named(f"{error}; trying its fallback: {told(row.addresses[len(failed)])}")
            continue
        said = "; ".join(filter(None, [said, *_from_fallback(row, at)]))
        return place(at, part, folder, record, Version(version.etag, version.last_modified), said)
    raise FetchError(f"{row.name}: no address")


def _checked(row: Fetchable, part: Path) -> tuple[Fetchable, str]:
    try:
        if row.method == "shapefile":
            shapefiles.to_geojson(part, row.needed_columns, row.product)
        return check_fetched(row, part)
    except InputError:
        download.discard(part)
        raise


def _from_fallback(row: Fetchable, at: Fetchable) -> list[str]:
    if at.address == row.address:
        return []
    return [f"warning: {row.name} came from its fallback; the address in the catalogue is dead"]


def _get(
    row: Fetchable,
    part: Path,
    session: requests.Session,
    patience: Patience,
    watching: Watch,
    say: Say,
) -> Version:
    if "://" not in row.address:
        check_no_device(Path(row.address))
        try:
            shutil.copyfile(row.address, part)
        except OSError as error:
            download.discard(part)
            raise FetchError(f"{error.filename or part}: {error.strerror}") from None
        return Version()
    check_address(row.address)
    if row.method in TABLES and "/FeatureServer/" in row.address:
        read = TABLES[row.method]
        columns = row.needed_columns
        return read(session, row.address, columns, part, patience, watching, say)
    limit = 2 * row.bytes if row.bytes else LARGEST
    version = download.download(session, row.address, part, patience, watching, say, limit)
    if row.method == "arcgis":  # the same table, as CSV from ArcGIS Hub
        arcgis.table_of_csv(part.read_bytes(), row.needed_columns, part, told(row.address))
        return Version()
    return version


TABLES = {"arcgis": arcgis.fetch_table, "geojson": arcgis.fetch_geojson}
