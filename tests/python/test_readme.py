"""Every command and query of the README and of docs/, run as printed; and what the queries give."""

from __future__ import annotations

import csv
import io
import os
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import duckdb
import pytest

from deprivation.sample.write import write_sample

PROJECT = Path(__file__).parents[2]
PAGES = [PROJECT / "README.md", *sorted((PROJECT / "docs").glob("*.md"))]

# What cannot run in a test: this very test, the publishers' sites, other machines, servers.
ELSEWHERE = (
    "./scripts/test",
    "deprivation fetch",
    "deprivation refresh",
    "deprivation rollback",
    "deprivation serve",
    "deprivation export --format postgres",
    "systemctl",
)


def blocks(page: Path, language: str) -> list[str]:
    text = page.read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def statements(page: Path) -> list[str]:
    return [text for text in ";".join(blocks(page, "sql")).split(";") if text.strip()]


def named(page: Path) -> str:
    return page.name


@pytest.fixture(scope="module")
def sample(tmp_path_factory) -> Path:
    """The synthetic data set of the warehouse."""
    folder = tmp_path_factory.mktemp("sample") / "deprivation-data"
    write_sample(folder)
    return folder


def test_links_lead_somewhere():
    for page in PAGES:
        for link in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert "://" in link or (page.parent / link).exists(), (page.name, link)


@pytest.mark.parametrize("page", [page for page in PAGES if statements(page)], ids=named)
def test_queries_run(warehouse, page):
    for statement in statements(page):
        with duckdb.connect(str(warehouse), read_only=True) as connection:
            assert connection.execute(statement).fetchall(), statement


@pytest.mark.parametrize(
    "page",
    [
        # operating.md builds several times.
        pytest.param(page, marks=pytest.mark.long if page.name == "operating.md" else ())
        for page in PAGES
        if blocks(page, "sh")
    ],
    ids=named,
)
def test_commands_run(warehouse, sample, tmp_path, page):
    shutil.copytree(sample, tmp_path / "deprivation-data")
    shutil.copy(warehouse, tmp_path / "deprivation.duckdb")
    lines = [
        line
        for block in blocks(page, "sh")
        for line in block.replace("\\\n", "").splitlines()
        if not line.strip().removeprefix(".venv/bin/").startswith(ELSEWHERE)
    ]
    assert lines
    script = "\n".join(["set -eux", *lines]).replace("/srv/deprivation", str(tmp_path))
    environment = {key: os.environ[key] for key in os.environ if not key.startswith("DEPRIVATION_")}
    environment |= {
        "HOME": str(tmp_path),
        "DEPRIVATION_DB": str(tmp_path / "deprivation.duckdb"),
        "DEPRIVATION_WORK_DIR": str(tmp_path / "work"),
    }
    before = set(PROJECT.iterdir())
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    for made in set(PROJECT.iterdir()) - before:
        # Others may be at work in these.
        if made.name in ("target", "logs") or made.name.startswith("."):
            continue
        if made.is_file():
            made.unlink()
        else:
            shutil.rmtree(made)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


# What the README's queries must give, worked out from the publishers' files themselves ------------


@pytest.fixture(scope="module")
def readme_rows(warehouse):
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return [connection.execute(text).fetchall() for text in statements(PAGES[0])]


@pytest.fixture(scope="module")
def directory(sample) -> list[dict[str, str]]:
    (archive,) = (sample / "onspd").glob("*.zip")
    with zipfile.ZipFile(archive) as zipped:
        (name,) = [name for name in zipped.namelist() if re.fullmatch(r"Data/[^/]+\.csv", name)]
        return list(csv.DictReader(io.StringIO(zipped.read(name).decode("utf-8-sig"))))


@pytest.fixture(scope="module")
def file_7(sample) -> dict[str, dict[str, str]]:
    """File 7 of 2019 by LSOA, its columns by the start of their names."""
    (path,) = (sample / "iod").glob("*2019*")
    wanted = {
        "rank": "Index of Multiple Deprivation (IMD) Rank",
        "decile": "Index of Multiple Deprivation (IMD) Decile",
        "population": "Total population",
    }
    with path.open(encoding="utf-8-sig", newline="") as file:
        header, *rows = csv.reader(file)
    places = {
        key: next(at for at, name in enumerate(header) if name.startswith(start))
        for key, start in wanted.items()
    }
    return {row[0]: {key: row[at] for key, at in places.items()} for row in rows}


def test_one_postcode_has_its_areas_published_rank(readme_rows, directory, file_7):
    (row,) = [row for row in directory if row["pcds"] == "NG16 1AA"]
    published = file_7[row["lsoa11cd"]]
    rank, decile = int(published["rank"]), int(published["decile"])
    assert ("England", 2019, rank, decile) in readme_rows[0]
    overall = next(row for row in readme_rows[1] if row[1] == "Index of Multiple Deprivation")
    assert (overall[0], overall[2], overall[3]) == ("matched", rank, decile)


def test_every_live_english_postcode_is_counted_once(readme_rows, directory):
    live = [row for row in directory if not row["doterm"] and row["ctry26cd"] == "E92000001"]
    assert sum(row[2] for row in readme_rows[2]) == len(live)


def test_the_most_deprived_authority_comes_first(readme_rows):
    ranks = [row[2] for row in readme_rows[3]]
    assert ranks[0] == 1 and ranks == sorted(ranks)


def test_people_in_the_most_deprived_fifth(readme_rows, file_7):
    fifth = [row for row in file_7.values() if 5 * int(row["rank"]) <= len(file_7)]
    assert sum(row[1] for row in readme_rows[4]) == sum(int(row["population"]) for row in fifth)
