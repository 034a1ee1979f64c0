"""The synthetic data set: formats to the byte, published rules recomputed from outside."""

import csv
import itertools
import math
import os
import re
import subprocess
import sys
import zipfile
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from deprivation.inputs.spreadsheets import read_sheet
from deprivation.sample.write import write_sample

PROJECT = Path(__file__).resolve().parents[2]
LAYOUTS_FILE = PROJECT / "scripts/deprivation/sample/directory_layouts.csv"
LAYOUTS = {
    row["layout"]: row["header"]
    for row in csv.DictReader(LAYOUTS_FILE.open(encoding="utf-8", newline=""))
}
SIMD = "nations/SIMD+2020v2.csv"
NAME = "ONSPD_AUG_2026_UK"
ROYAL_MAIL = re.compile(
    r"([A-PR-UWYZ]([0-9]{1,2}|[0-9][ABCDEFGHJKPSTUW]"
    r"|[A-HK-Y]([0-9]{1,2}|[0-9][ABEHMNPRVWXY]))|GIR) [0-9][ABD-HJLNP-UW-Z]{2}"
)


def read_csv(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    out = tmp_path_factory.mktemp("sample")
    write_sample(out)
    return out


@pytest.fixture(scope="module")
def postcodes(sample):
    """Rows of the directory, as text by column name, in the order of the file."""
    with zipfile.ZipFile(sample / f"onspd/{NAME}.zip") as archive:
        text = archive.read(f"Data/{NAME}.csv").decode("utf-8")
    return list(csv.DictReader(text.splitlines()))


@pytest.fixture(scope="module")
def editions(sample):
    """Rows of File 7 by edition."""
    return {
        year: read_csv(next((sample / "iod").glob(f"File_7*{year}*.csv")))
        for year in ("2015", "2019", "2025")
    }


@pytest.fixture(scope="module")
def seed():
    rows = read_csv(PROJECT / "seeds/index_columns.csv")
    return [row for row in rows if row["nation"] == "England"]


def located(postcodes, country="E92000001"):
    return [row for row in postcodes if row["ctry26cd"] == country and row["lsoa11cd"]]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_directory_has_the_bytes_of_its_layout(layout, tmp_path):
    write_sample(tmp_path, postcodes=500, areas=60, layout=layout)
    (path,) = (tmp_path / "onspd").iterdir()
    product, year = layout.split("_")[:2]
    assert re.fullmatch(f"{product}_(FEB|MAY|AUG|NOV)_{year}_UK.zip", path.name)
    with zipfile.ZipFile(path) as archive:
        content = archive.read(f"Data/{path.stem}.csv")
        assert any("names and codes" in name for name in archive.namelist())

    header, *lines, end = content.decode("ascii").split("\r\n")
    assert header == LAYOUTS[layout]
    assert end == ""
    assert len(lines) == 500
    bare = {"lat", "long", "imd", "imd20ind", "imd25ind"}
    for line in lines:
        for column, value in zip(header.split(","), line.split(","), strict=True):
            shape = r"-?[0-9]+(\.[0-9]{6})?" if column in bare else r'"[A-Za-z0-9 ]*"'
            assert re.fullmatch(shape, value), (column, value)
    assert lines == sorted(lines)

    # Districts that merged in 2023 are in the directories before that.
    rows = csv.DictReader([header, *lines])
    (lad,) = (name for name in header.split(",") if re.fullmatch(r"(os)?laua|lad\d\dcd", name))
    assert ("E07900001" in {row[lad] for row in rows}) == (int(year) <= 2023)


def test_packings_hold_the_same_rows(sample, tmp_path):
    write_sample(tmp_path / "csv", packing="csv")
    write_sample(tmp_path / "areas", packing="area-files")
    (one,) = (tmp_path / "csv/onspd").iterdir()
    areas = sorted((tmp_path / "areas/onspd").iterdir())
    with zipfile.ZipFile(sample / f"onspd/{NAME}.zip") as archive:
        assert archive.read(f"Data/{NAME}.csv") == one.read_bytes()
        packed = [name for name in archive.namelist() if name.startswith("Data/multi_csv/")]
        assert [Path(name).name for name in packed] == [path.name for path in areas]
        assert [archive.read(name) for name in packed] == [path.read_bytes() for path in areas]
        # Names and codes do begin with a byte-order mark, and carry the year of the codes.
        text = archive.read(
            "Documents/LAD Local Authority District names and codes UK as at 05_26.csv"
        )
    assert text.startswith(b"\xef\xbb\xbfLAD26CD,LAD26NM,LAD26NMW\r\n")
    header = one.read_bytes().split(b"\r\n")[0]
    rows = [path.read_bytes().split(b"\r\n") for path in areas]
    assert all(lines[0] == header and lines[-1] == b"" for lines in rows)
    assert one.read_bytes().split(b"\r\n")[1:-1] == [line for lines in rows for line in lines[1:-1]]
    for path, lines in zip(areas, rows, strict=True):
        letters = {re.match(r"[A-Z]+", line.decode()[1:])[0] for line in lines[1:-1]}
        assert {{"NPT": "NP", "GIR": "G"}.get(area, area) for area in letters} == {
            path.stem.rsplit("_", 1)[1]
        }


def test_same_arguments_same_bytes(sample, tmp_path):
    code = (
        "from pathlib import Path; from deprivation.sample.write import write_sample;"
        " write_sample(Path('.'))"
    )
    subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=os.environ | {"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo"},
        check=True,
    )
    first, second = (
        {path.relative_to(root): path.read_bytes() for path in root.rglob("*") if path.is_file()}
        for root in (sample, tmp_path)
    )
    assert first == second
    assert Path("SYNTHETIC.txt") in first


