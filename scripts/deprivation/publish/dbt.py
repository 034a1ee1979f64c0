"""dbt in a process of its own, and what it has to say when it fails."""

from __future__ import annotations

import ctypes
import difflib
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import duckdb

from deprivation import settings
from deprivation.errors import BuildError, UsageError
from deprivation.inputs.csv_files import check_rows
from deprivation.inputs.in_use import as_pattern, prepared_now
from deprivation.publish.parsed import keep_parsed, place_of_parsed
from deprivation.publish.progress import follow
from deprivation.sql import literal

# Bytes free on a disk, below which a build that failed is taken to have failed for it.
LEAST_FREE = 64 << 20
# What a query's error() or a macro of inputs.sql said of an input, without what is put around it.
OF_INPUT = re.compile(
    r"Runtime Error in [^\n]*\n\s*Invalid Input Error: (?P<by_query>.*)"
    r"|Compilation Error in [^\n]*\n\s*(?P<by_macro>.*?)\s*\n"
    r"\s*> in macro \w+ \(macros/inputs.sql\).*",
    re.DOTALL,
)
# dbt's exit code for a command line that it does not take, and for what it did not foresee.
DBT_MISUSED = 2


def check_arguments(arguments: Sequence[str], own_options: Sequence[str] = ()) -> None:
    """Raises UsageError for what `dbt build` does not take, before anything else is done.

    own_options: those of the command that got them, which may be misspelt.
    """
    if not arguments:
        return
    from dbt.cli.main import cli  # two seconds

    try:
        cli.commands["build"].make_context("build", list(arguments))
    except click.exceptions.Exit:  # --help
        raise UsageError("what `dbt build` takes: `dbt build --help`") from None
    except click.NoSuchOption as error:
        known = [*own_options, *(error.possibilities or [])]
        near = difflib.get_close_matches(error.option_name, known, n=1)
        said = f", did you mean {near[0]}?" if near else ""
        raise UsageError(f"no such option {error.option_name}{said}") from None
    except click.ClickException as error:
        raise UsageError(f"dbt build: {error.format_message()}") from None


def run_dbt(
    arguments: Sequence[str], built: Path, output: int | None = None, full_log: bool = False
) -> None:
    """Run dbt into `built`, its intermediate tables beside it, and show how far it is.

    full_log: let dbt print what it prints instead, to the file descriptor `output`. Raises
    BuildError if it fails, UsageError for arguments that it does not know. dbt runs in a process of
    its own: run in this one, it would keep the file's write lock.
    """
    # Folders of its own: another dbt in the project at the same time writes into target/ and logs/.
    target, logs = built.with_name("target"), built.with_name("logs")
    results = target / "run_results.json"
    if full_log:
        command = [settings.program("dbt"), *arguments, "--target-path", str(target)]
    else:
        quiet = settings.PACKAGE / "quiet_dbt"
        command = [sys.executable, str(quiet), str(target), *arguments]
    command += ["--fail-fast", "--log-path", str(logs)]
    command += ["--project-dir", str(settings.PROJECT), "--profiles-dir", str(settings.PROJECT)]
    if full_log:
        command += ["--log-format-file", "json", "--log-level-file", "error"]
    environment = os.environ | {
        # Names without a folder, the same in each build: dbt parses anew when a variable that it
        # reads has changed.
        "DEPRIVATION_DB": built.name,
        "DEPRIVATION_INTERMEDIATE_DB": "work.duckdb",
        "DEPRIVATION_INSIDE_BUILD": str(built.parent),
        "DEPRIVATION_WORK_DIR": str(settings.work_dir()),
    }
    if not any("resource-type" in argument for argument in arguments):
        # Unit tests see no inputs: they belong to a change of the models, and take a quarter of the
        # time. `dbt test` and ./scripts/test run them.
        environment.setdefault("DBT_EXCLUDE_RESOURCE_TYPES", "unit_test")
    parsed = place_of_parsed(settings.work_dir(), settings.PROJECT)
    if parsed.exists():
        environment.setdefault("DBT_PARTIAL_PARSE_FILE_PATH", str(parsed))
    code, complaint, error = _run(command, environment, output if full_log else subprocess.PIPE)
    if parsed == place_of_parsed(settings.work_dir(), settings.PROJECT):  # else edited meanwhile
        keep_parsed(target, parsed)
    for warning in reported(results, built, ["warn"]):
        print(f"warning: {warning}", file=sys.stderr)
    if not code:
        return
    if code == DBT_MISUSED and complaint:
        raise UsageError(f"dbt: {complaint}")
    reason = why_dbt_failed(results, built) or error or logged(logs) or f"dbt ended with {code}"
    if shutil.disk_usage(built.parent).free < LEAST_FREE:
        # dbt's own account may be cut off then.
        reason = f"no space left beside {built.name}: " + reason.partition("\n")[0]
    if "csv" in reason.lower() and "postcode_directory" in reason:
        for path in sorted((prepared_now() / "postcode_directory").iterdir()):
            check_rows(path)
    raise BuildError(reason)


