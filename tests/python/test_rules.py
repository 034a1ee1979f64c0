"""A rule broken in each nation's file: the test named here fails, in the default run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import jinja2
import pytest

from deprivation.sample import index_files
from deprivation.sample.indices import Edition
from deprivation.sample.write import write_sample
from deprivation.seeds import read_seed

DBT = Path(sys.executable).parent / "dbt"
PROJECT = Path(__file__).parents[2]


def swap_values(column: str) -> Callable[[list[str], list[list]], None]:
    """Give the first area the value of the last in order, and the other way round."""

    def spoil(header: list[str], columns: list[list]) -> None:
        at = header.index(column)
        columns[at] = values = list(columns[at])
        first, last = values.index(min(values)), values.index(max(values))
        values[first], values[last] = values[last], values[first]

    return spoil


def double_a_rank(column: str) -> Callable[[list[str], list[list]], None]:
    def spoil(header: list[str], columns: list[list]) -> None:
        at = header.index(column)
        columns[at] = ranks = list(columns[at])
        ranks[ranks.index(2)] = 3

    return spoil


# Nation, edition -> what is wrong with its file, and the test that says so.
BROKEN = {
    ("England", 2010): (swap_values("IMD_decile"), "assert_deciles_follow_the_publishers_rule"),
    ("England", 2004): (double_a_rank("IMD_rank"), "assert_ranks_run_from_1_to_n"),
    ("England", 2019): (
        swap_values("Income Rank (where 1 is most deprived)"),
        "assert_imd_scores_are_the_weighted_domains",
    ),
    ("Wales", 2019): (swap_values("Housing"), "assert_welsh_scores_give_the_welsh_ranks"),
    ("Wales", 2025): (
        swap_values("WIMD 2025 overall decile"),
        "assert_deciles_follow_the_publishers_rule",
    ),
    ("Scotland", 2020): (
        swap_values("SIMD2020v2_Quintile"),
        "assert_deciles_follow_the_publishers_rule",
    ),
    ("Northern Ireland", 2017): (
        swap_values("MDM_rank"),
        "assert_directory_ranks_equal_the_editions",
    ),
}

# The last rank of each decile in the files as published (counted in them), Scotland's ties apart.
# Scotland 2012, Northern Ireland 2010: no deciles are published; those of the next edition's rule.
ENGLAND_TO_2010 = [3249, 6497, 9745, 12993, 16241, 19490, 22738, 25986, 29234, 32482]
ENGLAND_2015_2019 = [3284, 6568, 9853, 13137, 16422, 19706, 22990, 26275, 29559, 32844]
NORTHERN_IRELAND = [89, 178, 267, 356, 445, 534, 623, 712, 801, 890]
SCOTLAND_FROM_2016 = [697, 1395, 2092, 2790, 3488, 4185, 4883, 5580, 6278, 6976]
WALES_TO_2019 = [191, 382, 573, 764, 955, 1146, 1337, 1528, 1719, 1909]
LAST_RANKS = {
    ("England", 2004): ENGLAND_TO_2010,
    ("England", 2007): ENGLAND_TO_2010,
    ("England", 2010): ENGLAND_TO_2010,
    ("England", 2015): ENGLAND_2015_2019,
    ("England", 2019): ENGLAND_2015_2019,
    ("England", 2025): [3375, 6751, 10126, 13502, 16877, 20253, 23628, 27004, 30379, 33755],
    ("Northern Ireland", 2010): NORTHERN_IRELAND,
    ("Northern Ireland", 2017): NORTHERN_IRELAND,
    ("Scotland", 2012): [650, 1301, 1951, 2602, 3252, 3903, 4553, 5204, 5854, 6505],
    ("Scotland", 2016): SCOTLAND_FROM_2016,
    ("Scotland", 2020): SCOTLAND_FROM_2016,
    ("Wales", 2014): WALES_TO_2019,
    ("Wales", 2019): WALES_TO_2019,
    ("Wales", 2025): [191, 382, 574, 766, 958, 1149, 1341, 1533, 1724, 1917],
}


def last_ranks(groups: int) -> dict[tuple[str, int], list[int]]:
    """The last rank of each of so many groups, by the macro and the rule of each edition."""
    macros = (PROJECT / "macros" / "quantiles.sql").read_text(encoding="utf-8")
    rule = (
        jinja2.Environment()
        .from_string(macros)
        .module.official_quantile("quantile_rule", "decile_bounds", "rank", "areas", groups)
    )
    seed = PROJECT / "seeds" / "published_editions.csv"
    found = duckdb.execute(
        f"""
        with ranked as (
            select *, unnest(range(1, areas + 1)) as rank
            from read_csv(?, types = {{'decile_bounds': 'varchar'}})
        ),
        last_ranks as (
            select nation, edition, {rule} as quantile, max(rank) as last_rank
            from ranked group by all
        )
        select nation, edition, list(last_rank order by quantile) from last_ranks group by all
        """,
        [str(seed)],
    ).fetchall()
    return {(nation, edition): ranks for nation, edition, ranks in found}


def test_the_rule_of_each_edition_gives_the_published_deciles():
    """Of the sample's 400 areas two rules make the same deciles; of as many as there are, not."""
    assert last_ranks(10) == LAST_RANKS


