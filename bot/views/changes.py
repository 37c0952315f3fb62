"""The results of a retry or a delete, for the author of the request and for the channel."""

from collections.abc import Sequence

from bot.models.job_changes import DeletedRow, RetriedJob, SkippedRow
from bot.models.payload_edits import edit_kinds
from bot.models.requests import Message
from bot.text import Mrkdwn, Plain, cut, escape
from bot.views.blocks import context_line, message, sections
from bot.views.context import Context
from bot.views.names import dots, job_class, queue_name
from bot.views.operations.undo import undo_blocks
from bot.views.refusal import skipped_lines
from bot.views.rows import ROW
from bot.views.subjects import whose


def retried(jobs: Sequence[RetriedJob], skipped: Sequence[SkippedRow], ctx: Context) -> Message:
    """Return the retried jobs with their new ids, and the skipped rows."""
    if len(jobs) == 1:
        lead = ctx.texts("retried-one", id=str(jobs[0].failed_id), job=str(jobs[0].job_id))
    else:
        lead = ctx.texts("retried-many", count=len(jobs))
    notes = _retry_notes(jobs, ctx)
    notes += [ctx.texts("undo-until-started")] if "undo" in ctx.runnable else []
    return _change_message(lead, _retried_lines(jobs, ctx), skipped, notes, ctx)


def retried_visible(jobs: Sequence[RetriedJob], ctx: Context) -> Message:
    """Return the retried jobs and who retried them, for the channel."""
    if len(jobs) == 1:
        id_, job = str(jobs[0].failed_id), str(jobs[0].job_id)
        lead = ctx.texts("retried-one-by", id=id_, job=job, by=ctx.actor)
    else:
        lead = ctx.texts("retried-many-by", count=len(jobs), by=ctx.actor)
    return _change_message(lead, _retried_lines(jobs, ctx), (), _retry_notes(jobs, ctx), ctx)


def _retry_notes(jobs: Sequence[RetriedJob], ctx: Context) -> list[Mrkdwn]:
    """Return a note for each kind of edit in the payloads, and about cancelled batches."""
    ids: dict[str, list[str]] = {}
    for job in jobs:
        for kind in edit_kinds(job.edited):
            ids.setdefault(f"retried-{kind}", []).append(str(job.failed_id))
    for job in jobs:
        if job.batch is not None and job.batch.cancelled:
            ids.setdefault("retried-batch-cancelled", []).append(str(job.failed_id))
    return [ctx.texts(key, count=len(of), ids=", ".join(of)) for key, of in sorted(ids.items())]


def _unfinished(rows: Sequence[DeletedRow], ctx: Context) -> list[Mrkdwn]:
    """Return a note about the batches that never finish without the deleted jobs."""
    ids = [str(row.id) for row in rows if row.batch is not None and not row.batch.finished]
    return [ctx.texts("deleted-batch", count=len(ids), ids=", ".join(ids))] if ids else []


def deleted(rows: Sequence[DeletedRow], skipped: Sequence[SkippedRow], ctx: Context) -> Message:
    """Return the deleted jobs. Warn that a worker may still finish a reserved job."""
    lead = _lead("deleted", rows, ctx)
    return _change_message(
        lead,
        _deleted_lines(rows, ctx),
        skipped,
        [*_reserved_warning(rows, ctx), *_unfinished(rows, ctx)],
        ctx,
    )


def deleted_visible(rows: Sequence[DeletedRow], ctx: Context) -> Message:
    """Return the deleted jobs and who deleted them, for the channel."""
    lead = _lead_by("deleted", rows, ctx)
    return _change_message(lead, _deleted_lines(rows, ctx), (), _reserved_warning(rows, ctx), ctx)


def deleted_failed(
    rows: Sequence[DeletedRow], skipped: Sequence[SkippedRow], ctx: Context
) -> Message:
    """Return the deleted failed jobs. The bot's archive has a copy of each job."""
    lead = _lead("deleted-failed", rows, ctx)
    return _change_message(
        lead,
        _deleted_lines(rows, ctx),
        skipped,
        [*_unfinished(rows, ctx), ctx.texts("archive-note")],
        ctx,
    )


def deleted_failed_visible(rows: Sequence[DeletedRow], ctx: Context) -> Message:
    """Return the deleted failed jobs and who deleted them, for the channel."""
    return _change_message(
        _lead_by("deleted-failed", rows, ctx), _deleted_lines(rows, ctx), (), [], ctx
    )


def _lead(key: str, rows: Sequence[DeletedRow], ctx: Context) -> Mrkdwn:
    if len(rows) == 1:
        return ctx.texts(f"{key}-one", id=str(rows[0].id))
    return ctx.texts(f"{key}-many", count=len(rows))


def _lead_by(key: str, rows: Sequence[DeletedRow], ctx: Context) -> Mrkdwn:
    if len(rows) == 1:
        return ctx.texts(f"{key}-one-by", id=str(rows[0].id), by=ctx.actor)
    return ctx.texts(f"{key}-many-by", count=len(rows), by=ctx.actor)


def _retried_lines(jobs: Sequence[RetriedJob], ctx: Context) -> list[Mrkdwn]:
    return [
        _line(
            None
            if len(jobs) == 1
            else ctx.texts("retried-row", id=str(row.failed_id), job=str(row.job_id)),
            row,
            None,
            ctx,
        )
        for row in jobs
    ]


def _deleted_lines(rows: Sequence[DeletedRow], ctx: Context) -> list[Mrkdwn]:
    return [
        _line(
            None if len(rows) == 1 else escape(row.id),
            row,
            None if row.attempts is None else ctx.texts("attempts-made", attempts=row.attempts),
            ctx,
        )
        for row in rows
    ]


def _line(
    named: Mrkdwn | None, row: RetriedJob | DeletedRow, more: Mrkdwn | None, ctx: Context
) -> Mrkdwn:
    line = dots(
        named or Mrkdwn(),
        job_class(row.job_class, ctx),
        whose(row.order_id, row.subjects, ctx, queue=row.queue),
        queue_name(row.queue),
        more or Mrkdwn(),
    )
    return cut(line, ROW // 2)


def _reserved_warning(rows: Sequence[DeletedRow], ctx: Context) -> list[Mrkdwn]:
    reserved_rows = [row for row in rows if row.reserved]
    if not reserved_rows:
        return []
    if len(rows) == 1:
        return [ctx.texts("deleted-reserved-one")]
    ids = Plain(", ".join(str(row.id) for row in reserved_rows))
    return [ctx.texts("deleted-reserved", count=len(reserved_rows), ids=ids)]


def _change_message(
    lead: Mrkdwn,
    lines: Sequence[Mrkdwn],
    skipped: Sequence[SkippedRow],
    notes: Sequence[Mrkdwn],
    ctx: Context,
) -> Message:
    blocks = sections([lead, *lines])
    passed_over: list[Mrkdwn] = []
    if skipped:
        passed_over = [ctx.texts("skipped", count=len(skipped)), *skipped_lines(skipped, ctx)]
        blocks += sections(passed_over)
    blocks += [*(context_line(note) for note in notes), *undo_blocks(ctx)]
    return message([lead, *lines, *passed_over, *notes], blocks)
