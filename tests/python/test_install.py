"""`pip install .`, not editable: the package brings all that its commands read."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from importlib.metadata import packages_distributions, requires
from pathlib import Path

import duckdb
import pytest

PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Run the installed package outside of a checkout, on the libraries of this environment."""
    site = tmp_path_factory.mktemp("site")
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
            *("--no-deps", "--no-build-isolation", "--target", site, PROJECT),
        ],
        check=True,
    )
    home = tmp_path_factory.mktemp("home")

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("DEPRIVATION_", "DBT_"))
        }
        return subprocess.run(
            [sys.executable, "-m", "deprivation", *arguments],
            cwd=home,
            env=environment | {"PYTHONPATH": str(site)},
            capture_output=True,
            text=True,
            check=False,
        )

    run.home, run.site = home, site
    return run


@pytest.mark.long
def test_the_package_builds_and_answers_where_it_is_run(installed):
    before = {path for path in installed.site.rglob("*") if "__pycache__" not in path.parts}
    built = installed("build")
    assert built.returncode == 0, built.stderr
    with duckdb.connect(str(installed.home / "deprivation.duckdb"), read_only=True) as connection:
        assert connection.execute("select count(*) from postcodes").fetchone() == (10_000,)
    answer = installed("lookup", "ng16 1aa", "--edition", "2019")
    assert answer.returncode == 0 and "NG16 1AA" in answer.stdout, answer.stderr
    after = {path for path in installed.site.rglob("*") if "__pycache__" not in path.parts}
    assert after == before


@pytest.mark.parametrize("arguments", [["--version"], ["prepare"], ["sample", "--out", "data"]])
def test_the_package_runs_each_command(installed, arguments):
    done = installed(*arguments)
    assert done.returncode == 0, done.stderr


def plain(requirement: str) -> str:
    """The name of a package, spelt as its index does: Jinja2>=3.1 is jinja2."""
    return re.sub(r"[-_.]+", "-", re.match(r"[\w.-]+", requirement)[0]).lower()


def test_the_package_asks_for_what_its_commands_import():
    """Without an extra; shapefiles alone need one, and say so (fetch/shapefiles.py)."""
    owners = packages_distributions()
    there = {plain(name) for names in owners.values() for name in names}
    brought, left = set(), {"postcode-deprivation"}
    while left:
        name = left.pop()
        brought.add(name)
        asked = {plain(text) for text in requires(name) or [] if "extra ==" not in text}
        # Those of another system or of an older Python are not here.
        left |= (asked & there) - brought
    imported = set()
    for path in (PROJECT / "scripts" / "deprivation").rglob("*.py"):
        if path.name != "shapefiles.py":
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                names += [node.module] if isinstance(node, ast.ImportFrom) else []
                imported |= {name.split(".")[0] for name in names}
    missing = {
        module
        for module in imported - sys.stdlib_module_names - {"deprivation"}
        if not {plain(owner) for owner in owners.get(module, [])} & brought
    }
    assert {"uvicorn", "fastapi", "dbt"} <= imported and not missing
