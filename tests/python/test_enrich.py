"""Records in, records out: each once, in order, whole, with the right area or the right reason."""

from __future__ import annotations

import csv
import errno
import gzip
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from deprivation.cli.failures import Commands
from deprivation.enrich import run as enriching

COMMAND = Path(sys.executable).parent / "deprivation"


@pytest.fixture(scope="module")
def one(warehouse):
    """The first postcode that meets a condition on the table postcodes."""
    connection = duckdb.connect(str(warehouse), read_only=True)

    def find(condition: str) -> str:
        return connection.execute(
            f"select postcode from postcodes where {condition} order by postcode limit 1"
        ).fetchone()[0]

    yield find
    connection.close()


ENGLISH = "country_code = 'E92000001' and lsoa_2011_code is not null"


@pytest.fixture(scope="module")
def messy(one):
    """(postcode as written, its status when edition 2019 is asked for)"""
    live = one(f"{ENGLISH} and is_live")
    return [
        ("", "missing"),
        (live, "matched"),
        (live.lower().replace(" ", ""), "matched"),
        (f"  {live[:2]} {live[2:]}\u00a0", "matched"),
        (live.replace(" ", "\t"), "matched"),
        (one(f"{ENGLISH} and not is_live"), "matched_terminated"),
        (one("country_code = 'S92000003'"), "outside_coverage"),
        (one("country_code = 'M83000003'"), "outside_coverage"),
        (one("country_code = 'E92000001' and lsoa_2011_code is null"), "no_area"),
        (unused(one, live), "not_found"),
        ("AA99 9AA", "not_found"),
        (live.split()[0], "partial"),
        (live[:-2], "partial"),
        ("ZZ99 3VZ", "pseudo"),
        (f"hello {live}", "invalid"),
        ('say "M1, 1AE"', "invalid"),
        ("two\nlines", "invalid"),
        ("   ", "missing"),
    ]


def unused(one, postcode: str) -> str:
    """A postcode of the same sector that is not in the directory."""
    for letters in ("ZZ", "ZY", "ZX", "YZ", "YY", "WZ"):
        try:
            one(f"postcode = '{postcode[:-2]}{letters}'")
        except TypeError:
            return postcode[:-2] + letters
    raise AssertionError(postcode)


@pytest.fixture
def enrich(deprivation, warehouse):
    def run(*arguments, **variables):
        return deprivation("enrich", *arguments, DEPRIVATION_DB=warehouse, **variables)

    return run


def write_csv(path: Path, rows, header=("id", "postcode", "note")):
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
    return path


def read_csv(path: Path):
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t" if ".tsv" in path.name else ","))


@pytest.fixture
def people(messy, tmp_path):
    """The messy postcodes many times over, in an order that a join must not change."""
    rows = [
        (f"{n:05}", postcode, f'note "{n}", with\na line' if n % 7 == 0 else " kept ")
        for n, (postcode, _) in enumerate(messy * 500)
    ]
    return write_csv(tmp_path / "people.csv", rows)


def test_every_record_comes_out_once_in_order_with_its_status(enrich, people, messy, tmp_path):
    output = tmp_path / "out.csv"
    report = tmp_path / "report.json"
    run = enrich(
        people, "--postcode-column", "postcode", "--edition", "2019", "--output", output,
        "--report", report,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    before, after = read_csv(people), read_csv(output)
    assert [{key: row[key] for key in before[0]} for row in after] == before
    expected = [status for _, status in messy * 500]
    assert [row["match_status"] for row in after] == expected
    for row in after:
        assert bool(row["imd_decile"]) == row["match_status"].startswith("matched")
    summary = json.loads(report.read_text())
    assert summary["rows"] == len(before)
    assert {s: n for s, n in summary["statuses"].items() if n} == {
        status: expected.count(status) for status in set(expected)
    }
    unknown = sum(not status.startswith("matched") for status in expected)
    assert summary["quintiles"]["imd"]["unknown"] == unknown
    assert sum(summary["quintiles"]["imd"].values()) == len(before)
    assert "Unknown" in run.stderr and "not_found" in run.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "out.csv", "people.csv", "report.json",
    ]  # fmt: skip


