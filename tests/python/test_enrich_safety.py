"""Nothing of the user's is lost, and what is refused says why in one line."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import duckdb
import pytest

from deprivation.cli.main import main
from deprivation.enrich import run as enriching
from deprivation.enrich.destination import MARK, check_destination, private_folder
from deprivation.errors import InputError

COMMAND = Path(sys.executable).parent / "deprivation"
OPTIONS = ("--postcode-column", "postcode")


@pytest.fixture
def people(tmp_path):
    path = tmp_path / "people.csv"
    path.write_text("id,postcode\n1,M1 1AE\n2,\n")
    return path


@pytest.fixture
def enrich(deprivation, warehouse):
    def run(*arguments, **variables):
        return deprivation("enrich", *arguments, *OPTIONS, DEPRIVATION_DB=warehouse, **variables)

    return run


def test_a_link_is_followed_and_permissions_are_kept(enrich, people, tmp_path):
    real, link = tmp_path / "real.csv", tmp_path / "link.csv"
    real.write_text("old")
    real.chmod(0o600)
    link.symlink_to(real)
    report = tmp_path / "report.json"
    report.write_text("old")
    report.chmod(0o640)
    run = enrich(people, "--output", link, "--report", report, "--force")
    assert run.returncode == 0, run.stderr
    assert link.is_symlink() and real.read_text().startswith("id,postcode,")
    assert (real.stat().st_mode & 0o777, report.stat().st_mode & 0o777) == (0o600, 0o640)
    assert json.loads(report.read_text())["rows"] == 2


@pytest.mark.parametrize("option", ["--report", "--output"])
@pytest.mark.parametrize("what", ["the file read", "a link to it", "the published file"])
def test_what_is_read_is_never_written_over(enrich, people, tmp_path, warehouse, option, what):
    if option == "--output" and what != "the published file":
        pytest.skip("--output with --force may name the input: it is replaced when all is read")
    target = {
        "the file read": people,
        "a link to it": tmp_path / "link",
        "the published file": warehouse,
    }
    (tmp_path / "link").symlink_to(people)
    before = [people.read_bytes(), warehouse.stat().st_mtime_ns]
    other = {"--report": "--output", "--output": "--report"}[option]
    run = enrich(
        people,
        option,
        target[what],
        other,
        tmp_path / "out.csv",
        "--output-format",
        "csv",
        "--force",
    )
    assert run.returncode == 1
    assert "is also an input" in run.stderr.splitlines()[-1]
    assert [people.read_bytes(), warehouse.stat().st_mtime_ns] == before


def test_what_a_killed_run_left_is_removed_and_nothing_else(tmp_path):
    def folder(name: str, mark: bool) -> Path:
        made = tmp_path / name
        made.mkdir()
        (made / "output").write_text("M1 1AE")
        if mark:
            (made / MARK).touch()
        return made

    left = folder(".deprivation-enrich-left", True)
    users = folder(".deprivation-enrich-users", False)
    with private_folder(tmp_path / "out.csv") as other:
        (other / "output").write_text("M1 1AE")
        with private_folder(tmp_path / "out.csv") as own:
            assert own.stat().st_mode & 0o777 == 0o700
            assert other.is_dir() and users.is_dir() and not left.exists()
    assert not other.exists() and not own.exists()


def test_a_killed_run_leaves_nothing_for_ever(people, warehouse, tmp_path):
    command = [
        COMMAND,
        "enrich",
        "-",
        *OPTIONS,
        "--output",
        tmp_path / "out.csv",
        "--database",
        warehouse,
    ]
    before: set[Path] = set()
    for end, code in ((signal.SIGKILL, -9), (signal.SIGINT, 130)):
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
        )
        process.stdin.write(people.read_bytes())
        process.stdin.flush()
        for _ in range(200):
            if found := set(tmp_path.glob(".deprivation-enrich-*/*")) - before:
                break
            time.sleep(0.05)
        before = found
        os.kill(process.pid, end)
        stderr = process.communicate(timeout=30)[1].decode()
        assert process.returncode == code, stderr
        assert "Traceback" not in stderr
    # The interrupted run has removed its own, and what the killed one left.
    assert [path.name for path in tmp_path.iterdir()] == ["people.csv"]


def test_an_interrupt_does_not_wait_for_the_answers(monkeypatch):
    let_go = threading.Event()
    monkeypatch.setattr(enriching, "read_answers", lambda *_: let_go.wait(60))
    started = time.monotonic()
    with (
        duckdb.connect() as connection,
        pytest.raises(KeyboardInterrupt),
        enriching.answers_ahead(connection, None),
    ):
        raise KeyboardInterrupt
    let_go.set()
    assert time.monotonic() - started < 30


def test_names_and_streams_that_are_no_plain_text(enrich, warehouse, tmp_path):
    odd = tmp_path / os.fsdecode(b"caf\xe9.csv")
    odd.write_text("id,postcodé\n1,M1 1AE\n", encoding="utf-8")
    run = enrich(tmp_path / "caf*.csv", "--output", tmp_path / "out.csv", PYTHONIOENCODING="ascii")
    assert run.returncode == 1 and "no column 'postcode'" in run.stderr
    assert "Traceback" not in run.stderr and not (tmp_path / "out.csv").exists()
    odd.write_text("id,postcode\n1,M1 1AE\n")
    script = f"'{COMMAND}' enrich '{tmp_path}'/caf*.csv --postcode-column postcode"
    quiet = subprocess.run(
        ["bash", "-c", f"{script.replace('caf*', 'caf?')} --output '{tmp_path}/out.csv' 2>&-"],
        env=os.environ | {"DEPRIVATION_DB": str(warehouse)}, check=False,
    )  # fmt: skip
    assert quiet.returncode == 2 or (tmp_path / "out.csv").exists()
    run = enrich(tmp_path / "caf*.csv", "--output", tmp_path / "out.csv", "--force")
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_a_pipe_is_read_from_stdin_or_refused(enrich, tmp_path, form):
    """A file is opened twice: of a pipe nothing is left then, and no record would come out."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for place in (pipe, "/dev/zero"):
        run = enrich(place, "--input-format", form, "--output", tmp_path / "out.csv")
        assert run.returncode == 1 and "stdin: -" in run.stderr.splitlines()[-1], run.stderr
    assert not (tmp_path / "out.csv").exists()


