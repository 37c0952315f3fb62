"""The runbook note of an error group: written, shown, audited, undone, and kept by a merge."""

import pytest

from bot.app.dispatch import request_id
from bot.app.parsing import Request
from bot.app.responses import answer
from bot.app.setup import Setup
from bot.background.failures import index_once
from bot.commands.error import ErrorResult
from bot.commands.note import LONGEST, NoteResult
from bot.models.requests import Actor, Invocation, Source
from bot.store import tables
from bot.store.incidents.transitions import group_subject
from bot.views.buttons import read_value
from tests.kit.on_call import opened, records, text_of
from tests.kit.queues import TestQueue
from tests.kit.replicas import OMAR, OPS, SAM, TEAM, ask, codes, hold, make_setup

PAGE = "https://wiki.example.com/netsuite?page=2"


def two_groups(queue: TestQueue, setup: Setup) -> tuple[int, int]:
    """Index a failure of each of two error groups; return the ids of the groups."""
    index_once(setup, hold(setup))
    for exception in ("RuntimeException: one", "LogicException: two"):
        queue.fail(exception=exception)
        index_once(setup, hold(setup))
    one, two = (row.error_group for row in queue.rows(tables.failures))
    return one, two


def note_of(outcome: object) -> str | None:
    """Return the note in the details of an error group."""
    result = getattr(outcome, "result", None)
    assert isinstance(result, ErrorResult)
    return None if result.extra.note is None else result.extra.note.text


def test_a_note_is_written_shown_audited_and_undone(queue: TestQueue) -> None:
    setup = make_setup(queue)
    one, two = two_groups(queue, setup)
    incident = opened(setup, group_subject(one, "netsuite"))

    assert codes([ask(setup, f"error E{one} note=x", by=SAM)]) == ["denied"]
    assert codes([ask(setup, "error E999 note=x", by=OMAR)]) == ["error-group-not-found"]
    ask(setup, f'error E{one} note="call the desk"', by=OMAR)
    second = ask(setup, f'error E{one} note="see <{PAGE}|the page> first"', by=OMAR)

    assert f"<{PAGE}|" in text_of(setup, second)
    assert note_of(ask(setup, f"error E{one}")) == f"see {PAGE} first"
    (row,) = [row for row in queue.rows(tables.incidents) if row.id == incident]
    assert row.stale, "the alert is drawn again"
    assert isinstance(second.result, NoteResult)
    assert second.result.data.earlier == "call the desk"
    asked = Invocation(Actor(OMAR, TEAM, Source.SLASH), request_id("x"), 0.0, OPS)
    (button,) = answer(setup, asked, second).blocks[-1]["elements"]
    _, values = read_value(button["value"])

    ask(setup, Request("note", values), by=OMAR)
    assert note_of(ask(setup, f"error E{one}")) == "call the desk"
    ask(setup, f"note E{one} note=no", by=OMAR)
    assert note_of(ask(setup, f"error E{one}")) is None
    texts = [
        (args["note"], args.get("earlier"))
        for _, outcome, args in records(queue)
        if outcome == "ok"
    ]
    assert texts == [
        ("call the desk", None),
        (f"see {PAGE} first", "call the desk"),
        ("call the desk", f"see {PAGE} first"),
        ("no", "call the desk"),
    ]
    assert note_of(ask(setup, f"error E{two}")) is None


def test_a_group_shows_the_note_of_the_groups_that_are_merged_into_it(queue: TestQueue) -> None:
    setup = make_setup(queue)
    one, two = two_groups(queue, setup)
    ask(setup, f"note E{one} note=part", by=OMAR)
    ask(setup, Request("merge", {"error": f"E{one}", "into": f"E{two}", "confirmed": 1}))
    assert note_of(ask(setup, f"error E{two}")) == "part"
    ask(setup, f"note E{one} note=whole", by=OMAR)
    assert note_of(ask(setup, f"error E{two}")) == "whole"
    ask(setup, f"merge E{one} into=no")
    assert note_of(ask(setup, f"error E{one}")) == "part"


@pytest.mark.parametrize("note", ['" "', "x" * (LONGEST + 1)])
def test_a_note_has_one_to_300_characters(queue: TestQueue, note: str) -> None:
    setup = make_setup(queue)
    assert codes([ask(setup, f"note E1 note={note}", by=OMAR)]) == ["invalid"]
