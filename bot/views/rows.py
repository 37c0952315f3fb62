"""The lines and buttons of a job or failed job in lists, alerts and details."""

from collections.abc import Sequence

from bot.models.jobs import FailedJob, Job
from bot.models.requests import Block, Moment
from bot.text import Mrkdwn, Plain, code, cut, join
from bot.views.blocks import actions, confirm, section
from bot.views.buttons import Argument, menu, run_button
from bot.views.context import Context
from bot.views.names import (
    age,
    dots,
    job_class,
    known,
    queue_name,
    read_wall_clock,
    reservation_age,
    row_id,
    seconds_since,
)
from bot.views.subjects import template_values, tienda, whose

ROW = 395
SHORT = 103
ERROR = 110
"""An error in a list has at most this many characters; the spec's `exception_short`, 103.

With ten rows, the buttons, confirmations and fallback text stay under 10,000 characters.
"""


def linked_id(row: Job | FailedJob, ctx: Context) -> Mrkdwn:
    """Return the row's id, with a link if the settings have a template."""
    values = template_values(row.order_id, row.subjects, tienda_id=row.tienda_id, queue=row.queue)
    return row_id(row.id, ctx, values)


def subjects_of(row: Job | FailedJob, ctx: Context) -> Mrkdwn:
    """Return the subjects of a row, or its shop without any other subject."""
    shop, more = row.tienda_id, row.subjects
    of_row = whose(row.order_id, more, ctx, tienda_id=shop, queue=row.queue, job_id=row.id)
    return of_row or tienda(shop, ctx)


def failed_line(row: FailedJob, ctx: Context) -> Mrkdwn:
    """Return two lines: the failed job with its subjects and time, then its error."""
    lead = dots(
        ctx.texts("failed-row", id=linked_id(row, ctx)),
        job_class(row.job_class, ctx),
        subjects_of(row, ctx),
        queue_name(row.queue),
        ctx.texts("failed-at", at=read_wall_clock(row.failed_at, ctx)),
    )
    error = cut(code(first_line(row.exception_short), ERROR), ERROR + 20)
    return join("\n", [cut(lead, ROW - len(error) - 1), error])


def first_line(exception_short: str) -> str:
    """Return the error's first line; remove the final "..." if the spec's limit did not cut it."""
    whole = len(exception_short) < SHORT
    return exception_short.removesuffix("...") if whole else exception_short


def job_line(row: Job, ctx: Context) -> Mrkdwn:
    """Return two lines: the job and its subjects, then the job's state, age and attempts."""
    lead = dots(
        ctx.texts("job-row", id=linked_id(row, ctx)),
        job_class(row.job_class, ctx),
        subjects_of(row, ctx),
        queue_name(row.queue),
    )
    attempts = ctx.texts("attempts", attempts=known(row.attempts), most=known(row.max_attempts))
    return cut(join("\n", [cut(lead, ROW - 160), dots(state(row, ctx), attempts)]), ROW)


def state(row: Job, ctx: Context) -> Mrkdwn:
    """Return the state (pending, delayed, reserved or stuck) with its start or end."""
    key, values = _state(row, ctx)
    return ctx.texts(key, **values)


def plain_state(row: Job, ctx: Context) -> str:
    """Return the state as plain text, for a table."""
    key, values = _state(row, ctx)
    return ctx.texts.plain(key, **values)


def _state(row: Job, ctx: Context) -> tuple[str, dict[str, object]]:
    """Return the key of the state, and its values."""
    if row.reserved_at_human is not None:
        reserved_seconds = reserved_for(row, ctx)
        key = "state-stuck" if is_stuck(row, ctx) else "state-reserved"
        return key, {"age": reservation_age(reserved_seconds, ctx)}
    available = read_wall_clock(row.available_at_human or "", ctx)
    if isinstance(available, Moment) and available.at > ctx.now:
        return "state-delayed", {"at": available}
    if row.age_seconds is None:
        return "state-pending-ageless", {}
    return "state-pending", {"age": age(row.age_seconds, ctx.texts)}


def reserved_for(row: Job, ctx: Context) -> int:
    """Return how many seconds a worker has held the job, or 0 if no worker holds the job."""
    if row.reserved_at_human is None:
        return 0
    return seconds_since(read_wall_clock(row.reserved_at_human, ctx), ctx.now)


def stuck_since(row: Job, reserved_at: int | None, ctx: Context) -> int | None:
    """Return when a worker took a stuck job, for its Release button. Return None for other jobs."""
    return reserved_at if is_stuck(row, ctx) else None


