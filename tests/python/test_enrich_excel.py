"""Workbooks in and out, and tables for publication."""

from __future__ import annotations

import csv
import datetime

import duckdb
import numpy as np
import pyarrow as pa
import pytest
import python_calamine
import xlsxwriter

from deprivation.enrich import excel
from deprivation.enrich.request import Request
from deprivation.enrich.run import enrich
from deprivation.enrich.tally import Tally
from deprivation.errors import InputError


@pytest.fixture(scope="module")
def live(warehouse):
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return connection.execute(
            "select postcode from postcodes where is_live and lsoa_2021_code like 'E01%' limit 1"
        ).fetchone()[0]


@pytest.fixture
def workbook(tmp_path, live):
    path = tmp_path / "people.xlsx"
    book = xlsxwriter.Workbook(str(path))
    day = book.add_format({"num_format": "dd/mm/yyyy"})
    book.add_worksheet("Notes").write_string(0, 0, "secret")
    sheet = book.add_worksheet("Patients")
    sheet.write_row(0, 0, ["id", "Postcode", "seen", "n", "text", "ok"])
    for row, postcode in enumerate([live, "", "x"], 1):
        sheet.write_string(row, 0, f"00{row}")
        sheet.write_string(row, 1, postcode)
        sheet.write_datetime(row, 2, datetime.date(2019, 5, 31), day)
        sheet.write_number(row, 3, row + 0.5)
        sheet.write_string(row, 4, "=1+1")
        sheet.write_boolean(row, 5, True)
    book.close()
    return path


def rows_of(path, sheet):
    book = python_calamine.CalamineWorkbook.from_path(path)
    return book.get_sheet_by_name(sheet).to_python()


def test_a_workbook_comes_back_with_typed_cells_and_a_summary(warehouse, workbook, live):
    summary = enrich(
        warehouse,
        Request([str(workbook)], "postcode", str(workbook), edition="nearest:2019",
                sheet="Patients", force=True),
    )  # fmt: skip
    assert summary["sheets_left_out"] == ["Notes"]
    header, *rows = rows_of(workbook, "Patients")
    assert header[:6] == ["id", "Postcode", "seen", "n", "text", "ok"]
    assert rows[0][:6] == ["001", live, datetime.date(2019, 5, 31), 1.5, "=1+1", True]
    status = header.index("match_status")
    assert [row[status] for row in rows] == ["matched", "missing", "invalid"]
    assert isinstance(rows[0][header.index("imd_rank")], float)
    notes = rows_of(workbook, "Summary")
    assert ["matched", 1.0] in [row[:2] for row in notes]
    assert any("England 2019" in row for row in notes)


def test_a_sheet_must_be_named_where_there_are_several(warehouse, workbook, tmp_path):
    for sheet, says in ((None, "name one with --sheet"), ("People", "has no sheet 'People'")):
        with pytest.raises(InputError, match=says):
            enrich(
                warehouse,
                Request([str(workbook)], "postcode", str(tmp_path / "out.csv"), sheet=sheet),
            )
    (tmp_path / "no.xlsx").write_bytes(b"PK\3\4 not a workbook")
    with pytest.raises(InputError, match=r"no\.xlsx is not a whole"):
        enrich(warehouse, Request([str(tmp_path / "no.xlsx")], "postcode", str(tmp_path / "o.csv")))


def test_more_rows_than_excel_holds_are_refused_before(warehouse, tmp_path, monkeypatch):
    people, output = tmp_path / "people.csv", tmp_path / "out.xlsx"
    people.write_text("postcode\n" + "M1 1AE\n" * 10)
    monkeypatch.setattr(excel, "MOST_ROWS", 10)
    monkeypatch.setattr(excel, "write_workbook", pytest.fail)
    with pytest.raises(InputError, match="10 records and their header are more than the 10 rows"):
        enrich(warehouse, Request([str(people)], "postcode", str(output)))
    assert list(tmp_path.iterdir()) == [people]


