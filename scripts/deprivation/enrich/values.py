"""Columns of answers: texts as numbers of their different values."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


def compact(column: pa.ChunkedArray) -> pa.Array:
    """Texts as a dictionary and numbers, which take less time to write; numbers as they are."""
    whole = column.combine_chunks()
    return whole.dictionary_encode() if pa.types.is_string(whole.type) else whole


def as_strings(column: pa.Array) -> pa.Array:
    """Strings, or a dictionary of them."""
    if pa.types.is_dictionary(column.type) or pa.types.is_string(column.type):
        return column
    return pc.cast(column, pa.string())


def named_by(numbers: np.ndarray, names: Sequence[str]) -> pa.DictionaryArray:
    """Names by their numbers; null for -1."""
    return pa.DictionaryArray.from_arrays(pa.array(numbers, mask=numbers < 0), pa.array(names))
