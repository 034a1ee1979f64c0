"""Runs dbt in a separate process, and reports why it failed."""

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
from concurrent.futures import Future
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

# With fewer free bytes than this, a failed build is put down to a full disk.
LEAST_FREE = 64 << 20
# The message of a query's error() or of a macro in inputs.sql, without what dbt puts around it.
OF_INPUT = re.compile(
    r"Runtime Error in [^\n]*\n\s*Invalid Input Error: (?P<by_query>.*)"
    r"|Compilation Error in [^\n]*\n\s*(?P<by_macro>.*?)\s*\n"
    r"\s*> in macro \w+ \(macros/inputs.sql\).*",
    re.DOTALL,
)
# dbt's exit code for a wrong command line, and for unexpected errors.
DBT_MISUSED = 2


def check_arguments(arguments: Sequence[str], own_options: Sequence[str] = ()) -> None:
    """Raises UsageError for arguments that `dbt build` does not accept, before anything is done.

    own_options: options of the command that was called, one of which may have been misspelt.
    """
    if not arguments:
        return
    from dbt.cli.main import cli  # two seconds

    try:
        cli.commands["build"].make_context("build", list(arguments))
    except click.exceptions.Exit:  # --help
        raise UsageError("`dbt build --help` lists what `dbt build` accepts") from None
    except click.NoSuchOption as error:
        known = [*own_options, *(error.possibilities or [])]
        near = difflib.get_close_matches(error.option_name, known, n=1)
        said = f", did you mean {near[0]}?" if near else ""
        raise UsageError(f"no such option {error.option_name}{said}") from None
    except click.ClickException as error:
        raise UsageError(f"dbt build: {error.format_message()}") from None


def run_dbt(
    arguments: Sequence[str],
    built: Path,
    output: int | None = None,
    full_log: bool = False,
    preparing: Future[Path] | None = None,
) -> None:
    """Run dbt into `built`, with its intermediate tables next to it, and show its progress.

    full_log: print dbt's own log instead, to the file descriptor `output`; preparing: if it fails,
    dbt is ended. Raises BuildError if dbt fails, UsageError for arguments that it does not know.
    dbt runs in a separate process: in this one, it would keep the file's write lock.
    """
    # Separate folders, as another dbt in the project may be writing to target/ and logs/.
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
        # Names without a folder are the same in each build: dbt parses the whole project again
        # when a variable that it reads has changed.
        "DEPRIVATION_DB": built.name,
        "DEPRIVATION_INTERMEDIATE_DB": "work.duckdb",
        "DEPRIVATION_INSIDE_BUILD": str(built.parent),
        "DEPRIVATION_WORK_DIR": str(settings.work_dir()),
    }
    if not any("resource-type" in argument for argument in arguments):
        # Unit tests use no inputs: they are for changes of the models, and take a quarter of the
        # time. `dbt test` and ./scripts/test run them.
        environment.setdefault("DBT_EXCLUDE_RESOURCE_TYPES", "unit_test")
    parsed = place_of_parsed(settings.work_dir(), settings.PROJECT)
    if parsed.exists():
        environment.setdefault("DBT_PARTIAL_PARSE_FILE_PATH", str(parsed))
    shown = output if full_log else subprocess.PIPE
    code, complaint, error = _run(command, environment, shown, preparing)
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
        # dbt's own message may be cut off then.
        reason = f"no space left on the disk of {built.name}: " + reason.partition("\n")[0]
    if "csv" in reason.lower() and "postcode_directory" in reason:
        for path in sorted((prepared_now() / "postcode_directory").iterdir()):
            check_rows(path)
    raise BuildError(reason)


def _run(
    command: list[str],
    environment: dict[str, str],
    output: int | None,
    preparing: Future[Path] | None,
) -> tuple[int, str, str]:
    """The exit code, dbt's complaint about its command line (on stderr), and its first error."""
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

        if preparing:
            preparing.add_done_callback(lambda done: done.exception() and running.kill())
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
    """On Linux, kill the child when this process ends, however that happens."""
    if sys.platform != "linux":
        return {}
    prctl = ctypes.CDLL(None).prctl
    death_signal, kill = 1, 9  # PR_SET_PDEATHSIG, SIGKILL
    return {"preexec_fn": lambda: prctl(death_signal, kill)}


def why_dbt_failed(run_results: Path, built: Path) -> str:
    """The first failure that dbt reports, with the failing rows if it is a data test."""
    return next(iter(reported(run_results, built, ["error", "fail"])), "")


def logged(logs: Path) -> str:
    """The first error in dbt's log, from before a model is run; empty if there is none."""
    try:
        lines = (logs / "dbt.log").read_text(encoding="utf-8").splitlines()
        said = [json.loads(line)["info"]["msg"] for line in lines]
    except (OSError, ValueError, KeyError):  # not written, or cut off by a full disk
        return ""
    return first_of(said)


def first_of(said: Sequence[str]) -> str:
    """The first error that dbt reports, without its heading."""
    plain = [click.unstyle(text).strip() for text in said]
    told = [text for text in plain if text not in ("", "Encountered an error:")]
    return told[0].removeprefix("Encountered an error:").strip() if told else ""


def reported(run_results: Path, built: Path, statuses: Sequence[str]) -> Iterator[str]:
    """The message of each result of dbt's last run with one of `statuses`; a test's with rows."""
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
            # A model's message about its input does not need the model's name.
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
    except duckdb.Error:  # the test needs something that this connection does not have
        return ""
    shown = ["; ".join(f"{key} = {_shown(value)}" for key, value in row.items()) for row in rows]
    return "".join(f"\n    {row}" for row in shown)


def _shown(value: object) -> str:
    """A value to show: in quotes if it is empty or has spaces at its ends."""
    text = str(value)
    return text if text and text == text.strip() else repr(value)
