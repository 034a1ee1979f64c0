"""The scheduled refresh: what is published, what never is, and what readers see meanwhile."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from deprivation.errors import BuildError, UsageError
from deprivation.fetch.catalogue import Fetchable
from deprivation.fetch.record import read_record
from deprivation.inputs.found import SYNTHETIC_MARK
from deprivation.lookup import look_up
from deprivation.publish import built_from, dbt, previous, variables
from deprivation.publish import refresh as refreshing
from deprivation.publish.build import MARK
from deprivation.publish.contract import contract, promised_tables
from deprivation.publish.guards import GUARDS
from deprivation.publish.last_check import last_check
from deprivation.publish.place import place_of
from deprivation.sample.write import write_sample
from faulty_server import Fault, publisher
from test_fetch import CSV, directory_zip, write_list

HERE = Path(__file__).parent
PROJECT = HERE.parents[1]


@pytest.fixture
def server():
    with publisher() as running:
        yield running


@dataclasses.dataclass
class Place:
    """A published file with its data folder and its publisher, and the command to run there."""

    folder: Path
    server: object
    warehouse: Path
    data: Path
    listed: Path

    @property
    def database(self) -> Path:
        return self.folder / "deprivation.duckdb"

    def command(self, *arguments) -> list[str]:
        options = ["--to", self.data, "--sources", self.listed, "--first-wait", "0.05"]
        return [
            sys.executable,
            str(HERE / "standin_refresh.py"),
            "refresh",
            *map(str, [*options, *arguments]),
        ]

    def environment(self, **variables) -> dict[str, str]:
        kept = {key: one for key, one in os.environ.items() if not key.startswith("DEPRIVATION_")}
        kept |= {"DEPRIVATION_DB": str(self.database), "STANDIN_FILE": str(self.warehouse)}
        kept |= {"DEPRIVATION_WORK_DIR": str(self.folder / "work")}
        return kept | {key: str(value) for key, value in variables.items()}

    def refresh(self, *arguments, **variables) -> subprocess.CompletedProcess:
        return subprocess.run(
            self.command(*arguments),
            env=self.environment(**variables),
            capture_output=True,
            text=True,
            check=False,
        )

    def published(self) -> str:
        """What tells one published file from another."""
        with duckdb.connect(str(self.database), read_only=True) as connection:
            return connection.execute("select max(release) from sources").fetchone()[0]

    def new_upstream(self):
        self.server.files["/file.csv"] += b"E01009999,9999\n"

    def leftovers(self) -> list[str]:
        kept = {"deprivation.duckdb", "deprivation.duckdb.lock", "deprivation.duckdb.previous"}
        kept |= {"data", "work", "list.csv"}
        left = [path.name for path in self.folder.iterdir() if path.name not in kept]
        return left + [path.name for path in self.data.rglob("*.part*")]


@pytest.fixture
def place(tmp_path, server, warehouse) -> Place:
    server.files["/file.csv"] = CSV
    server.files["/directory"] = directory_zip("AUG_2026")
    rows = [
        Fetchable(
            "directory",
            "ONSPD",
            "2026-08",
            "onspd",
            "ONSPD_AUG_2026_UK.zip",
            server.address("/directory"),
        ),
        Fetchable(
            "edition", "England 2019", "2019-09", "iod", "File_7.csv", server.address("/file.csv")
        ),
    ]
    listed = write_list(tmp_path / "list.csv", rows)
    return Place(tmp_path, server, warehouse, tmp_path / "data", listed)


def last_line(run: subprocess.CompletedProcess) -> str:
    return run.stderr.splitlines()[-1]


# Published, or left alone -----------------------------------------------------------------------


def test_a_refresh_publishes_and_then_touches_nothing(place):
    done = place.refresh("--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["outcome"] == "published"
    assert set(report["rows"]) == set(promised_tables())
    assert {one["file_name"] for one in report["fetched"]} == {
        "ONSPD_AUG_2026_UK.zip",
        "File_7.csv",
    }
    assert all(len(one["sha256"]) == 64 and one["fetched_at"] for one in report["fetched"])
    assert report["sources"] and set(report["seconds"]) == {
        "fetch",
        "compare",
        "build",
        "check",
        "swap",
    }

    before = {path: path.stat() for path in sorted(place.folder.rglob("*")) if path.is_file()}
    # As a run leaves it that is killed right after it has published.
    (place.folder / ".deprivation.duckdb.build/killed").mkdir(parents=True)
    (place.folder / ".deprivation.duckdb.build" / MARK).touch()
    started = time.monotonic()
    again = place.refresh("--json")
    assert time.monotonic() - started < 5
    assert json.loads(again.stdout)["outcome"] == "unchanged", again.stderr
    assert last_line(again).startswith("nothing new upstream; ")
    after = {path: path.stat() for path in sorted(place.folder.rglob("*")) if path.is_file()}
    assert {
        path: (stat.st_ino, stat.st_size, stat.st_mtime_ns) for path, stat in after.items()
    } == {path: (stat.st_ino, stat.st_size, stat.st_mtime_ns) for path, stat in before.items()}
    assert place.leftovers() == []

    first = place.published()
    place.new_upstream()
    assert "iod/File_7.csv changed" in place.refresh().stderr
    assert place.published() != first


@pytest.mark.long
def test_the_last_files_are_kept_and_brought_back(place, deprivation):
    published = []
    for _ in range(5):
        assert place.refresh("--force", "--keep", "2").returncode == 0
        published.append(place.published())
    rollback = ["rollback"]
    there = deprivation(*rollback, "--list", DEPRIVATION_DB=place.database).stdout.splitlines()
    assert len(there) == 2

    assert deprivation(*rollback, DEPRIVATION_DB=place.database).returncode == 0
    assert place.published() == published[3]
    # A refresh with nothing new must not undo it.
    assert "nothing new upstream" in place.refresh().stderr
    assert place.published() == published[3]
    assert deprivation(*rollback, DEPRIVATION_DB=place.database).returncode == 0
    assert place.published() == published[2]
    none = deprivation(*rollback, DEPRIVATION_DB=place.database)
    assert none.returncode == 1
    assert last_line(none).startswith("deprivation: error: no file before this one is kept")
    newest = previous.previous(place.database)[-1].stem
    assert deprivation(*rollback, newest, DEPRIVATION_DB=place.database).returncode == 0
    assert place.published() == published[4]


def test_keep_is_a_variable_too(place):
    for _ in range(3):
        assert place.refresh("--force", DEPRIVATION_KEEP=1).returncode == 0
    assert len(previous.previous(place.database)) == 1
    assert place.refresh("--force", DEPRIVATION_KEEP=0).returncode == 0
    assert previous.previous(place.database) == []


# Never published --------------------------------------------------------------------------------


@pytest.fixture
def refuses(place):
    """Run a refresh that must fail: the published file is as it was, the reason the last line."""

    def run(reason, *arguments, **variables):
        if not place.database.exists():
            assert place.refresh().returncode == 0
        place.new_upstream()
        before, content = place.database.stat(), place.database.read_bytes()
        failed = place.refresh("--json", *arguments, **variables)
        assert failed.returncode == 1, failed.stderr
        assert last_line(failed).startswith("deprivation: error: ")
        assert reason in last_line(failed), last_line(failed)
        report = json.loads(failed.stdout)
        assert report["outcome"] == "failed" and reason in report["reason"]
        after = place.database.stat()
        assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
        assert place.database.read_bytes() == content
        assert place.leftovers() == []

    return run


def test_a_fetch_that_fails_publishes_nothing(place, refuses):
    place.refresh()
    place.server.faults["/file.csv"] = [Fault(status=404)]
    refuses("404 Not Found")
    place.server.faults["/directory"] = [Fault(status=500)] * 9
    refuses("500 Internal Server Error, after 3 attempts", "--attempts", "3")


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("delete from postcodes where hash(postcode_key) % 20 = 0", "postcodes has 9,5"),
        ("alter table postcodes drop lsoa_2021_code", "postcodes.lsoa_2021_code of the contract"),
        (
            "alter table postcodes alter easting type varchar",
            "postcodes.easting is VARCHAR, not integer as promised",
        ),
        ("drop table editions", "editions not built or empty"),
        (
            "update postcodes set lsoa_2021_code = 'E01000001' where lsoa_2021_code is not null",
            "are in other areas",
        ),
        (
            "update postcodes set postcode_key = 'X' || postcode_key",
            "of 500 postcodes of the published file 500 are missing",
        ),
        ("update sources set is_synthetic = false", "SW1A 2AA is in country None"),
    ],
)
def test_a_finished_file_with_a_fault_is_not_published(in_process, fault, reason):
    database = in_process("select 1")
    before, content = database.stat(), database.read_bytes()
    with pytest.raises(BuildError, match=reason):
        in_process(fault)
    assert (database.stat().st_ino, database.read_bytes()) == (before.st_ino, content)
    assert not list(database.parent.glob(".*.build"))


def test_a_finished_file_that_is_no_database_is_not_published(in_process):
    with pytest.raises(BuildError, match="the finished file is damaged"):
        in_process(None)


def test_fewer_rows_are_published_when_told_and_a_few_fewer_anyway(in_process):
    in_process("select 1")
    in_process("delete from postcodes where hash(postcode_key) % 20 = 0", allowed=set(GUARDS))
    in_process("delete from postcodes where hash(postcode_key) % 20 = 0 or postcode_key < 'AA2'")


@pytest.fixture
def in_process(tmp_path, warehouse):
    """Publish a copy of the warehouse after some SQL (None: a broken copy), without a command."""

    def publish(change, name="deprivation", **options):
        database = tmp_path / f"{name}.duckdb"

        def build(built, dbt_arguments, output):
            shutil.copyfile(warehouse, built)
            if change is None:
                built.write_bytes(built.read_bytes()[:5000])
                return
            with duckdb.connect(str(built)) as connection:
                connection.execute(change)

        refreshing.publish_if_new(
            database, None, refreshing.new_report(database),
            say=print, force=True, build=build, **options,
        )  # fmt: skip
        return database

    return publish


@pytest.mark.parametrize("name", ["main", "temp", "system", "work", "it's [1] café"])
def test_a_published_file_may_have_any_name(in_process, name):
    for _ in range(2):  # the second is compared with the first
        database = in_process("select 1", name)
    assert look_up(database, "zz")[0]["match_status"] == "invalid"


def test_two_at_once_the_second_leaves_or_waits(place):
    slow = place.environment(STANDIN_SECONDS="3")
    first = subprocess.Popen(place.command(), env=slow, stderr=subprocess.DEVNULL)
    time.sleep(1.2)
    second = place.refresh()
    assert second.returncode == 1
    assert "another build of" in last_line(second) and "try again" in last_line(second)
    waiting = place.refresh("--wait", "20")
    assert first.wait() == 0
    assert waiting.returncode == 0, waiting.stderr
    assert "nothing new upstream" in last_line(waiting)


# Full, read-only, killed ------------------------------------------------------------------------


@contextlib.contextmanager
def mounted(*arguments):
    """A mount for the length of the block; the test is skipped where mounting is not allowed."""
    *_, target = arguments
    done = subprocess.run(["mount", *map(str, arguments)], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"mounting is not allowed here: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(target)], check=True)


def test_a_full_disk_leaves_the_published_file(place):
    size = place.warehouse.stat().st_size
    disk = place.folder / "disk"
    disk.mkdir()
    with mounted("-t", "tmpfs", "-o", f"size={size * 3 // 2}", "tmpfs", disk):
        database = disk / "deprivation.duckdb"
        shutil.copyfile(place.warehouse, database)
        before = (database.stat().st_mtime_ns, database.read_bytes())
        failed = place.refresh(DEPRIVATION_DB=database)
        assert failed.returncode == 1
        assert "No space left on device" in last_line(failed)
        assert (database.stat().st_mtime_ns, database.read_bytes()) == before
        assert not list(disk.glob(".*.build/*"))

        # The download, too.
        place.server.files["/file.csv"] = CSV * (size // len(CSV))
        failed = place.refresh("--to", disk / "data", DEPRIVATION_DB=database)
        assert failed.returncode == 1 and "No space left on device" in last_line(failed)
        assert not list(disk.rglob("*.part"))


@pytest.mark.long
def test_a_full_disk_stops_the_real_build(place, deprivation):
    disk = place.folder / "disk"
    disk.mkdir()
    with mounted("-t", "tmpfs", "-o", "size=9m", "tmpfs", disk):
        database = disk / "deprivation.duckdb"
        shutil.copyfile(place.warehouse, database)
        write_sample(place.folder / "sample")
        failed = deprivation(
            "refresh",
            "--no-fetch",
            "--to",
            place.folder / "sample",
            DEPRIVATION_DB=database,
            DEPRIVATION_WORK_DIR=place.folder / "work",
        )
        assert failed.returncode == 1
        assert last_line(failed).startswith("deprivation: error: ")
        assert "o space left" in last_line(failed), last_line(failed)
        assert database.read_bytes() == place.warehouse.read_bytes()


def test_a_read_only_folder_is_told(place):
    assert place.refresh().returncode == 0
    place.new_upstream()
    with mounted("--bind", place.folder, place.folder):
        subprocess.run(["mount", "-o", "remount,ro,bind", place.folder], check=True)
        failed = place.refresh()
    assert failed.returncode == 1
    assert "Read-only file system" in last_line(failed)
    assert place.refresh().returncode == 0


HOLDER = """
import sys, time, select, duckdb
held = duckdb.connect(sys.argv[1], read_only=True)
query = "select (select count(*) from postcode_imd), max(release) from sources"
first, times = held.execute(query).fetchone(), 0
print("ready", flush=True)
while not select.select([sys.stdin], [], [], 0.02)[0]:
    assert held.cursor().execute(query).fetchone() == first, "the file that is held changed"
    times += 1
