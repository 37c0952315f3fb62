"""`/queue history`: show the audit log, page by page.

Arguments limit the records to one person, one job, one order, one shop or another subject.
"""

from datetime import timedelta

from pydantic import Field

from bot.app.argument_types import OneId, Order, Since
from bot.app.command import LARGEST_ID, ROWS_FORM, Arguments, Command, Result
from bot.app.filters import begin
from bot.app.parsing import command_names
from bot.app.people import actors_named
from bot.app.subjects import subject_key, subject_values
from bot.app.work import Work
from bot.commands.find import read_story
from bot.models.audit import AuditLine
from bot.models.command_help import HelpTopic
from bot.models.refusals import ChangeNotFound
from bot.models.requests import Message, Modal
from bot.models.roles import Role
from bot.models.story import Retries
from bot.models.subjects import SubjectKey
from bot.models.value import Value
from bot.store.audit import audit_log, history, story, subject_history
from bot.text.day_names import NamedDay
from bot.views.audit.records import history_message, record_detail
from bot.views.audit.story import retries_line
from bot.views.context import Context

LINES = 50
MOST = 200
_UNITS = (("d", timedelta(days=1)), ("h", timedelta(hours=1)), ("m", timedelta(minutes=1)))


class HistoryArguments(Arguments):
    """Filters by subject, job, person, command and time.

    `job`: the id of a job or a failed job. `user`: a mention or a name. `since`: the maximum age
    or the first day. `before`: the last record of the previous page. `record`: the number of a
    sealed record, which is shown in full.
    """

    takes_subjects = True

    order: Order | None = Field(default=None, json_schema_extra={"form": "ORDER"})
    tienda: Order | None = Field(default=None, json_schema_extra={"form": "ID", "alias": "shop"})
    job: int | None = Field(default=None, ge=1, le=LARGEST_ID, json_schema_extra={"form": "ID"})
    user: str | None = Field(default=None, max_length=64, json_schema_extra={"form": "@NAME"})
    action: str | None = Field(default=None, max_length=32, json_schema_extra={"form": "COMMAND"})
    since: Since | None = Field(default=None, json_schema_extra={"form": "24h"})
    record: OneId | None = Field(default=None, json_schema_extra={"form": "12"})
    limit: int = Field(default=LINES, ge=1, le=MOST, json_schema_extra=ROWS_FORM)
    before: int | None = Field(
        default=None, ge=1, le=LARGEST_ID, json_schema_extra={"internal": True}
    )


class History(Value):
    """The audit records, newest first."""

    records: tuple[AuditLine, ...]
    count: int


class HistoryExtra(Value):
    """The arguments of the next page, and whether a next page exists.

    For a subject or a job, also the number of its retries and the outcomes of the retries. `whole`:
    the person typed a limit, so the answer shows all records up to this limit.
    """

    arguments: dict[str, str | int]
    more: bool
    whole: bool = False
    retries: Retries | None = None


class HistoryResult(Result):
    """The recorded changes and refusals."""

    data: History
    extra: HistoryExtra


def run(work: Work, args: HistoryArguments) -> HistoryResult:
    """Read one page; the first page of a subject or job also has the outcomes of its retries."""
    if args.record is not None:
        return _one(work, args.record)
    record_filter = history.HistoryFilter(
        actors=None if args.user is None else actors_named(work, args.user),
        action=_action_name(work, args.action),
        job=args.job,
        subject=_subject(work, args),
        since=None if args.since is None else begin(work, args.since),
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
            whole="limit" in args.model_fields_set,
            retries=_retries(work, args) if args.before is None else None,
        ),
    )


def _one(work: Work, number: int) -> HistoryResult:
    """Return one sealed record; raises `ChangeNotFound`."""
    rows = audit_log.sealed(work.connection, [number])
    if not rows:
        raise ChangeNotFound(word=f"#{number}")
    lines = tuple(audit_log.line(row.record, row.seq, row.hash) for row in rows)
    extra = HistoryExtra(arguments={"record": number}, more=False)
    return HistoryResult(data=History(records=lines, count=1), extra=extra)


def _action_name(work: Work, word: str | None) -> str | None:
    """Return the name under which a command is recorded; `word` is its name or an alias."""
    return None if word is None else command_names(work.setup.commands).get(word, word)


def _subject(work: Work, args: HistoryArguments) -> SubjectKey | None:
    """Return the subject in the arguments, if any; several subjects are refused."""
    if args.order is None and args.tienda is None and not subject_values(args):
        return None
    return subject_key(work.setup.commands[COMMAND.name], args)


def _retries(work: Work, args: HistoryArguments) -> Retries | None:
    if (key := _subject(work, args)) is not None:
        return read_story(work, key).retries
    if args.job is None:
        return None
    known = subject_history.of_job(work.connection, work.queue, args.job, work.setup.actions)
    return story.retries(story.fates(known, (), complete=False))


def _written(age: timedelta | NamedDay) -> str:
    """Return an age in the largest unit that gives a whole number, or the name of a day."""
    if isinstance(age, NamedDay):
        return age.value
    for word, unit in _UNITS:
        if not age % unit:
            return f"{age // unit}{word}"
    return f"{age // timedelta(seconds=1)}s"


def view(result: HistoryResult, context: Context) -> Message | Modal:
    """Show one line per record and a button for older records, or show one record in full."""
    extra = result.extra
    if "record" in extra.arguments:
        return record_detail(result.data.records[0], context)
    summary = retries_line(extra.retries or Retries(), context)
    return history_message(
        result.data.records,
        summary,
        extra.arguments,
        context,
        more=extra.more,
        whole=extra.whole,
    )


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
