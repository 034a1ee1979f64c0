"""The postcode directory."""

from __future__ import annotations

import csv
import dataclasses
import re
import zipfile
from pathlib import Path

from deprivation.errors import InputError
from deprivation.inputs.archives import copy_member, opened_zip
from deprivation.inputs.csv_files import read_header
from deprivation.inputs.found import (
    InputFile,
    describe,
    everywhere,
    files_in,
    link,
    write_rows,
)
from deprivation.seeds import read_seed
from deprivation.settings import PACKAGE

MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
DIRECTORY_NAME = re.compile(
    r"(?P<release>(ONSPD|NSPL).*_(?P<month>[A-Z]{3})_(?P<year>20\d\d)_UK)"
    r"(_(?P<area>[A-Z]{1,3}))?( ?\(\d+\))?",  # (1): a browser's second download
    re.IGNORECASE,
)
CATALOGUE = PACKAGE / "fetch" / "catalogue.csv"
# The largest release unpacks to 1.5 GB.
MOST_BYTES = 2_000_000_000


def prepare_directory(data_dir: Path, prepared: Path) -> tuple[list[InputFile], dict[str, str]]:
    folder = directory_folder(data_dir)
    (prepared / "postcode_directory").mkdir()
    columns: dict[str, str] = {}
    files: list[Path] = []
    release, problem, note = "", "", ""
    try:
        files, release = find_directory(folder, is_own=folder != data_dir)
        if files[0].suffix.lower() == ".zip":
            csv_files = _extract_directory(files[0], prepared / "postcode_directory")
        else:
            csv_files = files
            for path in files:
                link(path, prepared / "postcode_directory" / path.name)
        columns = match_directory_columns(csv_files)
        note = _say_differences(csv_files[0], columns)
    except InputError as error:
        problem = str(error)
    write_rows(prepared / "directory_columns.csv", ["canonical_column", "header"], columns.items())
    if not files:
        return [InputFile("postcode_directory", str(folder), problem=problem)], columns
    described = [
        describe(path, data_dir, "postcode_directory", release, "" if at else problem)
        for at, path in enumerate(files)
    ]
    described[0] = dataclasses.replace(described[0], note=note)
    return described, columns


def _say_differences(path: Path, columns: dict[str, str]) -> str:
    """A sentence on the optional columns that are missing, and on columns that are not known."""
    rules = read_seed("directory_columns")
    absent = [
        rule["canonical_column"]
        for rule in rules
        if rule["need"] == "optional" and rule["canonical_column"] not in columns
    ]
    unknown = [
        name
        for name in read_header(path)
        if not any(re.fullmatch(rule["header_pattern"], name.lower()) for rule in rules)
    ]
    said = [f"has no {', '.join(absent)}, which will be null"] * bool(absent)
    said += [
        f"has unknown columns, which are not read: {', '.join(unknown)} (to read them, add them to"
        " seeds/directory_columns.csv)"
    ] * bool(unknown)
    return f"{path.name} {'; '.join(said)}" if said else ""


def directory_folder(data_dir: Path) -> Path:
    """The folder onspd if a directory is in it, or nowhere; else the data folder as a whole."""
    own = data_dir / "onspd"
    named = [one for one in everywhere(data_dir) if DIRECTORY_NAME.fullmatch(one.stem)]
    is_own = any(own in one.parents for one in named) or _has_other_zip(own)
    return own if is_own or not named else data_dir


def _has_other_zip(own: Path) -> bool:
    """Whether there is any zip in the folder, or a file in its place."""
    return own.exists() and (
        not own.is_dir() or any(one.suffix.lower() == ".zip" for one in everywhere(own))
    )


def find_directory(folder: Path, is_own: bool = True) -> tuple[list[Path], str]:
    """The one release of ONSPD or NSPL below `folder`: a zip or CSV files, and its month `2025-11`.

    A fully unpacked release has every row twice, in Data/*.csv and in Data/multi_csv/*.csv: then
    the whole file is used, else the files by postcode area. is_own: whether the folder is only for
    the directory; in any other, zips with other names are ignored, and a whole release comes
    before area files. Raises InputError if there is no release, or more than one.
    """
    releases: dict[str, list[Path]] = {}
    for path in files_in(folder, (".zip", ".csv"), is_deep=True):
        name = DIRECTORY_NAME.fullmatch(path.stem)
        if name or (is_own and path.suffix.lower() == ".zip"):
            release = name["release"].upper() if name else path.stem
            packing = " (zip)" if path.suffix.lower() == ".zip" else ""
            releases.setdefault(release + packing, []).append(path)
    if not releases:
        raise InputError(
            f"{folder}: no postcode directory; put one release of ONSPD or NSPL there, the zip as"
            " downloaded or its CSV files (`deprivation fetch` does)"
        )
    whole_ones = {name: files for name, files in releases.items() if not all(map(_area, files))}
    if whole_ones and not is_own:
        releases = whole_ones
    if len(releases) > 1:
        raise InputError(
            f"{folder}: {len(releases)} postcode directories ({', '.join(releases)});"
            " keep only the one you want"
        )
    files = next(iter(releases.values()))
    whole = [path for path in files if not _area(path)]
    if len(whole) > 1:
        raise InputError(f"{folder}: {whole[0].name} is there {len(whole)} times; keep only one")
    return whole or files, month_of(files[0])


