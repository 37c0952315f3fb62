"""Outcomes of retried jobs, in the message about the retry and in its thread."""

from collections import Counter
from collections.abc import Mapping, Sequence

from bot.models.operations import Outcomes, Receipt
from bot.models.requests import Message, Person
from bot.text import Mrkdwn, code, cut, join
from bot.views.blocks import context_line, message, section, sections
from bot.views.context import Context
from bot.views.names import age, dots, job_class, order, queue_name, row_id
from bot.views.operations.undo import undo_blocks
from bot.views.rows import ERROR, ROW

SHOWN = (
    "processed",
    "failed-again",
    "failed-otherwise",
    "waiting",
    "no-longer-queued",
    "stopped-following",
)
"""Every state, in the order of their counts in messages."""

_GOOD = {"processed"}


def request_message(receipts: Sequence[Receipt], actor: str, ctx: Context) -> Message:
    """Return the channel's message: the retried jobs, who retried them, and each outcome."""
    by = Person(actor)
    waits = any(receipt.state == "waiting" for receipt in receipts)
    undo = undo_blocks(ctx) if waits else []
    if len(receipts) == 1:
        (only,) = receipts
        lead = ctx.texts("retried-one-by", id=str(only.failed_id), job=str(only.job_id), by=by)
        lines = [lead, _facts(only, ctx)]
        outcome = outcome_line(only, ctx)
        blocks = [*sections(lines), *([section(outcome)] if outcome else []), *undo]
        return message([*lines, *([outcome] if outcome else [])], blocks)
    lead = ctx.texts("retried-many-by", count=len(receipts), by=by)
    rows = [_row(receipt, ctx) for receipt in receipts]
    counts = _counts(receipts, ctx)
    return message([lead, counts, *rows], [*sections([lead, counts]), *sections(rows), *undo])


def reply_message(receipts: Sequence[Receipt], actor: str, ctx: Context) -> Message:
    """Return the thread reply; it mentions the person unless all jobs succeeded."""
    call = [] if all(receipt.state in _GOOD for receipt in receipts) else [_call(actor, ctx)]
    if len(receipts) == 1:
        lines = [outcome_line(receipts[0], ctx)]
    else:
        odd = [_row(receipt, ctx) for receipt in receipts if receipt.state not in _GOOD]
        lines = [_counts(receipts, ctx), *odd]
    blocks = [*sections(lines), *(context_line(line) for line in call)]
    return message([*lines, *call], blocks)


def outcomes_message(outcomes: Outcomes, actor: str, ctx: Context) -> Message:
    """Return the thread reply for a bulk retry."""
    good = outcomes.state == "settled" and outcomes.processed == sum(_by_state(outcomes).values())
    lines = [*outcomes_lines(outcomes, ctx), *([] if good else [_call(actor, ctx)])]
    return message(lines, sections(lines))


def outcomes_lines(outcomes: Outcomes, ctx: Context) -> list[Mrkdwn]:
    """Return the outcomes of a bulk retry, or of its canary."""
    texts = ctx.texts
    counts = _counted(_by_state(outcomes), ctx)
    if outcomes.canary:
        ended = outcomes.state == "settled"
        lead = texts("canary-ended" if ended else "canary-waiting", count=outcomes.canary)
        error = [cut(code(outcomes.error, 2 * ERROR), ROW)] if outcomes.error else []
        return [join(" ", [lead, counts]), *error]
    waited = age(outcomes.seconds, texts)
    if outcomes.state == "settled":
        return [counts, texts("receipts-ended", age=waited)]
    if outcomes.state == "stopped":
        return [counts, texts("receipts-stopped", age=waited)]
    return [counts, texts("receipts-wait" if outcomes.waiting else "receipts-look", age=waited)]


def _by_state(outcomes: Outcomes) -> Mapping[str, int]:
    return {
        "processed": outcomes.processed,
        "failed-again": outcomes.failed_again,
        "failed-otherwise": outcomes.failed_otherwise,
        "waiting": outcomes.waiting,
        "no-longer-queued": outcomes.no_longer_queued,
    }


def outcome_line(receipt: Receipt, ctx: Context) -> Mrkdwn:
    """Return the outcome of one job as a sentence; empty while it has waited only briefly."""
    texts = ctx.texts
    waited = age(receipt.seconds, texts)
    match receipt.state:
        case "waiting" if not receipt.late:
            return Mrkdwn()
        case "waiting":
            return texts("receipt-late", id=_id(receipt, ctx), age=waited)
        case "processed":
            return texts("receipt-processed", id=_id(receipt, ctx), age=waited)
        case "stopped-following":
            return texts("receipt-stopped-following", id=_id(receipt, ctx), age=waited)
        case "no-longer-queued":
            return _no_longer(receipt, ctx)
    return _failed(receipt, waited, ctx)


def _failed(receipt: Receipt, waited: str, ctx: Context) -> Mrkdwn:
    values = {"queue": receipt.queue, "order_id": receipt.order_id}
    new = Mrkdwn() if receipt.again_id is None else row_id(receipt.again_id, ctx, values)
    if receipt.state == "failed-otherwise":
        key = "receipt-failed-otherwise"
    else:
        key = "receipt-failed-same" if receipt.same else "receipt-failed-again"
    sentence = ctx.texts(key, id=_id(receipt, ctx), age=waited, again=new)
    error = code(receipt.error, 2 * ERROR) if receipt.error else Mrkdwn()
    return cut(join("\n", [sentence, error] if error else [sentence]), ROW)


def _no_longer(receipt: Receipt, ctx: Context) -> Mrkdwn:
    texts, id_ = ctx.texts, _id(receipt, ctx)
    if receipt.how is None:
        return texts("receipt-no-longer-queued", id=id_)
    if receipt.how == "undo":
        return texts("receipt-taken-back", id=id_, by=Person(receipt.by or ""))
    if receipt.by is None:
        return texts("receipt-deleted", id=id_)
    return texts("receipt-deleted-by", id=id_, by=Person(receipt.by))


def _id(receipt: Receipt, ctx: Context) -> Mrkdwn:
    return row_id(receipt.job_id, ctx, {"queue": receipt.queue, "order_id": receipt.order_id})


def _facts(receipt: Receipt, ctx: Context) -> Mrkdwn:
    line = dots(
        job_class(receipt.job_class, ctx),
        order(receipt.order_id, ctx, queue=receipt.queue),
        queue_name(receipt.queue),
    )
    return cut(line, ROW // 2)


def _row(receipt: Receipt, ctx: Context) -> Mrkdwn:
    """Return one of several jobs on a line, with its outcome in a word or two."""
    named = ctx.texts("retried-row", id=str(receipt.failed_id), job=str(receipt.job_id))
    state = "late" if receipt.state == "waiting" and receipt.late else receipt.state
    word = ctx.texts(f"receipt-word-{state}")
    error = Mrkdwn()
    if receipt.state == "failed-otherwise" and receipt.error:
        error = code(receipt.error, ERROR // 2)
    return cut(dots(named, _facts(receipt, ctx), word, error), ROW // 2)


def _counts(receipts: Sequence[Receipt], ctx: Context) -> Mrkdwn:
    return _counted(Counter(receipt.state for receipt in receipts), ctx)


def _counted(counts: Mapping[str, int], ctx: Context) -> Mrkdwn:
    states = [state for state in SHOWN if counts.get(state)]
    return dots(*(ctx.texts(f"receipt-count-{state}", count=counts[state]) for state in states))


def _call(actor: str, ctx: Context) -> Mrkdwn:
    return ctx.texts("receipt-for", by=Person(actor))
