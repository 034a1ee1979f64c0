"""A complete download: checked, put in its place and recorded."""

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

# ONS's corrections of a lookup have changed fewer rows. The best fit of LSOA 2011 to 2021, which
# could be mistaken for the exact fit, has 2.9% fewer.
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
    """The row, named after its content, and a message. Raises FetchError for another file."""
    check_whole(part, row.file_name, row.needed_columns, row.ends_its_last_row)
    check_usable(row, part)
    if row.need == "directory":
        row = _named_by_content(row, part)
    said = [_compare(row, sha256_of(part), part.stat().st_size)]
    if row.method == "arcgis" and row.rows:
        with part.open("rb") as file:
            rows = sum(1 for _ in file) - 1
        if rows != row.rows:
            differs = f"{row.name}: {rows:,} rows, but the list says {row.rows:,}"
            if abs(rows - row.rows) > row.rows * MOST_ROWS_APART:
                raise FetchError(f"{differs}: it is another table, or part of it")
            said.append(f"warning: {differs}")
    return row, "; ".join(filter(None, said))


def _named_by_content(row: Fetchable, part: Path) -> Fetchable:
    """The directory, named after the file in the zip. Its month must be the one asked for."""
    if not zipfile.is_zipfile(part):
        return row
    with zipfile.ZipFile(part) as zipped:
        releases = {
            name["release"].upper()
            for name in map(DIRECTORY_NAME.fullmatch, (Path(n).stem for n in zipped.namelist()))
            if name
        }
    if len(releases) != 1:
        raise FetchError(
            f"{told(row.address)}: the zip contains {len(releases)} postcode directories, not one"
        )
    name = f"{releases.pop()}.zip"
    if row.release and month_of(Path(name)) != row.release:
        raise FetchError(
            f"{told(row.address)}: contains {Path(name).stem}, not the release {row.release}"
        )
    return dataclasses.replace(row, file_name=name, release=month_of(Path(name)))


def _compare(row: Fetchable, sha256: str, size: int) -> str:
    """A warning if the list has another size or hash. Raises FetchError where those are pinned."""
    if row.sha256 in ("", sha256) and row.bytes in (None, size):
        return ""
    differs = (
        f"{row.name}: {size:,} bytes with sha256 {sha256}, but the list says {row.bytes or 0:,}"
        f" bytes with sha256 {row.sha256 or '(not given)'}"
    )
    if row.sha256_by in ("reported", "copy"):
        return f"warning: {differs} ({row.sha256_by}, not the publisher's own); the file is used"
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
    """Put a checked file in its place and remove files it replaces, if they were fetched too."""
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
    """Keep a file that was not fetched, as it may be the user's own. Builds read it."""
    download.discard(part)
    kept = (
        f"warning: {row.name}: {to} was put there by hand and differs from the publisher's; it was"
        " left as it is. Move it away to get the publisher's"
    )
    said = "; ".join(filter(None, [kept, said]))
    return Outcome(row.product, row.release, to.name, "failed", told(row.address), said=said)


def remove_replaced(new: Fetched, folder: Path, record: dict[str, Fetched]) -> list[Fetched]:
    """Remove the files fetched before that `new` replaces, and return them."""
    old = [one for one in record.values() if one.kind == new.kind and one.path != new.path]
    for one in old:
        (folder / one.path).unlink(missing_ok=True)
        del record[one.path]
    if old:
        write_record(folder, record)
    return old
