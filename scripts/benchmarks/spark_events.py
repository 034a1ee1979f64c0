"""What the event log of a Spark application says of its one query that joins the directory."""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterable
from typing import NamedTuple

PLANS = ("SparkListenerSQLExecutionStart", "SparkListenerSQLAdaptiveExecutionUpdate")
# In Spark's formatted plan: the number and name of a join, then its keys on lines of their own.
JOIN_OF_DIRECTORY = r"\) (\w+)Join\b[^\n]*\nLeft keys[^\n]*\nRight keys[^\n]*\bpostcode_key\b"


class Measured(NamedTuple):
    """Sums over all tasks; join, tasks, longest and median are of the stage that writes."""

    join: str
    tasks: int
    processor_seconds: float
    shuffle_bytes: int
    longest: float
    median: float
    heap_bytes: int
    broadcast_bytes: int


def measured(events: Iterable[dict]) -> Measured:
    """Of the log's events, in their order. Seconds of tasks are by the wall."""
    plan, metrics_of_broadcasts, sizes = "", set(), {}
    shuffled, ran, heap = 0, 0, 0
    stages: dict[int, list[tuple[float, int]]] = {}
    for event in events:
        kind = event["Event"].rpartition(".")[2]
        if kind in PLANS:
            if re.search(JOIN_OF_DIRECTORY, event["physicalPlanDescription"]):
                plan = event["physicalPlanDescription"]
            metrics_of_broadcasts |= set(broadcast_sizes(event["sparkPlanInfo"]))
        elif kind == "SparkListenerDriverAccumUpdates":
            sizes |= dict(event["accumUpdates"])
        elif kind == "SparkListenerTaskEnd" and event.get("Task Metrics"):
            metrics = event["Task Metrics"]
            written = metrics["Output Metrics"]["Bytes Written"]
            seconds = metrics["Executor Run Time"] / 1e3
            stages.setdefault(event["Stage ID"], []).append((seconds, written))
            shuffled += metrics["Shuffle Write Metrics"]["Shuffle Bytes Written"]
            ran += metrics["Executor CPU Time"]
            heap = max(heap, event["Task Executor Metrics"]["JVMHeapMemory"])
    writing = max(stages.values(), key=lambda tasks: sum(written for _, written in tasks))
    times = [seconds for seconds, _ in writing]
    return Measured(
        # The final plan stands before the initial one.
        join=re.findall(JOIN_OF_DIRECTORY, plan)[0],
        tasks=len(times),
        processor_seconds=ran / 1e9,
        shuffle_bytes=shuffled,
        longest=max(times),
        median=statistics.median(times),
        heap_bytes=heap,
        broadcast_bytes=sum(sizes.get(number, 0) for number in metrics_of_broadcasts),
    )


def broadcast_sizes(node: dict) -> list[int]:
    """Numbers of the metrics that hold the bytes of each broadcast under a node of a plan."""
    found = [
        metric["accumulatorId"]
        for metric in node["metrics"]
        if node["nodeName"] == "BroadcastExchange" and metric["name"] == "data size"
    ]
    return found + [number for child in node["children"] for number in broadcast_sizes(child)]
