"""What is found in a data folder, and what bad input gets: file, column, row and remedy named."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import duckdb
import pytest

from deprivation import settings
from deprivation.errors import InputError, UsageError
from deprivation.inputs import directory as directory_module
from deprivation.inputs import editions as editions_module
from deprivation.inputs import in_use
from deprivation.inputs.directory import match_directory_columns
from deprivation.inputs.lookups import names_in, pairs_in
from deprivation.inputs.prepare import prepare, prepare_inputs
from deprivation.publish import variables as variables_module
from deprivation.publish.variables import check_variables
from deprivation.sample.write import write_sample
from deprivation.seeds import read_seed

LAYOUTS = Path(__file__).parents[2] / "scripts/deprivation/sample/directory_layouts.csv"


@pytest.fixture(scope="session")
def sample(tmp_path_factory) -> Path:
    """A small synthetic data folder, its directory as one CSV; not to be written to."""
    folder = tmp_path_factory.mktemp("sample") / "data"
    write_sample(folder, postcodes=2_000, areas=80, packing="csv")
    return folder


@pytest.fixture
def data(sample, tmp_path) -> Path:
    """A copy of the sample to spoil."""
    return Path(shutil.copytree(sample, tmp_path / "data"))


def directory(data: Path) -> Path:
    return next((data / "onspd").glob("*.csv"))


def file_7(data: Path, year: str) -> Path:
    return next(path for path in (data / "iod").iterdir() if year in path.name)


def change(path: Path, old: str, new: str) -> None:
    text = path.read_bytes().decode()
    assert old in text
    path.write_bytes(text.replace(old, new, 1).encode())


def change_value(path: Path, column: str, value: str, row: int = 4) -> str:
    """Put `value` into one row of a CSV file; returns that row's first value."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    rows[row][rows[0].index(column)] = value
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    return rows[row][0]


def problems(data: Path) -> list[str]:
    """What the prepare step finds wrong with a data folder."""
    return [file.problem for file in prepare(data, data.parent / "prepared") if file.is_fault]


# What is found ----------------------------------------------------------------------------------


def test_a_whole_data_folder_has_no_problems(sample, tmp_path):
    files = prepare(sample, tmp_path / "prepared")
    assert [file.problem for file in files if file.is_fault] == []
    assert {"postcode_directory", "England 2015", "England 2019", "England 2025"} <= {
        file.source for file in files
    }
    assert all(file.is_synthetic for file in files if file.sha256)


@pytest.mark.parametrize(
    "layout", list(csv.DictReader(LAYOUTS.open())), ids=lambda row: row["layout"]
)
def test_columns_are_found_in_every_layout_since_2018(layout, tmp_path):
    path = tmp_path / "ONSPD_MAY_2020_UK.csv"
    path.write_text(layout["header"] + "\r\n")
    columns = match_directory_columns([path])
    header = layout["header"].split(",")
    assert set(columns.values()) <= set(header)
    assert {"postcode", "lad_code", "country_code", "terminated_on"} <= set(columns)
    for vintage in ("2001", "2011", "2021"):
        stands = any(name.startswith("lsoa" + vintage[2:]) for name in header)
        assert (f"lsoa_{vintage}_code" in columns) == stands


def test_of_two_years_of_a_column_the_newest_is_taken(data):
    change(directory(data), "lad26cd", "lad26cd,lad25cd")
    assert match_directory_columns([directory(data)])["lad_code"] == "lad26cd"


def test_a_zip_gives_each_row_once_though_it_holds_it_twice(tmp_path):
    write_sample(tmp_path / "data", postcodes=600, areas=60, packing="zip")
    archive = next((tmp_path / "data" / "onspd").glob("*.zip"))
    with zipfile.ZipFile(archive) as zipped:
        assert any("multi_csv" in name for name in zipped.namelist())
    prepare(tmp_path / "data", tmp_path / "prepared")
    found = duckdb.sql(
        "select count(*), count(distinct pcds) from"
        f" read_csv('{tmp_path}/prepared/postcode_directory/*.csv', all_varchar = true)"
    ).fetchone()
    assert found == (600, 600)


def test_an_unpacked_zip_gives_the_whole_file_not_the_files_by_area(tmp_path):
    write_sample(tmp_path / "data", postcodes=600, areas=60, packing="zip")
    folder = tmp_path / "data" / "onspd"
    archive = next(folder.glob("*.zip"))
    with zipfile.ZipFile(archive) as zipped:
        zipped.extractall(folder)
    archive.unlink()
    assert problems(tmp_path / "data") == []
    assert len(list((tmp_path / "prepared" / "postcode_directory").iterdir())) == 1


