"""One command on a bare machine: every product from a stand-in of its publisher, to a file."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import subprocess
import zipfile
from pathlib import Path

import duckdb
import pytest

from conftest import COMMAND
from deprivation.fetch import catalogue
from deprivation.inputs.found import SYNTHETIC_MARK
from deprivation.inputs.prepare import prepare
from deprivation.publish.contract import promised_tables
from deprivation.sample.ods import write_ods
from deprivation.sample.write import write_sample
from deprivation.sample.xlsx import write_xlsx
from faulty_server import Layer, publisher
from test_fetch import write_list
from test_inputs_published import HEADERS_2007, HEADERS_2010, as_published, read

# A file of the sample -> the service that publishes it.
SERVICES = {
    "LSOA_2011_to_LSOA_2021_to_LAD_2022_EW_Exact_Fit_Lookup.csv": "LSOA 2011 to 2021",
    "LSOA_2001_to_LSOA_2011_EW_Lookup.csv": "LSOA 2001 to 2011",
    "LSOA_2021_to_WD_2024_to_LAD_2024_EW_Lookup.csv": "LSOA 2021 to ward",
    "LSOA_2021_to_SICBL_to_ICB_2024_EN_Lookup.csv": "LSOA 2021 to ICB",
    "LAD_2024_to_RGN_2024_EN_Lookup.csv": "Local authority to region",
    "LTLA_2023_to_UTLA_2023_EW_Lookup.csv": "Local authority to upper tier",
    "RUC_2021_LSOA_2021_EW.csv": "Rural-urban classification 2021",
}


@pytest.fixture(scope="module")
def sample(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("everything") / "sample"
    write_sample(folder, postcodes=2_000, areas=120)
    return folder


@pytest.fixture
def server():
    with publisher() as running:
        yield running


def packed(name: str, content: bytes) -> bytes:
    zipped_bytes = io.BytesIO()
    with zipfile.ZipFile(zipped_bytes, "w") as zipped:
        zipped.writestr(name, content)
    return zipped_bytes.getvalue()


def earlier_editions(sample: Path, scratch: Path) -> dict[str, bytes]:
    """Product -> its file as published, made of the sample's."""
    text = io.StringIO()
    ours = {year: next((sample / "earlier").glob(f"*{year}*")) for year in (2004, 2007, 2010)}
    csv.writer(text).writerows(as_published(ours[2010], HEADERS_2010))
    found = {"England 2010": text.getvalue().encode()}
    for year, member in ((2007, "IMD 2007 for DCLG 4 dec.xls"), (2004, "SOA levelid2004.xls")):
        headers = {name.replace("07", f"{year % 100:02}"): to for name, to in HEADERS_2007.items()}
        write_ods(scratch / member, {f"IMD {year}": as_published(ours[year], headers)})
        found[f"England {year}"] = packed(member, (scratch / member).read_bytes())
    return found


def history() -> bytes:
    rows = "GEOGCD,GEOGNM,OPER_DATE,TERM_DATE,ENTITYCD\nE07000999,Oldtown,01/04/1974,,E07\n"
    zipped_bytes = io.BytesIO()
    with zipfile.ZipFile(zipped_bytes, "w") as zipped:
        zipped.writestr("ChangeHistory.csv", rows)
        zipped.writestr("Changes.csv", "GEOGCD,GEOGCD_P\n")
    return zipped_bytes.getvalue()


def households(sample: Path) -> bytes:
    """The census's bulk table of the sample's households by dimensions of deprivation."""
    by_area: dict[str, dict[str, str]] = {}
    for code, total, dimension, number, _ in read(
        sample / "census/household_deprivation21_lsoa21.csv"
    )[1:]:
        by_area.setdefault(code, {"Total: All households": total})[dimension] = number
    names = list(next(iter(by_area.values())))
    text = io.StringIO()
    titles = [f"Household deprivation: {name}; measures: Value" for name in names]
    csv.writer(text).writerow(["date", "geography", "geography code", *titles])
    for code, values in by_area.items():
        csv.writer(text).writerow(["2021", "x", code, *(values[name] for name in names)])
    return packed("census2021-ts011-lsoa.csv", text.getvalue().encode())


