"""App Home: problems first, then the totals, then the lists. Each part has a limit.

Slack accepts at most 100 blocks on Home, and refuses a view above 250 kB:
docs.slack.dev/reference/methods/views.publish.
"""

from collections.abc import Sequence

from bot.models.error_groups import ErrorsListed
from bot.models.home import HomeData
from bot.models.jobs import Listed
from bot.models.queue_jobs import QueueJobs, busiest, oldest, totals
from bot.models.requests import Block, Message
from bot.text import Mrkdwn, escape, join
from bot.views.blocks import actions, context_line, divider, fields, plain, section, sections
from bot.views.buttons import run_button
from bot.views.context import Context
from bot.views.failures.error_groups import error_list
from bot.views.incidents.health import backfill_line, unwell_lines
from bot.views.lists import failed_list
from bot.views.names import age, dots, queue_name
from bot.views.operations.change_freeze import frozen_lines
from bot.views.operations.progress import progress_message
from bot.views.reports.day import day_lines
from bot.views.reports.home_incidents import incident_blocks

MOST_BLOCKS = 99
"""One of Slack's 100 blocks remains for the label of the environment."""
INCIDENTS = 5
OPERATIONS = 2
QUEUES = 10
GROUPS = 5
FAILED = 10
REFRESH = "home:refresh"


def home_message(data: HomeData, ctx: Context) -> Message:
    """Return the dashboard as blocks for a Home view."""
    blocks = [
        *_head(data, ctx),
        *sections(unwell_lines(data.health, ctx)),
        *_frozen(data, ctx),
        *_at_work(data, ctx),
        *incident_blocks(data.incidents, data.incident_count, ctx),
        divider(),
        *_totals(data, ctx),
        *_day(data, ctx),
        *_groups(data, ctx),
        divider(),
        *_failed(data, ctx),
    ]
    return Message(_verdict(data, ctx), tuple(_apart(blocks)[:MOST_BLOCKS]))


def refused_home(refusal: Sequence[Block], ctx: Context, *, passing: bool) -> Message:
    """Return why the person sees no data. Show Refresh if the reason may be temporary."""
    again = [actions([refresh_button(ctx)], "home:top")] if passing else []
    title = ctx.texts.plain("home-title")
    return Message(title, (_header(title), *refusal, *again))


def refresh_button(ctx: Context) -> Block:
    """Return the Refresh button. It runs no command, so it has no arguments."""
    label = ctx.texts.plain("home-refresh")
    return {"type": "button", "action_id": REFRESH, "text": plain(label, 75)}


def _header(title: str) -> Block:
    return {"type": "header", "text": plain(title, 150)}


def _head(data: HomeData, ctx: Context) -> list[Block]:
    """Return the verdict, its time, the reader's role, and the buttons for the whole queue."""
    texts = ctx.texts
    notes = [
        texts("home-as-of", at=texts.clock(ctx.now)),
        texts("home-role", role=texts(f"role-{ctx.role.word}")),
    ]
    if data.as_of is not None:
        notes.append(texts("home-counted", at=texts.clock(data.as_of)))
    lines = [*_glance(data, ctx), dots(*notes)]
    lines += [texts("status-estimated")] if data.estimated else []
    lines += [] if data.backfill is None else [backfill_line(data.backfill, ctx)]
    top = section(join("\n", lines), accessory=refresh_button(ctx), block_id="home:top")
    some_failed = data.failed is None or data.failed.count > 0
    buttons = []
    if "retry-all" in ctx.runnable and some_failed:
        buttons.append(run_button("retry-all", texts.plain("button-retry-all"), {}, texts))
    if "jobs" in ctx.runnable:
        buttons.append(run_button("jobs", texts.plain("button-jobs"), {}, texts))
    all_of_it = [actions(buttons, "home:all")] if buttons else []
    return [_header(_verdict(data, ctx)), top, *all_of_it]


def _glance(data: HomeData, ctx: Context) -> list[Mrkdwn]:
    """Return the totals in one line if Home shows incidents above the full totals."""
    if data.counts is None or not data.incidents:
        return []
    counts = data.counts
    return [ctx.texts("status-totals", **totals(counts.queues), failed=counts.failed)]


def _verdict(data: HomeData, ctx: Context) -> str:
    """Return in one line whether a person has to act."""
    if data.incident_count:
        return ctx.texts.plain("home-wrong", count=data.incident_count)
    if not data.health.is_good:
        return ctx.texts.plain("home-unwell")
    unknown = data.counts is None or data.errors is None or data.failed is None
    needs_check = unknown or data.freeze is not None or _is_late(data, ctx) or _are_many(data, ctx)
    return ctx.texts.plain("home-look" if needs_check else "home-well")


def _frozen(data: HomeData, ctx: Context) -> list[Block]:
    if data.freeze is None:
        return []
    ends = run_button("unfreeze", ctx.texts.plain("home-unfreeze"), {}, ctx.texts)
    may = "unfreeze" in ctx.runnable
    lines = join("\n", frozen_lines(data.freeze, ctx))
    return [section(lines, accessory=ends if may else None, block_id="home:frozen")]


def _at_work(data: HomeData, ctx: Context) -> list[Block]:
    """Return the running operations, with Cancel for people who may cancel."""
    progress_blocks = [
        block for progress in data.at_work for block in progress_message(progress, ctx).blocks
    ]
    return [
        block for block in progress_blocks if block["type"] != "actions" or "cancel" in ctx.runnable
    ]