def test_file_7_has_the_published_bytes(sample, seed):
    for year in ("2015", "2019", "2025"):
        (path,) = (sample / "iod").glob(f"File_7*{year}*.csv")
        content = path.read_bytes().decode("ascii")
        assert content.endswith("\r\n") and content.count("\n") == content.count("\r\n")
        header, *rows = csv.reader(content.split("\r\n")[:-1])
        assert header == [row["source_column"] for row in seed if row["edition"] == year]
        assert all(value for row in rows for value in row)
        assert ',"Synthetic Haven, City of",' in content
        numbers = {value for row in rows for value in row[4:]}
        assert all(re.fullmatch(r"-?[0-9]+(\.[0-9]{1,3})?", value) for value in numbers)
        trailing = {value for value in numbers if re.search(r"\.[0-9]*0$", value)}
        assert all(year == "2025" and value.endswith(".0") for value in trailing)
    assert len(header) == 56 and header[36].endswith("10% of LSO")


@pytest.mark.parametrize("year", ["2015", "2019", "2025"])
def test_ranks_deciles_and_scores_follow_the_rules(year, editions, seed):
    rows, count = editions[year], len(editions[year])
    column = {
        (row["index_code"], row["measure"]): row["source_column"]
        for row in seed
        if row["edition"] == year
    }
    indices = sorted({index for index, _ in column if index})
    assert len(indices) == 16
    for index in indices:
        ranks = [int(row[column[index, "rank"]]) for row in rows]
        scores = [float(row[column[index, "score"]]) for row in rows]
        ties = Counter(ranks)
        position = 1
        for rank in sorted(ties):  # competition ranks: each tie takes up as many places as it has
            assert rank == position
            position += ties[rank]
        assert (len(ties) < count) == (index != "imd" or year != "2025")
        by_rank = [score for _, score in sorted(zip(ranks, scores, strict=True))]
        assert all(a >= b or math.isclose(a, b) for a, b in itertools.pairwise(by_rank))
        for row, rank in zip(rows, ranks, strict=True):
            assert int(row[column[index, "decile"]]) == math.ceil(10 * rank / count)

    weights = {"income": 0.225, "employment": 0.225, "education": 0.135, "health": 0.135}
    weights |= {"crime": 0.093, "barriers": 0.093, "living_environment": 0.093}
    expected = [0.0] * count
    for domain, weight in weights.items():
        ranks = [int(row[column[domain, "rank"]]) for row in rows]
        ties = Counter(ranks)
        for i, rank in enumerate(ranks):
            r = (count - (rank + (ties[rank] - 1) / 2) + 1) / count
            expected[i] += weight * -23 * math.log(1 - r * (1 - math.exp(-100 / 23)))
    for row, score in zip(rows, expected, strict=True):
        assert abs(float(row[column["imd", "score"]]) - score) <= 0.000501
        better = sum(other > score + 1e-9 for other in expected)
        assert int(row[column["imd", "rank"]]) == 1 + better

    def people(row, measure):
        return int(row[column["", measure]])

    for row in rows:
        young, old = people(row, "population_0_15"), people(row, "population_60_plus")
        between = people(row, "population") - young - old
        assert between > 0
        assert ("", "population_16_59") not in column or people(row, "population_16_59") == between