print(times, flush=True)
"""

OPENER = """
import sys, time, select, duckdb
seen, times = [], 0
print("ready", flush=True)
while not select.select([sys.stdin], [], [], 0.02)[0]:
    with duckdb.connect(sys.argv[1], read_only=True) as connection:
        rows, release = connection.execute(
            "select (select count(*) from postcodes), max(release || retrieved_at) from sources"
        ).fetchone()
    assert rows > 9000
    times += 1
    if release not in seen:
        seen.append(release)
print(times, len(seen), flush=True)
"""


@contextlib.contextmanager
def reading(program: str, database: Path):
    """Another process that reads without end; what it prints in the end is said.append()ed."""
    said: list[str] = []
    reader = subprocess.Popen(
        [sys.executable, "-c", program, str(database)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert reader.stdout.readline() == "ready\n", reader.stderr.read()
    try:
        yield said
    finally:
        out, err = reader.communicate("stop\n", timeout=30)
        assert reader.returncode == 0, err
        said.append(out.strip())


@pytest.mark.long
def test_kills_at_many_moments_with_readers_open(place):
    assert place.refresh().returncode == 0
    with reading(HOLDER, place.database), reading(OPENER, place.database) as opened:
        killed = 0
        for moment in range(14):
            place.new_upstream()
            running = subprocess.Popen(
                place.command("--force"),
                env=place.environment(STANDIN_SECONDS="0.1"),
                stderr=subprocess.DEVNULL,
            )
            time.sleep(0.2 + 0.05 * moment)
            running.send_signal(signal.SIGKILL)
            killed += running.wait() == -signal.SIGKILL
            place.published()  # opens, whole
    assert killed >= 5
    done = place.refresh()
    assert done.returncode == 0, done.stderr
    assert place.leftovers() == []
    assert len(previous.previous(place.database)) <= 2
    times, _ = map(int, opened[0].split())
    assert times > 20


@pytest.mark.long
def test_a_whole_refresh_from_the_publishers_with_readers_open(place, deprivation, tmp_path):
    """The true build, of synthetic files that come from a server, over a file that is read."""
    sample = tmp_path / "sample"
    write_sample(sample)
    rows = []
    for path in sorted(sample.rglob("*.*")):
        name = path.relative_to(sample).as_posix()
        folder, _, file_name = name.partition("/")
        if file_name and folder in ("onspd", "iod", "lookups"):
            place.server.files[f"/{name}"] = path.read_bytes()
            need, product, release = ("edition", f"{folder} {file_name}", "1")
            if folder == "onspd":
                need, product, release = "directory", "ONSPD", "2026-08"
            rows.append(
                Fetchable(
                    need, product, release, folder, file_name, place.server.address(f"/{name}")
                )
            )
    write_list(place.listed, rows)
    place.data.mkdir()
    (place.data / SYNTHETIC_MARK).touch()
    shutil.copyfile(place.warehouse, place.database)
    # The other nations' files, which the published file holds, are not among those served.
    command = ["refresh", "--to", place.data, "--sources", place.listed]
    command += ["--allow", "fewer-editions", "--allow", "fewer-rows"]
    variables = {"DEPRIVATION_DB": place.database, "DEPRIVATION_WORK_DIR": tmp_path / "work"}
    # Killed in the midst of dbt, with dbt.
    running = subprocess.Popen(
        [Path(sys.executable).parent / "deprivation", *map(str, command)],
        env=place.environment(**variables),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while not list(tmp_path.glob(".deprivation.duckdb.build/*/work.duckdb")):
        assert running.poll() is None
        time.sleep(0.1)
    running.send_signal(signal.SIGKILL)
    running.wait()

    with reading(HOLDER, place.database) as held, reading(OPENER, place.database) as opened:
        done = deprivation(*command, "--json", **variables)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["outcome"] == "published" and not list(tmp_path.glob(".deprivation*"))
    assert int(held[0]) > 20
    assert opened[0].split()[1] == "2"
    with duckdb.connect(str(place.database), read_only=True) as connection:
        sources = connection.execute(
            "select file_name, sha256, bytes, row_count, retrieved_at from sources"
        ).fetchall()
    fetched = {Path(one.path).name: one for one in read_record(place.data).values()}
    assert {"ONSPD_AUG_2026_UK.zip"} < {name for name, *_ in sources}
    for name, sha256, size, rows, retrieved_at in sources:
        assert (sha256, size) == (fetched[name].sha256, fetched[name].bytes)
        assert rows > 0
        assert retrieved_at.strftime("%Y-%m-%dT%H:%M") == fetched[name].fetched_at[:16]


# Old clients ------------------------------------------------------------------------------------

ONE_OF_EACH_STATUS = """
    select min(postcode) from postcodes where country_code = 'E92000001' group by is_live
    union all
    select min(postcode) from postcodes where country_code = 'S92000003'
    union all
    select min(sector) || 'ZZ' from postcodes where country_code = 'E92000001'
    union all
    values ('ZZ99 3VZ'), ('M1'), ('hello'), ('')
