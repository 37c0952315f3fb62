"""Bulk changes by filter or list of ids: their scope, rate, canary and needed role."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import insert

from bot.app.responses import Outcome, answer
from bot.app.setup import Setup
from bot.models.operations import OPERATOR_ROWS
from bot.models.requests import Actor, Invocation, Message, Source
from bot.store import tables
from bot.terminal.do import TerminalRequest, do
from bot.text import readable
from tests.kit.bulk import Bench, make_bench, previewed, run_out
from tests.kit.bulk_in_slack import OTHER
from tests.kit.invariants import broken
from tests.kit.posting import watch
from tests.kit.queues import TestQueue, make_queue, payload
from tests.kit.replicas import ANA, OMAR, OPS, TEAM, ask, codes, confirm, hold, make_setup
from tests.kit.two_queues import NEW, fill


@pytest.fixture
def bench(queue: TestQueue) -> Bench:
    made = make_bench(queue)
    fill(queue)
    watch(made.setup, hold(made.setup))
    return made


@pytest.fixture
def sqlite_bench(sqlite_url: str) -> Iterator[Bench]:
    """The bench on SQLite only, for tests in which the database makes no difference."""
    queue = make_queue(sqlite_url)
    made = make_bench(queue)
    fill(queue)
    watch(made.setup, hold(made.setup))
    yield made
    queue.engine.dispose()


def text_of(setup: Setup, outcome: Outcome) -> str:
    """Return the answer's text without markup; of a dialog, the text of all its blocks."""
    invocation = Invocation(Actor(ANA, TEAM, Source.SLASH), "x", 0.0, OPS)
    rendered = answer(setup, invocation, outcome)
    if isinstance(rendered, Message):
        return readable(rendered.text)
    return "\n".join(str(block.get("text", {}).get("text", "")) for block in rendered.blocks)


SCOPES: dict[str, tuple[list[int], str]] = {
    "queue=mail": ([44, 45, 46], "in mail"),
    "order=2": ([42, 46], "of order 2"),
    "order=2 tienda=7": ([46], "of order 2 of shop"),
    "tienda=12097 queue=mail": ([44, 45], "in mail of shop"),
    "before=2025-11-07": ([41, 44], "that failed before"),
    "after=2025-11-07T18:00": ([42, 43, 45, 46], "or later"),
    "after=2025-11-01 before=2025-11-02 queue=netsuite": ([41], "until before"),
    "before=2h": ([41, 42, 43, 44, 45, 46], "that failed before"),
    "after=2h": ([], "No failed job matches"),
    "limit=2": ([41, 42], "(at most 2, the oldest first)"),
    "queue=mail limit=1": ([44], "in mail (at most 1"),
    "error=E{other}": ([43, 45], "with the error"),
    "error=e{other} queue=mail": ([45], "in mail with the error"),
    "error={other} limit=1": ([43], "at most 1"),
    "41-46 queue=mail": ([44, 45, 46], "3 of the ids are not included"),
    "41 43 45-46 order=2": ([46], "3 of the ids"),
    "30-60": ([41, 42, 43, 44, 45, 46], "25 of the ids"),
    "41,42,43-45 canary=1": ([41, 42, 43, 44, 45], "5 failed jobs"),
    "41 rate=60/min": ([41], "1 failed job"),
    "error=E9999": ([], "No failed job matches"),
    "order='2 OR 1=1'": ([], "No failed job matches"),
    "order=*": ([], "No failed job matches"),
}


@pytest.mark.parametrize("name", ["%", "MAIL"])
def test_a_name_similar_to_the_name_of_a_queue_selects_no_job(bench: Bench, name: str) -> None:
    outcome = ask(bench.setup, f"retry queue={name}")
    if outcome.refusal is None:
        # MariaDB compares the name of a queue without case.
        assert previewed(bench.setup, f"retry queue={name}").total == 3
    else:
        assert outcome.refusal.code == "queue-not-found"
    assert bench.queue.jobs == []


