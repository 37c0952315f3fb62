"""Alerts about failures: one job, one error group, or the summary of a busy minute.

Everybody in the channel sees an alert. Therefore it always has its buttons, and a click checks
the person's role.
"""

from datetime import datetime
from typing import Literal

from pydantic import Field

from bot.models.requests import Block, Message, Moment, Person
from bot.models.retry_outcomes import RetryOutcome
from bot.models.value import Value
from bot.text import Mrkdwn, code, cut, join
from bot.views.blocks import actions, context_line, message, section
from bot.views.buttons import Argument, run_button
from bot.views.context import Context
from bot.views.incidents.alert_parts import (
    IncidentView,
    ending_line,
    incident_menu,
    known_since,
    notes,
    quiet_line,
    short_id,
)
from bot.views.names import dots, job_class, queue_name, row_id
from bot.views.operations.outcomes import outcome_line
from bot.views.rows import ERROR, ROW, first_line
from bot.views.subjects import main_subject, template_values, tienda, whose

SHOWN = 3
"""The number of failed jobs that the alert of an error group names."""


class FailedJobAlert(Value):
    """One failed job in an alert. `error` is one short masked line. Times are naive UTC."""

    failed_id: int
    queue: str
    job_class: str | None
    order_id: int | str | None
    tienda_id: int | str | None
    subjects: dict[str, int | str] = Field(default={})
    error: str
    failed_at: datetime
    row_digest: str
    state: Literal["open", "retried", "deleted", "gone"] = "open"
    by: str | None = None
    at: datetime | None = None
    outcome: RetryOutcome | None = None


class ErrorGroupAlert(Value):
    """An error group's failures: their number, the number of remaining jobs, and the newest jobs.

    `name` is the name of the error group. `queue` is None if the failures are from several queues.
    `first_at` and `last_at` are times of failures, not the times of their indexing.
    """

    error_group: int
    name: str
    queue: str | None
    count: int
    left: int
    retried: int
    deleted: int
    newest: tuple[FailedJobAlert, ...]
    first_at: datetime
    last_at: datetime
    by: str | None = None
    at: datetime | None = None


def failure_message(alert: FailedJobAlert, incident: IncidentView, ctx: Context) -> Message:
    """Return the failed job, its error and its time.

    After a retry or delete, the alert names the person and has no buttons.
    """
    title = dots(ctx.texts(f"alert-{alert.state}", id=_id(alert, ctx)), *_whose(alert, ctx))
    error = cut(code(first_line(alert.error), 2 * ERROR), ROW)
    facts = dots(
        queue_name(alert.queue),
        tienda(alert.tienda_id, ctx),
        ctx.texts("failed-at", at=Moment(alert.failed_at)),
        known_since(incident, alert.failed_at, ctx),
        short_id(incident),
    )
    settled = _settled(alert, ctx) if alert.state != "open" else quiet_line(incident, 1, ctx)
    lines = [cut(title, ROW), error, facts, *settled, *notes(incident, ctx)]
    blocks = [section(join("\n", lines[:2])), context_line(facts)]
    blocks += [section(line) for line in settled]
    blocks += [context_line(line) for line in notes(incident, ctx)]
    if alert.state == "open":
        blocks.append(actions(_elements(alert, incident, ctx), f"incident:{incident.id}"))
    return message(lines, blocks)


def _id(alert: FailedJobAlert, ctx: Context) -> Mrkdwn:
    values = template_values(
        alert.order_id, alert.subjects, tienda_id=alert.tienda_id, queue=alert.queue
    )
    return row_id(alert.failed_id, ctx, values)


def _whose(alert: FailedJobAlert, ctx: Context) -> list[Mrkdwn]:
    of_job = whose(
        alert.order_id,
        alert.subjects,
        ctx,
        tienda_id=alert.tienda_id,
        queue=alert.queue,
        job_id=alert.failed_id,
    )
    return [job_class(alert.job_class, ctx), of_job]


def _elements(alert: FailedJobAlert, incident: IncidentView, ctx: Context) -> list[Block]:
    """Return Retry and Details, and a menu with choices for the alert, the order, and Delete.

    A menu has a single confirmation for all of its choices. Therefore Delete opens the details,
    where the button Delete has its own confirmation.
    """
    texts = ctx.texts
    retry: dict[str, Argument] = {"ids": [alert.failed_id], "digest": alert.row_digest}
    arguments: dict[str, Argument] = {"id": alert.failed_id}
    return [
        run_button("retry", texts.plain("button-retry"), retry, texts, style="primary"),
        run_button("failed-job", texts.plain("button-details"), arguments, texts),
        incident_menu(
            incident,
            ctx,
            subject=main_subject(alert.order_id, alert.tienda_id, alert.subjects),
            more=("failed-job", "button-delete-look", arguments),
        ),
    ]


def _settled(alert: FailedJobAlert, ctx: Context) -> list[Mrkdwn]:
    if alert.state == "gone" or alert.by is None or alert.at is None:
        keys = {"retried": "settled-retried", "deleted": "settled-deleted"}
        return [ctx.texts(keys.get(alert.state, "settled-gone"))]
    sentence = ctx.texts(f"settled-{alert.state}-by", by=Person(alert.by), at=Moment(alert.at))
    outcome = Mrkdwn() if alert.outcome is None else outcome_line(alert.outcome, ctx)
    return [sentence, outcome] if outcome else [sentence]


