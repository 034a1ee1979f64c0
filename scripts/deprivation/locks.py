"""A lock for work that only one run may do at a time."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import filelock

from deprivation.errors import ExpectedError


@contextlib.contextmanager
def sole(lock: Path, wait: float, otherwise: ExpectedError) -> Iterator[None]:
    """Hold the lock file `lock`, waiting up to `wait` seconds for another run to end.

    Raises `otherwise` if another run still holds it then.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    held = filelock.FileLock(lock)
    try:
        held.acquire(timeout=wait)
    except filelock.Timeout:
        raise otherwise from None
    try:
        yield
    finally:
        held.release()