"""


def test_the_published_file_opens_in_duckdb_1_2(warehouse):
    folder = PROJECT / "target" / "duckdb-1.2.0"
    if not (folder / "duckdb").is_dir():
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
        got = subprocess.run(
            [*pip, "--target", folder, "duckdb==1.2.0"], capture_output=True, text=True
        )
        if got.returncode:
            shutil.rmtree(folder, ignore_errors=True)
            pytest.skip(f"DuckDB 1.2.0 cannot be had here: {got.stderr.strip()[-200:]}")
    program = (
        "import duckdb, sys; assert duckdb.__version__ == '1.2.0'\n"
        "c = duckdb.connect(sys.argv[1], read_only=True)\n"
        "for (t,) in c.execute('select table_name from duckdb_tables()').fetchall():\n"
        "    print(t, len(c.execute(f'select * from {t}').fetchall()))\n"
        "print(c.execute(\"select postcode_key(' ng16 1aa ')\").fetchone()[0])\n"
        "print(c.execute('select count(comment) from duckdb_columns()').fetchone()[0])\n"
        "for text in sys.argv[2:]:\n"
        "    for year in (2019, None):\n"
        "        print(c.execute('from deprivation($1, $2)', [text, year]).fetchall())\n"
    )
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        texts = [text for (text,) in connection.execute(ONE_OF_EACH_STATUS).fetchall()]
        answers = [
            connection.execute("from deprivation($1, $2)", [text, year]).fetchall()
            for text in texts
            for year in (2019, None)
        ]
    statuses = {row[6] for rows in answers for row in rows}
    assert statuses > {"matched", "matched_terminated", "sector", "outside_coverage", "pseudo"}
    read = subprocess.run(
        [sys.executable, "-c", program, warehouse, *texts],
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
    )
    assert read.returncode == 0, read.stderr
    *tables, key, comments = read.stdout.splitlines()[: -len(answers)]
    said = dict(line.split(" ") for line in tables)
    assert set(said) == set(promised_tables())
    assert int(said["postcodes"]) and int(said["postcode_imd"])
    assert key == "NG161AA" and int(comments) > 100
    assert read.stdout.splitlines()[-len(answers) :] == [str(rows) for rows in answers]


# The last check's own rules ---------------------------------------------------------------------


def test_the_contract_is_of_all_published_tables():
    assert set(contract()) == set(promised_tables())


def test_what_a_file_was_built_from_follows_data_arguments_and_project(tmp_path, warehouse):
    database = tmp_path / "deprivation.duckdb"
    shutil.copyfile(warehouse, database)
    data = tmp_path / "data"
    data.mkdir()
    (data / "by_hand.csv").write_text("a\n")
    now = built_from.inputs_now(data, ["--vars", "x"])
    assert "not known" in built_from.what_changed(database, now)
    previous.write_built_from(database, database, now)
    assert built_from.what_changed(database, now) == ""
    assert "arguments" in built_from.what_changed(database, {**now, "arguments": []})
    assert "project" in built_from.what_changed(database, {**now, "project": "other"})
    (data / "by_hand.csv").write_text("b\n\n")
    changed = built_from.inputs_now(data, ["--vars", "x"])
    assert built_from.what_changed(database, changed) == "by_hand.csv changed"
    os.utime(database)
    assert "not known" in built_from.what_changed(database, now)


def test_a_damaged_previous_file_is_not_brought_back(place):
    for _ in range(2):
        assert place.refresh("--force").returncode == 0
    (kept,) = previous.previous(place.database)
    time_kept = kept.stat().st_mtime_ns
    kept.write_bytes(b"not a database" * 1000)
    os.utime(kept, ns=(time_kept, time_kept))
    now = place.published()
    with pytest.raises(BuildError, match="is damaged"):
        previous.rollback(place.database)
    assert place.published() == now


# What is the user's, and what we recorded ---------------------------------------------------------


def test_rollback_goes_by_the_order_of_publishing_whatever_the_clock_says(in_process):
    published = []
    for year in (2031, 2019, 2025):
        database = in_process(f"update sources set release = '{year}'", keep_files=3)
        moved = datetime.datetime(year, 1, 1).timestamp()
        os.utime(database, (moved, moved))
        previous.enter(database, database)
        published.append(database.read_bytes())
    mine = previous.previous_folder(database) / "2018-01-01T000000.000Z.duckdb"
    mine.write_text("mine")
    for content in (published[1], published[0]):
        previous.rollback(database)
        assert database.read_bytes() == content
    with pytest.raises(BuildError, match="no file before this one is kept"):
        previous.rollback(database)
    previous.prune(database, 0)
    assert previous.previous(database) == []
    assert mine.read_text() == "mine"


def test_a_link_is_followed_and_permissions_are_kept(in_process, tmp_path):
    true = tmp_path / "elsewhere" / "true.duckdb"
    true.parent.mkdir()
    (tmp_path / "deprivation.duckdb").symlink_to(true)
    assert place_of(tmp_path / "deprivation.duckdb") == true
    database = in_process("select 1")
    database.chmod(0o600)
    in_process("select 1")
    assert database.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "name", ["own", "of a name that is published", "folder", "under a file", "Main"]
)
def test_what_cannot_be_published_is_refused_before_the_build(tmp_path, name):
    place = tmp_path / f"{name}.duckdb"
    if name == "own":
        with duckdb.connect(str(place)) as connection:
            connection.execute("create table mine as select 1")
    if name == "of a name that is published":
        with duckdb.connect(str(place)) as connection:
            connection.execute("create table postcodes as select 1")
    if name == "folder":
        place.mkdir()
    if name == "under a file":
        (tmp_path / "file").touch()
        place = tmp_path / "file" / "x.duckdb"
    with pytest.raises(
        BuildError,
        match=r"mine|made .postcodes|is a folder|is a file|cannot open a file named",
    ):
        place_of(place)


def test_nothing_that_was_published_goes_missing(warehouse, tmp_path):
    asked = variables.wanted()
    built = tmp_path / "built.duckdb"

    def refused(change, reason, allowed=(), asked=asked):
        shutil.copyfile(warehouse, built)
        with duckdb.connect(str(built)) as connection:
            connection.execute(change)
        with pytest.raises(BuildError, match=reason):
            last_check(built, warehouse, asked)
        last_check(built, warehouse, asked, allowed)

    with duckdb.connect(str(warehouse), read_only=True) as connection:
        (other,) = connection.execute(
            "select min(edition) from editions where nation = 'Wales'"
        ).fetchone()
    wales = f"nation = 'Wales' and edition = {other}"
    refused(f"delete from editions where {wales}", f"Wales {other} is in", {"fewer-editions"})
    refused(
        f"delete from area_indices where {wales} and index_code = 'imd'",
        f"area_indices of Wales {other} has",
        {"fewer-rows"},
    )
    shutil.copyfile(warehouse, built)
    with duckdb.connect(str(built)) as connection:
        connection.execute("delete from editions where nation = 'England' and edition = 2019")
    with pytest.raises(BuildError, match=r"England 2019 was asked for.*fetch --only .England 2019"):
        last_check(built, None, asked)


@pytest.mark.parametrize("number", ["nan", "infinity"])
def test_a_figure_that_is_no_number_is_not_published(warehouse, tmp_path, number):
    built = tmp_path / "built.duckdb"
    shutil.copyfile(warehouse, built)
    with duckdb.connect(str(built)) as connection:
        connection.execute(
            f"update area_summaries set extent = '{number}' where geography_code ="
            " (select max(geography_code) from area_summaries)"
        )
    with pytest.raises(
        BuildError, match=r"area_summaries\.extent has a value that is not a number"
    ):
        last_check(built, None, variables.wanted())


def test_a_test_shows_its_rows_and_a_model_what_is_wrong(tmp_path, monkeypatch):
    monkeypatch.setattr(dbt, "prepared_now", lambda: tmp_path)
    built = tmp_path / "deprivation.duckdb"
    for path in (built, tmp_path / "work.duckdb"):
        duckdb.connect(str(path)).close()
    red_no = "\x1b[31mno\x1b[0m"
    results = [
        {"unique_id": f"{kind}.p.it", "status": "fail", "message": red_no, "compiled_code": code}
        for kind, code in (
            ("test", "select 'a ' as code -- all of it"),
            ("model", "select 1 as x"),
        )
    ]
    of_input = "Runtime Error in model it (it.sql)\n  Invalid Input Error: a.csv, row of E01: no\n"
    results.append({"unique_id": "model.p.it", "status": "fail", "message": of_input})
    of_file = "Compilation Error in model it (it.sql)\n  b.csv: no\n  \n"
    of_file += "  > in macro m (macros/inputs.sql)\n  > called by model it (it.sql)"
    results.append({"unique_id": "model.p.it", "status": "fail", "message": of_file})
    (tmp_path / "run_results.json").write_text(json.dumps({"results": results}))
    said = list(dbt.reported(tmp_path / "run_results.json", built, ["fail"]))
    assert said == ["it: no\n    code = 'a '", "it: no", "a.csv, row of E01: no", "b.csv: no"]


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ('{editions: ["2019"]}', "write 2019, without quotes"),
        ("{edition: [2019]}", "did you mean editions"),
        ("{editions: [Whales 2025]}", "did you mean Wales 2025"),
        ("{editions: [2019, 2052]}", "no England 2052.*deprivation fetch"),
        ("{editions: 2019}", "must be a list"),
        ("{other_editions: 'false'}", "must be true or false"),
        ("{local_indices: [incme]}", "did you mean income"),
        ("{custom_areas: o'x.csv}", "there is no file o'x.csv"),
        ("[1]", "is not a mapping"),
        ("{a: [", "is not a mapping"),
    ],
)
def test_variables_are_checked_before_dbt_starts(given, reason):
    with pytest.raises(UsageError, match=reason):
        variables.wanted(["--vars", given])
    with pytest.raises(UsageError, match=reason):
        variables.wanted([f"--vars={given}"])