def test_a_cut_published_file_is_named(deprivation, warehouse, people, tmp_path):
    whole = warehouse.read_bytes()
    cut = tmp_path / "cut.duckdb"
    for size in (100, 5000, len(whole) // 2, len(whole) - 1):
        cut.write_bytes(whole[:size])
        for command in (["lookup", "M1 1AE"], ["enrich", people, *OPTIONS, "--output", "-"]):
            run = deprivation(*command, "--database", cut)
            assert run.returncode == 1 and "cut.duckdb" in run.stderr.splitlines()[-1]
            assert "unexpected" not in run.stderr and "Traceback" not in run.stderr


def test_random_commands_end_with_a_word(warehouse, people, tmp_path, monkeypatch, capsys):
    """Hundreds of runs with odd values: an exit code of the list, and never a fault of ours."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DEPRIVATION_DB", str(warehouse))
    dice = random.Random(3)
    odd = ["", " ", "x", "-", "--", "2019", "2019,2025", "nearest:2019", "nearest:", "9" * 30,
           "imd,", "a'b\"c", "[x]*", "é", "\U0001f600", "../x", "/", "all", "%d", "lad", "\t", ";",
           "csv.gz", "utf-16", "M1 1AE", "people.csv", "out.csv", "\0"]  # fmt: skip
    names = ["--edition", "--date-column", "--date-format", "--index", "--local", "--only",
             "--prefix", "--input-format", "--output-format", "--delimiter", "--encoding",
             "--report", "--output", "--postcode-column"]  # fmt: skip
    spoilt = tmp_path / "spoilt.csv"
    codes = set()
    began = time.monotonic()
    tried = 0
    while time.monotonic() - began < 8:
        tried += 1
        content = bytearray(b'id,postcode\n1,M1 1AE\n2,"x\ny"\n')
        for _ in range(dice.randint(0, 3)):
            content[dice.randrange(len(content))] = dice.choice(b'",\n\r\0\xff;')
        spoilt.write_bytes(content)
        options = {"--postcode-column": "postcode", "--output": "out.csv"}
        options |= {dice.choice(names): dice.choice(odd) for _ in range(dice.randint(0, 2))}
        words = [
            "enrich",
            dice.choice(["spoilt.csv", "people.csv", *odd[2:4], "no*.csv"]),
            "--force",
        ]
        words += [word for pair in options.items() for word in pair]
        if dice.random() < 0.2:
            words = ["lookup", *(dice.choice(odd) for _ in range(dice.randint(1, 3)))]
        if "-" in words[1:2]:
            continue
        with pytest.raises(SystemExit) as ended:
            main(words)
        said = capsys.readouterr().err
        codes.add(ended.value.code)
        assert ended.value.code in (0, 1, 2), (words, said)
        assert "unexpected" not in said and "Traceback" not in said, (words, said)
        assert people.read_text() == "id,postcode\n1,M1 1AE\n2,\n" or "people.csv" in words[3:]
        people.write_text("id,postcode\n1,M1 1AE\n2,\n")
    assert codes >= {0, 1} and tried > 30


def test_a_destination_that_cannot_be_is_refused(tmp_path):
    for name in ("", str(tmp_path), str(tmp_path / "no" / "x.csv"), "a\0b"):
        with pytest.raises(InputError):
            check_destination(name, False, [])
