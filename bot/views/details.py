"""All details of a job or failed job: a dialog after a click, a message after a command."""

from collections.abc import Mapping, Sequence

from bot.models.jobs import FailedJob, FailedJobDetail, Job, JobDetail
from bot.models.requests import Block, Message, Modal
from bot.text import Mrkdwn, code, cut, join, link, named, plain_line, preformatted_parts
from bot.views.blocks import SECTION, actions, context_line, fields, message, section
from bot.views.buttons import run_button
from bot.views.context import Context
from bot.views.names import LONGEST_NAME, filled, job_batch, known, queue_name, read_wall_clock
from bot.views.payloads import lined
from bot.views.rows import (
    failed_elements,
    is_stuck,
    job_elements,
    state,
    stuck_hint,
    stuck_since,
)
from bot.views.subjects import (
    bare_order,
    bare_tienda,
    main_subject,
    story_label,
    template_values,
    whose,
)

TITLE = 24
DIALOG_PARTS = 8
HINT = 600
"""The most characters of the subjects, with their links."""
MESSAGE_TEXT = 1_900
"""The most characters of an exception or a payload in a message, which stays under 10,000.

A dialog shows parts of 3,000 characters.
"""


def failed_detail(detail: FailedJobDetail, ctx: Context) -> Message | Modal:
    """Return the failed job, its times, its exception and its masked payload."""
    row, texts = detail.failed_job, ctx.texts
    title = texts("failed-row", id=str(row.id))
    facts = [
        *_whose(row, ctx),
        _fact("label-failed-at", _moment(row.failed_at, ctx), ctx),
        _fact("label-error-group", _group(detail), ctx),
    ]
    elements = failed_elements(row.id, detail.row_digest, ctx, in_details=True)
    long = [("label-exception", detail.exception), ("label-payload", lined(detail.payload))]
    plain_title = texts.plain("failed-name", id=str(row.id))
    more = [*_whole_order(row, ctx), *_whole_group(detail.error, ctx)]
    hints = _more_hints(row, detail, ctx)
    return _detail_view(title, plain_title, facts, hints, long, elements, more, ctx)


def job_detail(detail: JobDetail, ctx: Context) -> Message | Modal:
    """Return the job's state, times, attempts and masked payload."""
    row, texts = detail.job, ctx.texts
    title = texts("job-row", id=str(row.id))
    facts = [
        _fact("label-state", state(row, ctx), ctx),
        *_whose(row, ctx),
        _fact(
            "label-attempts",
            texts("attempts-of", attempts=known(row.attempts), most=known(row.max_attempts)),
            ctx,
        ),
        _fact("label-created-at", _moment(row.created_at_human, ctx), ctx),
        _fact("label-available-at", _moment(row.available_at_human, ctx), ctx),
        _fact("label-reserved-at", _moment(row.reserved_at_human, ctx), ctx),
    ]
    hints = [stuck_hint(ctx)] if is_stuck(row, ctx) else []
    hints += _more_hints(row, detail, ctx)
    since = stuck_since(row, detail.reserved_at, ctx)
    elements = job_elements(row.id, detail.row_digest, ctx, stuck_since=since, in_details=True)
    long = [("label-payload", lined(detail.payload))]
    name, more = texts.plain("job-name", id=str(row.id)), _whole_order(row, ctx)
    return _detail_view(title, name, facts, hints, long, elements, more, ctx)


def _more_hints(
    row: Job | FailedJob, detail: JobDetail | FailedJobDetail, ctx: Context
) -> list[Mrkdwn]:
    """Return the further subjects, the logs, the progress of the batch, and the payload's facts."""
    shop, more = row.tienda_id, row.subjects
    of_row = whose(None, more, ctx, tienda_id=shop, queue=row.queue, job_id=row.id)
    hints = [cut(of_row, HINT)]
    values = template_values(row.order_id, more, tienda_id=shop, queue=row.queue, job_id=row.id)
    if url := filled(ctx.links.log, values):
        hints.append(link(url, ctx.texts.plain("link-logs")))
    if detail.batch is not None:
        hints.append(cut(job_batch(detail.batch, ctx), 200))
    return [*filter(None, hints), *_payload_facts(detail.facts, ctx)]


