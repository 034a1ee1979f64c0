"""Complete tables from an ArcGIS FeatureServer: ONS's lookups and boundaries.

A service limits the rows of each answer (1,000 for ONS's tables), whatever is asked for, and
reports errors with status 200. So the rows are counted first, read in the order of their key, and
counted again at the end. They are written sorted: the service may give them in another order each
time, and only different rows mean a new issue.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import re
import urllib.parse
from collections.abc import Sequence
from pathlib import Path

import requests

from deprivation.errors import FetchError
from deprivation.fetch import web
from deprivation.fetch.download import Version, Watch
from deprivation.fetch.web import PassingError, Patience, Say

PAGE = 1000
# In capitals, with a letter: 5A (a rural-urban class), E01000001. Other codes join with nothing.
CODE = re.compile("[0-9]*[A-Z][0-9A-Z]*").fullmatch
INSIDE = {"json": "attributes", "geojson": "properties"}
# Added by the service; they differ between copies of a table.
OWN_COLUMNS = {"objectid", "fid", "shape__area", "shape__length", "globalid"}


@dataclasses.dataclass(frozen=True)
class Layer:
    """What a service says about a layer. key: its column of row numbers; empty if not given."""

    address: str
    key: str
    edited: str
    rows: int

    @property
    def version(self) -> Version:
        return Version(etag=f"edited {self.edited}, {self.rows} rows" if self.edited else "")


def describe_layer(session: requests.Session, address: str, patience: Patience) -> Layer:
    """When the layer was last edited, and how many rows it has, as far as the service says."""
    about = web.get_json(session, f"{address}?f=json", patience)
    edited = about.get("editingInfo")
    edited = edited if isinstance(edited, dict) else {}
    when = edited.get("dataLastEditDate") or edited.get("lastEditDate") or ""
    key = about.get("objectIdField")
    rows = count_rows(session, address, patience)
    return Layer(address, key if isinstance(key, str) else "", str(when), rows)


def version_of_layer(session: requests.Session, address: str, patience: Patience) -> Version:
    return describe_layer(session, address, patience).version


def count_rows(session: requests.Session, layer: str, patience: Patience) -> int:
    answer = _query(session, layer, patience, returnCountOnly="true", f="json")
    count = answer.get("count")
    if not isinstance(count, int) or isinstance(count, bool) or count < 1:
        raise FetchError(f"{layer}: the service gives no row count: {str(answer)[:200]}")
    return count


def fetch_table(
    session: requests.Session,
    layer: str,
    columns: Sequence[str],
    part: Path,
    patience: Patience,
    watch: Watch,
    say: Say,
) -> Version:
    """Write the whole table to `part` as CSV, with `columns`, or with all if none are named.

    A table that changes between two pages is read again from the first page. Raises FetchError
    for an answer that is not a page of the table, and for a missing column.
    """

    version, features = _read(session, layer, columns, patience, watch, say)
    write_features([feature["attributes"] for feature in features], columns, part, layer)
    return version


def fetch_geojson(
    session: requests.Session,
    layer: str,
    columns: Sequence[str],
    part: Path,
    patience: Patience,
    watch: Watch,
    say: Say,
) -> Version:
    """Write the layer's features to `part` as one GeoJSON, in longitude and latitude."""

    version, features = _read(session, layer, columns, patience, watch, say, "geojson")
    for feature in features:
        known = {name.lower(): name for name in feature["properties"]}
        missing = [name for name in columns if name.lower() not in known]
        if missing:
            raise FetchError(f"{layer}: a feature has no {missing[0]!r}")
        feature.pop("id", None)
        kept = {name: known[name.lower()] for name in columns} or {
            name: name for name in known.values() if name.lower() not in OWN_COLUMNS
        }
        feature["properties"] = {name: feature["properties"][at] for name, at in kept.items()}
    lines = sorted(json.dumps(feature, sort_keys=True) for feature in features)
    collection = '{"type":"FeatureCollection","features":[\n' + ",\n".join(lines) + "\n]}\n"
    part.write_text(collection, encoding="utf-8")
    return version


