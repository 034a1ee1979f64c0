"""Parquet files of one schema put one behind the other, byte for byte, under one new footer.

So that parts can be written at the same time and still make one file in order: DuckDB keeps the
order of a join only on one thread, and no library joins Parquet files without writing them anew.
The footer (parquet-format, parquet.thrift) is Thrift's compact protocol; it is read and written
here field by field, known or not, and only places in the file, row counts and row groups change.
"""

from __future__ import annotations

import shutil
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

MAGIC = b"PAR1"
BOOLEANS, BYTE, INTEGERS, DOUBLE, BINARY, LISTS, STRUCT = (1, 2), 3, (4, 5, 6), 7, 8, (9, 10), 12
# Fields that hold a place in the file: of a row group, a column chunk and its metadata.
NUM_ROWS, ROW_GROUPS = 3, 4
GROUP_COLUMNS, GROUP_PLACE, GROUP_ORDINAL = 1, 5, 7
CHUNK_PLACES, CHUNK_METADATA, METADATA_PLACES = (2, 4, 6), 3, (9, 10, 11, 14)

# A struct is {field: (type, value)}, a list (type of its elements, values).
Struct = dict[int, tuple[int, Any]]


def join_parquet(parts: Sequence[Path], output: Path) -> None:
    """Write the row groups of `parts` to `output` in order. All must have one schema.

    Raises ValueError if they have not, or if a part is no Parquet file.
    """
    with output.open("wb") as joined:
        joined.write(MAGIC)
        footer: Struct = {}
        for part in parts:
            with part.open("rb") as file:
                theirs, size = read_footer(file)
                shift = joined.tell() - len(MAGIC)
                file.seek(len(MAGIC))
                shutil.copyfileobj(_Some(file, size - len(MAGIC)), joined, 1 << 20)
            _shift(theirs, shift)
            if not footer:
                footer = theirs
                continue
            if theirs[2] != footer[2]:
                raise ValueError(f"{part} has another schema than {parts[0]}")
            kind, rows = footer[NUM_ROWS]
            footer[NUM_ROWS] = kind, rows + theirs[NUM_ROWS][1]
            footer[ROW_GROUPS][1][1].extend(theirs[ROW_GROUPS][1][1])
        for ordinal, group in enumerate(footer[ROW_GROUPS][1][1]):
            if GROUP_ORDINAL in group:
                # 16 bits in the format, and there for encryption only.
                group[GROUP_ORDINAL] = group[GROUP_ORDINAL][0], ordinal & 0x7FFF
        encoded = bytearray()
        _write_struct(encoded, footer)
        joined.write(encoded)
        joined.write(struct.pack("<I", len(encoded)) + MAGIC)


def read_footer(file: BinaryIO) -> tuple[Struct, int]:
    """The footer of a Parquet file and where it begins."""
    end = file.seek(-8, 2)
    (size,) = struct.unpack("<I", file.read(4))
    if file.read(4) != MAGIC or size > end:
        raise ValueError("not a whole Parquet file")
    file.seek(end - size)
    return _Reader(file.read(size)).struct(), end - size


def _shift(footer: Struct, shift: int) -> None:
    def move(struct: Struct, fields: Sequence[int]) -> None:
        for field in fields:
            # 0 stands for none.
            if field in struct and struct[field][1]:
                struct[field] = struct[field][0], struct[field][1] + shift

    for group in footer[ROW_GROUPS][1][1]:
        move(group, (GROUP_PLACE,))
        for chunk in group[GROUP_COLUMNS][1][1]:
            move(chunk, CHUNK_PLACES)
            if CHUNK_METADATA in chunk:
                move(chunk[CHUNK_METADATA][1], METADATA_PLACES)


class _Some:
    """The next `size` bytes of a file, to be copied."""

    def __init__(self, file: BinaryIO, size: int):
        self.file, self.left = file, size

    def read(self, most: int) -> bytes:
        found = self.file.read(min(most, self.left))
        self.left -= len(found)
        return found


class _Reader:
    def __init__(self, content: bytes):
        self.content, self.place = content, 0

    def bytes(self, size: int) -> bytes:
        self.place += size
        return self.content[self.place - size : self.place]

    def varint(self) -> int:
        number = shift = 0
        while True:
            byte = self.content[self.place]
            self.place += 1
            number |= (byte & 0x7F) << shift
            if byte < 0x80:
                return number
            shift += 7

    def integer(self) -> int:
        number = self.varint()
        return number >> 1 ^ -(number & 1)

    def struct(self) -> Struct:
        fields: Struct = {}
        last = 0
        while header := self.bytes(1)[0]:
            last = last + (header >> 4) if header >> 4 else self.integer()
            kind = header & 15
            fields[last] = kind, None if kind in BOOLEANS else self.value(kind)
        return fields

    def value(self, kind: int) -> Any:
        if kind in INTEGERS:
            return self.integer()
        if kind == BINARY:
            return self.bytes(self.varint())
        if kind == STRUCT:
            return self.struct()
        if kind in LISTS:
            header = self.bytes(1)[0]
            size, element = header >> 4, header & 15
            size = self.varint() if size == 15 else size
            return element, [self.value(element) for _ in range(size)]
        if kind in (*BOOLEANS, BYTE):
            return self.bytes(1)
        if kind == DOUBLE:
            return self.bytes(8)
        raise ValueError(f"a Parquet footer with a field of type {kind}")


def _write_varint(out: bytearray, number: int) -> None:
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)


def _write_integer(out: bytearray, number: int) -> None:
    _write_varint(out, number << 1 ^ number >> 63)


def _write_struct(out: bytearray, fields: Struct) -> None:
    last = 0
    for field, (kind, value) in fields.items():
        step = field - last
        if 0 < step < 16:
            out.append(step << 4 | kind)
        else:
            out.append(kind)
            _write_integer(out, field)
        last = field
        if kind not in BOOLEANS:
            _write_value(out, kind, value)
    out.append(0)


def _write_value(out: bytearray, kind: int, value: Any) -> None:
    if kind in INTEGERS:
        _write_integer(out, value)
    elif kind == BINARY:
        _write_varint(out, len(value))
        out.extend(value)
    elif kind == STRUCT:
        _write_struct(out, value)
    elif kind in LISTS:
        element, values = value
        if len(values) < 15:
            out.append(len(values) << 4 | element)
        else:
            out.append(0xF0 | element)
            _write_varint(out, len(values))
        for one in values:
            _write_value(out, element, one)
    else:
        out.extend(value)