def test_a_preview_shows_the_jobs_that_its_filters_select(bench: Bench) -> None:
    groups = {row.failed_id: row.error_group for row in bench.queue.rows(tables.failures)}
    for words, (expected, sentence) in SCOPES.items():
        outcome = ask(bench.setup, f"retry {words.format(other=groups[45])}")
        assert outcome.result is not None, (words, outcome.refusal)
        preview = previewed(bench.setup, f"retry {words.format(other=groups[45])}")
        assert preview.total == len(expected), words
        newest = [one.failed_id for one in preview.samples]
        assert newest == sorted(expected, reverse=True)[:5], words
        assert sentence in text_of(bench.setup, outcome), words
    assert len(bench.queue.failed) == 6
    assert bench.queue.jobs == []


@pytest.mark.parametrize("words", ["error=E{other}", "30-60 queue=mail", "order=2 limit=1"])
def test_a_retry_moves_exactly_the_previewed_jobs(bench: Bench, words: str) -> None:
    groups = {row.failed_id: row.error_group for row in bench.queue.rows(tables.failures)}
    expected = {"error=E{other}": [43, 45], "30-60 queue=mail": [44, 45, 46]}.get(words, [42])
    plan = previewed(bench.setup, f"retry {words.format(other=groups[45])}").plan
    late = bench.queue.fail(47, order=2, queue="mail", exception=OTHER)
    watch(bench.setup, hold(bench.setup))
    assert codes([confirm(bench.setup, "retry", plan)]) == ["ok"]
    run_out(bench.runner(1))
    left = [id_ for id_ in (41, 42, 43, 44, 45, 46) if id_ not in expected]
    assert [row.id for row in bench.queue.failed] == [*left, late]
    assert broken(bench.queue) == []


def test_the_audit_log_has_the_confirmed_filters_and_the_history_finds_the_order(
    sqlite_bench: Bench,
) -> None:
    plan = previewed(sqlite_bench.setup, "retry order=2 before=2030-01-01 rate=60/min").plan
    confirm(sqlite_bench.setup, "retry", plan)
    (record,) = sqlite_bench.queue.rows(tables.audit)
    arguments = json.loads(record.arguments)
    assert (arguments["order"], arguments["total"], arguments["rate"]) == ("2", 2, 60)
    assert arguments["before"].startswith("2030-01-01")
    text = text_of(sqlite_bench.setup, ask(sqlite_bench.setup, "history order=2"))
    assert "of order 2 " in text, text


WRONG = {
    "retry before=tomorrow": "tomorrow is not a time like",
    "retry before=2025-11-07T17:45Z": "is not a time like",
    "retry before=9999-12-31": "9999-12-31 is not a time like",
    "retry after=0001-01-01": "is not a time like",
    "retry error=Ex": "Ex is not an error group like E12",
    "retry error=E1,E2": "is not an error group",
    "retry error=": "is not an error group",
    "retry order=": "order needs a value",
    "retry tienda=": "tienda needs a value",
    "retry limit=0": "limit must be at least 1, not 0",
    "retry limit=10000001": "limit can be at most 10000000",
    "retry limit=1e3": "limit must be a whole number",
    "retry 41 rate=fast": "fast is not a rate like 60/min",
    "retry 41 rate=1/h": "is not a rate",
    "retry 41 canary=21": "canary can be at most 20, not 21",
    "retry 41 canary=-1": "canary must be at least 0, not -1",
    "retry rate=60": "Name what to retry",
    "retry canary=3": "Name what to retry",
    "retry error=E1 error=E2": "error is given twice",
    "retry 41 archive=no": "There is no argument archive",
    "retry-all error=E1": "There is no argument error",
    "clear-failed archive=maybe": "archive must be yes or no, not maybe",
    "clear-failed rate=3": "There is no argument rate",
    "clear-failed 41 42": "41 is one word too many",
}


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati"])
def test_an_invalid_filter_is_refused_with_a_sentence(kept_queue: TestQueue, zone: str) -> None:
    kept_queue.fail(41)
    setup = make_setup(kept_queue)
    clock = replace(setup, zone=type(setup.zone)(zone))
    setup = replace(clock, queue=replace(setup.queue, zone=clock.zone))
    for words, sentence in WRONG.items():
        outcome = ask(setup, words)
        assert codes([outcome]) == ["invalid"], words
        assert sentence in text_of(setup, outcome).replace("`", ""), words
        spanish = replace(setup, language="es")
        assert sentence not in text_of(spanish, outcome), words
    assert len(kept_queue.failed) == 1
    for words in ("retry before=9998-12-31", "retry after=1970-01-01", "retry before=99999w"):
        assert text_of(setup, ask(setup, words)), words