@pytest.mark.parametrize("edition", [2010, 2017])
def test_northern_irelands_percentiles_round_up(edition):
    """Its 890 areas have the same deciles by either rule; percentiles (area_changes) tell them."""
    percentiles = last_ranks(100)["Northern Ireland", edition]
    assert percentiles == [89 * group // 10 for group in range(1, 101)]


# What a publisher calls a column, and the indices that it may be of.
SUBJECTS = {
    "income": {"income", "idaci", "idaopi"},
    "employ": {"employment"},
    "educat": {"education"},
    "health": {"health"},
    "crime": {"crime"},
    "hous": {"housing", "barriers"},
    "living": {"living_environment"},
}


def test_a_column_that_names_its_subject_is_read_as_that_index():
    """The sample is written by the same seed, so two domains exchanged look right in it."""
    rows = [row for row in read_seed("index_columns") if row["index_code"]]
    named = [
        (row, indices)
        for row in rows
        for word, indices in SUBJECTS.items()
        if word in row["source_column"].lower()
    ]
    assert {row["nation"] for row, _ in named} == {nation for nation, _ in LAST_RANKS}
    assert [row for row, indices in named if row["index_code"] not in indices] == []


@pytest.fixture(scope="module")
def failed(tmp_path_factory) -> dict[str, set[tuple[str, int]]]:
    """(nation, edition) of the rows that each failing test finds, all nations broken at once."""
    folder = tmp_path_factory.mktemp("broken")
    columns_of = index_files.columns_of

    def spoiled(edition: Edition):
        header, columns = columns_of(edition)
        spoil, _ = BROKEN.get((edition.nation, edition.year), (None, ""))
        if spoil:
            spoil(header, columns)
        return header, columns

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(index_files, "columns_of", spoiled)
        write_sample(folder / "data", postcodes=3_000, areas=100)
    environment = {key: value for key, value in os.environ.items() if "DEPRIVATION" not in key}
    environment |= {
        "DEPRIVATION_DATA_DIR": str(folder / "data"),
        # Without a folder, as conftest.py had the project parsed.
        "DEPRIVATION_DB": "deprivation.duckdb",
        "DEPRIVATION_INTERMEDIATE_DB": "work.duckdb",
        "DEPRIVATION_WORK_DIR": str(folder / "work"),
        "DBT_PROJECT_DIR": str(PROJECT),
        "DBT_PROFILES_DIR": str(PROJECT),
        "DBT_TARGET_PATH": str(folder / "target"),
        "DBT_LOG_PATH": str(folder / "logs"),
    }
    without_tests = ["--exclude-resource-type", "test", "unit_test"]
    for command in (["build", *without_tests], ["test", "--select", "test_type:singular"]):
        run = subprocess.run([DBT, "--quiet", *command], cwd=folder, env=environment, check=False)
        assert run.returncode == (command[0] == "test")
    results = json.loads((folder / "target/run_results.json").read_text())["results"]
    found = {}
    work = folder / "work" / "work.duckdb"
    with duckdb.connect(str(folder / "deprivation.duckdb")) as connection:
        connection.execute(f"attach '{work}' as work (read_only)")
        inputs = next(path for path in (folder / "work/prepared").iterdir() if path.is_dir())
        connection.execute(f"set variable inputs = '{inputs}'")
        for result in results:
            name = result["unique_id"].split(".")[2]
            if result["status"] == "fail":
                query = f"select distinct nation, edition from ({result['compiled_code']})"
                found[name] = set(connection.execute(query).fetchall())
    return found


@pytest.mark.parametrize(("nation", "edition"), BROKEN)
def test_a_broken_rule_fails_its_test(failed, nation, edition):
    _, test = BROKEN[nation, edition]
    assert (nation, edition) in failed.get(test, ())


def test_nothing_else_fails(failed):
    assert set.union(*failed.values()) == set(BROKEN)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([("A", "England", 2015), ("A", "England", 2019), ("B", "Wales", 2019)], []),
        # One too many and one too few: as many rows as there should be.
        ([("A", "England", 2015), ("A", "England", 2015), ("B", "England", 2019)], [("A", 2)]),
        # Twice the first edition is as much as the second one.
        ([("A", "England", 2015)] * 2 + [("A", "Wales", 2015), ("B", "England", 2019)], [("A", 3)]),
        ([("A", "England", 2019)] * 3 + [("B", "England", 2015)], [("A", 3)]),
    ],
)
def test_a_key_that_is_there_twice_is_found_by_its_few_values(rows, expected):
    lines = (PROJECT / "tests/generic/one_row_per.sql").read_text().splitlines()
    body = "\n".join(lines[1:-1])
    query = jinja2.Template(body).render(
        model="imd", key=["postcode_key", "nation", "edition"], few=["nation", "edition"]
    )
    with duckdb.connect() as connection:
        connection.execute("create table imd (postcode_key text, nation text, edition integer)")
        connection.executemany("insert into imd values (?, ?, ?)", rows)
        assert connection.execute(query).fetchall() == expected
