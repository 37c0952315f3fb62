"""The life of incidents: opened, updated in place, escalated in the thread, recovered, reopened.

Whoever is told is told by a message of its own: the first, or one in its thread. Everything else is
an edit. What happens to a muted incident is written down all the same; where it is still open when
the mute ends, it is posted then.
"""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, RowMapping

from bot.app.command import Setup
from bot.app.responses import channel_context
from bot.background.incidents import escalation, message
from bot.background.incidents.reading import Sign
from bot.background.leader import leader_transaction
from bot.background.operations.progress import counted
from bot.models.alert_rules import CONDITIONS, GROUP
from bot.models.incidents import Mute
from bot.store.deltas import incident_deltas
from bot.store.incidents import incidents, mutes, queue_activity, retry_activity
from bot.store.incidents.assignment import move_left
from bot.store.incidents.incidents import Opened, Subject
from bot.store.incidents.retry_activity import UNKNOWN, Bulk, Figures
from bot.store.leases import Lease
from bot.store.operations import operations
from bot.store.operations.retries import outcomes

AT_ONCE = 500
"""Open incidents that are looked at in one pass; where there are more, they take turns."""
QUIET_AFTER = timedelta(hours=1)
LONGEST_PATIENCE = timedelta(minutes=15)
MINUTE = timedelta(minutes=1)
REDRAWN_EVERY = timedelta(seconds=30)
"""A figure that moves with each look does not take the whole budget for edits."""


def tell_opened(setup: Setup, connection: Connection, opened: Opened, now: datetime) -> None:
    """Post what was opened; where it has a message, say in its thread that it is back."""
    row = incidents.by_id(connection, opened.id)
    if row is None or opened.state == "open" or _is_dealt_with(row):
        return
    until = _mute_of(connection, row, now)
    if until is not None:
        incidents.note(connection, row["id"], muted_until=until)
    elif row["posted_at"] is None:
        message.post(setup, connection, row["id"], now, call=True)
    elif opened.state == "reopened":
        context = channel_context(setup, now)
        said = message.reopened(row, opened.closed_at or now, now, context)
        message.answer(setup, connection, row, said, now, call=True)
        incidents.note(connection, row["id"], told=message.figure(row))


def _mute_of(connection: Connection, row: RowMapping, now: datetime) -> datetime | None:
    """Until when the incident is muted, as the mutes say it: its row may be a pass behind."""
    return mutes.muted_until(
        connection, now, kind=row["kind"], queue=row["queue"], error_group=row["error_group"]
    )


def _is_dealt_with(row: RowMapping) -> bool:
    """Whether all of its failures were gone before anybody was told: there is nothing to do."""
    return row["kind"] not in CONDITIONS and incidents.still_failed(row) == 0


def observe(setup: Setup, connection: Connection, signs: Sequence[Sign], now: datetime) -> None:
    """Let the incidents of what is watched follow a look's signs, in the caller's transaction.

    The caller has fenced it. A bad sign opens an incident, or keeps it open; one that is clear for
    `recover_seconds` ends it; between the two nothing changes, and without a sign neither: whoever
    looks gives a sign for each incident that is open (`incidents.open_ones`).
    """
    known = incidents.open_of(connection, [sign.subject for sign in signs])
    room = setup.alerts_per_minute - incidents.opened_since(connection, now - MINUTE, CONDITIONS)
    for sign in signs:
        row = known.get(sign.subject)
        if row is not None:
            _follow(setup, connection, row, sign, now)
        elif sign.bad and room > 0:
            # What finds no room now is as bad at the next look.
            room -= 1
            _begin(setup, connection, sign, now)


def _begin(setup: Setup, connection: Connection, sign: Sign, now: datetime) -> None:
    subject = Subject(sign.kind, sign.subject, sign.queue)
    opened = incidents.open_or_reopen(connection, subject, now)
    row = incidents.by_id(connection, opened.id)
    again = row is not None and opened.state == "reopened"
    worst = max(sign.value, row["worst"] or 0) if row is not None and again else sign.value
    values = _seen(sign) | {"worst": worst}
    if opened.state == "opened":
        values["before"] = queue_activity.before(connection, sign.queue, now)
    incidents.note(connection, opened.id, **values)
    tell_opened(setup, connection, opened, now)


def _seen(sign: Sign) -> dict[str, object]:
    return {"value": sign.value, "facts": json.dumps(dict(sign.facts), ensure_ascii=False)}


def _follow(
    setup: Setup, connection: Connection, row: RowMapping, sign: Sign, now: datetime
) -> None:
    """One look more at something that an incident is open about."""
    drawn = row["drawn_at"]
    values = _seen(sign)
    moved = any(row[name] != value for name, value in values.items())
    values["worst"] = max(sign.value, row["worst"] or 0)
    if moved and (drawn is None or drawn <= now - REDRAWN_EVERY):
        values["stale"] = True
    if sign.bad:
        values |= {"last_at": now, "clear_since": None}
    elif sign.clear:
        since = row["clear_since"] or now
        values["clear_since"] = since
        if now - since >= patience(setup, row["reopened"]):
            incidents.note(connection, row["id"], **values)
            found = queue_activity.since(connection, row, since, now)
            _recover(setup, connection, row, now, found.figures, alone=found.alone)
            return
    incidents.note(connection, row["id"], **values)


