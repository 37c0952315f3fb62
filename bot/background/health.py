"""Trigger incidents for problems of the bot's background work that the leader can detect.

`queue-bot health` detects the problems while the leader does not run or cannot write.
Messages that Slack does not accept trigger no incident; the fallback channel gets a notice.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from bot.app.setup import Setup
from bot.background.incidents.readings import apply_readings
from bot.background.leader import leader_snapshot, leader_transaction
from bot.models.alert_rules import BACKGROUND_PROBLEM, Reading
from bot.models.health import HealthProblem
from bot.store.incidents import probe_state
from bot.store.leases import Lease
from bot.store.reports.health import watcher_state
from bot.store.reports.problems import problems

Problems = Mapping[str, Sequence[HealthProblem]]


class HealthObserver:
    """Triggers, updates and resolves one incident per part of the background work.

    A part triggers an incident if it has a problem at two checks in a row. The work may be late
    because the database was unavailable or another replica took over. The second check then finds
    that the work is done.
    """

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._previous: frozenset[str] = frozenset()

    def observe_once(self, lease: Lease) -> None:
        """Check the background work and update its incidents; write nothing without problems."""
        setup = self._setup
        with leader_snapshot(setup) as connection:
            by_part = self._problems(connection)
            active = {
                subject.removeprefix(f"{BACKGROUND_PROBLEM}:")
                for subject in probe_state.active_subjects(connection)
                if subject.startswith(f"{BACKGROUND_PROBLEM}:")
            }
        parts = self._reported(by_part, active)
        readings = [reading(part, by_part.get(part, ())) for part in parts]
        if readings:
            leader_transaction(
                setup,
                lease,
                lambda connection, now: apply_readings(setup, connection, readings, now),
            )
        self._previous = frozenset(by_part)

    def _problems(self, connection: Connection) -> Problems:
        now = self._setup.clock(connection)
        watcher = watcher_state(connection, now)
        by_part: defaultdict[str, list[HealthProblem]] = defaultdict(list)
        for problem in problems(
            connection, self._setup.queue, now, watcher, self._setup.audit_keys
        ):
            by_part[problem.part].append(problem)
        return by_part

    def _reported(self, by_part: Problems, active: set[str]) -> list[str]:
        """Return the parts with an active incident or with problems at two checks in a row."""
        return sorted(active | (self._previous & by_part.keys()))


def reading(part: str, of_part: Sequence[HealthProblem]) -> Reading:
    """Return the reading of a part; its value is the number of the part's problems."""
    facts = {"part": part, "problems": [problem.model_dump(mode="json") for problem in of_part]}
    return Reading(
        BACKGROUND_PROBLEM, None, bool(of_part), not of_part, len(of_part), facts=facts, part=part
    )
