"""Bytes on their way to DuckDB: stdin, gzip, and whether a compressed file is all there.

DuckDB takes a .gz or .zst file that was cut off for a whole one, and reads no gzip from a pipe. So
gzip and stdin are decompressed here and come to it through a pipe; of .zst the frames are walked.
"""

from __future__ import annotations

import gzip
import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from deprivation.errors import InputError

CHUNK = 1 << 20
MAGIC = {b"\x1f\x8b": "gzip", b"\x28\xb5": "zstd"}


def open_stdin() -> tuple[BinaryIO, str]:
    """Stdin as bytes, and how they are compressed: none, gzip (taken off here) or zstd."""
    stream = os.fdopen(os.dup(0), "rb", buffering=CHUNK)
    compression = MAGIC.get(stream.peek(2)[:2], "none")
    return (gzip.open(stream) if compression == "gzip" else stream), compression


def spool(stream: BinaryIO, path: Path) -> None:
    """Keep a stream in a file, for formats that are read more than once. Raises InputError."""
    with path.open("wb") as file:
        try:
            shutil.copyfileobj(stream, file, CHUNK)
        except (OSError, EOFError) as error:
            raise InputError(f"stdin: {error}") from None


def read_header(stream: BinaryIO) -> bytes:
    """The first record of a CSV: more than a line if a quoted name has a line break in it."""
    header = stream.readline()
    while header.count(b'"') % 2 and (line := stream.readline()):
        header += line
    return header


class Feed:
    """Files, or a stream past its header, as one run of records through a pipe, without headers.

    fault: what went wrong with the reading, once the pipe has ended.
    """

    def __init__(
        self, paths: list[str], stream: BinaryIO | None, has_header: bool, header_lines: int
    ):
        """header_lines: of the stream, which begins past its header."""
        self.paths = paths
        self.stream = stream
        self.has_header = has_header
        self.header_lines = header_lines
        self.fault: str = ""
        # Lines of the stream before each file, less the lines of its header, so far as fed.
        self.offsets: list[tuple[int, str]] = []

    def start(self) -> str:
        """Begin to feed; the path that DuckDB is to read."""
        reader, writer = os.pipe()
        threading.Thread(target=self._run, args=(writer,), daemon=True).start()
        return f"/dev/fd/{reader}"

    def place(self, line: int) -> tuple[str, int]:
        """The file, and the line in it, of a line of the stream."""
        offset, path = max((entry for entry in self.offsets if entry[0] < line), default=(0, ""))
        return path, line - offset

    def _run(self, writer: int) -> None:
        try:
            with os.fdopen(writer, "wb") as pipe:
                for chunk in self._chunks():
                    pipe.write(chunk)
        except BrokenPipeError:
            pass

    def _chunks(self) -> Iterator[bytes]:
        lines = 0
        for path in self.paths:
            try:
                with self.stream or gzip.open(path) as stream:
                    header = read_header(stream) if self.has_header and not self.stream else b""
                    above = self.header_lines if self.stream else header.count(b"\n")
                    self.offsets.append((lines - above, path))
                    last = b"\n"
                    while last and (chunk := stream.read(CHUNK)):
                        lines += chunk.count(b"\n")
                        last = chunk[-1:]
                        yield chunk
                    if last != b"\n":
                        lines += 1
                        yield b"\n"
            except (OSError, EOFError) as error:
                self.fault = f"{path} is not a whole gzip file: {error}"
                return


def check_zstd(path: str) -> None:
    """Raise InputError if a .zst file ends before its last frame does (RFC 8878, section 3.1)."""
    with Path(path).open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        while file.tell() < size:
            if not _skip_frame(file) or file.tell() > size:
                raise InputError(f"{path} is not a whole zstd file: it is cut off or damaged")


def _skip_frame(file: BinaryIO) -> bool:
    magic = int.from_bytes(file.read(4), "little")
    if magic >> 4 == 0x184D2A5:  # a skippable frame: its size, then that many bytes
        file.seek(int.from_bytes(file.read(4), "little"), os.SEEK_CUR)
        return True
    if magic != 0xFD2FB528:
        return False
    descriptor = file.read(1)
    if not descriptor:
        return False
    is_single_segment = descriptor[0] >> 5 & 1
    window = 0 if is_single_segment else 1
    dictionary = (0, 1, 2, 4)[descriptor[0] & 3]
    content_size = (is_single_segment, 2, 4, 8)[descriptor[0] >> 6]
    file.seek(window + dictionary + content_size, os.SEEK_CUR)
    while len(block := file.read(3)) == 3:
        header = int.from_bytes(block, "little")
        is_last, kind, length = header & 1, header >> 1 & 3, header >> 3
        file.seek(1 if kind == 1 else length, os.SEEK_CUR)  # kind 1: one byte, repeated
        if is_last:
            file.seek(4 if descriptor[0] >> 2 & 1 else 0, os.SEEK_CUR)
            return True
    return False
