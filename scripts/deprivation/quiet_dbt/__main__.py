"""dbt without its logs: `python deprivation/quiet_dbt TARGET-FOLDER ARGUMENTS`.

A line of JSON for each error, each finished node and each text of a macro, as dbt has them with
`--log-format json`. dbt itself makes a line of every event for the terminal and one for the file,
and only then leaves out those below the level: a quarter of the processor time of a build from
synthetic data. Of the files that it writes, run_results.json alone, unless --write-json is among
the arguments; manifest.json, twice, took a tenth. A folder of its own, so that nothing else comes
onto Python's path with it.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click
from dbt.artifacts.schemas.run import RunExecutionResult
from dbt.cli.exceptions import DbtUsageException
from dbt.cli.main import dbtRunner
from dbt_common.events.base_types import EventMsg
from dbt_common.events.functions import msg_to_json

SHOWN = {"JinjaLogInfo", "LogModelResult", "LogSeedResult", "LogTestResult"}
NO_LOGS = ["--log-level", "none", "--log-level-file", "none"]


def show(event: EventMsg) -> None:
    if event.info.name in SHOWN or event.info.level == "error":
        print(msg_to_json(event), flush=True)


def main(target: Path, arguments: list[str]) -> int:
    """dbt's exit codes: 1 for what failed, 2 for arguments that it does not take."""
    arguments = [*arguments, "--target-path", str(target), *NO_LOGS]
    if "--write-json" not in arguments:
        arguments.append("--no-write-json")
    done = dbtRunner(callbacks=[show]).invoke(arguments)
    if isinstance(done.result, RunExecutionResult):
        done.result.write(str(target / "run_results.json"))
    if isinstance(done.exception, DbtUsageException):
        click.echo(f"Error: {done.exception}", err=True)
        return 2
    return 0 if done.success else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
