"""dbt's variables, checked before dbt starts, because dbt accepts any name and any value."""

from __future__ import annotations

import csv
import dataclasses
import difflib
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from deprivation import settings
from deprivation.errors import UsageError
from deprivation.seeds import SEEDS, edition_names, read_seed

ENGLAND = "England"
OFFICIAL = "official"  # the published weights: an index that is there already
CUSTOM_COLUMNS = ("name", "member", "set")
OWN_COLUMNS = ["name", "nation", "edition", "index_code", "weight"]


@dataclasses.dataclass(frozen=True)
class Wanted:
    """The editions that a build was asked for, as `England 2019`, and whether it may add others."""

    editions: frozenset[str]
    other_editions: bool

    def leaves_out(self, nation: str, edition: int) -> bool:
        """True if the variables leave the edition out of the build."""
        name = f"{nation} {edition}"
        is_optional = name not in edition_names(required=True)
        return name not in self.editions and not (is_optional and self.other_editions)


def given(dbt_arguments: Sequence[str]) -> dict[str, Any]:
    """The variables in `--vars`. Raises UsageError if it is not a mapping, or is given twice.

    dbt would silently use the last `--vars` alone.
    """
    texts = []
    for number, argument in enumerate(dbt_arguments):
        if argument == "--vars" and number + 1 < len(dbt_arguments):
            texts.append(dbt_arguments[number + 1])
        elif argument.startswith("--vars="):
            texts.append(argument.removeprefix("--vars="))
    if len(texts) > 1:
        raise UsageError(
            f"--vars is given {len(texts)} times; write all variables into one mapping"
        )
    text = texts[0] if texts else "{}"
    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError:
        found = text
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise UsageError(f"--vars {text!r} is not a mapping, such as '{{editions: [2019, 2025]}}'")
    return found


def defaults() -> dict[str, Any]:
    """The project's variables with their defaults, as dbt_project.yml has them."""
    project = yaml.safe_load((settings.PROJECT / "dbt_project.yml").read_text(encoding="utf-8"))
    return project["vars"]


def wanted(dbt_arguments: Sequence[str] = ()) -> Wanted:
    """What the arguments of a build ask for. Raises UsageError as `check` does."""
    variables = given(dbt_arguments)
    check_variables(variables)
    variables = defaults() | variables
    names = [f"{ENGLAND} {one}" if isinstance(one, int) else one for one in variables["editions"]]
    return Wanted(frozenset(names), variables["other_editions"])


def check_variables(variables: Mapping[str, Any], strangers: bool = False) -> None:
    """Raises UsageError for a variable that is misspelt or has a value that would be ignored.

    strangers: whether variables of other projects may be among them.
    """
    known = defaults()
    for name, value in variables.items():
        if name not in known:
            if strangers:
                continue
            raise UsageError(
                f"no variable {name!r}{_did_you_mean(str(name), known)}; there are"
                f" {', '.join(known)}"
            )
        if isinstance(known[name], bool) and not isinstance(value, bool):
            raise UsageError(f"the variable {name} is {value!r}; it must be true or false")
        if isinstance(known[name], list) and not isinstance(value, list):
            raise UsageError(
                f"the variable {name} is {value!r}; it must be a list: {{{name}: [{value}]}}"
            )
        if name == "editions":
            _check_editions(value)
        elif name == "uk_index_anchors":
            _check_anchors(value)
        elif name == "local_indices":
            _check_indices(value, variables.get("own_indices"))
        elif name == "custom_areas" and value is not None and not _check_custom_areas(value):
            raise UsageError(f"custom_areas: {value} has no rows")
    for seed in sorted(SEEDS.glob("*.csv")):
        _check_patterns(seed, *_own_table("seeds", seed))
    _check_custom_areas(SEEDS / "custom_areas.csv", CUSTOM_COLUMNS)
    _own_indices(variables.get("own_indices"))


def _check_editions(editions: list[Any]) -> None:
    known = edition_names()
    english = [name.removeprefix("England ") for name in known if name.startswith("England ")]
    for edition in editions:
        if isinstance(edition, bool) or not isinstance(edition, (int, str)):
            raise UsageError(f"editions: {edition!r} is neither a year nor a name like Wales 2025")
        name = f"{ENGLAND} {edition}" if isinstance(edition, int) else edition
        if name in known:
            continue
        if isinstance(edition, str) and edition.strip() in english:
            raise UsageError(f"editions: write {edition.strip()}, without quotes")
        near = _did_you_mean(name, known)
        raise UsageError(
            f"editions: there is no {name}{near}; there are {', '.join(known)}. `deprivation fetch"
            f' --only "England 2019"` fetches one; docs/adding-an-edition.md says how to add one'
        )


