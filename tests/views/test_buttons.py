"""Buttons run only what their reader may run, and only values that the bot wrote."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.app.subjects import commands_of
from bot.models.requests import Message
from bot.models.roles import Role
from bot.models.subjects import JobSubject
from bot.queue.layouts import Queue, spec_tables
from bot.text import LANGUAGES, texts_for
from bot.views.buttons import UnreadableValue, menu, page_button, read_value, run_button
from bot.views.reports.home import REFRESH
from tests.kit.cases import check_each
from tests.views.drawing import elements_in
from tests.views.samples import Sample, samples
from tests.views.words import DIGEST, LIMA, RUNNABLE, Words

SUBJECTS = tuple(JobSubject(name, (name,)) for name in ("user", "invoice", "batch"))
COMMANDS = commands_of(Queue(*spec_tables(), subjects=SUBJECTS))
FOR_EVERYBODY = (
    "approval",
    "audit-",
    "alert-",
    "summary-",
    "retry-all-",
    "clear-failed-",
    "outcome",
    "undo-",
    "digest",
)
"""Messages that a whole channel sees; the bot checks the role when a button is clicked."""


def carried(element: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each command that an element runs, with its arguments."""
    if element["type"] == "overflow":
        assert element["action_id"] == "run:menu"
        for option in element["options"]:
            command, args = read_value(option["value"])
            assert command is not None
            yield command, args
        return
    if element["action_id"] == REFRESH:
        assert "value" not in element
        return
    kind, _, named = element["action_id"].partition(":")
    assert kind in ("run", "page")
    command, args = read_value(element["value"])
    assert command is None
    yield named, args


@pytest.mark.parametrize("language", LANGUAGES)
def test_buttons_with_the_same_text_have_different_accessibility_labels(language: str) -> None:
    def check(sample: Sample) -> None:
        for role in Role:
            buttons = [
                element
                for element in elements_in(sample.shown(language, role))
                if element["type"] == "button"
            ]
            labels: dict[str, dict[str, str]] = {}
            for button in buttons:
                # Two buttons with the same effect may have the same label.
                identity = f"{button['action_id']} {button.get('value')}"
                by_button = labels.setdefault(button["text"]["text"], {})
                by_button[identity] = button.get("accessibility_label", "")
            for by_button in labels.values():
                spoken = list(by_button.values())
                assert len(spoken) == 1 or (all(spoken) and len({*spoken}) == len(spoken)), labels

    check_each(((sample.name, sample) for sample in samples()), check)


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_accessibility_label_begins_with_the_text_on_the_button(language: str) -> None:
    """The label starts with the text on the button, which a person says to a voice control."""

    def check(sample: Sample) -> None:
        for element in elements_in(sample.shown(language, Role.ADMIN)):
            if label := element.get("accessibility_label"):
                assert label.startswith(element["text"]["text"].rstrip("…"))
                assert label != element["text"]["text"]
                assert len(label) <= 75

    words = Words.all_alike("x" * 10_000)
    check_each(((sample.name, sample) for sample in [*samples(), *samples(words)]), check)


@pytest.mark.parametrize("role", list(Role), ids=lambda role: role.word)
def test_a_button_runs_a_command_that_accepts_its_arguments(role: Role) -> None:
    def check(sample: Sample) -> None:
        shown = sample.shown("en", role)
        for element in elements_in(shown):
            for command, args in carried(element):
                if not sample.name.startswith(FOR_EVERYBODY):
                    assert command in RUNNABLE[role]
                COMMANDS[command].arguments.model_validate(args)
                if COMMANDS[command].fresh and COMMANDS[command].action is not None:
                    assert "confirm" in element

    check_each(((sample.name, sample) for sample in samples()), check)


def test_the_buttons_of_a_row_have_the_digest_of_the_shown_row() -> None:
    shown = next(s for s in samples() if s.name == "failed").shown("en", Role.ADMIN)
    changes = [
        args
        for element in elements_in(shown)
        for command, args in carried(element)
        if command in ("retry", "delete-failed")
    ]
    assert changes == [{"ids": [id_], "digest": DIGEST} for id_ in (46, 46, 45, 45)]


def test_the_next_page_begins_after_the_last_shown_row() -> None:
    shown = next(s for s in samples() if s.name == "failed-paged").shown("en", Role.VIEWER)
    pages = [
        args
        for element in elements_in(shown)
        if element["action_id"] == "page:failed"
        for _, args in carried(element)
    ]
    assert pages == [{"queue": "netsuite", "after": 51}]


@pytest.mark.parametrize(
    ("name", "page"),
    [
        ("failed-200", {"limit": 200, "queue": "netsuite", "after": 10**18 - 199}),
        ("history-50", {"order": "803193", "limit": 50, "before": 51}),
    ],
)
def test_the_next_page_keeps_a_typed_limit(name: str, page: dict[str, object]) -> None:
    shown = next(s for s in samples() if s.name == name).shown("en", Role.ADMIN)
    assert isinstance(shown, Message)
    *others, last = (shown, *shown.more)
    pages = [
        element["action_id"].startswith("page:")
        for part in others
        for element in elements_in(list(part.blocks))
    ]
    assert not any(pages)
    pages = [e for e in elements_in(list(last.blocks)) if e["action_id"].startswith("page:")]
    assert [args for e in pages for _, args in carried(e)] == [page]


