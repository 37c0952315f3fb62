"""Who is told again of what is open, and how often: a handful of calls, however much goes wrong.

Each call is heard by people who see to another one already, so all incidents share a number of
them; the largest comes first, and the others follow.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, RowMapping

from bot.app.command import Setup
from bot.app.responses import channel_context
from bot.background.incidents import message
from bot.store.incidents import incidents

MINUTE = timedelta(minutes=1)
"""Of one incident nobody is called twice within this, however fast it grows."""
CALLS = 5
"""So many incidents are escalated within a minute."""
TENFOLD = 10
FEW = 10
"""Tenfold counts from no less: ten failures where there was one are no other matter."""


def post(setup: Setup, connection: Connection, rows: Sequence[RowMapping], now: datetime) -> None:
    """Post what has no message: its mute has ended, or somebody deleted it.

    No more in a minute than are opened in one.
    """
    if rows:
        room = setup.alerts_per_minute - incidents.posted_since(connection, now - MINUTE)
        for row in _largest(rows)[: max(0, room)]:
            # Whoever deleted its message was called before.
            message.post(setup, connection, row["id"], now, call=not row["told"])


def call(setup: Setup, connection: Connection, rows: Sequence[RowMapping], now: datetime) -> None:
    """Call in the threads of posted incidents that nobody sees to, or that have become tenfold.

    For growth once a minute, and only where nobody was called within it.
    """
    due = [row for row in rows if row["acknowledged_at"] is None and _may_call(row, now)]
    grown = _largest([row for row in due if is_grown(row, now)])
    unseen = _largest([row for row in due if _is_unseen(setup, row, now)])
    if not grown and not unseen:
        return
    lately = incidents.escalated_since(connection, now - MINUTE)
    first = grown[:1] if lately == 0 else []
    chosen = [*first, *(row for row in unseen if row not in first)]
    for row in chosen[: max(0, CALLS - lately)]:
        _escalate(setup, connection, row, now, grown=row in grown)


def _largest(rows: Sequence[RowMapping]) -> list[RowMapping]:
    return sorted(rows, key=lambda row: (-message.figure(row), row["id"]))


def _since(row: RowMapping) -> datetime:
    """Since when people know of it."""
    since: datetime = max(row["posted_at"], row["reopened_at"] or row["posted_at"])
    return since


def _may_call(row: RowMapping, now: datetime) -> bool:
    return now - (row["escalated_at"] or _since(row)) >= MINUTE


def is_grown(row: RowMapping, now: datetime) -> bool:
    """Whether it is ten times what was told last, and became so only just now."""
    grown = message.figure(row) >= TENFOLD * max(FEW, row["told"])
    return grown and bool(now - row["last_at"] <= MINUTE)


def _is_unseen(setup: Setup, row: RowMapping, now: datetime) -> bool:
    """Whether nobody has been called again though it was told of long ago."""
    long = timedelta(seconds=setup.alerting.escalate_seconds)
    return row["escalations"] == 0 and now - _since(row) >= long


def is_to_be_told(setup: Setup, row: RowMapping, now: datetime) -> bool:
    """Whether people are still to be told of it, once those before it were."""
    if row["acknowledged_at"] is not None or setup.alert_channel is None:
        return False
    return row["posted_at"] is None or _is_unseen(setup, row, now)


def _escalate(
    setup: Setup, connection: Connection, row: RowMapping, now: datetime, *, grown: bool
) -> None:
    said = message.escalated(row, now, channel_context(setup, now), grown=grown)
    message.answer(setup, connection, row, said, now, call=True)
    told = {"escalations": row["escalations"] + 1, "escalated_at": now, "told": message.figure(row)}
    incidents.note(connection, row["id"], **told, stale=True)
