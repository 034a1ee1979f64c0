"""Postcode keys as whole numbers, and a table that finds a hundred thousand of them at a time.

A key of five to seven ASCII characters is one 64-bit number: its first character in the lowest
byte, its length in the highest. Whole columns are packed and found by a few passes of arithmetic
each, where a join of texts would hash and compare them one by one.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa

WORD = np.dtype("<u8")
# Fibonacci hashing: the highest bits of a product with 2**64 divided by the golden ratio.
MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
# Keys at a time, for which the processor's caches have room. Arrays of 128 kB and more would each
# be asked of the system and cleared anew.
BLOCK = 1 << 13
# Sectors of an outcode, and what can stand behind a sector: AA to ZZ.
DIGITS, ENDS = 10, 26 * 26
SPACE, BYTE, LENGTH = np.uint64(0x20), np.uint64(0xFF), np.uint64(0xFF << 56)
# Of the digit behind an outcode, whose own characters are at most four: bits before it.
DIGIT_PLACE = np.uint64(40)
# _KEEPS[n] keeps the n lowest bytes of a word.
_KEEPS = np.array([(1 << 8 * count) - 1 for count in range(9)], WORD)


def _each_byte(value: int) -> np.uint64:
    return np.uint64(int.from_bytes(bytes([value]) * 8, "little"))


def pack(texts: pa.StringArray) -> np.ndarray:
    """uint64, one a text: the key it has in upper case, less a space before its last three letters.

    Texts whose key takes more cleaning than that get a number that no key has, most of them 0.
    """
    packed, length = _starts(texts)
    has_shape = (length >= 5) & (length <= 8)
    length[~has_shape] = 8
    packed &= _KEEPS[length]
    _to_upper(packed)
    # Bits before the last three characters; before the space that stands there, if one does.
    head = (length - 3).astype(WORD) << np.uint64(3)
    tail = packed >> head
    before = head - np.uint64(8)
    has_space = (packed >> before) & BYTE == SPACE
    np.copyto(head, before, where=has_space)
    bytes_before = (head >> np.uint64(3)).astype(np.intp)
    packed &= _KEEPS[bytes_before]
    packed |= tail << head
    has_shape &= bytes_before <= 4
    packed |= (bytes_before + 3).astype(WORD) << np.uint64(56)
    packed[~has_shape] = 0
    return packed


def pack_keys(keys: pa.StringArray) -> np.ndarray:
    """uint64, one a key: what pack() makes of it, but as it stands; 0 for one of another length."""
    packed, length = _starts(keys)
    is_short = length <= 7
    packed &= _KEEPS[np.where(is_short, length, 0)]
    packed |= length.astype(WORD) << np.uint64(56)
    packed[~is_short | (length < 5)] = 0
    return packed


def _starts(texts: pa.StringArray) -> tuple[np.ndarray, np.ndarray]:
    """The eight bytes from the start of each text on, as a word, and its length."""
    first, end = texts.offset, texts.offset + len(texts) + 1
    offsets = np.frombuffer(texts.buffers()[1], np.int32)[first:end]
    start, stop = int(offsets[0]), int(offsets[-1])
    data = np.zeros(stop - start + WORD.itemsize, np.uint8)
    if stop > start:
        data[: stop - start] = np.frombuffer(texts.buffers()[2], np.uint8)[start:stop]
    words = np.ndarray((stop - start + 1,), WORD, data, strides=(1,))
    return words[offsets[:-1] - start], np.diff(offsets)


def _to_upper(words: np.ndarray) -> None:
    """Upper case for the ASCII letters among the bytes of words, in place; others may change."""
    low = words & _each_byte(0x7F)
    # The highest bit of a byte is set from a on in the one sum, past z in the other.
    from_a = low + _each_byte(0x80 - ord("a"))
    past_z = low + _each_byte(0x80 - ord("z") - 1)
    from_a &= ~past_z
    from_a &= _each_byte(0x80)
    words ^= from_a >> np.uint64(2)


class KeyTable:
    """Where each of many different keys stands: for each sector, a place for every end of a key.

    A key is an outcode, a digit and two letters: its outcode is found by hashing, the rest by
    counting. The few keys of another shape stand in a sorted list. Keys that are near each other
    have places that are near, so that records in order are found faster.
    """

    def __init__(self, keys: pa.ChunkedArray):
        """Raises ValueError for a key that is not of five to seven ASCII characters."""
        blocks = [block for chunk in keys.chunks for block in _blocks(chunk)]
        befores = np.cumsum([0, *map(len, blocks)])[:-1].tolist()
        self._packed = np.empty(len(keys), WORD)
        with ThreadPoolExecutor(os.cpu_count()) as threads:
            runs = list(threads.map(self._read, blocks, befores))
            if not self._packed.all():
                raise ValueError("a key that cannot be packed")
            # Of keys in order, few sectors differ from the one before.
            sectors = _different([np.zeros(1, WORD), *(run.sectors for run in runs)])
            outcodes, digits = _split(sectors)
            self._set_outcodes(_different([outcodes[1:]]))
            # Sector 0 is of none.
            self._sectors = np.zeros(len(self._outcodes) * DIGITS, np.intp)
            self._sectors[self._rows_of(outcodes, digits)] = np.arange(len(sectors))
            self._places = np.zeros(len(sectors) * ENDS, np.int32)
            list(threads.map(self._fill, runs, befores))
        odd = np.concatenate(
            [np.zeros(0, np.intp), *(run.odd + b for run, b in zip(runs, befores, strict=True))]
        )
        self._others = odd[np.argsort(self._packed[odd])].astype(np.int32)

    def _read(self, texts: pa.StringArray, before: int) -> _Runs:
        packed = pack_keys(texts)
        self._packed[before : before + len(texts)] = packed
        return _Runs(packed)

    def _fill(self, run: _Runs, before: int) -> None:
        """Set the places of a block of keys. Those of another shape are of sector 0."""
        sectors = self._sectors[self._rows_of(*_split(run.sectors))]
        cells = np.repeat(sectors * ENDS, run.lengths)
        cells += run.ends
        places = np.arange(before + 1, before + 1 + len(cells), dtype=np.int32)
        places[run.odd] = 0
        self._places[cells] = places

    def _set_outcodes(self, outcodes: np.ndarray) -> None:
        """A slot of its own for each outcode, found by trial; the row 0 is of none."""
        self._outcodes = np.append(np.uint64(0), outcodes)
        for bits in range(16, 33):
            for odd in range(1, 40, 2):
                multiplier = np.uint64(int(MULTIPLIER) * odd % (1 << 64))
                self._hash = multiplier, np.uint64(64 - bits)
                slots = self._slots_of(outcodes)
                if len(_different([slots])) == len(outcodes):
                    self._slots = np.zeros(1 << bits, np.int32)
                    self._slots[slots] = np.arange(1, len(outcodes) + 1)
                    return
        raise ValueError("outcodes that cannot be told apart")

    def _slots_of(self, outcodes: np.ndarray) -> np.ndarray:
        multiplier, shift = self._hash
        return (outcodes * multiplier >> shift).astype(np.intp)

    def _rows_of(self, outcodes: np.ndarray, digits: np.ndarray) -> np.ndarray:
        """Where the sector of each outcode and digit stands; among the first ten for none."""
        rows = self._slots[self._slots_of(outcodes)]
        rows[self._outcodes[rows] != outcodes] = 0
        rows *= DIGITS
        rows += digits
        return rows

    def _cells(self, packed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Where each key's place stands if it is known, and whether it has the shape for one."""
        outcodes, digits, ends, has_shape = _parts(packed)
        cells = self._sectors[self._rows_of(outcodes, digits)]
        cells *= ENDS
        cells += ends
        return cells, has_shape

    def packed(self) -> np.ndarray:
        """uint64 by place: the keys."""
        return self._packed

    def find(self, texts: pa.StringArray) -> np.ndarray:
        """int32, one a text: the place of its key among the keys, or -1."""
        return np.concatenate(
            [np.zeros(0, np.int32), *(self._find(pack(block)) for block in _blocks(texts))]
        )

    def _find(self, packed: np.ndarray) -> np.ndarray:
        cells, has_shape = self._cells(packed)
        places = self._places[cells]
        places[~has_shape] = 0
        places -= 1
        if len(self._others):
            left = np.flatnonzero(~has_shape)
            others = self._packed[self._others]
            spots = np.minimum(np.searchsorted(others, packed[left]), len(others) - 1)
            is_other = others[spots] == packed[left]
            places[left[is_other]] = self._others[spots[is_other]]
        return places


