"""scripts/environment.sh: .venv is made beside the old one, which is never taken from under a user.

A stand-in for uv writes what matters of an environment, or fails.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "environment.sh"
UV = """#!/bin/sh
echo "$@" >> "$PROJECT/calls"
case "$1 $2" in
    "pip install") [ ! -e "$PROJECT/no-network" ] ;;
    *)
        for made; do :; done
        last="$made"
        mkdir -p "$made/bin" && touch "$made/pyvenv.cfg" "$made/bin/activate"
        [ -e "$PROJECT/relocatable" ] && made=/usr
        printf '#!%s/bin/python\\n' "$made" > "$last/bin/program" ;;
esac
"""


@pytest.fixture
def project(tmp_path) -> Path:
    (tmp_path / "scripts").mkdir()
    shutil.copy(SCRIPT, tmp_path / "scripts")
    (tmp_path / "pyproject.toml").write_text("first")
    for lock in ("requirements.lock", "requirements-dev.lock"):
        (tmp_path / lock).write_text(lock)
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "uv").write_text(UV)
    (tmp_path / "tools" / "uv").chmod(0o755)
    return tmp_path


def make(project: Path, lock: str = "requirements-dev.lock") -> subprocess.CompletedProcess[str]:
    command = f"set -euo pipefail; source scripts/environment.sh; make_environment {lock}"
    environment = {"PROJECT": str(project), "PATH": f"{project}/tools:{os.environ['PATH']}"}
    return subprocess.run(
        ["bash", "-c", command], cwd=project, env=environment, capture_output=True, text=True
    )


def made(project: Path) -> int:
    """How many environments have been made."""
    return (project / "calls").read_text().count("venv --")


def test_one_environment_serves_builds_and_tests_until_a_lock_changes(project):
    assert make(project).returncode == 0
    assert (project / ".venv/bin/program").read_text() == f"#!{project}/.venv/bin/python\n"
    assert make(project).returncode == make(project, "requirements.lock").returncode == 0
    assert made(project) == 1
    (project / "pyproject.toml").write_text("second")
    assert make(project).returncode == 0
    assert made(project) == 2


def test_programs_may_leave_out_where_their_environment_is(project):
    """As those of uv do, which are relocatable."""
    (project / "relocatable").touch()
    done = make(project)
    assert done.returncode == 0, done.stderr
    assert (project / ".venv/bin/program").read_text() == "#!/usr/bin/python\n"


def test_the_old_environment_stays_while_the_new_one_is_made_and_after(project):
    assert make(project).returncode == 0
    (project / ".venv/bin/of the old one").touch()
    with (project / ".venv/bin/program").open() as held:
        (project / "requirements-dev.lock").write_text("changed")
        (project / "no-network").touch()
        assert make(project).returncode != 0
        assert (project / ".venv/bin/of the old one").exists()
        assert not list(project.glob(".venv.??????"))

        (project / "no-network").unlink()
        assert make(project).returncode == 0
        assert not (project / ".venv/bin/of the old one").exists()
        assert (project / ".venv.before/bin/of the old one").exists()
        assert held.read().startswith("#!")


def test_a_folder_that_is_no_environment_is_left_alone(project):
    (project / ".venv").mkdir()
    (project / ".venv" / "mine").touch()
    refused = make(project)
    assert refused.returncode == 1 and "move it away" in refused.stderr
    assert [path.name for path in (project / ".venv").iterdir()] == ["mine"]
