"""Group failures into incidents: one incident per error group, one incident per failure."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_

from bot.app.setup import Setup
from bot.background.incidents import lifecycle, message
from bot.background.leader import leader_transaction
from bot.models import alert_rules
from bot.models.incidents import Incident
from bot.store.failures import error_merges
from bot.store.incidents import assignment, lookups, refailures, transitions
from bot.store.incidents.assignment import UnassignedFailure
from bot.store.incidents.transitions import Subject
from bot.store.leases import Lease
from bot.store.tables import failures

AT_ONCE = 1_000
"""The maximum number of failures that one transaction groups.

The transaction delays people who retry one of these failures.
"""
PASSES = 5
"""The number of transactions a round: a round groups as many failures as the index adds."""
FEW = 200
"""Up to this many failures are selected by their numbers.

More failures are selected by their group and a range of numbers.
"""
MINUTE = timedelta(minutes=1)
REFRESHED_AT_ONCE = 20


def group_all(setup: Setup, lease: Lease) -> None:
    """Assign new failures to incidents, in short transactions."""
    for _ in range(PASSES):
        if group_once(setup, lease) < AT_ONCE:
            return


def group_once(setup: Setup, lease: Lease) -> int:
    """Assign new failures to incidents; return the number of assigned failures.

    The failures of a minute that are above the limit of alerts share one summary incident.
    """

    def work(connection: Connection, now: datetime) -> int:
        waiting = assignment.unassigned(connection, AT_ONCE)
        if waiting:
            _group(setup, connection, waiting, now)
        return len(waiting)

    return leader_transaction(setup, lease, work)


def _group(
    setup: Setup, connection: Connection, waiting: Sequence[UnassignedFailure], now: datetime
) -> None:
    groups: defaultdict[int, list[UnassignedFailure]] = defaultdict(list)
    whole = error_merges.read(connection).whole
    for row in waiting:
        groups[whole(row.error_group)].append(row)
    names = {transitions.group_subject(group, None).name: group for group in groups}
    known = lookups.active_by_subject(connection, list(names))
    room = setup.alerts_per_minute - lookups.triggered_since(connection, now - MINUTE)
    rest: list[UnassignedFailure] = []
    for name, group in names.items():
        new = groups[group]
        if name in known:
            _add(connection, known[name], new, now)
        elif room > 0:
            room -= 1
            _trigger(setup, connection, group, new, now)
        else:
            rest += new
    if rest:
        _summarize(setup, connection, rest, waiting, now)


def _add(
    connection: Connection, row: Incident, new: Sequence[UnassignedFailure], now: datetime
) -> None:
    """Add failures to the active incident of their error group."""
    came = assignment.assign(connection, row.id, _selection(new))
    same = {failure.queue for failure in new} == {row.queue}
    changed = {"queue": row.queue if same else None, "failed_id": None, "row_digest": None}
    times = [failure.failed_at for failure in new]
    transitions.add_failures(
        connection, row.id, came, times, last_at=now, recovered_since=None, **changed
    )
    if again := refailures.mark_again(connection, row.id, new):
        transitions.come_back(connection, row.id, again)


def _trigger(
    setup: Setup,
    connection: Connection,
    group: int,
    new: Sequence[UnassignedFailure],
    now: datetime,
) -> None:
    """Trigger a new incident of the error group, or reopen a recently resolved incident."""
    queues = {row.queue for row in new}
    subject = transitions.group_subject(group, queues.pop() if len(queues) == 1 else None)
    triggered = transitions.trigger(connection, subject, now)
    row = lookups.by_id(connection, triggered.id)
    if row is None:
        raise LookupError(triggered.id)
    _add(connection, row, new, now)
    if triggered.transition == "triggered":
        single = new[0] if len(new) == 1 else None
        ids = (
            {}
            if single is None
            else {"failed_id": single.failed_id, "row_digest": single.row_digest}
        )
        transitions.update_incident(connection, triggered.id, first_seq=new[0].seq, **ids)
    lifecycle.announce_triggered(setup, connection, triggered, now)


def _summarize(
    setup: Setup,
    connection: Connection,
    rest: Sequence[UnassignedFailure],
    waiting: Sequence[UnassignedFailure],
    now: datetime,
) -> None:
    """Assign failures above the limit of alerts to the minute's summary incident."""
    known = lookups.latest_summary(connection, now - MINUTE)
    if known is None:
        subject = Subject(alert_rules.SUMMARY, f"summary:{now.isoformat()}")
        triggered = transitions.trigger(connection, subject, now)
        number = triggered.id
        transitions.update_incident(connection, number, first_seq=rest[0].seq)
    else:
        triggered, number = None, known.id
    # All other failures of this pass already have an incident.
    seq_range = failures.c.seq.between(waiting[0].seq, waiting[-1].seq)
    came = assignment.assign(connection, number, seq_range)
    times = [failure.failed_at for failure in rest]
    transitions.add_failures(connection, number, came, times, last_at=now)
    if triggered is not None:
        lifecycle.announce_triggered(setup, connection, triggered, now)


def _selection(failed: Sequence[UnassignedFailure]) -> ColumnElement[bool]:
    """Return the condition that selects these failures of one error group and its merged groups."""
    c = failures.c
    seqs = [row.seq for row in failed]
    if len(seqs) <= FEW:
        return c.seq.in_(seqs)
    members = {row.error_group for row in failed}
    return and_(c.seq.between(seqs[0], seqs[-1]), c.error_group.in_(members))


def refresh_once(setup: Setup, lease: Lease) -> int:
    """Edit the alerts of changed incidents; return their number."""

    def work(connection: Connection, now: datetime) -> int:
        lifecycle.aggregate_deltas(connection, now)
        stale = lookups.stale(connection, REFRESHED_AT_ONCE)
        for row in stale:
            message.redraw(setup, connection, row, now)
        return len(stale)

    return leader_transaction(setup, lease, work)
