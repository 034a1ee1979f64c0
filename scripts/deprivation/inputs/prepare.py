"""From a folder of publishers' files to the folder of prepared inputs that staging reads.

Data folder (as published)      prepared folder (one name each)
    onspd/*.zip or *.csv     ->     postcode_directory/*.csv   extracted, or linked where a CSV
                                    directory_columns.csv      canonical column -> this header
    iod/File_7_*.csv         ->     england_2019.csv, ...      linked
    lookups/*.csv            ->     lookups.csv                from a code to a code, all in one
    ... and Documents/*.csv  ->     geography_names.csv        (geography, year, code, name)
    boundaries/*.geojson     ->     boundaries.parquet         (code, geometry), if there are any
                                    files.csv                  what was found, and what is wrong

A fault of an input is recorded in files.csv rather than raised: it matters only to a build that
needs the input. The staging model that reads the input then stops with the recorded message.
"""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import json
import sys
from pathlib import Path

from filelock import FileLock

from deprivation import settings
from deprivation.errors import InputError
from deprivation.inputs.boundaries import prepare_boundaries
from deprivation.inputs.census import prepare_census
from deprivation.inputs.directory import prepare_directory
from deprivation.inputs.editions import prepare_editions
from deprivation.inputs.found import SYNTHETIC_MARK, InputFile, write_rows
from deprivation.inputs.in_use import MARK, MARKER, hold, remove_earlier, remove_own
from deprivation.inputs.lookups import prepare_lookups
from deprivation.inputs.measures import prepare_measures
from deprivation.inputs.supplements import prepare_supplements
from deprivation.seeds import SEEDS


def prepare(data_dir: Path, prepared: Path) -> list[InputFile]:
    """Make `prepared` from the files in `data_dir`, unless it is up to date.

    Returns one entry for each file found. Raises InputError if there is no such folder, and if
    `prepared` is a folder that was not made here.
    """
    if not data_dir.is_dir():
        raise InputError(
            f"{data_dir}: no such folder; DEPRIVATION_DATA_DIR must name the folder that holds"
            " onspd/ and iod/ (`deprivation fetch` makes one)"
        )
    prepared.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{prepared}.lock"):
        stamp = _stamp(data_dir)
        stamp_file = prepared / "made_from.json"
        if stamp_file.is_file() and stamp_file.read_text() == stamp:
            hold(prepared)
            return read_prepared(prepared)
        unfinished = prepared.with_name(prepared.name + ".unfinished")
        remove_own(unfinished)
        unfinished.mkdir()
        (unfinished / MARK).write_text(MARKER, encoding="utf-8")
        directory_files, directory_columns = prepare_directory(data_dir, unfinished)
        files = [
            *directory_files,
            *prepare_editions(data_dir, unfinished, directory_columns),
            *prepare_census(data_dir, unfinished),
            *prepare_measures(data_dir, unfinished),
            *prepare_supplements(data_dir, unfinished),
            *prepare_lookups(data_dir, unfinished),
            *prepare_boundaries(data_dir, unfinished),
        ]
        columns = [field.name for field in dataclasses.fields(InputFile)]
        write_rows(unfinished / "files.csv", columns, map(dataclasses.astuple, files))
        (unfinished / "made_from.json").write_text(stamp)
        remove_own(prepared)
        unfinished.rename(prepared)
        hold(prepared)
        return files


def _stamp(data_dir: Path) -> str:
    """Every file that the prepared folder depends on, with its size and time of change."""
    used = [path for path in sorted(data_dir.rglob("*")) if path.is_file()]
    rules = [
        *sorted(SEEDS.glob("*.csv")),
        *sorted(settings.PACKAGE.rglob("*.py")),
    ]
    rows = [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in used + rules]
    return json.dumps([str(data_dir), rows], indent=0)


def read_prepared(prepared: Path) -> list[InputFile]:
    with (prepared / "files.csv").open(encoding="utf-8", newline="") as file:
        return [
            InputFile(
                **row
                | {
                    "bytes": int(row["bytes"]) if row["bytes"] else None,
                    "row_count": int(row["row_count"]) if row["row_count"] else None,
                    "is_synthetic": row["is_synthetic"] == "True",
                    "lacks_areas": row["lacks_areas"] == "True",
                    "is_there": row["is_there"] == "True",
                }
            )
            for row in csv.DictReader(file)
        ]


def prepare_inputs(work_dir: Path) -> Path:
    """Prepare the folder DEPRIVATION_DATA_DIR, or a synthetic data set; the prepared folder.

    Each state of each data folder has its own prepared folder, `work_dir`/prepared/KEY, so that
    simultaneous builds do not mix. Folders of earlier states are removed when no process uses
    them. Raises InputError if the data folder is missing, contains `work_dir` or is inside it.
    """
    folder = settings.data_dir()
    if folder is None:
        if not settings.named("DEPRIVATION_INSIDE_BUILD"):  # the build has already said so
            print(
                "DEPRIVATION_DATA_DIR is not set: this is a build from a small SYNTHETIC data set,"
                " with invented figures",
                file=sys.stderr,
            )
        folder = _synthetic(work_dir)
    else:
        data, work = folder.resolve(), work_dir.resolve()
        if data == work or data in work.parents or work in data.parents:
            raise InputError(
                f"{work_dir}: the work folder must not be the data folder {folder}, nor inside or"
                " above it; name another in DEPRIVATION_WORK_DIR"
            )
    key = hashlib.sha256(_stamp(folder).encode()).hexdigest()[:16] if folder.is_dir() else "none"
    prepared = work_dir / "prepared" / key
    prepare(folder, prepared)
    remove_earlier(prepared)
    return prepared


def _synthetic(work_dir: Path) -> Path:
    from deprivation.sample.write import write_sample  # slow to load, and seldom needed

    folder = work_dir / f"synthetic-{_generator()}"
    work_dir.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{folder}.lock"):
        if not (folder / SYNTHETIC_MARK).is_file():
            if folder.exists():
                raise InputError(
                    f"{folder}: contains something other than the synthetic data set; name another"
                    " folder in DEPRIVATION_WORK_DIR"
                )
            unfinished = Path(f"{folder}.unfinished")
            write_sample(unfinished)
            unfinished.rename(folder)
    return folder


def _generator() -> str:
    """A key of the code that makes the synthetic data set, which an upgrade makes again."""
    rules = [path for path in sorted((settings.PACKAGE / "sample").iterdir()) if path.is_file()]
    rules += [SEEDS / "index_columns.csv", SEEDS / "indices.csv"]
    texts = b"".join(path.read_bytes() for path in rules)
    return hashlib.sha256(texts).hexdigest()[:8]
