"""Text is read whole or not at all: by every route the same records, however it is written."""

from __future__ import annotations

import csv
import gzip
import io
import random
import subprocess
import sys
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from deprivation.enrich import counted_text
from deprivation.enrich.answers import resolve_columns
from deprivation.enrich.dates import STATUSES, DateReader
from deprivation.enrich.formats import parse_format
from deprivation.enrich.request import Columns, Request, as_name
from deprivation.enrich.run import enrich
from deprivation.enrich.streams import check_encoding, long_cells
from deprivation.enrich.text_records import TextRecords
from deprivation.errors import InputError

COMMAND = Path(sys.executable).parent / "deprivation"


@pytest.fixture(scope="module")
def live(warehouse):
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return connection.execute(
            "select postcode from postcodes where is_live and lsoa_2011_code like 'E01%'"
            " and postcode similar to '[A-Z]+[0-9] .*' order by 1 limit 1"
        ).fetchone()[0]


@pytest.fixture
def run(warehouse, tmp_path):
    """Enrich bytes, in this process; the records that come out, and the summary."""

    def enriched(content: bytes, name: str = "people.csv", column: str = "postcode", **options):
        people, output = tmp_path / name, tmp_path / "out.csv"
        people.write_bytes(content)
        columns = options.pop("columns", Columns(wanted=frozenset(["quintile"])))
        request = Request(
            [str(people)], column, str(output), columns=columns, force=True, **options
        )
        summary = enrich(warehouse, request)
        with output.open(encoding="utf-8", newline="") as file, long_cells():
            return list(csv.reader(file)), summary

    return enriched


def read(path: Path, **options) -> list[list[str]]:
    """The header and the records as TextRecords reads them; null as ''."""
    records = TextRecords([str(path)], parse_format(path.name), **options)
    rows = [
        [value or "" for value in row]
        for batch in records.batches()
        for row in zip(*(column.to_pylist() for column in batch.columns), strict=True)
    ]
    return [records.names, *rows]


HEADER_BREAKS = [
    b'id,"no\ntes",postcode\r\n1,x,P\r\n2,"y\nz",P\r\n',
    b'id,"no\r\ntes",postcode\n1,x,P\n2,"y\r\nz",P\n',
    b'id,notes,postcode\r\n1,"x\ny",P\r\n2,z,P\r\n',
    b'id,notes,postcode\r\n1,"x\ry",P\r\n2,z,P\r\n',
    b'id,notes,postcode\r1,"x\ny",P\r2,z,P\r',
    b'id,notes,postcode\n1,x,P\r\n2,"",P',
]


@pytest.mark.parametrize("content", HEADER_BREAKS)
def test_line_breaks_in_cells_lose_no_record_by_any_route(warehouse, live, tmp_path, content):
    content = content.replace(b"P", live.encode()).replace(live.encode() + b"ostcode", b"postcode")
    (tmp_path / "a.csv").write_bytes(content)
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(content))
    (tmp_path / "a.csv.zst").write_bytes(pa.compress(content, "zstd", asbytes=True))
    (tmp_path / "a.tsv").write_bytes(content.replace(b",", b"\t"))
    with io.StringIO(content.decode(), newline="") as file:
        expected = [row[:2] for row in csv.reader(file)]
    for files in (["a.csv"], ["a.csv.gz"], ["a.csv.zst"], ["a.tsv"], ["a.csv", "a.csv.gz"]):
        forms = [parse_format(name) for name in files]
        records = [TextRecords([str(tmp_path / n)], f) for n, f in zip(files, forms, strict=True)]
        found = [row[:2] for one in records for row in _rows(one)]
        assert found == expected[1:] * len(files), files
        assert all(one.names[:2] == expected[0] for one in records)
    piped = subprocess.run(
        [COMMAND, "enrich", "-", "--postcode-column", "postcode", "--output", "-",
         "--database", warehouse],
        input=content, capture_output=True, check=True,
    )  # fmt: skip
    with io.StringIO(piped.stdout.decode(), newline="") as file:
        out = list(csv.reader(file))
    assert [row[:2] for row in out] == expected
    assert {row[out[0].index("match_status")] for row in out[1:]} == {"matched"}


