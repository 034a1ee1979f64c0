"""Exports hold every published row, and readers see the old one or the new one, never half."""

from __future__ import annotations

import datetime
import decimal
import math
import os
import signal
import subprocess
import threading
import time

import duckdb
import psycopg
import pytest

import postgres_server
from conftest import COMMAND
from deprivation import export as exporting
from deprivation.publish.contract import promised_tables


@pytest.fixture(scope="session")
def postgres():
    with postgres_server.server() as conninfo:
        yield conninfo


@pytest.fixture
def target(postgres):
    """A connection to an empty database of the server, and its connection string."""
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("drop schema if exists deprivation cascade")
        yield connection


def small_file(path, tag: int, rows: int = 1000):
    """A file of two tables that belong together."""
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"create table one as select {tag} as tag from range({rows})")
        connection.execute(
            f"create table two as select {tag} as tag, i as x from range({rows}) t(i)"
        )
    return path


# PostgreSQL -------------------------------------------------------------------------------------


def test_every_published_row_arrives(warehouse, postgres, target):
    rows = exporting.to_postgres(warehouse, postgres)
    assert sorted(rows) == promised_tables()
    with duckdb.connect(str(warehouse), read_only=True) as source:
        for table in exporting.published_tables(source):
            expected = source.execute(f"from {table.name}").fetchall()
            assert len(expected) == rows[table.name]
            found = target.execute(f"select * from deprivation.{table.name}").fetchall()
            # repr: of doubles all digits, and rows with nulls can be sorted.
            assert sorted(map(repr, found)) == sorted(map(repr, expected)), table.name


def test_types_nulls_and_awkward_text_arrive(tmp_path, postgres, target):
    database = tmp_path / "awkward.duckdb"
    # "\\." ends the data of COPY where it is alone on a line.
    texts = [
        "",
        None,
        "\\N",
        "NULL",
        "a,b",
        'a "quoted"',
        "two\nlines",
        "\\.",
        "a\\tb",
        "é\u2028€",
        " ",
    ]
    with duckdb.connect(str(database)) as connection:
        connection.execute("create table texts (n integer not null, said varchar)")
        connection.executemany("insert into texts values (?, ?)", list(enumerate(texts)))
        connection.execute("create table lone as select said from texts ")
        connection.execute(
            "create table kinds as select true as a, 1::tinyint as b, -2::smallint as c,"
            " 3::bigint as d, 170141183460469231731687303715884105727::hugeint as e,"
            " 0.1::double as f, 'nan'::double as g, '-inf'::double as h, 1.50::decimal(9,2) as i,"
            " date '2025-10-01' as j, timestamp '2026-11-22 18:21:20.123456' as k,"
            " null::date as l, 1e-300 as m, 0.1::float as n"
        )
    assert exporting.to_postgres(database, postgres) == {"kinds": 1, "lone": 11, "texts": 11}
    found = target.execute("select n, said from deprivation.texts order by n").fetchall()
    assert found == list(enumerate(texts))
    lone = [said for (said,) in target.execute("select said from deprivation.lone").fetchall()]
    assert sorted(map(repr, lone)) == sorted(map(repr, texts))
    (kinds,) = target.execute("select * from deprivation.kinds").fetchall()
    assert kinds[:4] == (True, 1, -2, 3)
    assert kinds[4] == decimal.Decimal(2**127 - 1)
    assert kinds[5] == 0.1 and math.isnan(kinds[6]) and kinds[7] == -math.inf
    assert kinds[8:12] == (
        decimal.Decimal("1.50"),
        datetime.date(2025, 10, 1),
        datetime.datetime(2026, 11, 22, 18, 21, 20, 123456),
        None,
    )
    assert kinds[12] == 1e-300 and math.isclose(kinds[13], 0.1, rel_tol=1e-6)


def test_comments_contracts_indexes_and_privileges_are_carried_over(warehouse, postgres, target):
    exporting.to_postgres(warehouse, postgres)
    target.execute("drop role if exists bi")
    target.execute("create role bi")
    target.execute("grant usage on schema deprivation to bi")
    target.execute("grant select on deprivation.postcode_imd to bi with grant option")
    target.execute("grant select on deprivation.postcodes to public")
    for _ in range(2):
        exporting.to_postgres(warehouse, postgres)
    comment = target.execute(
        "select obj_description('deprivation.postcodes'::regclass),"
        " col_description('deprivation.postcode_imd'::regclass, 8)"
    ).fetchone()
    assert "One row per postcode" in comment[0] and "1 = most deprived" in comment[1]
    nullable = target.execute(
        "select is_nullable from information_schema.columns where table_schema = 'deprivation'"
        " and table_name = 'postcodes' and column_name in ('postcode', 'ward_code') order by 1"
    ).fetchall()
    assert nullable == [("NO",), ("YES",)]
    assert target.execute(
        "select has_table_privilege('bi', 'deprivation.postcode_imd', 'select with grant option'),"
        " has_table_privilege('bi', 'deprivation.postcodes', 'select'),"
        " has_table_privilege('bi', 'deprivation.area_indices', 'select')"
    ).fetchone() == (True, True, False)
    indexes = target.execute("select indexname from pg_indexes where schemaname = 'deprivation'")
    names = {name for (name,) in indexes.fetchall()}
    assert {"postcodes_postcode_key", "postcode_imd_postcode_key"} <= names
    assert not any("new" in name for name in names)
    target.execute("drop owned by bi")