def other_nations(sample: Path, scratch: Path) -> dict[str, bytes]:
    """Product -> its spreadsheet as published, made of the sample's."""
    sheets = {
        "Multiple Deprivation Measure": ("MDM 2010", "MDM_rank"),
        "Income Domain": ("Income Deprivation", "D1_Income_rank"),
        "Employment Domain": ("Employment Deprivation", "D2_Empl_rank"),
        "Health Deprivation and Disability Domain": (
            "Health Deprivation & Disability",
            "D3_Health_rank",
        ),
        "Education, Skills and Training Domain": (
            "Education, Skills and Training",
            "P4_Education_rank",
        ),
        "Proximity to Services Domain": ("Proximity to Services", "P5_Access_rank"),
        "Living Environment Domain": ("Living Environment", "D6_LivEnv_rank"),
        "Crime and Disorder Domain": ("Crime and Disorder", "D7_CD_rank"),
    }
    header, *rows = read(sample / "nations/nimdm2017-soa.csv")
    book = {"Metadata": [["SYNTHETIC"]]}
    for name, (sheet, column) in sheets.items():
        at = header.index(column)
        title = f"Rank of {name} Score (where 1 is most deprived)"
        book[sheet] = [["SOA CODE", "Score", title]]
        book[sheet] += [[row[header.index("SOA2001")], "1.5", row[at]] for row in rows]
    write_xlsx(scratch / "nimdm", book)
    found = {"Northern Ireland 2010": (scratch / "nimdm").read_bytes()}
    write_ods(scratch / "rates", {"Data": read(sample / "nations/SIMD+2020v2+-+indicators.csv")})
    found["Scotland 2020 indicators"] = (scratch / "rates").read_bytes()
    header, *rows = read(sample / "nations/wimd-2019-index-and-domain-scores.csv")
    titles = [["WIMD 2019: LSOA index and domain scores"], [""], ["LSOA Code", *header[1:]]]
    write_ods(scratch / "scores", {"Guidance": [[""]], "Data": [*titles, *rows]})
    found["Wales 2019 scores"] = (scratch / "scores").read_bytes()
    found["Wales 2014"] = (sample / "nations/WIMD Ranks and Deciles 2014.xlsx").read_bytes()
    return found


def denominators(sample: Path, scratch: Path) -> dict[str, bytes]:
    """Product -> populations of England's earlier editions: a sheet, a header below notes."""
    layouts = {
        2010: ("Mid_2008", "LSOA CODE", "Total population: mid 2008 (excluding prisoners)"),
        2007: (
            "Mid-2005 Population at Risk",
            "lsoacode",
            "Total population: mid 2005 (excluding prisoners)",
        ),
        2004: ("SOA estimates - rounded", "Lower SOA code", "Total population"),
    }
    found = {}
    for year, (sheet, code, people) in layouts.items():
        _, *rows = read(next((sample / "earlier").glob(f"*{year}*")))
        table = [[code, people], *([row[0], 1_500] for row in rows)]
        write_xlsx(scratch / "book", {"Notes": [["a"]], sheet: [["Source: ONS"], [""], *table]})
        name = f"England {year} population denominators"
        found[name] = (scratch / "book").read_bytes()
    return found