def _rows(records: TextRecords) -> list[list[str]]:
    return [
        [value or "" for value in row]
        for batch in records.batches()
        for row in zip(*(column.to_pylist() for column in batch.columns), strict=True)
    ]


@pytest.mark.parametrize("chunk", [1, 3, 16, 1 << 20])
def test_random_cells_are_read_as_they_were_written(monkeypatch, tmp_path, chunk):
    """Quotes, delimiters and line breaks of every kind, in chunks that part them anywhere."""
    monkeypatch.setattr(counted_text, "CHUNK", chunk)
    dice = random.Random(chunk)
    for n in range(150):
        width = dice.randint(2, 4)
        end = dice.choice(["\n", "\r\n", "\r"])
        quoting = dice.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
        # Python quotes a line break only where it is in the line end.
        breaks = "\r\n" if quoting == csv.QUOTE_ALL or end == "\r\n" else ""
        rows = [
            ["".join(dice.choices('ab,;" é' + breaks, k=dice.randint(0, 5))) for _ in range(width)]
            for _ in range(dice.randint(1, 6))
        ]
        rows.insert(0, [f"h{place}" for place in range(width)])
        buffer = io.StringIO(newline="")
        csv.writer(buffer, lineterminator=end, quoting=quoting).writerows(rows)
        text = buffer.getvalue()
        if dice.random() < 0.3:
            text = text.rstrip("\r\n")
        path = tmp_path / "random.csv"
        path.write_bytes(text.encode())
        assert read(path) == rows, (n, text)


def test_spoilt_text_is_refused_or_read_as_python_reads_it(monkeypatch, tmp_path):
    """A thousand files with a byte or two changed: an error, or every record that is there."""
    monkeypatch.setattr(counted_text, "CHUNK", 8)
    dice = random.Random(7)
    whole = b'id,note,postcode\r\n1,"a ""b""\nc",M1 1AE\r\n2,,\r\n3,5 inch,"B33 8TH"\r\n'
    path = tmp_path / "spoilt.csv"
    refused = 0
    for _ in range(1000):
        spoilt = bytearray(whole)
        for _ in range(dice.randint(1, 2)):
            place = dice.randrange(len(spoilt))
            if dice.random() < 0.3:
                del spoilt[place]
            else:
                spoilt[place] = dice.choice(b'",\n\r\0x\xff\xe9')
        path.write_bytes(spoilt)
        try:
            found = read(path)
        except InputError as error:
            refused += 1
            assert "spoilt.csv" in str(error)
            assert "B33" not in str(error) and "inch" not in str(error)
            continue
        with io.StringIO(spoilt.decode("utf-8-sig"), newline="") as file:
            expected = [row for row in csv.reader(file) if row]
        assert found == expected, bytes(spoilt)
    assert 100 < refused < 900


def test_a_quote_that_swallows_records_stops_the_run(tmp_path):
    """As others read it, the second record is one long cell."""
    path = tmp_path / "swallow.csv"
    path.write_bytes(b'id,note\n1,x\n2,"open\n3,x\n4,"closed"\n5,x\n')
    with pytest.raises(InputError, match=r"line 5: there is text after a closing quote"):
        read(path)
    path.write_bytes(b'id,note\n1,5" pipe\n2,a"b"\n')
    assert read(path)[1:] == [["1", '5" pipe'], ["2", 'a"b"']]


def test_wide_files_and_long_cells(run, live):
    header = ",".join(["postcode", *(f"c{n}" for n in range(10_000))])
    row = ",".join([live, *["x"] * 10_000])
    rows, _ = run("\n".join([header, *[row] * 50]).encode())
    assert len(rows) == 51 and rows[1][10_000] == "x" and "matched" in rows[50]
    rows, _ = run(f"postcode,note\n{live},{'y' * 300_000}\n".encode())
    assert rows[1][1] == "y" * 300_000