def test_names_and_lookups_are_read_by_their_year_less_names():
    table = [["lsoa21cd", "lad24cd", "lad24nm"], ["E01000001", "E09000001", "City of London"]]
    assert list(names_in(table)) == [("lad", 2024, "E09000001", "City of London")]
    assert list(pairs_in(table)) == [("lsoa", 2021, "E01000001", "lad", 2024, "E09000001", "")]


def test_nothing_is_done_again_while_nothing_has_changed(sample, tmp_path):
    first = prepare(sample, tmp_path / "prepared")
    made = (tmp_path / "prepared" / "files.csv").stat().st_mtime_ns
    assert prepare(sample, tmp_path / "prepared") == first
    assert (tmp_path / "prepared" / "files.csv").stat().st_mtime_ns == made


# Faults that the prepare step finds -------------------------------------------------------------


def test_no_such_folder(tmp_path):
    with pytest.raises(InputError, match=r"no such folder.*DEPRIVATION_DATA_DIR"):
        prepare(tmp_path / "nowhere", tmp_path / "prepared")


def test_no_directory(data):
    directory(data).unlink()
    assert "no postcode directory" in problems(data)[0]


@pytest.mark.parametrize("others", [[], ["ONSPD_User_Guide.pdf", "columns.csv"]])
def test_a_directory_elsewhere_is_found_beside_a_folder_onspd_without_one(data, others):
    shutil.move(directory(data), data / "iod" / directory(data).name)
    for name in others:
        (data / "onspd" / name).write_text("pcd7,lat\n")
    assert problems(data) == []


def test_two_directories(data):
    directory(data).with_name("ONSPD_FEB_2026_UK.csv").write_bytes(directory(data).read_bytes())
    assert "2 postcode directories" in problems(data)[0]


def test_a_missing_edition(data):
    file_7(data, "2019").unlink()
    assert "no file of England 2019" in problems(data)[0]
    assert "deprivation fetch" in problems(data)[0]


def test_a_renamed_column_of_the_directory(data):
    change(directory(data), "lad26cd", "council")
    assert "no column for lad_code" in problems(data)[0]
    assert "'council'" in problems(data)[0]


def test_a_missing_column_of_the_directory(data):
    change(directory(data), ",doterm", "")
    assert "terminated_on" in problems(data)[0]


def test_an_unknown_column_of_the_directory_is_left_out_and_said(data):
    change(directory(data), ",imd25ind", ",oac31ind")
    files = prepare(data, data.parent / "prepared")
    assert not any(file.is_fault for file in files)
    assert "unknown columns, which are not read: oac31ind" in files[0].note
    assert ", which will be null" in files[0].note
    assert "imd_rank_2025" in files[0].note


def test_an_unknown_column_where_an_optional_one_went_missing(data):
    change(directory(data), ",imd20ind", ",imd19ind")
    assert "'imd19ind' is not known, and there is none for imd_rank" in problems(data)[0]


def test_a_directory_without_optional_columns_is_read(data):
    path = directory(data)
    header = path.read_bytes().partition(b"\r\n")[0]
    names = header.decode().split(",")
    kept = [at for at, name in enumerate(names) if name not in ("imd20ind", "pfa23cd")]
    with path.open(encoding="utf-8", newline="") as file:
        rows = [[row[at] for at in kept] for row in csv.reader(file)]
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    files = prepare(data, data.parent / "prepared")
    assert not any(file.is_fault for file in files)
    assert "imd_rank" in files[0].note
    assert "pfa_code" in files[0].note


@pytest.mark.parametrize("new", ["Crime Grade", "Crime Rank,Crime Rank 2"])
def test_a_renamed_or_extra_column_of_file_7(data, new):
    change(file_7(data, "2019"), "Crime Rank (where 1 is most deprived)", new)
    assert file_7(data, "2019").name in problems(data)[0]
    assert "Crime Rank" in problems(data)[0]


def test_a_file_7_of_another_year_under_this_name(data):
    shutil.copy(file_7(data, "2025"), file_7(data, "2019"))
    assert "has no 'LSOA code (2011)' and has 'LSOA code (2021)'" in problems(data)[0]


@pytest.mark.parametrize(
    ("header", "changed", "said"),
    [
        (",Crime Score,", ",", "has no 'Crime Score' (1 columns missing, 0 not known)"),
        (",Crime Score,", ",Crime Score,Noise,", "has 'Noise' (0 columns missing, 1 not known)"),
    ],
    ids=["gone", "new"],
)
def test_a_column_of_file_7_that_is_gone_or_new(data, header, changed, said):
    change(file_7(data, "2019"), header, changed)
    assert said in problems(data)[0]


