"""Postcode keys as whole numbers, and a table that finds a hundred thousand of them at a time.

A key of five to seven ASCII characters is one 64-bit number: its first character in the lowest
byte, its length in the highest. Whole columns are packed and found by a few passes of arithmetic
each, where a join of texts would hash and compare them one by one.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

WORD = np.dtype("<u8")
# Fibonacci hashing: the highest bits of a product with 2**64 divided by the golden ratio.
MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
# Keys to look up at a time, for which the processor's caches have room.
BLOCK = 1 << 14
# Sectors of an outcode, and what can stand behind a sector: AA to ZZ.
DIGITS, ENDS = 10, 26 * 26
SPACE, BYTE, LENGTH = np.uint64(0x20), np.uint64(0xFF), np.uint64(0xFF << 56)
# _KEEPS[n] keeps the n lowest bytes of a word.
_KEEPS = np.array([(1 << 8 * count) - 1 for count in range(9)], WORD)


def _each_byte(value: int) -> np.uint64:
    return np.uint64(int.from_bytes(bytes([value]) * 8, "little"))


def pack(texts: pa.StringArray) -> np.ndarray:
    """uint64, one a text: the key it has in upper case, less a space before its last three letters.

    Texts whose key takes more cleaning than that get a number that no key has, most of them 0.
    """
    first, end = texts.offset, texts.offset + len(texts) + 1
    offsets = np.frombuffer(texts.buffers()[1], np.int32)[first:end]
    start, stop = int(offsets[0]), int(offsets[-1])
    data = np.zeros(stop - start + WORD.itemsize, np.uint8)
    if stop > start:
        data[: stop - start] = np.frombuffer(texts.buffers()[2], np.uint8)[start:stop]
    # The eight bytes from each place on, as a word.
    words = np.ndarray((stop - start + 1,), WORD, data, strides=(1,))
    packed = words[offsets[:-1] - start]
    length = np.diff(offsets)
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
        blocks = [pack(block) for chunk in keys.chunks for block in _blocks(chunk)]
        if not all(packed.all() for packed in blocks):
            raise ValueError("a key that cannot be packed")
        # Of keys in order, few outcodes differ from the one before.
        runs = [_without_repeats(_parts(packed)[0]) for packed in blocks]
        self._set_outcodes(np.unique(np.concatenate([np.zeros(0, WORD), *runs])))
        self._packed = np.concatenate([np.zeros(0, WORD), *blocks])
        self._set_sectors(blocks)
        others, before = [np.zeros(0, np.intp)], 0
        for packed in blocks:
            cells, has_shape = self._cells(packed)
            self._places[cells[has_shape]] = np.flatnonzero(has_shape) + before + 1
            others.append(np.flatnonzero(~has_shape) + before)
            before += len(packed)
        odd = np.concatenate(others)
        self._others = odd[np.argsort(self._packed[odd])].astype(np.int32)

    def _set_outcodes(self, outcodes: np.ndarray) -> None:
        """A slot of its own for each outcode, found by trial; the row 0 is of none."""
        self._outcodes = np.append(np.uint64(0), outcodes)
        for bits in range(16, 33):
            for odd in range(1, 40, 2):
                multiplier = np.uint64(int(MULTIPLIER) * odd % (1 << 64))
                self._hash = multiplier, np.uint64(64 - bits)
                slots = self._slots_of(outcodes)
                if len(np.unique(slots)) == len(outcodes):
                    self._slots = np.zeros(1 << bits, np.int32)
                    self._slots[slots] = np.arange(1, len(outcodes) + 1)
                    return
        raise ValueError("outcodes that cannot be told apart")

    def _set_sectors(self, blocks: list[np.ndarray]) -> None:
        """Places for the sectors that there are; sector 0 is of none."""
        is_there = np.zeros(len(self._outcodes) * DIGITS, bool)
        self._sectors = np.arange(len(is_there), dtype=np.intp)
        for packed in blocks:
            is_there[self._sectors_of(packed)[0]] = True
        is_there[:DIGITS] = False
        self._sectors = np.where(is_there, np.cumsum(is_there), 0)
        self._places = np.zeros((int(is_there.sum()) + 1) * ENDS, np.int32)

    def _slots_of(self, outcodes: np.ndarray) -> np.ndarray:
        multiplier, shift = self._hash
        return (outcodes * multiplier >> shift).astype(np.intp)

    def _sectors_of(self, packed: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The sector of each key, the number of its end, and whether it has the shape for one."""
        outcodes, digits, ends, has_shape = _parts(packed)
        rows = self._slots[self._slots_of(outcodes)]
        rows[self._outcodes[rows] != outcodes] = 0
        rows *= DIGITS
        rows += digits
        return self._sectors[rows], ends, has_shape

    def _cells(self, packed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Where each key's place stands if it is known, and whether it has the shape for one."""
        cells, ends, has_shape = self._sectors_of(packed)
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


def _blocks(texts: pa.StringArray) -> list[pa.StringArray]:
    return [texts.slice(start, BLOCK) for start in range(0, len(texts), BLOCK)]


def _without_repeats(values: np.ndarray) -> np.ndarray:
    """The values that differ from the one before."""
    return values[np.flatnonzero(np.diff(values, prepend=np.uint64(0)))]


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