def table_of_csv(content: bytes, columns: Sequence[str], part: Path, name: str) -> None:
    """Write a table that was downloaded as CSV in the form that fetch_table gives it."""
    try:
        text = content.decode("utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise FetchError(f"{name}: the download is not a CSV in UTF-8 ({error})") from None
    if any(None in row or None in row.values() for row in rows):
        raise FetchError(f"{name}: a row of the CSV has more or fewer values than the header")
    if rows and not text.endswith("\n"):
        lengths = [[len(row[one]) for one in row if _is_code(one)] for row in (rows[0], rows[-1])]
        if lengths[0] != lengths[1]:
            raise FetchError(f"{name}: the last row of the CSV is cut off")
    write_features(rows, columns, part, name)


def write_features(rows: Sequence[dict], columns: Sequence[str], part: Path, name: str) -> None:
    """Write distinct rows, sorted, as CSV: `columns` (else all), found in any order and case.

    A column that an older service calls F_NAME is NAME. Raises FetchError for a missing column.
    """
    if not rows:
        raise FetchError(f"{name}: the table has no rows")
    found = {column.lower().removeprefix("f_"): column for column in rows[0]}
    missing = [column for column in columns if column.lower() not in found]
    if missing:
        raise FetchError(
            f"{name}: the table has no column {missing[0]!r}; it has {', '.join(rows[0])}"
        )
    header = list(columns) or [one for one in rows[0] if one.lower() not in OWN_COLUMNS]
    taken = [found[column.lower().removeprefix("f_")] for column in header]
    values = {tuple(_text(row.get(column)) for column in taken) for row in rows}
    for at, column in enumerate(columns):
        if not column.lower().endswith("nm") and not all(value[at] for value in values):
            raise FetchError(f"{name}: a row of the table has no {column}")
        odd = next((value[at] for value in values if _is_code(column) and not CODE(value[at])), "")
        if odd:
            raise FetchError(f"{name}: {odd[:40]!r} in {column} is not a code such as E01000001")
    with part.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(sorted(values))


def _is_code(column: str) -> bool:
    return column.lower().endswith("cd")


def _text(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value).strip()


def _query(session: requests.Session, layer: str, patience: Patience, **asked) -> dict:
    query = urllib.parse.urlencode({"where": "1=1", **asked})
    return web.get_json(session, f"{layer}/query?{query}", patience)


def _read(
    session: requests.Session,
    address: str,
    columns: Sequence[str],
    patience: Patience,
    watch: Watch,
    say: Say,
    form: str = "json",
) -> tuple[Version, list[dict]]:
    """The layer's version and all its features, read again if the layer changes meanwhile."""

    def read() -> tuple[Version, list[dict]]:
        layer = describe_layer(session, address, patience)
        key = layer.key or ",".join(columns)
        first = _page(session, address, 0, key, form, patience)
        features = _pages(session, layer, key, form, first, patience, watch)
        same = describe_layer(session, address, patience) == layer
        if same and not layer.edited:  # only the rows can show a change
            same = _page(session, address, 0, key, form, patience) == first
        if not same:
            raise PassingError("the table changed while it was being read")
        return layer.version, features

    return web.patiently(read, address, patience, say)


def _pages(
    session: requests.Session,
    layer: Layer,
    key: str,
    form: str,
    page: dict,
    patience: Patience,
    watch: Watch,
) -> list[dict]:
    """All features, from the first `page` on. Raises PassingError if there are not layer.rows."""
    features = list(page["features"])
    while _goes_on(page) and page["features"] and len(features) <= layer.rows:
        watch(len(features), layer.rows)
        page = _page(session, layer.address, len(features), key, form, patience)
        features += page["features"]
    watch(len(features), layer.rows)
    different = len({json.dumps(one[INSIDE[form]], sort_keys=True) for one in features})
    if (len(features), different) != (layer.rows, layer.rows):
        raise PassingError(
            f"{len(features):,} rows came, {different:,} of them distinct, but the service counted"
            f" {layer.rows:,}"
        )
    return features


def _page(
    session: requests.Session,
    address: str,
    offset: int,
    key: str,
    form: str,
    patience: Patience,
) -> dict:
    """One page. Raises FetchError for an answer that is not a page, whatever its status."""
    asked = {"outFields": "*", "f": form, "resultOffset": offset, "resultRecordCount": PAGE}
    asked |= {"returnGeometry": "true", "outSR": 4326} if form == "geojson" else {}
    asked |= {"returnGeometry": "false"} if form == "json" else {}
    asked |= {"orderByFields": key} if key else {}
    page = _query(session, address, patience, **asked)
    features = page.get("features")
    if not isinstance(features, list):
        raise FetchError(f"{address}: the answer has no features: {str(page)[:200]}")
    for feature in features:
        if not isinstance(feature, dict) or not isinstance(feature.get(INSIDE[form]), dict):
            raise FetchError(f"{address}: a feature has no {INSIDE[form]}: {str(feature)[:200]}")
    return page


def _goes_on(page: dict) -> bool:
    about = page.get("properties")
    about = about if isinstance(about, dict) else {}
    return bool(page.get("exceededTransferLimit") or about.get("exceededTransferLimit"))
