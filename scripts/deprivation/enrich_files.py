"""Files of records as DuckDB reads and writes them: CSV, TSV, Parquet, JSON lines, or compressed.

CSV and TSV are read as text, the dialect declared; of JSON lines each record's text is kept.
"""

from __future__ import annotations

import csv
import dataclasses
import glob
import gzip
import os
import re
from pathlib import Path
from typing import BinaryIO

import duckdb

from deprivation.enrich_streams import Feed, check_zstd, read_header
from deprivation.errors import InputError
from deprivation.published import first_line

KINDS = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}
COMPRESSIONS = {".gz": "gzip", ".zst": "zstd"}
DELIMITERS = {"csv": ",", "tsv": "\t"}
# One column of whole lines: what is declared as delimiter does not occur in text.
AS_LINES = "delim=chr(1), quote='', escape=''"
# A record of JSON lines, as its text.
RECORD = "record"
LONGEST_LINE = 16 << 20
BATCH_BYTES = 64 << 20


@dataclasses.dataclass(frozen=True)
class Format:
    """kind: csv, tsv, parquet or jsonl; compression: none, gzip or zstd."""

    kind: str
    compression: str = "none"


def parse_format(name: str) -> Format:
    """The format of a file by its name, `people.csv.gz`, or of a name of a format, `csv.gz`.

    Raises InputError if it is none of those that can be read and written.
    """
    suffixes = [suffix.lower() for suffix in Path(f"-.{Path(name).name}").suffixes]
    compression = COMPRESSIONS.get(suffixes[-1], "none")
    if compression != "none":
        suffixes.pop()
    kind = KINDS.get(suffixes[-1] if suffixes else "")
    if kind is None or (kind == "parquet" and compression != "none"):
        raise InputError(
            f"{name}: not a format that is read and written here: .csv, .tsv, .jsonl, each also"
            " with .gz or .zst, and .parquet (name it with --input-format or --output-format)"
        )
    return Format(kind, compression)


def quoted(name: str) -> str:
    """A column's name in SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text in SQL."""
    return "'" + text.replace("'", "''") + "'"


def listed(paths: list[str]) -> str:
    """Files in SQL, each by its very name: DuckDB would take [1] in one for a pattern."""
    return f"[{', '.join(literal(glob.escape(path)) for path in paths)}]"


def _matches(pattern: str) -> list[str]:
    """Files that a pattern (* ? [] **) stands for, by name."""
    anchor = Path(pattern).anchor or "."
    parts = Path(pattern).relative_to(anchor) if Path(pattern).anchor else Path(pattern)
    try:
        return sorted(str(path) for path in Path(anchor).glob(str(parts)))
    except ValueError as error:
        raise InputError(f"{pattern}: {error}") from None


def find_files(names: list[str]) -> list[str]:
    """The files that names and patterns stand for, each once, in order. Raises InputError."""
    found: list[str] = []
    for name in names:
        matches = [name] if Path(name).exists() else _matches(name)
        if not matches:
            raise InputError(f"{name}: no such file")
        found += matches
    for name in found:
        if Path(name).is_dir():
            raise InputError(f"{name} is a folder; name the files in it: '{name}/*.csv'")
        if not os.access(name, os.R_OK):
            raise InputError(f"{name} cannot be read: permission denied")
    return list(dict.fromkeys(found))


