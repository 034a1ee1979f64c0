"""Files whose address changes with each issue, looked up on gov.uk or an open data portal."""

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
    """`row` with the address of its newest issue, if its own address lists the issues.

    Raises FetchError if the answer gives no such address.
    """
    if row.method == "gov.uk":
        return _attachment(row, web.get_json(session, row.address, patience))
    if row.method == "ckan":
        result = web.get_json(session, row.address, patience).get("result")
        url = result.get("url") if isinstance(result, dict) else None
        if not isinstance(url, str) or not url.strip():
            raise FetchError(f"{web.told(row.address)}: the portal gives no address for the file")
        return dataclasses.replace(row, address=_on_the_web(row.address, url))
    return row


def _attachment(row: Fetchable, answer: dict) -> Fetchable:
    """The attachment that is named like `row`, or has its file number in its title.

    If there are several versions (`_v2`), the newest.
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
            f"{web.told(row.address)}: {len(newest)} of {len(listed)} attachments are named like"
            f" {row.file_name}, not one"
        )
    return dataclasses.replace(row, address=newest[0], file_name=web.name_of(newest[0]))


def _on_the_web(site: str, url: str) -> str:
    """An address from a site, made absolute. Raises FetchError if it is not a web address."""
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
