"""How far a run is: on a terminal, or in a file that a server reads."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from deprivation import settings


def progress_bar(
    still_runs: Callable[[float], bool], percent: Callable[[], float | None], patience: float = 2
) -> None:
    """Show a progress bar on a terminal for what takes longer than `patience` seconds.

    Instead write the percent into the file that DEPRIVATION_PROGRESS_FILE names, as the server has
    it done.
    """
    if file := settings.named("DEPRIVATION_PROGRESS_FILE"):
        while still_runs(0.2):
            if (done := percent()) is not None:
                Path(file).write_text(f"{done:.0f}", "ascii")
        return
    if not sys.stderr.isatty() or not still_runs(patience):
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("enrich", total=None)
        while still_runs(0.2):
            done = percent()
            bar.update(task, completed=done or 0, total=None if done is None else 100)
