"""One postcode: deprivation() in SQL and `deprivation lookup`."""

from __future__ import annotations

import json
import shutil

import duckdb
import pytest

from deprivation.lookup import answer_text, split_postcodes


@pytest.fixture(scope="module")
def connection(warehouse):
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def postcode(connection):
    """A live English postcode whose LSOA differs between 2011 and 2021."""
    return connection.execute(
        "select postcode from postcodes where is_live and lsoa_2011_code like 'E01%'"
        " and lsoa_2021_code <> lsoa_2011_code order by postcode limit 1"
    ).fetchone()[0]


def ask(connection, text, edition):
    found = connection.execute("select * from deprivation($1, $2)", [text, edition])
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def test_any_spelling_gives_every_index_of_the_editions_own_area(connection, postcode):
    spelt = f" {postcode.lower().replace(' ', chr(160))}\t"
    for edition, vintage in ((2019, "lsoa_2011_code"), (2025, "lsoa_2021_code")):
        rows = ask(connection, spelt, edition)
        area = connection.execute(
            f"select {vintage} from postcodes where postcode = $1", [postcode]
        ).fetchone()[0]
        published = connection.execute(
            "select index_code, score, rank, decile, quintile, lad_rank, lad_areas"
            " from area_indices where area_code = $1 and edition = $2",
            [area, edition],
        ).fetchall()
        assert {row["area_code"] for row in rows} == {area}
        assert {row["match_status"] for row in rows} == {"matched"}
        columns = ["index_code", "score", "rank", "decile", "quintile", "lad_rank", "lad_areas"]
        assert {tuple(row[name] for name in columns) for row in rows} == set(published)
        assert [row["index_code"] for row in rows][:2] == ["imd", "income"]
        assert all(row["label"] and row["kind"] for row in rows)
    assert ask(connection, spelt, None) == rows
    assert all(row["is_synthetic"] for row in rows)
    found = connection.execute("from deprivation($1)", [spelt]).fetchall()
    assert found == [tuple(row.values()) for row in rows]


def test_without_an_answer_there_is_one_row_that_says_why(connection):
    def one(condition):
        return connection.execute(
            f"select postcode from postcodes where {condition} order by postcode limit 1"
        ).fetchone()[0]

    for text, status in (
        (one("country_code = 'S92000003'"), "outside_coverage"),
        (one("country_code = 'L93000001'"), "outside_coverage"),
        (one("country_code = 'E92000001' and lsoa_2011_code is null"), "no_area"),
        ("ZZ99 3VZ", "pseudo"),
        ("M1", "partial"),
        ("hello M1 1AE", "invalid"),
        ("QQ1 1AA", "invalid"),
        ("AA99 9AA", "not_found"),
        ("  ", "missing"),
        ("n/a", "missing"),
        (None, "missing"),
    ):
        (row,) = ask(connection, text, 2019)
        assert row["match_status"] == status, text
        assert row["decile"] is None


def test_an_unknown_postcode_is_answered_by_its_sector_with_the_spread(connection):
    sector, outcode = connection.execute(
        "select sector, outcode from postcodes where country_code = 'E92000001' group by all"
        " having count(*) > 20 order by 1 limit 1"
    ).fetchone()
    units = connection.execute(
        "select right(postcode, 2) from postcodes where sector = $1", [sector]
    ).fetchall()
    unused = next(f"{a}{b}" for a in "ZYXW" for b in "ZYXWUTSR" if (f"{a}{b}",) not in units)
    (row,) = ask(connection, sector + unused, 2025)
    counted = connection.execute(
        "select imd_decile, count(*) from postcode_imd where edition = 2025 and imd_decile is not"
        " null and postcode_key like $1 || '__' group by 1 order by 2 desc, 1",
        [sector.replace(" ", "")],
    ).fetchall()
    deciles = [decile for decile, _ in counted]
    assert row["match_status"] == "sector"
    assert (row["index_code"], row["sector"], row["area_code"]) == ("imd", sector, None)
    assert row["decile"] == row["modal_decile"] == deciles[0]
    assert (row["min_decile"], row["max_decile"]) == (min(deciles), max(deciles))
    assert row["modal_share"] == pytest.approx(counted[0][1] / len(units))
    assert ask(connection, outcode, 2025)[0]["match_status"] == "partial"


