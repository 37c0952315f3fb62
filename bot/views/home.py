"""App Home: what is wrong first, then the totals, then the lists; each part within its own bound.

Slack takes 100 blocks on Home, and refuses a view above 250 kB:
docs.slack.dev/reference/methods/views.publish.
"""

from collections.abc import Sequence

from bot.ledger.error_model import ErrorGroups, ErrorsListed
from bot.ledger.home_model import HomeData
from bot.model import Block, Message
from bot.queue.model import Listed, QueueCount
from bot.text import Mrkdwn, escape, join
from bot.views.blocks import actions, context_line, divider, fields, plain, section, sections
from bot.views.bulk import progress_message
from bot.views.buttons import run_button
from bot.views.context import Context
from bot.views.error_groups import error_list
from bot.views.freeze import frozen_lines
from bot.views.home_incidents import incident_blocks
from bot.views.lists import failed_list
from bot.views.names import age, dots, queue_name

MOST_BLOCKS = 100
INCIDENTS = 6
OPERATIONS = 2
QUEUES = 10
GROUPS = 5
FAILED = 10
REFRESH = "home:refresh"


def home_message(data: HomeData, ctx: Context) -> Message:
    """The dashboard as blocks for a Home view."""
    blocks = [
        *_head(data, ctx),
        *_frozen(data, ctx),
        *_at_work(data, ctx),
        *incident_blocks(data.incidents, data.incident_count, ctx),
        divider(),
        *_totals(data, ctx),
        divider(),
        *_groups(data, ctx),
        divider(),
        *_failed(data, ctx),
    ]
    return Message(_verdict(data, ctx), tuple(_apart(blocks)[:MOST_BLOCKS]))


def refused_home(refusal: Sequence[Block], ctx: Context, *, passing: bool) -> Message:
    """Why the person sees nothing here; with Refresh where that may pass by itself."""
    again = [actions([refresh_button(ctx)], "home:top")] if passing else []
    title = ctx.texts.plain("home-title")
    return Message(title, (_header(title), *refusal, *again))


def refresh_button(ctx: Context) -> Block:
    """Draws Home anew; it runs no command, so it carries nothing."""
    label = ctx.texts.plain("home-refresh")
    return {"type": "button", "action_id": REFRESH, "text": plain(label, 75)}


def _header(title: str) -> Block:
    return {"type": "header", "text": plain(title, 150)}


def _head(data: HomeData, ctx: Context) -> list[Block]:
    """The verdict, as of when and for whom, and what can be done about all of it."""
    texts = ctx.texts
    role = texts(f"role-{ctx.role.word}")
    notes = [texts("home-as-of", at=texts.clock(ctx.now)), texts("home-role", role=role)]
    if data.as_of is not None:
        notes.append(texts("home-counted", at=texts.clock(data.as_of)))
    buttons = [refresh_button(ctx)]
    some_failed = data.failed is None or data.failed.count > 0
    if "retry-all" in ctx.runnable and some_failed:
        buttons.append(run_button("retry-all", texts.plain("button-retry-all"), {}))
    if "jobs" in ctx.runnable:
        buttons.append(run_button("jobs", texts.plain("button-jobs"), {}))
    head = _header(_verdict(data, ctx))
    return [head, context_line(dots(*notes)), actions(buttons, "home:top")]


def _verdict(data: HomeData, ctx: Context) -> str:
    """In one line whether somebody has to do something."""
    if data.incident_count:
        return ctx.texts.plain("home-wrong", count=data.incident_count)
    waited, _ = _oldest(data)
    failed = 0 if data.status is None else data.status.failed_jobs_count
    alarm = (waited or 0) > ctx.oldest_seconds or failed > ctx.failed_count
    return ctx.texts.plain("home-look" if alarm or data.freeze is not None else "home-well")


def _frozen(data: HomeData, ctx: Context) -> list[Block]:
    if data.freeze is None:
        return []
    ends = run_button("unfreeze", ctx.texts.plain("home-unfreeze"), {})
    may = "unfreeze" in ctx.runnable
    lines = join("\n", frozen_lines(data.freeze, ctx))
    return [section(lines, accessory=ends if may else None, block_id="home:frozen")]


def _at_work(data: HomeData, ctx: Context) -> list[Block]:
    """Bulk changes under way, with Cancel for those who may."""
    shown = [block for one in data.at_work for block in progress_message(one, ctx).blocks]
    return [block for block in shown if block["type"] != "actions" or "cancel" in ctx.runnable]


