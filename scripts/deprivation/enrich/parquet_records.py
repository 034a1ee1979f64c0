"""Records of Parquet, in batches with their types."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
from pyarrow import parquet

from deprivation.enrich.formats import Format
from deprivation.errors import InputError
from deprivation.published import first_line

PARQUET_ROWS = 491_520
BATCH_BYTES = 64 << 20


class ParquetRecords:
    """Records of Parquet, with their types."""

    is_text = False

    def __init__(self, paths: list[str], form: Format):
        self.paths, self.form = paths, form
        schemas = [self._open(path).schema_arrow for path in paths]
        first = schemas[0]
        for path, schema in zip(paths, schemas, strict=True):
            if schema.names != first.names:
                raise InputError(
                    f"{path} does not have the columns of {paths[0]}: {', '.join(schema.names)}"
                    f" in place of {', '.join(first.names)}"
                )
            for field, wanted in zip(schema, first, strict=True):
                if field.type != wanted.type:
                    raise InputError(
                        f"{path}: column {field.name!r} is {field.type}, in {paths[0]}"
                        f" {wanted.type}"
                    )
        self.names: list[str] = first.names
        self._types = first.types

    def _open(self, path: str) -> parquet.ParquetFile:
        try:
            return parquet.ParquetFile(Path(path).open("rb"), pre_buffer=True)
        except (pa.ArrowException, OSError) as error:
            raise InputError(f"{path} is not a whole Parquet file: {first_line(error)}") from None

    def fields(self) -> list[pa.DataType]:
        return self._types

    def batches(self) -> Iterator[pa.RecordBatch]:
        for path in self.paths:
            file = self._open(path)
            read = 0
            try:
                for batch in file.iter_batches(self._batch_rows(file)):
                    read += len(batch)
                    yield batch
            except (pa.ArrowException, OSError) as error:
                raise InputError(f"{path} cannot be read to its end: {first_line(error)}") from None
            if read != file.metadata.num_rows:
                raise InputError(
                    f"{path}: {file.metadata.num_rows:,} records are in it, but {read:,} were read"
                )

    def _batch_rows(self, file: parquet.ParquetFile) -> int:
        """Fewer where they are large."""
        groups = [file.metadata.row_group(n) for n in range(file.metadata.num_row_groups)]
        sizes = [group.total_byte_size / group.num_rows for group in groups if group.num_rows]
        return max(64, min(PARQUET_ROWS, int(BATCH_BYTES / max(sizes, default=1))))

    def count(self) -> int:
        """How many there are."""
        return int(self.rows_about())

    def rows_about(self) -> float:
        return sum(self._open(path).metadata.num_rows for path in self.paths)