def test_an_edition_without_a_row_for_its_columns(data, monkeypatch):
    def forgetful(name: str) -> list[dict[str, str]]:
        rows = read_seed(name)
        return [row for row in rows if name != "index_columns" or row["edition"] != "2015"]

    monkeypatch.setattr(editions_module, "read_seed", forgetful)
    assert "index_columns.csv: no rows for England 2015" in problems(data)[0]


def test_a_truncated_csv(data):
    path = directory(data)
    path.write_bytes(path.read_bytes()[:-7])
    assert "the last row is cut off" in problems(data)[0]


def test_a_truncated_zip(tmp_path):
    write_sample(tmp_path / "data", postcodes=600, areas=60, packing="zip")
    archive = next((tmp_path / "data" / "onspd").glob("*.zip"))
    archive.write_bytes(archive.read_bytes()[:-2000])
    assert f"{archive.name}: the zip is damaged" in problems(tmp_path / "data")[0]


def test_a_damaged_zip(tmp_path):
    write_sample(tmp_path / "data", postcodes=600, areas=60, packing="zip")
    archive = next((tmp_path / "data" / "onspd").glob("*.zip"))
    content = bytearray(archive.read_bytes())
    content[3000:3100] = bytes(100)
    archive.write_bytes(content)
    assert f"{archive.name}: the zip is damaged" in problems(tmp_path / "data")[0]


def test_another_encoding(data):
    path = file_7(data, "2019")
    path.write_bytes(path.read_bytes().decode().encode("utf-16"))
    assert f"{path.name}: the file is UTF-16" in problems(data)[0]


def test_a_byte_of_another_encoding(data):
    path = file_7(data, "2019")
    path.write_bytes(path.read_bytes().replace(b"Synthetic", b"Synth\xe9tic"))
    assert f"{path.name}, after row" in problems(data)[0]
    assert "byte 0xe9 is not UTF-8" in problems(data)[0]


def test_a_row_cut_short(data):
    path = file_7(data, "2025")
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:9], lines[9][:90] + b"\r\n", *lines[10:]]))
    assert f"{path.name}, row 10: " in problems(data)[0]


def test_an_empty_file(data):
    file_7(data, "2025").write_bytes(b"")
    assert "the file is empty" in problems(data)[0]


def two_files_and_none_fits(data):
    shutil.copy(file_7(data, "2025"), file_7(data, "2019"))
    shutil.copy(file_7(data, "2025"), data / "iod" / "File 7 of 2019.csv")
    return "2 files are named like England 2019, but none fits"


def two_files_that_fit(data):
    shutil.copy(file_7(data, "2019"), data / "iod" / "File 7 of 2019.csv")
    return "2 files of England 2019"


def only_a_header(data):
    path = file_7(data, "2019")
    path.write_bytes(path.read_bytes().splitlines(keepends=True)[0])
    return "has no rows below its header"


def unclosed_quote(data):
    file_7(data, "2019").open("a").write('"E01')
    file_7(data, "2019").open("a").write("\n")
    return "after row"


def field_of_200_kb(data):
    file_7(data, "2019").open("a").write("x" * 200_000 + "\n")
    return "field larger than field limit"


def directory_of_a_byte_order_mark(data):
    directory(data).write_bytes(b"\xef\xbb\xbf")
    return "the file is empty"


def empty_file_unwanted(data):
    (data / "nations").mkdir(exist_ok=True)
    shutil.copy(file_7(data, "2019"), data / "nations" / "nimdm2017-odd.csv")
    for path in (data / "nations").glob("nimdm2017*"):
        path.write_bytes(b"")
    return "file is empty"


def short_line_in_a_lookup(data):
    next((data / "lookups").glob("*WD*")).open("a").write("E01900001\n")
    return "1 values where the header has"


def change_that_is_not_known(data):
    change_value(next((data / "lookups").glob("*Exact_Fit*")), "CHGIND", "Z")
    return "row 5: E01900004, E01900004, CHGIND 'Z' is not a change"


def change_without_a_code(data):
    change_value(next((data / "lookups").glob("*Exact_Fit*")), "LSOA21CD", "")
    return "row 5: E01900004, (blank)"


def area_twice_in_a_table(data):
    path = next((data / "population").glob("uk_small*"))
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines, lines[4]]))
    return f"row {len(lines) + 1}: E01900004 is there twice"


