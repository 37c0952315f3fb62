"""Alerts: a failed job, told once, and edited when somebody has dealt with it.

Everybody in the channel sees an alert, so it always has its buttons; who may use them is checked
at the click.
"""

from datetime import datetime
from typing import Literal

from bot.ledger.model import Receipt
from bot.model import Message, Moment, Person
from bot.queue.model import Value
from bot.text import Mrkdwn, code, cut, join
from bot.views.blocks import actions, context_line, message, section
from bot.views.buttons import run_button
from bot.views.context import Context
from bot.views.names import dots, job_class, order, queue_name, row_id, tienda
from bot.views.receipts import outcome_line
from bot.views.rows import ERROR, ROW, failed_elements

BUTTONS = frozenset({"retry", "failed-job", "delete-failed"})


class FailureCard(Value):
    """One failed job as its alert shows it; `error` is one short masked line, times naive UTC."""

    failed_id: int
    queue: str
    job_class: str | None
    order_id: int | str | None
    tienda_id: int | str | None
    error: str
    failed_at: datetime
    row_digest: str
    state: Literal["open", "retried", "deleted", "gone"] = "open"
    by: str | None = None
    at: datetime | None = None
    receipt: Receipt | None = None


def failure_message(card: FailureCard, ctx: Context) -> Message:
    """What failed, why and when; then, by whom it was retried or deleted, without buttons."""
    values = {"order_id": card.order_id, "tienda_id": card.tienda_id, "queue": card.queue}
    title = dots(
        ctx.texts(f"alert-{card.state}", id=row_id(card.failed_id, ctx, values)),
        job_class(card.job_class, ctx),
        order(
            card.order_id,
            ctx,
            tienda_id=card.tienda_id,
            queue=card.queue,
            job_id=card.failed_id,
        ),
    )
    error = cut(code(card.error, 2 * ERROR), ROW)
    facts = dots(
        queue_name(card.queue),
        tienda(card.tienda_id, ctx),
        ctx.texts("failed-at", at=Moment(card.failed_at)),
    )
    settled = _settled(card, ctx)
    lines = [cut(title, ROW), error, facts, *settled]
    blocks = [section(join("\n", lines[:2])), context_line(facts)]
    blocks += [section(line) for line in settled]
    if card.state == "open":
        elements = failed_elements(card.failed_id, card.row_digest, ctx, allowed=BUTTONS)
        blocks.append(actions(elements, f"failed:{card.failed_id}"))
    return message(lines, blocks)


def _settled(card: FailureCard, ctx: Context) -> list[Mrkdwn]:
    if card.state == "open":
        return []
    if card.state == "gone" or card.by is None or card.at is None:
        known = {"retried": "settled-retried", "deleted": "settled-deleted"}
        return [ctx.texts(known.get(card.state, "settled-gone"))]
    said = ctx.texts(f"settled-{card.state}-by", by=Person(card.by), at=Moment(card.at))
    outcome = Mrkdwn() if card.receipt is None else outcome_line(card.receipt, ctx)
    return [said, outcome] if outcome else [said]


def summary_message(
    count: int, left: int, since: datetime, until: datetime, ctx: Context
) -> Message:
    """The rest of a busy minute: how many more failed, and how many of them still are (UTC)."""
    lead = ctx.texts("summary-lead" if left else "summary-lead-settled", count=count)
    span = ctx.texts("summary-span", since=Moment(since), until=Moment(until))
    lines = [lead, _left(count, left, ctx), span]
    button = run_button("failed", ctx.texts.plain("button-failed"), {})
    blocks = [section(join("\n", lines[:2])), context_line(span), actions([button], "summary")]
    return message(lines, blocks)


def _left(count: int, left: int, ctx: Context) -> Mrkdwn:
    if left >= count:
        return Mrkdwn()
    return ctx.texts("summary-left", left=left) if left > 0 else ctx.texts("summary-all-settled")
