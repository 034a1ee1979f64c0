"""From a folder of publishers' files to the folder of prepared inputs that staging reads.

Data folder (as published)      prepared folder (one name each)
    onspd/*.zip or *.csv     ->     postcode_directory/*.csv   extracted, or linked where a CSV
                                    directory_columns.csv      canonical column -> this header
    iod/File_7_*.csv         ->     england_2019.csv, ...      linked
    lookups/*.csv            ->     lookups.csv                from a code to a code, all in one
    ... and Documents/*.csv  ->     geography_names.csv        (geography, year, code, name)
                                    files.csv                  what was found, and what is wrong

A fault of one input is written down in files.csv rather than raised: it matters only to a build
that wants that input, and the staging model that reads it stops with the text given here.
"""

from __future__ import annotations

import csv
import dataclasses
import datetime
import hashlib
import io
import json
import re
import shutil
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain
from pathlib import Path

from filelock import FileLock

from deprivation.errors import InputError
from deprivation.settings import PROJECT
from deprivation.spreadsheets import read_sheet

SEEDS = PROJECT / "seeds"
# What every build wants unless told otherwise; other editions are built where they are there.
REQUIRED = {"postcode_directory", "England 2015", "England 2019", "England 2025"}
SYNTHETIC_MARK = "SYNTHETIC.txt"
MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]

DIRECTORY_NAME = re.compile(
    r"(?P<release>(ONSPD|NSPL).*_(?P<month>[A-Z]{3})_(?P<year>20\d\d)_UK)(_(?P<area>[A-Z]{1,3}))?",
    re.IGNORECASE,
)


@dataclasses.dataclass(frozen=True)
class InputFile:
    """One input file as found.

    source: `postcode_directory`, `England 2019`, ..., or `lookup`; release: `2025-11` or the
    edition's year; row_count: of lookups only, the others' rows are counted
    where they are read; retrieved_at: ISO 8601, the time the file was fetched or last changed;
    problem: what is wrong with it and what to do, empty if nothing is; lacks_areas: true if that is
    only that the directory does not hold the areas that the file speaks of.
    """

    source: str
    file_name: str
    release: str = ""
    sha256: str = ""
    bytes: int | None = None
    row_count: int | None = None
    retrieved_at: str = ""
    is_synthetic: bool = False
    problem: str = ""
    lacks_areas: bool = False

    @property
    def is_fault(self) -> bool:
        """True of a problem to mend, false of an edition that is not there and need not be."""
        is_there = bool(self.sha256) and not self.lacks_areas
        return bool(self.problem) and (is_there or self.source in REQUIRED)


