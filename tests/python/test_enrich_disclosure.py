"""The least disclosure: one index for the same records, small areas, rare combinations."""

from __future__ import annotations

import csv
import json
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

import duckdb
import numpy as np
import pytest

from deprivation.enrich import run as enriching
from deprivation.enrich.one_index import digests
from deprivation.enrich.request import Columns, Request
from deprivation.errors import InputError

MANIFEST = "deprivation-one-index.json"


@pytest.fixture(scope="module")
def postcodes(warehouse) -> list[str]:
    """400 of England with areas of 2019 and 2025."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        rows = connection.execute(
            "select postcode from postcode_imd where nation = 'England' and imd_rank is not null"
            " group by postcode having count(distinct edition) filter (edition in (2019, 2025)) = 2"
            " order by hash(postcode) limit 400"
        ).fetchall()
    return [postcode for (postcode,) in rows]


@pytest.fixture
def enrich(warehouse, tmp_path):
    def run(rows, output="out.csv", index="imd", wanted=("quintile",), folder=None, **options):
        path = tmp_path / "people.csv"
        with path.open("w", newline="") as file:
            csv.writer(file).writerows([["postcode", "sex"], *rows])
        where = folder or tmp_path
        request = Request(
            [str(path)], "postcode", str(where / output),
            columns=Columns(indices=tuple(index.split(",")), wanted=frozenset(wanted)),
            **options,
        )  # fmt: skip
        summary = enriching.enrich(warehouse, request)
        with (where / output).open(newline="") as file:
            return list(csv.DictReader(file)), summary

    return run


def people(postcodes: list[str]) -> list[tuple[str, str]]:
    return [(postcode, "FM"[place % 2]) for place, postcode in enumerate(postcodes)]


@pytest.mark.parametrize("count", [3, 400])
def test_the_same_records_get_no_second_index_in_a_folder(enrich, postcodes, tmp_path, count):
    rows = people(postcodes[:count])
    enrich(rows, one_index=True)
    manifest = (tmp_path / MANIFEST).read_text()
    # In any order, spelling and number, beside other columns, whether or not it is asked for again.
    again = [(postcode.lower().replace(" ", ""), "") for postcode, _ in rows[::-1]] * 2
    for options in (
        {"index": "income", "one_index": True},
        {"index": "imd,income"},
        {"index": "own:imd_without_health"},
        {"wanted": ("decile",)},
        {"edition": "2019"},
        {"index": "income", "output": "out.csv", "force": True},
    ):
        with pytest.raises(InputError, match=r"have imd \(imd_quintile\) beside them in out.csv"):
            enrich(again, **{"output": "second.csv", **options})
        assert not (tmp_path / "second.csv").exists()
    assert (tmp_path / MANIFEST).read_text() == manifest
    # The same again, other records, and another folder are no second index.
    enrich(rows, force=True, one_index=True)
    assert (tmp_path / MANIFEST).read_text() == manifest
    enrich(rows, output="copy.csv")
    other = tmp_path / "other"
    other.mkdir()
    enrich(rows, index="income", one_index=True, folder=other)
    if count == 3:
        enrich(people(postcodes[200:]), output="others.csv", index="income", one_index=True)
    else:
        with pytest.raises(InputError, match="these records"):  # most of them
            enrich(rows[:40] + rows[60:], output="most.csv", index="income", one_index=True)
    linked = json.loads((tmp_path / MANIFEST).read_text())["linked"]
    assert linked[0]["postcodes"] == count
    assert not any(postcode.replace(" ", "") in manifest for postcode in postcodes)


def test_what_one_index_cannot_keep_to_is_refused(enrich, postcodes, tmp_path, capfd):
    rows = people(postcodes[:3])
    for options, said in (
        ({"index": "imd,income"}, "imd, income are several indices"),
        ({"edition": "2019,2025"}, "several editions"),
        ({"output": MANIFEST}, "kept for the record of --one-index"),
    ):
        with pytest.raises(InputError, match=said):
            enrich(rows, one_index=True, **options)
    (tmp_path / MANIFEST).write_text('{"made_by": "somebody"}')
    with pytest.raises(InputError, match="damaged, or not a file of --one-index"):
        enrich(rows)
    assert sorted(path.name for path in tmp_path.iterdir()) == [MANIFEST, "people.csv"]
    assert (tmp_path / MANIFEST).read_text() == '{"made_by": "somebody"}'


def test_an_output_that_is_not_put_in_place_is_not_recorded(
    enrich, postcodes, tmp_path, monkeypatch
):
    def fail(*_):
        raise OSError("no space left")

    monkeypatch.setattr(enriching, "put_in_place", fail)
    with pytest.raises(OSError):
        enrich(people(postcodes), one_index=True)
    assert not (tmp_path / MANIFEST).exists()


def test_digests_do_not_depend_on_what_else_is_there():
    draw = np.random.default_rng(1)
    records = np.unique(draw.integers(1, 1 << 62, 4000).astype(np.uint64))
    whole, fewer = digests(records, "00", 64), digests(records[100:], "00", 64)
    assert len(set(whole)) == 64 and 0 < sum(a == b for a, b in zip(whole, fewer, strict=True)) < 64
    assert whole != digests(records, "01", 64)


def test_areas_of_too_few_people_do_not_answer(enrich, postcodes, warehouse):
    least = 1500
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        population = dict(
            connection.execute(
                "select postcode, population from postcode_imd join areas"
                " using (nation, edition, area_code) where edition = 2019"
            ).fetchall()
        )
    rows, summary = enrich(people(postcodes), edition="2019", min_area_population=least)
    small = [population[row["postcode"]] < least for row in rows]
    assert 0 < sum(small) < len(rows)
    assert [row["match_status"] == "small_area" for row in rows] == small
    assert [row["imd_quintile"] == "" for row in rows] == small
    assert summary["small_areas"]["answers_taken_out"] == sum(small)
    assert summary["quintiles"]["imd"]["unknown"] == sum(small)


def test_a_file_without_populations_cannot_say_which_areas_are_small(
    enrich, postcodes, warehouse, tmp_path, monkeypatch
):
    blank = tmp_path / "blank.duckdb"
    blank.write_bytes(warehouse.read_bytes())
    with duckdb.connect(str(blank)) as connection:
        connection.execute("update areas set population = null where nation <> 'Scotland'")
    real = enriching.connect
    monkeypatch.setattr(enriching, "connect", lambda _: real(blank))
    with pytest.raises(InputError, match="no populations for these editions"):
        enrich(people(postcodes), edition="2019", min_area_population=10)
    rows, summary = enrich(people(postcodes), min_area_population=10)  # Scotland's are known
    assert {row["match_status"] for row in rows} == {"small_area"}
    assert summary["small_areas"]["of_unknown_population"] == len(rows)


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".xlsx", ".parquet"])
def test_too_few_alike_are_counted_and_taken_out(enrich, postcodes, tmp_path, suffix, warehouse):
    draw, k = random.Random(1), 4
    rows = [(draw.choice(postcodes), draw.choice("FFFFMMx")) for _ in range(120)]
    plain, _ = enrich([*rows, ("nonsense", "F")])
    alike = Counter((row["sex"], row["imd_quintile"]) for row in plain if row["imd_quintile"])
    rare = [0 < alike[row["sex"], row["imd_quintile"]] < k for row in plain]
    path = tmp_path / ("people" + suffix)
    if suffix != ".csv":  # the same records in another format
        enriching.enrich(
            warehouse,
            Request([str(tmp_path / "people.csv")], "postcode", str(path), prefix="old_"),
        )
    asked = {"k_anonymity": ("Sex",), "k": k, "columns": Columns(wanted=frozenset(["quintile"]))}
    for suppresses in (False, True):
        request = Request(
            [str(path)], "postcode", str(tmp_path / "k.csv"),
            force=True, suppresses_below_k=suppresses,
            sheet="Records" if suffix == ".xlsx" else None, **asked,
        )  # fmt: skip
        report = enriching.enrich(warehouse, request)["k_anonymity"]
        assert report["combinations"] == len(alike)
        assert report["smallest"] == min(alike.values())
        assert report["records_below_k"] == sum(rare) > 0
        assert report["combinations_by_size"]["1"] == sum(n == 1 for n in alike.values())
        assert report["records_suppressed"] == suppresses * sum(rare)
        with (tmp_path / "k.csv").open(newline="") as file:
            found = list(csv.DictReader(file))
        assert [row["match_status"] == "suppressed" for row in found] == [
            suppresses and is_rare for is_rare in rare
        ]
        assert [row["imd_quintile"] for row in found] == [
            "" if suppresses and is_rare else row["imd_quintile"]
            for row, is_rare in zip(plain, rare, strict=True)
        ]


def test_the_command_counts_all_of_stdin_before_it_answers(postcodes, warehouse, tmp_path):
    lines = [f"{postcode},{place // 60_000}" for place, postcode in enumerate(postcodes * 300)]
    rare = f"{postcodes[0]},rare"
    output, report = tmp_path / "out.csv", tmp_path / "report.json"
    command = [Path(sys.executable).parent / "deprivation", "enrich", "-", "--postcode-column",
               "postcode", "--only", "quintile", "--labels", "--k", "2", "--suppress-below-k",
               "--output", output, "--report", report, "--database", warehouse]  # fmt: skip
    done = subprocess.run(
        [*command, "--k-anonymity", "group"], input="\n".join(["postcode,group", rare, *lines]),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "--drop-postcode leaves them out" in done.stderr
    header, first, *_ = output.read_text().splitlines()
    # --only quintile tells no decile by a label either.
    assert "decile" not in header and "10pct" not in header and "imd_quintile_label" in header
    assert first == rare + ",,,,,suppressed,true"
    assert json.loads(report.read_text())["statuses"]["suppressed"] == 1
    people = tmp_path / "people.csv"
    people.write_text("postcode,a,b\nM1 1AE,1,2\n")
    few = ["--postcode-column", "postcode", "--database", warehouse, "--output", output, "--force"]
    for option in (["a", "b"], ["a", "b", people], ["a,b"], ["a", "--k-anonymity", "b"]):
        files = [] if people in option else [people]
        done = subprocess.run(
            [*command[:2], *files, *few, "--k-anonymity", *option],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert "records with the same a, b and answer" in done.stderr, done.stderr
    for option, said in (((), "needs --k-anonymity"), (("--k-anonymity", "a,,"), "empty column")):
        done = subprocess.run(
            [*command, *option, "--force"], input="postcode,a\n",
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 1 and said in done.stderr