def group_message(alert: ErrorGroupAlert, incident: IncidentView, ctx: Context) -> Message:
    """Return the number of failed jobs of a group, its newest failures, and their outcomes."""
    texts = ctx.texts
    queue = texts("incident-queues") if alert.queue is None else queue_name(alert.queue)
    title = dots(
        texts(_lead("incident-group", alert.left, incident), count=alert.count),
        texts("error-row", error=f"E{alert.error_group}"),
        queue,
    )
    error = cut(code(alert.name, 2 * ERROR), ROW)
    rows = [_row(failure, ctx) for failure in alert.newest[:SHOWN]]
    hidden = alert.left - len(rows)
    more = [texts("incident-more", count=hidden)] if rows and hidden > 0 else []
    progress = _progress(alert, incident, ctx)
    first, last = Moment(alert.first_at), Moment(alert.last_at)
    known = known_since(incident, alert.first_at, ctx)
    span = dots(texts("incident-span", first=first, last=last), known, short_id(incident))
    rows_text = join("\n", [*rows, *more])
    body = [*([rows_text] if rows_text else []), *progress]
    lines = [title, error, *body, *notes(incident, ctx), span]
    blocks = [section(join("\n", [title, error])), *(section(line) for line in body)]
    blocks += [context_line(line) for line in [*notes(incident, ctx), span]]
    if alert.left > 0:
        blocks.append(actions(_group_elements(alert, incident, ctx), f"incident:{incident.id}"))
    return message(lines, blocks)


def _lead(key: str, remaining: int, incident: IncidentView) -> str:
    """Return the key of the title, depending on the failed jobs left and on the resolution."""
    if remaining > 0:
        return f"{key}-quiet" if incident.resolution == "quiet" else f"{key}-open"
    return f"{key}-recovered" if incident.resolution == "recovered" else f"{key}-settling"


def _row(alert: FailedJobAlert, ctx: Context) -> Mrkdwn:
    at = ctx.texts("failed-at", at=Moment(alert.failed_at))
    named = ctx.texts("failed-row", id=_id(alert, ctx))
    return cut(join(" ", [Mrkdwn("•"), dots(named, *_whose(alert, ctx), at)]), ROW)


def _progress(alert: ErrorGroupAlert, incident: IncidentView, ctx: Context) -> list[Mrkdwn]:
    """Return the counts of retried, deleted, removed and remaining jobs, and the last person."""
    texts = ctx.texts
    gone = alert.count - alert.left
    otherwise = gone - alert.retried - alert.deleted
    parts = [
        texts(f"incident-{word}", count=count)
        for word, count in (
            ("retried", alert.retried), ("deleted", alert.deleted), ("otherwise", otherwise)
        )
        if count > 0
    ]  # fmt: skip
    lines = []
    if parts:
        if alert.by is not None and alert.at is not None:
            parts.append(texts("incident-by", by=Person(alert.by), at=Moment(alert.at)))
        parts.append(texts("incident-left", left=alert.left) if alert.left else Mrkdwn())
        lines.append(dots(*parts))
    if alert.left == 0 and incident.is_active:
        lines.append(texts("incident-waits"))
    if incident.ending is not None:
        lines.insert(0, ending_line(incident.ending, ctx))
    return [*lines, *quiet_line(incident, alert.left, ctx)]


def _group_elements(alert: ErrorGroupAlert, incident: IncidentView, ctx: Context) -> list[Block]:
    texts = ctx.texts
    arguments = {"error": alert.error_group}
    own = {"incident": incident.id}
    return [
        run_button("retry", texts.plain("button-retry-group"), own, texts, style="primary"),
        run_button("error", texts.plain("button-details"), arguments, texts),
        incident_menu(incident, ctx),
    ]


def summary_message(
    count: int, remaining: int, until: datetime, incident: IncidentView, ctx: Context
) -> Message:
    """Return the alert for the jobs of a busy minute (UTC) that have no alert of their own.

    It shows how many of these jobs failed, and how many are still in `failed_jobs`.
    """
    lead = ctx.texts("summary-lead" if remaining else "summary-lead-settled", count=count)
    span = ctx.texts("summary-span", since=Moment(incident.triggered_at), until=Moment(until))
    foot = dots(span, short_id(incident))
    extra = [*quiet_line(incident, remaining, ctx), *notes(incident, ctx)]
    lines = [lead, _remaining_line(count, remaining, ctx), *extra, foot]
    elements = [run_button("errors", ctx.texts.plain("button-errors"), {}, ctx.texts)]
    elements.append(run_button("failed", ctx.texts.plain("button-failed"), {}, ctx.texts))
    if remaining > 0:
        elements.append(incident_menu(incident, ctx))
    blocks = [section(join("\n", lines[:2])), *(context_line(line) for line in [*extra, foot])]
    return message(lines, [*blocks, actions(elements, f"incident:{incident.id}")])


def _remaining_line(count: int, remaining: int, ctx: Context) -> Mrkdwn:
    if remaining >= count:
        return Mrkdwn()
    return (
        ctx.texts("summary-left", left=remaining)
        if remaining > 0
        else ctx.texts("summary-all-settled")
    )
