"""Test which addresses of the catalogue answer: the maintainer's monthly check."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from deprivation.errors import FetchError
from deprivation.fetch import arcgis, web
from deprivation.fetch.attachments import resolve
from deprivation.fetch.catalogue import Fetchable
from deprivation.fetch.content import refuse_page
from deprivation.fetch.web import HEADERS, Patience, Session, told


@dataclasses.dataclass(frozen=True)
class AddressAnswer:
    """What an address answered. instead: the fallback that answers, if the address does not."""

    row: Fetchable
    said: str = ""
    problem: str = ""
    instead: str = ""

    @property
    def is_dead(self) -> bool:
        return bool(self.problem)

    @property
    def line(self) -> str:
        if not self.problem:
            return f"ok    {self.row.name}: {self.said}"
        fallback = f"; its fallback {told(self.instead)} answers" if self.instead else ""
        if self.row.fallback and not self.instead:
            fallback = "; its fallback does not answer either"
        return f"dead  {self.row.name}: {self.problem}{fallback}"


def check_all(rows: Sequence[Fetchable], patience: Patience) -> Iterator[AddressAnswer]:
    """Ask each row's address, eight at a time, for its first bytes or its number of rows."""
    asked = [row for row in rows if row.need != "item"]
    with ThreadPoolExecutor(max_workers=8) as threads:
        yield from threads.map(lambda row: _check(row, patience), asked)


def _check(row: Fetchable, patience: Patience) -> AddressAnswer:
    with Session() as session:
        try:
            return AddressAnswer(row, said=_ask(row, session, patience))
        except FetchError as error:
            problem = str(error)
        for address in row.addresses[1:]:
            try:
                _ask(dataclasses.replace(row, address=address), session, patience)
            except FetchError:
                continue
            return AddressAnswer(row, problem=problem, instead=address)
    return AddressAnswer(row, problem=problem)


def _ask(row: Fetchable, session: Session, patience: Patience) -> str:
    """The address's answer in a few words. Raises FetchError if it is not the one expected."""
    if row.need == "search":
        web.get_json(session, row.address, patience)
        return "the search answers"
    if row.method in ("arcgis", "geojson") and "/FeatureServer/" in row.address:
        rows = arcgis.count_rows(session, row.address, patience)
        if row.rows and rows != row.rows:
            raise FetchError(f"{told(row.address)}: {rows:,} rows, but the list says {row.rows:,}")
        return f"{rows:,} rows"
    at = resolve(row, session, patience) if row.method else row

    def first_bytes() -> str:
        with web.get(session, at.address, HEADERS, patience) as response:
            size = web.length_of(response)
            start = response.raw.read(512, decode_content=False)
            refuse_page(start, response.headers.get("Content-Type", ""), told(at.address))
            if row.bytes and size and size != row.bytes:
                raise FetchError(
                    f"{told(at.address)}: {size:,} bytes, but the list says {row.bytes:,}"
                )
            return f"{size:,} bytes" if size is not None else "answers"

    said = web.patiently(first_bytes, at.address, patience)
    return said if at.file_name == row.file_name else f"{said}, now {at.file_name}"
