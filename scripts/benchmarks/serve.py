"""How fast `deprivation serve` answers, with a refresh of its file in the middle.

    scripts/benchmark.py serve [--database FILE] [--seconds 10] [--scratch FOLDER]

Needs wrk (`apt-get install wrk`). 50 connections, one thread of wrk, on this machine alone: first
/health, then single postcodes drawn from the whole directory, then those again while the file is
replaced by another (`os.replace`) until the server has opened it. Every answer that is not 200 or
404 counts as failed, and so does each connection that breaks. Then a POST of 10,000 postcodes and a
CSV of 100,000 rows through /enrich, best of three. Memory is the server's resident set, at its
highest; that of the refresh is with both files in memory.

Each figure stands beside what was promised. Seconds and rates are of the wall: on a machine that
does other work at the same time only the ratio by processor time, memory and failures mean much.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb
import requests

from deprivation import settings

CONNECTIONS = 50
WAIT = 180
# wrk counts 404 (a postcode without an area) as an error: count for itself.
SCRIPT = """
local paths = {%s}
local threads = {}
local n = 0
failed = 0
function setup(thread) table.insert(threads, thread) end
function request()
    n = n %% #paths + 1
    return wrk.format("GET", paths[n])
end
function response(status)
    if status ~= 200 and status ~= 404 then failed = failed + 1 end
end
function done(summary, latency, requests)
    local bad = 0
    for _, thread in ipairs(threads) do bad = bad + thread:get("failed") end
    local e = summary.errors
    io.write(string.format("rate %%f p99 %%f failed %%d\\n", summary.requests / summary.duration
        * 1e6, latency:percentile(99) / 1e3, bad + e.connect + e.read + e.write + e.timeout))
end
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--database", type=Path, default=settings.database())
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--scratch", type=Path)
    chosen = parser.parse_args()
    if not shutil.which("wrk"):
        sys.exit("wrk is not installed: apt-get install wrk")
    with tempfile.TemporaryDirectory(dir=chosen.scratch) as folder:
        measure(chosen.database, Path(folder), chosen.seconds)


def measure(published: Path, folder: Path, seconds: int) -> None:
    database = folder / "deprivation.duckdb"
    shutil.copy(published, database)
    shutil.copy(published, folder / "next.duckdb")
    with duckdb.connect(str(published), read_only=True) as connection:
        drawn = connection.execute(
            "select postcode from postcodes using sample reservoir(100000 rows) repeatable (1)"
        ).fetchall()
    postcodes = [postcode for (postcode,) in drawn]
    paths = [f"/postcodes/{postcode.replace(' ', '%20')}" for postcode in postcodes[:20_000]]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        settings.program("deprivation"),
        "serve",
        "--port",
        str(port),
        "--database",
        database,
    ]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(list(map(str, command)), stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        started = time.perf_counter()
        while not answers(address):
            time.sleep(0.1)
        show("ready to answer", time.perf_counter() - started, "s")
        show("memory, to be ready", most_memory(server.pid), "MB", most=500)
        before = processor_seconds(server.pid)
        health = load(address, ["/health"], folder, seconds)
        between = processor_seconds(server.pid)
        single = load(address, paths, folder, seconds)
        after = processor_seconds(server.pid)
        show("/health", health[0], "a second")
        show("single postcodes", single[0], "a second")
        show("  of /health's rate", single[0] / health[0], "", least=0.5)
        # What holds on a machine that others use too.
        each = (between - before) / health[0], (after - between) / single[0]
        show("  by processor time", each[0] / each[1], "", least=0.5)
        show("  99th percentile", single[1], "ms", most=50)
        show("  failed", health[2] + single[2], "", most=0)
        show("memory under load", most_memory(server.pid), "MB", most=500)
        refreshed = with_refresh(address, paths, folder, seconds)
        show("with a refresh", refreshed[0], "a second")
        show("  99th percentile", refreshed[1], "ms")
        show("  failed", refreshed[2], "", most=0)
        show("memory in the refresh", most_memory(server.pid), "MB", most=500)
        body = json.dumps({"postcodes": postcodes[:10_000]})
        show("10,000 postcodes", best(lambda: post(f"{address}/postcodes", data=body)), "s", most=1)
        people = folder / "people.csv"
        with people.open("w", newline="") as file:
            csv.writer(file).writerows([("id", "postcode"), *enumerate(postcodes)])
        show("100,000 rows of CSV", best(lambda: enrich(address, people)), "s", most=3)
        show("memory in both", most_memory(server.pid), "MB", most=500)
    finally:
        server.terminate()
        server.wait(30)


def answers(address: str) -> bool:
    try:
        return requests.get(f"{address}/health", timeout=5).ok
    except requests.ConnectionError:
        return False


def load(address: str, paths: list[str], folder: Path, seconds: int) -> tuple[float, float, int]:
    """Requests a second, the 99th percentile of their time in ms, and how many failed."""
    script = folder / "paths.lua"
    script.write_text(SCRIPT % ",".join(f'"{path}"' for path in paths))
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", str(script), address]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r"rate ([\d.]+) p99 ([\d.]+) failed (\d+)", said)
    assert found, said
    return float(found[1]), float(found[2]), int(found[3])


def with_refresh(
    address: str, paths: list[str], folder: Path, seconds: int
) -> tuple[float, float, int]:
    """The same, from before the file is replaced until the new one is served; the worst of the
    rounds that this takes. Fails if it takes more than WAIT seconds.
    """
    before = requests.get(f"{address}/health", timeout=30).json()["served_since"]
    mover = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import os, sys, time; time.sleep(3); os.replace(*sys.argv[1:])",
            folder / "next.duckdb",
            folder / "deprivation.duckdb",
        ]
    )
    rounds = []
    until = time.perf_counter() + WAIT
    while time.perf_counter() < until:
        rounds.append(load(address, paths, folder, seconds))
        if requests.get(f"{address}/health", timeout=30).json()["served_since"] != before:
            mover.wait()
            rates, times, failures = zip(*rounds, strict=True)
            return min(rates), max(times), sum(failures)
    raise AssertionError("the refreshed file is not served")


def best(run, rounds: int = 3) -> float:
    """Seconds of the fastest of some runs."""
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        run()
        times.append(time.perf_counter() - started)
    return min(times)


def post(address: str, **what) -> None:
    headers = {"content-type": "application/json"} if "data" in what and "files" not in what else {}
    answer = requests.post(address, headers=headers, timeout=120, **what)
    answer.raise_for_status()
    assert answer.content


def enrich(address: str, people: Path) -> None:
    with people.open("rb") as file:
        fields = {"postcode_column": "postcode", "edition": "nearest:2019"}
        post(f"{address}/enrich", files={"file": ("people.csv", file)}, data=fields)


def processor_seconds(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def most_memory(process: int) -> float:
    """The largest resident set in MB since this was last asked, on Linux."""
    status = Path(f"/proc/{process}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found
    Path(f"/proc/{process}/clear_refs").write_text("5")
    return int(found[1]) * 1024 / 1e6


def show(
    name: str, value: float, unit: str, most: float | None = None, least: float | None = None
) -> None:
    """A line of the table: the figure, and beside it what was promised and whether that holds."""
    promised = ""
    if most is not None:
        promised = f"at most {most:g}: {'yes' if value <= most else 'NO'}"
    elif least is not None:
        promised = f"at least {least:g}: {'yes' if value >= least else 'NO'}"
    print(f"{name:<24}{value:>12,.2f} {unit:<10}{promised}".rstrip(), flush=True)


if __name__ == "__main__":
    main()
