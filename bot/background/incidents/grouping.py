"""From failures to incidents: one for each error group, and each failure in exactly one."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_

from bot.app.command import Setup
from bot.background.incidents import lifecycle, message
from bot.background.leader import leader_transaction
from bot.models import alert_rules
from bot.models.incidents import Incident
from bot.store.incidents import assignment, lookups, transitions
from bot.store.incidents.assignment import UnassignedFailure
from bot.store.incidents.transitions import Subject
from bot.store.leases import Lease
from bot.store.tables import failures

AT_ONCE = 1_000
"""Failures that are grouped in one transaction: people who retry one of them wait for its end."""
PASSES = 5
"""So that a round groups as many as the index takes in."""
FEW = 200
"""So many are named by their numbers; more by their group, between the first and the last."""
MINUTE = timedelta(minutes=1)
REFRESHED_AT_ONCE = 20


def open_all(setup: Setup, lease: Lease) -> None:
    """Give new failures their incident, in short transactions."""
    for _ in range(PASSES):
        if open_once(setup, lease) < AT_ONCE:
            return


def open_once(setup: Setup, lease: Lease) -> int:
    """Give new failures their incident; above the rate of alerts the rest of a minute shares one.

    Returns how many failures were given one.
    """

    def work(connection: Connection) -> int:
        now = setup.clock(connection)
        waiting = assignment.unassigned(connection, AT_ONCE)
        if waiting:
            _group(setup, connection, waiting, now)
        return len(waiting)

    return leader_transaction(setup, lease, work)


def _group(
    setup: Setup, connection: Connection, waiting: Sequence[UnassignedFailure], now: datetime
) -> None:
    groups: defaultdict[int, list[UnassignedFailure]] = defaultdict(list)
    for row in waiting:
        groups[row.error_group].append(row)
    names = {transitions.group_subject(group, None).name: group for group in groups}
    known = lookups.open_by_subject(connection, list(names))
    room = setup.alerts_per_minute - lookups.opened_since(connection, now - MINUTE)
    rest: list[UnassignedFailure] = []
    for name, group in names.items():
        found = groups[group]
        if name in known:
            _join(connection, known[name], found, now)
        elif room > 0:
            room -= 1
            _open(setup, connection, group, found, now)
        else:
            rest += found
    if rest:
        _summarize(setup, connection, rest, waiting, now)


def _join(
    connection: Connection, row: Incident, found: Sequence[UnassignedFailure], now: datetime
) -> None:
    """More of what the open incident is about."""
    came = assignment.assign(connection, row.id, _named(found))
    same = {one.queue for one in found} == {row.queue}
    changed = {"queue": row.queue if same else None, "failed_id": None, "row_digest": None}
    transitions.add_failures(connection, row.id, came, last_at=now, clear_since=None, **changed)


def _open(
    setup: Setup,
    connection: Connection,
    group: int,
    found: Sequence[UnassignedFailure],
    now: datetime,
) -> None:
    """The incident of a group that has none open: a new one, or one that was closed lately."""
    queues = {row.queue for row in found}
    subject = transitions.group_subject(group, queues.pop() if len(queues) == 1 else None)
    opened = transitions.open_or_reopen(connection, subject, now)
    row = lookups.by_id(connection, opened.id)
    if row is None:
        raise LookupError(opened.id)
    _join(connection, row, found, now)
    if opened.state == "opened":
        only = found[0] if len(found) == 1 else None
        ids = {} if only is None else {"failed_id": only.failed_id, "row_digest": only.row_digest}
        transitions.update_incident(connection, opened.id, first_seq=found[0].seq, **ids)
    lifecycle.announce_opened(setup, connection, opened, now)


def _summarize(
    setup: Setup,
    connection: Connection,
    rest: Sequence[UnassignedFailure],
    waiting: Sequence[UnassignedFailure],
    now: datetime,
) -> None:
    """One incident for what came when there was no room for more."""
    known = lookups.latest_summary(connection, now - MINUTE)
    if known is None:
        subject = Subject(alert_rules.SUMMARY, f"summary:{now.isoformat()}")
        opened = transitions.open_or_reopen(connection, subject, now)
        number = opened.id
        transitions.update_incident(connection, number, first_seq=rest[0].seq)
    else:
        opened, number = None, known.id
    # All others of this pass have an incident by now.
    stretch = failures.c.seq.between(waiting[0].seq, waiting[-1].seq)
    came = assignment.assign(connection, number, stretch)
    transitions.add_failures(connection, number, came, last_at=now)
    if opened is not None:
        lifecycle.announce_opened(setup, connection, opened, now)


def _named(found: Sequence[UnassignedFailure]) -> ColumnElement[bool]:
    """The condition for these failures of one error group."""
    c = failures.c
    seqs = [row.seq for row in found]
    if len(seqs) <= FEW:
        return c.seq.in_(seqs)
    return and_(c.seq.between(seqs[0], seqs[-1]), c.error_group == found[0].error_group)


def refresh_once(setup: Setup, lease: Lease) -> int:
    """Let the messages of changed incidents follow; returns how many."""

    def work(connection: Connection) -> int:
        now = setup.clock(connection)
        lifecycle.aggregate_deltas(connection, now)
        stale = lookups.stale(connection, REFRESHED_AT_ONCE)
        for row in stale:
            message.redraw(setup, connection, row, now)
        return len(stale)

    return leader_transaction(setup, lease, work)