def read_seed(name: str) -> list[dict[str, str]]:
    with (SEEDS / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def prepare(data_dir: Path, prepared: Path) -> list[InputFile]:
    """Make `prepared` from the files in `data_dir`; at once if nothing has changed since.

    Returns what was found, one entry a file. Raises InputError if there is no such folder.
    """
    if not data_dir.is_dir():
        raise InputError(
            f"{data_dir}: no such folder; DEPRIVATION_DATA_DIR must name the folder that holds"
            " onspd/ and iod/ (`deprivation fetch` makes one)"
        )
    prepared.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{prepared}.lock"):
        stamp = _stamp(data_dir)
        stamp_file = prepared / "made_from.json"
        if stamp_file.is_file() and stamp_file.read_text() == stamp:
            return read_prepared(prepared)
        unfinished = prepared.with_name(prepared.name + ".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir()
        directory_files, directory_columns = _prepare_directory(data_dir, unfinished)
        files = [
            *directory_files,
            *_prepare_editions(data_dir, unfinished, directory_columns),
            *_prepare_census(data_dir, unfinished),
            *_prepare_lookups(data_dir, unfinished),
        ]
        columns = [field.name for field in dataclasses.fields(InputFile)]
        _write_rows(unfinished / "files.csv", columns, map(dataclasses.astuple, files))
        (unfinished / "made_from.json").write_text(stamp)
        shutil.rmtree(prepared, ignore_errors=True)
        unfinished.rename(prepared)
        return files


def _stamp(data_dir: Path) -> str:
    """Every file that the prepared folder depends on, with its size and time of change."""
    used = [path for path in sorted(data_dir.rglob("*")) if path.is_file()]
    rules = [*sorted(SEEDS.glob("*.csv")), *sorted(Path(__file__).parent.glob("*.py"))]
    rows = [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in used + rules]
    return json.dumps([str(data_dir), rows], indent=0)


def read_prepared(prepared: Path) -> list[InputFile]:
    with (prepared / "files.csv").open(encoding="utf-8", newline="") as file:
        return [
            InputFile(
                **row
                | {
                    "bytes": int(row["bytes"]) if row["bytes"] else None,
                    "row_count": int(row["row_count"]) if row["row_count"] else None,
                    "is_synthetic": row["is_synthetic"] == "True",
                    "lacks_areas": row["lacks_areas"] == "True",
                }
            )
            for row in csv.DictReader(file)
        ]


def _write_rows(path: Path, columns: list[str], rows: Iterable[tuple]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def _describe(path: Path, data_dir: Path, source: str, release: str, problem: str) -> InputFile:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    changed = datetime.datetime.fromtimestamp(path.stat().st_mtime, datetime.timezone.utc)
    last_changed = changed.strftime("%Y-%m-%dT%H:%M:%SZ")
    return InputFile(
        source=source,
        file_name=path.name,
        release=release,
        sha256=digest.hexdigest(),
        bytes=path.stat().st_size,
        retrieved_at=_fetched_at(data_dir).get(digest.hexdigest(), last_changed),
        is_synthetic=(data_dir / SYNTHETIC_MARK).is_file(),
        problem=problem,
    )


def _fetched_at(data_dir: Path) -> dict[str, str]:
    """SHA-256 of each file that `deprivation fetch` brought here -> the time it did."""
    record = data_dir / "fetched.json"
    if not record.is_file():
        return {}
    return {row["sha256"]: row["fetched_at"] for row in json.loads(record.read_text())}


def _link(path: Path, to: Path) -> None:
    try:
        to.symlink_to(path.resolve())
    except OSError:  # Windows grants links to administrators only
        shutil.copyfile(path, to)


# The header of a CSV file -----------------------------------------------------------------------


def read_header(path: Path, ends_its_last_row: bool = True) -> list[str]:
    """The column names of a CSV file, with faults of the file as a whole found on the way.

    ends_its_last_row: the publisher's files of this kind end in a line end (SIMD's does not).
    Raises InputError for an empty file, one that is not UTF-8, one cut off before its last row
    ended, and a column that stands twice.
    """
    name, size = path.name, path.stat().st_size
    with path.open("rb") as file:
        start = file.read(1 << 16)
        file.seek(max(size - 1, 0))
        end = file.read(1)
    if not start.strip():
        raise InputError(f"{name}: the file is empty; fetch it again")
    if start[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in start:
        raise InputError(
            f"{name}: the file is UTF-16, not UTF-8; use it as the publisher issued it"
        )
    try:
        lines = start.removeprefix(b"\xef\xbb\xbf").splitlines()
        header = next(csv.reader([lines[0].decode("utf-8")]))
    except UnicodeDecodeError as error:
        raise InputError(
            f"{name}, row 1: byte {error.object[error.start]:#x} is not UTF-8;"
            " use the file as the publisher issued it"
        ) from None
    if start.startswith(b"<") or start.startswith(b"PK"):
        raise InputError(
            f"{name}: this is not a CSV file (a web page or an archive?); fetch it again"
        )
    if ends_its_last_row and end != b"\n":
        raise InputError(f"{name}: the last row is cut off; the file is truncated, fetch it again")
    twice = [column for column, times in Counter(header).items() if times > 1]
    if twice:
        raise InputError(f"{name}: column {twice[0]!r} stands twice in the header")
    return header


def check_rows(path: Path) -> int:
    """The number of rows below the header of a CSV.

    Raises InputError for the first row that is not UTF-8 or not as long as the header. Slow on a
    large file (a million values a second): DuckDB checks those as it reads them.
    """
    row = 1
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            columns = len(next(reader))
            for values in reader:
                row += 1
                if len(values) != columns:
                    raise InputError(
                        f"{path.name}, row {row}: {len(values)} values where the header has"
                        f" {columns}; the file is damaged, fetch it again"
                    )
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path.name}, after row {row}: byte {error.object[error.start]:#x} is not UTF-8; use"
            " the file as the publisher issued it"
        ) from None
    return row - 1


# The postcode directory -------------------------------------------------------------------------


def _prepare_directory(data_dir: Path, prepared: Path) -> tuple[list[InputFile], dict[str, str]]:
    folder = data_dir / "onspd"
    (prepared / "postcode_directory").mkdir()
    columns: dict[str, str] = {}
    files: list[Path] = []
    release, problem = "", ""
    try:
        files, release = find_directory(folder)
        if files[0].suffix.lower() == ".zip":
            csv_files = _extract_directory(files[0], prepared / "postcode_directory")
        else:
            csv_files = files
            for path in files:
                _link(path, prepared / "postcode_directory" / path.name)
        columns = match_directory_columns(csv_files)
    except InputError as error:
        problem = str(error)
    _write_rows(prepared / "directory_columns.csv", ["canonical_column", "header"], columns.items())
    if not files:
        return [InputFile("postcode_directory", str(folder), problem=problem)], columns
    described = [
        _describe(path, data_dir, "postcode_directory", release, "" if at else problem)
        for at, path in enumerate(files)
    ]
    return described, columns


def find_directory(folder: Path) -> tuple[list[Path], str]:
    """The one release of ONSPD or NSPL below `folder`: a zip or CSV files, and its month `2025-11`.

    A release unpacked in full holds every row twice, in Data/*.csv and in Data/multi_csv/*.csv:
    the whole file is taken then, else the files by postcode area. Raises InputError if there is
    no release, or more than one.
    """
    releases: dict[str, list[Path]] = {}
    for path in sorted(folder.rglob("*")):
        name = DIRECTORY_NAME.fullmatch(path.stem)
        if path.suffix.lower() == ".zip" or (name and path.suffix.lower() == ".csv"):
            release = name["release"].upper() if name else path.stem
            packing = " (zip)" if path.suffix.lower() == ".zip" else ""
            releases.setdefault(release + packing, []).append(path)
    if not releases:
        raise InputError(
            f"{folder}: no postcode directory; put one release of ONSPD or NSPL there, the zip as"
            " downloaded or its CSV files (`deprivation fetch` does)"
        )
    if len(releases) > 1:
        raise InputError(
            f"{folder}: {len(releases)} postcode directories ({', '.join(releases)});"
            " leave the one that is wanted"
        )
    files = next(iter(releases.values()))
    whole = [path for path in files if not _area(path)]
    if len(whole) > 1:
        raise InputError(
            f"{folder}: {whole[0].name} is there {len(whole)} times; leave one of them"
        )
    return whole or files, _release_month(files[0])


def _area(path: Path) -> str | None:
    name = DIRECTORY_NAME.fullmatch(path.stem)
    return name["area"] if name else None


def _release_month(path: Path) -> str:
    name = DIRECTORY_NAME.fullmatch(path.stem)
    if not name or name["month"].upper() not in MONTHS:
        return ""
    return f"{name['year']}-{MONTHS.index(name['month'].upper()) + 1:02}"


def _extract_directory(archive: Path, to: Path) -> list[Path]:
    """The directory's CSV files out of a zip, each checked against the zip's own checksum."""
    try:
        with zipfile.ZipFile(archive) as zipped:
            members = [
                name
                for name in zipped.namelist()
                if DIRECTORY_NAME.fullmatch(Path(name).stem) and name.lower().endswith(".csv")
            ]
            whole = [name for name in members if not _area(Path(name))]
            if not members or len(whole) > 1:
                raise InputError(
                    f"{archive.name}: holds {len(whole)} files Data/ONSPD_<MON>_<YYYY>_UK.csv (or"
                    " NSPL), not one; use the zip as the publisher issued it"
                )
            for name in whole or members:
                with zipped.open(name) as packed, (to / Path(name).name).open("wb") as file:
                    shutil.copyfileobj(packed, file, 1 << 20)
            return [to / Path(name).name for name in whole or members]
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise InputError(
            f"{archive.name}: the zip is damaged or truncated ({error}); fetch it again"
        ) from None


def match_directory_columns(files: list[Path]) -> dict[str, str]:
    """Canonical column -> its name in this release's header, the newest year where several match.

    Raises InputError for a required column that is missing, a column that is not known, and
    files of one release whose headers differ.
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
    if unknown:
        raise InputError(
            f"{first.name}: column {unknown[0]!r} is not known; if ONS has added or renamed it, add"
            " it to seeds/directory_columns.csv"
        )
    return columns


def _unknown(header: list[str], known: set[str]) -> str:
    patterns = [rule["header_pattern"] for rule in read_seed("directory_columns")]
    unknown = [
        name
        for name in header
        if name not in known and not any(re.fullmatch(rule, name.lower()) for rule in patterns)
    ]
    return f"not known there: {', '.join(map(repr, unknown))}; " if unknown else ""


# The editions of the indices --------------------------------------------------------------------


def _prepare_editions(
    data_dir: Path, prepared: Path, directory_columns: dict[str, str]
) -> Iterator[InputFile]:
    columns = read_seed("index_columns")
    for edition in read_seed("published_editions"):
        source = f"{edition['nation']} {edition['edition']}"
        wanted = [
            row["source_column"]
            for row in columns
            if (row["nation"], row["edition"]) == (edition["nation"], edition["edition"])
        ]
        # LSOAs of 2001 are also found from those of 2011.
        areas = {edition["area_column"]}
        if edition["area_column"] == "lsoa_2001_code" and _has_lsoa_2001_lookup(data_dir):
            areas.add("lsoa_2011_code")
        prepared_path = prepared / (source.lower().replace(" ", "_") + ".csv")
        path, problem = None, ""
        try:
            # Those of the folder earlier are not at addresses of their own.
            is_fetched = edition["folder"] != "earlier"
            remedy = "`deprivation fetch` gets it" if is_fetched else edition["source_url"]
            path = find_file(data_dir / edition["folder"], source, edition["file_pattern"], remedy)
            if edition["sheets"]:
                rows = join_sheets(path, edition["sheets"].split("|"), key=wanted[0])
                _write_rows(prepared_path, rows[0], rows[1:])
            else:
                _link(path, prepared_path)
            header = read_header(prepared_path, ends_its_last_row=edition["folder"] == "iod")
            check_columns(path.name, header, wanted)
            check_rows(prepared_path)
        except InputError as error:
            problem = str(error).replace(prepared_path.name, path.name if path else "")
        if path is None:
            missing = data_dir / edition["folder"]
            yield InputFile(source, str(missing), edition["edition"], problem=problem)
            continue
        described = _describe(path, data_dir, source, edition["edition"], problem)
        if not problem and directory_columns and not (areas & set(directory_columns)):
            problem = (
                f"{source} speaks of areas by {edition['area_column']}, which this release of the"
                " postcode directory does not hold; use one that does, or leave the edition out of"
                " the variable `editions`"
            )
            described = dataclasses.replace(described, problem=problem, lacks_areas=True)
        yield described


def _has_lsoa_2001_lookup(data_dir: Path) -> bool:
    headers = (read_header(path) for path in (data_dir / "lookups").glob("*.csv"))
    return any({"LSOA01CD", "LSOA11CD"} <= set(header) for header in headers)


def join_sheets(spreadsheet: Path, sheets: list[str], key: str) -> list[list[str]]:
    """Sheets of one spreadsheet side by side, header first: rows of the same `key` are one row.

    The header of a sheet is its first row that begins with `key`; columns without a name, or with
    one that an earlier sheet has, are left out. Raises InputError if a sheet has no such header.
    """
    header: list[str] = []
    joined: dict[str, list[str]] = {}
    for sheet in sheets:
        rows = read_sheet(spreadsheet, sheet)
        top = next((at for at, row in enumerate(rows) if row and row[0] == key), None)
        if top is None:
            raise InputError(f"{spreadsheet.name}: sheet {sheet} has no column {key!r}")
        new = [at for at, name in enumerate(rows[top]) if name.strip() and name not in header]
        for row in rows[top + 1 :]:
            if row[0]:
                # An area that another sheet lacks shows as values that are missing.
                joined.setdefault(row[0], [""] * len(header))
        if header and len(joined) != sum(1 for row in rows[top + 1 :] if row[0]):
            raise InputError(f"{spreadsheet.name}: sheet {sheet} has other areas than {sheets[0]}")
        for row in rows[top + 1 :]:
            if row[0]:
                joined[row[0]] += [row[at] for at in new]
        header += [rows[top][at] for at in new]
    return [header, *joined.values()]


def find_file(folder: Path, source: str, pattern: str, remedy: str = "") -> Path:
    """The file of one edition or census, by its name. Raises InputError if there is none, or two.

    remedy: where to get it.
    """
    found = [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and re.fullmatch(pattern, path.name, re.IGNORECASE)
    ]
    if not found:
        raise InputError(
            f"{folder}: no file of {source} (looked for a name like {pattern}); {remedy}, or leave"
            " the edition out of the variable `editions`"
        )
    if len(found) > 1:
        names = ", ".join(path.name for path in found)
        raise InputError(f"{folder}: {len(found)} files of {source} ({names}); leave one of them")
    return found[0]


def check_columns(name: str, header: list[str], wanted: list[str]) -> None:
    """Raises InputError if a file's header and seeds/index_columns.csv differ, either way."""
    missing = [column for column in wanted if column not in header]
    extra = [column for column in header if column not in wanted]
    if missing or extra:
        said = [f"lacks {missing[0]!r}"] * bool(missing) + [f"has {extra[0]!r}"] * bool(extra)
        raise InputError(
            f"{name}: the header {' and '.join(said)} ({len(missing)} columns missing,"
            f" {len(extra)} not known); is it another year's file? If the publisher has renamed a"
            " column, change seeds/index_columns.csv"
        )


# Census measures --------------------------------------------------------------------------------

CENSUS = {
    "townsend_2011": (
        r"scores.*2011.*lsoa.*\.csv",
        ["", "GEO_CODE", "GEO_LABEL", "TDS", "quintile"],
    ),
    "household_deprivation_2021": (
        r"household_deprivation.*21.*\.csv",
        ["lsoa21_code", "total_households", "deprivation_dimensions", "n", "prop"],
    ),
}


def _prepare_census(data_dir: Path, prepared: Path) -> Iterator[InputFile]:
    """Supplementary measures, wanted where they are there: else a file without rows."""
    for source, (pattern, columns) in CENSUS.items():
        try:
            path = find_file(data_dir / "census", source, pattern)
        except InputError:
            _write_rows(prepared / f"{source}.csv", columns, [])
            continue
        problem, rows = "", None
        try:
            header = read_header(path)
            if header != columns:
                raise InputError(f"{path.name}: the columns are {header}, not {columns}")
            rows = check_rows(path)
        except InputError as error:
            problem = str(error)
        _link(path, prepared / f"{source}.csv")
        described = _describe(path, data_dir, source, source[-4:], problem)
        yield dataclasses.replace(described, row_count=rows)


# Lookups, and names of areas --------------------------------------------------------------------

CODE_COLUMN = re.compile(r"(?P<geography>[a-z]+)(?P<year>\d\d)(?P<kind>cd|_code)", re.IGNORECASE)
LOOKUP_COLUMNS = [
    "from_geography",
    "from_year",
    "from_code",
    "to_geography",
    "to_year",
    "to_code",
    "change",
]
NAME_COLUMNS = ["geography", "year", "code", "name"]


def _prepare_lookups(data_dir: Path, prepared: Path) -> list[InputFile]:
    paths = sorted((data_dir / "lookups").glob("*.csv"))
    tables = [read_table(path.read_bytes()) for path in paths]
    documents = [read_table(read()) for read in _documents(data_dir / "onspd")]
    _write_rows(
        prepared / "lookups.csv", LOOKUP_COLUMNS, chain.from_iterable(map(pairs_in, tables))
    )
    names = chain.from_iterable(map(names_in, tables + documents))
    _write_rows(prepared / "geography_names.csv", NAME_COLUMNS, sorted(set(names)))
    return [
        dataclasses.replace(_describe(path, data_dir, "lookup", "", ""), row_count=len(table) - 1)
        for path, table in zip(paths, tables, strict=True)
    ]


def _documents(folder: Path) -> Iterator[Callable[[], bytes]]:
    """Readers of the names-and-codes files that come with a postcode directory."""
    for path in sorted(folder.glob("**/Documents/**/*.csv")):
        yield path.read_bytes
    for archive in sorted(folder.glob("*.zip")):
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as zipped:
                for name in sorted(zipped.namelist()):
                    if "documents/" in name.lower() and name.lower().endswith(".csv"):
                        yield partial(zipped.read, name)


def read_table(content: bytes) -> list[list[str]]:
    """The rows of a small CSV file, header first and in lower case; UTF-8, or Windows-1252."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
    rows = [[value.strip() for value in row] for row in csv.reader(io.StringIO(text, newline=""))]
    return [[name.lower() for name in rows[0]], *rows[1:]] if rows else [[]]


def _code_columns(header: list[str]) -> list[tuple[int, str, int]]:
    """(position, geography, year) of each column named like LAD25CD or ltla24_code."""
    found = [(position, CODE_COLUMN.fullmatch(name)) for position, name in enumerate(header)]
    return [(at, name["geography"], 2000 + int(name["year"])) for at, name in found if name]


def pairs_in(table: list[list[str]]) -> Iterator[tuple]:
    """From a lookup, LOOKUP_COLUMNS for its first column of codes and each of the others."""
    header, *rows = table
    change = header.index("chgind") if "chgind" in header else None
    first, *others = _code_columns(header) or [None]
    for row in rows:
        for at, geography, year in others:
            if row[first[0]] and row[at]:
                yield (
                    *(first[1], first[2], row[first[0]]),
                    *(geography, year, row[at]),
                    row[change] if change is not None else "",
                )


def names_in(table: list[list[str]]) -> Iterator[tuple]:
    """NAME_COLUMNS for each pair of columns like LAD25CD and LAD25NM."""
    header, *rows = table
    for at, geography, year in _code_columns(header):
        name = header[at].removesuffix("cd").removesuffix("_code")
        name = name + ("nm" if header[at].endswith("cd") else "_name")
        if name in header and geography not in ("oa", "lsoa"):  # those are named by each edition
            named = header.index(name)
            for row in rows:
                if len(row) > max(at, named) and row[at] and row[named]:
                    yield geography, year, row[at], row[named]