def test_the_values_are_the_published_ones_of_the_editions_own_area(
    enrich, people, warehouse, tmp_path
):
    output = tmp_path / "out.csv"
    for edition in ("2019", "2025"):
        run = enrich(
            people, "--postcode-column", "postcode", "--edition", edition, "--output", output,
            "--local", "lad", "--force",
        )  # fmt: skip
        assert run.returncode == 0, run.stderr
        with duckdb.connect(str(warehouse), read_only=True) as connection:
            expected = {
                row[0]: [str(value) for value in row[1:]]
                for row in connection.execute(
                    "select key, area_code, imd_rank, imd_decile, imd_quintile, geography_name,"
                    " local.local_rank, local.local_areas, ntile_10, ohid_10"
                    " from (select postcode_key as key, * from postcode_imd where edition = $1)"
                    " join local_quantiles as local using (edition, area_code)"
                    " where geography = 'lad' and index_code = 'imd'",
                    [edition],
                ).fetchall()
            }
        names = ["area_code", "imd_rank", "imd_decile", "imd_quintile", "lad_name"]
        names += [f"imd_lad_{name}" for name in ("rank", "areas", "decile", "decile_ohid")]
        matched = [r for r in read_csv(output) if r["match_status"].startswith("matched")]
        assert matched
        for row in matched:
            key = "".join(row["postcode"].split()).upper()
            assert [row[name] for name in names] == [
                value if value != "None" else "" for value in expected[key]
            ]
            assert row["edition"] == edition


