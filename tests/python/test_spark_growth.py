"""scripts/spark_growth.py: what it reads from Spark's event log, and what stops it before Spark."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

import spark_growth
from benchmarks.spark_events import measured
from deprivation import sql_macros

PROJECT = Path(__file__).parents[2]
PLAN = """== Physical Plan ==
(8) {}Join [codegen id : 7]
Left keys [1]: [regexp_replace(postcode#1)]
Right keys [1]: [postcode_key#72]
Join type: LeftOuter

(24) BroadcastHashJoin [codegen id : 7]
Left keys [1]: [country_code#79]
Right keys [1]: [country_code#128]
"""


def planned(join: str, update: bool, *accumulators: int) -> dict:
    """An event with a plan of as many broadcasts, one in the other, under a join."""
    node = {"nodeName": "Scan parquet", "metrics": [], "children": []}
    for number in accumulators:
        metrics = [{"name": "time to build", "accumulatorId": number + 1}]
        metrics.append({"name": "data size", "accumulatorId": number})
        node = {"nodeName": "BroadcastExchange", "metrics": metrics, "children": [node]}
    kind = "SparkListenerSQLAdaptiveExecutionUpdate" if update else "SparkListenerSQLExecutionStart"
    return {
        "Event": f"org.apache.spark.sql.execution.ui.{kind}",
        "physicalPlanDescription": PLAN.format(join),
        "sparkPlanInfo": {"nodeName": "Project", "metrics": [], "children": [node]},
    }


def updated(*pairs: tuple[int, int]) -> dict:
    return {"Event": "x.SparkListenerDriverAccumUpdates", "accumUpdates": [*map(list, pairs)]}


def task(stage: int, seconds: float, shuffled: int = 0, written: int = 0, heap: int = 0) -> dict:
    return {
        "Event": "SparkListenerTaskEnd",
        "Stage ID": stage,
        "Task Metrics": {
            "Executor Run Time": seconds * 1000,
            "Executor CPU Time": seconds * 5e8,
            "Shuffle Write Metrics": {"Shuffle Bytes Written": shuffled},
            "Output Metrics": {"Bytes Written": written},
        },
        "Task Executor Metrics": {"JVMHeapMemory": heap},
    }


def test_the_event_log_is_summed_over_tasks_and_the_plan_is_the_last():
    found = measured(
        [
            {"Event": "SparkListenerApplicationStart"},
            planned("SortMerge", False),
            updated((10, 500), (11, 7), (99, 1)),
            task(1, 30, shuffled=1000, heap=5),
            {"Event": "SparkListenerTaskEnd", "Stage ID": 1},  # killed: no metrics
            # The size of a broadcast comes before the plan that has it, and stays.
            planned("BroadcastHash", True, 10, 20),
            updated((20, 60)),
            planned("BroadcastHash", True, 10, 20),
            {**planned("SortMerge", False), "physicalPlanDescription": "no join of the directory"},
            *(task(2, seconds, 10, written=4, heap=9) for seconds in (1, 2, 9)),
        ]
    )
    assert found.join == "BroadcastHash"
    assert (found.tasks, found.longest, found.median) == (3, 9, 2)
    assert (found.processor_seconds, found.shuffle_bytes) == (21, 1030)
    assert (found.heap_bytes, found.broadcast_bytes) == (9, 560)
    cells = spark_growth.cells(0.5, 2, 12.4, found)
    assert cells[:2] == ["0.5 M", "2"]
    assert cells[4:7] == ["12", "42.0", "2,060"]


def test_the_hint_that_is_changed_for_a_join_by_key_is_in_the_query():
    query = sql_macros.enriched("records", "spark", postcode_column="postcode")
    assert query.count(spark_growth.HINTS[0]) == 1


@pytest.fixture
def enriched(tmp_path) -> tuple[Path, Path]:
    """Folders of four records, and of the same enriched."""
    folders = tmp_path / "records", tmp_path / "output"
    rows = "(values (0, 'UNKNOWN', 'missing'), (1, 'NG16 1AA', 'matched'),"
    rows += " (2, 'UNKNOWN', 'missing'), (3, 'BT1 1AA', 'outside_coverage'))"
    for folder, columns in zip(folders, ("id, postcode", "*"), strict=True):
        folder.mkdir()
        duckdb.sql(
            f"copy (select {columns} from {rows} as t(id, postcode, match_status))"
            f" to '{folder}/0.parquet'"
        )
    return folders


WRONG = {
    "dropped": "where id <> 3",
    "doubled": "union all from enriched where id = 1",
    "another row": "where id <> 3 union all from enriched where id = 1",
    "a status": "where id < 3 union all values (3, 'BT1 1AA', 'not_found')",
    "the hot key": "where id > 0 union all values (0, 'UNKNOWN', 'matched')",
}


def test_rows_out_that_are_the_rows_in_pass(enriched):
    spark_growth.check(*enriched, "UNKNOWN")


@pytest.mark.parametrize("change", WRONG.values(), ids=WRONG)
def test_rows_out_that_are_not_the_rows_in_end_it(enriched, change):
    records, output = enriched
    path = output / "0.parquet"
    duckdb.sql(
        f"copy (with enriched as materialized (from read_parquet('{path}'))"
        f" from enriched {change}) to '{path}.new' (format parquet)"
    )
    Path(f"{path}.new").replace(path)
    with pytest.raises(SystemExit, match="rows and their checksum"):
        spark_growth.check(records, output, "UNKNOWN")


def test_records_are_half_on_one_key(tmp_path):
    duckdb.sql(f"copy (select 'NG16 1AA' as postcode) to '{tmp_path}/postcodes.parquet'")
    spark_growth.write_records(tmp_path, tmp_path / "records", 1000, "UNKNOWN")
    counted = duckdb.sql(
        f"select postcode, count(distinct id) from read_parquet('{tmp_path}/records/*')"
        " group by all order by all"
    )
    assert counted.fetchall() == [("NG16 1AA", 500), ("UNKNOWN", 500)]


def test_a_folder_without_the_tables_is_named(tmp_path):
    done = subprocess.run(
        [sys.executable, PROJECT / "scripts" / "spark_growth.py", tmp_path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        f"{tmp_path} lacks editions.parquet;"
        f" run: deprivation export --format parquet --output {tmp_path}"
    ]
