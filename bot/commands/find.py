"""`/queue find 803193`: show all events of one order, shop or another subject, oldest first."""

from pydantic import Field

from bot.app.argument_types import Order
from bot.app.command import Arguments, Command, Result
from bot.app.subjects import subject_key
from bot.app.work import Work
from bot.models.job_batches import BATCH
from bot.models.jobs import QueueStatus
from bot.models.requests import Message
from bot.models.roles import Role
from bot.models.story import Queued, Story, SubjectValue
from bot.models.subjects import ORDER, SubjectKey
from bot.queue import search
from bot.store.audit import story, subject_history
from bot.store.failures import backfill, relabeling
from bot.store.metrics import samples
from bot.views.audit.story import story_message
from bot.views.context import Context


class FindArguments(Arguments):
    """The order or the shop; with both, the order in this shop."""

    takes_subjects = True

    order: Order | None = Field(default=None, json_schema_extra={"positional": "ORDER"})
    tienda: Order | None = Field(default=None, json_schema_extra={"form": "ID", "alias": "shop"})


class FindResult(Result):
    """All events of the subject."""

    data: Story


def run(work: Work, args: FindArguments) -> FindResult:
    """Read the bot's records of the subject, then search the jobs and the newest failures."""
    key = subject_key(work.setup.commands[COMMAND.name], args)
    return FindResult(data=read_story(work, key))


def read_story(work: Work, key: SubjectKey) -> Story:
    """Return the events of a subject, and the names of the parts that were not searched."""
    connection, queue = work.connection, work.queue
    # Read the cursor first. Otherwise a failure indexed meanwhile would be missed by both searches.
    indexed = subject_history.last_indexed(connection)
    known = subject_history.of_subject(connection, queue, key, work.setup.actions)
    new, in_time = search.failed_of_subject(connection, queue, key, indexed)
    jobs, searched = search.jobs_of(connection, queue, work.now, key, known.job_ids)
    searched = searched.model_copy(update={"in_time": searched.in_time and in_time})
    acts = story.fates(known, jobs, complete=searched.complete and in_time and not new)
    events = [
        *story.events(known, acts, queue, work.now),
        *story.just_failed(known, new),
        *(Queued(at=job.created_at, found=job) for job in jobs),
    ]
    sample = None if searched.complete else samples.latest(connection)
    is_batch = key.name == BATCH
    return Story(
        order_id=key.value if key.name == ORDER else None,
        tienda_id=key.tienda,
        subject=None if key.name == ORDER else SubjectValue(name=key.name, value=key.value),
        batch=queue.batches_of(connection, [key.value]).get(key.value) if is_batch else None,
        events=story.in_order(events),
        retries=story.retries(acts),
        jobs=searched,
        about=None if sample is None else _jobs_in(sample.status),
        more=known.more,
        failed_count=subject_history.failed_now(connection, key) if known.more else None,
        indexing=backfill.backfill_left(connection) or relabeling.is_needed(connection, queue),
    )


def _jobs_in(status: QueueStatus) -> int:
    return sum(queue.count for queue in (*status.pending_jobs, *status.reserved_jobs))


def view(result: FindResult, context: Context) -> Message:
    """Show one line per event, newest last, with Retry for failed jobs that still exist."""
    return story_message(result.data, context)


COMMAND = Command(
    name="find",
    arguments=FindArguments,
    role=Role.VIEWER,
    result=FindResult,
    run=run,
    view=view,
    examples=("find 803193", "find shop=12097"),
)
