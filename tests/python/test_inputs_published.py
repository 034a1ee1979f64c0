"""Inputs under their published names, in their published forms, wherever they lie."""

from __future__ import annotations

import csv
import io
import shutil
import urllib.parse
import zipfile
from pathlib import Path

import pytest

from deprivation.inputs.layouts import layouts_of
from deprivation.inputs.prepare import prepare
from deprivation.inputs.unused import unused_files
from deprivation.sample.ods import write_ods
from deprivation.sample.write import write_sample
from deprivation.sample.xlsx import write_xlsx


@pytest.fixture(scope="session")
def sample(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("published") / "data"
    write_sample(folder, postcodes=600, areas=80)
    return folder


@pytest.fixture
def data(sample, tmp_path) -> Path:
    return Path(shutil.copytree(sample, tmp_path / "data"))


def read(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def prepared_tables(prepared: Path) -> dict[str, object]:
    """What SQL reads, by file; lookups as sets, since their files come in another order."""
    tables = {path.name: read(path) for path in prepared.glob("*.csv") if path.name != "files.csv"}
    return {name: {tuple(row) for row in rows} for name, rows in tables.items()}


def test_a_flat_folder_gives_the_same_inputs(sample, tmp_path):
    flat = tmp_path / "flat"
    flat.mkdir()
    for path in sample.rglob("*"):
        if path.is_file():
            shutil.copy(path, flat / path.name)
    (flat / "shopping.csv").write_text("what,how many\nmilk,1\n")
    (flat / "File_8_IoD2025_Underlying_Indicators.xlsx").write_bytes(b"PK")
    by_folders = prepare(sample, tmp_path / "a")
    by_names = prepare(flat, tmp_path / "b")
    assert not [file.problem for file in by_names if file.problem and file.is_there]
    there = [(file.source, file.file_name) for file in by_names if file.is_there]
    assert set(there) == {(file.source, file.file_name) for file in by_folders if file.is_there}
    assert prepared_tables(tmp_path / "a") == prepared_tables(tmp_path / "b")
    assert dict(unused_files(flat, by_names)) == {
        "shopping.csv": "not a known input",
        "File_8_IoD2025_Underlying_Indicators.xlsx": "England 2025 File 8; no build reads it",
    }
    assert not list(unused_files(sample, by_folders))


HEADERS_2010 = {
    "lsoa01_code": "LSOA CODE",
    "IMD_score": "IMD SCORE",
    "Income_score": "INCOME SCORE",
    "Employment_score": "EMPLOYMENT SCORE",
    "Health_score": "HEALTH DEPRIVATION AND DISABILITY SCORE",
    "Education_score": "EDUCATION SKILLS AND TRAINING SCORE",
    "Housing_and_Access_score": "BARRIERS TO HOUSING AND SERVICES SCORE",
    "Crime_score": "CRIME AND DISORDER SCORE",
    "Environment_score": "LIVING ENVIRONMENT SCORE",
    "IMD_rank": "RANK OF IMD SCORE (where 1 is most deprived)",
    "Income_rank": "RANK OF INCOME SCORE (where 1 is most deprived)",
    "Employment_rank": "RANK OF EMPLOYMENT SCORE (where 1 is most deprived)",
    "Health_rank": "RANK OF HEALTH DEPRIVATION AND DISABILITY SCORE (where 1 is most deprived)",
    "Education_rank": "RANK OF EDUCATION SKILLS AND TRAINING SCORE (where 1 is most deprived)",
    "Housing_and_Access_rank": (
        "RANK OF BARRIERS TO HOUSING AND SERVICES SCORE (where 1 is most deprived)"
    ),
    "Crime_rank": "RANK OF CRIME SCORE (where 1 is most deprived)",
    "Environment_rank": "RANK OF LIVING ENVIRONMENT SCORE (where 1 is most deprived)",
}
HEADERS_2007 = {
    "lsoa01_code": "LSOA",
    "lad07_code": "LA CODE",
    "lad07_name": "LA NAME",
    "IMD_score": "IMD SCORE",
    "IMD_rank": "RANK OF IMD (where 1 is most deprived)",
}


def as_published(path: Path, headers: dict[str, str]) -> list[list[str]]:
    """The columns of a file of ours under the publisher's names, with two more of its own."""
    header, *rows = read(path)
    places = [header.index(name) for name in headers]
    named = [*headers.values(), "GOR CODE", "Indoors Sub-domain Score"]
    return [named, *([*(row[at] for at in places), "E12", "1.5"] for row in rows)]


def earlier(data: Path, year: int) -> Path:
    return next((data / "earlier").glob(f"*{year}*.csv"))


@pytest.mark.parametrize("year", [2004, 2007, 2010])
def test_earlier_editions_are_read_as_published(data, tmp_path, year):
    ours = earlier(data, year)
    headers = HEADERS_2010 if year == 2010 else HEADERS_2007
    headers = {name.replace("07", f"{year % 100:02}"): one for name, one in headers.items()}
    if year == 2004:
        headers["lsoa01_code"] = "SOA"
    rows = as_published(ours, headers)
    if year == 2010:
        text = io.StringIO()
        csv.writer(text).writerows(rows)
        (data / "earlier/1871702.csv").write_text(text.getvalue())
    else:
        name = "IMD 2007 for DCLG 4 dec.xls" if year == 2007 else "SOA levelid2004.xls"
        write_ods(tmp_path / "book", {"Notes": [["a"]], f"IMD {year}": [["", "IMD"], *rows]})
        packed = data / ("earlier/indices2007.zip" if year == 2007 else "soalevelid.zip")
        with zipfile.ZipFile(packed, "w") as zipped:
            zipped.write(tmp_path / "book", name)
    files = prepare(data, tmp_path / "prepared")
    (found,) = [file for file in files if file.source == f"England {year}"]
    assert not found.problem and found.file_name != ours.name
    header, *prepared = read(tmp_path / f"prepared/england_{year}.csv")
    assert header == read(ours)[0]
    kept = [header.index(name) for name in headers]
    assert [[row[at] for at in kept] for row in prepared] == [row[:-2] for row in rows[1:]]
    assert {row[header.index("IMD_decile")] for row in prepared} == {""}


def test_a_published_form_with_another_header_says_what_was_looked_for(data, tmp_path):
    earlier(data, 2010).unlink()
    (data / "earlier/1871702.csv").write_text("LSOA CODE,IMD SCORE\nE01000001,1\n")
    files = prepare(data, tmp_path / "prepared")
    (found,) = [file for file in files if file.source == "England 2010"]
    assert "1871702.csv: no header with all columns; found " in found.problem
    assert "none like 'INCOME SCORE'" in found.problem


@pytest.mark.parametrize(
    "pattern", ["File_7*2025*", "wimd-2025*", "SIMD16*", "nimdm2017*", "census2021-ts045.zip"]
)
def test_a_damaged_file_is_a_fault_wherever_it_lies(data, tmp_path, pattern):
    (path,) = data.rglob(pattern)
    content = bytearray(path.read_bytes())
    content[40 : len(content) // 2] = bytes(len(content) // 2 - 40)
    (data / "mine").mkdir()
    (data / "mine" / path.name).write_bytes(bytes(content))
    path.unlink()
    (fault,) = [file for file in prepare(data, tmp_path / "prepared") if file.is_fault]
    assert fault.is_there and path.name in fault.problem


def test_simd_2016_is_known_under_its_archives_name(data, tmp_path):
    ours = next((data / "nations").glob("SIMD16*"))
    ours.rename(data / "00534450.xlsx")
    files = prepare(data, tmp_path / "prepared")
    (found,) = [file for file in files if file.source == "Scotland 2016"]
    assert (found.file_name, found.problem) == ("00534450.xlsx", "")


def test_scotlands_look_up_is_read_as_a_spreadsheet(data, tmp_path):
    ours = next((data / "nations").glob("SIMD*2020v2.csv"))
    rows = read(ours)
    name = "SIMD+2020v2+-+datazone+lookup.xlsx"
    write_ods(data / "nations" / name, {"Notes": [["a"]], "SIMD 2020v2 DZ lookup data": rows})
    ours.unlink()
    files = prepare(data, tmp_path / "prepared")
    (found,) = [file for file in files if file.source == "Scotland 2020"]
    assert (found.file_name, found.problem) == (name, "")
    assert read(tmp_path / "prepared/scotland_2020.csv") == rows


def test_households_come_from_the_censuss_bulk_table(data, tmp_path):
    ours = data / "census/household_deprivation21_lsoa21.csv"
    _, *long = read(ours)
    counts: dict[str, dict[str, str]] = {}
    for code, total, dimension, number, _ in long:
        counts.setdefault(code, {"total": total})[dimension] = number
    dimensions = sorted({row[2] for row in long})
    header = ["date", "geography", "geography code"]
    header += [
        f"Household deprivation: {name}; measures: Value"
        for name in ["Total: All households", *dimensions]
    ]
    text = io.StringIO()
    csv.writer(text).writerow(header)
    for code, of_area in counts.items():
        values = [of_area["total"], *(of_area[name] for name in dimensions)]
        csv.writer(text).writerow(["2021", "x", code, *values])
    with zipfile.ZipFile(data / "census2021-ts011.zip", "w") as zipped:
        zipped.writestr("census2021-ts011-ltla.csv", "a\n1\n")
        zipped.writestr("census2021-ts011-lsoa.csv", text.getvalue())
    ours.unlink()
    files = prepare(data, tmp_path / "prepared")
    (found,) = [file for file in files if file.source == "household_deprivation_2021"]
    assert (found.file_name, found.problem) == ("census2021-ts011.zip", "")
    _, *rows = read(tmp_path / "prepared/household_deprivation_2021.csv")
    assert {tuple(row[:4]) for row in rows} == {tuple(row[:4]) for row in long}


def test_code_history_names_places_that_are_no_more_and_follows_their_codes(data, tmp_path):
    history = """GEOGCD,GEOGNM,OPER_DATE,TERM_DATE,ENTITYCD
E07000999,Oldtown,01/04/1974,31/12/2008,E07
E07000998,Oldtown,01/01/2009,31/03/2020,E07
E06000999,Oldtown,01/04/2020,,E06
E07000997,Split,01/04/1974,31/03/2020,E07
E06000997,North,01/04/2020,,E06
E06000996,South,01/04/2020,,E06
E07000996,Stays,01/04/1974,,E07
E06000995,Out of it,01/04/2020,,E06
E07000995,Swallowed,01/04/1974,31/03/2020,E07
E06000994,Older,01/04/1998,,E06
E01000001,An LSOA,01/01/2004,,E01
"""
    changes = [("E07000999", ""), ("E07000998", "E07000999"), ("E06000999", "E07000998")]
    changes += [("E06000997", "E07000997"), ("E06000996", "E07000997")]
    changes += [("E06000995", "E07000996"), ("E06000994", "E07000995"), ("E06000999", "E06000999")]
    with zipfile.ZipFile(data / "lookups/Code_History_Database.zip", "w") as zipped:
        zipped.writestr("ChangeHistory.csv", history.encode("cp1252"))
        rows = "".join(f"{new},{old}\n" for new, old in changes)
        zipped.writestr("Changes.csv", f"GEOGCD,GEOGCD_P\n{rows}")
    prepare(data, tmp_path / "prepared")
    names = read(tmp_path / "prepared/geography_names.csv")
    assert ["lad", "1974", "E07000999", "Oldtown"] in names
    assert not [row for row in names if row[2] == "E01000001"]
    lookups = read(tmp_path / "prepared/lookups.csv")
    assert [(row[2], row[5]) for row in lookups if row[0] == "authority"] == [
        ("E07000998", "E06000999"),
        ("E07000999", "E07000998"),
        ("E07000999", "E06000999"),
    ]


def without_history(data: Path) -> Path:
    """Where a Code History Database can be unpacked."""
    folder = data / "lookups" / "Code History"
    folder.mkdir()
    rows = "GEOGCD,GEOGNM,OPER_DATE,TERM_DATE,ENTITYCD\nE07000999,Oldtown,01/04/1974,,E07\n"
    (folder / "ChangeHistory.csv").write_text(rows)
    (folder / "Changes.csv").write_text("GEOGCD,GEOGCD_P\n")
    return folder


@pytest.mark.long
def test_an_unpacked_code_history_is_read_and_a_damaged_one_stops_the_build(
    data, tmp_path, deprivation
):
    folder = without_history(data)
    files = prepare(data, tmp_path / "prepared")
    assert ["lad", "1974", "E07000999", "Oldtown"] in read(
        tmp_path / "prepared/geography_names.csv"
    )
    assert len([file for file in files if file.source == "code history"]) == 2
    assert not [file.problem for file in files if file.problem and file.is_there]
    main = folder / "ChangeHistory.csv"
    main.write_text(main.read_text().replace("01/04/1974", "01-APR-74"))
    built = deprivation(
        "build",
        DEPRIVATION_DATA_DIR=data,
        DEPRIVATION_DB=tmp_path / "x.duckdb",
        DEPRIVATION_WORK_DIR=tmp_path / "work",
    )
    assert built.returncode == 1 and not (tmp_path / "x.duckdb").exists()
    assert "ChangeHistory.csv: ChangeHistory.csv has no row with a date" in built.stderr


def put_apart(data: Path, to: Path, name) -> Path:
    """Each file of the data in a folder of its own, under another name."""
    for number, path in enumerate(sorted(data.rglob("*"))):
        if path.is_file():
            folder = to / f"{number % 5} of mine" / "v.1"
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, folder / name(path))
    return to


@pytest.mark.parametrize(
    "name",
    [
        lambda path: path.stem + path.suffix.upper(),
        lambda path: f"{path.stem} (1){path.suffix}",
        lambda path: urllib.parse.quote(path.name, safe=""),
    ],
    ids=["upper case", "second download", "percent signs"],
)
def test_files_are_found_in_any_folder_under_names_as_programs_write_them(sample, tmp_path, name):
    prepare(sample, tmp_path / "a")
    there = prepare(put_apart(sample, tmp_path / "apart", name), tmp_path / "b")
    assert not [file.problem for file in there if file.problem and file.is_there]
    # Names of codes come out of the directory's zip too, in whatever folder it lies.
    assert prepared_tables(tmp_path / "a") == prepared_tables(tmp_path / "b")


def test_census_tables_are_read_of_a_zip_that_was_unpacked(data, tmp_path):
    prepare(data, tmp_path / "a")
    for path in data.rglob("census2021-*.zip"):
        with zipfile.ZipFile(path) as zipped:
            zipped.extractall(data / path.stem)
        path.unlink()
        for other in ("ctry", "ltla", "oa"):
            (data / path.stem / f"{path.stem}-{other}.csv").write_text("date,geography code\n1,x\n")
    files = prepare(data, tmp_path / "b")
    assert not [file.problem for file in files if file.problem and file.is_there]
    assert prepared_tables(tmp_path / "a") == prepared_tables(tmp_path / "b")
    reasons = set(dict(unused_files(data, files)).values())
    assert "Census 2021 cars is read from census2021-ts045-lsoa.csv" in reasons


def rewrite(path: Path, change) -> None:
    rows = [change(row) for row in read(path)]
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(rows)


def test_columns_of_a_lookup_may_stand_in_any_order(data, tmp_path):
    prepare(data, tmp_path / "a")
    (exact,) = (data / "lookups").glob("*Exact_Fit*")
    for path in (*(data / "lookups").glob("LSOA*"), *(data / "lookups").glob("LAD_2016*")):
        rewrite(path, lambda row: row[::-1])
    rewrite(exact, lambda row: [{"LSOA11CD": "F_LSOA11CD"}.get(cell, cell) for cell in row])
    prepare(data, tmp_path / "b")
    before, after = ({tuple(row) for row in read(tmp_path / name / "lookups.csv")} for name in "ab")
    assert before == after


def test_a_best_fit_is_said_to_give_no_changes(data, tmp_path):
    (exact,) = (data / "lookups").glob("*Exact_Fit*")
    at = read(exact)[0].index("CHGIND")
    rewrite(exact, lambda row: [*row[:at], *row[at + 1 :]])
    (found,) = [f for f in prepare(data, tmp_path / "a") if f.file_name == exact.name]
    assert "no CHGIND: it is a best fit" in found.note


def test_townsend_scores_are_read_by_the_names_of_their_columns(data, tmp_path):
    path = next((data / "census").glob("Scores*"))
    before = read(path)
    rewrite(path, lambda row: [row[3], row[1], row[4], row[0] or "ID"])
    files = prepare(data, tmp_path / "b")
    assert not [file.problem for file in files if file.problem and file.is_there]
    after = read(tmp_path / "b/townsend_2011.csv")
    assert [[row[1].strip(), *row[3:]] for row in before] == [[row[1], *row[3:]] for row in after]
    rewrite(path, lambda row: row[1:])
    (wrong,) = [f.problem for f in prepare(data, tmp_path / "c") if f.source == "townsend_2011"]
    assert "no column 'TDS'" in wrong


def test_notes_below_a_table_are_no_areas_and_a_header_may_have_two_lines(sample, tmp_path):
    """WIMD 2014: empty columns between the ranks, two lines of notes below them."""
    files = prepare(sample, tmp_path / "prepared")
    (found,) = [file for file in files if file.source == "Wales 2014"]
    assert not found.problem
    header, *rows = read(tmp_path / "prepared/wales_2014.csv")
    assert header[2] == "LSOA Name - ONS classification" and "WIMD 2014 Overall Decile" in header
    assert all(row[0].startswith("W01") and all(row) for row in rows)


def test_columns_are_found_in_the_sheet_that_has_them_all(data, tmp_path):
    names = ["Overall SIMD 2012 Rank", "Income domain 2012 rank", "Employment domain 2012 rank"]
    names += ["Health domain 2012 rank", "Education, Skills and Training domain 2012 rank"]
    names += ["Housing domain rank 2004, 2006, 2009 & 2012", "Geographic Access domain 2012 rank"]
    names += ["SIMD Crime 2012 rank", "Total Population (SAPE 2010)"]
    names += ["Best-fit Working Age Population (men 16-64, women 16-60 SAPE 2010)", "Decile"]
    table = [["Data Zone", *names], ["S01000001", *range(1, 12)], ["S01000002", *range(2, 13)]]
    sheets = {"Notes": [["Data Zone", "a code"]], "SIMD 2012": [["Title"], *table, ["A note"]]}
    write_xlsx(data / "00410767.xls", sheets)
    prepare(data, tmp_path / "prepared")
    _, *rows = read(tmp_path / "prepared/scotland_2012.csv")
    assert rows == [
        ["S01000001", *map(str, range(1, 11))],
        ["S01000002", *map(str, range(2, 12))],
    ]
    write_xlsx(data / "00410767.xls", {"SIMD 2012": [[*table[0][:5]], *table[1:]]})
    files = prepare(data, tmp_path / "prepared")
    (found,) = [file for file in files if file.source == "Scotland 2012"]
    assert "none like 'Education, Skills and Training domain 2012 rank'" in found.problem
    assert "change seeds/edition_layouts.csv" in found.problem and found.is_fault


def test_sheets_of_other_areas_are_not_put_side_by_side(data, tmp_path):
    of_seed = layouts_of("Northern Ireland", "2010")[0]
    ranks = {sheet: list(columns.values())[-1] for sheet, columns in of_seed.sheets.items()}
    sheets = {
        sheet: [["SOA CODE", rank.replace(r"\(.*\)", "(where 1 is most deprived)")]]
        for sheet, rank in ranks.items()
    }
    assert len(sheets) == 8
    for number, rows in enumerate(sheets.values()):
        rows.append(["95AA01S1" if number < 7 else "95AA01S2", 1])
    write_xlsx(data / "NIMDM_2010_Results_SOA.xls", sheets)
    files = prepare(data, tmp_path / "prepared")
    (found,) = [file for file in files if file.source == "Northern Ireland 2010"]
    assert found.problem == "NIMDM_2010_Results_SOA.xls: its sheets differ in their areas"


def test_population_denominators_are_read_beside_file_7(data, tmp_path):
    header = ["LSOA code (2021)", "LSOA name (2021)", "Total population: mid 2022"]
    header += ["Dependent Children aged 0-15: mid 2022", "Population aged 16-59: mid 2022"]
    header += ["Older population aged 60 and over: mid 2022"]
    header += [
        "Working age population 18-66 (for use with Employment Deprivation Domain): mid 2022"
    ]
    rows = [["E01000001", "A", 1500, 200, 1000, 300, 900]]
    sheets = {"Notes": [["a"]], "ID 2025 Population Denominators": [header, *rows]}
    write_xlsx(data / "File_6_IoD2025_Population_Denominators.xlsx", sheets)
    files = prepare(data, tmp_path / "prepared")
    source = "England 2025 population denominators"
    (found,) = [file for file in files if file.source == source]
    assert (found.problem, found.row_count) == ("", 1)
    values = read(tmp_path / "prepared/supplement_values.csv")
    assert [row[2:] for row in values if row[0] == source] == [
        ["population", "1500"],
        ["population_0_15", "200"],
        ["population_16_59", "1000"],
        ["population_60_plus", "300"],
        ["population_working_age", "900"],
    ]
    shutil.copy(data / found.file_name, data / "iod" / found.file_name)
    files = prepare(data, tmp_path / "prepared")
    assert [file.problem for file in files if file.source == source] == [
        f"2 files of {source} ({found.file_name}, {found.file_name}); keep only one"
    ] * 2
