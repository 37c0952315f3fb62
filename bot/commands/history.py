"""`/queue history`: the audit log of everybody, one person, one job or one order, in pages."""

from datetime import timedelta

from pydantic import Field

from bot.app.argument_types import Age, Order
from bot.app.command import LARGEST_ID, Arguments, Command, Result, Work
from bot.app.parsing import command_names
from bot.commands.find import read_story
from bot.models.command_help import HelpTopic
from bot.models.jobs import Value
from bot.models.operations import AuditLine
from bot.models.requests import Message
from bot.models.roles import Role
from bot.models.story import Retries
from bot.queue.search import OrderKey
from bot.store.audit import audit_log, history, orders, story
from bot.views.audit.records import history_message
from bot.views.audit.story import retries_line
from bot.views.context import Context

LINES = 50
MOST = 200
_UNITS = (("d", timedelta(days=1)), ("h", timedelta(hours=1)), ("m", timedelta(minutes=1)))


class HistoryArguments(Arguments):
    """One order, job, person, command or time; `before` is the last record of the previous page.

    `job` is a job's or a failed job's id, `user` a mention or a terminal's name, `since` the
    maximum age.
    """

    order: Order | None = Field(default=None, json_schema_extra={"form": "ORDER"})
    job: int | None = Field(default=None, ge=1, le=LARGEST_ID, json_schema_extra={"form": "ID"})
    user: str | None = Field(default=None, max_length=64, json_schema_extra={"form": "@NAME"})
    action: str | None = Field(default=None, max_length=32, json_schema_extra={"form": "COMMAND"})
    since: Age | None = Field(default=None, json_schema_extra={"form": "24h"})
    limit: int = Field(default=LINES, ge=1, le=MOST)
    before: int | None = Field(
        default=None, ge=1, le=LARGEST_ID, json_schema_extra={"internal": True}
    )


class History(Value):
    """The records, newest first."""

    records: tuple[AuditLine, ...]
    count: int


class HistoryExtra(Value):
    """The arguments of the next page, and whether there is one.

    For one order or job also its number of retries and their outcomes.
    """

    arguments: dict[str, str | int]
    more: bool
    retries: Retries | None = None


class HistoryResult(Result):
    """The changes and refusals."""

    data: History
    extra: HistoryExtra


def run(work: Work, args: HistoryArguments) -> HistoryResult:
    """Read one page, and with the first page of an order or job the outcomes of its retries."""
    record_filter = history.HistoryFilter(
        actor=args.user,
        action=_action_name(work, args.action),
        job=args.job,
        order=args.order,
        since=None if args.since is None else work.now - args.since,
        before=args.before,
    )
    rows = history.newest(work.connection, record_filter, args.limit + 1)
    lines = tuple(audit_log.line(row, row["seq"]) for row in rows[: args.limit])
    arguments = args.model_dump(exclude_none=True, exclude={"before", "since"})
    if args.since is not None:
        arguments["since"] = _written(args.since)
    return HistoryResult(
        data=History(records=lines, count=len(lines)),
        extra=HistoryExtra(
            arguments=arguments,
            more=len(rows) > args.limit,
            retries=_retries(work, args) if args.before is None else None,
        ),
    )


def _action_name(work: Work, word: str | None) -> str | None:
    """Return the recorded name of a command for its name or an alias."""
    return None if word is None else command_names(work.setup.commands).get(word, word)


def _retries(work: Work, args: HistoryArguments) -> Retries | None:
    if args.order is not None:
        return read_story(work, OrderKey(args.order)).retries
    if args.job is None:
        return None
    known = orders.of_job(work.connection, work.queue, args.job, work.setup.actions)
    return story.retries(story.fates(known, (), complete=False))


def _written(age: timedelta) -> str:
    """Return an age as people type it, in the largest unit with a whole number."""
    for word, unit in _UNITS:
        if not age % unit:
            return f"{age // unit}{word}"
    return f"{age // timedelta(seconds=1)}s"


def view(result: HistoryResult, context: Context) -> Message:
    """Show a line per record, with a button for older records."""
    extra = result.extra
    summary = retries_line(extra.retries or Retries(), context)
    return history_message(result.data.records, summary, extra.arguments, context, more=extra.more)


COMMAND = Command(
    name="history",
    arguments=HistoryArguments,
    role=Role.VIEWER,
    result=HistoryResult,
    run=run,
    view=view,
    aliases=("audit",),
    topic=HelpTopic.ADMINISTRATION,
    examples=(
        "history order=803193",
        "history user=@ana since=24h",
    ),
)