def test_readers_see_the_old_export_or_the_new_one(tmp_path, postgres, target):
    """Readers that never stop, joining both tables, through exports that swap them both."""
    files = [small_file(tmp_path / f"{tag}.duckdb", tag, 20_000) for tag in (1, 2)]
    exporting.to_postgres(files[0], postgres)
    failures, seen, done = [], set(), threading.Event()

    def read():
        try:
            with psycopg.connect(postgres, autocommit=True) as reader:
                while not done.is_set():
                    found = reader.execute(
                        "select count(*), min(one.tag), max(two.tag), (select count(*) from"
                        " deprivation.two) from deprivation.one, deprivation.two where two.x = 7"
                    ).fetchone()
                    seen.add(found)
        except Exception as error:
            failures.append(error)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for turn in range(6):
        exporting.to_postgres(files[(turn + 1) % 2], postgres)
    done.set()
    for reader in readers:
        reader.join()
    assert failures == []
    assert seen == {(20_000, 1, 1, 20_000), (20_000, 2, 2, 20_000)}


def test_a_snapshot_from_before_the_export_finds_rows(tmp_path, postgres, target):
    exporting.to_postgres(small_file(tmp_path / "1.duckdb", 1), postgres)
    with psycopg.connect(postgres) as reader:
        reader.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        reader.execute("select 1 from pg_class limit 1")  # takes the snapshot
        exporting.to_postgres(small_file(tmp_path / "2.duckdb", 2), postgres)
        assert reader.execute("select count(*) from deprivation.one").fetchone() == (1000,)


def test_a_reader_that_holds_a_table_is_waited_for(tmp_path, postgres, target):
    exporting.to_postgres(small_file(tmp_path / "1.duckdb", 1), postgres)
    with psycopg.connect(postgres) as holder:
        holder.execute("select * from deprivation.one limit 1")
        threading.Timer(1.5, holder.rollback).start()
        exporting.to_postgres(small_file(tmp_path / "2.duckdb", 2), postgres)
    assert target.execute("select max(tag) from deprivation.one").fetchone() == (2,)


def test_an_export_that_fails_leaves_what_was_there(tmp_path, postgres, target):
    exporting.to_postgres(small_file(tmp_path / "1.duckdb", 1), postgres)
    unknown = small_file(tmp_path / "2.duckdb", 2)
    with duckdb.connect(str(unknown)) as connection:
        connection.execute("create table zoo as select [1, 2] as listed")
    with pytest.raises(exporting.ExportError, match=r"column listed: no PostgreSQL type for INT"):
        exporting.to_postgres(unknown, postgres)

    target.execute("create view deprivation.mine as select tag from deprivation.two")
    with pytest.raises(exporting.ExportError, match=r"the view deprivation.mine reads deprivatio"):
        exporting.to_postgres(small_file(tmp_path / "3.duckdb", 3), postgres)
    with pytest.raises(exporting.ExportError, match="cannot be read"):
        exporting.to_postgres(tmp_path / "none.duckdb", postgres)
    tables = target.execute(
        "select table_name from information_schema.tables where table_schema = 'deprivation'"
    ).fetchall()
    assert sorted(tables) == [("mine",), ("one",), ("two",)]
    assert target.execute("select min(tag), max(tag) from deprivation.two").fetchone() == (1, 1)


def test_a_killed_export_leaves_what_was_there(tmp_path, postgres, target):
    exporting.to_postgres(small_file(tmp_path / "1.duckdb", 1), postgres)
    big = small_file(tmp_path / "2.duckdb", 2, 5_000_000)
    command = [COMMAND, "export", "--format", "postgres", "--to", postgres]
    for moment in (0.6, 1.2, 1.8):
        running = subprocess.Popen(command, env={**os.environ, "DEPRIVATION_DB": str(big)})
        time.sleep(moment)
        running.send_signal(signal.SIGKILL)
        assert running.wait() == -signal.SIGKILL
        assert target.execute("select min(tag), max(tag) from deprivation.one").fetchone() == (1, 1)
    exporting.to_postgres(small_file(tmp_path / "3.duckdb", 3), postgres)
    assert target.execute("select max(tag) from deprivation.one").fetchone() == (3,)


