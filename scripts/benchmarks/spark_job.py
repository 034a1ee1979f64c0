"""Run in .venv-spark: records enriched on a Spark cluster; prints the seconds it took.

    spark_job.py EXPORT RECORDS QUERY.sql OUTPUT [NAME=VALUE ...]

EXPORT: the published tables as Parquet; RECORDS: a folder of Parquet files, as the view `records`;
NAME=VALUE: Spark's settings, the master among them. What is timed is the query written to OUTPUT.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from pyspark.sql import SparkSession


def main() -> None:
    export, records, query, output = map(Path, sys.argv[1:5])
    builder = SparkSession.builder.appName("growth")
    for setting in sys.argv[5:]:
        builder = builder.config(*setting.split("=", 1))
    spark = builder.getOrCreate()
    spark.sql("create database deprivation")
    for path in sorted(export.glob("*.parquet")):
        spark.sql(f"create table deprivation.{path.stem} using parquet location '{path}'")
    spark.read.parquet(str(records)).createOrReplaceTempView("records")
    started = time.perf_counter()
    spark.sql(query.read_text(encoding="utf-8")).write.parquet(str(output))
    print(time.perf_counter() - started)
    spark.stop()


if __name__ == "__main__":
    main()
