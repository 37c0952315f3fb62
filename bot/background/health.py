"""Incidents about the bot's own background work, as far as the leader itself can see it.

What the leader cannot see, because it does not run or cannot write, `queue-bot health` sees.
Messages that Slack does not take open no incident: the fallback channel is told of those.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from bot.app.command import Setup
from bot.background.incidents import lifecycle
from bot.background.incidents.reading import Reading
from bot.background.leader import leader_snapshot, leader_transaction
from bot.models.alert_rules import BACKGROUND_PROBLEM
from bot.models.health import HealthProblem
from bot.store.incidents import probe_state
from bot.store.leases import Lease
from bot.store.reports.health import watcher_state
from bot.store.reports.problems import problems

Problems = Mapping[str, Sequence[HealthProblem]]


class HealthObserver:
    """Opens, updates and resolves one incident a part of the background work.

    A part is told of when it has a problem at two looks in a row: what was late while the database
    was away, or while another replica took over, is done by the second.
    """

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._seen: frozenset[str] = frozenset()

    def observe_once(self, lease: Lease) -> None:
        """Look, and let the incidents follow; nothing is written while all is well."""
        setup = self._setup
        with leader_snapshot(setup) as connection:
            by_part = self._problems(connection)
            is_open = {
                subject.removeprefix(f"{BACKGROUND_PROBLEM}:")
                for subject in probe_state.active_subjects(connection)
                if subject.startswith(f"{BACKGROUND_PROBLEM}:")
            }
        readings = [reading(part, by_part.get(part, ())) for part in self._told(by_part, is_open)]
        if readings:
            leader_transaction(
                setup,
                lease,
                lambda connection: lifecycle.apply_readings(
                    setup, connection, readings, setup.clock(connection)
                ),
            )
        self._seen = frozenset(by_part)

    def _problems(self, connection: Connection) -> Problems:
        now = self._setup.clock(connection)
        watcher = watcher_state(connection, now)
        by_part: defaultdict[str, list[HealthProblem]] = defaultdict(list)
        for problem in problems(connection, self._setup.queue, now, watcher):
            by_part[problem.part].append(problem)
        return by_part

    def _told(self, by_part: Problems, is_open: set[str]) -> list[str]:
        """The parts that a reading is of: those that are open, and those seen twice."""
        return sorted(is_open | (self._seen & by_part.keys()))


def reading(part: str, of_part: Sequence[HealthProblem]) -> Reading:
    """Return the reading of a part: its value is the number of problems that it has."""
    facts = {"part": part, "problems": [one.model_dump(mode="json") for one in of_part]}
    return Reading(
        BACKGROUND_PROBLEM, None, bool(of_part), not of_part, len(of_part), facts=facts, part=part
    )