@pytest.mark.parametrize("name", ["failed", "jobs"])
def test_the_last_page_has_no_next_page(name: str) -> None:
    shown = next(s for s in samples() if s.name == name).shown("en", Role.ADMIN)
    assert not any(e["action_id"].startswith("page:") for e in elements_in(shown))


@pytest.mark.parametrize("state", ["done", "cancelled", "stopped", "cancelling"])
def test_only_a_running_operation_can_be_cancelled(state: str) -> None:
    by_name = {sample.name: sample for sample in samples()}
    running = by_name["retry-all-running"].shown("en", Role.NONE)
    ended = by_name[f"retry-all-{state}"].shown("en", Role.ADMIN)
    assert [list(carried(e)) for e in elements_in(running)] == [[("cancel", {"id": 7})]]
    assert not list(elements_in(ended))


@pytest.mark.parametrize("state", ["retried", "deleted", "gone"])
def test_an_alert_whose_failures_are_all_removed_has_no_buttons(state: str) -> None:
    by_name = {sample.name: sample for sample in samples()}
    shown = by_name[f"alert-{state}"].shown("en", Role.ADMIN)
    assert isinstance(shown, Message)
    assert not list(elements_in(shown))


def test_a_button_value_is_read_unchanged() -> None:
    texts = texts_for("en", "en", LIMA)
    button = run_button("retry", "Retry", {"ids": [45], "digest": DIGEST}, texts)
    assert button["action_id"] == "run:retry"
    assert read_value(button["value"]) == (None, {"ids": [45], "digest": DIGEST})
    page = page_button("jobs", "Next", {"queue": "<a & b>", "after": 9}, texts)
    assert read_value(page["value"]) == (None, {"queue": "<a & b>", "after": 9})
    option = menu([("delete", "Delete", {"ids": [1]})])["options"][0]
    assert read_value(option["value"]) == ("delete", {"ids": [1]})


def test_a_menu_value_has_room_for_the_largest_id() -> None:
    made = menu([("delete-failed", "Delete", {"ids": [2**64 - 1], "digest": DIGEST})])
    assert len(made["options"][0]["value"]) <= 150


def test_a_value_that_slack_would_refuse_is_not_written() -> None:
    with pytest.raises(ValueError, match="2000"):
        run_button("jobs", "Jobs", {"queue": "x" * 2_000}, texts_for("en", "en", LIMA))
    with pytest.raises(ValueError, match="150"):
        menu([("delete", "Delete", {"ids": list(range(60))})])


MALFORMED = {
    "nothing": "",
    "no text": None,
    "a number": 45,
    "not JSON": "retry 45",
    "half": '{"v":1,',
    "a list": '[{"v":1}]',
    "a text": '"v"',
    "null": "null",
    "no version": '{"ids":[45]}',
    "version as text": '{"v":"1","ids":[45]}',
    "version as truth": '{"v":true,"ids":[45]}',
    "version as fraction": '{"v":1.0,"ids":[45]}',
    "an object inside": '{"v":1,"ids":{"a":1}}',
    "texts in ids": '{"v":1,"ids":["45"]}',
    "lists in ids": '{"v":1,"ids":[[45]]}',
    "truth in ids": '{"v":1,"ids":[true]}',
    "a fraction": '{"v":1,"id":4.5}',
    "truth": '{"v":1,"id":true}',
    "null inside": '{"v":1,"id":null}',
    "no number": '{"v":1,"id":NaN}',
    "infinity": '{"v":1,"id":-Infinity}',
    "twice": '{"v":1,"ids":[45],"ids":[46]}',
    "a version twice": '{"v":2,"v":1}',
    "a command as number": '{"v":1,"c":7}',
    "a command with a space": '{"v":1,"c":"retry 45"}',
    "a command with a slash": '{"v":1,"c":"../retry"}',
    "an empty command": '{"v":1,"c":""}',
    "deep": "[" * 1_999,
    "too long": '{"v":1,"queue":"' + "x" * 2_000 + '"}',
    "too many": json.dumps({"v": 1, **{f"a{n}": n for n in range(13)}}),
    "many digits": '{"v":1,"id":' + "9" * 5_000 + "}",
}


@pytest.mark.parametrize("value", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_value_that_the_bot_did_not_write_is_refused(value: object) -> None:
    with pytest.raises(UnreadableValue) as refused:
        read_value(value)
    assert refused.value.version is None


def test_the_refusal_of_a_button_of_another_version_names_the_version() -> None:
    with pytest.raises(UnreadableValue) as refused:
        read_value('{"v":2,"ids":[45]}')
    assert refused.value.version == 2


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.sampled_from("vc"), inner),
)


@given(JSON)
@settings(deadline=None)
def test_any_json_is_read_or_refused(value: object) -> None:
    try:
        command, args = read_value(json.dumps(value))
    except UnreadableValue:
        return
    assert command is None or command.replace("-", "").isalpha()
    assert all(type(v) in (str, int, list) for v in args.values())


@given(st.text())
@settings(deadline=None)
def test_any_text_is_read_or_refused(text: str) -> None:
    with pytest.raises(UnreadableValue):
        read_value("[" + text)