def _check_anchors(anchors: list[Any]) -> None:
    known = edition_names()
    for anchor in anchors:
        if anchor not in known:
            raise UsageError(
                f"uk_index_anchors: there is no {anchor!r}{_did_you_mean(str(anchor), known)};"
                f" there are {', '.join(known)}"
            )


def _check_indices(indices: list[Any], own_file: Any) -> None:
    known = [row["index_code"] for row in read_seed("indices")]
    if any(str(index).startswith("own:") for index in indices):
        names = [row["name"].strip() for row in _own_indices(own_file)]
        known += [f"own:{name}" for name in names if name != OFFICIAL]
    known = list(dict.fromkeys(known))
    for index in indices:
        if index not in known:
            raise UsageError(
                f"local_indices: there is no index {index!r}{_did_you_mean(str(index), known)};"
                f" there are {', '.join(known)}"
            )


def _check_custom_areas(path: Any, needed: Sequence[str] = CUSTOM_COLUMNS[:2]) -> int:
    """The number of rows. Raises UsageError for a file that would be misread, or split a place."""
    header, rows = _own_table("custom_areas", path)
    names = [column.lower() for column in header]
    if missing := set(needed) - set(names):
        shown = ",".join(header)
        raise UsageError(
            f"custom_areas: {path}: there is no column {min(missing)} in its header {shown!r};"
            f" the header must be {','.join(needed)}, with commas"
        )
    spellings: dict[str, str] = {}
    sets: dict[str, bool] = {}
    for number, row in enumerate(rows, start=2):
        cells = {name: cell.strip() for name, cell in zip(names, row, strict=True)}
        name, in_set = cells["name"], bool(cells.get("set"))
        wrong = ""
        if not name or not cells["member"]:
            wrong = f"no {'member' if name else 'name'}"
        elif spellings.setdefault(name.casefold(), name) != name:
            wrong = f"{name!r} is {spellings[name.casefold()]!r} elsewhere; use one spelling"
        elif sets.setdefault(name, in_set) != in_set:
            wrong = f"{name!r} has a set in some rows only; write it in every row"
        if wrong:
            raise UsageError(f"custom_areas: {path}: row {number}: {wrong}")
    return len(rows)


def _own_indices(file: Any) -> list[dict[str, str]]:
    """The rows of a file of own weights, or of the seed. Raises UsageError if it can't be read."""
    path = SEEDS / "own_indices.csv" if file is None else file
    header, rows = _own_table("own_indices", path)
    if sorted(header) != sorted(OWN_COLUMNS):
        raise UsageError(
            f"own_indices: {path}: the header is {','.join(header)!r}; it must be"
            f" {','.join(OWN_COLUMNS)}"
        )
    if not rows:
        raise UsageError(f"own_indices: {path} has no rows")
    return [dict(zip(header, row, strict=True)) for row in rows]


def _own_table(variable: str, path: Any) -> tuple[list[str], list[list[str]]]:
    """Header and rows of a user's own CSV. Raises UsageError for one that DuckDB would misread.

    DuckDB guesses the line end; if it guesses wrong it loses rows, or prints a forty-line error.
    """
    if not isinstance(path, (str, Path)) or not Path(path).is_file():
        raise UsageError(f"{variable}: there is no file {path}")
    try:
        text = Path(path).read_bytes().decode("utf-8-sig")
        header, *rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    except UnicodeDecodeError as error:
        wrong = f"byte {error.object[error.start]:#x} is not UTF-8; save it as CSV UTF-8"
    except OSError as error:
        wrong = f"cannot be read ({error.strerror}); change its permissions"
    except csv.Error as error:
        wrong = f"it is not a CSV file: {error}"
    except ValueError:
        wrong = "it is empty"
    else:
        rows = [row for row in rows if row]
        uneven = [number for number, row in enumerate(rows, 2) if len(row) != len(header)]
        wrong = ""
        if uneven:
            values = len(rows[uneven[0] - 2])
            wrong = f"row {uneven[0]} has {values} values where the header has {len(header)}"
        elif any("\n" in cell or "\r" in cell for row in (header, *rows) for cell in row):
            wrong = "a name has a line break in it; remove it"
        elif len(set(re.findall(r"\r\n|\r|\n", text))) > 1:
            wrong = "it has mixed line ends; save it as CSV UTF-8 again"
    if wrong:
        raise UsageError(f"{variable}: {path}: {wrong}")
    return header, rows


def _check_patterns(seed: Path, header: list[str], rows: list[list[str]]) -> None:
    """Raises UsageError if a pattern in a seed is not a regular expression."""
    for number, row in enumerate(rows, start=2):
        for column, pattern in zip(header, row, strict=True):
            try:
                re.compile(pattern if column.endswith("_pattern") else "")
            except re.error as error:
                raise UsageError(
                    f"seeds: {seed}: row {number}: {column} {pattern!r} is not a regular expression"
                    f" ({error})"
                ) from None


def _did_you_mean(word: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f", did you mean {near[0]}?" if near else ""