def _area(path: Path) -> str | None:
    name = DIRECTORY_NAME.fullmatch(path.stem)
    return name["area"] if name else None


def month_of(path: Path) -> str:
    """The month in a directory's file name, `2025-11`; empty if there is none."""
    name = DIRECTORY_NAME.fullmatch(path.stem)
    if not name or name["month"].upper() not in MONTHS:
        return ""
    return f"{name['year']}-{MONTHS.index(name['month'].upper()) + 1:02}"


def _extract_directory(archive: Path, to: Path) -> list[Path]:
    """The directory's CSV files out of a zip, each checked against the zip's own checksum."""
    with opened_zip(archive) as zipped:
        members = [member for member in zipped.infolist() if _is_directory(member)]
        whole = [member for member in members if not _area(Path(member.filename))]
        if not members or len(whole) > 1:
            raise InputError(
                f"{archive.name}: contains {len(whole)} files Data/ONSPD_<MON>_<YYYY>_UK.csv (or"
                " NSPL), not one; use the zip as the publisher issued it"
            )
        left = most_bytes(archive)
        for member in whole or members:
            path = to / Path(member.filename).name
            with path.open("wb") as file:
                copy_member(zipped, member, file, left)
            left -= path.stat().st_size
        return [to / Path(member.filename).name for member in whole or members]


def _is_directory(member: zipfile.ZipInfo) -> bool:
    path = Path(member.filename)
    is_csv = path.suffix.lower() == ".csv" and "__MACOSX" not in path.parts
    return is_csv and DIRECTORY_NAME.fullmatch(path.stem) is not None


def most_bytes(archive: Path) -> int:
    """The size that a directory may unpack to: 2 GB, or 32 times its size in the catalogue.

    A release of 246 MB unpacks to 1.5 GB.
    """
    with CATALOGUE.open(encoding="utf-8", newline="") as file:
        known = [
            int(row["bytes"])
            for row in csv.DictReader(file)
            if row["file_name"] == archive.name and row["bytes"]
        ]
    return max([MOST_BYTES, *(32 * size for size in known)])


def match_directory_columns(files: list[Path]) -> dict[str, str]:
    """Canonical column -> its name in this release's header, the newest year where several match.

    Raises InputError for a missing required column, for an unknown column if one that this product
    always has is missing (it was probably renamed), and for files of one release with different
    headers. Other unknown columns are left out.
    """
    headers = {path: read_header(path) for path in files}
    first, header = next(iter(headers.items()))
    for path, other in headers.items():
        if other != header:
            odd = sorted(set(header) ^ set(other)) or ["their order"]
            raise InputError(f"{path.name} and {first.name} differ in their header: {odd[0]}")

    columns: dict[str, str] = {}
    known: set[str] = set()
    for rule in read_seed("directory_columns"):
        matching = [name for name in header if re.fullmatch(rule["header_pattern"], name.lower())]
        known.update(matching)
        if rule["need"] == "required" and not matching:
            raise InputError(
                f"{first.name}: no column for {rule['canonical_column']} (looked for"
                f" {rule['header_pattern']}); {_unknown(header, known)}if ONS has renamed it, add"
                " its name to seeds/directory_columns.csv"
            )
        if rule["need"] != "unused" and matching:
            columns[rule["canonical_column"]] = max(matching)
    unknown = [name for name in header if name not in known]
    gone = [
        rule["canonical_column"]
        for rule in read_seed("directory_columns")
        if first.name.upper().startswith(tuple(rule["held_by"].split()))
        and rule["canonical_column"] not in columns
    ]
    if unknown and gone:
        raise InputError(
            f"{first.name}: column {unknown[0]!r} is not known, and there is none for {gone[0]};"
            " if ONS has renamed it, add its name to seeds/directory_columns.csv"
        )
    return columns


def _unknown(header: list[str], known: set[str]) -> str:
    patterns = [rule["header_pattern"] for rule in read_seed("directory_columns")]
    unknown = [
        name
        for name in header
        if name not in known and not any(re.fullmatch(rule, name.lower()) for rule in patterns)
    ]
    return f"unknown columns: {', '.join(map(repr, unknown))}; " if unknown else ""
