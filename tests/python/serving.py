"""A server of a published file, for tests: started as users start it."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import requests

from conftest import COMMAND


@contextlib.contextmanager
def served(database: Path, log: Path, *options: str) -> Iterator[str]:
    """The address of `deprivation serve` on `database`; its log goes to the file `log`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("DEPRIVATION_")}
    with log.open("wb") as stderr:
        words = ["serve", "--port", str(port), "--database", str(database), *options]
        process = subprocess.Popen([COMMAND, *words], stderr=stderr, env=environment)
    try:
        address = f"http://127.0.0.1:{port}"
        for _ in range(300):
            with contextlib.suppress(requests.ConnectionError):
                requests.get(f"{address}/health", timeout=5)
                break
            assert process.poll() is None, log.read_text()
            time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait(20)
