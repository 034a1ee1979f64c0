"""Columns of answers as numbers of their different values."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

# Columns with fewer different values are kept as numbers of them, which takes less time to write.
FEW = 1000


def compact(column: pa.ChunkedArray) -> pa.Array:
    """Texts, and values of which there are few, as a dictionary and numbers."""
    whole = column.combine_chunks()
    encoded = whole.dictionary_encode()
    is_compact = pa.types.is_string(whole.type) or len(encoded.dictionary) < FEW
    return encoded if is_compact else whole


def as_strings(column: pa.Array) -> pa.Array:
    """Strings, or a dictionary of them."""
    if pa.types.is_dictionary(column.type) or pa.types.is_string(column.type):
        return column
    return pc.cast(column, pa.string())


def named_by(numbers: np.ndarray, names: Sequence[str]) -> pa.DictionaryArray:
    """Names by their numbers; null for -1."""
    return pa.DictionaryArray.from_arrays(pa.array(numbers, mask=numbers < 0), pa.array(names))