def patience(setup: Setup, reopened: int) -> timedelta:
    """How long nothing may be wrong before it is over: longer each time that it came back.

    So what comes and goes is told of less and less.
    """
    first = timedelta(seconds=setup.alerting.recover_seconds)
    # After ten times twofold it is the longest anyway, and no number grows for ever.
    grown: timedelta = first * 2 ** min(reopened, 10)
    return max(first, min(grown, LONGEST_PATIENCE))


def live_once(setup: Setup, lease: Lease) -> int:
    """Let every open incident have its time; returns how many were looked at.

    What was booked of their failures is folded first.
    """

    def work(connection: Connection) -> int:
        now = setup.clock(connection)
        fold(connection, now)
        rows_open = incidents.in_turn(connection, AT_ONCE)
        if rows_open:
            muted = mutes.current(connection, now)
            waits = retry_activity.unsettled(connection)
            loud = [
                row
                for row in rows_open
                if _live(setup, connection, row, now, muted, settled=row["id"] not in waits)
            ]
            escalation.post(setup, connection, [row for row in loud if not row["posted_at"]], now)
            escalation.call(setup, connection, [row for row in loud if row["posted_at"]], now)
        return len(rows_open)

    return leader_transaction(setup, lease, work)


def fold(connection: Connection, now: datetime) -> None:
    """Add to incidents what was booked of their failures; the caller has fenced it."""
    for incident in incident_deltas.fold(connection):
        _come_back(connection, incident, now)


def _come_back(connection: Connection, incident: int, now: datetime) -> None:
    """Failures of it are there again: it is open, or they belong to what is open about them."""
    row = incidents.by_id(connection, incident)
    if row is None or row["open_subject"] is not None:
        return
    other = incidents.by_subject(connection, row["subject"])
    if other is None:
        incidents.open_as_before(connection, incident, now)
        return
    moved = move_left(connection, incident, other["id"])
    incidents.add(connection, incident, -moved)
    incidents.add(connection, other["id"], moved)


def _live(
    setup: Setup,
    connection: Connection,
    row: RowMapping,
    now: datetime,
    muted: Sequence[Mute],
    *,
    settled: bool,
) -> bool:
    """End an open incident whose time has come; whether it is one that people are told of."""
    until = _muted_until(row, muted)
    if until != row["muted_until"]:
        incidents.note(connection, row["id"], muted_until=until, stale=True)
    of_failures = row["kind"] not in CONDITIONS
    left = incidents.still_failed(row)
    # Nothing goes quiet unheard: what the mute kept back is told first, at the look after its end.
    hushed = until is not None or row["muted_until"] is not None
    hushed = hushed or escalation.is_to_be_told(setup, row, now)
    if of_failures and _ended(setup, connection, row, left, now, settled=settled, hushed=hushed):
        return False
    return until is None and incidents.is_bad(row)


def _muted_until(row: RowMapping, muted: Sequence[Mute]) -> datetime | None:
    """Until when the incident is muted, as `mutes.muted_until` says of one."""
    found = [
        mute.until
        for mute in muted
        if mute.topic.kind == row["kind"]
        or (mute.topic.queue is not None and mute.topic.queue == row["queue"])
        or (mute.topic.error_group is not None and mute.topic.error_group == row["error_group"])
    ]
    return max(found, default=None)


def _ended(
    setup: Setup,
    connection: Connection,
    row: RowMapping,
    left: int,
    now: datetime,
    *,
    settled: bool,
    hushed: bool,
) -> bool:
    """Close it where none of its failures is left, or nothing new came for long.

    `hushed`: it is muted, or was so until now, or people are still to be told of it.
    """
    if left == 0 and settled and now - row["last_at"] >= patience(setup, row["reopened"]):
        _recover(setup, connection, row, now, _figures(connection, row, now))
        return True
    moments = (row["last_at"], row["reopened_at"], row["posted_at"])
    quiet_since = max(moment for moment in moments if moment is not None)
    if left > 0 and not hushed and now - quiet_since >= QUIET_AFTER:
        incidents.close(connection, row["id"], incidents.QUIET, now)
        return True
    return False


def _figures(connection: Connection, row: RowMapping, now: datetime) -> Figures:
    """What became of its retried jobs."""
    found: list[Bulk] = []
    for number in retry_activity.whole_operations(connection, row["id"]):
        operation = operations.find(connection, number)
        seen = outcomes.of_operation(connection, number)
        if operation is None or seen is None or seen.state != outcomes.SETTLED:
            return UNKNOWN
        said = counted(operation, seen, now)
        found.append(Bulk(said.processed, said.failed_again + said.failed_otherwise))
    return retry_activity.figures(connection, row, found)


def _recover(
    setup: Setup,
    connection: Connection,
    row: RowMapping,
    now: datetime,
    known: Figures,
    *,
    alone: bool | None = None,
) -> None:
    """Close it; its thread says so, except where its one card says all there is to say."""
    figures = {"processed": known.processed, "failed": known.failed, "alone": alone}
    incidents.close(connection, row["id"], incidents.RECOVERED, now, **figures)
    closed = incidents.by_id(connection, row["id"])
    single = row["kind"] == GROUP and row["count"] == 1
    called = row["escalations"] or row["reopened"]
    if row["posted_at"] is None or (single and not called) or _mute_of(connection, row, now):
        return
    said = None if closed is None else message.recovered(closed, channel_context(setup, now))
    if said is not None:
        message.answer(setup, connection, row, said, now, call=False)
