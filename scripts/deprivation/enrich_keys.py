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
# Keys to put in at a time, for which the processor's caches have room.
BLOCK = 1 << 18
SPACE, BYTE = np.uint64(0x20), np.uint64(0xFF)
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
    """Where each of many different keys stands, by open addressing: 12 bytes a slot."""

    def __init__(self, keys: pa.ChunkedArray):
        """Raises ValueError for a key that is not of five to seven ASCII characters."""
        packed = np.concatenate([pack(chunk) for chunk in keys.chunks] or [np.zeros(0, WORD)])
        if not packed.all():
            raise ValueError("a key that cannot be packed")
        bits = max(int(3 * len(packed)).bit_length(), 4)
        self._shift = np.uint64(64 - bits)
        self._mask = (1 << bits) - 1
        self._keys = np.zeros(1 << bits, WORD)
        self._places = np.full(1 << bits, -1, np.int32)
        for start in range(0, len(packed), BLOCK):
            self._insert(packed[start : start + BLOCK], start)

    def _insert(self, packed: np.ndarray, start: int) -> None:
        """Put in different keys, the first of which has the place `start`."""
        slots = self._first_slots(packed)
        left = np.arange(len(packed))
        while len(left):
            wanted = slots[left]
            free = self._keys[wanted] == 0
            # Of those that want one slot, the last written has it; the others go on to the next.
            self._places[wanted[free]] = left[free] + start
            has_won = free.copy()
            has_won[free] = self._places[wanted[free]] == left[free] + start
            self._keys[wanted[has_won]] = packed[left[has_won]]
            left = left[~has_won]
            slots[left] = (slots[left] + 1) & self._mask

    def _first_slots(self, packed: np.ndarray) -> np.ndarray:
        return (packed * MULTIPLIER >> self._shift).astype(np.intp)

    def find(self, texts: pa.StringArray) -> np.ndarray:
        """int32, one a text: the place of its key among the keys, or -1."""
        packed = pack(texts)
        slots = self._first_slots(packed)
        there = self._keys[slots]
        places = self._places[slots]
        left = np.flatnonzero(there != packed)
        places[left] = -1
        # A key stands in the first slot of its own, or behind an unbroken run of others.
        left = left[there[left] != 0]
        while len(left):
            slots[left] = (slots[left] + 1) & self._mask
            there = self._keys[slots[left]]
            is_here = there == packed[left]
            places[left[is_here]] = self._places[slots[left[is_here]]]
            left = left[~is_here & (there != 0)]
        return places
