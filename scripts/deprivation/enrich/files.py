"""Files of records, a batch at a time: CSV, TSV, JSON lines or Parquet, plain or compressed.

CSV and TSV are text: every value comes as it stands there. Of JSON lines each record's text is
kept.
"""

from __future__ import annotations

from pathlib import Path

from deprivation.enrich.excel import ExcelRecords
from deprivation.enrich.formats import Format, parse_format
from deprivation.enrich.parquet_records import ParquetRecords
from deprivation.enrich.paths import find_files
from deprivation.enrich.streams import open_stdin, spool
from deprivation.enrich.text_records import JsonRecords, TextRecords
from deprivation.errors import InputError

Records = TextRecords | JsonRecords | ParquetRecords


def open_records(
    names: list[str],
    input_format: str | None,
    folder: Path,
    encoding: str | None = None,
    delimiter: str | None = None,
    sheet: str | None = None,
    is_read_twice: bool = False,
) -> Records:
    """The records to read. What comes through stdin and is read twice is kept in `folder`."""
    if "-" not in names:
        paths = find_files(names)
        forms = {parse_format(input_format or path) for path in paths}
        if len(forms) > 1:
            raise InputError(f"{paths[0]} and the other files have different formats")
        form = forms.pop()
    elif len(names) > 1:
        raise InputError("- (stdin) cannot be read together with files")
    else:
        form = Format(parse_format(input_format or "csv").kind)
        paths = []
        if is_read_twice or form.kind in ("jsonl", "parquet", "xlsx"):
            paths = [str(folder / "stdin")]
            spool(open_stdin(), Path(paths[0]))
    if form.kind == "xlsx":
        if len(paths) > 1:
            raise InputError("workbooks are read one at a time")
        return ExcelRecords(paths[0], sheet)
    if sheet is not None:
        raise InputError("--sheet is for .xlsx workbooks")
    if form.kind == "parquet":
        return ParquetRecords(paths, form)
    if form.kind == "jsonl":
        return JsonRecords(paths, form, encoding)
    return TextRecords(paths, form, encoding, delimiter)
