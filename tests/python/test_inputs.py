"""What is found in a data folder, and what bad input gets: file, column, row and remedy named."""

from __future__ import annotations

import csv
import shutil
import zipfile
from pathlib import Path

import duckdb
import pytest

from deprivation.inputs import InputError, match_directory_columns, names_in, pairs_in, prepare
from deprivation.sample import write_sample

LAYOUTS = Path(__file__).parents[2] / "scripts" / "deprivation" / "directory_layouts.csv"


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


def test_an_unknown_column_of_the_directory(data):
    change(directory(data), ",imd25ind", ",imd25ind,oac31ind")
    assert "'oac31ind' is not known" in problems(data)[0]


@pytest.mark.parametrize("new", ["Crime Grade", "Crime Rank,Crime Rank 2"])
def test_a_renamed_or_extra_column_of_file_7(data, new):
    change(file_7(data, "2019"), "Crime Rank (where 1 is most deprived)", new)
    assert file_7(data, "2019").name in problems(data)[0]
    assert "Crime Rank" in problems(data)[0]


def test_a_file_7_of_another_year_under_this_name(data):
    shutil.copy(file_7(data, "2025"), file_7(data, "2019"))
    assert "lacks 'LSOA code (2011)' and has 'LSOA code (2021)'" in problems(data)[0]


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
    "spoil",
    [
        *(spoil_number, spoil_score, repeat_postcode, repeat_area, rank_outside),
        *(decile_off, blank_one, cut_inside, no_vintage),
    ],
)
def test_a_bad_value_stops_the_build_and_is_named(data, deprivation, tmp_path, spoil):
    published = tmp_path / "deprivation.duckdb"
    published.write_bytes(b"as it was")
    named = spoil(data)
    built = deprivation(
        "build",
        DEPRIVATION_DATA_DIR=data,
        DEPRIVATION_DB=published,
        DEPRIVATION_WORK_DIR=tmp_path / "work",
    )
    assert built.returncode == 1
    error = built.stderr[built.stderr.index("deprivation: error:") :]
    assert all(name in error for name in named), error
    assert published.read_bytes() == b"as it was"
    assert not list(tmp_path.glob(".deprivation*"))
