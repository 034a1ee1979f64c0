"""Populations that are published in a separate file from their edition.

Each source of seeds/edition_supplements.csv is a spreadsheet or CSV in any folder, whose columns
are found by pattern. It fills gaps in the edition's file and replaces nothing. A missing source
gives no rows; one that cannot be used is a fault. If a source is there in several forms, the first
in the seed is read.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from deprivation.errors import InputError
from deprivation.inputs.found import InputFile, describe, everywhere, write_rows
from deprivation.inputs.layouts import EditionLayout, forms_of, read_layout
from deprivation.seeds import read_seed

COLUMNS = ["source", "area_code", "measure", "value"]
SEED = "edition_supplements"


def prepare_supplements(data_dir: Path, prepared: Path) -> list[InputFile]:
    """Write `prepared`/supplement_values.csv (COLUMNS) and describe each file used."""
    paths = everywhere(data_dir)
    values: list[tuple[str, ...]] = []
    files = []
    for source, edition, layouts in supplements():
        found, layout = _first(paths, layouts)
        problem, rows = "", []
        try:
            if len(found) > 1:
                names = ", ".join(path.name for path in found)
                raise InputError(f"{len(found)} files of {source} ({names}); keep only one")
            for path in found:
                rows = supplement_values(path, source, layout)
        except InputError as error:
            problem = str(error)
        for path in found:
            described = describe(path, data_dir, source, edition, problem)
            files.append(dataclasses.replace(described, row_count=len({row[1] for row in rows})))
        values += rows
    write_rows(prepared / "supplement_values.csv", COLUMNS, values)
    return files


def supplements() -> list[tuple[str, str, list[EditionLayout]]]:
    """Source, edition and forms of each supplement that the seed knows."""
    found = []
    rows = read_seed(SEED)
    for source, of_source in groupby(rows, key=lambda row: row["source"]):
        known = list(of_source)
        columns = [(row["file_pattern"], row["measure"], row) for row in known]
        found.append((source, known[0]["edition"], forms_of(columns, SEED)))
    return found


def _first(
    paths: Sequence[Path], layouts: Sequence[EditionLayout]
) -> tuple[list[Path], EditionLayout]:
    for layout in layouts:
        found = [path for path in paths if layout.takes(path)]
        if found:
            return found, layout
    return [], layouts[0]


def supplement_values(path: Path, source: str, layout: EditionLayout) -> list[tuple[str, ...]]:
    """COLUMNS for every area of a file. Raises InputError as read_layout does."""
    wanted = [column for columns in layout.sheets.values() for column in columns]
    header, *rows = read_layout(path, layout, wanted)
    if not rows:
        raise InputError(f"{path.name}: has no rows below its header; fetch it again")
    return [
        (source, row[0], measure, value)
        for row in rows
        for measure, value in zip(header[1:], row[1:], strict=True)
        if value
    ]
