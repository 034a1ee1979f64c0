"""docs/adding-an-edition.md, followed: a new edition is rows in seeds and the name of a source.

Two made-up editions: England 2027 on the LSOAs of 2021, and Scotland 2026 on data zones of 2022,
which stand in the directory's column lsoa21. Whatever is forgotten stops the build by its name.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import duckdb
import pytest

from deprivation.sample.world import build_world
from deprivation.sample.write import write_sample

PROJECT = Path(__file__).parents[2]
POSTCODES, AREAS = 10_000, 400
NEW = [2027, "Scotland 2026"]


def change(seed: Path, changed: Callable[[list[dict]], Iterable[dict]]) -> None:
    """Write a seed anew, from what `changed` makes of its rows."""
    with seed.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        rows = list(reader)
    with seed.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, reader.fieldnames, lineterminator="\n")
        writer.writeheader()
        writer.writerows(changed(rows))


def repeat(seed: Path, nation: str, edition: str, new_edition: str, **facts: str) -> None:
    """Add an edition's rows once more under another year, as docs/adding-an-edition.md shows."""
    change(
        seed,
        lambda rows: [
            *rows,
            *(
                row | {"edition": new_edition} | facts
                for row in rows
                if (row["nation"], row["edition"]) == (nation, edition)
            ),
        ],
    )


def name_sources(project: Path) -> None:
    for folder, table in (("mhclg", "england_2027"), ("scottish_government", "scotland_2026")):
        with (project / "models" / "staging" / folder / "_sources.yml").open("a") as file:
            file.write(f"      - name: {table}\n")


@pytest.fixture
def project(tmp_path) -> Path:
    """A copy of the project whose seeds know both editions; their sources are still missing."""
    copied = tmp_path / "project"
    for folder in ("macros", "models", "scripts", "seeds", "tests"):
        shutil.copytree(
            PROJECT / folder, copied / folder, ignore=shutil.ignore_patterns("python", "package")
        )
    for file in ("dbt_project.yml", "profiles.yml"):
        shutil.copy(PROJECT / file, copied)
    seeds = copied / "seeds"
    repeat(
        seeds / "published_editions.csv",
        *("England", "2025", "2027"),
        short_name="2027",
        is_required="false",
        file_pattern=r"file[ _]7.*2027.*\.csv",
    )
    repeat(
        seeds / "published_editions.csv",
        *("Scotland", "2020", "2026"),
        area_type="data zone 2022",
        area_column="lsoa_2021_code",
        file_pattern=r"simd2026\.csv",
    )
    for seed in ("indices", "index_columns"):
        repeat(seeds / f"{seed}.csv", "England", "2025", "2027")
    of_scotland = {"nation": "Scotland", "edition": "2026"}
    zone = {"source_column": "Zone", "measure": "area_code", "is_text": "true"}
    overall = {"source_column": "Rank", "index_code": "imd", "measure": "rank", "is_text": "false"}
    change(
        seeds / "index_columns.csv",
        lambda rows: [*rows, of_scotland | zone, of_scotland | overall],
    )
    change(
        seeds / "indices.csv",
        lambda rows: [
            *rows,
            *(
                row | of_scotland
                for row in rows
                if (row["nation"], row["edition"]) == ("Scotland", "2020")
                and row["index_code"] == "imd"
            ),
        ],
    )
    return copied


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("new_edition") / "data"
    write_sample(folder, postcodes=POSTCODES, areas=AREAS)
    (newest,) = (folder / "iod").glob("*2025*")
    shutil.copy(newest, folder / "iod" / newest.name.replace("2025", "2027"))
    zones = [area.code for area in build_world(AREAS, POSTCODES).areas21["S"]]
    (folder / "nations" / "simd2026.csv").write_text(
        "Zone,Rank\n" + "".join(f"{zone},{rank}\n" for rank, zone in enumerate(zones, start=1))
    )
    return folder


