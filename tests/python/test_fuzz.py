"""Every command with hostile arguments, files and variables: one last line, and never a traceback.

Run in this process, so that hundreds take seconds; what must be seen from outside (closed streams,
signals, bytes) in a process of its own. `enrich` has its own in test_enrich_safety.py.
"""

from __future__ import annotations

import itertools
import os
import random
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from conftest import COMMAND
from deprivation.cli.main import main
from deprivation.errors import BuildError
from deprivation.secrets import without_secrets

TEXTS = ["", " ", "-", "--", "nan", "1e999", "-1", "\n", "é'\"`$(x)", "🏴", "a" * 5000]
TEXTS += ["../..", "/dev/null", "/dev/full", "/", ".", "w[1]*", "%s{}", "; drop table x", "2019"]
# What else is given, so that a command comes far enough; then the options tried, each with TEXTS.
# Names in capitals are arguments.
GIVEN = {
    "lookup": ["m1 1ae"],
    "export": ["--format", "parquet", "--output", "out"],
    "refresh": ["--no-fetch"],
    "sample": ["--output", "out", "--postcodes", "1"],
    "fetch": ["--sources", "none.csv"],
    "report": ["--place", "lad:E06000018", "--output", "out.html"],
    "extract": ["--place", "lad:E06000018", "--output", "out.csv"],
    "sql enriched": ["people", "--postcode-column", "postcode"],
    "inequality": [
        *("groups.csv", "--quantile", "quintile", "--population", "people", "--value", "rate"),
        *("--repetitions", "1000"),
    ],
    "stage": ["--output", "out"],
}
OPTIONS = {
    "lookup": "--edition --database --format --output POSTCODE",
    "rollback": "--database TIME",
    "export": "--database --output --schema --format --partition-by --scheme --start",
    "refresh": "--database --wait --keep --allow --data-dir --vars --select --first-wait",
    "build": "--database --allow --vars --select --threads",
    "fetch": "--wait --attempts --only --sources --path --release --directory --address --output",
    "sample": "--postcodes --areas --layout --packing --output",
    "report": "--place --all --edition --output --database",
    "extract": "--place --output --database",
    "serve": "--host --port --cors --rate --max-upload --base-map --database",
    "sql enriched": "--edition --index RELATION",
    "inequality": "--by --quantile --population --value --count --lower --upper --se --multiplier"
    " --confidence --repetitions --seed --output --plot FILE",
    "stage": "--output --vars",
    "prepare": "--nonsense ANYTHING",
}
NAMES_A_PLACE = ("--output", "--database", "--data-dir", "--plot")
FOLDERS_THAT_ARE_THERE = ("/", ".", "../..")  # in which files could be made


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run a command here; it must end as promised. dbt is not run, nothing fetched or served."""
    for name in [one for one in os.environ if one.startswith("DEPRIVATION_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("DEPRIVATION_DB", str(tmp_path / "none.duckdb"))
    monkeypatch.setenv("DEPRIVATION_WORK_DIR", str(tmp_path / "work"))
    monkeypatch.setenv("DEPRIVATION_DATA_DIR", str(tmp_path / "no data"))
    monkeypatch.chdir(tmp_path)

    def no_dbt(*_, **__):
        raise BuildError("dbt is not run here")

    def no_network(*_):
        raise OSError("there is no network here")

    monkeypatch.setattr("deprivation.publish.build.run_dbt", no_dbt)
    monkeypatch.setattr(socket.socket, "connect", no_network)
    monkeypatch.setattr("uvicorn.run", lambda *_, **__: None)
    runner = CliRunner()
    tried = []

    def run(*arguments: str):
        # Of a refresh before: it names the data folder for the build that it starts.
        monkeypatch.setenv("DEPRIVATION_DATA_DIR", str(tmp_path / "no data"))
        tried.append(arguments)
        done = runner.invoke(main, list(arguments))
        is_as_promised(done.exit_code, done.stderr, arguments)
        return done

    run.tried = tried
    return run


def with_one(given: list[str], name: str, text: str) -> list[str]:
    """What is given, with one option more, or with another argument."""
    if not name.isupper():
        return [*given, name, text]
    return [text, *(given if given[:1] == [] or given[0].startswith("-") else given[1:])]


def is_as_promised(code: int, stderr: str, what) -> None:
    said = f"{str(what)[:300]}: {code}\n{stderr[-3000:]}"
    assert code in (0, 1, 2, 130), said
    assert "Traceback" not in stderr and "error: unexpected" not in stderr, said
    if code:
        assert stderr.splitlines()[-1].startswith("deprivation: "), said
        assert len(stderr.splitlines()[-1]) > len("deprivation: error: "), said


@pytest.mark.parametrize("command", OPTIONS)
def test_hostile_arguments(run, command, tmp_path):
    (tmp_path / "groups.csv").write_text(
        "quintile,people,rate\n" + "".join(f"{n},{1000 + n},{n}.5\n" for n in range(1, 6))
    )
    names, given = OPTIONS[command].split(), GIVEN.get(command, [])
    faults = []
    for name, text in itertools.product(names, TEXTS):
        if name in NAMES_A_PLACE and text in FOLDERS_THAT_ARE_THERE:
            continue
        try:
            run(*command.split(), *with_one(given, name, text))
        except AssertionError as fault:
            faults.append(str(fault).partition("\nassert")[0])
    assert not faults, "\n\n".join(faults)
    assert run(*command.split(), *given, "--no-such-option").exit_code in (1, 2)
    assert run(*command.split(), "--help").exit_code == 0
    print(f"{command}: {len(run.tried)} inputs")
    assert len(run.tried) > len(names) * (len(TEXTS) - len(FOLDERS_THAT_ARE_THERE))


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ("--no-fecth", "did you mean --no-fetch?"),
        ("--selct=x", "did you mean --select?"),
        ("x", "x"),
    ],
)
def test_what_dbt_does_not_take_is_refused_before_anything_is_fetched(
    run, tmp_path, argument, said
):
    done = run("refresh", argument)
    assert done.exit_code == 2 and said in done.stderr.splitlines()[-1]
    assert not any(tmp_path.iterdir())


def test_hostile_questions_to_a_published_file(run, warehouse):
    """Options two at a time, chosen by dice that are always the same."""
    dice = random.Random(4)
    asking = ("lookup", "report", "extract", "sql enriched")
    for _ in range(80):
        command = dice.choice(asking)
        words = GIVEN[command]
        for name in dice.sample(OPTIONS[command].split(), 2):
            text = dice.choice([*TEXTS, "nearest:2019", "2019,2025", "lad", "lad:", "imd,", "csv"])
            if name in NAMES_A_PLACE:
                continue
            words = with_one(words, name, text)
        run(
            *command.split(),
            *words,
            *([] if command == "sql enriched" else ["--database", str(warehouse)]),
        )
    assert len(run.tried) == 80


@pytest.mark.parametrize(
    "content",
    [b"", b"x", b"\xff\xfe", b"a,b\n", b"\x00" * 20_000, b"DUCK" * 5_000],
    ids=["empty", "a byte", "a mark of UTF-16", "text", "zeros", "DUCK"],
)
def test_hostile_database_files(run, tmp_path, content):
    database = tmp_path / "it's.duckdb"
    database.write_bytes(content)
    for command in (
        ["lookup", "m1 1ae"],
        ["rollback"],
        ["export", "--format", "parquet", "--output", "out"],
        ["export", "--format", "postgres", "--output", "host=/nowhere"],
        ["report", "--place", "lad:E06000018", "--output", "out.html"],
        ["extract", "--place", "lad:E06000018", "--output", "out.csv"],
        ["build"],
        ["refresh", "--no-fetch"],
    ):
        assert run(*command, "--database", str(database)).exit_code == 1
    assert database.read_bytes() == content
    assert len(run.tried) == 8


@pytest.mark.parametrize("share", [0.01, 0.3, 0.7, 0.99])
def test_a_cut_database_file_is_named_and_nothing_written(run, warehouse, tmp_path, share):
    whole = warehouse.read_bytes()
    database = tmp_path / "cut.duckdb"
    database.write_bytes(whole[: int(len(whole) * share)])
    for command in (["lookup", "m1 1ae"], ["export", "--format", "parquet", "--output", "out"]):
        done = run(*command, "--database", str(database))
        assert done.exit_code == 1 and "cut.duckdb" in done.stderr.splitlines()[-1]
    assert [path.name for path in tmp_path.iterdir()] == ["cut.duckdb"]


@pytest.mark.parametrize("value", TEXTS)
def test_hostile_variables(run, monkeypatch, value):
    monkeypatch.setenv("DEPRIVATION_KEEP", value)
    kept = run("refresh", "--no-fetch")
    assert kept.exit_code == (1 if not value.strip() or value == "2019" else 2)
    monkeypatch.delenv("DEPRIVATION_KEEP")
    if value in FOLDERS_THAT_ARE_THERE:
        return
    for name in ("DEPRIVATION_DB", "DEPRIVATION_WORK_DIR"):
        with monkeypatch.context() as changed:
            changed.setenv(name, value)
            for command in (["rollback", "--list"], ["lookup", "m1 1ae"], ["prepare"], ["build"]):
                run(*command)


def test_closed_streams_bytes_and_encodings(warehouse):
    place = f"DEPRIVATION_DB='{warehouse}' '{COMMAND}'"
    for line, code in (
        (f"{place} lookup zz 2>&-", 1),
        (f"{place} lookup zz >&- 2>&- <&-", 1),
        (f"{place} lookup $'m1\\xff1ae'", 2),
        (f"{place} rollback --list --database $'\\xe9.duckdb'", 2),
        (f"PYTHONIOENCODING=latin-1 {place} lookup 'zz\u2026'", 1),
        (f"PYTHONIOENCODING=ascii '{COMMAND}' rollback --database '/\u00e9/\u2026'", 1),
        (f"DEPRIVATION_DB=$'/x\\xff' '{COMMAND}' build", 1),
    ):
        done = subprocess.run(["bash", "-c", line], capture_output=True, check=False)
        stderr = done.stderr.decode("latin-1")
        assert done.returncode == code, (line, stderr)
        if "2>&-" not in line:
            is_as_promised(done.returncode, stderr, line)


@pytest.mark.parametrize(
    ("number", "code", "said"),
    [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")],
)
@pytest.mark.parametrize("seconds", [0, 0.2, 2])
def test_a_signal_ends_a_refresh_in_one_line(warehouse, tmp_path, number, code, said, seconds):
    data, database = tmp_path / "data", tmp_path / "x.duckdb"
    standin = Path(__file__).with_name("standin_refresh.py")
    data.mkdir()
    environment = {key: one for key, one in os.environ.items() if "DEPRIVATION_" not in key}
    environment |= {"STANDIN_FILE": str(warehouse), "STANDIN_SECONDS": "30"}
    environment |= {"DEPRIVATION_DB": str(database), "DEPRIVATION_WORK_DIR": str(tmp_path / "work")}
    running = subprocess.Popen(
        [sys.executable, standin, "refresh", "--no-fetch", "--data-dir", data],
        env=environment,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    assert running.stderr.readline().startswith("building")
    time.sleep(seconds)
    running.send_signal(number)
    _, stderr = running.communicate(timeout=30)
    assert (running.returncode, stderr.strip()) == (code, f"deprivation: {said}")
    assert {path.name for path in tmp_path.iterdir()} <= {"data", "work", "x.duckdb.lock"}


def test_an_interrupt_that_a_library_swallows_ends_the_command():
    """Raised in a finaliser, as in the middle of an import, it would only be printed."""
    program = """
import signal, sys, time
from deprivation.__main__ import run
from deprivation.cli.main import main
class Swallows:
    def __del__(self):
        signal.raise_signal(signal.SIGINT)
@main.command()
def waits():
    Swallows()
    time.sleep(60)
sys.argv = ["deprivation", "waits"]
run()
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode, done.stderr.strip()) == (130, "deprivation: interrupted")


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://me:hush@db/x",
        "mysql://me:hu sh@db",
        "https://hush@host/a?b=c",
        "https://a.org/x?token=hush&f=json",
        "host=db password='hu sh' user=me",
        "password = hush",
        '{"api_key": "hush"}',
        "https://me:hu/sh@db/x",
    ],
)
def test_secrets_are_hidden(text):
    assert "sh" not in without_secrets(text).replace("***", "")
