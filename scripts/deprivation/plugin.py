"""The dbt-duckdb plugin (profiles.yml): before dbt's first query, inputs are made ready.

It makes the profile's relative paths absolute and their folders, prepares the inputs (a synthetic
data set where DEPRIVATION_DATA_DIR names none) and tells SQL where they lie through the DuckDB
variable `inputs`, which the sources' `external_location` reads.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from dbt.adapters.duckdb.plugins import BasePlugin
from dbt.flags import get_flags
from dbt_common.exceptions import DbtRuntimeError

from deprivation import settings
from deprivation.inputs import SYNTHETIC_MARK, InputError, prepare
from deprivation.sample import write_sample


class Plugin(BasePlugin):
    def initialize(self, plugin_config):
        del plugin_config
        self._place_databases()
        try:
            self.inputs = prepare_inputs(settings.work_dir())
        except InputError as error:
            raise DbtRuntimeError(str(error)) from error

    def _place_databases(self):
        flags = get_flags()
        named = "DEPRIVATION_DB" in os.environ
        published = (Path.cwd() if named else Path(flags.PROJECT_DIR)) / self.creds.path
        work_dir = settings.work_dir()
        if getattr(flags, "EMPTY", False):
            # `dbt build --empty` truncates what it finds: it gets files of its own.
            work_dir = work_dir / "empty"
            published = work_dir / published.name
        self.creds.path = str(published)
        for attached in self.creds.attach or []:
            attached.path = str(work_dir / attached.path)
            Path(attached.path).parent.mkdir(parents=True, exist_ok=True)
        published.parent.mkdir(parents=True, exist_ok=True)

    def configure_cursor(self, cursor):
        path = str(self.inputs).replace("'", "''")
        cursor.execute(f"set variable inputs = '{path}'")


def prepare_inputs(work_dir: Path) -> Path:
    """Prepare what DEPRIVATION_DATA_DIR names, or a synthetic data set; the prepared folder.

    Raises InputError if the named folder is not there.
    """
    folder = settings.data_dir()
    if folder is None:
        print(
            "DEPRIVATION_DATA_DIR is not set: this is a build from a small SYNTHETIC data set,"
            " of which no figure means anything",
            file=sys.stderr,
        )
        folder = work_dir / "synthetic"
        finished = folder / SYNTHETIC_MARK
        if not finished.is_file():
            unfinished = work_dir / "synthetic.unfinished"
            write_sample(unfinished)
            unfinished.rename(folder)
    prepared = work_dir / "inputs"
    prepare(folder, prepared)
    return prepared