def _payload_facts(facts: Mapping[str, str], ctx: Context) -> list[Mrkdwn]:
    """Return one line with the facts of the payload, such as its tries and tags."""
    if not facts:
        return []
    named_facts = [code(f"{key} {value}", LONGEST_NAME) for key, value in facts.items()]
    return [ctx.texts("payload-facts", facts=cut(join(" · ", named_facts), 200))]


def _whose(row: Job | FailedJob, ctx: Context) -> list[tuple[Mrkdwn, Mrkdwn]]:
    number = bare_order(row.order_id, ctx, tienda_id=row.tienda_id, queue=row.queue, job_id=row.id)
    return [
        _fact("label-queue", queue_name(row.queue), ctx),
        _fact("label-class", code(row.job_class or "", 2 * LONGEST_NAME), ctx),
        _fact("label-order", number, ctx),
        _fact("label-tienda", bare_tienda(row.tienda_id, ctx), ctx),
    ]


def _whole_order(row: Job | FailedJob, ctx: Context) -> list[Block]:
    """Return a button that opens the story of the job's order, or of its first other subject."""
    main = main_subject(row.order_id, row.tienda_id, row.subjects)
    if "find" not in ctx.runnable or main is None:
        return []
    return [run_button("find", story_label(*main, ctx), dict([main]), ctx.texts)]


def _group(detail: FailedJobDetail) -> Mrkdwn:
    """Return the error group's name, with its id if the id is known."""
    number = [] if detail.error is None else [named(detail.error)]
    return join(" ", [*number, code(detail.error_group)])


def _whole_group(error: str | None, ctx: Context) -> list[Block]:
    """Return a button that opens the job's error group, where people can retry the whole group."""
    if error is None or "error" not in ctx.runnable:
        return []
    label = ctx.texts.plain("error-name", error=error)
    return [run_button("error", label, {"error": error}, ctx.texts, spoken=label)]


def _moment(text: str | None, ctx: Context) -> Mrkdwn:
    if text is None:
        return Mrkdwn()
    return ctx.texts("at", at=read_wall_clock(text, ctx))


def _fact(label: str, value: Mrkdwn, ctx: Context) -> tuple[Mrkdwn, Mrkdwn]:
    return ctx.texts(label), cut(value, 300)


def _detail_view(
    title: Mrkdwn,
    plain_title: str,
    facts: Sequence[tuple[Mrkdwn, Mrkdwn]],
    hints: Sequence[Mrkdwn],
    long: Sequence[tuple[str, str]],
    elements: list[Block],
    more: list[Block],
    ctx: Context,
) -> Message | Modal:
    """Return a message or a dialog with all parts."""
    pairs = [(label, value) for label, value in facts if value]
    blocks = [fields([join("\n", pair) for pair in pairs])]
    blocks += [context_line(hint) for hint in hints]
    limit, most = (SECTION, DIALOG_PARTS) if ctx.in_dialog else (MESSAGE_TEXT, 1)
    for label, text in long:
        blocks += _long_text(label, text, limit, most, ctx)
    blocks += [actions(elements, "details")] if elements else []
    blocks += [actions(more, "order")] if more else []
    if ctx.in_dialog:
        return Modal(plain_line(plain_title, TITLE), tuple(blocks), ctx.texts.plain("button-close"))
    lines = [title, *(join(" ", pair) for pair in pairs), *hints]
    for label, text in long:
        parts, _ = preformatted_parts(text, 1_000, 1)
        lines += [ctx.texts(label), *parts]
    return message(lines, [section(title), *blocks])


def _long_text(label: str, text: str, limit: int, most: int, ctx: Context) -> list[Block]:
    parts, was_cut = preformatted_parts(text, limit, most)
    blocks = [section(ctx.texts(label)), *(section(part) for part in parts)]
    if not parts:
        blocks.append(context_line(ctx.texts("text-empty")))
    if was_cut:
        blocks.append(context_line(ctx.texts("text-cut", length=len(text))))
    return blocks
