"""Bulk changes by filter or list of ids: their scope, rate, canary and needed role."""

import json
from dataclasses import replace

import pytest

from bot.store import tables
from bot.terminal.do import TerminalRequest, do
from tests.kit.bulk import Bench, previewed, run_out
from tests.kit.bulk_in_slack import OTHER
from tests.kit.invariants import broken
from tests.kit.posting import watch
from tests.kit.replicas import ask, codes, confirm, hold
from tests.kit.two_queues import text_of, two_queues_bench, two_queues_sqlite_bench

__all__ = ["two_queues_bench", "two_queues_sqlite_bench"]

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


# ---- roles


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
