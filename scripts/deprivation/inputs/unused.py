"""Files in the data folder that no build reads, and why."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from deprivation.inputs.census import CENSUS
from deprivation.inputs.directory import CATALOGUE, DIRECTORY_NAME
from deprivation.inputs.found import SYNTHETIC_MARK, InputFile, everywhere, name_of
from deprivation.seeds import read_seed

OWN = {"fetched.json", SYNTHETIC_MARK}


def unused_files(data_dir: Path, files: Iterable[InputFile]) -> Iterator[tuple[str, str]]:
    """Path in the data folder, and a reason, of each file that `files` does not name."""
    files = list(files)
    used = {file.path for file in files if file.path}
    read_of = {file.source: file.file_name for file in files if file.is_there}
    forms = [(source, form) for source, form in _forms() if source in read_of]
    folders = {Path(file.path).parent for file in files if file.source == "postcode_directory"}
    known = _catalogue()
    for path in everywhere(data_dir):
        name = path.relative_to(data_dir)
        if (
            name.as_posix() in used
            or path.name in OWN
            or path.name.endswith((".part", ".part.json"))
        ):
            continue
        if DIRECTORY_NAME.fullmatch(path.stem):
            reason = "another copy or release of the postcode directory, of which only one is read"
        elif any(_is_beside(name, folder) for folder in folders):
            reason = "comes with the postcode directory; only its names of codes are read"
        elif source := next((one for one, form in forms if form.fullmatch(name_of(path))), None):
            reason = f"{source} is read from {read_of[source]}"
        else:
            product = known.get(name_of(path).lower())
            reason = f"{product}; no build reads it" if product else "not a known input"
            if not product and path.suffix.lower() == ".zip":
                reason += "; unpack it if it contains one"
        yield name.as_posix(), reason


def _is_beside(name: Path, folder: Path) -> bool:
    return len(folder.parts) > 0 and folder.parts[0] == name.parts[0] and len(name.parts) > 1


def _forms() -> Iterator[tuple[str, re.Pattern]]:
    """Source and pattern of the names of each form that an input may come in."""
    rows = [
        *((f"{one['nation']} {one['edition']}", one) for one in read_seed("published_editions")),
        *((f"{one['nation']} {one['edition']}", one) for one in read_seed("edition_layouts")),
        *((one["source"], one) for one in read_seed("measure_columns")),
        *((one["source"], one) for one in read_seed("edition_supplements")),
    ]
    patterns = [(source, row["file_pattern"]) for source, row in rows]
    patterns += [(source, pattern) for source, (pattern, _) in CENSUS.items()]
    patterns.append(("household_deprivation_2021", r"census2021-ts011.*\.(zip|csv)"))
    for source, pattern in dict.fromkeys(patterns):
        yield source, re.compile(pattern, re.IGNORECASE)


def _catalogue() -> dict[str, str]:
    """Product by file name in lower case."""
    with CATALOGUE.open(encoding="utf-8", newline="") as file:
        return {row["file_name"].lower(): row["product"] for row in csv.DictReader(file)}