def test_deprivation_hangs_together(editions):
    """Neighbours, domains and editions are alike, as in the real indices."""

    def correlation(xs, ys):
        mean_x, mean_y = sum(xs) / len(xs), sum(ys) / len(ys)
        xs, ys = [x - mean_x for x in xs], [y - mean_y for y in ys]
        product = sum(x * y for x, y in zip(xs, ys, strict=True))
        return product / math.sqrt(sum(x * x for x in xs) * sum(y * y for y in ys))

    rank = "Index of Multiple Deprivation (IMD) Rank (where 1 is most deprived)"
    imd = {year: [int(row[rank]) for row in rows] for year, rows in editions.items()}
    income = [int(row["Income Rank (where 1 is most deprived)"]) for row in editions["2019"]]
    assert correlation(imd["2015"], imd["2019"]) > 0.9
    assert correlation(imd["2019"], income) > 0.8
    assert correlation(imd["2019"][:-1], imd["2019"][1:]) > 0.2


def test_postcodes_are_distinct_and_well_formed(postcodes):
    assert len(postcodes) == 10_000
    assert len({row["pcds"] for row in postcodes}) == 10_000
    for row in postcodes:
        outward, inward = row["pcds"].split(" ")
        assert row["pcd7"] == f"{outward:4}{inward}"
        assert row["pcd8"] == f"{outward:4} {inward}"
        assert ROYAL_MAIL.fullmatch(row["pcds"]) or (
            outward in ("NPT", "W1Y") and row["doterm"] and row["lsoa11cd"]
        )
        assert "198001" <= row["dointr"] <= "202608"
        assert row["doterm"] == "" or row["dointr"] <= row["doterm"] <= "202608"
    live = sum(row["doterm"] == "" for row in postcodes)
    assert 0.62 < live / 10_000 < 0.72
    (girobank,) = [row for row in postcodes if row["pcds"] == "GIR 0AA"]
    assert (girobank["doterm"], girobank["usrtypind"]) == ("", "1")
    starts = {re.match(r"[A-Z]+", row["pcds"])[0] for row in postcodes}
    assert {"BT", "JE", "GY", "IM", "NPT", "BX", "W", "CF", "AB"} <= starts
    english = sum(row["ctry26cd"] == "E92000001" for row in postcodes)
    assert 0.83 < english / 10_000 < 0.87


def test_places_without_codes_are_marked_as_ons_does(postcodes):
    by_country = defaultdict(list)
    for row in postcodes:
        by_country[row["ctry26cd"]].append(row)
    assert len(by_country) == 6
    for country, letter in (("L93000001", "L"), ("M83000003", "M")):
        for row in by_country[country]:
            codes = {row[name] for name in ("lad26cd", "lsoa01cd", "lsoa11cd", "lsoa21cd")}
            assert codes == {f"{letter}99999999"}
            assert (row["lat"], row["long"], row["gridind"]) == ("99.999999", "0.000000", "9")
            assert (row["east1m"], row["imd20ind"]) == ("", "0")
    for country in ("W92000004", "S92000003", "N92000002"):
        assert {row["rgn26cd"] for row in by_country[country]} == {f"{country[0]}99999999"}

    lost = [row for row in by_country["E92000001"] if row["gridind"] == "9"]
    assert {row["doterm"] == "" for row in lost} == {True, False}
    for row in lost:
        blank = ("east1m", "north1m", "rgn26cd", "cty26cd", "lad26cd", "lsoa11cd", "lsoa21cd")
        assert {row[name] for name in blank} == {""}
        assert (row["lat"], row["imd20ind"], row["imd25ind"]) == ("99.999999", "0", "0")
    for row in located(postcodes):
        is_two_tier = row["lad26cd"].startswith("E07")
        assert row["cty26cd"].startswith("E10" if is_two_tier else "E99999999")
        assert len(row["north1m"]) == 7


