"""Text on its way to the parsers: as UTF-8, and its records counted.

A parser of CSV loses records without a word where a quote is opened and not closed, and where it
guesses the line end wrong. So the text is walked here too, by quotes and line breaks alone: what is
not well formed stops the run with its line, and the parser's records must be as many as these.
"""

from __future__ import annotations

import codecs
import csv
import re
from typing import BinaryIO

import numpy as np
import pyarrow as pa

from deprivation.enrich.streams import BLOCK, BYTE_ORDER_MARKS, CHUNK, long_cells, with_order
from deprivation.errors import InputError

LF, CR, QUOTE = 10, 13, 34
QUOTED = re.compile(rb'[^"]*(?:""[^"]*)*"')
LINE_BREAK = re.compile(rb"\r\n|\n|\r")


class Text:
    """Text of a file as UTF-8, its records counted on the way. A parser reads from it.

    records: so far, blank lines left out if `skips_blank`; lines: line breaks so far.
    fault: why reading stopped, for the parser's own error does not say.
    """

    def __init__(
        self,
        stream: BinaryIO,
        name: str,
        encoding: str | None = None,
        quotes: bool = True,
    ):
        self.name, self.quotes = name, quotes
        self.skips_blank = False
        self.records = self.lines = 0
        self.fault: InputError | None = None
        self.closed = False
        self._stream, self._encoding = stream, encoding
        self._decoder: codecs.IncrementalDecoder | None = None
        self._is_utf8 = False
        self._ready = bytearray()
        self._held = b""  # read, not walked yet
        self._has_ended = False
        self._last = LF  # the byte before what is walked next
        self._after_break = True  # whether a record ended there
        self._inside = False  # a quoted value
        self._opened = 0  # the line on which it was opened
        self._delimiter = ord(",")

    # What a parser calls.

    def read(self, size: int = -1) -> bytes:
        try:
            while not self._has_ended and (size < 0 or len(self._ready) < size):
                self._fill()
        except InputError as error:
            self.fault = error
            raise
        size = len(self._ready) if size < 0 else size
        found = bytes(self._ready[:size])
        del self._ready[:size]
        return found

    def close(self) -> None:
        self.closed = True
        self._stream.close()

    def encoding(self) -> str:
        """That of the file, as found or asked for."""
        return self._encoding or "utf-8"

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return False

    def seekable(self) -> bool:
        return False

    # The first record, by which the rest is walked.

    def read_header(self, delimiter: str | None) -> tuple[list[str], str]:
        """The names of the columns, and the delimiter: that given, or the header's own.

        A header without a comma that has just one of ; tab | goes by that.
        """
        text = self._first_record()
        if not text.strip():
            raise InputError(f"{self.name} has no header: it is empty, or its first line is")
        if "\0" in text:
            raise InputError(f"{self.name} is not plain text; if it is UTF-16, --encoding utf-16")
        outside = re.sub(r'"[^"]*"', "", text)
        others = [mark for mark in ";\t|" if mark in outside]
        if delimiter is None:
            delimiter = others[0] if "," not in outside and len(others) == 1 else ","
        self._delimiter = ord(delimiter)
        try:
            with long_cells():
                return next(csv.reader([text], delimiter=delimiter)), delimiter
        except csv.Error as error:
            raise InputError(f"{self.name}: its header cannot be read: {error}") from None

    def _first_record(self) -> str:
        """Up to the first line break outside quotes, which is taken from what is to be walked."""
        raw = b""
        end = None
        while end is None and not self._has_ended:
            raw += self._next_chunk()
            end = _end_of_record(raw, self._has_ended)
            if end is None and len(raw) > BLOCK:
                raise InputError(
                    f"{self.name}, line 1: a quote is opened and not closed, or the header is"
                    f" longer than {BLOCK:,} bytes"
                )
        stop, after = end or (len(raw), len(raw))
        if end is None and raw.count(b'"') % 2:
            raise InputError(f"{self.name}, line 1: a quote is opened and not closed")
        self._held = raw[after:] + self._held
        self.lines = len(LINE_BREAK.findall(raw[:after]))
        if self._held:
            self._has_ended = False
        return raw[:stop].decode()

    # Walking.

    def _fill(self) -> None:
        data = self._held + self._next_chunk()
        self._held = b""
        if not self._has_ended:
            # What stands behind a quote, or a carriage return, must be seen with it.
            kept = data.rstrip(b'"\r')
            data, self._held = kept, data[len(kept) :]
            if len(self._held) > BLOCK:
                raise InputError(f"{self.name}, line {self.lines + 1}: is not text")
        if self.quotes and (self._inside or b'"' in data):
            self._walk_quotes(data)
        else:
            self._walk_plain(data)
        self._ready += data
        if data:
            self._last = data[-1]
        if self._has_ended:
            if self._inside:
                raise InputError(
                    f"{self.name}, line {self._opened}: a quote is opened and not closed"
                )
            if not self._after_break:
                self.records += 1
                self.lines += 1
                self._ready += b"\n"

    def _walk_plain(self, data: bytes) -> None:
        if not data:
            return
        if b"\r" in data:
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        breaks = data.count(b"\n")
        self.lines += breaks
        self.records += breaks
        if self.skips_blank:
            if b"\n\n" in data:
                is_break = np.frombuffer(data, np.uint8) == LF
                self.records -= int(np.count_nonzero(is_break[1:] & is_break[:-1]))
            self.records -= self._after_break and data[:1] == b"\n"
        self._after_break = data[-1] == LF

    def _walk_quotes(self, data: bytes) -> None:
        bytes_ = np.frombuffer(data, np.uint8)
        marks = self._structural_quotes(data, bytes_)
        is_break = (bytes_ == LF) | (bytes_ == CR)
        ends = np.flatnonzero(is_break)
        # \r\n is one break, which ends with its \n.
        follows = np.append(bytes_, 0)[ends + 1]
        ends = ends[~((bytes_[ends] == CR) & (follows == LF))]
        is_pair = (bytes_[ends] == LF) & (bytes_[ends - 1] == CR) & (ends > 0)
        starts = np.where(is_pair, ends - 1, ends)
        before = np.searchsorted(marks, ends)
        outside = (before + self._inside) % 2 == 0
        if len(marks) and (len(marks) + self._inside) % 2:
            self._opened = self.lines + 1 + int(np.searchsorted(ends, marks[-1]))
        self.lines += len(ends)
        record_ends, record_starts = ends[outside], starts[outside]
        self.records += len(record_ends)
        if self.skips_blank and len(record_ends):
            gaps = record_starts[1:] - record_ends[:-1] == 1
            self.records -= int(np.count_nonzero(gaps))
            self.records -= self._after_break and int(record_starts[0]) == 0
        self._inside = bool((len(marks) + self._inside) % 2)
        ends_record = len(record_ends) and int(record_ends[-1]) == len(data) - 1
        self._after_break = bool(ends_record)

    def _structural_quotes(self, data: bytes, bytes_: np.ndarray) -> np.ndarray:
        """Where the quotes are that open and close values: all, where each stands as it must."""
        marks = np.flatnonzero(bytes_ == QUOTE)
        is_opening = (np.arange(len(marks)) + self._inside) % 2 == 0
        before = np.where(marks > 0, bytes_[marks - 1], self._last)
        behind = np.append(bytes_, LF)[marks + 1]
        stands_well = np.where(is_opening, self._is_edge(before), self._is_edge(behind))
        if stands_well.all():
            return marks
        return np.array(list(self._each_quote(data)), np.intp)

    def _is_edge(self, bytes_: np.ndarray) -> np.ndarray:
        return (bytes_ == self._delimiter) | (bytes_ == LF) | (bytes_ == CR) | (bytes_ == QUOTE)

    def _each_quote(self, data: bytes):
        """The same one by one: a quote within a value that has none around it is a character."""
        edges = bytes([self._delimiter, LF, CR])
        place, inside = 0, self._inside
        while True:
            if not inside:
                place = data.find(b'"', place)
                if place < 0:
                    return
                before = data[place - 1] if place else self._last
                if before not in edges:
                    place += 1
                    continue
                yield place
                place += 1
            closed = QUOTED.match(data, place)
            if not closed:
                return
            inside = False
            place = closed.end()
            yield place - 1
            if place < len(data) and data[place] not in edges:
                line = self.lines + 1 + len(LINE_BREAK.findall(data, 0, place))
                raise InputError(
                    f"{self.name}, line {line}: there is text after a closing quote; a quote is"
                    " opened and not closed, or one within a value is not doubled"
                )

    # Bytes of the stream, as UTF-8.

    def _next_chunk(self) -> bytes:
        try:
            chunk = self._stream.read(CHUNK)
        except (OSError, EOFError, pa.ArrowException) as error:
            raise InputError(f"{self.name} is cut off or damaged: {error}") from None
        if self._decoder is None:
            for mark, encoding in BYTE_ORDER_MARKS.items():
                if chunk.startswith(mark):
                    self._encoding = encoding
                    break
            if self._encoding:
                self._encoding = with_order(self._encoding, chunk)
            encoding = self._encoding or "utf-8"
            self._is_utf8 = codecs.lookup(encoding).name == "utf-8"
            self._decoder = codecs.getincrementaldecoder(encoding)()
        self._has_ended = not chunk
        before = self._decoder.getstate()[0]
        try:
            text = self._decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            good = error.object[: error.start]
            line = self.lines + 1 + len(LINE_BREAK.findall(self._held + good))
            known = "UTF-8 text" if not self._encoding else f"text in {self._encoding}"
            raise InputError(
                f"{self.name}, line {line}: is not {known}; save it as UTF-8, or name its encoding:"
                " --encoding cp1252 (Excel's CSV), utf-16"
            ) from None
        if not self._is_utf8:
            return text.encode()
        if not before and not self._decoder.getstate()[0]:
            return bytes(chunk)
        return text.encode()


def _end_of_record(raw: bytes, is_all: bool) -> tuple[int, int] | None:
    """Where the first record ends and the next begins; None if not in `raw`."""
    place = 0
    for mark in re.finditer(rb'\r\n|[\r\n"]', raw):
        if mark.start() < place:
            continue
        if mark.group() != b'"':
            # A \r at the very end may be half of a break.
            is_whole = mark.end() < len(raw) or mark.group() != b"\r" or is_all
            return mark.span() if is_whole else None
        if mark.start() and raw[mark.start() - 1] not in b",;\t|":
            continue
        closed = QUOTED.match(raw, mark.end())
        if not closed:
            return None
        place = closed.end()
    return None
