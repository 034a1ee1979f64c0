"""The macro `enriched` gives the rows of `deprivation enrich`, on DuckDB, PostgreSQL and Spark."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path

import duckdb
import psycopg
import pytest

import postgres_server
import spark_engine
from deprivation import export as exporting
from deprivation import sql_macros
from deprivation.errors import InputError

# NG16 1AA in full-width letters, as an East Asian keyboard writes it.
FULL_WIDTH = "".join(chr(ord(letter) + 0xFEE0) for letter in "NG161AA")
WRITTEN = [
    "", "N/A", "unknown", "ZZ99 3VZ", "zz993wz", "not a postcode", "M1", "M1 1", "M11", "W1A 1",
    "ng16", "NG16 1", " ng16\u00a01aa ", "NG1\u200b61AA", FULL_WIDTH, "NG16 1A",
    "NPT 0AA", "ng16-1aa",
    "NG16 9ZZ", "GIR 0AA", "BT1 1AA", "é", "ßw1 1AA", "\u017fW1A 1AA", "n\u0131p 0aa",
    "M1\u200b1", "M1\u00a01", "".join(chr(ord(letter) + 0xFEE0) for letter in "W1A"), "A" * 100_000,
]  # fmt: skip
DATES = ["2014-05-31", "2017-12-31", "2018-01-01", "2031-01-01", "1899-12-30", "9999-12-31", ""]
TEXT_DATES = [
    "2017-12-31",
    "2018-01-01T09:30:00Z",
    " 2019-05-31 ",
    "2019-02-30",
    "soon",
    "n/a",
    "9999-12-31",
]
CASES = {
    "an edition": {"edition": "2019"},
    "newest": {},
    "nearest": {"edition": "nearest:2018"},
    "indices": {"edition": "2019", "indices": ["imd", "income"], "prefix": "d_"},
    "places": {"edition": "2019", "local": ["lad", "region"]},
    "sectors": {"edition": "2019", "fallback": "sector"},
    "sectors, newest": {"fallback": "sector"},
    "dates": {"date_column": "seen"},
    "dates, sectors, an edition without": {
        "date_column": "seen", "edition": "2015", "fallback": "sector",
    },
    "dates as text": {"date_column": "Seen, as written"},
    "odd names": {"indices": ["IMD", "own:Equal_Weights"], "prefix": "new "},
}  # fmt: skip
# What stops the query: else there were columns of nulls, or two of one name.
REFUSED = {
    "index incom is not in": {"indices": ["imd", "incom"]},
    "geography nowhere is not in": {"local": ["nowhere"]},
    "geography custom:St John's is not in": {"local": ["custom:St John's"]},
    "edition 2018 is not in": {"edition": 2018},
    "ambiguous": {"relation": "(select people.*, 1 as Edition from people)"},
}


@pytest.fixture(scope="module")
def people(warehouse, tmp_path_factory) -> Path:
    """Postcodes of every nation, live and ended, with and without areas, and all that is none."""
    path = tmp_path_factory.mktemp("people") / "people.csv"
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        rows = connection.execute("""
            select postcode, lower(postcode_key) from postcodes
            qualify row_number() over (
                partition by
                    country_code, is_live, lsoa_2011_code is null, lsoa_2021_code is null
                order by postcode_key
            ) <= 3
        """).fetchall()
        sectors = connection.execute(
            "select partial from partial_postcodes where level = 'sector' order by partial limit 40"
        ).fetchall()
    texts = [text for row in rows for text in row] + WRITTEN
    texts += [f"{sector}ZZ" for (sector,) in sectors[:30]] + [sector for (sector,) in sectors]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["person", "Post Code", "seen", "Seen, as written"])
        for number, text in enumerate(texts):
            dates = [some[number % len(some)] for some in (DATES, TEXT_DATES)]
            writer.writerow([number, text, *dates])
    return path


def by_command(deprivation, warehouse, people, folder, **case) -> tuple[list[str], list[list[str]]]:
    """Header and rows of `deprivation enrich`."""
    options = []
    for name, value in case.items():
        option = {"indices": "--index", "local": "--local"}.get(name, f"--{name.replace('_', '-')}")
        options += [option, ",".join(value) if isinstance(value, list) else value]
    output = folder / "enriched.csv"
    done = deprivation(
        *("enrich", people, "--postcode-column", "Post Code", "--output", output, *options),
        *("--force", "--database", warehouse),
    )
    assert done.returncode == 0, done.stderr
    with output.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    return header, rows


def enriched_people(dialect: str, schema: str, relation: str = "people", **case) -> str:
    """The macro's query."""
    return sql_macros.enriched(relation, dialect, schema, postcode_column="Post Code", **case)