def test_an_edition_that_is_not_there_stops_with_those_that_are(connection, postcode):
    with pytest.raises(
        duckdb.Error, match=r"edition 2018 .* England 2004, 2007, 2010, 2015, 2019, 2025"
    ):
        ask(connection, postcode, 2018)


def test_an_attached_file_answers_from_its_own_tables_or_says_use(warehouse, tmp_path, postcode):
    """DuckDB looks for a function's tables in the current database, whatever file it is in."""
    other = tmp_path / "other.duckdb"
    shutil.copy(warehouse, other)
    (name,) = (
        duckdb.connect(str(other))
        .execute(
            "select function_name from duckdb_functions() where function_name like '%use dep%'"
        )
        .fetchone()
    )
    with duckdb.connect(str(other)) as connection:
        connection.execute(f"create or replace macro \"{name}\"() as table select 'x' as build")
    with duckdb.connect() as connection:
        connection.execute(f"attach '{warehouse}' as dep (read_only)")
        connection.execute(f"attach '{other}' as other (read_only)")
        one, many = f"deprivation('{postcode}'", f"deprivation_many(['{postcode}']"
        for call in (f"{one}, 2019)", f"{one})", f"{many}, 2019)", f"{many})"):
            connection.execute("use memory")
            with pytest.raises(duckdb.Error, match="use dep"):
                connection.execute(f"from dep.{call}")
            connection.execute("use other")
            with pytest.raises(duckdb.Error, match="use dep"):
                connection.execute(f"from dep.{call}").fetchall()
            connection.execute("use dep")
            rows = connection.execute(f"select match_status from dep.{call}").fetchall()
            assert set(rows) == {("matched",)}


def test_it_answers_a_column_and_under_another_file_name(warehouse, tmp_path, postcode):
    moved = tmp_path / "another name.duckdb"
    shutil.copy(warehouse, moved)
    with duckdb.connect(str(moved), read_only=True) as connection:
        rows = connection.execute(
            "select people.id, answers.match_status from (values (1, $1), (2, 'x')) as people (id,"
            " postcode), deprivation(people.postcode, 2019) as answers"
            " where answers.index_code = 'imd' or answers.index_code is null order by 1",
            [postcode],
        ).fetchall()
    assert rows == [(1, "matched"), (2, "invalid")]


def test_many_are_answered_as_each_alone_and_in_their_order(connection, postcode):
    """Of every kind of answer, twice over: position and text as asked, then deprivation()'s row."""
    texts = connection.execute(
        "select text from (select postcode as text, postcode_key from postcodes qualify"
        " row_number() over (partition by country_code, is_live, lsoa_2011_code is null,"
        " lsoa_2021_code is null order by hash(postcode_key)) <= 3) order by text"
    ).fetchall()
    (sector,) = connection.execute(
        "select partial from partial_postcodes where level = 'sector' order by all limit 1"
    ).fetchone()
    texts = [text for (text,) in texts]
    texts += [f"{sector}ZZ", f" {postcode.lower()} ", postcode.replace(" ", ""), None, "", "n/a"]
    texts += ["ZZ99 3VZ", "M1", "AA99 9AA", "QQ1 1AA", "hello M1 1AE", "hello"]
    texts = texts + texts[::-1]
    seen = set()
    for edition in (2019, 2025, None):
        expected = [
            (position, text, *row)
            for position, text in enumerate(texts, 1)
            for row in connection.execute("from deprivation($1, $2)", [text, edition]).fetchall()
        ]
        asked = "from deprivation_many(cast($1 as varchar[]), $2)"
        assert connection.execute(asked, [texts, edition]).fetchall() == expected
        seen |= {row[8] for row in expected}
    one = connection.execute("from deprivation_many(cast($1 as varchar[]))", [texts])
    assert [column[0] for column in one.description][:2] == ["position", "asked"]
    assert one.fetchall() == expected
    assert len(seen) == 10, seen
    for none in ("[]", "null"):
        query = f"from deprivation_many(cast({none} as varchar[]))"
        assert connection.execute(query).fetchall() == []
    with pytest.raises(duckdb.Error, match="edition 2018 is not in this file"):
        connection.execute(asked, [texts, 2018]).fetchall()


