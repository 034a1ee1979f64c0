"""What can be fetched: the rows of catalogue.csv.

need         when it is fetched: see GROUPS; search and item are not files of their own
method       how: empty for a file at its address; `arcgis` for a table of a FeatureServer, its
             layer's address; `geojson` for its boundaries; `shapefile` for boundaries in a zip;
             `gov.uk` for the list of a publication's attachments, of which the one named like
             file_name is fetched; `ckan` for an open data portal's record of a file
serves       editions for which it is the right release
fallback     an address to try if the first is dead
columns      columns that the table must have, or patterns of file names in the zip
rows         number of rows in the publisher's table
sha256_by    where the size and the hash come from: see Fetchable
"""

from __future__ import annotations

import csv
import dataclasses
import re
from collections.abc import Sequence
from pathlib import Path

from deprivation.errors import FetchError
from deprivation.fetch import web
from deprivation.files import check_no_device
from deprivation.inputs.directory import DIRECTORY_NAME, MONTHS, month_of

LIST = Path(__file__).parent / "catalogue.csv"
# What a refresh fetches each time, in this order. Without an edition that is wanted there is no
# build; the others add tables or columns, and their failure is a warning.
ALWAYS = ("edition", "nation", "earlier", "lookup", "history", "census", "population")
GROUPS = (*ALWAYS, "checks", "boundaries", "request")
METHODS = ("", "arcgis", "geojson", "shapefile", "gov.uk", "ckan")


@dataclasses.dataclass(frozen=True)
class Fetchable:
    """One row of catalogue.csv. bytes, rows: None if not known; sha256: empty if not known.

    sha256_by: `reported` by others, or of a `copy` from elsewhere: a difference is a warning;
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
    licence: str = ""
    note: str = ""
    method: str = ""
    serves: str = ""
    fallback: str = ""
    columns: str = ""
    rows: int | None = None

    @property
    def name(self) -> str:
        return f"{self.product} ({self.release})" if self.release else self.product

    @property
    def path(self) -> str:
        """Where it goes, relative to the data folder."""
        return f"{self.folder}/{self.file_name}"

    @property
    def kind(self) -> str:
        """Files of one kind replace each other: one directory, one file of an edition."""
        if self.need == "directory":
            return "directory"
        return self.product if self.method == "gov.uk" else self.file_name

    @property
    def ends_its_last_row(self) -> bool:
        """True if the publisher's CSVs end with a line break: one that does not is cut off."""
        return self.folder in ("onspd", "iod") or self.method == "arcgis"

    @property
    def needed_columns(self) -> list[str]:
        return self.columns.split("|") if self.columns else []

    @property
    def addresses(self) -> list[str]:
        return [self.address, *self.fallback.split()]


def read_list(path: Path = LIST) -> list[Fetchable]:
    """The rows of a list like catalogue.csv. Raises FetchError for one with other columns."""
    check_no_device(path)
    with path.open(encoding="utf-8-sig", newline="") as file:
        try:
            rows = [
                Fetchable(**row | {name: _number(row.get(name)) for name in ("bytes", "rows")})
                for row in csv.DictReader(file, strict=True)
            ]
        except (TypeError, KeyError, ValueError, csv.Error) as error:
            raise FetchError(f"{path}: not a list of files to fetch ({error})") from None
    for row in rows:
        _check(row, path)
    return rows


def _number(text: str | None) -> int | None:
    return int(text) if text else None


def _check(row: Fetchable, path: Path) -> None:
    """Raises FetchError for a row that cannot be fetched, or would go outside the data folder."""
    parts = [row.product, row.folder, row.address]
    wrong = None
    if None in dataclasses.astuple(row)[:6] or not all(parts):
        wrong = "has no product, folder or address"
    elif row.need not in (*GROUPS, "directory", "search", "item"):
        wrong = f"need is {row.need!r}"
    elif row.method not in METHODS:
        wrong = f"method is {row.method!r}"
    elif ".." in Path(row.path).parts or Path(row.path).is_absolute() or "\\" in row.path:
        wrong = f"{row.path} is not inside the data folder"
    if wrong:
        raise FetchError(
            f"{path}: not a list of files to fetch: the row of {row.product!r} {wrong}"
        )


def rows_to_fetch(
    rows: Sequence[Fetchable], only: Sequence[str] = (), directory: Fetchable | None = None
) -> list[Fetchable]:
    """What to fetch: `only` these products or groups, else `directory` and all of ALWAYS.

    Raises FetchError for one that is not in the list.
    """
    if not only:
        always = [row for need in ALWAYS for row in rows if row.need == need]
        return [*([directory] if directory else []), *always]
    offered = [row for row in rows if row.need in GROUPS]
    offered += [directory] if directory else []
    unknown = set(only) - {row.product for row in offered} - {row.need for row in offered}
    if unknown:
        groups = ", ".join(need for need in GROUPS if need != "request")
        known = ", ".join(dict.fromkeys(row.product for row in offered))
        raise FetchError(
            f"{', '.join(sorted(unknown))}: no such product; the groups are {groups}; the products"
            f" are {known}"
        )
    return [row for row in offered if row.product in only or row.need in only]


def from_elsewhere(
    rows: Sequence[Fetchable], product: str, release: str | None, address: str
) -> Fetchable:
    """A file from an address or path that is not in the list, to be used as `product`.

    A directory's name and release come from the address or, for a zip, from its content once it
    is fetched. Raises FetchError for a product that is not in the list.
    """
    address = address if "://" in address else str(Path(address).absolute())
    name = web.name_of(address) if "://" in address else Path(address).name
    like = [row for row in rows if row.product == product and row.need not in ("search", "item")]
    if not like:
        raise FetchError(f"{product}: no such product in the list")
    changed = {"bytes": None, "sha256": "", "sha256_by": "", "note": "", "address": address}
    changed |= {"method": "", "fallback": "", "rows": None}
    if like[0].method == "shapefile" and name.lower().endswith(".zip"):
        changed["method"] = "shapefile"
    if like[0].need != "directory":
        return dataclasses.replace(like[0], **changed, release=release or like[0].release)
    if not DIRECTORY_NAME.fullmatch(Path(name).stem):
        packing = ".csv" if name.lower().endswith(".csv") else ".zip"
        name = f"{product}_{_as_in_names(release) if release else 'NEW'}_UK{packing}"
    return dataclasses.replace(
        like[0], **changed, release=release or month_of(Path(name)), file_name=name
    )


def _as_in_names(release: str) -> str:
    """2026-11 -> NOV_2026. Raises FetchError if it is not a month."""
    found = re.fullmatch(r"(20\d\d)-(0[1-9]|1[0-2])", release)
    if not found:
        raise FetchError(f"release {release}: not a month such as 2026-11")
    return f"{MONTHS[int(found[2]) - 1]}_{found[1]}"
