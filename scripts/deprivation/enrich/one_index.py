"""One linked data set for a study: the same records get no second index in one folder.

A file beside the outputs says which records have which index. Of the records it keeps digests of
their postcodes, with a salt of its own: in many small parts, so that most of the records are
recognised too, each of so many postcodes that none can be found by trying.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from deprivation.enrich.destination import LINKED, write_whole
from deprivation.enrich.keys import MULTIPLIER
from deprivation.enrich.match import Found, Matcher
from deprivation.enrich.request import Request
from deprivation.errors import InputError

MADE_BY = "deprivation enrich --one-index"
ABOUT = (
    "Which index was put beside which records of this folder, so that they get no second one. Holds"
    " no postcodes, only digests of many together. Keep it as long as the outputs."
)
# Postcodes in a part, at least on average; and how many parts at most.
PART, MOST_PARTS = 32, 1024


class LinkedRecords:
    """The records of a run that got an answer, and what it was."""

    def __init__(self, matcher: Matcher, request: Request, output: Path | None):
        """Raises InputError for a request of more than one index."""
        if request.one_index:
            if output is None:
                raise InputError("--one-index is recorded beside the output; --output names a file")
            if len(matcher.columns.indices) > 1:
                raise InputError(
                    f"--one-index: {', '.join(matcher.columns.indices)} are several indices"
                )
            if len(matcher.asks) > 1:
                raise InputError(
                    "--one-index: several editions reveal as much as several indices; give one"
                )
        self._matcher, self._request, self._output = matcher, request, output
        self._keys = matcher.keys()
        self._is_met = np.zeros(len(self._keys), bool)
        self._sectors: set[int] = set()

    def add(self, found: Found) -> None:
        """Remember the postcodes of a batch that got an answer."""
        has_answer = np.any([areas > 0 for areas in found.areas], axis=0)
        is_there = found.places >= 0
        self._is_met[found.places[has_answer & is_there]] = True
        for areas in found.areas:
            self._sectors.update(np.unique(areas[has_answer & ~is_there]).tolist())

    def _records(self) -> np.ndarray:
        """uint64, sorted: a number for each different postcode, or sector, that was answered."""
        sectors = [
            int.from_bytes(hashlib.sha256(sector.encode()).digest()[:8], "little")
            for sector in self._matcher.sectors(sorted(self._sectors - {0}))
        ]
        return np.unique(np.append(self._keys[self._is_met], np.array(sectors, np.uint64)))

    def _answer(self) -> dict[str, Any]:
        """What stands beside the records."""
        request, matcher = self._request, self._matcher
        if request.date_column is not None:
            date = request.date_column.strip().casefold()
            editions = {f"by {date}, else": request.edition or "none"}
        else:
            editions = {
                f"{nation}{ask.suffix}": year
                for ask in matcher.asks
                for nation, year in sorted(ask.choices[0].editions.items())
            }
        return {
            "indices": list(matcher.columns.indices),
            "editions": editions,
            "columns": matcher.columns.names(),
        }

    @contextlib.contextmanager
    def recorded(self) -> Iterator[None]:
        """Record the run; as it was, if the output is not put in place.

        Raises InputError if the records have another index in this folder.
        """
        if self._output is None:
            yield
            return
        folder = self._output.parent
        with locked(folder):
            path = folder / LINKED
            before = read_manifest(path)
            if before is None and not self._request.one_index:
                yield
                return
            manifest = before or {
                "made_by": MADE_BY,
                "about": ABOUT,
                "salt": secrets.token_hex(16),
                "linked": [],
            }
            entry = self._checked(manifest)
            if entry is None:
                yield
                return
            write_manifest({**manifest, "linked": [*manifest["linked"], entry]}, path)
            try:
                yield
            except BaseException:
                if before is None:
                    path.unlink()
                else:
                    write_manifest(before, path)
                raise

    def _checked(self, manifest: dict[str, Any]) -> dict[str, Any] | None:
        """The row of this run; None if there is nothing to add. Raises InputError."""
        records, salt, answer = self._records(), manifest["salt"], self._answer()
        name = self._output.name
        if not len(records):
            return None
        is_known = False
        for earlier in manifest["linked"]:
            there = earlier["digests"]
            # Parts in one order; a part of the same digest has the very same postcodes.
            same = sum(
                a == b for a, b in zip(digests(records, salt, len(there)), there, strict=True)
            )
            if not same:
                continue
            if differs(answer, earlier):
                raise InputError(
                    f"{name}: these records have {', '.join(earlier['indices'])}"
                    f" ({', '.join(earlier['columns'])}) beside them in"
                    f" {earlier['output']} already,"
                    f" and one study gets one index; {LINKED} in that folder records it"
                )
            is_known |= same == len(there) and earlier["output"] == name
        if is_known:
            return None
        parts = min(MOST_PARTS, 1 << max((len(records) // PART).bit_length() - 1, 0))
        return {
            "output": name,
            **answer,
            "postcodes": len(records),
            "digests": digests(records, salt, parts),
        }


def differs(answer: dict[str, Any], earlier: dict[str, Any]) -> bool:
    """Whether an answer says more of records than the earlier one did."""
    shared = answer["editions"].keys() & earlier["editions"].keys()
    return (
        not set(answer["indices"]) <= set(earlier["indices"])
        or not set(answer["columns"]) <= set(earlier["columns"])
        or not shared
        or any(answer["editions"][key] != earlier["editions"][key] for key in shared)
    )


def digests(records: np.ndarray, salt: str, parts: int) -> list[str]:
    """Of the records in each of `parts` (a power of two), into which their numbers put them.

    The only part of a few records is digested slowly, against trying all postcodes.
    """
    salted = bytes.fromhex(salt)
    if parts == 1:
        return [hashlib.scrypt(records.tobytes(), salt=salted, n=1 << 14, r=8, p=1, dklen=16).hex()]
    places = records * MULTIPLIER >> np.uint64(65 - parts.bit_length())
    return [
        hashlib.sha256(salted + records[places == part].tobytes()).hexdigest()[:32]
        for part in range(parts)
    ]


def read_manifest(path: Path) -> dict[str, Any] | None:
    """None if there is no such file. Raises InputError for one that is damaged or not ours."""
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        if manifest["made_by"] != MADE_BY:
            raise ValueError
        bytes.fromhex(manifest["salt"])
        for entry in manifest["linked"]:
            entry["digests"][0], entry["output"], entry["indices"], entry["columns"]
            entry["editions"].keys()
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError):
        raise InputError(
            f"{path} is damaged, or not a file of --one-index, and so it cannot be known which"
            " records have an index; write to another folder"
        ) from None
    return manifest


def write_manifest(manifest: dict[str, Any], path: Path) -> None:
    write_whole(json.dumps(manifest, indent=1) + "\n", path)


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """One run at a time records in a folder; no file is left for it."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # a file system without locks
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