# ---- roles


def many(queue: TestQueue, rows: int) -> None:
    """Add this number of equal failures."""
    row = {"queue": "netsuite", "payload": payload(), "exception": OTHER, "failed_at": NEW}
    with queue.engine.begin() as connection:
        connection.execute(insert(queue.queue.failed), [row] * rows)


def test_an_operator_above_the_row_limit_is_refused_with_alternatives(
    kept_queue: TestQueue,
) -> None:
    bench = make_bench(kept_queue)
    many(bench.queue, OPERATOR_ROWS + 1)
    refused = ask(bench.setup, "retry queue=netsuite", by=OMAR)
    assert codes([refused]) == ["denied"]
    text = text_of(bench.setup, refused)
    assert (
        "these are 501 failed jobs. To retry more than 500 at once, you need the role admin" in text
    )
    assert "limit=500" in text
    assert "501 jobs fallidos" in text_of(replace(bench.setup, language="es"), refused)
    preview = previewed(bench.setup, "retry queue=netsuite limit=500", by=OMAR)
    assert preview.total == OPERATOR_ROWS
    assert bench.queue.rows(tables.operations)[0].id == preview.plan, (
        "the refused preview stored no plan"
    )
    assert codes([ask(bench.setup, "retry-all", by=OMAR)]) == ["denied"]
    assert codes([ask(bench.setup, "clear-failed queue=netsuite limit=1", by=OMAR)]) == ["denied"]
    assert codes([confirm(bench.setup, "retry", preview.plan, by=OMAR)]) == ["ok"]
    run_out(bench.runner(1_000))
    assert (len(bench.queue.failed), len(bench.queue.jobs)) == (1, OPERATOR_ROWS)


def test_a_role_lost_after_the_preview_stops_the_confirmation_and_the_operation(
    kept_queue: TestQueue,
) -> None:
    bench = make_bench(kept_queue)
    many(bench.queue, OPERATOR_ROWS + 1)
    fewer = replace(bench.setup, rules=replace(bench.setup.rules, admins=(), operators=(ANA,)))
    plan = previewed(bench.setup, "retry queue=netsuite").plan
    refused = confirm(fewer, "retry", plan)
    assert codes([refused]) == ["denied"]
    assert "more than 500" in text_of(bench.setup, refused)
    assert len(bench.queue.failed) == OPERATOR_ROWS + 1
    assert codes([confirm(bench.setup, "retry", plan)]) == ["ok"]
    run_out(bench.runner(200, fewer))
    assert (bench.operation(plan).state, bench.operation(plan).reason) == ("stopped", "denied")
    assert len(bench.queue.failed) == OPERATOR_ROWS + 1


def test_a_bulk_change_must_name_a_queue_if_only_some_queues_may_be_changed(
    sqlite_bench: Bench,
) -> None:
    some = replace(
        sqlite_bench.setup, rules=replace(sqlite_bench.setup.rules, allowed_queues=("mail",))
    )
    refused = ask(some, "retry order=2")
    assert codes([refused]) == ["wrong-queue"]
    assert "please name one queue with queue=" in text_of(some, refused)
    assert "queue=" in text_of(replace(some, language="es"), refused)
    assert previewed(some, "retry order=2 queue=mail").total == 1


# ---- one operation per queue, two queues in parallel, change freeze


def test_bulk_changes_of_one_queue_exclude_each_other_and_two_queues_run_concurrently(
    bench: Bench,
) -> None:
    plans = [previewed(bench.setup, f"retry queue={name}").plan for name in ("mail", "netsuite")]
    again = previewed(bench.setup, "clear-failed queue=mail")
    every = previewed(bench.setup, "retry order=2")
    assert codes(confirm(bench.setup, "retry", plan) for plan in plans) == ["ok", "ok"]
    refused = confirm(bench.setup, "clear-failed", again.plan, typed=again.total)
    assert codes([refused]) == ["operation-running"]
    assert "is already running retry on the same queue" in text_of(bench.setup, refused)
    assert "ya está ejecutando" in text_of(replace(bench.setup, language="es"), refused)
    assert codes([confirm(bench.setup, "retry", every.plan)]) == ["operation-running"]
    run_out(bench.runner(1))
    assert [row.done for row in bench.queue.rows(tables.operations) if row.state == "done"] == [
        3,
        3,
    ]
    assert broken(bench.queue) == []


