"""A payload is shown with one value per line, and no value is changed."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.views.payloads import LONGEST, lined

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def test_a_value_has_a_line_of_its_own() -> None:
    payload = '{"job":"A\\\\B","data":{"ids":[1,2],"none":{},"empty":[]},"total":1.10}'
    assert lined(payload).splitlines() == [
        "{",
        '  "job": "A\\\\B",',
        '  "data": {',
        '    "ids": [',
        "      1,",
        "      2",
        "    ],",
        '    "none": {},',
        '    "empty": []',
        "  },",
        '  "total": 1.10',
        "}",
    ]


@given(JSON)
@settings(deadline=None)
def test_what_it_says_stays_the_same(value: object) -> None:
    payload = json.dumps(value, ensure_ascii=False)
    assert json.loads(lined(payload)) == value


def test_a_deep_payload_does_not_become_a_huge_text() -> None:
    deep = "[" * 900 + ",".join("1" * 40_000) + "]" * 900
    assert json.loads(lined(deep)) == json.loads(deep)
    assert len(lined(deep)) < 20 * len(deep)


@pytest.mark.parametrize(
    "payload",
    ["", "no JSON", '{"half":', 'O:8:"stdClass":0:{}', "[" * 50_000, "[1," * LONGEST, "9" * 5_000],
)
def test_what_is_no_json_stays_as_it_is(payload: str) -> None:
    assert lined(payload) == payload
