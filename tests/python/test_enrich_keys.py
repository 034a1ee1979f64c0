"""Keys as numbers: found exactly where the postcode rules in SQL would find them."""

from __future__ import annotations

import random

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from deprivation.enrich.keys import KeyTable, pack

KEYS = ["M11AE", "B338TH", "W1A0AX", "CR26XH", "DN551PT", "EC1A1BB", "GIR0AA", "NPT0AA", "W1Y9LB"]


def places(texts: list[str | None], keys: list[str] = KEYS) -> list[int]:
    return (
        KeyTable(pa.chunked_array([keys], pa.string())).find(pa.array(texts, pa.string())).tolist()
    )


def spellings(key: str) -> list[str]:
    spaced = f"{key[:-3]} {key[-3:]}"
    return [key, key.lower(), spaced, spaced.lower(), spaced.title()]


def test_a_key_is_found_in_the_spellings_that_need_no_cleaning():
    texts = [text for key in KEYS for text in spellings(key)]
    assert places(texts) == [place for place in range(len(KEYS)) for _ in range(5)]


@pytest.mark.parametrize(
    "text",
    [
        None, "", " ", "M1", "M1 1A", "M11AEE", "M1 1AE ", " M1 1AE", "M1  1AE", "M1\t1AE",
        "M1-1AE", "M11AE\0", "M1 1AE\0", "M1 1A\u00c9", "\u00ed1 1AE", "-11AE", "DN55 1PTX",
        "DN55-1PT", "DN551PT0", "ABCDEFGHIJKLMNOP", "M`1 1AE", "m\u0000\u0000\u0000\u0000",
        "CR2\0006XH",
    ],
)  # fmt: skip
def test_what_takes_more_is_not_found(text):
    assert places([text]) == [-1]


def test_random_text_is_found_only_where_sql_finds_it():
    """Near misses: characters of keys dropped, doubled, swapped for others of any kind."""
    dice = random.Random(1)
    texts = []
    for _ in range(20_000):
        text = list(dice.choice(spellings(dice.choice(KEYS))))
        for _ in range(dice.randint(0, 2)):
            place = dice.randrange(len(text))
            text[place] = dice.choice(["", text[place] * 2, *" 1Aa!é\0\x7f"])
        texts.append("".join(text) or " ")
    found = places(texts)
    by_sql = duckdb.execute(
        "select replace(upper(text), ' ', '') from (select unnest($1) as text)", [texts]
    ).fetchall()
    for text, place, (key,) in zip(texts, found, by_sql, strict=True):
        assert place == -1 or KEYS[place] == key, text
        if text in spellings(key):
            assert place == (KEYS.index(key) if key in KEYS else -1), text
    assert 0 < found.count(-1) < len(found)


def test_slices_and_nulls_of_a_column():
    table = KeyTable(pa.chunked_array([["XX99XX", *KEYS[:4]], KEYS[4:]]).slice(1))
    column = pa.array(["x", None, "b33 8th", "", "M1 1AE", "y"])
    assert table.find(column.slice(1, 4)).tolist() == [-1, 1, -1, 0]
    assert table.find(column.slice(0, 0)).tolist() == []
    assert table.find(pa.array([None, None], pa.string())).tolist() == [-1, -1]


def test_many_keys_are_each_found_at_their_place():
    """Every sector's worth of two outcodes: neighbours, which a poor hash would throw together."""
    letters = "ABDEFGHJLNPQRSTUWXYZ"
    keys = [f"M1{d}{x}{y}" for d in range(10) for x in letters for y in letters]
    keys += [f"SW1A{d}{x}{y}" for d in range(10) for x in letters for y in letters]
    table = KeyTable(pa.chunked_array([keys]))
    assert (table.find(pa.array(keys)) == np.arange(len(keys))).all()
    others = pa.array([key.replace("M1", "M2").replace("SW", "SE") for key in keys])
    assert (table.find(others) == -1).all()
    assert len(np.unique(pack(pa.array(keys)))) == len(keys)


def test_keys_of_no_usual_shape_are_found_too():
    """As a directory might hold: an incode that is not a digit and two letters."""
    odd = ["M1ABC", "M1123", "AB1C2D3", *KEYS, "B33\u00008T"]
    texts = [*odd, "M1ABD", "B338T", "m1abc"]
    assert places(texts, odd) == [*range(len(odd)), -1, -1, 0]


def test_no_keys_and_keys_that_cannot_be_packed():
    assert places(["M1 1AE"], []) == [-1]
    with pytest.raises(ValueError, match="cannot be packed"):
        places([], ["M11AE", "TOO LONG KEY"])
