"""The editions of the indices."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path

from deprivation.errors import InputError
from deprivation.inputs.csv_files import check_rows, read_header
from deprivation.inputs.found import (
    InputFile,
    describe,
    everywhere,
    files_in,
    link,
    name_of,
    write_rows,
)
from deprivation.inputs.layouts import EditionLayout, layouts_of, read_layout
from deprivation.inputs.lookups import header_of, lookup_files
from deprivation.inputs.spreadsheets import read_sheet
from deprivation.seeds import read_seed


def prepare_editions(
    data_dir: Path, prepared: Path, directory_columns: dict[str, str]
) -> Iterator[InputFile]:
    columns = read_seed("index_columns")
    everything = everywhere(data_dir)
    for edition in read_seed("published_editions"):
        source = f"{edition['nation']} {edition['edition']}"
        wanted = [
            row["source_column"]
            for row in columns
            if (row["nation"], row["edition"]) == (edition["nation"], edition["edition"])
        ]
        # LSOAs of 2001 are also found from those of 2011.
        areas = {edition["area_column"]}
        if edition["area_column"] == "lsoa_2001_code" and _has_lsoa_2001_lookup(data_dir):
            areas.add("lsoa_2011_code")
        if not wanted:
            problem = (
                f"seeds/index_columns.csv: no rows for {source}, which is in published_editions"
            )
            yield InputFile(source, "seeds/index_columns.csv", problem=problem, is_there=True)
            continue
        prepared_path = prepared / (source.lower().replace(" ", "_") + ".csv")
        remedy = "`deprivation fetch` gets it"
        missing = data_dir / edition["folder"]
        layouts = layouts_of(edition["nation"], edition["edition"])
        others = [
            path
            for path in everything
            if any(layout.takes(path) for layout in layouts)
            or re.fullmatch(edition["file_pattern"], name_of(path), re.IGNORECASE)
        ]
        try:
            paths = files_named(missing, edition["file_pattern"])
        except InputError as error:
            yield InputFile(source, missing.name, problem=str(error), is_there=True)
            continue
        path, problem = file_of_edition(paths, others, edition, layouts, wanted, prepared_path)
        if path is None:
            patterns = [*(layout.file_pattern for layout in layouts), edition["file_pattern"]]
            problem = (
                f"{missing}: no file of {source} (looked for a name like"
                f" {' or '.join(patterns)}); {remedy}, or leave the edition out of the variable"
                " `editions`"
            )
            yield InputFile(source, str(missing), edition["edition"], problem=problem)
            continue
        described = describe(path, data_dir, source, edition["edition"], problem)
        if not problem and directory_columns and not (areas & set(directory_columns)):
            problem = (
                f"{source} needs {edition['area_column']}, which this release of the postcode"
                " directory does not have; use one that does, or leave the edition out of the"
                " variable `editions`"
            )
            described = dataclasses.replace(described, problem=problem, lacks_areas=True)
        yield described


def file_of_edition(
    paths: list[Path],
    others: list[Path],
    edition: dict[str, str],
    layouts: list[EditionLayout],
    wanted: list[str],
    prepared_path: Path,
) -> tuple[Path | None, str]:
    """Choose the file of an edition that fits, and make it ready at `prepared_path`.

    Files in one of `layouts` come before files in today's. paths: files in the edition's own
    folder; others: files anywhere, used if none of `paths` fits; edition: its row of
    seeds/published_editions.csv. Returns the file and what is wrong with it, empty if nothing is.
    If several files fit, or none of several does, returns the first and a sentence on that; None
    if there is no file.
    """
    source, sheets = f"{edition['nation']} {edition['edition']}", edition["sheets"]
    ends_its_last_row = edition["ends_its_last_row"] == "true"
    fitting: list[Path] = []
    problems: dict[Path, str] = {}
    tried = [(path, layout) for layout in layouts for path in others if layout.takes(path)]
    tried += [(path, None) for path in [*paths, *(one for one in others if one not in paths)]]
    chosen = None
    for path, layout in tried:
        is_own = path in paths or layout is not None or _is_named_for(path, edition)
        if fitting and (layout != chosen or (fitting[0] in paths and path not in paths)):
            break
        try:
            header = make_ready(path, sheets, layout, wanted, prepared_path)
            check_columns(path.name, header, wanted)
            fitting.append(path)
            chosen = layout
        except InputError as error:
            if is_own:
                problems[path] = str(error).replace(prepared_path.name, path.name)
        except OSError as error:
            problems[path] = (
                f"{path.name}: cannot be read ({error.strerror}); change its permissions"
            )
    if len(fitting) == 1:
        (path,) = fitting
        try:
            make_ready(path, sheets, chosen, wanted, prepared_path, ends_its_last_row)
            if not check_rows(prepared_path):
                raise InputError(f"{path.name}: has no rows below its header; fetch it again")
        except InputError as error:
            return path, str(error).replace(prepared_path.name, path.name)
        return path, ""
    if fitting:
        names = ", ".join(path.name for path in fitting)
        return fitting[0], f"{len(fitting)} files of {source} ({names}); keep only one"
    prepared_path.unlink(missing_ok=True)
    if not problems:
        return None, ""
    first, problem = next(iter(problems.items()))
    if len(problems) == 1:
        return first, problem
    return first, f"{len(problems)} files are named like {source}, but none fits: {problem}"


def _is_named_for(path: Path, edition: dict[str, str]) -> bool:
    """True of a file outside the edition's folder whose name can belong to no other input.

    A pattern like .*2004.*csv is not enough, nor a name that the publisher's other tables have.
    """
    name, pattern = name_of(path), edition["file_pattern"]
    others = [row["file_pattern"] for row in read_seed("measure_columns")]
    return (
        re.search("[a-z]", pattern.rpartition(r"\.")[0]) is not None
        and re.fullmatch(pattern, name, re.IGNORECASE) is not None
        and not any(re.fullmatch(other, name, re.IGNORECASE) for other in others)
    )


def make_ready(
    path: Path,
    sheets: str,
    layout: EditionLayout | None,
    wanted: list[str],
    prepared_path: Path,
    ends_its_last_row: bool = False,
) -> list[str]:
    """Link a CSV to `prepared_path`, or write another form there as CSV; returns the header."""
    prepared_path.unlink(missing_ok=True)
    if layout:
        rows = read_layout(path, layout, wanted)
    elif sheets:
        rows = join_sheets(path, sheets.split("|"), key=wanted[0])
    else:
        link(path, prepared_path)
        return read_header(prepared_path, ends_its_last_row)
    write_rows(prepared_path, rows[0], rows[1:])
    return read_header(prepared_path)


def _has_lsoa_2001_lookup(data_dir: Path) -> bool:
    try:
        headers = [header_of(path) for path in lookup_files(data_dir)]
    except InputError:  # reported where the lookups are read
        return False
    return any({"lsoa01cd", "lsoa11cd"} <= set(header) for header in headers)


def join_sheets(spreadsheet: Path, sheets: list[str], key: str) -> list[list[str]]:
    """Sheets of one spreadsheet joined by `key`, header first.

    The header of a sheet is its first row that begins with `key`. Columns without a name, or with
    a name from an earlier sheet, are left out; line breaks in a name become spaces. Last rows with
    only a first cell are notes, and left out. Raises InputError if a sheet has no such header, or
    other areas than the first sheet.
    """
    header: list[str] = []
    joined: dict[str, list[str]] = {}
    for sheet in sheets:
        names, rows = _table_of(spreadsheet, sheet, key)
        new = [at for at, name in enumerate(names) if name.strip() and name not in header]
        for row in rows:
            # An area that is missing from an earlier sheet has blank values there.
            joined.setdefault(row[0], [""] * len(header))
        if header and len(joined) != len(rows):
            raise InputError(f"{spreadsheet.name}: sheet {sheet} has other areas than {sheets[0]}")
        for row in rows:
            joined[row[0]] += [row[at] for at in new]
        header += [names[at] for at in new]
    return [header, *joined.values()]


def _table_of(spreadsheet: Path, sheet: str, key: str) -> tuple[list[str], list[list[str]]]:
    """The header of a sheet's table, and its rows."""
    rows = iter(read_sheet(spreadsheet, sheet))
    header = next((row for row in rows if row and row[0] == key), None)
    if header is None:
        raise InputError(f"{spreadsheet.name}: sheet {sheet} has no column {key!r}")
    table = list(rows)
    while table and not any(table[-1][1:]):
        table.pop()
    names = [re.sub(r"\s*[\r\n]\s*", " ", name) for name in header]
    return names, [row for row in table if row[0]]


def files_named(folder: Path, pattern: str) -> list[Path]:
    """The files of one edition or census, by their names. Raises InputError as files_in does."""
    suffix = "." + pattern.rpartition(".")[2]
    return [
        path
        for path in files_in(folder, (suffix,), is_deep=True)
        if re.fullmatch(pattern, name_of(path), re.IGNORECASE)
    ]


def check_columns(name: str, header: list[str], wanted: list[str]) -> None:
    """Raises InputError if a file's header and seeds/index_columns.csv differ, either way."""
    missing = [column for column in wanted if column not in header]
    extra = [column for column in header if column not in wanted]
    if missing or extra:
        said = [f"has no {column!r}" for column in missing[:1]]
        said += [f"has {column!r}" for column in extra[:1]]
        raise InputError(
            f"{name}: the header {' and '.join(said)} ({len(missing)} columns missing,"
            f" {len(extra)} not known); is it another year's file? If the publisher has renamed a"
            " column, change seeds/index_columns.csv"
        )
