"""Samples of the audit channel and of the history."""

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

from bot.models.requests import Source
from bot.text import Mrkdwn
from bot.views.audit import records
from tests.views.rows import audit_line, denied_line
from tests.views.samples import Sample
from tests.views.words import Words


def samples(w: Words) -> Iterator[Sample]:
    done = audit_line(w, message_ts="1730997654.000100")
    terminal = audit_line(
        w, source="terminal", actor=w.terminal_name, detail=w.detail, channel=None
    )
    home = audit_line(w, source="home", channel=None)
    refused = [denied_line(w, seq=12 + n, hash=f"{n:064x}") for n in range(12)]
    target = done.targets[0]
    many = audit_line(w, targets=tuple(target.model_copy(update={"id": 45 + n}) for n in range(25)))
    posts = {
        "ok": ([done], w.url, False),
        "repeat": ([done], w.url, True),
        "terminal": ([terminal], None, False),
        "home": ([home], None, False),
        "many-targets": ([many], None, False),
        "denied": ([denied_line(w)], None, False),
        "denied-12-times": (refused, None, False),
    }
    for outcome in ("started", "done", "cancelled", "stopped", "failed", "no-op", "unknown"):
        line = denied_line(w, outcome=outcome, action="retry-all", reason=None)
        posts[outcome] = ([line], None, False)
    posts["refused"] = ([denied_line(w, outcome="refused", reason="changed")], None, False)
    for name, (lines, url, repeat) in posts.items():
        yield Sample(f"audit-{name}", partial(records.audit_message, lines, url, repeat))
    yield from _sentence_samples(w)
    yield Sample("audit-missing", partial(records.missing_message, [12, 13]))
    anchors = [(line.seq or 0, line.hash or "") for line in (done, terminal)]
    yield Sample("audit-untold", partial(records.undeliverable_message, anchors))
    history_lines = [done, terminal, home, denied_line(w), many]
    yield Sample(
        "history", partial(records.history_message, history_lines, Mrkdwn(), {}, more=False)
    )
    yield Sample("history-none", partial(records.history_message, [], Mrkdwn(), {}, more=False))
    full = [done.model_copy(update={"id": 100 - number}) for number in range(50)]
    asked: dict[str, str | int] = {"order": str(w.order)[:64], "limit": 50}
    yield Sample(
        "history-full", partial(records.history_message, full, Mrkdwn(), asked, more=False)
    )
    for records_of in (full, full * 4):
        all_of_it = partial(
            records.history_message, records_of, Mrkdwn(), asked, more=True, whole=True
        )
        yield Sample(f"history-{len(records_of)}", all_of_it)
    terminal_history = partial(records.history_message, history_lines, Mrkdwn(), {}, more=True)
    yield Sample("history-terminal", terminal_history, source=Source.TERMINAL)


def _sentence_samples(w: Words) -> Iterator[Sample]:
    """Yield audit records of operations and of changes without targets."""
    scope = {"plan": 2, "total": 182, "error": "E4", "queue": w.queue, "order": str(w.order)}
    options = {"canary": 3, "rate": 60, "before": "2025-11-07 10:00:00", "archive": "no"}
    ending = {"operation": 2, "total": 182, "done": 180, "skipped": 2, "items_digest": "a" * 64}
    arguments: dict[str, tuple[str, str, dict[str, Any]]] = {
        "confirmed": ("retry-all", "started", scope | options),
        "confirmed-delete": ("clear-failed", "started", {"plan": 3, "total": 1}),
        "confirmed-undo": ("undo", "started", {"plan": 3, "total": 5, "what": "2"}),
        "finished": ("retry-all", "done", ending),
        "cancelled-half": ("clear-failed", "cancelled", ending | {"done": 90, "skipped": 0}),
        "stopped-half": ("undo", "stopped", ending),
        "frozen": ("freeze", "ok", {"reason": w.word}),
        "unfrozen": ("unfreeze", "ok", {}),
        "acknowledged": ("acknowledge", "ok", {"id": "I12"}),
        "assigned": ("assign", "ok", {"id": "I12", "to": w.person}),
        "muted": ("mute", "ok", {"queue": w.queue, "for": "60m", "until": "x"}),
        "unmuted": ("unmute", "ok", {"error": "E4"}),
        "cancels": ("cancel", "ok", {"id": 2}),
        "other": ("discard", "ok", {"ids": [45, 46], "force": True}),
        "tried": ("retry", "refused", {"ids": [45], "digest": "a" * 32}),
    }
    for name, (action, outcome, values) in arguments.items():
        reason = "changed" if outcome in ("refused", "stopped") else None
        line = audit_line(
            w, action=action, outcome=outcome, reason=reason, targets=(),
            arguments=json.dumps(values),
        )  # fmt: skip
        yield Sample(f"audit-{name}", partial(records.audit_message, [line], None, False))  # noqa: FBT003 as delivery does
    whole = audit_line(w, rule=w.rule, request_id="c" * 64, version="1.2", replica=w.word)
    for source in (Source.SLASH, Source.BUTTON, Source.TERMINAL):
        yield Sample(f"record-{source}", partial(records.record_detail, whole), source=source)
