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


def test_each_value_of_a_payload_has_its_own_line() -> None:
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
def test_the_value_of_a_payload_is_unchanged_by_line_breaks(value: object) -> None:
    payload = json.dumps(value, ensure_ascii=False)
    assert json.loads(lined(payload)) == value


def test_a_deeply_nested_payload_does_not_become_a_huge_text() -> None:
    deep = "[" * 900 + ",".join("1" * 40_000) + "]" * 900
    assert json.loads(lined(deep)) == json.loads(deep)
    assert len(lined(deep)) < 20 * len(deep)


@pytest.mark.parametrize(
    "payload",
    ["", "no JSON", '{"half":', 'O:8:"stdClass":0:{}', "[" * 50_000, "[1," * LONGEST, "9" * 5_000],
)
def test_a_payload_that_is_no_json_is_unchanged(payload: str) -> None:
    assert lined(payload) == payload