def test_the_command_says_what_it_did(warehouse, postgres, target, deprivation):
    command = ["export", "--format", "postgres"]
    done = deprivation(*command, "--to", postgres, DEPRIVATION_DB=warehouse)
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[-1].endswith("rows a second")
    refused = deprivation(
        *command, "--to", "host=/nowhere password=secret", DEPRIVATION_DB=warehouse
    )
    assert refused.returncode == 1
    last = refused.stderr.splitlines()[-1]
    assert last.startswith("deprivation: error: PostgreSQL: ") and "secret" not in refused.stderr


def test_tables_that_no_export_made_are_refused(tmp_path, postgres, target):
    target.execute("create schema deprivation")
    target.execute("create table deprivation.two as select 'mine' as tag")
    with pytest.raises(
        exporting.ExportError, match=r"deprivation\.two exists and was not made by an export"
    ):
        exporting.to_postgres(small_file(tmp_path / "1.duckdb", 1), postgres)
    assert target.execute("select tag from deprivation.two").fetchall() == [("mine",)]
    target.execute("drop table deprivation.two")
    target.execute("create view deprivation.two as select 'mine' as tag")
    with pytest.raises(
        exporting.ExportError, match=r"deprivation\.two exists and was not made by an export"
    ):
        exporting.to_postgres(small_file(tmp_path / "1.duckdb", 1), postgres)
    with pytest.raises(exporting.ExportError, match="is reserved by PostgreSQL"):
        exporting.to_postgres(small_file(tmp_path / "1.duckdb", 1), postgres, "pg_catalog")


RIGHTS = """
    select relname, pg_get_userbyid(relowner), relacl::text, relrowsecurity, relforcerowsecurity,
        array(select attname || attacl::text from pg_attribute
            where attrelid = pg_class.oid and attacl is not null),
        array(select row(policyname, permissive, roles, cmd, qual, with_check)::text
            from pg_policies
            where schemaname = 'deprivation' and tablename = relname order by policyname),
        array(select indexdef from pg_indexes
            where schemaname = 'deprivation' and tablename = relname order by indexname)
    from pg_class where relnamespace = 'deprivation'::regnamespace and relkind = 'r' order by 1
"""


def test_what_hangs_on_a_table_comes_along_or_stops_the_export(tmp_path, postgres, target):
    exporting.to_postgres(small_file(tmp_path / "1.duckdb", 1), postgres)
    target.execute(
        """
        drop role if exists keeper; drop role if exists reader; drop role if exists "odd ""role";
        create role keeper; create role reader; create role "odd ""role";
        grant usage, create on schema deprivation to keeper;
        grant insert, select on deprivation.one to "odd ""role" with grant option;
        alter table deprivation.one owner to keeper;
        revoke delete, truncate on deprivation.one from keeper;
        grant select (tag) on deprivation.two to reader;
        revoke all on deprivation.two from owner;
        alter table deprivation.two enable row level security;
        alter table deprivation.two force row level security;
        create policy few on deprivation.two as restrictive for select to reader using (tag < 3);
        create policy "all of 'em" on deprivation.two with check (x > 0);
        create index "by ON x" on deprivation.two using btree (x desc) where x > 3;
        alter default privileges in schema deprivation grant all on tables to reader;
        """
    )
    before = target.execute(RIGHTS).fetchall()
    exporting.to_postgres(small_file(tmp_path / "2.duckdb", 2), postgres)
    assert target.execute(RIGHTS).fetchall() == before
    target.execute("grant select on deprivation.two to owner")
    assert target.execute("select max(tag) from deprivation.two").fetchone() == (2,)

    for hung, loosened, said in (
        (
            "create trigger t before insert on deprivation.one execute function"
            " suppress_redundant_updates_trigger()",
            "drop trigger t on deprivation.one",
            "trigger t",
        ),
        (
            "alter table deprivation.one add constraint few check (tag < 9)",
            "alter table deprivation.one drop constraint few",
            "constraint few",
        ),
        (
            "alter table deprivation.one add column mine text",
            "alter table deprivation.one drop column mine",
            "column mine",
        ),
        (
            "alter table deprivation.one alter column tag set statistics 500",
            "alter table deprivation.one alter column tag set statistics -1",
            "setting of column tag",
        ),
        (
            "alter table deprivation.one alter column tag set (n_distinct = 9)",
            "alter table deprivation.one alter column tag reset (n_distinct)",
            "setting of column tag",
        ),
        (
            """comment on index deprivation."by ON x" is 'why'""",
            """comment on index deprivation."by ON x" is null""",
            'comment on index deprivation."by ON x"',
        ),
        (
            "alter table deprivation.one set unlogged",
            "alter table deprivation.one set logged",
            "unlogged storage",
        ),
    ):
        target.execute(hung)
        with pytest.raises(exporting.ExportError, match=f"cannot carry over: .*{said}"):
            exporting.to_postgres(small_file(tmp_path / "3.duckdb", 3), postgres)
        target.execute(loosened)
    target.execute("drop schema deprivation cascade")
    for role in ("keeper", "reader", '"odd ""role"'):
        target.execute(f"drop owned by {role}; drop role {role}")


