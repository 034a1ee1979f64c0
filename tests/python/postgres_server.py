"""A PostgreSQL server of Debian's package for the length of a test session, on a socket only."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


def programs() -> Path:
    """The folder of initdb and pg_ctl; installed if it can be, else the test is skipped."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found and os.geteuid() == 0 and shutil.which("apt-get"):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (["update"], ["install", "--yes", "--no-install-recommends", "postgresql"]):
            subprocess.run(
                ["apt-get", "--quiet", *command],
                env=environment,
                capture_output=True,
                timeout=300,
                check=False,
            )
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        pytest.skip("no PostgreSQL server here: apt-get install postgresql")
    return found[-1].parent


def as_owner(command: list[str | Path]) -> subprocess.CompletedProcess:
    """Run as the user postgres where this is root, whom PostgreSQL refuses."""
    if os.geteuid() == 0:
        command = ["runuser", "-u", "postgres", "--", *command]
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)


@contextlib.contextmanager
def server() -> Iterator[str]:
    """A running server; its connection string."""
    bin_folder = programs()
    folder = Path(tempfile.mkdtemp(prefix="deprivation-pg-"))
    try:
        if os.geteuid() == 0:
            owner = pwd.getpwnam("postgres")
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        made = as_owner(
            [
                bin_folder / "initdb",
                "-D",
                folder / "data",
                "-A",
                "trust",
                "-U",
                "owner",
                "--no-sync",
            ]
        )
        assert made.returncode == 0, made.stderr
        options = f"-k {folder} -c listen_addresses='' -c fsync=off"
        control = [bin_folder / "pg_ctl", "-D", folder / "data", "-w", "-l", folder / "log"]
        started = as_owner([*control, "-o", options, "start"])
        assert started.returncode == 0, (folder / "log").read_text()
        try:
            yield f"host={folder} user=owner dbname=postgres"
        finally:
            as_owner([*control, "-m", "immediate", "stop"])
    finally:
        shutil.rmtree(folder, ignore_errors=True)
