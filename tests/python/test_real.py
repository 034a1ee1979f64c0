"""The figures that a build from the publishers' real files must show.

Skipped unless DEPRIVATION_TEST_DATA_DIR names a folder with onspd/ (ONSPD, November 2025, without
Northern Ireland), iod/, lookups/ and nspl/ (ten area files of NSPL, November 2021).
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from conftest import built

DATA = os.environ.get("DEPRIVATION_TEST_DATA_DIR")
pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(not DATA, reason="DEPRIVATION_TEST_DATA_DIR is not set"),
]


@pytest.fixture(scope="module")
def ten_areas(deprivation, tmp_path_factory):
    """NSPL of 2021 has no LSOA 2021, so the edition of 2025 is left out."""
    folder = tmp_path_factory.mktemp("nspl")
    data = folder / "data"
    data.mkdir()
    (data / "onspd").symlink_to(Path(DATA, "nspl").resolve())
    for name in ("iod", "nations", "earlier", "lookups"):
        (data / name).symlink_to(Path(DATA, name).resolve())
    with built(
        deprivation,
        data,
        folder,
        "--vars",
        "{editions: [2015, 2019], allow_incomplete_editions: [2015, 2019]}",
        *("--allow", "unknown-places"),
    ) as connection:
        yield connection


def test_every_postcode_is_there_once(national):
    query = "select count(*), count(distinct postcode_key) from postcodes"
    assert national.execute(query).fetchone() == (2_657_424, 2_657_424)


def test_areas_and_postcodes_of_each_edition(national):
    query = """
        select edition, areas from editions
        where nation = 'England' and edition > 2010 order by edition
    """
    assert national.execute(query).fetchall() == [(2015, 32_844), (2019, 32_844), (2025, 33_755)]
    query = """
        select edition, count(*) from postcode_imd
        where nation = 'England' and edition > 2010 group by edition order by edition
    """
    assert national.execute(query).fetchall() == [
        (2015, 2_264_892),
        (2019, 2_264_892),
        (2025, 2_264_892),
    ]


@pytest.mark.parametrize(
    ("postcode", "rank"),
    # The rank that ONS itself prints beside the postcode in NSPL, November 2021.
    [
        ("DT11AA", 23_347),
        ("HR11AA", 8_153),
        ("HX11AA", 1_974),
        ("SR11AA", 3_277),
        ("WN11AA", 1_991),
    ],
)
def test_postcodes_have_the_rank_of_2019_that_ons_prints(national, postcode, rank):
    query = "select imd_rank from postcode_imd where postcode_key = ? and edition = 2019"
    assert national.execute(query, [postcode]).fetchone() == (rank,)


def test_the_ten_area_files_of_nspl(ten_areas):
    """Built with all tests on: every rank that ONS prints there is ours as well."""
    query = """
        select nation, edition, count(*), count(imd_rank) from postcode_imd
        group by nation, edition order by nation, edition
    """
    found = ten_areas.execute(query).fetchall()
    assert [(nation, edition) for nation, edition, *_ in found] == [
        *[("England", year) for year in (2004, 2007, 2010, 2015, 2019)],
        ("Scotland", 2020),
        ("Wales", 2019),
    ]
    for nation, edition, postcodes, ranked in found:
        assert ranked > (0.9 if edition < 2015 else 0.99) * postcodes, (nation, edition)


def test_areas_of_the_other_nations_and_earlier_editions(national):
    query = (
        "select nation, edition, areas from editions where nation <> 'England' or edition < 2015"
    )
    assert sorted(national.execute(query).fetchall()) == [
        ("England", 2004, 32_482),
        ("England", 2007, 32_482),
        ("England", 2010, 32_482),
        ("Northern Ireland", 2017, 890),
        ("Scotland", 2020, 6_976),
        ("Wales", 2019, 1_909),
        ("Wales", 2025, 1_917),
    ]


def test_changes_of_areas_between_2019_and_2025(national):
    query = """
        select nation, change_code, count(distinct area_code), count(older_rank) > 0
        from area_changes where edition = 2025 and older_edition = 2019 group by all order by all
    """
    assert national.execute(query).fetchall() == [
        ("England", "M", 97, True),
        ("England", "S", 1_842, True),
        ("England", "U", 31_810, True),
        ("England", "X", 6, False),
        ("Wales", "M", 22, True),
        ("Wales", "S", 58, True),
        ("Wales", "U", 1_837, True),
    ]


def test_methods_differ_for_as_many_areas_as_published(national):
    query = """
        select count(*) from local_quantiles
        where edition = 2015 and nation = 'England' and index_code = 'imd'
            and geography = 'lad_published' and ntile_10 <> ohid_10
    """
    assert national.execute(query).fetchone() == (1_422,)


def test_no_answer_comes_from_over_the_border(national):
    """HR3 5FG is in England, its LSOA in Wales; most of TD9 0 is in Scotland."""
    query = "select distinct nation, match_status, area_code from deprivation(?, ?)"
    assert national.execute(query, ["HR3 5FG", 2025]).fetchall() == [("England", "no_area", None)]
    assert national.execute(query, ["TD9 0ZZ", None]).fetchall() == [("Scotland", "sector", None)]
    query = "select count(*) from local_quantiles where nation = 'Wales' and geography = 'region'"
    assert national.execute(query).fetchone() == (0,)


def test_every_area_has_a_local_authority(national):
    """Of 2010, without authorities in its file, 44 LSOAs take that of 2007."""
    query = """
        select nation, edition, count(distinct area_code) from local_quantiles
        where geography = 'lad' group by all order by all
    """
    assert national.execute(query).fetchall() == [
        ("England", 2004, 32_482),
        ("England", 2007, 32_482),
        ("England", 2010, 32_482),
        ("England", 2015, 32_844),
        ("England", 2019, 32_844),
        ("England", 2025, 33_755),
        ("Scotland", 2020, 6_976),
        ("Wales", 2019, 1_909),
        ("Wales", 2025, 1_917),
    ]
    query = """
        select local_rank, local_areas, count(*) from local_quantiles
        where edition = 2010 and geography = 'lad' and geography_code = 'E09000001'
        group by all order by all
    """
    found = national.execute(query).fetchall()
    assert found == [(place, 5, 1) for place in range(1, 6)]


def test_pairs_of_editions_and_what_may_be_compared(national):
    query = """
        select nation, edition, older_edition, max(is_previous), count(*)
        from area_changes group by all having max(edition) >= 2019 order by all
    """
    assert national.execute(query).fetchall() == [
        ("England", 2019, 2004, False, 32_698),
        ("England", 2019, 2007, False, 32_698),
        ("England", 2019, 2010, False, 261_584),
        ("England", 2019, 2015, True, 525_504),
        ("England", 2025, 2004, False, 33_415),
        ("England", 2025, 2007, False, 33_415),
        ("England", 2025, 2010, False, 267_320),
        ("England", 2025, 2015, False, 236_243),
        ("England", 2025, 2019, True, 472_570),
        ("Wales", 2025, 2019, True, 17_253),
    ]
    query = """
        select is_comparable, list(distinct index_code order by index_code) from area_changes
        where nation = 'England' and edition = 2025 and older_edition = 2019
        group by all order by all
    """
    assert national.execute(query).fetchall() == [
        (
            "no",
            [
                *("barriers", "crime", "geographical_barriers", "indoors", "living_environment"),
                *("outdoors", "wider_barriers"),
            ],
        ),
        ("partly", ["imd", "income"]),
        ("yes", ["adult_skills", "children_young_people", "education", "employment", "health"]),
    ]
    query = "select distinct is_comparable from area_changes where nation = 'Wales'"
    assert national.execute(query).fetchall() == [("not assessed",)]


def test_the_quintile_of_most_postcodes_is_not_that_of_the_modal_decile(national):
    query = """
        select
            nation,
            edition,
            count(*) filter (where modal_quintile <> ceil(modal_decile / 2)),
            count(*)
        from partial_postcodes
        where level = 'sector' and (nation, edition) in (
            ('England', 2019), ('England', 2025), ('Wales', 2019)
        )
        group by all order by all
    """
    assert national.execute(query).fetchall() == [
        ("England", 2019, 926, 9_738),
        ("England", 2025, 988, 9_700),
        ("Wales", 2019, 61, 710),
    ]
    query = """
        select modal_decile, modal_quintile, round(modal_quintile_share * postcodes), is_reliable
        from partial_postcodes where partial = ? and edition = 2019
    """
    assert national.execute(query, ["BS20 0"]).fetchall() == [(4, 5, 138, False)]
    # One decile throughout, but only one of its 182 postcodes has an area.
    assert national.execute(query, ["LL42 1"]).fetchall() == [(5, 3, 1, False)]


def test_population_deciles_of_scotland_differ_from_the_governments_as_published(national):
    """Public Health Scotland weights its deciles of SIMD 2020v2 by population."""
    query = """
        select count(*) filter (where quantiles.population_10 <> indices.decile), count(*)
        from local_quantiles as quantiles
        inner join area_indices as indices using (nation, edition, index_code, area_code)
        where nation = 'Scotland' and geography = 'nation'
    """
    assert national.execute(query).fetchone() == (481, 6_976)


def test_official_weights_give_the_official_ranks(national):
    query = """
        select own.edition, count(*) filter (where own.rank = published.rank), count(*)
        from own_indices as own
        inner join area_indices as published using (nation, edition, area_code)
        where own.name = 'official' and published.index_code = 'imd' and nation = 'England'
        group by all order by all
    """
    (older, same, areas), newer = national.execute(query).fetchall()
    assert (older, areas, newer) == (2019, 32_844, (2025, 33_755, 33_755))
    assert same >= 32_814


def test_places_have_names(national):
    query = """
        select count(*) from places
        where name is null and nation in ('England', 'Wales')
            and geography in ('lad', 'lad_published', 'utla', 'region', 'msoa', 'icb', 'sub_icb')
    """
    assert national.execute(query).fetchone() == (0,)


def test_the_file_is_compact(national):
    path = national.execute("select path from duckdb_databases() where not internal").fetchone()[0]
    # 421 MB before areas, places, own indices, the UK index, uplifts and names beside codes.
    assert Path(path).stat().st_size < 515_000_000
