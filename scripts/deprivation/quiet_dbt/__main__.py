"""dbt without its logs: `python deprivation/quiet_dbt TARGET-FOLDER ARGUMENTS`.

It prints a line of JSON for each error, finished node and macro's message, as dbt does with
`--log-format json`. dbt itself formats every event for the terminal and for the log file before it
drops those below the level, which takes a quarter of the processor time of a build from synthetic
data. Debug events are dropped as they come, before they are put together: another twentieth. It
writes only run_results.json, unless --write-json is among the arguments: writing manifest.json
twice took a tenth. This is a separate folder so that nothing else comes onto Python's path.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click
from dbt.artifacts.schemas.run import RunExecutionResult
from dbt.cli.exceptions import DbtUsageException
from dbt.cli.main import dbtRunner
from dbt_common.events.base_types import BaseEvent, EventLevel, EventMsg
from dbt_common.events.event_manager import EventManager
from dbt_common.events.event_manager_client import ctx_set_event_manager
from dbt_common.events.functions import msg_to_json

SHOWN = {"JinjaLogInfo", "LogModelResult", "LogSeedResult", "LogTestResult"}
NO_LOGS = ["--log-level", "none", "--log-level-file", "none"]


class NoDebugEvents(EventManager):
    def fire_event(
        self, e: BaseEvent, level: EventLevel | None = None, *args: Any, **others: Any
    ) -> None:
        if (level or e.level_tag()) != EventLevel.DEBUG:
            super().fire_event(e, level, *args, **others)


def show(event: EventMsg) -> None:
    if event.info.name in SHOWN or event.info.level == "error":
        print(msg_to_json(event), flush=True)


def main(target: Path, arguments: list[str]) -> int:
    """Returns dbt's exit code: 1 for a failure, 2 for arguments that it does not accept."""
    arguments = [*arguments, "--target-path", str(target), *NO_LOGS]
    if "--write-json" not in arguments:
        arguments.append("--no-write-json")
    ctx_set_event_manager(NoDebugEvents())
    done = dbtRunner(callbacks=[show]).invoke(arguments)
    if isinstance(done.result, RunExecutionResult):
        done.result.write(str(target / "run_results.json"))
    if isinstance(done.exception, DbtUsageException):
        click.echo(f"Error: {done.exception}", err=True)
        return 2
    return 0 if done.success else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
