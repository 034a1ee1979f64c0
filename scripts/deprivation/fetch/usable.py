"""Checks that a build can read a new file: it is prepared alone before it replaces another.

So a file that its publisher has changed never replaces a readable one, and never stops a build.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from deprivation.errors import FetchError
from deprivation.fetch.catalogue import Fetchable
from deprivation.fetch.web import told
from deprivation.inputs.census import prepare_census
from deprivation.inputs.editions import prepare_editions
from deprivation.inputs.found import link
from deprivation.inputs.lookups import prepare_lookups
from deprivation.inputs.measures import prepare_measures
from deprivation.inputs.supplements import prepare_supplements

# The other groups have their own checks, or no build reads them.
NEEDS = ("nation", "earlier", "history", "census", "population", "checks", "request")


def check_usable(row: Fetchable, part: Path) -> None:
    """Raises FetchError if a build would stop at the file, saying what is wrong with it."""
    if row.need not in NEEDS:
        return
    with tempfile.TemporaryDirectory() as scratch:
        data, prepared = Path(scratch, "data"), Path(scratch, "prepared")
        (data / row.folder).mkdir(parents=True)
        prepared.mkdir()
        link(part, data / row.path)
        files = [
            *prepare_editions(data, prepared, {}),
            *prepare_census(data, prepared),
            *prepare_measures(data, prepared),
            *prepare_supplements(data, prepared),
            *prepare_lookups(data, prepared),
        ]
    wrong = [file.problem for file in files if file.problem and file.is_there]
    if wrong:
        raise FetchError(f"{row.name}: {told(row.address)}: a build could not read it: {wrong[0]}")