class Records:
    """The records of one or more files of one format, as a relation in SQL.

    names: their columns; of JSON lines one, the record's text.
    stream: what to read in place of a file: stdin, plain or decompressed, of CSV or TSV.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        paths: list[str],
        form: Format,
        stream: BinaryIO | None = None,
    ):
        self.connection, self.paths, self.form, self.stream = connection, paths, form, stream
        self.feed: Feed | None = None
        # Of a stream, those that are read already.
        self.header_lines = 0
        if form.compression == "zstd":
            for path in paths:
                check_zstd(path)
        self.names = [RECORD] if form.kind == "jsonl" else self._names()

    def _names(self) -> list[str]:
        first, *others = self.paths
        columns = self._columns_in(first)
        names = [name for name, _ in columns]
        for other in others:
            theirs = self._columns_in(other)
            if [name for name, _ in theirs] != names:
                raise InputError(
                    f"{other} has not the columns of {first}: {', '.join(n for n, _ in theirs)} in"
                    f" place of {', '.join(names)}"
                )
            for (name, kind), (_, wanted) in zip(theirs, columns, strict=True):
                if kind != wanted:
                    raise InputError(f"{other}: column {name!r} is {kind}, in {first} {wanted}")
        folded = [name.lower() for name in names]
        twice = sorted({repr(name) for name in names if folded.count(name.lower()) > 1})
        if twice:
            raise InputError(f"{first}: columns of one name, {' and '.join(twice)}; rename one")
        return names

    def _columns_in(self, path: str) -> list[tuple[str, str]]:
        """Names and types; of text, all varchar."""
        if self.form.kind == "parquet":
            try:
                described = self.connection.execute(f"describe {self._parquet([path])}").fetchall()
            except duckdb.Error as error:
                raise InputError(
                    f"{path} is not a whole Parquet file: {first_line(error)}"
                ) from None
            return [(name, kind) for name, kind, *_ in described]
        header = self._header_of(path)
        if not header.strip():
            raise InputError(f"{path} has no header: it is empty, or its first line is")
        try:
            text = header.decode("utf-8-sig").rstrip("\r\n")
            names = next(csv.reader([text], delimiter=DELIMITERS[self.form.kind]))
        except UnicodeDecodeError:
            raise InputError(f"{path} is not UTF-8 text; save it as UTF-8") from None
        except csv.Error as error:
            raise InputError(f"{path}: its header cannot be read: {error}") from None
        return [(name or f"column{place}", "varchar") for place, name in enumerate(names)]

    def _parquet(self, paths: list[str]) -> str:
        # Folders named year=2019, as exports make them, are no columns.
        return f"from read_parquet({listed(paths)}, hive_partitioning=false)"

    def _header_of(self, path: str) -> bytes:
        if self.form.compression == "zstd":
            line = self.connection.execute(f"{self._read([path], AS_LINES, ['line'])} limit 1")
            return "".join(text or "" for (text,) in line.fetchall()).encode()
        if self.stream:
            header = read_header(self.stream)
            self.header_lines = header.count(b"\n")
            return header
        opened = gzip.open if self.form.compression == "gzip" else open
        try:
            with opened(path, "rb") as stream:
                return read_header(stream)
        except (OSError, EOFError) as error:
            raise InputError(f"{path}: {error}") from None

    def query(self, with_blank: bool = False) -> str:
        """`from ...`: all records, in the order of the files and within them.

        with_blank: of JSON lines, blank lines too.
        """
        if self.form.kind == "parquet":
            return self._parquet(self.paths)
        is_json = self.form.kind == "jsonl"
        if self.form.compression == "gzip" or self.stream:
            self.feed = Feed(self.paths, self.stream, not is_json, self.header_lines)
        header = not is_json and not self.feed
        dialect = (
            AS_LINES
            if is_json
            else f"delim='{DELIMITERS[self.form.kind]}', quote='\"', escape='\"'"
        )
        paths = [self.feed.start()] if self.feed else self.paths
        records = self._read(paths, f"{dialect}, header={str(header).lower()}", self.names)
        if not is_json or with_blank:
            return records
        return f"{records} where trim({RECORD}, ' \t\r') <> ''"

    def batch_rows(self) -> int:
        """Rows to read at a time: fewer where they are large."""
        most = 491_520 if self.form.kind == "parquet" else 20_480
        return max(64, min(most, int(BATCH_BYTES / (self._row_bytes() or 1))))

    def rows_about(self) -> float | None:
        """How many there are; of text judged by its beginning, None where it is compressed."""
        if self.form.kind == "parquet":
            counted = f"select sum(num_rows) from parquet_file_metadata({listed(self.paths)})"
            return self.connection.execute(counted).fetchone()[0]
        if self.stream or self.form.compression != "none" or not self._row_bytes():
            return None
        return sum(Path(path).stat().st_size for path in self.paths) / self._row_bytes()

    def _row_bytes(self) -> float:
        """Bytes of a row: of Parquet the most in any row group, of text the mean; 0 if unknown."""
        if self.form.kind == "parquet":
            (size,) = self.connection.execute(
                "select max(row_group_bytes / row_group_num_rows) from parquet_metadata("
                f"{listed(self.paths)})"
            ).fetchone()
            return size or 0.0
        if self.stream or self.form.compression == "zstd":
            return 0.0
        opened = gzip.open if self.form.compression == "gzip" else open
        with opened(self.paths[0], "rb") as file:
            sample = file.read(1 << 20)
        return len(sample) / max(sample.count(b"\n"), 1)

    def _read(self, paths: list[str], dialect: str, names: list[str]) -> str:
        compression = "zstd" if self.form.compression == "zstd" else "none"
        columns = ", ".join(f"{literal(name)}: 'varchar'" for name in names)
        return (
            f"from read_csv({listed(paths)}, {dialect}, auto_detect=false,"
            f" compression='{compression}', max_line_size={LONGEST_LINE}, columns={{{columns}}})"
        )

    def fault(self, error: duckdb.Error) -> InputError:
        """What a failure of DuckDB says of these files: the file, the line and why, no values."""
        if self.feed and self.feed.fault:
            return InputError(self.feed.fault)
        text = str(error)
        line = re.search(r"CSV Error on Line: (\d+)", text)
        if not line:
            why = first_line(error)
            if isinstance(error, duckdb.ConversionException):
                why = "a value is not of its column's type"
            if "state machine" in text:
                why = "it mixes line ends, \\r\\n and \\n; save it with one of them"
            return InputError(f"{', '.join(self.paths[:3])}: {why}")
        named = re.search(r"^\s*file = (.*)$", text, re.MULTILINE)
        path, number = named[1] if named else self.paths[0], int(line[1])
        if self.feed:
            path, number = self.feed.place(number)
        columns = re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", text)
        reasons = {
            "unterminated quote": "a quote is opened and not closed",
            "Invalid unicode": "is not UTF-8 text",
            "aximum line size": f"is longer than {LONGEST_LINE:,} bytes",
        }
        why = next((why for mark, why in reasons.items() if mark in text), "cannot be read")
        if columns:
            why = f"has {columns[2]} columns where the header has {columns[1]}"
        return InputError(f"{path}, line {number}: {why}")


def written_as(form: Format, has_header: bool) -> str:
    """The options of `copy ... to` for text. JSON lines come as one column, never with a header."""
    options = f"format csv, compression '{form.compression}', preserve_order true"
    if form.kind == "jsonl":
        return f"({options}, header false, delimiter '\x01', quote '', escape '')"
    return f"({options}, header {has_header}, delimiter '{DELIMITERS[form.kind]}')"
