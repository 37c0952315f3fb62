"""Views of stuck jobs: the list, and the result of a release."""

from collections.abc import Sequence

from bot.models.job_changes import ReleasedJob, ReleasedJobs
from bot.models.jobs import Listed, StuckJobs
from bot.models.requests import Message, Source
from bot.text import Mrkdwn, Plain, code, cut, join
from bot.views.blocks import context_line, message, section, sections, with_more
from bot.views.context import Context
from bot.views.names import age, dots, job_class, known, queue_name, reservation_age
from bot.views.refusal import skipped_lines
from bot.views.row_tables import JOB_COLUMNS, job_row, table_messages
from bot.views.rows import ROW, job_elements, job_line, release_elements, row_blocks
from bot.views.subjects import whose

ROWS = 8
"""The rows with buttons. A row has one more confirmation than in other lists, so fewer rows fit."""


def stuck_list(page: StuckJobs, listed: Listed, ctx: Context) -> Message:
    """Return the stuck jobs, longest first. A terminal shows all rows."""
    texts = ctx.texts
    limit = age(page.older_seconds, texts)
    if not page.jobs:
        key = "stuck-none-partial" if listed.partial else "stuck-none"
        text = texts(key, age=limit)
        note = _about_times(listed, ctx)
        return message([text, *note], [section(text), *map(context_line, note)])
    rows = page.jobs if ctx.source is Source.TERMINAL else page.jobs[:ROWS]
    title = texts("stuck-title", age=limit)
    lines, blocks = [title], [section(title)]
    for row in rows:
        line = job_line(row, ctx)
        digest, since = listed.row_digests[row.id], listed.reserved_at[row.id]
        elements = [
            *release_elements(row.id, digest, since, ctx),
            *job_elements(row.id, digest, ctx),
        ]
        blocks += row_blocks(line, elements, f"job:{row.id}")
        lines.append(line)
    notes = [workers_hint(ctx), *_about_times(listed, ctx)]
    shown = page.count if listed.whole else len(rows)
    if page.count > shown or page.count == listed.arguments.get("limit"):
        notes.append(texts("stuck-more", longer=code("older=1h")))
    notes += [texts("list-partial")] if listed.partial else []
    text_lines = [*lines, *notes]
    if ctx.source is Source.TERMINAL:
        return Message(str(join("\n", text_lines)))
    rest = page.jobs[ROWS:] if listed.whole else ()
    tables = table_messages("jobs", JOB_COLUMNS, [job_row(row, ctx) for row in rest], ROWS, ctx)
    foot = message(notes, [context_line(note) for note in notes])
    return with_more(message(lines, blocks), tables, foot)


def _about_times(listed: Listed, ctx: Context) -> list[Mrkdwn]:
    """Return the note about reservations that expire, or whose time is not in the table."""
    if not ctx.has_reservation_times:
        return [ctx.texts("stuck-seen")]
    if listed.retry_after is None:
        return []
    return [ctx.texts("stuck-expiry", age=age(listed.retry_after, ctx.texts))]


def workers_hint(ctx: Context) -> Mrkdwn:
    """Return the hint for checking whether the workers run, and for restarting the workers."""
    check, restart = code("ps aux | grep queue"), code("systemctl restart queue-worker")
    return ctx.texts("workers-hint", look=check, restart=restart)


def released(done: ReleasedJobs, ctx: Context) -> Message:
    """Return the released jobs, the possible effects of their release, and the skipped rows."""
    rows = done.jobs
    if len(rows) == 1:
        lead = ctx.texts("released-one", id=str(rows[0].id))
    else:
        lead = ctx.texts("released-many", count=len(rows))
    lines = [lead, *_lines(rows, ctx)]
    passed_over: list[Mrkdwn] = []
    if done.skipped:
        passed_over = [ctx.texts("skipped", count=len(done.skipped))]
        passed_over += skipped_lines(done.skipped, ctx)
    notes = [*_warnings(done, ctx), workers_hint(ctx)]
    blocks = [*sections(lines), *sections(passed_over), *(context_line(note) for note in notes)]
    return message([*lines, *passed_over, *notes], blocks)


def released_visible(done: ReleasedJobs, ctx: Context) -> Message:
    """Return the released jobs and who released them, for the channel."""
    rows = done.jobs
    if len(rows) == 1:
        lead = ctx.texts("released-one-by", id=str(rows[0].id), by=ctx.actor)
    else:
        lead = ctx.texts("released-many-by", count=len(rows), by=ctx.actor)
    lines, notes = [lead, *_lines(rows, ctx)], _warnings(done, ctx)
    return message([*lines, *notes], [*sections(lines), *(context_line(note) for note in notes)])


def _lines(rows: Sequence[ReleasedJob], ctx: Context) -> list[Mrkdwn]:
    texts = ctx.texts
    return [
        cut(
            dots(
                Mrkdwn() if len(rows) == 1 else texts("job-row", id=str(row.id)),
                job_class(row.job_class, ctx),
                whose(row.order_id, row.subjects, ctx, queue=row.queue),
                queue_name(row.queue),
                texts("released-held", age=reservation_age(row.held_seconds, ctx)),
                texts("attempts", attempts=known(row.attempts), most=known(row.max_attempts)),
            ),
            ROW // 2,
        )
        for row in rows
    ]


def _warnings(done: ReleasedJobs, ctx: Context) -> list[Mrkdwn]:
    """Return warnings about jobs that a worker may still run, and jobs with no attempts left."""
    early = [row for row in done.jobs if row.held_seconds < done.limit_seconds]
    spent = [
        row
        for row in done.jobs
        if row.max_attempts is not None and (row.attempts or 0) >= row.max_attempts
    ]
    warnings = [ctx.texts("released-early" if early else "released-warning", count=len(done.jobs))]
    if spent:
        ids = Plain(", ".join(str(row.id) for row in spent))
        warnings.append(ctx.texts("released-spent", count=len(spent), ids=ids))
    return warnings
