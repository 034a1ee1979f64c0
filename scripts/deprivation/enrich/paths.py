"""The files that names and patterns on the command line stand for."""

from __future__ import annotations

import os
from pathlib import Path

from deprivation.errors import InputError
from deprivation.files import check_no_device


def _matches(pattern: str) -> list[str]:
    """Files that a pattern (* ? [] **) stands for, by name."""
    anchor = Path(pattern).anchor or "."
    parts = Path(pattern).relative_to(anchor) if Path(pattern).anchor else Path(pattern)
    try:
        return sorted(str(path) for path in Path(anchor).glob(str(parts)))
    except (ValueError, NotImplementedError, IndexError) as error:
        raise InputError(f"{pattern}: {error}") from None


def find_files(names: list[str]) -> list[str]:
    """The files that names and patterns stand for, each once, in order. Raises InputError."""
    found: list[str] = []
    for name in names:
        if not name or "\0" in name:
            raise InputError(f"{name!r} is not a file name")
        matches = [name] if Path(name).exists() else _matches(name)
        if not matches:
            raise InputError(f"{name}: no such file")
        found += matches
    for name in found:
        if Path(name).is_dir():
            raise InputError(f"{name} is a folder; name the files in it: '{name}/*.csv'")
        check_no_device(Path(name), "to read a stream, use stdin: - --input-format csv")
        if not os.access(name, os.R_OK):
            raise InputError(f"{name} cannot be read: permission denied")
    return list(dict.fromkeys(found))