@pytest.mark.parametrize("name", ["[x]*", "", " ", "rot13", "undefined", "a\0b", "\udcff"])
def test_an_encoding_that_there_is_not_is_refused(name):
    with pytest.raises(InputError, match="is not known; try utf-8"):
        check_encoding(name)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_encodings_are_recognised_or_asked_for(run, live, encoding):
    content = f"név;postcode\ncafé;{live}\n".replace("név", "naïve").encode(encoding)
    asked = encoding if encoding == "cp1252" else None
    rows, _ = run(content, encoding=asked)
    assert rows[0][:2] == ["naïve", "postcode"] and rows[1][:2] == ["café", live]
    assert rows[1][-2] == "matched"
    if asked:
        with pytest.raises(InputError, match=r"line 1: is not UTF-8 text; .*--encoding cp1252"):
            run(content)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_wide_text_without_a_mark_is_read_where_it_is_asked_for(run, live, encoding):
    content = f"naïve,postcode\ncafé,{live}\n".encode(encoding)
    rows, _ = run(content, encoding=encoding[:6])
    assert rows[1][:2] == ["café", live] and rows[1][-2] == "matched"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"date_format": "%d/%m/%y"}, "--date-format needs --date-column"),
        ({"k": 3}, "--k needs --k-anonymity"),
        ({"columns": Columns(wanted=frozenset(["rank"]), local=("lad",))}, "add local to it"),
        ({"columns": Columns(wanted=frozenset(["local"]))}, "--only local needs --local"),
        ({"columns": Columns(wanted=frozenset(["rank"]), is_reversed=True)}, "--reverse needs"),
        (
            {"summary_by": "postcode", "summary_output": "t.csv", "edition": "2019,2025"},
            "--summary-by needs one edition",
        ),
    ],
)
def test_an_option_that_would_do_nothing_is_refused(run, live, options, said):
    with pytest.raises(InputError, match=said):
        run(f"postcode\n{live}\n".encode(), **options)


def test_delimiters_and_names_of_columns(run, live):
    rows, _ = run(f"id|postcode\n1|{live}\n".encode(), delimiter="|")
    assert rows[1][:2] == ["1", live]
    rows, _ = run(f"a,b\tpostcode\nx,y\t{live}\n".encode(), delimiter="\t")
    assert rows[1][0] == "x,y"
    rows, _ = run(f"note,note, Post Code ,\n1,2,{live},3\n".encode(), column="post code")
    assert rows[0][:4] == ["note", "note", " Post Code ", ""]
    assert rows[1][:4] == ["1", "2", live, "3"] and "matched" in rows[1]
    rows, _ = run(f"postcode,Postcode\n{live},x\n".encode())
    assert "matched" in rows[1]
    with pytest.raises(InputError, match="the same name"):
        run(f"postcode,Postcode\n{live},x\n".encode(), column="POSTCODE")
    rows, _ = run(f"\ufeff\ufeffPostcode\u200b\xa0,id\n{live},1\n".encode())  # what does not show
    assert "matched" in rows[1]
    with pytest.raises(InputError, match="one plain character"):
        run(f"idépostcode\n1é{live}\n".encode(), delimiter="é")


def test_a_long_name_of_a_column_is_read_and_leaves_the_limit_as_it_was(run, live):
    limit = csv.field_size_limit()
    rows, _ = run(f"{'x' * 2 * limit},postcode\n1,{live}\n".encode())
    assert "matched" in rows[1] and csv.field_size_limit() == limit


def test_what_stands_for_no_postcode_and_invisible_characters(run, live):
    outcode, incode = live.split()
    written = {
        f"{outcode}\u200b \u2060{incode}\ufeff": "matched",
        "".join(chr(0xFEE0 + ord(c)) if c != " " else "\u3000" for c in live): "matched",
        "N/A": "missing", "null": "missing", "-": "missing", "Unknown": "missing",
        "not known": "missing", "none": "missing", "\u200b": "missing", "nonsense": "invalid",
    }  # fmt: skip
    rows, _ = run("\n".join(["id,postcode", *(f"1,{text}" for text in written)]).encode())
    assert [row[-2] for row in rows[1:]] == list(written.values())