def build(project: Path, data: Path, database: Path) -> subprocess.CompletedProcess[str]:
    inherited = {key: text for key, text in os.environ.items() if "DEPRIVATION" not in key}
    wanted = {
        "editions": [2025, *NEW],
        "other_editions": False,
        "allow_incomplete_editions": [2025, *NEW],
    }
    return subprocess.run(
        [sys.executable, "-m", "deprivation", "build", "--vars", json.dumps(wanted)],
        cwd=database.parent,
        env=inherited
        | {
            "PYTHONPATH": str(project / "scripts"),
            "DEPRIVATION_DATA_DIR": str(data),
            "DEPRIVATION_DB": str(database),
            "DEPRIVATION_WORK_DIR": str(database.parent / "work"),
        },
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.long
def test_a_new_edition_is_rows_and_a_source(project, data, tmp_path):
    name_sources(project)
    built = build(project, data, tmp_path / "new.duckdb")
    assert built.returncode == 0, built.stdout + built.stderr

    with duckdb.connect(str(tmp_path / "new.duckdb"), read_only=True) as connection:

        def one(sql: str) -> tuple:
            return connection.execute(sql).fetchone()

        editions = "select list(nation || ' ' || edition order by edition) from editions"
        assert one(editions) == (["England 2025", "Scotland 2026", "England 2027"],)
        # The same file under another year: the same ranks, side by side in the wide tables.
        for table in ("postcode_imd_wide", "area_imd_wide"):
            different = f"""
                select count(*) filter (imd_rank_2027 is distinct from imd_rank_2025),
                    count(imd_rank_2027) > 0, count(imd_decile_2026) > 0
                from {table}
            """
            assert one(different) == (0, True, True), table
        described = "select count(*) from duckdb_columns() where column_name like 'imd_%_2027'"
        assert one(described + " and comment like '%1 = most deprived%'") == (6,)
        # Data zones of 2022 stand in the directory's column of 2021.
        zones = """
            select count(*), count(imd.imd_decile) from postcodes
            inner join postcode_imd as imd using (postcode_key)
            where imd.edition = 2026 and postcodes.lsoa_2021_code is not null
        """
        postcodes, ranked = one(zones)
        assert postcodes == ranked > 0
        changes = """
            select min(change_code), max(change_code), max(abs(rank - older_rank)),
                min(is_comparable), max(is_comparable)
            from area_changes where edition = 2027 and older_edition = 2025
        """
        assert one(changes) == ("U", "U", 0, "not assessed", "not assessed")


@pytest.mark.long
def test_a_forgotten_source_is_named(project, data, tmp_path):
    forgotten = build(project, data, tmp_path / "new.duckdb")
    assert forgotten.returncode != 0
    said = "England 2027: no table england_2027 in the source mhclg"
    assert said in forgotten.stderr, forgotten.stdout + forgotten.stderr
    assert not (tmp_path / "new.duckdb").exists()


@pytest.mark.long
def test_forgotten_facts_are_named(project, data, tmp_path):
    name_sources(project)

    def is_of(row: dict, nation: str, edition: str) -> bool:
        return (row["nation"], row["edition"]) == (nation, edition)

    change(
        project / "seeds" / "published_editions.csv",
        lambda rows: [
            row | ({"quantile_rule": ""} if is_of(row, "Scotland", "2026") else {}) for row in rows
        ],
    )
    change(
        project / "seeds" / "indices.csv",
        lambda rows: [
            row | ({"weight": ""} if is_of(row, "England", "2027") else {}) for row in rows
        ],
    )
    unused = {"index_code": "", "measure": "unused", "is_text": "true"}
    change(
        project / "seeds" / "index_columns.csv",
        lambda rows: [
            row
            | (
                unused
                if is_of(row, "England", "2027")
                and (row["index_code"], row["measure"]) == ("crime", "rank")
                else {}
            )
            for row in rows
        ],
    )
    forgotten = build(project, data, tmp_path / "new.duckdb")
    assert forgotten.returncode != 0
    for said in (
        "edition = 2026; forgotten = published_editions has no quantile_rule",
        "edition = 2027; forgotten = indices has weights for 0 of 7 domains",
        "edition = 2027; forgotten = index_columns has no rank of crime",
    ):
        assert said in forgotten.stderr, forgotten.stdout + forgotten.stderr
    assert not (tmp_path / "new.duckdb").exists()