def test_a_sector_answers_only_when_asked_and_a_repair_is_flagged(enrich, one, messy, tmp_path):
    live = one(f"{ENGLISH} and is_live and postcode like '%1 1__'")
    mistyped = live.replace("1", "I")
    rows = [(1, unused(one, live), ""), (2, mistyped, ""), (3, live, ""), (4, "OI", "")]
    people = write_csv(tmp_path / "people.csv", rows)
    output = tmp_path / "out.csv"
    run = enrich(
        people, "--postcode-column", "postcode", "--edition", "2019", "--output", output,
        "--fallback", "sector", "--repair",
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    sector, repaired, exact, invalid = read_csv(output)
    assert sector["match_status"] == "sector" and not sector["area_code"]
    assert int(sector["sector_min_decile"]) <= int(sector["imd_decile"])
    assert int(sector["imd_decile"]) <= int(sector["sector_max_decile"])
    assert 0 < float(sector["sector_modal_share"]) <= 1
    assert (repaired["match_status"], repaired["is_repaired"]) == ("matched", "true")
    assert repaired["repaired_postcode"] == live
    assert repaired["area_code"] == exact["area_code"]
    assert (exact["is_repaired"], exact["repaired_postcode"]) == ("false", "")
    assert invalid["match_status"] == "invalid"


def test_a_dated_record_gets_the_nearest_edition_and_says_which(enrich, one, warehouse, tmp_path):
    live = one(f"{ENGLISH} and is_live and introduced_on < '1990-01-01'")
    ended = one(f"{ENGLISH} and terminated_on between '2005-01-01' and '2015-01-01'")
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        (end,) = connection.execute(
            "select terminated_on from postcodes where postcode = $1", [ended]
        ).fetchone()
    rows = [
        (1, live, "2016-03-01"),
        (2, live, "31/12/2017"),  # as near to 2015 as to 2019: the older
        (3, live, "2018-01-01 09:30:00"),
        (4, live, "2022"),
        (5, live, "2023-01"),
        (6, live, ""),
        (7, live, "last year"),
        (8, live, "1900-01-01"),
        (9, ended, "2019-05-01"),
        (10, ended, f"{end:%Y-%m}-28"),
        (11, one("country_code = 'S92000003'"), "2019-05-01"),
        (12, unused(one, live), "2019-05-01"),
        (13, "hello", "2019-05-01"),
        (14, live, "05/06/19"),
        (15, live, " 2019-05-31 "),
    ]
    people = write_csv(tmp_path / "people.csv", rows, ("id", "postcode", "seen"))
    output = tmp_path / "out.csv"
    run = enrich(
        people, "--postcode-column", "postcode", "--date-column", "seen", "--output", output
    )
    assert run.returncode == 0, run.stderr
    after = read_csv(output)
    assert [row["edition_asked"] for row in after[:8]] == [
        "2016", "2017", "2018", "2022", "2023", "", "", "",
    ]  # fmt: skip
    assert [row["edition"] for row in after[:8]] == [
        "2015", "2015", "2019", "2019", "2025", "", "", "",
    ]  # fmt: skip
    assert [row["date_status"] for row in after[:10]] == [
        "ok", "ok", "ok", "ok", "ok", "no_date", "unreadable_date", "filler_date",
        "terminated", "ok",
    ]  # fmt: skip
    assert [row["date_status"] for row in after[11:]] == ["", "", "unreadable_date", "ok"]
    assert after[8]["match_status"] == "matched_terminated"
    assert {row["match_status"] for row in after[5:8]} == {"no_edition"}
    assert "  filler_date" in run.stderr and "  unreadable_date" in run.stderr
    run = enrich(
        people, "--postcode-column", "postcode", "--date-column", "seen", "--edition", "2019",
        "--output", output, "--force",
    )  # fmt: skip
    assert [row["edition"] for row in read_csv(output)[4:9]] == [
        "2025", "2019", "2019", "2019", "2019",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "form", ["csv", "tsv", "csv.gz", "tsv.zst", "jsonl", "jsonl.gz", "parquet"]
)
def test_every_format_goes_in_and_out_and_to_every_other(enrich, people, messy, tmp_path, form):
    options = ("--postcode-column", "postcode", "--edition", "2019", "--only", "quintile")
    between = tmp_path / f"between.{form}"
    back = tmp_path / "back.csv"
    first = enrich(people, *options, "--output", between, "--prefix", "first_")
    assert first.returncode == 0, first.stderr
    second = enrich(between, *options, "--output", back)
    assert second.returncode == 0, second.stderr
    before, after = read_csv(people), read_csv(back)
    assert [{key: row[key] for key in before[0]} for row in after] == before
    for row in after:
        assert row["first_imd_quintile"] == row["imd_quintile"]
        assert row["first_match_status"] == row["match_status"]


def test_json_records_keep_their_own_text(enrich, one, tmp_path):
    live = one(f"{ENGLISH} and is_live")
    lines = [
        f'{{"id": 1.10, "postcode": "{live}", "tags": ["a", {{"b": null}}]}}',
        "",
        '{ "postcode":null,"é":"\\u00e9 \\"x\\"" }',
        "{}",
    ]
    people = tmp_path / "people.jsonl"
    people.write_text("\n".join(lines), encoding="utf-8")
    output = tmp_path / "out.ndjson"
    options = ("--postcode-column", "postcode", "--edition", "2019", "--output", output)
    run = enrich(people, *options)
    assert run.returncode == 0, run.stderr
    first, second, third = output.read_text(encoding="utf-8").splitlines()
    assert first.startswith(lines[0][:-1])
    assert second.startswith(lines[2].rstrip(" }"))
    assert [json.loads(line)["match_status"] for line in (first, second, third)] == [
        "matched", "missing", "missing",
    ]  # fmt: skip
    enrich(people, *options, "--force", "--drop-postcode")
    assert "postcode" not in json.loads(output.read_text().splitlines()[0])


def test_the_least_that_a_study_needs(enrich, people, tmp_path):
    output = tmp_path / "out.csv"
    run = enrich(
        people, "--postcode-column", "postcode", "--edition", "2019", "--output", output,
        "--only", "quintile", "--drop-postcode", "--allow-synthetic",
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert list(read_csv(output)[0]) == ["id", "note", "imd_quintile", "match_status"]


def test_invented_figures_are_marked_in_every_record_and_on_stderr(enrich, people, tmp_path):
    output, report = tmp_path / "out.csv", tmp_path / "report.json"
    run = enrich(
        people, "--postcode-column", "postcode", "--output", output, "--report", report
    )  # fmt: skip
    assert {row["is_synthetic"] for row in read_csv(output)} == {"true"}
    assert "synthetic data" in run.stderr
    assert json.loads(report.read_text())["is_synthetic"] is True


def test_files_by_pattern_and_pipes(warehouse, messy, tmp_path):
    for n in (1, 2, 3):
        write_csv(
            tmp_path / f"part{n}.csv", [(f"{n}.{i}", p, "") for i, (p, _) in enumerate(messy)]
        )
    options = ["--postcode-column", "postcode", "--edition", "2019", "--database", warehouse]
    output = tmp_path / "out.csv"
    subprocess.run(
        [COMMAND, "enrich", tmp_path / "part*.csv", *options, "--output", output], check=True
    )
    assert [row["id"] for row in read_csv(output)] == [
        f"{n}.{i}" for n in (1, 2, 3) for i in range(len(messy))
    ]
    together = b"".join(
        path.read_bytes() if n == 0 else path.read_bytes().split(b"\n", 1)[1]
        for n, path in enumerate(sorted(tmp_path.glob("part*.csv")))
    )
    for given in (together, gzip.compress(together)):
        piped = subprocess.run(
            [COMMAND, "enrich", "-", *options, "--output", "-"],
            input=given, capture_output=True, check=True,
        )  # fmt: skip
        assert piped.stdout == output.read_bytes()
    assert not list(tmp_path.glob(".*"))


def spoilt(tmp_path):
    """(file, what the error must say) of files that cannot be read to their end."""
    rows = "".join(f"{n},M1 1AE,some text\n" for n in range(50_000))
    text = f"id,postcode,note\n{rows}"
    files = {
        "short.csv": (text.replace("\n40000,M1 1AE,", "\n40000,").encode(), "line 40002: has 2"),
        "long.csv": (text.replace("\n40000,", "\n40000,x,").encode(), "line 40002: has 4"),
        "quote.csv": (text.replace("\n40000,", '\n40000,"').encode(), "line 40002"),
        "blank.csv": (b"\n" + text.encode(), "no header"),
        "latin.jsonl": (b'{"postcode": "M1 1AE"}\n{"postcode": "M1 1AE", "a": "\xe9"}\n', "line 2"),
        "latin.csv": (text.replace("\n40000,M1 1AE,", "\n40000,M1 1AE,caf\xe9 ").encode("latin-1"),
                      "line 40002: is not UTF-8"),
        "cut.csv.gz": (gzip.compress(text.encode())[:-2000], "cut.csv.gz is cut off or damaged"),
        "cut.parquet": (b"PAR1" + b"x" * 500, "cut.parquet is not a whole Parquet"),
        "empty.csv": (b"", "no header"),
        "bad.jsonl": (b'{"postcode": "M1 1AE"}\n\n{"postcode": \n', "bad.jsonl, line 3"),
        "list.jsonl": (b'{"postcode": "M1 1AE"}\n[1]\n', "list.jsonl, line 2"),
        "twice.csv": (b"POSTCODE,Postcode\nM1 1AE,x\n", "the same name"),
        "open.csv": (b'postcode,note\nM1 1AE,x\nM1 1AE,"y\nM1 1AE,z\n', "line 3: a quote is"),
        "behind.csv": (b'postcode,note\nM1 1AE,"x"y\n', "line 2: there is text after"),
        "wide.csv": (b'postcode,note\nM1 1AE,' + b"x" * (20 << 20) + b"\n", "is longer than"),
    }  # fmt: skip
    for name, (content, says) in files.items():
        (tmp_path / name).write_bytes(content)
        yield tmp_path / name, says
    # Past what is read before the first record is written.
    late = tmp_path / "late.csv"
    late.write_text(f"id,postcode,note\n{rows * 40}1\n")
    yield late, "line 2000002: has 1"
    whole = tmp_path / "cut.csv.zst"
    duckdb.execute(
        f"copy (select 'M1 1AE' as postcode, range as id from range(100000)) to '{whole}'"
        " (compression zstd)"
    )
    whole.write_bytes(whole.read_bytes()[:-2000])
    yield whole, "cut.csv.zst is cut off or damaged"


def test_a_file_that_cannot_be_read_is_named_and_nothing_is_written(enrich, tmp_path):
    for path, says in spoilt(tmp_path):
        output = path.with_name("out.csv")
        before = sorted(tmp_path.iterdir())
        run = enrich(path, "--postcode-column", "postcode", "--edition", "2019", "--output", output)
        last = run.stderr.strip().splitlines()[-1]
        assert run.returncode == 1, path
        assert last.startswith("deprivation: error:") and path.name in last, last
        assert says in last, last
        assert "M1 1AE" not in run.stderr  # postcodes are personal data
        assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--postcode-column", "pcode"], "no column 'pcode'; there are 'id', 'postcode', 'note'"),
        (["--edition", "2018"], "England 2004, 2007, 2010, 2015, 2019, 2025"),
        (["--index", "imd,wealth"], "index wealth is not in this file"),
        (["--index", "income", "--local", "lad"], "local rank of index income is not in this"),
        (["--local", "parish"], "geography parish is not in this file"),
        (["--only", "everything"], "--only: no everything"),
        (["--date-column", "when"], "no column 'when'"),
        (["--database", "nowhere.duckdb"], "deprivation build"),
        (["--output", "out.docx"], "unknown format"),
        (["--output", "nowhere/out.csv"], "no such folder"),
        (["--prefix", "", "--output", "there.csv"], "--force"),
        (["--output", "/dev/null"], "not a file"),
        (["--report", "out.csv"], "the same file"),
        (["--report", "nowhere/report.json"], "no such folder"),
        (["--index", ""], "--index names no index"),
        (["--date-format", "%d/%m/%y"], "--date-format needs --date-column"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_a_failure(
    enrich, people, tmp_path, monkeypatch, arguments, says
):
    (tmp_path / "there.csv").write_text("precious")
    monkeypatch.chdir(tmp_path)
    usual = {"--postcode-column": "postcode", "--edition": "2019", "--output": "out.csv"}
    usual |= dict(zip(arguments[::2], arguments[1::2], strict=True))
    run = enrich(people, *[part for pair in usual.items() for part in pair], cwd=tmp_path)
    assert run.returncode == 1
    assert says in run.stderr.strip().splitlines()[-1], run.stderr
    assert not (tmp_path / "out.csv").exists()
    assert (tmp_path / "there.csv").read_text() == "precious"


def test_an_added_column_that_is_there_already_needs_a_prefix(enrich, tmp_path):
    people = write_csv(tmp_path / "people.csv", [("M1 1AE", "9")], ("postcode", "IMD_Decile"))
    options = ("--postcode-column", "postcode", "--edition", "2019")
    run = enrich(people, *options, "--output", tmp_path / "out.csv")
    assert run.returncode == 1 and "--prefix" in run.stderr
    run = enrich(people, *options, "--output", tmp_path / "out.csv", "--prefix", "our_")
    assert "our_match_status" in read_csv(tmp_path / "out.csv")[0]


def test_progress_is_told_while_records_stream(warehouse, tmp_path):
    people = tmp_path / "people.parquet"
    duckdb.execute(
        f"copy (select 'M1 1AE' as postcode, range as id from range(1500000)) to '{people}'"
    )
    told = []

    def watch(still_runs, percent):
        while still_runs(0.01):
            told.append(percent())
        told.append(percent())

    request = enriching.Request([str(people)], "postcode", str(tmp_path / "out.csv"), "2019")
    enriching.enrich(warehouse, request, watch)
    assert told == sorted(told) and told[-1] == 100
    assert len(set(told)) > 2


def test_the_directory_is_read_before_the_libraries_of_records_are_loaded():
    code = (
        "import sys, deprivation.cli.main, deprivation.enrich.run;"
        " sys.exit(any(name in sys.modules for name in ('numpy', 'pyarrow')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_run_that_is_stopped_leaves_nothing(warehouse, tmp_path):
    people = tmp_path / "people.parquet"
    duckdb.execute(
        f"copy (select 'M1 1AE' as postcode, range as id from range(20000000)) to '{people}'"
    )
    command = [COMMAND, "enrich", people, "--postcode-column", "postcode", "--edition", "2019"]
    running = subprocess.Popen(
        [*command, "--output", tmp_path / "out.parquet", "--database", warehouse],
        stderr=subprocess.DEVNULL,
    )
    until = time.monotonic() + 60
    while not list(tmp_path.glob(".*/output")) and time.monotonic() < until:
        time.sleep(0.05)
    running.send_signal(signal.SIGTERM)
    assert running.wait(timeout=30) != 0
    assert [path.name for path in tmp_path.iterdir()] == ["people.parquet"]


def test_a_file_is_read_by_its_very_name(enrich, one, tmp_path):
    """Neither as a pattern, nor with columns from the names of its folders."""
    live, other = one(f"{ENGLISH} and is_live"), one("country_code = 'S92000003'")
    options = ("--postcode-column", "postcode", "--edition", "2019", "--output", "-")
    for form in ("csv", "parquet"):
        folder = tmp_path / "edition=2019" / form
        folder.mkdir(parents=True)
        for name, postcode in ((f"x[1].{form}", live), (f"x1.{form}", other)):
            copy = f"copy (select '{postcode}' as postcode, 1999 as year) to '{folder / name}'"
            duckdb.execute(copy)
        run = enrich(folder / f"x[1].{form}", *options, "--output-format", "csv")
        assert run.returncode == 0, run.stderr
        header, *rows = run.stdout.splitlines()
        assert header.startswith("postcode,year,edition,area_code,")
        assert [row.split(",")[:2] for row in rows] == [[live, "1999"]]


def test_files_whose_columns_differ_in_type_are_not_put_together(enrich, tmp_path):
    for name, value in (("a", "1"), ("b", "1.5")):
        duckdb.execute(
            f"copy (select 'M1 1AE' as postcode, {value} as v) to '{tmp_path / name}.parquet'"
        )
    run = enrich(
        tmp_path / "a.parquet", tmp_path / "b.parquet", "--postcode-column", "postcode",
        "--edition", "2019", "--output", tmp_path / "out.csv",
    )  # fmt: skip
    assert run.returncode == 1
    assert "b.parquet: column 'v' is decimal128(2, 1), in" in run.stderr.splitlines()[-1]


def test_json_that_is_written_is_json(enrich, one, tmp_path):
    live = one(f"{ENGLISH} and is_live")
    people, numbers = tmp_path / "people.jsonl", tmp_path / "numbers.parquet"
    people.write_text(f'{{"postcode": "{live}", "b": 1, "a": 2,}}\n', encoding="utf-8")
    duckdb.execute(
        f"copy (select '{live}' as postcode, 'nan'::double as x, 'inf'::float as y) to '{numbers}'"
    )
    options = ("--postcode-column", "postcode", "--edition", "2019", "--output")
    for path, keys in ((people, ["postcode", "b", "a"]), (numbers, ["postcode", "x", "y"])):
        run = enrich(path, *options, "-", "--output-format", "jsonl")
        record = json.loads(run.stdout, parse_constant=pytest.fail)
        assert list(record)[:3] == keys and record["match_status"] == "matched"
    run = enrich(people, *options, "-", "--output-format", "csv")
    assert run.stdout.startswith("postcode,b,a,edition,")
    (tmp_path / "none.jsonl").write_text("")
    assert enrich(tmp_path / "none.jsonl", *options, tmp_path / "out.jsonl").returncode == 0
    assert (tmp_path / "out.jsonl").read_text() == ""
    people.write_text(f'{{"postcode": "{live}", "a": 1, "A": 2}}\n', encoding="utf-8")
    run = enrich(people, *options, tmp_path / "out.parquet")
    assert run.returncode == 1 and "'A', 'a'" in run.stderr


@pytest.mark.parametrize("form", ["csv", "jsonl.gz", "parquet"])
def test_an_output_that_cannot_be_written_whole_leaves_nothing(people, warehouse, tmp_path, form):
    command = [COMMAND, "enrich", people, "--postcode-column", "postcode", "--edition", "2019"]
    run = subprocess.run(
        [*command, "--output", tmp_path / f"out.{form}", "--database", warehouse],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000)),
        capture_output=True,
        text=True,
    )
    assert run.returncode == 1, run.stderr
    assert run.stderr.splitlines()[-1].startswith("deprivation: error: cannot write: ")
    assert [path.name for path in tmp_path.iterdir()] == ["people.csv"]


def test_postcodes_of_formats_no_longer_valid_are_found(deprivation, one, warehouse, tmp_path):
    """The directory holds 7,084 such as NPT 0AA and W1Y 9LB (November 2025), ended by 2000."""
    database = tmp_path / "with NPT 0AA.duckdb"
    shutil.copy(warehouse, database)
    ended = one(f"{ENGLISH} and not is_live")
    with duckdb.connect(str(database)) as connection:
        for table in ("postcodes", "postcode_imd"):
            connection.execute(
                f"insert into {table} select 'NPT 0AA' as postcode, 'NPT0AA' as postcode_key,"
                f" * exclude (postcode, postcode_key) from {table} where postcode = $1",
                [ended],
            )
    people = write_csv(tmp_path / "people.csv", [(1, "npt0aa", ""), (2, "npt 0ab", "")])
    output = tmp_path / "out.csv"
    run = deprivation(
        "enrich", people, "--postcode-column", "postcode", "--edition", "2019", "--output", output,
        "--database", database,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert [row["match_status"] for row in read_csv(output)] == ["matched_terminated", "invalid"]


def test_many_batches_of_parquet_come_out_whole_and_in_order(enrich, messy, tmp_path):
    """Types and a row group size that are not DuckDB's own."""
    people, output = tmp_path / "people.parquet", tmp_path / "out.parquet"
    postcodes = ", ".join("'" + postcode.replace("'", "''") + "'" for postcode, _ in messy)
    duckdb.execute(
        f"copy (select range as id,"
        f" [{postcodes}][cast(1 + hash(range) % {len(messy)} as int)] as postcode,"
        " {'day': date '2019-01-01' + (range % 9)::int} as nested, [range % 3] as list"
        f" from range(2500000)) to '{people}' (row_group_size 70000)"
    )
    run = enrich(people, "--postcode-column", "postcode", "--edition", "2019", "--output", output)
    assert run.returncode == 0, run.stderr
    wrong = duckdb.execute(
        "select count(*), count_if(before.id is distinct from after.id or before.postcode is"
        " distinct from after.postcode or before.nested is distinct from after.nested"
        " or before.list is distinct from after.list or after.match_status is null)"
        f" from read_parquet('{people}', file_row_number = true) as before"
        f" full join read_parquet('{output}', file_row_number = true) as after"
        " using (file_row_number)"
    ).fetchone()
    assert wrong == (2_500_000, 0)
    groups = duckdb.execute(
        f"select max(row_group_num_rows), sum(row_group_num_rows) filter (column_id = 0)"
        f" from parquet_metadata('{output}')"
    ).fetchone()
    assert groups[0] <= 491_520 and groups[1] == 2_500_000


@pytest.mark.parametrize(
    ("command", "option"),
    [
        (["enrich", "x.csv", "--postcode-column", "p", "--output", "y.csv"], "--edition"),
        (["enrich", "x.csv", "--postcode-column", "p", "--output", "y.csv"], "--index"),
        (["enrich", "x.csv", "--postcode-column", "p", "--output", "y.csv"], "--local"),
        (["lookup", "M1 1AE"], "--edition"),
        (["inequality", __file__, "--quantile", "q", "--population", "p"], "--by"),
    ],
)
def test_of_a_list_given_twice_nothing_is_left_out_in_silence(deprivation, command, option):
    run = deprivation(*command, option, "2019", option, "2025")
    assert run.returncode == 2
    assert f"{option} is given 2 times; give it once" in run.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    "second, said",
    [
        # One parser takes the first of two values, another the last.
        ('{"postcode": "M1 1AE", "postcode": "NG16 1AA"}', "people.jsonl, line 2: has a key twice"),
        # The record would be `missing` though it has a postcode.
        ('{"Postcode": "M1 1AE"}', "'postcode', 'Postcode' have the same name"),
        ('{"postcode ": "M1 1AE"}', "'postcode', 'postcode ' have the same name"),
    ],
)
def test_json_that_can_be_read_in_two_ways_is_refused(enrich, tmp_path, second, said):
    people = tmp_path / "people.jsonl"
    people.write_text(f'{{"postcode": "M1 1AE"}}\n{second}\n')
    run = enrich(people, "--postcode-column", "postcode", "--output", "-")
    assert run.returncode == 1 and run.stdout == ""
    assert said in run.stderr.splitlines()[-1]


def test_a_full_disk_is_said_in_words(capsys):
    group = Commands("test")

    @group.command()
    def write():
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(SystemExit) as ended:
        group.main(["write"])
    assert ended.value.code == 1
    assert "no space left where the output" in capsys.readouterr().err
