"""A retry replaces numbers in Laravel's payloads, and no other byte."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.fingerprint.top_level import leading_values, members
from bot.queue.layouts.laravel_payload import max_tries, retry_edit
from tests.kit.frameworks import laravel_payload, old_laravel_payload

AT = 1_762_537_376
BEFORE = AT - 600

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["attempts", "retryUntil", "a", '"']) | st.text(), inner, max_size=3
        )
    ),
    max_leaves=8,
)
SPACES = st.text(" \t\n\r", max_size=2)


@st.composite
def objects(draw: st.DrawFn) -> tuple[str, list[tuple[str, Any]]]:
    """Return a JSON object as a text and as its members; keys may be equal, and spaces anywhere."""
    keys = st.sampled_from(["uuid", "retryUntil", "attempts", "data"]) | st.text()
    pairs = draw(st.lists(st.tuples(keys, VALUES), max_size=6))
    parts = []
    for key, value in pairs:
        escaped = draw(st.booleans())
        name, body = (json.dumps(part, ensure_ascii=escaped) for part in (key, value))
        before, after, colon, end = (draw(SPACES) for _ in range(4))
        parts.append(f"{before}{name}{after}:{colon}{body}{end}")
    lead, tail = draw(SPACES), draw(SPACES)
    return f"{lead}{{{','.join(parts) or draw(SPACES)}}}{tail}", pairs


@settings(max_examples=50)
@given(objects())
def test_the_members_of_any_object_are_found_where_they_are(
    drawn: tuple[str, list[tuple[str, Any]]],
) -> None:
    text, pairs = drawn
    every = members(text)
    assert every is not None
    assert [(member.key, member.value) for member in every] == pairs
    for member in every:
        assert json.loads(text[member.start : member.end]) == member.value


@settings(max_examples=50)
@given(objects(), st.integers(0, 200))
def test_a_cut_text_has_no_members_and_its_leading_values(
    drawn: tuple[str, list[tuple[str, Any]]], cut: int
) -> None:
    text = drawn[0].rstrip()
    head = text[: min(cut, len(text) - 1)]
    assert members(head) is None
    last = dict(drawn[1])
    once = {key for key in last if [pair[0] for pair in drawn[1]].count(key) == 1}
    for key, value in leading_values(head).items():
        # A number that was cut is another number.
        assert key in last
        if key in once and not isinstance(value, int | float):
            assert value == last[key]


@pytest.mark.parametrize(
    "text", ["", " ", "[]", "1", '{"a":1', '{"a":1}x', '{"a" 1}', '{"a":NaN}', "{a:1}", '{"a":1,}']
)
def test_a_text_that_is_no_object_has_no_members(text: str) -> None:
    assert members(text) is None
    assert retry_edit(text, AT) is None


def edited(payload: str, at: int = AT) -> str:
    """Return the payload after a retry at this time."""
    edit = retry_edit(payload, at)
    return payload if edit is None else payload[: edit.start] + edit.text + payload[edit.end :]


@settings(max_examples=50)
@given(objects())
def test_an_edit_changes_numbers_and_no_other_byte(
    drawn: tuple[str, list[tuple[str, Any]]],
) -> None:
    text, pairs = drawn
    edit = retry_edit(text, AT)
    if edit is None:
        return
    after = members(edited(text))
    assert after is not None
    last = dict(pairs)
    seen = {member.key: member.value for member in after}
    assert seen == last | dict(edit.values)
    assert edit.values.keys() <= {"retryUntil", "timeoutAt", "attempts"}


@pytest.mark.parametrize(
    ("more", "values"),
    [
        ({}, None),
        ({"retryUntil": AT + 1}, None),
        ({"retryUntil": BEFORE}, {"retryUntil": None}),
        ({"retryUntil": BEFORE, "createdAt": BEFORE - 60}, {"retryUntil": AT + 60}),
        ({"retryUntil": BEFORE, "pushedAt": f"{BEFORE - 60}.1234"}, {"retryUntil": AT + 60}),
        ({"retryUntil": BEFORE, "createdAt": BEFORE + 60}, {"retryUntil": None}),
        ({"attempts": 3}, {"attempts": 0}),
        ({"attempts": 0}, None),
        ({"attempts": 3, "retryUntil": BEFORE}, {"attempts": 0, "retryUntil": None}),
        ({"timeoutAt": BEFORE}, {"timeoutAt": None}),
        ({"retryUntil": True, "attempts": "3"}, None),
    ],
)
def test_what_a_retry_changes(more: dict[str, Any], values: dict[str, int | None] | None) -> None:
    payload = laravel_payload(**more)
    edit = retry_edit(payload, AT)
    assert (None if edit is None else edit.values) == values
    assert json.loads(edited(payload)) == json.loads(payload) | (values or {})


def test_an_old_payload_is_changed_only_where_it_is_recognized_after() -> None:
    assert json.loads(edited(old_laravel_payload(timeoutAt=BEFORE)))["timeoutAt"] is None
    behind = old_laravel_payload()[:-1] + f',"retryUntil":{BEFORE}}}'
    assert retry_edit(behind, AT) is None


def test_the_tries_are_read_from_a_payload_that_was_cut() -> None:
    payload = laravel_payload(maxTries=7)
    assert max_tries(payload) == max_tries(payload[:200]) == 7
    assert max_tries(laravel_payload(maxTries=None)) is None
    assert max_tries("nonsense") is None
