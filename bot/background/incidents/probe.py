"""The check of the metric rules: the age of waiting and of held jobs, their number, the workers.

A check reads a bounded number of rows of each queue (`bot.queue.index_probe`), compares them with
what the last one saw (`bot.store.incidents.probe_state`), and applies the rules (`rules`).
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from time import monotonic

import structlog
from sqlalchemy import Connection

from bot.app.command import Setup
from bot.background.incidents import lifecycle, rules
from bot.background.incidents.reading import Reading
from bot.background.incidents.rules import QueueSnapshot
from bot.background.leader import leader_transaction
from bot.database.transactions import TooSlow
from bot.models.alert_rules import NO_WORKER_ACTIVITY
from bot.queue import index_probe
from bot.queue.index_probe import ProbeLimits, QueueProbe
from bot.store.incidents import mutes, probe_state, sampled_totals
from bot.store.incidents.probe_state import ProbeState
from bot.store.leases import Lease
from bot.wall_clock import utc_of_unix

log = structlog.get_logger(__name__)

CHECK_SECONDS = 0.15
"""After this no other queue is read; the next check begins with those."""
NAMES = 200
QUEUES = 25
"""How many queues one check reads; where there are more, those not read for longest."""
CROWD = 2 * NAMES
"""Above so many remembered queues the empty ones are forgotten at once."""
FORGOTTEN_AFTER = timedelta(hours=1)
"""An emptied queue is remembered so long, so that its incidents end."""


def probe_once(setup: Setup, lease: Lease) -> None:
    """Check the metric rules and update their incidents."""

    def work(connection: Connection) -> None:
        now = setup.clock(connection)
        lifecycle.apply_readings(setup, connection, check(setup, connection, now), now)

    leader_transaction(setup, lease, work)


def check(
    setup: Setup, connection: Connection, now: datetime, seconds: float = CHECK_SECONDS
) -> list[Reading]:
    """Return a reading for each rule and queue that was read, and store what was seen.

    A queue that is not reached within `seconds` has no reading; at least one queue is read.
    """
    known, active = probe_state.load(connection), probe_state.active_subjects(connection)
    readings = [_failed(setup, connection)]
    # An incident whose queue is no longer remembered has to end, too.
    named = {name for name in active.values() if name is not None}
    probes = _probes(setup, connection, known, named, now, seconds)
    lately, failed_at = (
        sampled_totals.lately(connection, now),
        probe_state.failed_lately(connection, setup.queue),
    )
    in_force = mutes.current(connection, now)
    suppressed = any(mute.topic.rule == NO_WORKER_ACTIVITY for mute in in_force)
    kept: list[ProbeState] = []
    for name, seen in probes:
        before = known.get(name)
        if seen is None:
            # It has had its turn, else it would be the first of each check.
            kept.append(replace(before or ProbeState(name, now), probed_at=now))
            continue
        moved = _moved(setup, connection, before, seen, failed_at.get(name), now)
        after = probe_state.after(before, seen, now, moved)
        snapshot = QueueSnapshot(
            setup, seen, after, lately.get(name), active.keys(), now, suppressed
        )
        readings += rules.of_queue(snapshot)
        kept.append(probe_state.counted(after, snapshot.counted, now))
    crowded = len(known) > CROWD
    gone = [one.queue for one in kept if _is_forgotten(setup, one, now, crowded=crowded)]
    probe_state.keep(connection, [one for one in kept if one.queue not in gone], gone)
    return readings


def _turn(names: Collection[str], known: Mapping[str, ProbeState]) -> list[str]:
    """The queues to read now: new ones, and of the others those not read for longest.

    Neither keep the other from having their turn, however many names an application makes up.
    """
    new = sorted(name for name in names if name not in known)
    seen = sorted(known, key=lambda name: (known[name].probed_at, name))
    first = new[: max(QUEUES // 2, QUEUES - len(seen))]
    return first + seen[: QUEUES - len(first)]


def _probes(
    setup: Setup,
    connection: Connection,
    known: Mapping[str, ProbeState],
    named: Collection[str],
    now: datetime,
    seconds: float,
) -> list[tuple[str, QueueProbe | None]]:
    """What is seen of the queues whose turn it is, as far as there is time; of one in any case.

    None of a queue that took too long.
    """
    until = monotonic() + seconds
    longest = max(seconds, index_probe.STATEMENT_SECONDS)
    there, is_all = _names(setup, connection, until, longest)
    turn = _turn({*there, *known, *named}, known)
    rows = index_probe.rows_each(len(turn))
    within = ProbeLimits(now, setup.reserved_seconds, rows, longest)
    probes: list[tuple[str, QueueProbe | None]] = []
    has_read = False
    for name in turn:
        if is_all and name not in there:
            # It has no jobs. A probe by its name would show those of one that differs in case only.
            probes.append((name, QueueProbe(name)))
            continue
        if has_read and monotonic() > until:
            break
        has_read = True
        try:
            probes.append((name, index_probe.probe_queue(connection, setup.queue, name, within)))
        except TooSlow:
            log.warning("a queue could not be looked at in time", queue=name)
            probes.append((name, None))
    return probes


def _names(
    setup: Setup, connection: Connection, until: float, longest: float
) -> tuple[set[str], bool]:
    """The names of queues that have jobs, and whether these are all of them."""
    names: set[str] = set()
    try:
        for name in index_probe.names(connection, setup.queue, longest):
            names.add(name)
            if len(names) == NAMES or monotonic() > until:
                return names, False
    except TooSlow:
        return names, False
    return names, True


def _moved(
    setup: Setup,
    connection: Connection,
    before: ProbeState | None,
    seen: QueueProbe,
    failed_at: datetime | None,
    now: datetime,
) -> list[datetime | None]:
    """When workers are known to have taken or ended a job of the queue."""
    if before is None:
        return []
    taken = None
    newest, known = seen.newest_reserved_at, before.newest_reserved_at
    if newest is not None and (known is None or newest > known):
        taken = utc_of_unix(newest)
    ended = now if _first_went(setup, connection, before, seen, now) else None
    return [taken, ended, failed_at]


def _first_went(
    setup: Setup, connection: Connection, before: ProbeState, seen: QueueProbe, now: datetime
) -> bool:
    """Whether the job that was the first to be taken is so no more, and the bot is not the cause.

    That another one is the first now says nothing: a delayed job may have come due, or a row with a
    lower id may have been committed later.
    """
    first = before.first_available_id
    if first is None or seen.first_id == first:
        return False
    if index_probe.is_still_available(connection, setup.queue, seen.queue, first, now):
        return False
    return not probe_state.taken_away(connection, first, before.probed_at)


def _is_forgotten(setup: Setup, one: ProbeState, now: datetime, *, crowded: bool) -> bool:
    """Whether the queue is empty, and for so long that its incidents must have ended.

    Where there is a crowd of them at once: those that are open bring its name back.
    """
    if crowded and one.empty_since is not None:
        return True
    kept = max(FORGOTTEN_AFTER, timedelta(seconds=2 * setup.alerting.recover_seconds))
    return one.empty_since is not None and now - one.empty_since > kept


def _failed(setup: Setup, connection: Connection) -> Reading:
    """Return the reading of the number of failed jobs."""
    failed, largest = sampled_totals.failed_jobs(connection)
    groups = [[f"E{group.id}", group.failed, group.name] for group in largest]
    return rules.of_failed(setup, failed, {"groups": groups})
