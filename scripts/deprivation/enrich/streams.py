"""Bytes on their way to the parsers: opened, decompressed, and kept where they are read twice."""

from __future__ import annotations

import codecs
import contextlib
import csv
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa

from deprivation.errors import InputError

CHUNK = 1 << 20
# A parser's block; no record may be longer.
BLOCK = 8 << 20
BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
MAGIC = {b"\x1f\x8b": "gzip", b"\x28\xb5": "zstd"}


def open_file(path: str, compression: str) -> BinaryIO:
    """A file's bytes, decompressed; reading raises OSError where the file is cut off."""
    return _decompressed(Path(path).open("rb"), compression)


def open_stdin() -> BinaryIO:
    """Stdin, decompressed."""
    stream = os.fdopen(os.dup(0), "rb", buffering=CHUNK)
    return _decompressed(stream, MAGIC.get(stream.peek(2)[:2], "none"))


def _decompressed(stream: BinaryIO, compression: str) -> BinaryIO:
    return stream if compression == "none" else pa.CompressedInputStream(stream, compression)


@contextlib.contextmanager
def long_cells() -> Iterator[None]:
    """Lets csv read cells up to BLOCK; its limit is one for the process, where others read too."""
    limit = csv.field_size_limit(BLOCK)
    try:
        yield
    finally:
        csv.field_size_limit(limit)


def spool(stream: BinaryIO, path: Path) -> None:
    """Keep a stream in a file, for formats that are read more than once. Raises InputError."""
    with path.open("wb") as file:
        try:
            shutil.copyfileobj(stream, file, CHUNK)
        except (OSError, pa.ArrowException) as error:
            raise InputError(f"stdin: {error}") from None


def check_encoding(name: str) -> str:
    """The name as given. Raises InputError if it is no encoding of text."""
    try:
        # Python looks up no name for an empty text.
        "postcode".encode(name).decode(name)
    except (LookupError, ValueError):
        raise InputError(f"--encoding {name!r} is not known; try utf-8, cp1252 or utf-16") from None
    return name


def with_order(encoding: str, start: bytes) -> str:
    """utf-16 and utf-32 with the order of their bytes, where no mark at the `start` says it.

    The header is mostly plain letters, whose other bytes are zero.
    """
    width = {"utf-16": 2, "utf-32": 4}.get(codecs.lookup(encoding).name)
    if not width or start.startswith(tuple(BYTE_ORDER_MARKS)):
        return encoding
    return f"{encoding}-{'be' if start[:1] == bytes(1) else 'le'}"
