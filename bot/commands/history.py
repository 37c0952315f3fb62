"""`/queue history`: the newest audit records, of everybody, one person or one job."""

from pydantic import Field

from bot.ledger import audit, history
from bot.ledger.model import AuditLine
from bot.model import Message, Role
from bot.queue.model import Value
from bot.registry import LARGEST_ID, Arguments, Command, Result, Work
from bot.views.audit import history_message
from bot.views.context import Context

LINES = 50


class HistoryArguments(Arguments):
    """One job's or failed job's id, or one person (a mention, or a terminal's name)."""

    job: int | None = Field(default=None, ge=1, le=LARGEST_ID, json_schema_extra={"form": "ID"})
    user: str | None = Field(default=None, max_length=64, json_schema_extra={"form": "@NAME"})


class History(Value):
    """The records, newest first."""

    records: tuple[AuditLine, ...]
    count: int


class HistoryResult(Result):
    """What was done and refused."""

    data: History


def run(work: Work, args: HistoryArguments) -> HistoryResult:
    """Read the newest records."""
    wanted = history.Wanted(actor=args.user, job=args.job)
    rows = history.newest(work.connection, wanted, LINES)
    lines = tuple(audit.line(row) for row in rows)
    return HistoryResult(data=History(records=lines, count=len(lines)))


def view(result: HistoryResult, context: Context) -> Message:
    """One line a record."""
    return history_message(result.data.records, context)


COMMAND = Command(
    name="history",
    arguments=HistoryArguments,
    role=Role.VIEWER,
    result=HistoryResult,
    run=run,
    view=view,
)
