"""`/queue find 803193`: everything about one order, in the order of time."""

from pydantic import Field

from bot.app.command import Arguments, Command, Result, Work
from bot.app.parsing import LONGEST_ORDER, Order
from bot.models.jobs import QueueStatus
from bot.models.requests import Message
from bot.models.roles import Role
from bot.models.story import Queued, Story
from bot.queue import search
from bot.queue.search import OrderKey
from bot.store.audit import orders, story
from bot.store.failures import index
from bot.store.metrics import samples
from bot.views.audit.story import story_message
from bot.views.context import Context


class FindArguments(Arguments):
    """Which order, and of which shop where several have such an order."""

    order: Order = Field(json_schema_extra={"positional": "ORDER"})
    tienda: str | None = Field(
        default=None, max_length=LONGEST_ORDER, json_schema_extra={"form": "ID"}
    )


class FindResult(Result):
    """The story of the order, whole."""

    data: Story


def run(work: Work, args: FindArguments) -> FindResult:
    """Read what the bot's tables know, then look for jobs and for what has just failed."""
    return FindResult(data=tell(work, OrderKey(args.order, args.tienda)))


def tell(work: Work, sought: OrderKey) -> Story:
    """The story of an order; what was not looked at, it says."""
    connection, queue = work.connection, work.queue
    # First, so that what is being indexed meanwhile is found there or here.
    indexed = orders.last_indexed(connection)
    known = orders.of_order(connection, queue, sought, work.setup.actions)
    new, in_time = search.failed_of_order(connection, queue, sought, indexed)
    jobs, looked = search.jobs_of(connection, queue, work.now, sought, known.job_ids)
    looked = looked.model_copy(update={"in_time": looked.in_time and in_time})
    acts = story.fates(known, jobs, complete=looked.complete and in_time and not new)
    events = [
        *story.events(known, acts, queue, work.now),
        *story.just_failed(known, new),
        *(Queued(at=job.created_at, found=job) for job in jobs),
    ]
    sample = None if looked.complete else samples.latest(connection)
    return Story(
        order_id=sought.order,
        tienda_id=sought.tienda,
        events=story.in_order(events),
        retries=story.retries(acts),
        jobs=looked,
        about=None if sample is None else _jobs_in(sample.status),
        more=known.more,
        indexing=index.backfill_left(connection),
    )


def _jobs_in(status: QueueStatus) -> int:
    return sum(one.count for one in (*status.pending_jobs, *status.reserved_jobs))


def view(result: FindResult, context: Context) -> Message:
    """A line an event, the newest last, with the buttons of what can still be retried."""
    return story_message(result.data, context)


COMMAND = Command(
    name="find",
    arguments=FindArguments,
    role=Role.VIEWER,
    result=FindResult,
    run=run,
    view=view,
    examples=("find 803193",),
)