def _totals(data: HomeData, ctx: Context) -> list[Block]:
    """Return the oldest available job with its alarm, the totals, and each queue."""
    texts = ctx.texts
    if data.counts is None:
        return [section(texts("home-uncounted"))]
    queues, late, many = data.counts.queues, _is_late(data, ctx), _are_many(data, ctx)
    available = oldest(queues)
    waits = texts("home-none-waits")
    if available is not None:
        key = "home-oldest-late" if late else "home-oldest"
        waits = texts(key, age=age(available[0], texts), queue=queue_name(available[1]))
    groups = [] if data.errors is None else [("groups", _number(data.errors.count, ctx))]
    facts = [
        ("oldest", waits),
        ("failed", texts("home-many" if many else "home-some", count=data.counts.failed)),
        *((state, _number(count, ctx)) for state, count in totals(queues).items()),
        *groups,
    ]
    pairs = [join("\n", (texts(f"home-{name}-label"), value)) for name, value in facts]
    notes = [texts("home-late-note", limit=age(ctx.oldest_seconds, texts))] if late else []
    notes += [texts("status-failed-alarm", limit=ctx.failed_count)] if many else []
    return [fields(pairs), *sections(notes), *_queues(queues, ctx)]


def _is_late(data: HomeData, ctx: Context) -> bool:
    available = None if data.counts is None else oldest(data.counts.queues)
    return available is not None and available[0] > ctx.oldest_seconds


def _are_many(data: HomeData, ctx: Context) -> bool:
    return data.counts is not None and data.counts.failed > ctx.failed_count


def _number(count: int, ctx: Context) -> Mrkdwn:
    return escape(ctx.texts.number(count))


def _queues(queues: Sequence[QueueJobs], ctx: Context) -> list[Block]:
    """Return a field per queue, the busiest first."""
    queue_fields = [
        join("\n", (_queue_title(jobs, ctx), _queue_counts(jobs, ctx))) for jobs in busiest(queues)
    ]
    if not queue_fields:
        return []
    hidden = len(queue_fields) - QUEUES
    more = [context_line(ctx.texts("status-more-queues", count=hidden))] if hidden > 0 else []
    return [_header(ctx.texts.plain("home-queues")), fields(queue_fields[:QUEUES]), *more]


def _queue_title(jobs: QueueJobs, ctx: Context) -> Mrkdwn:
    late = jobs.oldest_seconds is not None and jobs.oldest_seconds > ctx.oldest_seconds
    if not late or jobs.oldest_seconds is None:
        return ctx.texts("home-queue", queue=queue_name(jobs.queue))
    waits = age(jobs.oldest_seconds, ctx.texts)
    return ctx.texts("home-queue-late", queue=queue_name(jobs.queue), age=waits)


def _queue_counts(jobs: QueueJobs, ctx: Context) -> Mrkdwn:
    counts = totals([jobs]).items()
    texts = [ctx.texts(f"home-queue-{name}", count=count) for name, count in counts if count]
    return dots(*texts)


def _day(data: HomeData, ctx: Context) -> list[Block]:
    """Return the last 24 hours as bars of text.

    Home does not use a chart, because Slack may then refuse the whole view.
    """
    if data.day is None:
        return []
    title, *lines = day_lines(data.day, ctx)
    spoken = ctx.texts.plain("spoken-home-day")
    label = ctx.texts.plain("button-details")
    button = run_button("chart", label, {}, ctx.texts, spoken=spoken)
    more = button if lines and "chart" in ctx.runnable else None
    bars = section(join("\n", lines or [title]), accessory=more, block_id="home:day")
    return [_header(ctx.texts.plain("home-day")), bars]


def _groups(data: HomeData, ctx: Context) -> Sequence[Block]:
    """Return the error groups with Retry group, or no blocks if nothing fails."""
    if data.errors is None:
        return [divider(), section(ctx.texts("home-errors-late"))]
    if not data.errors.count and not data.indexing:
        return []
    listed = ErrorsListed(arguments={"limit": GROUPS}, after=0, indexing=data.indexing)
    return [divider(), *_titled("home-errors", error_list(data.errors, listed, ctx), ctx)]


def _failed(data: HomeData, ctx: Context) -> Sequence[Block]:
    """Return the newest failed jobs, each with Retry."""
    if data.failed is None:
        return [section(ctx.texts("home-failed-late"))]
    listed = Listed(row_digests=data.row_digests, arguments={})
    return _titled("home-failed", failed_list(data.failed, listed, ctx), ctx)


def _titled(key: str, list_message: Message, ctx: Context) -> list[Block]:
    """Return a list with a large title instead of its normal title; an empty list has no title."""
    first, *rest = list_message.blocks
    return [_header(ctx.texts.plain(key)), *rest] if rest else [first]


def _apart(blocks: Sequence[Block]) -> list[Block]:
    """Return the blocks with unique `block_id`s; two messages in one view may repeat some ids."""
    block_ids: set[str] = set()
    apart: list[Block] = []
    for block in blocks:
        name = block.get("block_id")
        twice = name in block_ids
        block_ids |= set() if name is None else {name}
        apart.append({k: v for k, v in block.items() if k != "block_id"} if twice else block)
    return apart