def test_a_sector_given_alone_is_answered_by_it(run, live):
    sector, outcode = live[:-2], live.split()[0]
    content = (
        f"postcode\n{sector}\n{sector.lower()}\n{outcode}\n{sector.replace(' ', '')}\n".encode()
    )
    columns = Columns(has_spread=True)
    rows, _ = run(content, falls_back=True, columns=columns, edition="2019")
    status, decile = rows[0].index("match_status"), rows[0].index("imd_decile")
    # Without its space it may be an outcode: M11.
    assert [row[status] for row in rows[1:]] == ["sector", "sector", "partial", "partial"]
    assert [bool(row[decile]) for row in rows[1:]] == [True, True, False, False]
    rows, _ = run(content, columns=columns, edition="2019")
    assert rows[1][status] == "partial"


def test_several_editions_places_and_all_indices_in_one_pass(run, live, warehouse):
    columns = Columns(indices=("all",), local=("lad", "region"))
    rows, summary = run(f"postcode\n{live}\nB\n".encode(), edition="2019,2025", columns=columns)
    answers = dict(zip(rows[0], rows[1], strict=True))
    assert answers["match_status"] == answers["match_status_2019"] == "matched"
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        for year in (2019, 2025):
            found = connection.execute(
                "select index_code, decile, area_code from deprivation($1, $2)", [live, year]
            ).fetchall()
            assert len(found) > 5
            for index, decile, area in found:
                assert answers[f"{as_name(index)}_decile_{year}"] == str(decile)
                assert answers[f"area_code_{year}"] == area
    assert answers["imd_lad_rank_2019"] and answers["imd_region_decile_2025"]
    assert summary["quintiles"]["imd_2019"]["unknown"] == 1
    _, summary = run(f"postcode\n{live}\n".encode())
    assert (summary["asked"], list(summary["editions"])) == ("newest of each nation", ["2025"])


def test_ones_own_places_and_indices_are_found_whatever_their_capitals():
    with duckdb.connect() as connection:
        connection.execute(
            "create table local_quantiles as select 'custom:My Place' as geography,"
            " 'own:Mine' as index_code"
        )
        connection.execute("create table area_indices as select index_code from local_quantiles")
        asked = Columns(indices=("own:mine",), local=("custom:my place",))
        found = resolve_columns(connection, asked, [])
    assert (found.indices, found.local) == (("own:Mine",), ("custom:My Place",))


def test_labels_and_bands_the_other_way_round(run, warehouse):
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        found = connection.execute(
            "select imd_decile, imd_quintile, min(postcode), imd_quintile_label, imd_decile_label,"
            " is_most_deprived_20pct, is_most_deprived_10pct"
            " from postcode_imd where edition = 2019"
            " and nation = 'England' and imd_decile is not null group by all order by all"
        ).fetchall()
    content = "\n".join(["postcode", *(postcode for _, _, postcode, *_ in found), "x"]).encode()
    columns = Columns(has_labels=True, is_reversed=True, wanted=frozenset(["decile", "quintile"]))
    (header, *rows), summary = run(content, edition="2019", columns=columns)
    assert "imd_decile" not in header and "imd_quintile" not in header
    for (decile, quintile, _, *labels), row in zip(found, rows, strict=False):
        answer = dict(zip(header, row, strict=True))
        assert answer["imd_decile_10_is_most_deprived"] == str(11 - decile)
        assert answer["imd_quintile_5_is_most_deprived"] == str(6 - quintile)
        assert answer["is_most_deprived_20pct"] == str(quintile == 1).lower()
        assert answer["is_most_deprived_10pct"] == str(decile == 1).lower()
        names = ("imd_quintile_label", "imd_decile_label", "is_most_deprived_20pct")
        flags = [str(label).lower() if isinstance(label, bool) else label for label in labels]
        assert [answer[name] for name in (*names, "is_most_deprived_10pct")] == flags
        ends = {1: "Most deprived 10%", 2: "2nd most deprived tenth", 10: "Least deprived 10%"}
        assert answer["imd_decile_label"] == ends.get(
            decile, f"{decile}th most deprived tenth"
        ) or (decile == 3 and answer["imd_decile_label"] == "3rd most deprived tenth")
    last = dict(zip(header, rows[-1], strict=True))
    assert last["imd_quintile_label"] == last["is_most_deprived_20pct"] == ""
    assert summary["quintiles"]["imd"]["1"] == sum(quintile == 1 for _, quintile, *_ in found)


