"""Files whose address a publisher's site says anew for each issue: gov.uk, open data portals."""

from __future__ import annotations

import dataclasses
import re
import urllib.parse

import requests

from deprivation.errors import FetchError
from deprivation.fetch import web
from deprivation.fetch.catalogue import Fetchable
from deprivation.fetch.web import Patience


def resolve(row: Fetchable, session: requests.Session, patience: Patience) -> Fetchable:
    """`row` with the address of its newest issue, where its own says which that is.

    Raises FetchError if that answers nothing of the kind.
    """
    if row.method == "gov.uk":
        return _attachment(row, web.get_json(session, row.address, patience))
    if row.method == "ckan":
        result = web.get_json(session, row.address, patience).get("result")
        url = result.get("url") if isinstance(result, dict) else None
        if not isinstance(url, str) or not url.strip():
            raise FetchError(f"{web.told(row.address)}: the portal names no address of the file")
        return dataclasses.replace(row, address=_on_the_web(row.address, url))
    return row


def _attachment(row: Fetchable, answer: dict) -> Fetchable:
    """The attachment that is named like `row`, or has its number in its title.

    Of several that differ in their version (`_v2`) the newest.
    """
    details = answer.get("details")
    listed = details.get("attachments") if isinstance(details, dict) else None
    if not isinstance(listed, list):
        raise FetchError(f"{web.told(row.address)}: no list of attachments in the answer")
    wanted = _numbered(row.file_name)
    packing = wanted.rpartition(".")[2]
    named: list[str] = []
    titled: list[str] = []
    for one in listed:
        if isinstance(one, dict) and isinstance(one.get("url"), str):
            url = _on_the_web(row.address, one["url"])
            if _numbered(web.name_of(url)) == wanted:
                named.append(url)
            elif _numbered(f"{one.get('title')}.{packing}") == wanted and url.endswith(packing):
                titled.append(url)
    found = named or titled
    newest = [url for url in found if _version(url) == max(map(_version, found))]
    if len(newest) != 1:
        raise FetchError(
            f"{web.told(row.address)}: {len(newest)} attachments are named like {row.file_name},"
            f" of {len(listed)}"
        )
    return dataclasses.replace(row, address=newest[0], file_name=web.name_of(newest[0]))


def _on_the_web(site: str, url: str) -> str:
    """An address as a site gives it, whole. Raises FetchError for what is none, such as a path."""
    address = urllib.parse.urljoin(site, url.strip())
    web.check_address(address)
    return address


def _version(url: str) -> int:
    """2 of ..._v2.xlsx, else 1."""
    found = re.search(r"v(\d+)\.[a-z]+$", web.name_of(url), re.IGNORECASE)
    return int(found[1]) if found else 1


def _numbered(name: str) -> str:
    """`file 10` of File_10_-_IoD2025_Local_Authority_District_Summaries__lower-tier__v2.xlsx."""
    found = re.match(r"file[_ %20-]*(\d+)(?!\d)", name, re.IGNORECASE)
    packing = name.rpartition(".")[2].lower()
    return f"file {int(found[1])}.{packing}" if found else name.lower()