def test_ranks_in_the_directory_are_those_of_the_editions(sample, postcodes, editions):
    rank = "Index of Multiple Deprivation (IMD) Rank (where 1 is most deprived)"
    old = {row["LSOA code (2011)"]: row[rank] for row in editions["2019"]}
    new = {row["LSOA code (2021)"]: row[rank] for row in editions["2025"]}
    for row in located(postcodes):
        assert row["imd20ind"] == old[row["lsoa11cd"]]
        assert row["imd25ind"] == new[row["lsoa21cd"]]
    assert set(old) != set(new)
    empty = set(old) - {row["lsoa11cd"] for row in postcodes}
    assert 1 <= len(empty) < len(old) / 10
    for country, ranks in (
        ("W92000004", welsh_ranks(sample, 2019)),
        ("S92000003", ranks_of(sample / "nations/SIMD+2020v2.csv", "DZ", "SIMD2020v2_Rank")),
        ("N92000002", ranks_of(sample / "nations/nimdm2017-soa.csv", "SOA2001", "MDM_rank")),
    ):
        rows = located(postcodes, country)
        assert len(rows) > 100
        assert all(int(row["imd20ind"]) == ranks[row["lsoa11cd"]] for row in rows)


def ranks_of(path, code, rank):
    return {row[code]: int(row[rank]) for row in read_csv(path)}


def welsh_ranks(sample, year):
    (path,) = (sample / "nations").glob(f"*{year}*.ods")
    rows = read_sheet(path, f"WIMD_{year}_ranks")
    return {row[0]: int(row[3]) for row in rows if row[0].startswith("W01")}


def test_other_nations_have_the_published_formats(sample):
    seed = read_csv(PROJECT / "seeds/index_columns.csv")

    def columns(nation, edition):
        return [
            row["source_column"]
            for row in seed
            if (row["nation"], row["edition"]) == (nation, edition)
        ]

    for name, nation, edition, start, end in (
        ("nations/SIMD+2020v2.csv", "Scotland", "2020", b"\xef\xbb\xbfDZ,DZname", b"\n"),
        ("nations/nimdm2017-soa.csv", "Northern Ireland", "2017", b"LGD2014code,", b"\n"),
        ("earlier/imd2004_england_lsoa01.csv", "England", "2004", b"lsoa01_code,lad04", b"\n"),
        ("earlier/imd2010_england_lsoa01.csv", "England", "2010", b"lsoa01_code,IMD", b"\n"),
    ):
        content = (sample / name).read_bytes()
        assert content.startswith(start) and content.endswith(end) and b"\r" not in content
        assert csv_header(sample / name) == columns(nation, edition)
    assert welsh_ranks(sample, 2019).keys() != welsh_ranks(sample, 2025).keys()
    for year in (2019, 2025):
        (path,) = (sample / "nations").glob(f"*{year}*.ods")
        header = next(row for row in read_sheet(path, f"WIMD_{year}_ranks") if row[3][:4] == "WIMD")
        bands = read_sheet(path, "Deciles_quintiles_quartiles")
        second = next(row for row in bands if row[0].startswith("LSOA"))
        assert header[-1] == " "  # a column without a name, as published
        assert [*header[:-1], *second[3:]] == columns("Wales", str(year))
    # Tied domains of Scotland share the mean of their places, Northern Ireland's the lowest.
    ranks = [row["SIMD2020v2_Income_Domain_Rank"] for row in read_csv(sample / SIMD)]
    assert sum(map(float, ranks)) == len(ranks) * (len(ranks) + 1) / 2
    assert any(rank.endswith(".5") for rank in ranks)


def test_census_tables_have_the_published_formats(sample):
    townsend = (sample / "census/Scores- 2011 UK LSOA.csv").read_bytes().split(b"\r\n")
    assert townsend[0] == b'"","GEO_CODE","GEO_LABEL","TDS","quintile"'
    assert re.fullmatch(rb'"1","95SY01S1 ","[^"]+",-?[0-9.]+,[1-5]', townsend[1])
    rows = read_csv(sample / "census/Scores- 2011 UK LSOA.csv")
    assert {row["GEO_CODE"][0] for row in rows} == {"E", "W", "S", "9"}
    by_score = [row["quintile"] for row in sorted(rows, key=lambda row: float(row["TDS"]))]
    assert by_score == sorted(by_score)

    counted = defaultdict(float)
    for row in read_csv(sample / "census/household_deprivation21_lsoa21.csv"):
        counted[row["lsoa21_code"], row["total_households"]] += float(row["n"])
    assert all(float(total) == found for (_, total), found in counted.items())
    assert len({code for code, _ in counted}) == len(counted) > 400