@pytest.mark.parametrize(
    "output",
    [
        "host=/nowhere user=me password='hush hush'",
        "host=/nowhere user=me password=hush hush",
        "postgresql://me:hush@hush@nowhere.invalid/x",
        "postgresql://me:hush hush@nowhere.invalid:port/x",
        "postgresql://me:hu%73h@/x?host=/nowhere&sslpassword=hush",
        "mysql://me:hush@nowhere.invalid/x",
    ],
)
def test_a_password_is_never_shown(warehouse, deprivation, tmp_path, output):
    for to_format in ("postgres", "parquet"):
        refused = deprivation(
            "export", "--format", to_format, "--output", output,
            DEPRIVATION_DB=warehouse, cwd=tmp_path,
        )  # fmt: skip
        assert refused.returncode == 1
        assert refused.stderr.splitlines()[-1].startswith("deprivation: error: ")
        assert "hush" not in refused.stdout + refused.stderr, refused.stderr
    assert list(tmp_path.iterdir()) == []


# Parquet ----------------------------------------------------------------------------------------


def test_parquet_holds_every_row(warehouse, tmp_path, deprivation):
    folder = tmp_path / "parquet"
    command = ["export", "--format", "parquet", "--to", folder]
    assert deprivation(*command, DEPRIVATION_DB=warehouse).returncode == 0
    assert sorted(path.name for path in folder.glob("*.parquet")) == [
        f"{table}.parquet" for table in promised_tables()
    ]
    done = deprivation(*command, "--partition-by", "edition", DEPRIVATION_DB=warehouse)
    assert done.returncode == 0, done.stderr
    with duckdb.connect(str(warehouse), read_only=True) as source:
        editions = source.execute("select distinct edition from postcode_imd").fetchall()
        assert {path.name for path in (folder / "postcode_imd").iterdir()} == {
            f"edition={edition}" for (edition,) in editions
        }
        for table in promised_tables():
            written = f"{folder}/{table}.parquet"
            if (folder / table).is_dir():
                written = f"{folder}/{table}/*/*.parquet"
            columns = ", ".join(
                name for (name, *_) in source.execute(f"describe {table}").fetchall()
            )
            differ = source.execute(
                f"(select {columns} from '{written}' except all from {table})"
                f" union all (from {table} except all select {columns} from '{written}')"
            )
            assert differ.fetchall() == [], table


def test_parquet_does_not_replace_other_files(warehouse, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(exporting.ExportError, match="contains files that no export wrote"):
        exporting.to_parquet(warehouse, tmp_path)
    with pytest.raises(exporting.ExportError, match="cannot be read"):
        exporting.to_parquet(tmp_path / "none.duckdb", tmp_path / "parquet")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_own_files_in_a_parquet_export_stay(tmp_path):
    folder = tmp_path / "it's [a] folder é"
    one, two = (small_file(tmp_path / f"{tag}.duckdb", tag) for tag in (1, 2))
    exporting.to_parquet(one, folder)
    folder.chmod(0o750)
    (folder / "one.parquet").chmod(0o640)
    # As killed exports leave them; and a folder of the user's.
    for left in (".old", ""):
        killed = tmp_path / f".{folder.name}.a1b2c3d4{left}"
        killed.mkdir()
        (killed / "one.parquet").touch()
    mine = tmp_path / f".{folder.name}.mine"
    mine.mkdir()
    exporting.to_parquet(two, folder)
    found = sorted(path.name for path in tmp_path.iterdir())
    assert found == [mine.name, "1.duckdb", "2.duckdb", folder.name]
    assert folder.stat().st_mode & 0o777 == 0o750
    assert (folder / "one.parquet").stat().st_mode & 0o777 == 0o640

    (folder / "notes.txt").write_text("mine")
    with pytest.raises(exporting.ExportError, match=r"no export wrote: notes\.txt"):
        exporting.to_parquet(one, folder)
    (folder / "notes.txt").unlink()
    (folder / "two.parquet").write_text("mine")
    with pytest.raises(exporting.ExportError, match=r"no export wrote: two\.parquet"):
        exporting.to_parquet(one, folder)
    assert (folder / "two.parquet").read_text() == "mine"


def test_a_link_to_a_parquet_folder_is_followed(tmp_path):
    (tmp_path / "true").mkdir()
    (tmp_path / "link").symlink_to("true")
    exporting.to_parquet(small_file(tmp_path / "1.duckdb", 1), tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "true" / "one.parquet").is_file()
