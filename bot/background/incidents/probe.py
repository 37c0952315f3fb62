"""Check the metric rules: ages and numbers of waiting and held jobs, and worker activity.

A check reads a bounded number of rows of each queue (`bot.queue.index_probe`), compares them with
the state of the last check (`bot.store.incidents.probe_state`), and applies the rules (`rules`).
"""

import random
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from time import monotonic

import structlog
from sqlalchemy import Connection

from bot.app.setup import Setup
from bot.background.incidents import rules
from bot.background.incidents.readings import apply_readings
from bot.background.incidents.rules import QueueSnapshot
from bot.background.leader import leader_transaction
from bot.database.transactions import TooSlow
from bot.models.alert_rules import NO_WORKER_ACTIVITY, Reading
from bot.queue import index_probe, job_counts
from bot.queue.index_probe import ProbeLimits, QueueProbe
from bot.store.incidents import mutes, probe_state, reservations, sampled_totals
from bot.store.incidents.probe_state import ProbeState
from bot.store.leases import Lease
from bot.store.metrics import samples
from bot.wall_clock import utc_of_unix

log = structlog.get_logger(__name__)

CHECK_SECONDS = 0.15
"""A check reads no further queue after this time; the next check starts with the unread queues."""
NAMES = 200
"""The maximum number of names that one check reads."""
QUEUES = 40
"""The maximum number of queues that one check reads: the queues whose last read is oldest."""
REMEMBERED = 2_000
"""If more queues are remembered, a name is only remembered when a check reads its queue."""
CROWD = 2 * NAMES
"""Empty queues are forgotten at once if more than this number of queues are remembered."""
FORGOTTEN_AFTER = timedelta(hours=1)
"""How long an empty queue is remembered, so that its incidents are resolved."""


def probe_once(setup: Setup, lease: Lease) -> int:
    """Check the metric rules and update their incidents; return the number of readings."""

    def work(connection: Connection, now: datetime) -> int:
        readings = check(setup, connection, now)
        apply_readings(setup, connection, readings, now)
        return len(readings)

    return leader_transaction(setup, lease, work)


def check(
    setup: Setup, connection: Connection, now: datetime, seconds: float = CHECK_SECONDS
) -> list[Reading]:
    """Return a reading for each rule and queue that was read, and store the probe states.

    A queue that is not reached within `seconds` has no reading; at least one queue is read.
    """
    known, active = probe_state.load(connection), probe_state.active_subjects(connection)
    readings = [_failed(setup, connection)]
    reservations.purge(connection, setup.queue, now)
    # The incident of a forgotten queue must be resolved, too.
    named = {name for name in active.values() if name is not None}
    turn = _probes(setup, connection, known, named, now, seconds)
    lately, failed_at = (
        sampled_totals.lately(connection, now),
        probe_state.failed_lately(connection, setup.queue),
    )
    in_force = mutes.current(connection, now)
    rules_muted = {mute.topic.rule for mute in in_force if mute.topic.queue is None}
    suppressed = NO_WORKER_ACTIVITY in rules_muted
    states: list[ProbeState] = []
    for name, probe in turn.probes:
        before = known.get(name)
        if before is not None and not before.is_read:
            before = None
        if probe is None:
            # A queue that timed out counts as read; otherwise each check would start with it.
            states.append(replace(before or ProbeState(name, now), probed_at=now))
            continue
        activity = _activity(setup, connection, before, probe, failed_at.get(name), now)
        after = probe_state.after(before, probe, now, activity)
        snapshot = QueueSnapshot(
            setup.for_queue(name), probe, after, lately.get(name), active.keys(), now, suppressed
        )
        readings += rules.of_queue(snapshot)
        states.append(probe_state.counted(after, snapshot.counted, now))
    crowded = len(known) > CROWD
    forgotten = [
        state.queue for state in states if _is_forgotten(setup, state, now, crowded=crowded)
    ]
    remembered = [state for state in states if state.queue not in forgotten]
    if len(known) <= REMEMBERED:
        remembered += [ProbeState(name, probe_state.NEVER) for name in turn.waiting - known.keys()]
    probe_state.keep(connection, remembered, [*forgotten, *turn.emptied])
    return readings


@dataclass(frozen=True, slots=True)
class _Turn:
    """The probes of one check; the probe of a queue that took too long is None.

    `waiting` are queues with jobs that this check did not read. `emptied` are remembered queues
    that lost their jobs before any check read them.
    """

    probes: list[tuple[str, QueueProbe | None]]
    waiting: set[str]
    emptied: set[str]


