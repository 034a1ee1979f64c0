"""The `deprivation` command: inputs in, one DuckDB file out, and questions put to it."""
