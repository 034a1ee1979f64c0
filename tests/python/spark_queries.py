"""Run in .venv-spark: queries over exported Parquet tables and a file of people, as CSV files.

A query that fails leaves its error in NAME.error.

spark_queries.py EXPORT PEOPLE.csv QUERIES.json OUT    QUERIES: {name: query}
"""

import csv
import json
import sys
from pathlib import Path

from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

export, written, queries, out = map(Path, sys.argv[1:])
spark = (
    SparkSession.builder.master("local[2]")
    .config("spark.ui.enabled", "false")
    .config("spark.sql.shuffle.partitions", "2")
    .config("spark.sql.warehouse.dir", str(out / "warehouse"))
    .getOrCreate()
)
spark.sql("create database deprivation")
for path in sorted(export.glob("*.parquet")):
    spark.sql(f"create table deprivation.{path.stem} using parquet location '{path}'")
spark.read.csv(str(written), header=True, escape='"').createOrReplaceTempView("written")
spark.sql(
    "select person, `Post Code`, cast(seen as date) as seen, `Seen, as written` from written"
).createOrReplaceTempView("people")
for name, query in json.loads(queries.read_text()).items():
    try:
        frame = spark.sql(f"select * from ({query}) order by cast(person as integer)")
        rows = frame.collect()
    except PySparkException as error:
        (out / f"{name}.error").write_text(str(error))
        continue
    with (out / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(frame.columns)
        for row in rows:
            writer.writerow([str(v).lower() if isinstance(v, bool) else v for v in row])
