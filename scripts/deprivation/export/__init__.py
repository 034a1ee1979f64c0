"""The published tables as Parquet files, or in PostgreSQL; uplifts as a file of postcodes."""

from deprivation.errors import ExportError
from deprivation.export.parquet import to_parquet
from deprivation.export.postgres import to_postgres
from deprivation.export.tables import is_synthetic_file, opened, published_tables
from deprivation.export.uplift import to_uplift

__all__ = [
    "ExportError",
    "is_synthetic_file",
    "opened",
    "published_tables",
    "to_parquet",
    "to_postgres",
    "to_uplift",
]
