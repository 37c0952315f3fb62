"""`/queue merge E12 into=E15`: two error groups have one cause. `into=no` ends a merge."""

from typing import Annotated, Self

from pydantic import BeforeValidator, Field, TypeAdapter, model_validator

from bot.app.argument_types import GroupId
from bot.app.command import Arguments, Command, Effect, Result
from bot.app.work import Work
from bot.models.error_groups import MergeDetails
from bot.models.refusals import AlreadyMerged, ErrorGroupNotFound, NotMerged
from bot.models.requests import Message, Source
from bot.models.roles import Role
from bot.store import leases
from bot.store.failures import error_group_reads, error_group_sums, error_groups, error_merges
from bot.views.context import Context
from bot.views.failures.merges import merge_answer, merge_visible

_GROUP: TypeAdapter[int] = TypeAdapter(GroupId)


def _read_into(value: object) -> int | None:
    """Return the group's number, or None for `no`, which ends the merge."""
    return None if str(value).strip().casefold() == "no" else _GROUP.validate_python(value)


class MergeArguments(Arguments):
    """The group, and the group `into` that will include its failures; `no` ends the merge.

    In Slack, a person confirms with a button of the preview.
    """

    error: GroupId = Field(json_schema_extra={"positional": "E12"})
    into: Annotated[int | None, BeforeValidator(_read_into)] = Field(
        json_schema_extra={"form": "E15|no", "alias": "merge"}
    )
    confirmed: bool = Field(default=False, json_schema_extra={"internal": True})

    @model_validator(mode="after")
    def _two_groups(self) -> Self:
        if self.error == self.into:
            raise ValueError("merge-itself:")
        return self


class MergeResult(Result):
    """The two groups, and the state of the merge: previewed, begun or ended."""

    data: MergeDetails


def run(work: Work, args: MergeArguments) -> MergeResult:
    """Preview, begin or end a merge.

    Raises `ErrorGroupNotFound`, `AlreadyMerged` or `NotMerged`.
    """
    # Two merges at the same time must not merge two groups into each other.
    leases.lock_lease(work.connection, "failures")
    current = error_merges.find(work.connection, args.error)
    if args.into is None:
        if current is None:
            _require(work, args.error)
            raise NotMerged(id=f"E{args.error}")
        details = _details(work, args.error, current.into, "ended")
        error_merges.end(work.connection, args.error)
        return _result(details, f"{details.error} is a separate group again", args)
    merges = error_merges.read(work.connection)
    into = merges.whole(args.into)
    if current is not None or into == args.error:
        # If E15 is already merged into E12, E12 cannot be merged into E15.
        part, whole = (args.error, merges.whole(args.error)) if current else (args.into, into)
        known = current or error_merges.find(work.connection, args.into)
        by, at = (None, None) if known is None else (known.by, known.at)
        raise AlreadyMerged(id=f"E{part}", into=f"E{whole}", by=by, at=at)
    details = _details(work, args.error, into, "preview")
    if not args.confirmed and work.invocation.actor.source is not Source.TERMINAL:
        return MergeResult(data=details, outcome=None)
    by = work.invocation.actor.user
    error_merges.begin(work.connection, args.error, into, by, work.now)
    merged = details.model_copy(update={"state": "merged"})
    return _result(merged, f"Merged {details.error} into {details.into}", args)


def _result(details: MergeDetails, message: str, args: MergeArguments) -> MergeResult:
    recorded = {
        "error": details.error,
        "into": "no" if args.into is None else details.into,
        "confirmed": None,
    }
    return MergeResult(message=message, data=details, recorded=recorded)


def _require(work: Work, *groups: int) -> dict[int, str]:
    names = error_groups.names_of(work.connection, groups)
    for group in groups:
        if group not in names:
            raise ErrorGroupNotFound(id=f"E{group}")
    return names


def _details(work: Work, group: int, into: int, state: str) -> MergeDetails:
    """Return both groups with their failed jobs, as counted before this change."""
    names = _require(work, group, into)
    within = error_group_sums.window(work.queue, work.now, None, None)
    failed, into_failed = (
        error_group_reads.failed_of(work.connection, within, one) for one in (group, into)
    )
    return MergeDetails.model_validate(
        {
            "error": f"E{group}",
            "name": names[group],
            "failed": failed,
            "into": f"E{into}",
            "into_name": names[into],
            "into_failed": into_failed,
            "state": state,
        }
    )


def view(result: MergeResult, context: Context) -> Message:
    """Return the preview with its button, or the result of beginning or ending the merge."""
    return merge_answer(result.data, context)


def visible(result: MergeResult, context: Context) -> Message | None:
    """Return the channel's message, which shows the merge and the person who merged."""
    return None if result.data.state == "preview" else merge_visible(result.data, context)


COMMAND = Command(
    name="merge",
    arguments=MergeArguments,
    role=Role.OPERATOR,
    result=MergeResult,
    run=run,
    view=view,
    visible=visible,
    effect=Effect.CHANGE,
    when_frozen=True,
    examples=("merge E12 into=E15", "merge E12 into=no"),
)