def test_the_command_shows_a_table_and_json(deprivation, warehouse, postcode):
    shown = deprivation("lookup", *postcode.lower().split(), DEPRIVATION_DB=warehouse)
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.startswith(f"{postcode}: ")
    assert "Index of Multiple Deprivation" in shown.stdout
    written = deprivation(
        "lookup", postcode, "--json", "--edition", "nearest:2021", "--database", warehouse
    )
    answer = json.loads(written.stdout)
    assert answer["metadata"]["edition"] == 2019
    assert answer["metadata"]["areas"] > answer["overall"]["rank"] >= answer["overall"]["lad_rank"]
    assert isinstance(answer["overall"]["rank"], int)
    assert len(answer["domains"]) == 9
    assert set(answer["domains"]["idaci"]) >= {"label", "rank", "decile", "score", "lad_rank"}
    assert answer["lsoa"]["code"].startswith("E01") and answer["lad"]["name"]
    assert answer["postcode_fallback"] is None
    assert answer["is_synthetic"] is True
    assert "synthetic" in written.stderr and "SYNTHETIC" in shown.stdout


def test_several_postcodes_are_answered_in_order(deprivation, warehouse, postcode):
    several = ["lookup", *postcode.split(), "zz99 3vz", postcode.lower(), "--json"]
    run = deprivation(*several, DEPRIVATION_DB=warehouse)
    assert run.returncode == 1
    found = [(answer["postcode"], answer["match_status"]) for answer in json.loads(run.stdout)]
    assert found == [(postcode, "matched"), (None, "pseudo"), (postcode, "matched")]
    shown = deprivation(*several[:-1], DEPRIVATION_DB=warehouse)
    assert shown.stdout.count(f"{postcode}: ") == 2
    assert "zz99 3vz" in shown.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("words", "texts"),
    [
        (["m1", "1ae"], ["m1 1ae"]),
        (["m11ae", "B33 8TH"], ["m11ae", "B33 8TH"]),
        (["m1", "1ae", "b33", "8th"], ["m1 1ae", "b33 8th"]),
        (["m1"], ["m1"]),
        (["n", "g", "1"], ["n g 1"]),
    ],
)
def test_words_of_a_command_are_put_together_to_postcodes(words, texts):
    assert split_postcodes(words) == texts


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["hello"], "not a postcode"),
        (["M1 1AE", "--edition", "2018"], "England 2004, 2007, 2010, 2015, 2019, 2025"),
        (["M1 1AE", "--edition", "soon"], "neither a year"),
        (["M1 1AE", "--database", "nowhere.duckdb"], "deprivation build"),
    ],
)
def test_what_cannot_be_answered_is_one_line_and_a_failure(deprivation, warehouse, arguments, says):
    failed = deprivation("lookup", *arguments, DEPRIVATION_DB=warehouse)
    assert failed.returncode == 1
    assert says in failed.stderr.strip().splitlines()[-1]
    assert failed.stdout == ""


def test_the_command_starts_without_the_heavy_libraries(deprivation, warehouse, postcode):
    run = deprivation("lookup", postcode, DEPRIVATION_DB=warehouse, PYTHONPROFILEIMPORTTIME="1")
    assert run.returncode == 0
    loaded = {line.rpartition("|")[2].strip() for line in run.stderr.splitlines()}
    assert "duckdb" in loaded
    assert not loaded & {"dbt", "requests", "rich", "psycopg"}


def test_areas_without_names_are_shown_by_their_codes():
    """As England published them in 2004 to 2010."""
    row = {
        "title": "English Indices of Deprivation 2010", "edition_areas": 32_482,
        "area_type": "LSOA 2001", "match_status": "matched", "postcode": "M1 1AE",
        "area_name": None, "area_code": "E01005131", "lad_name": None, "kind": "overall",
        "label": "IMD", "rank": 11_869, "decile": 4, "quintile": 2, "score": 23.05,
        "lad_rank": None, "lad_areas": None,
    }  # fmt: skip
    first, *_, last = answer_text([row]).splitlines()
    assert first == "M1 1AE: E01005131"
    assert last.split() == ["IMD", "11,869", "4", "2", "23.05", "-"]
