"""Texts that are not in the directory get the same answer however often and in what batch."""

from __future__ import annotations

import pyarrow as pa
import pytest

from deprivation.enrich import fallbacks
from deprivation.enrich import run as enriching
from deprivation.enrich.request import Request

BATCHES = [
    [],
    ["", "HELLO", "AA999AA"],
    ["AA999AA", "M1", "", "ZZ993VZ", "AA999AB"],
    ["ZZ993VZ", "AA999AC", "M1"],
    ["HELLO"],
    [],
]


@pytest.mark.parametrize("remembered", [0, 2, 4, 100])
def test_texts_that_come_again_keep_their_answers(warehouse, monkeypatch, remembered):
    monkeypatch.setattr(fallbacks, "REMEMBERED", remembered)
    request = Request(files=[], postcode_column="postcode", output="-", repairs=True)
    with enriching.connect(warehouse) as connection:
        fallbacks.make_outcodes(connection)

        def ask(rules: fallbacks.Rules, texts: list[str]) -> list[list]:
            columns = rules.ask(pa.array(texts, pa.string()))
            return [list(row) for row in zip(*(c.to_pylist() for c in columns), strict=True)]

        rules, asked = fallbacks.Rules(connection, request, 1), []
        answer = rules._answer
        monkeypatch.setattr(
            rules, "_answer", lambda new: asked.extend(new.to_pylist()) or answer(new)
        )
        for texts in BATCHES:
            found = ask(rules, texts)
            assert found == [
                row
                for text in texts
                for row in ask(fallbacks.Rules(connection, request, 1), [text])
            ]
            assert len(found) == len(texts)
    different = {text for texts in BATCHES for text in texts}
    assert set(asked) == different
    assert (len(asked) == len(different)) == (remembered == 100)
