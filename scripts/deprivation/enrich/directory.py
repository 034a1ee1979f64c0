"""The directory of postcodes in memory, by place."""

from __future__ import annotations

import dataclasses

import numpy as np
import pyarrow as pa

from deprivation.enrich.answers import DAY_LIMIT, STATUSES
from deprivation.enrich.keys import KeyTable


@dataclasses.dataclass(frozen=True)
class Directory:
    """The postcodes of the directory, by place, and one place more, -1, for what is not there.

    answers: int32, slot x place, as Answers has them; introduced, ended: int32, its days, only
    where records are dated.
    """

    keys: KeyTable
    answers: np.ndarray
    introduced: np.ndarray | None = None
    ended: np.ndarray | None = None


def make_directory(postcodes: pa.Table, is_dated: bool) -> Directory:
    """Of the postcodes of Answers."""
    key, *columns = postcodes.columns
    numbers = np.empty((len(columns), len(key) + 1), np.int32)
    days = [-DAY_LIMIT, DAY_LIMIT] if is_dated else []
    slots = len(columns) - len(days)
    none = [STATUSES.index("not_found")] * slots + days
    for row, column, value in zip(numbers, columns, none, strict=True):
        np.concatenate([chunk.to_numpy() for chunk in column.chunks], out=row[:-1])
        row[-1] = value
    return Directory(KeyTable(key), numbers[:slots], *numbers[slots:])