def as_text(value: object) -> str:
    """A value as the command writes it into CSV; whole numbers without a point."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    return str(value)


def same(found: str, expected: str) -> bool:
    if found == expected:
        return True
    try:
        return math.isclose(float(found), float(expected), rel_tol=1e-9)
    except ValueError:
        return False


@pytest.fixture(scope="module")
def duckdb_rows(warehouse, people):
    """The macro's header and rows in DuckDB, for a case."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        connection.execute(
            "create temp table people as select * replace (cast(nullif(seen, '') as date) as seen)"
            f" from read_csv('{people}', all_varchar = true, header = true, delim = ',')"
        )

        def rows(**case):
            query = enriched_people("duckdb", "main", **case)
            found = connection.execute(f"{query} order by cast(person as integer)")
            return [column[0] for column in found.description], found.fetchall()

        yield rows


@pytest.fixture(scope="module")
def postgres_rows(warehouse, people):
    """The same in PostgreSQL, over the exported tables."""
    with (
        postgres_server.server() as conninfo,
        psycopg.connect(conninfo, autocommit=True) as connection,
    ):
        exporting.to_postgres(warehouse, conninfo)
        connection.execute(
            "create temp table people"
            ' (person text, "Post Code" text, seen date, "Seen, as written" text)'
        )
        with connection.cursor().copy("copy people from stdin with (format csv, header)") as copy:
            copy.write(people.read_bytes())

        def rows(**case):
            query = enriched_people("postgres", "deprivation", **case)
            found = connection.execute(f"{query} order by cast(person as integer)")
            return [column.name for column in found.description], found.fetchall()

        yield rows


@pytest.mark.parametrize("engine", ["duckdb_rows", "postgres_rows"])
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_macro_gives_the_rows_of_the_command(
    deprivation, warehouse, people, tmp_path, engine, case, request
):
    header, expected = by_command(deprivation, warehouse, people, tmp_path, **case)
    names, rows = request.getfixturevalue(engine)(**case)
    assert names == header
    assert len(rows) == len(expected)
    for row, wanted in zip(rows, expected, strict=True):
        for name, value, text in zip(header, row, wanted, strict=True):
            assert same(as_text(value), text), (wanted[:3], name, value, text)
    statuses = {row[header.index(f"{case.get('prefix', '')}match_status")] for row in expected}
    assert {"matched", "not_found", "partial", "pseudo", "invalid", "missing"} <= statuses


@pytest.mark.parametrize("engine", ["duckdb_rows", "postgres_rows"])
@pytest.mark.parametrize("why", REFUSED)
def test_what_is_not_there_or_there_already_stops_the_query(engine, why, request):
    rows = request.getfixturevalue(engine)
    with pytest.raises((duckdb.Error, psycopg.Error), match=f"(?i){why}"):
        rows(**REFUSED[why])


@pytest.mark.long
def test_the_macro_gives_the_rows_of_the_command_on_spark(deprivation, warehouse, people, tmp_path):
    spark_engine.environment()  # or the test is skipped, before anything is made
    exporting.to_parquet(warehouse, tmp_path / "export", None)
    queries = {
        name: enriched_people("spark", "deprivation", **case)
        for name, case in (CASES | REFUSED).items()
    }
    (tmp_path / "queries.json").write_text(json.dumps(queries))
    (tmp_path / "out").mkdir()
    given = (tmp_path / "export", people, tmp_path / "queries.json", tmp_path / "out")
    spark_engine.run_script("spark_queries.py", *given, cwd=tmp_path)
    for name, case in CASES.items():
        failed = tmp_path / "out" / f"{name}.error"
        assert not failed.exists(), failed.read_text()[:2000]
        header, expected = by_command(deprivation, warehouse, people, tmp_path, **case)
        with (tmp_path / "out" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            names, *rows = csv.reader(file)
        assert (names, len(rows)) == (header, len(expected)), name
        for row, wanted in zip(rows, expected, strict=True):
            for column, value, text in zip(header, row, wanted, strict=True):
                assert same(value, text), (name, wanted[:3], column, value, text)

    for why in REFUSED:
        assert why.lower() in (tmp_path / "out" / f"{why}.error").read_text().lower()


def test_what_the_macro_does_not_know_is_refused():
    with pytest.raises(InputError, match="edition is a year"):
        sql_macros.enriched("people", postcode_column="postcode", edition="newest")
    with pytest.raises(InputError, match="fallback is 'sector'"):
        sql_macros.enriched("people", postcode_column="postcode", fallback="outcode")
    with pytest.raises(InputError, match="--dialect"):
        sql_macros.enriched("people", "oracle", postcode_column="postcode")
