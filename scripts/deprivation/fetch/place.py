"""What came in full: checked, put in its place, recorded."""

from __future__ import annotations

import dataclasses
import datetime
import zipfile
from pathlib import Path

from deprivation.errors import FetchError
from deprivation.fetch import download
from deprivation.fetch.catalogue import Fetchable
from deprivation.fetch.content import check_whole
from deprivation.fetch.download import Version
from deprivation.fetch.record import Fetched, write_record
from deprivation.fetch.usable import check_usable
from deprivation.fetch.web import told
from deprivation.hashes import sha256_of
from deprivation.inputs.directory import DIRECTORY_NAME, month_of

# ONS's corrections of a lookup have changed fewer; the best fit of LSOA 2011 to 2021, taken for the
# exact one, has 2.9% fewer rows.
MOST_ROWS_APART = 0.02


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


def outcome_of(row: Fetchable, fetched: Fetched, status: str, said: str = "") -> Outcome:
    return Outcome(
        row.product,
        fetched.release,
        Path(fetched.path).name,
        status,
        told(row.address),
        fetched.sha256,
        fetched.bytes,
        fetched.fetched_at,
        said,
    )


def check_fetched(row: Fetchable, part: Path) -> tuple[Fetchable, str]:
    """The row as its content names it, and what to say. Raises FetchError for another file."""
    check_whole(part, row.file_name, row.needed_columns, row.ends_its_last_row)
    check_usable(row, part)
    if row.need == "directory":
        row = _named_by_content(row, part)
    said = [_compare(row, sha256_of(part), part.stat().st_size)]
    if row.method == "arcgis" and row.rows:
        with part.open("rb") as file:
            rows = sum(1 for _ in file) - 1
        if rows != row.rows:
            differs = f"{row.name}: {rows:,} rows, not the {row.rows:,} of the list"
            if abs(rows - row.rows) > row.rows * MOST_ROWS_APART:
                raise FetchError(f"{differs}: it is another table, or not all of it")
            said.append(f"warning: {differs}")
    return row, "; ".join(filter(None, said))


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
        raise FetchError(
            f"{told(row.address)}: not a postcode directory: a zip with {len(held)} of them"
        )
    name = f"{held.pop()}.zip"
    if row.release and month_of(Path(name)) != row.release:
        raise FetchError(
            f"{told(row.address)}: holds {Path(name).stem}, not the release {row.release}"
        )
    return dataclasses.replace(row, file_name=name, release=month_of(Path(name)))


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
        f"{differs}: re-issued at the same address, or not the right file; check it, then"
        " change the list, or give the file with --path"
    )


def place(
    row: Fetchable,
    part: Path,
    folder: Path,
    record: dict[str, Fetched],
    version: Version,
    said: str,
) -> Outcome:
    """Put a checked file in its place; the files it replaces go, and only those fetched before."""
    sha256 = sha256_of(part)
    before = record.get(row.path)
    to = folder / row.path
    same = before is not None and before.sha256 == sha256 and before.is_in(folder)
    if before is None and to.exists() and sha256_of(to) != sha256:
        return _kept(row, part, to, said)
    if same:
        download.discard(part)
    else:
        part.replace(to)
        download.note_of(part).unlink(missing_ok=True)
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    fetched = Fetched(
        path=row.path,
        product=row.product,
        release=row.release,
        kind=row.kind,
        address=told(row.address),
        sha256=sha256,
        bytes=to.stat().st_size,
        mtime_ns=to.stat().st_mtime_ns,
        fetched_at=before.fetched_at if same else now,
        etag=version.etag,
        last_modified=version.last_modified,
        licence=row.licence,
    )
    record[row.path] = fetched
    write_record(folder, record)
    replaced = remove_replaced(fetched, folder, record)
    if same:
        return outcome_of(row, fetched, "unchanged", said)
    if before is not None and before.address == told(row.address):
        news = f"{row.name}: re-issued at the same address: sha256 {sha256}, was {before.sha256}"
        return outcome_of(row, fetched, "re-issued", "; ".join(filter(None, [news, said])))
    if row.method == "gov.uk" and any(one.kind == row.kind for one in replaced):
        news = f"{row.name}: re-issued as {row.file_name}"
        return outcome_of(row, fetched, "re-issued", "; ".join(filter(None, [news, said])))
    return outcome_of(row, fetched, "fetched", said)


def _kept(row: Fetchable, part: Path, to: Path, said: str) -> Outcome:
    """A file that nobody fetched stays, and is read by builds: it may be somebody's own."""
    download.discard(part)
    kept = (
        f"warning: {row.name}: {to} was put there by hand and is not what the publisher has; it was"
        " left as it is. Move it away to have the publisher's"
    )
    said = "; ".join(filter(None, [kept, said]))
    return Outcome(row.product, row.release, to.name, "failed", told(row.address), said=said)


def remove_replaced(new: Fetched, folder: Path, record: dict[str, Fetched]) -> list[Fetched]:
    """Remove files that were fetched before and that `new` takes the place of; which ones."""
    old = [one for one in record.values() if one.kind == new.kind and one.path != new.path]
    for one in old:
        (folder / one.path).unlink(missing_ok=True)
        del record[one.path]
    if old:
        write_record(folder, record)
    return old