def publish(server, sample: Path, scratch: Path) -> list[catalogue.Fetchable]:
    """Put every product of the catalogue on the server; the catalogue's rows with its addresses."""
    contents = earlier_editions(sample, scratch)
    contents |= {"Code History Database": history()}
    contents |= {"Census 2021 TS011 household deprivation": households(sample)}
    for path in sample.rglob("*"):
        if path.suffix in (".csv", ".ods", ".xlsx", ".zip"):
            contents[path.name] = path.read_bytes()
    contents |= other_nations(sample, scratch) | denominators(sample, scratch)
    tables = {product: sample / "lookups" / name for name, product in SERVICES.items()}
    rows = []
    for number, row in enumerate(catalogue.read_list()):
        path = f"/{number}"
        said = {"address": server.address(path), "bytes": None, "sha256": "", "sha256_by": ""}
        said |= {"fallback": "", "rows": None}
        if row.need not in (*catalogue.ALWAYS, "directory"):
            continue
        if row.need == "directory":
            if row.file_name not in contents:
                continue
            server.files[path] = contents[row.file_name]
        elif row.product in tables:
            header, *values = read(tables[row.product])
            wanted = row.needed_columns
            if row.product == "Local authority to upper tier":
                header = [
                    name.replace("LTLA23", "LAD24").replace("UTLA23", "UTLA24") for name in header
                ]
            layer = [
                dict.fromkeys(wanted, "x") | dict(zip(header, one, strict=True)) for one in values
            ]
            address = f"/services/{number}/FeatureServer/0"
            server.layers[address] = Layer(layer)
            said["address"] = server.address(address)
        elif row.method == "ckan":
            server.files[path] = json.dumps(
                {"result": {"url": server.address("/townsend.csv")}}
            ).encode()
            server.files["/townsend.csv"] = contents[row.file_name]
        elif row.product in contents or row.file_name in contents:
            server.files[path] = contents.get(row.product) or contents[row.file_name]
        elif row.product == "Scotland 2020":
            book = read(next((sample / "nations").glob("SIMD+2020v2.csv")))
            write_ods(scratch / "simd", {"SIMD 2020v2 DZ lookup data": book})
            server.files[path] = (scratch / "simd").read_bytes()
        rows.append(dataclasses.replace(row, **said))
    return rows


@pytest.mark.long
def test_a_refresh_fetches_and_builds_everything(server, sample, tmp_path):
    rows = publish(server, sample, tmp_path)
    listed = write_list(tmp_path / "list.csv", rows)
    database, data = tmp_path / "deprivation.duckdb", tmp_path / "data"
    data.mkdir()
    (data / SYNTHETIC_MARK).touch()
    command = [COMMAND, "refresh", "--data-dir", data, "--sources", listed, "--first-wait", "0.05"]
    command += ["--database", database, "--json"]
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    environment |= {"DEPRIVATION_WORK_DIR": str(tmp_path / "work")}

    def refresh() -> dict:
        done = subprocess.run(
            [*map(str, command)], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return json.loads(done.stdout)

    report = refresh()
    assert [one["said"] for one in report["fetched"] if one["status"] != "fetched"] == []
    assert report["outcome"] == "published"
    found = {file.source for file in prepare(data, tmp_path / "prepared") if not file.problem}
    by_folders = {file.source for file in prepare(sample, tmp_path / "other") if not file.problem}
    not_in_sample = {"code history", "Northern Ireland 2010"}
    not_in_sample |= {f"England {year} population denominators" for year in (2004, 2007, 2010)}
    assert found == by_folders | not_in_sample
    with duckdb.connect(str(database), read_only=True) as connection:
        empty = {
            name
            for name in promised_tables()
            if not connection.execute(f'select count(*) from "{name}"').fetchone()[0]
        }
        populations = connection.execute(
            "select edition, population_year, min(population), max(population) from areas"
            " where nation = 'England' and edition < 2015 group by all order by all"
        ).fetchall()
    assert not empty
    assert populations == [
        (2004, 2001, 1500, 1500),
        (2007, 2005, 1500, 1500),
        (2010, 2008, 1500, 1500),
    ]

    before = database.stat()
    report = refresh()
    assert report["outcome"] == "unchanged" and database.stat() == before
    assert report["seconds"]["fetch"] + report["seconds"]["compare"] < 5