class _Runs:
    """A block of keys, those of the same sector that follow each other taken together.

    sectors: uint64, one a run, 0 for keys of another shape: outcode and, in bytes that no outcode
    has, the digit; lengths: keys in each run; ends: int16, by key, as _parts has them; odd: which
    keys have another shape.
    """

    def __init__(self, packed: np.ndarray):
        outcodes, digits, ends, has_shape = _parts(packed)
        self.ends, self.odd = ends.astype(np.int16), np.flatnonzero(~has_shape)
        sectors = outcodes | digits.astype(WORD) << DIGIT_PLACE
        sectors[self.odd] = 0
        starts = np.append(0, np.flatnonzero(sectors[1:] != sectors[:-1]) + 1)
        self.sectors = sectors[starts]
        self.lengths = np.diff(starts, append=len(sectors))


def _split(sectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Outcodes and digits of the sectors of _Runs."""
    digit = BYTE << DIGIT_PLACE
    return sectors & ~digit, ((sectors & digit) >> DIGIT_PLACE).astype(np.int32)


def _different(parts: list[np.ndarray]) -> np.ndarray:
    """Each of the values once, sorted. np.unique would first load the code of masked arrays."""
    values = np.sort(np.concatenate(parts))
    is_new = np.ones(len(values), bool)
    is_new[1:] = values[1:] != values[:-1]
    return values[is_new]


def _blocks(texts: pa.StringArray) -> list[pa.StringArray]:
    return [texts.slice(start, BLOCK) for start in range(0, len(texts), BLOCK)]


def _parts(packed: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Of packed keys: outcode (uint64), digit and number of the end, and whether it has these."""
    head = packed >> np.uint64(56)
    head -= np.uint64(3)
    head &= np.uint64(7)
    head <<= np.uint64(3)
    tail = (packed >> head).astype(np.int32)
    # With the key's length, which tells an outcode from one with a null character behind it.
    outcodes = packed & ((np.uint64(1) << head) - np.uint64(1) | LENGTH)
    digits = (tail & 0xFF) - ord("0")
    first = (tail >> 8 & 0xFF) - ord("A")
    last = (tail >> 16 & 0xFF) - ord("A")
    # Below 0 is above 9 or 25 without a sign.
    has_shape = digits.view(np.uint32) < DIGITS
    has_shape &= first.view(np.uint32) < 26
    has_shape &= last.view(np.uint32) < 26
    first *= 26
    first += last
    digits[~has_shape] = 0
    first[~has_shape] = 0
    return outcodes, digits, first, has_shape