def _oldest(data: HomeData) -> tuple[int | None, str]:
    """For how many seconds the oldest job that could run waits, and where; None: none does."""
    if data.waiting is not None:
        return data.waiting.oldest_seconds, data.waiting.oldest_queue or ""
    if data.status is None or data.status.oldest_pending_job is None:
        return None, ""
    oldest, seconds = data.status.oldest_pending_job, data.status.oldest_pending_age_seconds
    # A delayed job waits on purpose: only the time since it could have run counts.
    waited = (seconds or 0) - max(0, oldest.available_at - oldest.created_at)
    return (waited if waited >= 0 else None), oldest.queue


def _totals(data: HomeData, ctx: Context) -> list[Block]:
    """The oldest eligible job with its alarm, the five totals, and each queue."""
    texts = ctx.texts
    if data.status is None:
        return [section(texts("home-uncounted"))]
    waited, queue = _oldest(data)
    late = waited is not None and waited > ctx.oldest_seconds
    many = data.status.failed_jobs_count > ctx.failed_count
    delayed = None if data.waiting is None else sum(one.count for one in data.waiting.delayed)
    oldest = texts("home-none-waits")
    if waited is not None:
        key = "home-oldest-late" if late else "home-oldest"
        oldest = texts(key, age=age(waited, texts), queue=queue_name(queue))
    failed = texts("home-many" if many else "home-some", count=data.status.failed_jobs_count)
    groups = None if data.errors is None else data.errors.count
    facts = [
        ("oldest", oldest),
        ("failed", failed),
        ("pending", _sum(data.status.pending_jobs, ctx)),
        ("reserved", _sum(data.status.reserved_jobs, ctx)),
        *([] if delayed is None else [("delayed", escape(texts.number(delayed)))]),
        *([] if groups is None else [("groups", escape(texts.number(groups)))]),
    ]
    shown = [join("\n", (texts(f"home-{name}-label"), value)) for name, value in facts]
    blocks = [section(texts("home-totals")), fields(shown)]
    notes = [texts("home-late-note", limit=age(ctx.oldest_seconds, texts))] if late else []
    notes += [texts("status-failed-alarm", limit=ctx.failed_count)] if many else []
    return [*blocks, *sections(notes), *_queues(data, ctx)]


def _sum(counts: Sequence[QueueCount], ctx: Context) -> Mrkdwn:
    return escape(ctx.texts.number(sum(one.count for one in counts)))


def _queues(data: HomeData, ctx: Context) -> list[Block]:
    """A field a queue, the busiest first."""
    if data.status is None:
        return []
    every = [data.status.pending_jobs, data.status.reserved_jobs]
    every.append(() if data.waiting is None else data.waiting.delayed)
    pending, reserved, delayed = ({one.queue: one.count for one in part} for part in every)
    names = sorted(
        pending.keys() | reserved.keys(),
        key=lambda name: (-pending.get(name, 0) - reserved.get(name, 0), name),
    )
    if not names:
        return []
    shown = []
    for name in names[:QUEUES]:
        counts = [
            ctx.texts("home-queue-pending", count=pending.get(name, 0)),
            ctx.texts("home-queue-reserved", count=reserved.get(name, 0)),
        ]
        if delayed.get(name):
            counts.append(ctx.texts("home-queue-delayed", count=delayed[name]))
        shown.append(join("\n", (queue_name(name), dots(*counts))))
    hidden = len(names) - len(shown)
    more = [context_line(ctx.texts("status-more-queues", count=hidden))] if hidden > 0 else []
    return [section(ctx.texts("home-queues")), fields(shown), *more]


def _groups(data: HomeData, ctx: Context) -> Sequence[Block]:
    """What fails, by cause, with Retry group."""
    if data.errors is None:
        return [section(ctx.texts("home-errors-late"))]
    return _error_blocks(data.errors, data, ctx)


def _error_blocks(found: ErrorGroups, data: HomeData, ctx: Context) -> Sequence[Block]:
    listed = ErrorsListed(arguments={"limit": GROUPS}, after=0, indexing=data.indexing)
    return error_list(found, listed, ctx).blocks


def _failed(data: HomeData, ctx: Context) -> Sequence[Block]:
    """The newest failed jobs, each with Retry."""
    if data.failed is None:
        return [section(ctx.texts("home-failed-late"))]
    return failed_list(data.failed, Listed(row_digests=data.row_digests, arguments={}), ctx).blocks


def _apart(blocks: Sequence[Block]) -> list[Block]:
    """The blocks without a `block_id` that stands twice, as two messages in one view may have."""
    seen: set[str] = set()
    apart: list[Block] = []
    for block in blocks:
        name = block.get("block_id")
        twice = name in seen
        seen |= set() if name is None else {name}
        apart.append({k: v for k, v in block.items() if k != "block_id"} if twice else block)
    return apart