def csv_header(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return next(csv.reader(file))


def test_lookups_agree_with_the_directory(sample, postcodes, editions):
    folder = sample / "lookups"
    changes = read_csv(folder / "LSOA_2011_to_LSOA_2021_to_LAD_2022_EW_Exact_Fit_Lookup.csv")
    pairs = {(row["LSOA11CD"], row["LSOA21CD"]): row["CHGIND"] for row in changes}
    assert set(pairs.values()) == {"U", "S", "M", "X"}
    english = located(postcodes) + located(postcodes, "W92000004")
    assert {(row["lsoa11cd"], row["lsoa21cd"]) for row in english} <= set(pairs)
    for vintage, year, name in (("LSOA11CD", "2019", "2011"), ("LSOA21CD", "2025", "2021")):
        codes = {row[vintage] for row in changes if row[vintage].startswith("E")}
        assert codes == {row[f"LSOA code ({name})"] for row in editions[year]}

    former = read_csv(folder / "LSOA_2001_to_LSOA_2011_EW_Lookup.csv")
    assert {row["CHGIND"] for row in former} == {"U", "S", "M", "X"}
    older = {(row["LSOA01CD"], row["LSOA11CD"]) for row in former}
    assert {(row["lsoa01cd"], row["lsoa11cd"]) for row in english} <= older

    sub_icbs = read_csv(folder / "LSOA_2021_to_SICBL_to_ICB_2024_EN_Lookup.csv")
    wards = read_csv(folder / "LSOA_2021_to_WD_2024_to_LAD_2024_EW_Lookup.csv")
    assert [row["LSOA21CD"] for row in sub_icbs] == [
        row["LSOA code (2021)"] for row in editions["2025"]
    ]
    assert {row["LSOA21CD"] for row in wards} == {row["LSOA21CD"] for row in changes}


def test_local_authorities_change_as_they_do(sample, postcodes, editions):
    changes = read_csv(sample / "lookups/LAD_2016_to_2024_changes.csv")
    later = {row["ltla16_code"]: row["ltla24_code"] for row in changes}
    merged = {old for old, new in later.items() if old != new}
    assert len(merged) == 2
    assert len({later[old] for old in merged}) == 1
    published = {
        year: {value for row in rows for key, value in row.items() if "District code" in key}
        for year, rows in editions.items()
    }
    assert merged <= published["2015"] == published["2019"]
    assert published["2025"] == (published["2019"] - merged) | {later[old] for old in merged}

    # One authority has a new code in the directory; a few LSOAs lie in two authorities.
    current = {row["lad26cd"] for row in located(postcodes)}
    assert len(current - published["2025"]) == len(published["2025"] - current) == 1
    held = defaultdict(Counter)
    for row in located(postcodes):
        held[row["lsoa21cd"]][row["lad26cd"]] += 1
    astride = [counts.most_common() for counts in held.values() if len(counts) > 1]
    assert 1 <= len(astride) < 20
    assert all(counts[0][1] > counts[1][1] for counts in astride)


def test_wrong_arguments_are_explained(tmp_path):
    for arguments, message in (
        ({"layout": "ONSPD_1999_01"}, "known are ONSPD_2018_02"),
        ({"packing": "tar"}, "known are zip"),
        ({"areas": 5}, "60 to 45000"),
        ({"postcodes": 10}, "at least 500"),
    ):
        with pytest.raises(ValueError, match=message):
            write_sample(tmp_path / "none", **arguments)
    assert not (tmp_path / "none").exists()


def test_real_inputs_are_never_overwritten(tmp_path):
    real = tmp_path / "iod/File_7.csv"
    real.parent.mkdir()
    real.write_text("real")
    with pytest.raises(FileExistsError, match="not synthetic"):
        write_sample(tmp_path)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [real]