def test_csv_goes_to_a_workbook_as_text(warehouse, tmp_path, live):
    people, output = tmp_path / "people.csv", tmp_path / "out.xlsx"
    people.write_text(f"id,postcode\n007,{live}\n")
    enrich(warehouse, Request([str(people)], "postcode", str(output)))
    header, row = rows_of(output, "Records")
    assert row[0] == "007" and isinstance(row[header.index("imd_decile")], float)


@pytest.mark.parametrize(
    ("cell", "text"),
    [(570.0, "570"), (1234567890123456.0, "1234567890123456"), (1.5, "1.5"), (1e20, "1e+20")],
)
def test_whole_numbers_have_no_point(cell, text):
    """A case number of 16 digits, too: the most that a sheet holds exactly."""
    assert excel.cell_text(cell) == text


def test_a_lookup_is_written_as_a_workbook(deprivation, warehouse, live, tmp_path):
    output = tmp_path / "answers.xlsx"
    run = deprivation("lookup", live, "--output", output, "--database", warehouse)
    assert run.returncode == 0, run.stderr
    header, first, *_ = rows_of(output, "Lookup")
    assert dict(zip(header, first, strict=True))["index_code"] == "imd"


def test_small_counts_are_suppressed_and_others_rounded():
    tally = Tally("provider")
    values = ["A"] * 20 + ["B"] * 30
    quintiles = [1] * 12 + [2] * 7 + [0] * 1 + [5] * 22 + [4] * 8
    tally.add(pa.array(values), np.array(quintiles, np.int8))
    shown = {tuple(row[:2]): row[2:] for row in tally.table(7, 5)[1:]}
    assert shown["A", "1"] == [10, 50.0]
    assert shown["A", "2"] == shown["A", "Unknown"] == ["*", "*"]
    assert shown["A", "3"] == [0, 0.0]
    assert shown["B", "5"] == [20, 66.7] and shown["B", "4"] == [10, 33.3]
    exact = {tuple(row[:2]): row[2:] for row in tally.table()[1:]}
    assert exact["B", "5"] == [22, 73.3] and exact["A", "Unknown"] == [1, 5.0]
    # One alone could be reckoned from the others.
    alone = {tuple(row[:2]): row[2] for row in tally.table(1)[1:]}
    assert alone["A", "Unknown"] == alone["A", "2"] == "*" and alone["A", "1"] == 12


def test_the_table_counts_by_decile(warehouse, deprivation, tmp_path, live):
    people, table = tmp_path / "people.csv", tmp_path / "table.xlsx"
    people.write_text(f"Provider,postcode\nA,{live}\nA,x\n")
    words = ("enrich", people, "--postcode-column", "postcode", "--only", "quintile")
    words += ("--output", tmp_path / "out.csv", "--allow-synthetic", "--edition", "2019")
    by_provider = ("--summary-by", "provider", "--summary-output", table)
    run = deprivation(*words, *by_provider, "--summary-band", "decile", DEPRIVATION_DB=warehouse)
    assert run.returncode == 0, run.stderr
    header, *rows = python_calamine.load_workbook(table).get_sheet_by_index(0).to_python()
    assert header == ["Provider", "imd_decile", "records", "percent"]
    assert [row[1] for row in rows] == [*map(str, range(1, 11)), "Unknown"]
    assert sum(row[2] for row in rows) == 2
    again = deprivation(*words, "--force", "--summary-band", "decile", DEPRIVATION_DB=warehouse)
    assert again.returncode == 1
    assert "--summary-band" in again.stderr


def test_the_table_counts_every_record(warehouse, tmp_path, live):
    people, table = tmp_path / "people.csv", tmp_path / "table.csv"
    people.write_text(f"Provider,postcode\nA,{live}\nA,x\nB,\n")
    enrich(
        warehouse,
        Request([str(people)], "postcode", str(tmp_path / "out.csv"), summary_by="provider",
                summary_output=str(table)),
    )  # fmt: skip
    rows = list(csv.DictReader(table.open()))
    assert sum(int(row["records"]) for row in rows) == 3
    assert {(r["Provider"], r["records"]) for r in rows if r["imd_quintile"] == "Unknown"} == {
        ("A", "1"), ("B", "1"),
    }  # fmt: skip
