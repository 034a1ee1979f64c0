"""The newest postcode directory, or the release asked for."""

from __future__ import annotations

import dataclasses
import datetime
import re
from collections.abc import Iterable, Iterator, Sequence

import requests

from deprivation.errors import FetchError
from deprivation.fetch import web
from deprivation.fetch.catalogue import Fetchable
from deprivation.fetch.record import Fetched
from deprivation.fetch.web import Patience, Say
from deprivation.inputs.directory import MONTHS

TITLE = re.compile(
    r"(?P<product>ONS Postcode Directory|National Statistics Postcode Lookup).*?"
    r"\((?P<month>[A-Z][a-z]{2})[a-z]* (?P<year>20\d\d)\)"
)
PRODUCTS = {"ONS Postcode Directory": "ONSPD", "National Statistics Postcode Lookup": "NSPL"}


def directory_to_fetch(
    rows: Sequence[Fetchable],
    product: str,
    release: str | None,
    known: Iterable[Fetched],
    session: requests.Session,
    patience: Patience,
    say: Say,
) -> Fetchable:
    """The postcode directory to fetch: the release asked for, or the newest there is.

    The newest is chosen from the publisher's search, the list and the files fetched before, so a
    failed search never brings back an older release. Raises FetchError for a release that none of
    these has.
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
                " use --address or --path for a file from elsewhere"
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
    """Releases that the publisher's search finds; if it does not answer, none and a message."""
    items = [row for row in rows if (row.need, row.product) == ("item", product)]
    briefly = dataclasses.replace(patience, attempts=min(2, patience.attempts), silence=20.0)
    found = []
    for row in rows:
        if items and (row.need, row.product) == ("search", product):
            try:
                answer = web.get_json(session, row.address, briefly)
                found += list(read_search(answer, items[0]))
                if not found:
                    say(f"the search for the newest {product} found no release; the list is used")
            except FetchError as error:
                say(f"the search for the newest {product} failed ({error}); the list is used")
    return found


def read_search(answer: dict, item: Fetchable) -> Iterator[Fetchable]:
    """The releases in an answer of ArcGIS Hub ({features}) or ArcGIS ({results}), newest last."""
    entries = []
    for entry in [*_listed(answer, "features"), *_listed(answer, "results")]:
        properties = entry.get("properties")
        entries.append((properties if isinstance(properties, dict) else {}) | entry)
    for entry in sorted(entries, key=_created):
        title = TITLE.search(str(entry.get("title") or ""))
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


def _listed(answer: dict, name: str) -> list[dict]:
    found = answer.get(name)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _created(entry: dict) -> float:
    """When an item was created, in milliseconds since 1970; 0 if that is not given."""
    created = entry.get("created")
    try:
        return float(created)
    except (TypeError, ValueError):
        pass
    try:
        made = datetime.datetime.fromisoformat(str(created).replace("Z", "+00:00"))
        return made.replace(tzinfo=made.tzinfo or datetime.timezone.utc).timestamp() * 1000
    except ValueError:
        return 0.0
