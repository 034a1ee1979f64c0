"""Records of CSV, TSV and JSON lines, in batches of strings."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from deprivation.enrich.counted_text import LINE_BREAK, Text
from deprivation.enrich.formats import Format
from deprivation.enrich.streams import BLOCK, long_cells, open_file, open_stdin
from deprivation.errors import InputError

# A record of JSON lines, as its text.
RECORD = "record"
# What does not occur in JSON: each line is one column.
NO_DELIMITER = "\x01"


class TextRecords:
    """Records of CSV or TSV; stdin where `paths` is none. Columns are strings, by position.

    names: the header, as it stands there.
    """

    is_text = True

    def __init__(
        self,
        paths: list[str],
        form: Format,
        encoding: str | None = None,
        delimiter: str | None = None,
    ):
        self.form = form
        self.paths = paths
        self._encoding = encoding
        self._delimiter = delimiter or ("\t" if form.kind == "tsv" else None)
        self._stdin: tuple[Text, str] | None = None
        headers = [self._header_of(path) for path in paths or [None]]
        self.names = headers[0]
        for path, names in zip(paths, headers, strict=False):
            if names != self.names:
                raise InputError(
                    f"{path} does not have the columns of {paths[0]}: {', '.join(names)}"
                    f" in place of {', '.join(self.names)}"
                )

    def _open(self, path: str | None) -> tuple[Text, list[str], str]:
        """The text past its header, the names in it, and its delimiter."""
        if path is None:
            text = Text(open_stdin(), "stdin", self._encoding)
        else:
            try:
                stream = open_file(path, self.form.compression)
            except OSError as error:
                raise InputError(f"{path}: {error}") from None
            text = Text(stream, path, self._encoding)
        names, delimiter = text.read_header(self._delimiter)
        text.skips_blank = len(names) > 1
        return text, names, delimiter

    def _header_of(self, path: str | None) -> list[str]:
        text, names, delimiter = self._open(path)
        if path is None:
            self._stdin = text, delimiter
        else:
            text.close()
        return names

    def fields(self) -> list[pa.DataType]:
        return [pa.string()] * len(self.names)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """All records, in order. Raises InputError for what is not well formed."""
        if self._stdin:
            yield from self._batches_of(*self._stdin)
        for path in self.paths:
            text, _, delimiter = self._open(path)
            yield from self._batches_of(text, delimiter)

    def _batches_of(self, text: Text, delimiter: str) -> Iterator[pa.RecordBatch]:
        names = [f"c{place}" for place in range(len(self.names))]
        options = arrow_csv.ParseOptions(
            delimiter=delimiter, newlines_in_values=True, ignore_empty_lines=text.skips_blank
        )
        read = 0
        for batch in parsed(text, names, options, lambda: self._misfit(text, delimiter)):
            read += len(batch)
            yield batch
        if read != text.records:
            raise InputError(
                f"{text.name}: {text.records:,} records are in it, but {read:,} were read; nothing"
                " is written (please report this file's line ends and quotes)"
            )

    def _misfit(self, text: Text, delimiter: str) -> InputError:
        """Where a record has more or fewer values than the header."""
        if text.name == "stdin":
            return InputError(
                f"stdin: a record does not have the {len(self.names)} columns of the header"
            )
        with open_file(text.name, self.form.compression) as stream, long_cells():
            lines = io.TextIOWrapper(stream, text.encoding(), newline="")
            before = 0
            rows = csv.reader(lines, delimiter=delimiter)
            for row in rows:
                if len(row) != len(self.names) and (row or not text.skips_blank):
                    return InputError(
                        f"{text.name}, line {before + 1}: has {len(row)} columns where the header"
                        f" has {len(self.names)}"
                    )
                before = rows.line_num
        return InputError(f"{text.name}: a record does not have the columns of the header")

    def count(self) -> int | None:
        """How many there are; None of a stream."""
        if self._stdin:
            return None
        counted = 0
        for path in self.paths:
            text, _, _ = self._open(path)
            while text.read(BLOCK):
                pass
            counted += text.records
        return counted

    def rows_about(self) -> float | None:
        """How many there are, judged by the beginning; None where it is compressed or a stream."""
        if not self.paths or self.form.compression != "none":
            return None
        with Path(self.paths[0]).open("rb") as file:
            sample = file.read(CHUNK_OF_SAMPLE)
        lines = max(len(LINE_BREAK.findall(sample)), 1)
        return sum(Path(path).stat().st_size for path in self.paths) * lines / max(len(sample), 1)


CHUNK_OF_SAMPLE = 1 << 20


def parsed(text: Text, names: list[str], options, misfit) -> Iterator[pa.RecordBatch]:
    """Batches of strings from a text by pyarrow; `misfit` makes the error of a record's width."""
    read = arrow_csv.ReadOptions(column_names=names, block_size=BLOCK)
    convert = arrow_csv.ConvertOptions(
        check_utf8=False,
        column_types=dict.fromkeys(names, pa.string()),
        null_values=[""],
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
    )
    try:
        yield from arrow_csv.open_csv(
            pa.PythonFile(text, "r"), read_options=read, parse_options=options,
            convert_options=convert,
        )  # fmt: skip
    except InputError:
        raise
    except (pa.ArrowException, OSError) as error:
        why = str(error)
        if text.fault:
            raise text.fault from None
        if "Empty CSV file" in why:
            return
        if "straddling" in why:
            raise InputError(
                f"{text.name}: a record is longer than {BLOCK:,} bytes, after line"
                f" {max(text.lines - 1, 1):,} or so"
            ) from None
        if "Expected" in why and "columns" in why:
            raise misfit() from None
        raise InputError(f"{text.name} cannot be read") from None
    if text.fault:
        raise text.fault


class JsonRecords:
    """JSON lines: one column, each record's text; blank lines are none."""

    is_text = True
    names: list[str] = [RECORD]  # noqa: RUF012

    def __init__(self, paths: list[str], form: Format, encoding: str | None = None):
        self.paths, self.form, self._encoding = paths, form, encoding

    def fields(self) -> list[pa.DataType]:
        return [pa.string()]

    def batches(self) -> Iterator[pa.RecordBatch]:
        for _, _, batch in self.lines():
            yield batch.filter(batch.column(1)).select([0])

    def lines(self) -> Iterator[tuple[str, int, pa.RecordBatch]]:
        """A file, the lines of it before a batch, and its lines with whether each is a record."""
        options = arrow_csv.ParseOptions(
            delimiter=NO_DELIMITER, quote_char=False, ignore_empty_lines=False
        )
        for path in self.paths:
            text = Text(open_file(path, self.form.compression), path, self._encoding, quotes=False)
            before = 0

            def misfit(text: Text = text) -> InputError:
                return InputError(f"{text.name}: a line is not a JSON object")

            for batch in parsed(text, [RECORD], options, misfit):
                trimmed = pc.utf8_trim(batch.column(0), " \t\r\n\ufeff")
                is_record = pc.fill_null(pc.not_equal(trimmed, ""), False)
                yield path, before, pa.record_batch([trimmed, is_record], [RECORD, "is_record"])
                before += len(batch)

    def count(self) -> int:
        """How many there are."""
        return sum(len(batch) for batch in self.batches())

    def rows_about(self) -> float | None:
        return None
