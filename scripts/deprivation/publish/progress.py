"""dbt's progress: a bar on a terminal, about twenty lines anywhere else."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterable, Iterator
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

LINES = 20


class Shown(Protocol):
    """Shows a step: its number, how many there are, and its name."""

    def __call__(self, done: int, total: int, name: str) -> None: ...


def follow(output: Iterable[str]) -> list[str]:
    """Show dbt's progress, from the lines of quiet_dbt; returns the errors among them.

    Messages from models and macros are passed on to standard error.
    """
    errors = []
    with bar() if sys.stderr.isatty() else contextlib.nullcontext(lines) as show:
        for line in output:
            event = _event(line)
            info, data = event.get("info", {}), event.get("data", {})
            if info.get("name") == "JinjaLogInfo":
                print(str(data.get("msg", "")).strip(), file=sys.stderr, flush=True)
            elif info.get("name") in ("LogModelResult", "LogTestResult", "LogSeedResult"):
                total = data.get("total") or data["num_models"]  # tests have num_models
                show(data["index"], total, data["node_info"]["node_name"])
            if info.get("level") == "error":
                errors.append(info["msg"])
    return errors


def _event(line: str) -> dict:
    try:
        event = json.loads(line)
    except ValueError:
        return {}
    return event if isinstance(event, dict) else {}


def lines(done: int, total: int, name: str) -> None:
    """A line for each twentieth of the steps."""
    if done * LINES // total > (done - 1) * LINES // total:
        print(f"{100 * done // total:3}%  {done} of {total}: {name}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def bar() -> Iterator[Shown]:
    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}", markup=False),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=None)

        def show(done: int, total: int, name: str) -> None:
            progress.update(task, completed=done, total=total, description=name)

        yield show