def lookup_without_codes(data):
    (data / "lookups" / "own.csv").write_text("name,member\nNorth,E01900001\n")
    return "own.csv: no column of codes"


def lookup_of_only_a_header(data):
    path = next((data / "lookups").glob("*SICBL*"))
    path.write_bytes(path.read_bytes().splitlines(keepends=True)[0])
    return f"{path.name}: has no rows below its header"


def column_twice_but_for_its_case(data):
    path = directory(data)
    header, row = path.read_text().splitlines()[:2]
    path.write_text(f"{header},LAD26CD\n{row},E06000018\n")
    return "'lad26cd' is in the header twice"


def lookups_that_is_a_file(data):
    shutil.rmtree(data / "lookups")
    (data / "lookups").write_text("")
    return "this is a file where a folder should be"


def folder_with_the_name_of_a_file(data):
    (data / "lookups" / "old.csv").mkdir()
    return "this is a folder where a file should be"


def two_census_files(data):
    (data / "census").mkdir(exist_ok=True)
    for name in ("household_deprivation21.csv", "household_deprivation21 (1).csv"):
        (data / "census" / name).write_text("lsoa21_code\n")
    return "files of household_deprivation_2021"


def encrypted_zip(data):
    return zip_with_a_header_of(data, flag=1, method=8, named="encrypted")


def unknown_compression(data):
    return zip_with_a_header_of(
        data, flag=0, method=97, named="a compression that is not supported"
    )


def zip_with_a_header_of(data, flag: int, method: int, named: str) -> str:
    """The directory as a zip whose headers say that it is encrypted or oddly packed."""
    archive = data / "onspd" / "ONSPD_AUG_2026_UK.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
        zipped.write(directory(data), "Data/ONSPD_AUG_2026_UK.csv")
    directory(data).unlink()
    content = bytearray(archive.read_bytes())
    for signature, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = content.index(signature) + at
        content[start : start + 4] = bytes([flag, 0, method, 0])
    archive.write_bytes(content)
    return named


@pytest.mark.parametrize(
    "spoil",
    [
        *(two_files_and_none_fits, two_files_that_fit, only_a_header, unclosed_quote),
        *(field_of_200_kb, directory_of_a_byte_order_mark, empty_file_unwanted),
        *(short_line_in_a_lookup, lookup_without_codes, lookups_that_is_a_file),
        *(lookup_of_only_a_header, column_twice_but_for_its_case),
        *(change_that_is_not_known, change_without_a_code, area_twice_in_a_table),
        *(folder_with_the_name_of_a_file, two_census_files, encrypted_zip, unknown_compression),
    ],
)
def test_what_is_there_and_cannot_be_used_is_a_fault(data, spoil):
    named = spoil(data)
    assert any(named in problem for problem in problems(data)), problems(data)


@pytest.mark.parametrize("line", [b"\n", b"\n\n\r\n"])
def test_blank_lines_in_a_lookup_are_no_fault(data, line):
    with next((data / "lookups").glob("*WD*")).open("ab") as file:
        file.write(line)
    assert problems(data) == []


def test_damaged_documents_in_the_directorys_zip_are_named(tmp_path):
    write_sample(tmp_path / "data", postcodes=2_000, areas=80)
    archive = next((tmp_path / "data" / "onspd").iterdir())
    with zipfile.ZipFile(archive) as zipped:
        starts = [
            one.header_offset + 30 + len(one.filename)
            for one in zipped.infolist()
            if one.filename.startswith("Documents/") and one.file_size
        ]
    content = bytearray(archive.read_bytes())
    for start in starts:
        content[start : start + 12] = b"#" * 12
    archive.write_bytes(content)
    assert starts and any(archive.name in problem for problem in problems(tmp_path / "data"))


@pytest.mark.skipif(sys.platform != "linux", reason="names that are not text need Linux")
def test_a_name_that_is_not_text_is_a_fault_in_one_line(data, deprivation):
    Path(os.fsdecode(bytes(data / "lookups") + b"/caf\xe9.csv")).write_text("lsoa21cd,ward\n")
    Path(os.fsdecode(bytes(data) + b"/caf\xe9.txt")).write_text("not read")
    done = deprivation(
        "prepare", DEPRIVATION_DATA_DIR=data, DEPRIVATION_WORK_DIR=data.parent / "work"
    )
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1, done.stderr
    assert "caf" in done.stderr and "not plain UTF-8 text; rename it" in done.stderr


