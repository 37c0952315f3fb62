"""Filters of a bulk change, as people write them: `error=E12 queue=mail after=2h`."""

import re
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from bot.app.argument_types import GroupId, ManyIds, Order, When
from bot.app.people import zone_of
from bot.app.plans import BulkArguments
from bot.app.subjects import subject_values
from bot.app.work import Work
from bot.models.operations import Scope
from bot.store.failures import error_merges
from bot.text.day_names import NamedDay, start_of

MOST_ROWS = 10_000_000
MOST_CANARIES = 20
"""The maximum number of canary jobs; one transaction may retry this many jobs one by one."""


_RATE = re.compile(r"^(\d{1,6})(?:/(s|sec|min|m|h|hour))?$")
_A_MINUTE = {"s": 60.0, "sec": 60.0, "h": 1 / 60, "hour": 1 / 60}
MAX_RATE = 600_000


def _read_rate(value: object) -> int:
    match = _RATE.match(str(value).strip().lower())
    a_minute = -1.0 if match is None else int(match[1]) * _A_MINUTE.get(match[2] or "", 1.0)
    if not 0 <= a_minute <= MAX_RATE or 0 < a_minute < 1:
        raise ValueError(f"rate:{str(value)[:20]}")
    return int(a_minute)


JobsPerMinute = Annotated[int, BeforeValidator(_read_rate)]
"""A rate: `60`, `60/min`, `10/s`, `600/h`; 0 for no limit."""


class FilterArguments(BulkArguments):
    """The filter of failures by error, subject and time; selects the oldest, at most `limit`."""

    takes_subjects = True

    error: GroupId | None = Field(default=None, json_schema_extra={"form": "E12"})
    order: Order | None = Field(default=None, json_schema_extra={"form": "ORDER"})
    tienda: Order | None = Field(default=None, json_schema_extra={"form": "SHOP", "alias": "shop"})
    before: When | None = Field(default=None, json_schema_extra={"form": "2h"})
    after: When | None = Field(default=None, json_schema_extra={"form": "1d"})
    limit: int | None = Field(default=None, ge=1, le=MOST_ROWS, json_schema_extra={"form": "N"})


class RateArguments(BulkArguments):
    """The rate of retries and the number of canary jobs; 0 means no value."""

    rate: JobsPerMinute | None = Field(
        default=None, json_schema_extra={"form": "60/min", "alias": "pace", "least": 1}
    )
    canary: int | None = Field(
        default=None, ge=0, le=MOST_CANARIES, json_schema_extra={"form": "3"}
    )


def scope_of(work: Work, args: FilterArguments, ids: ManyIds | None = None) -> Scope:
    """Return the scope of the arguments at the current time."""
    group, merged = with_merged(work, args.error)
    return Scope(
        queue=args.queue,
        error_group=group,
        merged=merged,
        order_id=args.order,
        tienda_id=args.tienda,
        subjects=subject_values(args),
        failed_before=moment(work, args.before),
        failed_after=moment(work, args.after),
        ids=ids or (),
        limit=args.limit,
    )


def with_merged(work: Work, group: int | None) -> tuple[int | None, tuple[int, ...]]:
    """Return the group that includes `group`, and all groups that the returned group includes."""
    if group is None:
        return None, ()
    merges = error_merges.read(work.connection)
    whole = merges.whole(group)
    return whole, merges.members(whole)[1:]


def moment(work: Work, when: Any) -> datetime | None:
    """Return `when` as a time in the queue's zone; a `timedelta` is an age before now."""
    if isinstance(when, timedelta | NamedDay):
        when = work.queue.wall_clock(begin(work, when))
    # Views show whole seconds, and both databases compare whole seconds.
    return when.replace(microsecond=0) if isinstance(when, datetime) else None


def begin(work: Work, since: timedelta | NamedDay) -> datetime:
    """Return the start of a period in naive UTC; a named day starts in the person's time zone."""
    if isinstance(since, timedelta):
        return work.now - since
    return start_of(since, work.now, zone_of(work.setup, work.invocation))


def is_filtered(args: FilterArguments) -> bool:
    """Return whether the arguments have a filter other than ids."""
    names = FilterArguments.model_fields.keys() - {"plan", "typed"}
    has_own = any(getattr(args, name) is not None for name in names)
    return has_own or bool(subject_values(args))
