"""A build as its users see it: two commands, any directory, custom areas, older layouts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from deprivation.plugin import memory_limit
from deprivation.sample.write import write_sample
from outlines import collection, square

PROJECT = Path(__file__).parents[2]


def query(database: Path, sql: str) -> list[tuple]:
    with duckdb.connect(str(database), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def dbt(*arguments: str, cwd: Path, database: Path, **variables: str):
    """Run plain dbt as a data team does, in the activated environment."""
    inherited = {key: os.environ[key] for key in os.environ if not key.startswith("DEPRIVATION_")}
    environment = inherited | {
        "DEPRIVATION_DB": str(database),
        "DEPRIVATION_WORK_DIR": str(database.parent / "work"),
        "DBT_PROJECT_DIR": str(PROJECT),
        "DBT_PROFILES_DIR": str(PROJECT),
        **variables,
    }
    return subprocess.run(
        [Path(sys.executable).parent / "dbt", *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_synthetic_data_is_marked_so(warehouse):
    assert query(warehouse, "select distinct is_synthetic from sources") == [(True,)]


def test_each_kind_of_postcode_is_there(warehouse):
    (found,) = query(
        warehouse,
        """
        select
            count(*) filter (is_live), count(*) filter (not is_live),
            count(*) filter (is_large_user), count(distinct country_code),
            count(*) filter (latitude is null)
        from postcodes
        """,
    )
    assert all(found)
    assert found[3] == 6, found


def test_pseudo_codes_are_null(warehouse):
    codes = query(
        warehouse,
        """
        select column_name from duckdb_columns()
        where table_name = 'postcodes' and column_name like '%_code'
        """,
    )
    for (column,) in codes:
        pseudo = f"select count(*) from postcodes where {column} like '_99999999'"
        assert query(warehouse, pseudo) == [(0,)], column


def test_english_postcodes_without_an_area_stay_with_nulls(warehouse):
    (counts,) = query(
        warehouse,
        """
        select count(*), count(imd_rank) from postcode_imd
        join postcodes using (postcode_key)
        where edition = 2025 and country_code = 'E92000001' and lsoa_2021_code is null
        """,
    )
    assert counts[0] > 0
    assert counts[1] == 0


def test_tables_and_columns_are_described_in_the_file(warehouse):
    nothing = (
        "select table_name from duckdb_tables() where comment is null and schema_name = 'main'"
    )
    assert query(warehouse, nothing) == []
    nothing = """
        select table_name, column_name from duckdb_columns()
        where comment is null and schema_name = 'main' and not internal
    """
    assert query(warehouse, nothing) == []


@pytest.mark.long
def test_plain_dbt_works_from_any_directory(warehouse, tmp_path):
    database = tmp_path / "deprivation.duckdb"
    for arguments in (
        ["build"],
        ["build", "--select", "postcodes"],
        ["test"],
        ["source", "freshness"],
        ["docs", "generate"],
    ):
        done = dbt(*arguments, cwd=tmp_path, database=database)
        assert done.returncode == 0, (arguments, done.stdout)
    everything = "select * from postcode_imd order by all"
    assert query(database, everything) == query(warehouse, everything)


@pytest.mark.long
def test_an_empty_build_leaves_the_published_file_alone(tmp_path):
    database = tmp_path / "deprivation.duckdb"
    database.write_bytes(b"as it was")
    done = dbt("build", "--empty", cwd=tmp_path, database=database)
    assert done.returncode == 0, done.stdout
    assert database.read_bytes() == b"as it was"


@pytest.mark.long
@pytest.mark.parametrize(
    ("layout", "editions"),
    [
        ("ONSPD_2018_05", [2015, 2019]),
        ("NSPL_2021_11", [2015, 2019]),
        ("NSPL_2025_08", [2025]),
    ],
)
def test_older_layouts_build_the_editions_they_can(deprivation, tmp_path, layout, editions):
    write_sample(tmp_path / "data", postcodes=2_000, areas=80, layout=layout, packing="area-files")
    boundaries = tmp_path / "data" / "boundaries"
    boundaries.mkdir()
    outlines = {"E01000001": square(-0.1, 51.5), "E01000002": square(-0.2, 51.5)}
    (boundaries / "LSOA_2021.geojson").write_text(collection(outlines))
    built = deprivation(
        "build",
        "--vars",
        json.dumps({"editions": editions}),
        DEPRIVATION_DATA_DIR=tmp_path / "data",
        DEPRIVATION_DB=tmp_path / "deprivation.duckdb",
        DEPRIVATION_WORK_DIR=tmp_path / "work",
    )
    assert built.returncode == 0, built.stdout + built.stderr
    database = tmp_path / "deprivation.duckdb"
    assert query(database, "select count(*) from postcodes") == [(2_000,)]
    found = query(
        database,
        "select edition from editions where nation = 'England' and edition >= 2015 order by 1",
    )
    assert [edition for (edition,) in found] == editions
    files = "select sum(row_count), count(*) > 10 from sources where source = 'postcode_directory'"
    assert query(database, files) == [(2_000, True)]
    assert query(database, "select code from boundaries order by code") == [*zip(outlines)]
    known = "select file_name, row_count from sources where source = 'boundaries'"
    assert query(database, known) == [("LSOA_2021.geojson", 2)]


@pytest.mark.long
def test_custom_areas_of_any_time_without_northern_ireland(warehouse, deprivation, tmp_path):
    (abolished,) = query(
        warehouse,
        """
        select min(lad_code) from area_indices
        where edition = 2015 and lad_code not in (
            select geography_code from local_quantiles where geography = 'lad'
        ) and lad_code not in (
            select lad_code from area_indices where nation = 'England' and edition = 2025
        )
        """,
    )[0]
    ((area,),) = query(
        warehouse,
        "select min(area_code) from area_indices where edition = 2025",
    )
    custom = tmp_path / "the county's areas.csv"
    custom.write_text(f"name,member\nOurs,{abolished}\nOurs,{area}\n")
    wanted = {"custom_areas": str(custom), "include_northern_ireland": False}
    arguments = ["build", "--vars", json.dumps(wanted)]
    places = {
        "DEPRIVATION_DB": tmp_path / "deprivation.duckdb",
        "DEPRIVATION_WORK_DIR": tmp_path / "work",
    }
    built = deprivation(*arguments, **places)
    assert built.returncode == 0, built.stdout + built.stderr
    countries = "select count(*) from postcodes where country_code = 'N92000002'"
    assert query(tmp_path / "deprivation.duckdb", countries) == [(0,)]
    found = dict(
        query(
            tmp_path / "deprivation.duckdb",
            """
            select edition, areas from area_summaries
            where geography = 'custom:Ours' and index_code = 'imd' and geography_name = 'Ours'
            """,
        )
    )
    ((published,),) = query(
        warehouse,
        f"""
        select count(*) from area_indices
        where edition = 2015 and index_code = 'imd' and lad_code = '{abolished}'
        """,
    )
    assert found[2015] in (published, published + 1)
    assert found[2025] > 1

    custom.write_text("name,member\nOurs,E06999998\n")
    chosen = ["--select", "+assert_every_custom_member_is_known"]
    refused = deprivation(*arguments, *chosen, **places)
    assert refused.returncode == 1
    assert "member = E06999998" in refused.stderr


def test_memory_is_set_from_the_machines():
    whole = 1 << 60
    assert memory_limit(100_000_000) == "100000000B"
    assert 0 < int(memory_limit(whole).removesuffix("B")) < whole


@pytest.mark.long
def test_stage_writes_what_spark_builds_from(deprivation, tmp_path):
    staged = tmp_path / "staged"
    done = deprivation("stage", "--output", staged, DEPRIVATION_WORK_DIR=tmp_path / "work")
    assert done.returncode == 0, done.stderr
    said = json.loads((staged / "staged.json").read_text(encoding="utf-8"))
    tables = {path.stem for path in staged.glob("*.parquet")}
    assert set(said["rows"]) == set(said["models"]) == tables
    assert said["rows"]["stg_ons__postcode_directory"] == 10_000
