"""A Spark cluster on this machine: a standalone master and worker processes."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

HERE = "127.0.0.1"


@contextlib.contextmanager
def cluster(python: Path, workers: int, memory: str, folder: Path) -> Iterator[str]:
    """A standalone master and workers of one core each; gives the master's address."""
    (package,) = python.parents[1].glob("lib/python3*/site-packages/pyspark")
    port, page = free_port(), free_port()
    master = f"spark://{HERE}:{port}"
    environment = os.environ | {"SPARK_LOCAL_IP": HERE, "SPARK_DAEMON_MEMORY": "256m"}
    environment |= {"SPARK_HOME": str(package), "PYSPARK_PYTHON": str(python)}
    run_class = [str(package / "bin" / "spark-class")]
    processes = []
    with (folder / "daemons.log").open("wb") as log, contextlib.ExitStack() as stack:

        def start(name: str, *arguments: str) -> None:
            command = [*run_class, f"org.apache.spark.deploy.{name}", "--host", HERE, *arguments]
            process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
            processes.append(process)
            stack.callback(process.wait)
            stack.callback(process.terminate)

        start("master.Master", "--port", str(port), "--webui-port", str(page))
        for number in range(workers):
            work = str(folder / f"worker-{number}")
            options = ["--cores", "1", "--memory", memory, "--webui-port", "0", "--work-dir", work]
            start("worker.Worker", *options, master)
        for _ in range(120):
            with (
                contextlib.suppress(OSError),
                urllib.request.urlopen(f"http://{HERE}:{page}/json/") as answer,
            ):
                if json.load(answer)["aliveworkers"] == workers:
                    break
            time.sleep(0.5)
        else:
            sys.exit(f"the workers did not start:\n{(folder / 'daemons.log').read_text()[-2000:]}")
        yield master


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HERE, 0))
        return probe.getsockname()[1]