def test_a_preview_during_a_freeze_says_that_it_cannot_be_confirmed(sqlite_bench: Bench) -> None:
    ask(sqlite_bench.setup, "freeze")
    for words in ("retry order=2", "retry 30-60", "clear-failed queue=mail"):
        outcome = ask(sqlite_bench.setup, words)
        assert codes([outcome]) == ["ok"], words
        assert "only after an unfreeze" in text_of(sqlite_bench.setup, outcome), words
    plan = previewed(sqlite_bench.setup, "retry order=2").plan
    assert codes([confirm(sqlite_bench.setup, "retry", plan)]) == ["frozen"]
    assert codes([ask(sqlite_bench.setup, "retry 41")]) == ["frozen"]
    ask(sqlite_bench.setup, "unfreeze")
    assert codes([confirm(sqlite_bench.setup, "retry", plan)]) == ["ok"]


# ---- without copies


def test_a_clear_without_archive_copies_is_announced_and_cannot_be_undone(bench: Bench) -> None:
    preview = previewed(bench.setup, "clear-failed older=30d archive=no queue=mail")
    assert preview.total == 3
    outcome = ask(bench.setup, "clear-failed archive=no")
    assert "No copies are kept" in text_of(bench.setup, outcome)
    assert "No se guardan copias" in text_of(replace(bench.setup, language="es"), outcome)
    confirm(bench.setup, "clear-failed", preview.plan, typed=3)
    run_out(bench.runner(2))
    assert bench.queue.rows(tables.archive) == []
    assert len(bench.queue.failed) == 3
    records = [json.loads(row.arguments) for row in bench.queue.rows(tables.audit)]
    assert [record["archive"] for record in records] == ["no", "no"]
    refused = ask(bench.setup, f"undo {preview.plan}")
    assert codes([refused]) == ["not-undoable"]
    assert "the bot kept no copy" in text_of(bench.setup, refused)
    assert broken(bench.queue) == []


# ---- the terminal


@pytest.mark.parametrize("words", ["retry error=E{group}", "retry 30-60", "retry 41 42 rate=60"])
def test_a_terminal_retries_by_filter(sqlite_bench: Bench, words: str) -> None:
    group = sqlite_bench.queue.rows(tables.failures)[0].error_group
    words = words.format(group=group)
    lines: list[str] = []
    setup = replace(sqlite_bench.setup, replica="terminal")
    assert (
        do(
            setup,
            TerminalRequest(words, "ana", yes=True, as_json=True),
            lines.append,
            lambda _: None,
        )
        == 0
    )
    (printed,) = lines
    answered = json.loads(printed)
    moved = len(sqlite_bench.queue.jobs)
    assert moved == {"retry 30-60": 6, "retry 41 42 rate=60": 2}.get(words, 4)
    assert (answered["success"], answered["message"]) == (True, f"Retried {moved} failed jobs")
    assert answered["data"] == {"retried_count": moved}
    progress = answered["extra"]["progress"]
    assert (progress["state"], progress["done"], progress["skipped"]) == ("done", moved, 0)
    assert answered["extra"]["preview"] is None


def test_a_terminal_shows_the_preview_before_the_confirmation(sqlite_bench: Bench) -> None:
    lines: list[str] = []
    setup = replace(sqlite_bench.setup, replica="terminal")
    asked = TerminalRequest("retry queue=mail rate=60 canary=1", "ana")
    assert do(setup, asked, lines.append, lambda _: None) == 1
    assert "3 failed jobs" in lines[0]
    assert "At most 60 jobs a minute" in lines[0]
    assert "1 job of the largest of 2 errors is retried first" in lines[0]
    assert "Nothing was changed" in lines[1]
    assert len(sqlite_bench.queue.failed) == 6


# ---- through Slack