def _run(
    command: list[str], environment: dict[str, str], output: int | None
) -> tuple[int, str, str]:
    """The exit code; what dbt says of its own command line, on stderr alone; its first error."""
    complaint = error = ""
    with subprocess.Popen(
        command, env=environment, stdout=output, stderr=subprocess.PIPE, **_dies_with_this()
    ) as running:

        def pass_on() -> None:
            nonlocal complaint
            for line in running.stderr:
                text = line.decode("utf-8", "backslashreplace")
                if text.startswith("Error: "):
                    complaint = click.unstyle(text).removeprefix("Error: ").strip()
                print(text, end="", file=sys.stderr, flush=True)

        listener = threading.Thread(target=pass_on, daemon=True)
        listener.start()
        try:
            if running.stdout:
                lines = (line.decode("utf-8", "backslashreplace") for line in running.stdout)
                error = first_of(follow(lines))
            code = running.wait()
        except BaseException:
            running.kill()
            running.wait()
            raise
        finally:
            listener.join(timeout=5)
    return code, complaint, error


def _dies_with_this() -> dict:
    """On Linux: the child is killed when this process is, however that happens."""
    if sys.platform != "linux":
        return {}
    prctl = ctypes.CDLL(None).prctl
    death_signal, kill = 1, 9  # PR_SET_PDEATHSIG, SIGKILL
    return {"preexec_fn": lambda: prctl(death_signal, kill)}


def why_dbt_failed(run_results: Path, built: Path) -> str:
    """The first failure that dbt reports, with the rows that made it where it is a data test."""
    return next(iter(reported(run_results, built, ["error", "fail"])), "")


def logged(logs: Path) -> str:
    """The first error in dbt's log: of what fails before a model is run; empty if there is none."""
    try:
        lines = (logs / "dbt.log").read_text(encoding="utf-8").splitlines()
        said = [json.loads(line)["info"]["msg"] for line in lines]
    except (OSError, ValueError, KeyError):  # not written, or cut off by a full disk
        return ""
    return first_of(said)


def first_of(said: Sequence[str]) -> str:
    """The first error that dbt reports; not the heading, which says only that there is one."""
    plain = [click.unstyle(text).strip() for text in said]
    told = [text for text in plain if text not in ("", "Encountered an error:")]
    return told[0].removeprefix("Encountered an error:").strip() if told else ""


def reported(run_results: Path, built: Path, statuses: Sequence[str]) -> Iterator[str]:
    """What each result of dbt's last run that has one of `statuses` says, with rows of a test."""
    try:
        results = json.loads(run_results.read_text())["results"]
    except (FileNotFoundError, json.JSONDecodeError):  # not written, or cut off by a full disk
        return
    for result in results:
        if result["status"] in statuses:
            kind, _, name = result["unique_id"].split(".")[:3]
            # A model's rows are not what made it fail.
            rows = _failing_rows(result.get("compiled_code"), built) if kind == "test" else ""
            # A unit test's message shows its rows in the colours of a terminal.
            message = click.unstyle(result["message"] or "").strip()
            # What a model said of its input needs no name of the model.
            of_input = OF_INPUT.fullmatch(message)
            yield of_input[of_input.lastgroup] if of_input else f"{name}: {message}{rows}"


def _failing_rows(test: str | None, built: Path, most: int = 3) -> str:
    if not test or not built.exists():
        return ""
    try:
        with duckdb.connect(str(built), read_only=True) as connection:
            connection.execute(
                f"attach {literal(built.with_name('work.duckdb'))} as work (read_only)"
            )
            connection.execute(f"set variable inputs = {literal(as_pattern(prepared_now()))}")
            # A line of its own: the test may end in a comment.
            found = connection.execute(f"select * from (\n{test}\n) limit {most}")
            names = [column[0] for column in found.description]
            rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    except duckdb.Error:  # a test that needs what this connection lacks
        return ""
    shown = ["; ".join(f"{key} = {_shown(value)}" for key, value in row.items()) for row in rows]
    return "".join(f"\n    {row}" for row in shown)


def _shown(value: object) -> str:
    """A value as a reader needs it: in quotes where it has none or blanks at its ends."""
    text = str(value)
    return text if text and text == text.strip() else repr(value)
