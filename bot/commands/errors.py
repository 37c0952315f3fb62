"""`/queue errors`: show error groups, and which error groups are still failing."""

from datetime import timedelta

from pydantic import Field, field_validator

from bot.app.argument_types import Since
from bot.app.command import ROWS_FORM, Arguments, Command, Result
from bot.app.filters import begin
from bot.app.known_queue import require_known
from bot.app.work import Work
from bot.models.error_groups import ErrorGroups, ErrorsListed
from bot.models.requests import Message
from bot.models.roles import Role
from bot.queue.layouts import LONGEST_QUEUE
from bot.store.failures import error_group_reads, error_group_sums
from bot.store.failures.backfill import backfill_left
from bot.store.failures.zone_offset import require_right_zone
from bot.text.day_names import NamedDay
from bot.views.context import Context
from bot.views.failures.error_groups import error_list
from bot.wall_clock import unix

MOST = 50


class ErrorsArguments(Arguments):
    """The queue and the period; `after` is the number of error groups on earlier pages."""

    queue: str | None = Field(
        default=None, max_length=LONGEST_QUEUE, json_schema_extra={"form": "NAME"}
    )
    since: Since | None = Field(default=None, json_schema_extra={"form": "24h"})
    limit: int = Field(default=10, ge=1, le=MOST, json_schema_extra=ROWS_FORM)
    after: int = Field(default=0, ge=0, le=100_000, json_schema_extra={"internal": True})

    @field_validator("since")
    @classmethod
    def _no_longer_than_hours_are_kept(
        cls, since: timedelta | NamedDay | None
    ) -> timedelta | NamedDay | None:
        if isinstance(since, timedelta) and since > error_group_sums.LONGEST_SINCE:
            raise ValueError("since:7d")
        return since


class ErrorsResult(Result):
    """One page of error groups."""

    data: ErrorGroups
    extra: ErrorsListed


def run(work: Work, args: ErrorsArguments) -> ErrorsResult:
    """Read one page of error groups."""
    if args.since is not None:
        require_right_zone(work.connection, work.queue)
    began = None if args.since is None else begin(work, args.since)
    since = None if began is None else work.now - began
    within = error_group_sums.window(work.queue, work.now, args.queue, since)
    arguments: dict[str, str | int] = {"limit": args.limit}
    if args.queue is not None:
        arguments["queue"] = args.queue
    if args.since is not None:
        arguments["since"] = (
            f"{args.since // timedelta(minutes=1)}m"
            if isinstance(args.since, timedelta)
            else args.since.value
        )
    groups = error_group_reads.groups(work.connection, within, args.limit, args.after)
    if not groups.count:
        require_known(work, args.queue)
    return ErrorsResult(
        data=groups,
        extra=ErrorsListed(
            arguments=arguments,
            after=args.after,
            indexing=backfill_left(work.connection),
            whole="limit" in args.model_fields_set,
            asked=None if began is None else work.queue.human(unix(began)),
        ),
    )


def view(result: ErrorsResult, context: Context) -> Message:
    """Show each error group with its counts, a bar, Details and, if permitted, Retry group."""
    return error_list(result.data, result.extra, context)


COMMAND = Command(
    name="errors",
    arguments=ErrorsArguments,
    role=Role.VIEWER,
    result=ErrorsResult,
    run=run,
    view=view,
    examples=(
        "errors since=24h",
        "errors queue=netsuite",
        "errors limit=50",
    ),
)