@pytest.mark.parametrize(
    ("text", "year", "first", "last"),
    [
        ("31/05/2019 09:30", 2019, "2019-05-31", "2019-05-31"),
        ("31-May-2019", 2019, "2019-05-31", "2019-05-31"),
        ("31 May 2019", 2019, "2019-05-31", "2019-05-31"),
        ("31st May 2019", 2019, "2019-05-31", "2019-05-31"),
        ("May 31, 2019", 2019, "2019-05-31", "2019-05-31"),
        ("3 Sept. 2019", 2019, "2019-09-03", "2019-09-03"),
        ("December 2019", 2019, "2019-12-01", "2019-12-31"),
        ("31.5.2019", 2019, "2019-05-31", "2019-05-31"),
        ("20190531", 2019, "2019-05-31", "2019-05-31"),
        ("20190531.0", 2019, "2019-05-31", "2019-05-31"),
        ("2019-05-31T23:59:59.5+01:00", 2019, "2019-05-31", "2019-05-31"),
        ("2019/05/31", 2019, "2019-05-31", "2019-05-31"),
        ("2019-05", 2019, "2019-05-01", "2019-05-31"),
        ("May 2019", 2019, "2019-05-01", "2019-05-31"),
        ("2019", 2019, "2019-01-01", "2019-12-31"),
        ("2019.0", 2019, "2019-01-01", "2019-12-31"),
        ("2018/19", 2018, "2018-04-01", "2019-03-31"),
        ("2018-19", 2018, "2018-04-01", "2019-03-31"),
        ("2018/2019", 2018, "2018-04-01", "2019-03-31"),
        ("1999/00", 1999, "1999-04-01", "2000-03-31"),
    ],
)
def test_dates_are_read_with_the_day_first(text, year, first, last):
    dates = DateReader(duckdb.connect()).read(pa.array([text]))
    days = [str(duckdb.execute(f"select date '1970-01-01' + {n[0]}").fetchone()[0])[:10]
            for n in (dates.first, dates.last)]  # fmt: skip
    assert (dates.year.to_pylist(), days, dates.fault[0]) == ([year], [first, last], -1)


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("05/31/2019", "unreadable_date"),
        ("31/02/2019", "unreadable_date"),
        ("05/06/19", "unreadable_date"),
        ("31-May-19", "unreadable_date"),
        ("2018/20", "unreadable_date"),
        ("43616", "unreadable_date"),
        ("soon", "unreadable_date"),
        ("Junk 2019", "unreadable_date"),
        ("31 Mayhem 2019", "unreadable_date"),
        ("1899-12-30", "filler_date"),
        ("01/01/1900 00:00:00", "filler_date"),
        ("9999-12-31", "filler_date"),
        ("31/12/2099", "filler_date"),
        ("2049-12-31", "filler_date"),
        ("2079-06-06 23:59:00", "filler_date"),
        ("2018\u201320", "unreadable_date"),
        ("", "no_date"),
        ("n/a", "no_date"),
        (None, "no_date"),
    ],
)
def test_what_is_no_date_has_a_reason_and_no_year(text, status):
    dates = DateReader(duckdb.connect()).read(pa.array([text], pa.string()))
    assert (STATUSES[dates.fault[0]], dates.year.to_pylist()) == (status, [None])


@pytest.mark.parametrize("dash", "\u2010\u2011\u2012\u2013\u2014\u2212")
def test_any_dash_joins_the_years_of_a_financial_year(dash):
    read = DateReader(duckdb.connect()).read(pa.array([f"2018{dash}19", f"31{dash}05{dash}2019"]))
    assert read.year.to_pylist() == [2018, 2019]


def test_a_declared_format_is_the_only_one(run, live):
    assert DateReader(duckdb.connect(), "%d/%m/%y").read(
        pa.array(["05/06/19"])
    ).year.to_pylist() == [2019]
    assert DateReader(duckdb.connect(), "%d/%m/%y").read(pa.array(["2019"])).fault[0] >= 0
    for wrong in ("soon", "%Q %Y", "%d"):
        with pytest.raises(InputError, match="--date-format"):
            run(f"postcode,d\n{live},2019\n".encode(), date_column="d", date_format=wrong)