@pytest.mark.parametrize("name", ["it's", "two words", "caf\u00e9", "w[1]*", 'q"q', "%s{}"])
def test_folders_of_any_name_are_read(sample, deprivation, tmp_path, name):
    data = Path(shutil.copytree(sample, tmp_path / name / "data"))
    done = deprivation(
        "prepare", DEPRIVATION_DATA_DIR=data, DEPRIVATION_WORK_DIR=tmp_path / "work" / name
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr


def test_of_two_files_of_a_name_the_one_that_fits_is_taken(data):
    (data / "iod" / "File 7 of 2019 - indicators.csv").write_text("LSOA,Rate\nE01900001,2\n")
    files = prepare(data, data.parent / "prepared")
    assert not any(file.is_fault for file in files)
    assert [file.file_name for file in files if file.source == "England 2019"] == [
        next(path.name for path in (data / "iod").iterdir() if "2019_Scores" in path.name)
    ]


def test_what_a_mac_leaves_is_no_directory_and_a_second_download_keeps_its_release(data):
    directory(data).rename(directory(data).with_stem("ONSPD_AUG_2026_UK (1)"))
    (data / "onspd" / "._ONSPD_AUG_2026_UK.zip").write_bytes(b"\0")
    files = prepare(data, data.parent / "prepared")
    assert not any(file.is_fault for file in files)
    assert files[0].release == "2026-08"


def test_a_zip_may_not_unpack_to_more_than_any_release(data, monkeypatch):
    zip_with_a_header_of(data, flag=0, method=8, named="")
    monkeypatch.setattr(directory_module, "MOST_BYTES", 50_000)
    assert "unpacks to over" in problems(data)[0]


# Folders ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("work", [".", "..", "work"])
def test_a_work_folder_over_under_or_equal_to_the_data_folder_is_refused(data, deprivation, work):
    before = sorted(data.rglob("*"))
    prepared = deprivation("prepare", DEPRIVATION_DATA_DIR=data, DEPRIVATION_WORK_DIR=data / work)
    assert prepared.returncode == 1
    assert "work folder must not be the data folder" in prepared.stderr
    assert sorted(data.rglob("*")) == before


def test_nothing_is_removed_that_was_not_made_here(data, tmp_path):
    own = tmp_path / "prepared" / "own.csv"
    own.parent.mkdir()
    own.write_text("mine")
    with pytest.raises(InputError, match="not made by"):
        prepare(data, own.parent)
    assert own.read_text() == "mine"


def test_an_upgrade_makes_the_synthetic_data_anew(tmp_path, monkeypatch):
    monkeypatch.delenv("DEPRIVATION_DATA_DIR", raising=False)
    written = []
    monkeypatch.setattr(
        "deprivation.sample.write.write_sample",
        lambda folder: (folder.mkdir(), (folder / "SYNTHETIC.txt").touch(), written.append(folder)),
    )
    for key in ("old", "old", "new"):
        monkeypatch.setattr("deprivation.inputs.prepare._generator", lambda key=key: key)
        prepare_inputs(tmp_path / "work")
    assert len(written) == 2


def test_each_data_folder_has_its_prepared_folder_and_earlier_states_go(
    data, sample, tmp_path, monkeypatch
):
    def prepared(folder: Path) -> Path:
        monkeypatch.setenv("DEPRIVATION_DATA_DIR", str(folder))
        return prepare_inputs(tmp_path / "work")

    first, other = prepared(data), prepared(sample)
    assert first != other
    change_value(file_7(data, "2019"), "Crime Score", "1")
    second = prepared(data)
    assert first.exists(), "this process may still read it"
    in_use.HELD.pop(first).close()
    assert prepared(data) == second
    assert sorted(path for path in (tmp_path / "work" / "prepared").iterdir() if path.is_dir()) == (
        sorted([second, other])
    )


def test_prepare_loads_neither_dbt_nor_duckdb(data, tmp_path):
    code = (
        "import sys; from deprivation.inputs.prepare import prepare;"
        " sys.exit(any(name in sys.modules for name in ('dbt', 'duckdb')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# Faults that the build finds --------------------------------------------------------------------


def spoil_number(data):
    postcode = change_value(directory(data), "east1m", "12E45")
    change(directory(data), "\r\n", "\r\n")
    return ["ONSPD_AUG_2026_UK.csv", "easting", "12E45", postcode.split()[0]]


def spoil_score(data):
    area = change_value(file_7(data, "2019"), "Income Score (rate)", "n/a")
    return [file_7(data, "2019").name, area, "Income Score (rate)", "n/a"]


def repeat_postcode(data):
    content = directory(data).read_bytes()
    row = content.splitlines(keepends=True)[9]
    directory(data).write_bytes(content + row)
    return ["one_row_per_postcodes", row.decode().split(",")[2].strip('"').replace(" ", "")]


def repeat_area(data):
    content = file_7(data, "2019").read_bytes()
    row = content.splitlines(keepends=True)[9]
    file_7(data, "2019").write_bytes(content + row)
    return ["assert_every_area_is_there_once", row.decode().split(",")[0]]


def rank_outside(data):
    area = change_value(
        file_7(data, "2025"),
        "Index of Multiple Deprivation (IMD) Rank (where 1 is most deprived)",
        "99999",
    )
    return ["9999", area]


def decile_off(data):
    column = "Crime Decile (where 1 is most deprived 10% of LSOAs)"
    area = change_value(file_7(data, "2015"), column, "11")
    return ["assert_deciles_follow_the_publishers_rule", "crime", area]


def blank_one(data):
    area = change_value(file_7(data, "2019"), "Health Deprivation and Disability Score", "")
    return ["assert_published_measures_are_whole_or_absent", "health", area]


def cut_inside(data):
    lines = directory(data).read_bytes().splitlines(keepends=True)
    lines[50] = lines[50][:60] + b"\r\n"
    directory(data).write_bytes(b"".join(lines))
    return [directory(data).name, "51"]


def no_vintage(data):
    change(directory(data), ",lsoa21cd", ",oa21")
    return ["England 2025", "lsoa_2021_code"]


@pytest.mark.parametrize(
    ("spoil", "found_by"),
    [
        (spoil_number, "int_postcodes"),
        (spoil_score, "int_area_indices"),
        pytest.param(repeat_postcode, "postcodes", marks=pytest.mark.long),
        pytest.param(repeat_area, "assert_every_area_is_there_once", marks=pytest.mark.long),
        pytest.param(rank_outside, "int_area_indices", marks=pytest.mark.long),
        (decile_off, "int_area_indices"),
        pytest.param(blank_one, "int_area_indices", marks=pytest.mark.long),
        pytest.param(cut_inside, "int_postcodes", marks=pytest.mark.long),
        pytest.param(no_vintage, "int_area_indices", marks=pytest.mark.long),
    ],
)
def test_a_bad_value_stops_the_build_and_is_named(data, deprivation, tmp_path, spoil, found_by):
    published = tmp_path / "deprivation.duckdb"
    published.write_bytes(b"as it was")
    named = spoil(data)
    built = deprivation(
        *("build", "--select", f"+{found_by}"),
        DEPRIVATION_DATA_DIR=data,
        DEPRIVATION_DB=published,
        DEPRIVATION_WORK_DIR=tmp_path / "work",
    )
    assert built.returncode == 1
    error = built.stderr[built.stderr.index("deprivation: error:") :]
    assert all(name in error for name in named), error
    assert published.read_bytes() == b"as it was"
    assert not list(tmp_path.glob(".deprivation*"))


# Faults that the data tests find, together in one run -------------------------------------------


def dbt(command: str, data: Path, folder: Path, *arguments: str) -> tuple[int, dict[str, str]]:
    """Run dbt on a data folder; its exit code, and status and message of each node by name."""
    finished = subprocess.run(
        [
            *(settings.program("dbt"), command, "--project-dir", str(settings.PROJECT)),
            *("--profiles-dir", str(settings.PROJECT), "--target-path", str(folder / "target")),
            *arguments,
        ],
        cwd=folder,
        env=os.environ
        | {
            "DEPRIVATION_DATA_DIR": str(data),
            # Without a folder, as conftest.py had the project parsed.
            "DEPRIVATION_DB": "deprivation.duckdb",
            "DEPRIVATION_INTERMEDIATE_DB": "work.duckdb",
            "DEPRIVATION_WORK_DIR": str(folder / "work"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    results = json.loads((folder / "target" / "run_results.json").read_text())["results"]
    return finished.returncode, {
        row["unique_id"].split(".")[2]: f"{row['status']} {row['message']}" for row in results
    }


def swap_values(path: Path, column: str, rows: tuple[int, int]) -> None:
    with path.open(encoding="utf-8", newline="") as file:
        table = list(csv.reader(file))
    at = table[0].index(column)
    assert table[rows[0]][at] != table[rows[1]][at]
    table[rows[0]][at], table[rows[1]][at] = table[rows[1]][at], table[rows[0]][at]
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(table)


def swap_columns(path: Path, one: str, other: str, row: int) -> None:
    with path.open(encoding="utf-8", newline="") as file:
        table = list(csv.reader(file))
    at, to = table[0].index(one), table[0].index(other)
    assert table[row][at] != table[row][to]
    table[row][at], table[row][to] = table[row][to], table[row][at]
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(table)


@pytest.mark.long
def test_values_that_cannot_be_true_are_found(data, tmp_path):
    change_value(directory(data), "pcds", "HELLO", row=1)
    change_value(directory(data), "lat", "153.2", row=2)
    change_value(directory(data), "wd26cd", "E05999999 ", row=3)
    with directory(data).open(encoding="utf-8", newline="") as file:
        postcode = list(csv.DictReader(file))[8]["pcds"]
    change_value(directory(data), "pcds", postcode.lower().replace(" ", ""), row=8)
    change_value(file_7(data, "2015"), "LSOA code (2011)", "e01900001", row=4)
    change_value(file_7(data, "2019"), "Total population: mid 2015 (excluding prisoners)", "-100")
    swap_values(file_7(data, "2025"), "Crime Score", (5, 6))
    # Shares in per cent, a local authority without a code, a lookup cut off, more households than
    # there are, a postcode that ended before it began.
    change_value(file_7(data, "2025"), "Income Score (rate)", "60.5", row=9)
    change_value(file_7(data, "2019"), "Local Authority District code (2019)", "", row=7)
    change_value(
        file_7(data, "2019"),
        "Dependent Children aged 0-15: mid 2015 (excluding prisoners)",
        "99999",
        row=8,
    )
    wards = next((data / "lookups").glob("*WD*"))
    wards.write_bytes(b"".join(wards.read_bytes().splitlines(keepends=True)[:20]))
    with next((data / "lookups").glob("*SICBL*")).open("a") as file:
        file.write("E01900001,,E38900009,,,E54900009,,\n")
    households = next((data / "census").glob("household_deprivation*"))
    change_value(households, "n", "99999", row=3)
    change_value(next((data / "population").glob("uk_small*")), "pop", "-5", row=3)
    change_value(directory(data), "dointr", "202701", row=12)
    swap_columns(directory(data), "east1m", "north1m", row=13)
    tests = {
        "assert_directory_rows_are_postcodes": ("fail", 3),
        "assert_codes_are_upper_case_without_blanks": ("fail", 2),
        "assert_counts_are_not_negative": ("fail", 2),
        "assert_scores_follow_ranks": ("fail", 1),
        "assert_rates_are_between_0_and_1": ("fail", 1),
        "assert_an_authority_has_one_name": ("fail", 1),
        "assert_census_counts_are_parts_of_their_totals": ("fail", 1),
        "assert_a_lookup_places_an_area_once": ("fail", 2),
        "warn_directory_values_that_cannot_be": ("warn", 2),
        "warn_populations_below_their_parts": ("warn", 1),
        "warn_tables_that_lack_areas": ("warn", 2),
    }
    models = ["--select", "+int_area_indices", "+int_postcodes", "+int_census_counts_2021"]
    models += ["stg_census__household_deprivation_2021", "stg_census__townsend_2011"]
    models += ["stg_input_files", "stg_supplement_values"]
    without_tests = ["--exclude-resource-type", "test", "unit_test"]
    assert dbt("build", data, tmp_path, *models, *without_tests)[0] == 0
    code, found = dbt("test", data, tmp_path, "--select", *tests)
    assert code == 1
    for name, (status, rows) in tests.items():
        assert found[name].startswith(f"{status} Got"), (name, found[name])
        assert int(found[name].split()[2]) >= rows, (name, found[name])


@pytest.mark.parametrize("value", ["nan", "inf", "0x1F", "1_000", " 12.5", "1e5", ""])
def test_a_number_is_digits_sign_and_point(value):
    assert is_number(value) is False


@pytest.mark.parametrize("value", ["12", "-0.5", "+3.25", ".5", "99.999999"])
def test_every_way_that_publishers_write_a_number_is_read(value):
    assert is_number(value) is True


def is_number(text: str) -> bool:
    """Whether the macro cast_or_stop takes a text as a double."""
    source = (settings.PROJECT / "macros" / "inputs.sql").read_text()
    pattern = source.partition("set number = '")[2].partition("'")[0]
    return duckdb.execute("select regexp_full_match(?, ?)", [text, pattern]).fetchone()[0]


# Custom areas in a file of one's own ------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("name,member\nCôte,E06000001\n".encode("cp1252"), "save it as CSV UTF-8"),
        ("name,member\nOurs,E06000001\n".encode("utf-16"), "save it as CSV UTF-8"),
        (b"name;member\nOurs;E06000001\n", "no column member in its header 'name;member'"),
        (b"name,member\nOurs,E06000001,2\n", "row 2 has 3 values"),
        (b'name,member\n"Ours,E06000001\n', "not a CSV file"),
        (b"", "empty"),
        (b"name,member\n", "has no rows"),
        (b"name,member\r\nOurs,E06000001\nTheirs,E06000002\n", "it has mixed line ends"),
        (b'name,member,"no\ntes"\r\nOurs,E06000001,x\r\n', "a line break in it"),
        (b"name,member\n ,E06000001\n", "row 2: no name"),
        (b"name,member\nOurs,\n", "row 2: no member"),
        (b"name,member\nOurs,E06000001\nours,E06000002\n", "row 3: 'ours' is 'Ours' elsewhere"),
        (
            b"name,member,set\nOurs,E06000001,x\nOurs,E06000002,\n",
            "row 3: 'Ours' has a set in some rows only",
        ),
    ],
)
def test_custom_areas_that_cannot_be_read_are_refused_in_one_line(tmp_path, content, says):
    file = tmp_path / "the county's areas.csv"
    file.write_bytes(content)
    with pytest.raises(UsageError) as refused:
        check_variables({"custom_areas": str(file)})
    assert says in str(refused.value)
    assert file.name in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "row", "says"),
    [
        ("custom_areas", "Ours,E06000001", "row 2 has 2 values where the header has 3"),
        ("custom_areas", ",E06000001,", "row 2: no name"),
        ("uplift_bands", "mine,England", "values where the header has"),
        ("comparability", '"England,2015,2019,imd,yes,x', "not a CSV file"),
        (
            "directory_columns",
            "mine,[a-z,optional,NSPL",
            "header_pattern '\\[a-z' is not a regular",
        ),
    ],
)
def test_a_seed_with_a_row_that_dbt_would_misread_is_refused_in_one_line(
    tmp_path, monkeypatch, name, row, says
):
    seeds = Path(shutil.copytree(settings.PROJECT / "seeds", tmp_path / "seeds"))
    monkeypatch.setattr(variables_module, "SEEDS", seeds)
    check_variables({})
    with (seeds / f"{name}.csv").open("a") as file:
        file.write(f"{row}\n")
    with pytest.raises(UsageError, match=rf"{name}\.csv: .*{says}"):
        check_variables({})
    (seeds / "custom_areas.csv").write_text("name,member\nOurs,E06000001\n")
    shutil.copy(settings.PROJECT / "seeds" / "uplift_bands.csv", seeds)
    for other in ("comparability", "directory_columns"):
        shutil.copy(settings.PROJECT / "seeds" / f"{other}.csv", seeds)
    with pytest.raises(UsageError, match=r"no column set in its header .* must be name,member,set"):
        check_variables({})


# Directories with holes -------------------------------------------------------------------------


def half(data):
    lines = directory(data).read_bytes().splitlines(keepends=True)
    directory(data).write_bytes(b"".join(lines[: len(lines) // 2]))


def blank_lsoa_2021(data):
    spoil_column(data, lambda row, at: row.__setitem__(at["lsoa21cd"], ""))


def swapped_vintages(data):
    def swap(row, at):
        old, new = at["lsoa11cd"], at["lsoa21cd"]
        row[old], row[new] = row[new], row[old]

    spoil_column(data, swap)


def one_area_file_missing(data):
    shutil.rmtree(data)
    write_sample(data, postcodes=2_000, areas=80, packing="area-files")
    min((data / "onspd").glob("*_M.csv")).unlink()


def spoil_column(data, spoil):
    with directory(data).open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    for row in rows:
        spoil(row, {name: at for at, name in enumerate(header)})
    with directory(data).open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(one, marks=pytest.mark.long)
        for one in (swapped_vintages, half, blank_lsoa_2021, one_area_file_missing)
    ],
)
def test_a_directory_with_holes_stops_the_build_unless_allowed_by_name(data, tmp_path, spoil):
    # As it is, the sample leaves three areas without a postcode, which is not too many.
    spoil(data)
    guard = "assert_asked_editions_reach_their_postcodes"
    code, found = dbt("build", data, tmp_path, "--select", f"+{guard}")
    assert code == 1
    assert found[guard].startswith("fail"), found
    allowed = ["--vars", "{allow_incomplete_editions: [2015, 2019, 2025]}"]
    code, found = dbt(
        "test",
        data,
        tmp_path,
        "--select",
        guard,
        "warn_editions_that_reach_few_postcodes",
        *allowed,
    )
    assert code == 0
    assert found["warn_editions_that_reach_few_postcodes"].startswith("warn")
