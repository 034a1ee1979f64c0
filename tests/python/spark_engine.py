"""The environment .venv-spark with dbt-spark and pyspark, and Java, for tests on Spark."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]


@functools.cache
def environment() -> Path:
    """Its folder, as scripts/compare_engines makes it; Java is installed if it can be."""
    if not shutil.which("java") and os.geteuid() == 0 and shutil.which("apt-get"):
        install = "apt-get -q update && apt-get -q install --yes default-jre-headless"
        subprocess.run(["bash", "-c", install], capture_output=True, check=False, timeout=600)
    if not shutil.which("java"):
        pytest.skip("no Java here: apt-get install default-jre-headless")
    made = subprocess.run(
        ["bash", "-c", "source scripts/environment.sh; make_spark_environment"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    return Path(made.stdout.strip().splitlines()[-1])


def run_script(name: str, *arguments: object, cwd: Path) -> None:
    """Run a script that lies beside the tests, in Spark's environment."""
    done = subprocess.run(
        [environment() / "bin/python", Path(__file__).with_name(name), *arguments],
        cwd=cwd,
        env=os.environ | {"SPARK_LOCAL_IP": "127.0.0.1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
