"""Bulk changes by filter or list of ids: their scope, rate, canary and needed role."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

import pytest
from sqlalchemy import delete, insert

from bot.app.command import Setup
from bot.app.responses import Outcome, answer
from bot.models.operations import OPERATOR_ROWS
from bot.models.requests import Actor, Invocation, Message, Source
from bot.store import tables
from bot.terminal.do import TerminalRequest, do
from bot.text import readable
from tests.kit.bulk import Bench, make_bench, previewed, run_out
from tests.kit.bulk_in_slack import OTHER, ended, shown
from tests.kit.invariants import broken
from tests.kit.posting import watch
from tests.kit.queues import TestQueue, make_queue, payload
from tests.kit.replicas import ANA, OMAR, OPS, TEAM, ask, codes, confirm, hold, make_setup
from tests.kit.team import Answer, Json, Team, action_ids

OLD, NEW = datetime(2025, 11, 1, 8), datetime(2025, 11, 7, 18)  # noqa: DTZ001 wall clock


def fill(queue: TestQueue) -> None:
    """Add six failures: two queues, causes, days and shops; two of them have order 2."""
    queue.fail(41, order=1, failed_at=OLD)
    queue.fail(42, order=2, failed_at=NEW)
    queue.fail(43, order=3, failed_at=NEW, exception=OTHER)
    queue.fail(44, order=4, failed_at=OLD, queue="mail")
    queue.fail(45, order=5, failed_at=NEW, queue="mail", exception=OTHER)
    queue.fail(46, body=payload(2, tienda=7), failed_at=NEW, queue="mail")


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


def choose(team: Team, view: Json, *, as_: str = "admin", **fields: str) -> Answer:
    """Submit a dialog with these values in its fields."""
    values = {name: {name: value} for name, value in fields.items()}
    return Answer(team.slack.submit(as_, view["id"], values, wait=0))


def selects(view: Json) -> dict[str, tuple[str, Sequence[str]]]:
    """Return each select of a dialog: its initial value and its options."""
    by_block: dict[str, tuple[str, Sequence[str]]] = {}
    for block in view["blocks"]:
        element = block.get("element", {})
        if element.get("type") == "static_select":
            values = [option["value"] for option in element["options"]]
            by_block[block["block_id"]] = (element["initial_option"]["value"], values)
    return by_block


def test_rate_and_canary_can_be_set_in_the_dialog(team_on_each: Team) -> None:
    team = team_on_each
    fill(team.queue)
    view = team.say("retry queue=mail rate=7 canary=2").view
    assert selects(view) == {
        "rate": ("7", ["0", "7", "10", "60", "300", "600"]),
        "canary": ("2", ["0", "1", "2"]),
    }
    response = choose(team, view, as_="operator", rate="60", canary="0")
    assert response.response["views"] == []
    done = ended(team)
    assert (done.rate, done.canary, done.done) == (60, None, 3)
    begin = sorted(row.available_at for row in team.queue.jobs)
    assert [at - begin[0] for at in begin] == [0, 1, 2]
    texts = team.channel_texts("queue-ops")
    team.until(lambda: any("Retried 3" in text for text in team.channel_texts("queue-ops")))
    assert len(texts) == 1


def test_cancel_during_the_canary_leaves_the_other_jobs_and_reports_it(team: Team) -> None:
    fill(team.queue)
    view = team.say("retry queue=mail canary=1", as_="admin").view
    choose(team, view, canary="1")
    message = team.until(
        lambda: next((m for m in team.posted("queue-ops") if "🐤" in m["text"]), None)
    )
    assert "The remaining jobs wait for the result of the first job" in message["text"]
    answer_ = team.click(message, "run:cancel", as_="admin")
    assert "Failed jobs changed so far: 1 of 3. These changes stay" in answer_.text
    done = ended(team)
    assert (done.state, done.done) == ("cancelled", 1)
    assert len(team.queue.failed) == 5
    team.until(lambda: "Cancelled" in team.now(message)["text"])
    now = team.now(message)
    assert "Failed jobs retried: 1 of 3. The remaining jobs were not changed" in now["text"]
    assert "run:cancel" not in action_ids(now)


def test_a_preview_of_a_retry_counts_duplicates(team: Team) -> None:
    team.queue.fail(41, order=1)
    team.queue.fail(42, order=1)
    team.queue.push(7, order=1)
    text = shown(team.say("retry order=1").view)
    assert "The orders of 2 of these failed jobs already have a job in the queue: 1" in text
    assert "2 of these jobs have the same payload as another of these jobs" in text


def test_an_operation_whose_rows_were_all_removed_reports_that_it_changed_nothing(
    team: Team,
) -> None:
    fill(team.queue)
    view = team.say("retry queue=mail", as_="admin").view
    with team.queue.engine.begin() as connection:
        failed = team.queue.queue.failed
        connection.execute(delete(failed).where(failed.c.queue == "mail"))
    team.submit(view)
    done = ended(team)
    assert (done.state, done.done, done.skipped) == ("done", 0, 3)
    message = team.until(
        lambda: next((m for m in team.posted("queue-ops") if "skipped" in m["text"]), None)
    )
    assert (
        "3 failed jobs were skipped: somebody had already removed or changed them"
        in message["text"]
    )
    assert "✅" not in message["text"]
    assert "run:undo" not in action_ids(message)
    assert team.queue.jobs == []
