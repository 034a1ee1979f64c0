"""The dbt-duckdb plugin (profiles.yml): makes the inputs ready before dbt's first query.

It makes the profile's relative paths absolute, creates their folders, prepares the inputs (a
synthetic data set if DEPRIVATION_DATA_DIR is not set) and sets the DuckDB variable `inputs` to
their folder, which the sources' `external_location` reads.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import duckdb
from dbt.adapters.duckdb.credentials import Attachment
from dbt.adapters.duckdb.plugins import BasePlugin
from dbt.flags import get_flags
from dbt_common.exceptions import DbtRuntimeError

from deprivation import settings
from deprivation.errors import BuildError, ExpectedError
from deprivation.inputs.in_use import as_pattern
from deprivation.inputs.prepare import prepare_inputs, read_prepared
from deprivation.publish.place import check_name
from deprivation.publish.variables import check_variables
from deprivation.sql import literal

# With fewer bytes of inputs than this, several threads only wait for each other: that took 18% of
# the processor time of a build from synthetic data.
SMALL = 50 << 20


class Plugin(BasePlugin):
    def initialize(self, plugin_config):
        del plugin_config
        flags = get_flags()
        try:
            self.creds.settings = {"memory_limit": memory_limit()} | (self.creds.settings or {})
            self._place_databases()
            check_open(Path(self.creds.path))
            self._attach_deferred()
            # dbt has parsed the project by now, but run nothing. Another project that uses this
            # package has other variables too.
            is_this = Path(flags.PROJECT_DIR).resolve() == settings.PROJECT
            check_variables(getattr(flags, "VARS", None) or {}, strangers=not is_this)
            self.inputs = prepare_inputs(settings.work_dir())
        except ExpectedError as error:
            raise DbtRuntimeError(str(error)) from error

    def _place_databases(self):
        flags = get_flags()
        named = settings.named("DEPRIVATION_DB")
        check_name(Path(self.creds.path))
        published = (Path.cwd() if named else Path(flags.PROJECT_DIR)) / self.creds.path
        work_dir = settings.work_dir()
        if folder := settings.named("DEPRIVATION_INSIDE_BUILD"):
            work_dir = Path(folder)
            published = work_dir / self.creds.path
        if getattr(flags, "EMPTY", False):
            # `dbt build --empty` truncates what it finds, so it gets separate files.
            work_dir = work_dir / "empty"
            published = work_dir / published.name
        self.creds.path = str(published)
        for attached in self.creds.attach or []:
            attached.path = str(work_dir / attached.path)
            Path(attached.path).parent.mkdir(parents=True, exist_ok=True)
        published.parent.mkdir(parents=True, exist_ok=True)

    def _attach_deferred(self):
        """With --defer, attach the file with the state's models, read-only."""
        flags = get_flags()
        state = getattr(flags, "DEFER_STATE", None) or getattr(flags, "STATE", None)
        if not (getattr(flags, "DEFER", False) and state):
            return
        own = Path(self.creds.path)
        for catalog, file in sorted(published_by(Path(state))):
            path = (Path.cwd() / file).resolve()
            if path == own.resolve():
                continue
            if catalog == own.stem:
                raise BuildError(
                    f"--defer: {path} and {own} have the same name, so DuckDB cannot open both;"
                    " give one of them another name (DEPRIVATION_DB)"
                )
            if not path.exists():
                raise BuildError(f"--defer: {path}, which {state} refers to, does not exist")
            self.creds.attach.append(Attachment(path=str(path), alias=catalog, read_only=True))

    def configure_connection(self, conn):
        if sum(file.bytes or 0 for file in read_prepared(self.inputs)) < SMALL:
            conn.execute("set threads = 1")

    def configure_cursor(self, cursor):
        # The sources' locations are patterns of file names, so this path is escaped.
        cursor.execute(f"set variable inputs = {literal(as_pattern(self.inputs))}")


def memory_limit(most: int = 2_000_000_000) -> str:
    """DuckDB's memory limit unless the profile sets one: 60% of the memory, at most `most` bytes.

    The process takes up to a gigabyte more. Sorts that do not fit go to disk.
    """
    with duckdb.connect() as connection:
        # DuckDB's own limit: 80% of what the machine or the container has.
        query = "select parse_formatted_bytes(current_setting('memory_limit'))"
        ((there,),) = connection.execute(query).fetchall()
    return f"{min(there * 3 // 4, most)}B"


def published_by(state: Path) -> set[tuple[str, str]]:
    """Catalog and file of the published tables of a state, from its manifest (dbt_project.yml)."""
    try:
        nodes = json.loads((state / "manifest.json").read_text(encoding="utf-8"))["nodes"].values()
    except (OSError, ValueError):  # dbt itself reports a state without a manifest
        return set()
    return {
        (node["database"], node["config"]["meta"]["file"])
        for node in nodes
        if "file" in node.get("config", {}).get("meta", {})
    }


def check_open(database: Path) -> None:
    """Raises BuildError where another process has the file open: dbt would end in a traceback."""
    if not database.exists():
        return
    try:
        duckdb.connect(str(database)).close()
    except duckdb.IOException as error:
        holder = re.search(r"lock is held in (.*? \(PID \d+\))", str(error))
        if "lock" not in str(error):
            return
        raise BuildError(
            f"{database} is open in {holder[1] if holder else 'another process'}; dbt writes it in"
            " place, so close it there, or run `deprivation build`, which never waits for readers"
        ) from None
