"""The formats that are read and written, by the names of files."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from deprivation.errors import InputError

KINDS = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".xlsx": "xlsx",
}
COMPRESSIONS = {".gz": "gzip", ".zst": "zstd"}


@dataclasses.dataclass(frozen=True)
class Format:
    """kind: csv, tsv, parquet, jsonl or xlsx; compression: none, gzip or zstd."""

    kind: str
    compression: str = "none"


def parse_format(name: str) -> Format:
    """The format of a file by its name, `people.csv.gz`, or of a name of a format, `csv.gz`.

    Raises InputError if it is none of those that can be read and written.
    """
    suffixes = [suffix.lower() for suffix in Path(f"-.{Path(name).name}").suffixes]
    compression = COMPRESSIONS.get(suffixes[-1] if suffixes else "", "none")
    if compression != "none":
        suffixes.pop()
    kind = KINDS.get(suffixes[-1] if suffixes else "")
    if kind is None or (kind in ("parquet", "xlsx") and compression != "none"):
        raise InputError(
            f"{name}: unknown format; known are .csv, .tsv, .jsonl (each also with .gz or .zst),"
            " .parquet and .xlsx (name it with --input-format or --output-format)"
        )
    return Format(kind, compression)
