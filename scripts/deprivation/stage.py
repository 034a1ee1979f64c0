"""The staging models and seeds as Parquet, typed and checked, for engines that do not read files.

    FOLDER/stg_ons__postcode_directory.parquet    one file for each staging model
    FOLDER/published_editions.parquet             and for each seed
    FOLDER/staged.json                            written last: what the folder contains, and from
                                                  which inputs, variables and models

A folder without staged.json is unfinished. A folder with other files is never written to. On Spark
macros/check_staged.sql compares staged.json with the folder and with what the build needs.
"""

from __future__ import annotations

import datetime
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
from pyarrow import ArrowException, fs

from deprivation import settings
from deprivation.errors import ExportError
from deprivation.inputs.in_use import as_pattern
from deprivation.inputs.prepare import prepare_inputs
from deprivation.publish.build import run_dbt
from deprivation.publish.variables import defaults, given
from deprivation.sql import identifier, literal

MANIFEST = "staged.json"
# A staging model reads these as files.
NO_SEEDS = {"own_indices"}
# The variables in dbt_project.yml that staging depends on.
VARIABLES = ("editions", "other_editions", "custom_areas", "own_indices")


def staged_tables() -> dict[str, str]:
    """The models in models/staging and the seeds, each with its schema in the work database."""
    models = sorted((settings.PROJECT / "models" / "staging").rglob("*.sql"))
    seeds = sorted((settings.PROJECT / "seeds").glob("*.csv"))
    tables = {path.stem: "staging" for path in models}
    return tables | {path.stem: "seeds" for path in seeds if path.stem not in NO_SEEDS}


def layout() -> int:
    """The layout of staged folders that this version of the project writes and reads."""
    return 2


def stage(output: str, dbt_arguments: Sequence[str] = ()) -> dict[str, int]:
    """Write the staging models to `output`, a folder or an address such as s3://bucket/folder.

    Returns rows by model. Raises BuildError or InputError for inputs that cannot be used,
    ExportError for a folder that contains other files or cannot be written to.
    """
    to, folder = _place(output)
    _refuse_strangers(to, folder, output)
    work = settings.work_dir()
    inputs = as_pattern(prepare_inputs(work))
    work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="stage-", dir=work) as scratch:
        built = Path(scratch) / "staging.duckdb"
        # Cautious: a test that also reads a later model waits for the build that makes it.
        chosen = [
            "--select",
            "path:models/staging",
            "path:seeds",
            "--indirect-selection",
            "cautious",
            "--write-json",  # manifest.json holds the checksums
        ]
        run_dbt(["build", *chosen, *dbt_arguments], built)
        parquet = Path(scratch) / "parquet"
        parquet.mkdir()
        rows = _write(built, inputs, parquet)
        variables = defaults() | given(dbt_arguments)
        manifest = {
            "layout": layout(),
            "staged_at": f"{datetime.datetime.now(datetime.timezone.utc):%Y-%m-%dT%H:%M:%SZ}",
            "variables": {name: variables[name] for name in VARIABLES},
            "models": _checksums(built.with_name("target") / "manifest.json"),
            "rows": rows,
            "bytes": {path.name: path.stat().st_size for path in sorted(parquet.iterdir())},
        }
        try:
            _put(parquet, manifest, to, folder)
        except (OSError, ArrowException) as error:
            raise ExportError(f"{output}: not staged ({error})") from None
    return rows


def _place(output: str) -> tuple[fs.FileSystem, str]:
    if "://" not in output:
        return fs.LocalFileSystem(), str(Path(output).absolute())
    try:
        return fs.FileSystem.from_uri(output)
    except (OSError, ArrowException) as error:
        raise ExportError(f"{output}: not a place to write to ({error})") from None


def _refuse_strangers(to: fs.FileSystem, folder: str, output: str) -> None:
    """Raises ExportError if the folder contains anything that `stage` did not write."""
    if to.get_file_info(folder).type == fs.FileType.File:
        raise ExportError(f"{output} is a file; name a folder")
    held = to.get_file_info(fs.FileSelector(folder, allow_not_found=True))
    ours = {MANIFEST, *(f"{model}.parquet" for model in staged_tables())}
    strangers = sorted(info.base_name for info in held if info.base_name not in ours)
    if strangers:
        raise ExportError(
            f"{output} contains {strangers[0]}, which was not staged; name a new folder"
        )


def _write(built: Path, inputs: str, parquet: Path) -> dict[str, int]:
    """Each staging model of a finished build as a Parquet file; rows by model."""
    rows = {}
    with duckdb.connect(str(built)) as connection:
        connection.execute(f"attach {literal(built.with_name('work.duckdb'))} as work (read_only)")
        connection.execute(f"set variable inputs = {literal(inputs)}")
        for model, schema in staged_tables().items():
            (rows[model],) = connection.execute(
                f"copy work.{schema}.{identifier(model)} to {literal(parquet / model)}"
                " (format parquet, compression zstd)"
            ).fetchone()
            (parquet / model).rename(parquet / f"{model}.parquet")
    return rows


def _checksums(manifest: Path) -> dict[str, str]:
    """dbt's checksum of each staging model and seed, which change when their files do."""
    nodes = json.loads(manifest.read_text(encoding="utf-8"))["nodes"].values()
    staged = staged_tables()
    return {
        node["name"]: node["checksum"]["checksum"]
        for node in nodes
        if node["resource_type"] in ("model", "seed") and node["name"] in staged
    }


def _put(parquet: Path, manifest: dict[str, Any], to: fs.FileSystem, folder: str) -> None:
    """Copy the files to the folder; staged.json is removed first and written last."""
    to.create_dir(folder, recursive=True)
    if to.get_file_info(f"{folder}/{MANIFEST}").type == fs.FileType.File:
        to.delete_file(f"{folder}/{MANIFEST}")
    for path in sorted(parquet.glob("*.parquet")):
        fs.copy_files(str(path), f"{folder}/{path.name}", fs.LocalFileSystem(), to)
    with to.open_output_stream(f"{folder}/{MANIFEST}") as stream:
        stream.write(json.dumps(manifest, indent=1).encode())
