"""Views of the outcomes of retried jobs, in the retry's message and in its thread."""

from collections import Counter
from collections.abc import Mapping, Sequence

from bot.models.requests import Block, Message, Person
from bot.models.retry_outcomes import Outcomes, RetryOutcome
from bot.text import Mrkdwn, code, cut, join
from bot.views.blocks import context_line, message, section, sections
from bot.views.context import Context
from bot.views.names import age, dots, job_class, queue_name, row_id
from bot.views.operations.undo import undo_blocks
from bot.views.rows import ERROR, ROW, first_line
from bot.views.subjects import template_values, whose

SHOWN = (
    "processed",
    "failed-again",
    "failed-otherwise",
    "waiting",
    "no-longer-queued",
    "stopped-following",
)
"""All states, in the order in which messages show their counts."""

_GOOD = {"processed"}


def request_message(outcomes: Sequence[RetryOutcome], actor: str, ctx: Context) -> Message:
    """Return the channel's message: the retried jobs, who retried them, and each outcome."""
    by = Person(actor)
    waiting = [outcome for outcome in outcomes if outcome.state == "waiting"]
    undo: list[Block] = []
    if waiting:
        too_late = all(outcome.started for outcome in waiting)
        undo = [context_line(ctx.texts("undo-too-late"))] if too_late else undo_blocks(ctx)
    if len(outcomes) == 1:
        (only,) = outcomes
        lead = ctx.texts("retried-one-by", id=str(only.failed_id), job=str(only.job_id), by=by)
        lines = [lead, _facts(only, ctx)]
        sentence = outcome_line(only, ctx)
        blocks = [*sections(lines), *([section(sentence)] if sentence else []), *undo]
        return message([*lines, *([sentence] if sentence else [])], blocks)
    lead = ctx.texts("retried-many-by", count=len(outcomes), by=by)
    rows = [_row(outcome, ctx) for outcome in outcomes]
    counts = _counts(outcomes, ctx)
    return message([lead, counts, *rows], [*sections([lead, counts]), *sections(rows), *undo])


def reply_message(outcomes: Sequence[RetryOutcome], actor: str, ctx: Context) -> Message:
    """Return the thread reply. It mentions the person unless all jobs succeeded."""
    call = [] if all(outcome.state in _GOOD for outcome in outcomes) else [_call(actor, ctx)]
    if len(outcomes) == 1:
        lines = [outcome_line(outcomes[0], ctx)]
    else:
        odd = [_row(outcome, ctx) for outcome in outcomes if outcome.state not in _GOOD]
        lines = [_counts(outcomes, ctx), *odd]
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
        key, errors = "canary-ended" if ended else "canary-waiting", max(1, outcomes.canary_errors)
        lead = texts(key, count=outcomes.canary, errors=errors)
        error = [cut(code(first_line(outcomes.error), 2 * ERROR), ROW)] if outcomes.error else []
        return [join(" ", [lead, counts]), *error]
    waited = age(outcomes.seconds, texts)
    if outcomes.state == "settled":
        return [counts, texts("retry-outcomes-ended", age=waited)]
    if outcomes.state == "stopped":
        return [counts, texts("retry-outcomes-stopped", age=waited)]
    return [
        counts,
        texts("retry-outcomes-wait" if outcomes.waiting else "retry-outcomes-look", age=waited),
    ]


def _by_state(outcomes: Outcomes) -> Mapping[str, int]:
    return {
        "processed": outcomes.processed,
        "failed-again": outcomes.failed_again,
        "failed-otherwise": outcomes.failed_otherwise,
        "waiting": outcomes.waiting,
        "no-longer-queued": outcomes.no_longer_queued,
    }


def outcome_line(outcome: RetryOutcome, ctx: Context) -> Mrkdwn:
    """Return the outcome of one job as a sentence, or no text if the job just started to wait."""
    texts = ctx.texts
    waited = age(outcome.seconds, texts)
    match outcome.state:
        case "waiting" if not outcome.late:
            return Mrkdwn()
        case "waiting":
            return texts("retry-outcome-late", id=_id(outcome, ctx), age=waited)
        case "processed":
            return texts("retry-outcome-processed", id=_id(outcome, ctx), age=waited)
        case "stopped-following":
            return texts("retry-outcome-stopped-following", id=_id(outcome, ctx), age=waited)
        case "no-longer-queued":
            return _no_longer(outcome, ctx)
    return _failed(outcome, waited, ctx)


def _failed(outcome: RetryOutcome, waited: str, ctx: Context) -> Mrkdwn:
    new = Mrkdwn() if outcome.again_id is None else _row_id(outcome.again_id, outcome, ctx)
    if outcome.state == "failed-otherwise":
        key = "retry-outcome-failed-otherwise"
    else:
        key = "retry-outcome-failed-same" if outcome.same else "retry-outcome-failed-again"
    sentence = ctx.texts(key, id=_id(outcome, ctx), age=waited, again=new)
    error = code(first_line(outcome.error), 2 * ERROR) if outcome.error else Mrkdwn()
    return cut(join("\n", [sentence, error] if error else [sentence]), ROW)


def _no_longer(outcome: RetryOutcome, ctx: Context) -> Mrkdwn:
    texts, id_ = ctx.texts, _id(outcome, ctx)
    if outcome.how is None:
        return texts("retry-outcome-no-longer-queued", id=id_)
    if outcome.how == "undo":
        return texts("retry-outcome-taken-back", id=id_, by=Person(outcome.by or ""))
    if outcome.by is None:
        return texts("retry-outcome-deleted", id=id_)
    return texts("retry-outcome-deleted-by", id=id_, by=Person(outcome.by))


def _id(outcome: RetryOutcome, ctx: Context) -> Mrkdwn:
    return _row_id(outcome.job_id, outcome, ctx)


def _row_id(id_: int, outcome: RetryOutcome, ctx: Context) -> Mrkdwn:
    values = template_values(outcome.order_id, outcome.subjects, queue=outcome.queue)
    return row_id(id_, ctx, values)


def _facts(outcome: RetryOutcome, ctx: Context) -> Mrkdwn:
    line = dots(
        job_class(outcome.job_class, ctx),
        whose(outcome.order_id, outcome.subjects, ctx, queue=outcome.queue),
        queue_name(outcome.queue),
    )
    return cut(line, ROW // 2)


def _row(outcome: RetryOutcome, ctx: Context) -> Mrkdwn:
    """Return the line of one job among several jobs, with its outcome in one or two words."""
    named = ctx.texts("retried-row", id=str(outcome.failed_id), job=str(outcome.job_id))
    state = "late" if outcome.state == "waiting" and outcome.late else outcome.state
    word = ctx.texts(f"retry-outcome-word-{state}")
    error = Mrkdwn()
    if outcome.state == "failed-otherwise" and outcome.error:
        error = code(first_line(outcome.error), ERROR // 2)
    return cut(dots(named, _facts(outcome, ctx), word, error), ROW // 2)


def _counts(outcomes: Sequence[RetryOutcome], ctx: Context) -> Mrkdwn:
    return _counted(Counter(outcome.state for outcome in outcomes), ctx)


def _counted(counts: Mapping[str, int], ctx: Context) -> Mrkdwn:
    states = [state for state in SHOWN if counts.get(state)]
    return dots(
        *(ctx.texts(f"retry-outcome-count-{state}", count=counts[state]) for state in states)
    )


def _call(actor: str, ctx: Context) -> Mrkdwn:
    return ctx.texts("retry-outcome-for", by=Person(actor))