def _turn(names: Collection[str], known: Mapping[str, ProbeState]) -> list[str]:
    """Return the queues to read now: new queues, and read queues whose last read is oldest.

    Half of a check is reserved for new queues and half for the others. Otherwise an application
    with many new names would block the other queues.
    """
    read = {name for name, state in known.items() if state.is_read}
    new = sorted(name for name in names if name not in read)
    by_age = sorted(read, key=lambda name: (known[name].probed_at, name))
    first = new[: max(QUEUES // 2, QUEUES - len(by_age))]
    return first + by_age[: QUEUES - len(first)]


def _probes(
    setup: Setup,
    connection: Connection,
    known: Mapping[str, ProbeState],
    named: Collection[str],
    now: datetime,
    seconds: float,
) -> _Turn:
    """Probe the queues whose turn it is: as many as time allows, but at least one queue."""
    until = monotonic() + seconds
    longest = max(seconds, index_probe.STATEMENT_SECONDS)
    with_jobs, is_all = _names(setup, connection, until, longest, _start(known))
    unread = {name for name, state in known.items() if not state.is_read}
    emptied = unread - with_jobs if is_all else set()
    turn = _turn({*with_jobs, *known, *named} - emptied, known)
    rows = index_probe.rows_each(len(turn))
    within = ProbeLimits(now, setup.reserved_seconds, rows, longest)
    probes: list[tuple[str, QueueProbe | None]] = []
    has_read = False
    for name in turn:
        if is_all and name not in with_jobs:
            # The queue is empty. A probe by its name might read a queue whose name differs only
            # in case.
            probes.append((name, QueueProbe(name)))
            continue
        if has_read and monotonic() > until:
            break
        has_read = True
        try:
            reservations.record(connection, setup.queue, name, now, longest)
            probes.append((name, index_probe.probe_queue(connection, setup.queue, name, within)))
        except TooSlow:
            log.warning("queue not probed in time", queue=name)
            probes.append((name, None))
    return _Turn(probes, with_jobs - {name for name, _ in probes}, emptied)


def _start(known: Collection[str]) -> str | None:
    """Return the name after which a check searches for names; None for the first name.

    One check reads `NAMES` names. If there are more queues, each check starts at a random name, so
    that the checks together read all names.
    """
    if len(known) <= NAMES // 2:
        return None
    return random.choice(sorted(known))  # noqa: S311 the start of a search is no secret


def _names(
    setup: Setup, connection: Connection, until: float, longest: float, start: str | None
) -> tuple[set[str], bool]:
    """Return the names of queues with jobs, and whether these are all names.

    The search begins after `start`. After the last name the search continues with the first name.
    """
    names: set[str] = set()
    try:
        for beyond in (None,) if start is None else (start, None):
            for name in index_probe.names(connection, setup.queue, longest, beyond):
                names.add(name)
                if len(names) == NAMES or monotonic() > until:
                    return names, False
    except TooSlow:
        return names, False
    return names, True


def _activity(
    setup: Setup,
    connection: Connection,
    before: ProbeState | None,
    probe: QueueProbe,
    failed_at: datetime | None,
    now: datetime,
) -> list[datetime | None]:
    """Return when workers took, ended and failed a job of the queue; None for an unknown time."""
    if before is None:
        return []
    taken = None
    newest, previous = probe.newest_reserved_at, before.newest_reserved_at
    if newest is not None and (previous is None or newest > previous):
        taken = utc_of_unix(newest)
    ended = now if _first_ended(setup, connection, before, probe, now) else None
    return [taken, ended, failed_at]


def _first_ended(
    setup: Setup, connection: Connection, before: ProbeState, probe: QueueProbe, now: datetime
) -> bool:
    """Return whether a worker took the first available job of the last check.

    A new first job alone is no proof: a delayed job may have become available, or a row with a
    lower id may have been committed later. A job that the bot itself removed is no proof either.
    """
    first = before.first_available_id
    if first is None or probe.first_id == first:
        return False
    if index_probe.is_still_available(connection, setup.queue, probe.queue, first, now):
        return False
    return not probe_state.taken_away(connection, first, before.probed_at)


def _is_forgotten(setup: Setup, state: ProbeState, now: datetime, *, crowded: bool) -> bool:
    """Return whether the queue was empty for so long that its incidents were resolved.

    An empty queue is forgotten at once if `crowded`; an active incident restores the queue's name.
    """
    if crowded and state.empty_since is not None:
        return True
    limit = max(FORGOTTEN_AFTER, timedelta(seconds=2 * setup.alerting.resolve_seconds))
    return state.empty_since is not None and now - state.empty_since > limit


def _failed(setup: Setup, connection: Connection) -> Reading:
    """Return the reading of the number of failed jobs.

    The function counts the table, as `status` does, if the count is quick. The index is less
    exact: only its scan detects rows that were removed without the bot.
    """
    indexed, largest = sampled_totals.failed_jobs(connection)
    failed = indexed
    sample = samples.latest(connection)
    if sample is not None and samples.counts_quickly(connection, sample):
        with suppress(TooSlow):
            failed = job_counts.count_failed(connection, setup.queue, CHECK_SECONDS)
    groups = [[f"E{group.id}", group.failed, group.name] for group in largest]
    return rules.of_failed(setup, failed, {"groups": groups})