def is_stuck(row: Job, ctx: Context) -> bool:
    """Whether the job has been reserved for longer than the threshold."""
    return reserved_for(row, ctx) > ctx.reserved_seconds


def stuck_hint(ctx: Context) -> Mrkdwn:
    """Return the meaning of a stuck job, and how to check the workers."""
    return ctx.texts(
        "stuck-hint",
        age=age(ctx.reserved_seconds, ctx.texts),
        look=code("ps aux | grep queue"),
        restart=code("systemctl restart queue-worker"),
    )


def failed_elements(
    id_: int,
    digest: str,
    ctx: Context,
    *,
    allowed: frozenset[str] | None = None,
    in_details: bool = False,
) -> list[Block]:
    """Return Retry, Details and Delete of a failed job if they are among the allowed commands.

    If `allowed` is None, the allowed commands are those that the reader may run.
    """
    may = ctx.runnable if allowed is None else allowed
    texts = ctx.texts
    row: dict[str, Argument] = {"ids": [id_], "digest": digest}
    elements: list[Block] = []
    if "retry" in may:
        elements.append(
            run_button("retry", texts.plain("button-retry"), row, texts, style="primary")
        )
    if "failed-job" in may and not in_details:
        elements.append(run_button("failed-job", texts.plain("button-details"), {"id": id_}, texts))
    if "delete-failed" in may:
        title = texts.plain("confirm-delete-failed", id=str(id_))
        text = texts("confirm-delete-failed-text")
        elements.append(_delete("delete-failed", row, title, text, ctx, as_button=in_details))
    return elements


def job_elements(
    id_: int,
    digest: str,
    ctx: Context,
    *,
    stuck_since: int | None = None,
    in_details: bool = False,
) -> list[Block]:
    """Return Release of a stuck job, Details and Delete, if the reader may run these commands.

    A list has no room for two confirmations per row. There, a stuck job has Delete in its details.
    """
    texts = ctx.texts
    elements = [] if stuck_since is None else release_elements(id_, digest, stuck_since, ctx)
    has_release = bool(elements)
    if "job" in ctx.runnable and not in_details:
        elements.append(run_button("job", texts.plain("button-details"), {"id": id_}, texts))
    if "delete" in ctx.runnable and (in_details or not has_release):
        row: dict[str, Argument] = {"ids": [id_], "digest": digest}
        title = texts.plain("confirm-delete", id=str(id_))
        text = texts("confirm-delete-text")
        elements.append(_delete("delete", row, title, text, ctx, as_button=in_details))
    return elements


def release_elements(id_: int, digest: str, reserved_at: int, ctx: Context) -> list[Block]:
    """Return Release of a job that a worker took at `reserved_at` (unix seconds), if allowed."""
    if "release" not in ctx.runnable:
        return []
    row: dict[str, Argument] = {"ids": [id_], "digest": digest, "reserved_at": reserved_at}
    return [release_button(ctx.texts.plain("button-release"), row, [id_], ctx)]


def release_button(
    label: str,
    arguments: dict[str, Argument],
    ids: Sequence[int],
    ctx: Context,
    *,
    spoken: str | None = None,
) -> Block:
    """Return a button that releases jobs after a confirmation; `run_button` explains `spoken`."""
    texts = ctx.texts
    question = confirm(
        texts.plain("confirm-release", count=len(ids), id=Plain(", ".join(map(str, ids)))),
        texts("confirm-release-text" if ctx.has_reservation_times else "confirm-release-text-seen"),
        texts.plain("button-release"),
        texts.plain("button-leave"),
    )
    return run_button("release", label, arguments, texts, confirm=question, spoken=spoken)


def _delete(
    command: str,
    row: dict[str, Argument],
    title: str,
    text: Mrkdwn,
    ctx: Context,
    *,
    as_button: bool,
) -> Block:
    """Return Delete with its confirmation, in a menu or (if there is room) as a button."""
    label = ctx.texts.plain("button-delete")
    yes = ctx.texts.plain("button-delete-undo", days=ctx.archive_days)
    question = confirm(title, text, yes, ctx.texts.plain("button-keep"))
    if as_button:
        return run_button(command, label, row, ctx.texts, style="danger", confirm=question)
    return menu([(command, label, row)], question)


def row_blocks(line: Mrkdwn, elements: Sequence[Block], block_id: str) -> list[Block]:
    """Return a row's text with its elements. One element is on the right; several are below."""
    if len(elements) == 1:
        return [section(line, accessory=elements[0], block_id=block_id)]
    return [section(line), *([actions(elements, block_id)] if elements else [])]
