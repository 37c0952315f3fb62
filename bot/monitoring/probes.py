"""The answers to probes: whether the process makes progress, and whether the bot can work."""

from dataclasses import asdict, dataclass

from bot.monitoring.collector import ReplicaState
from bot.monitoring.state import MonitoredState

STUCK_SECONDS = 120.0
"""A longer round of the background work counts as hanging; a slow statement ends within 30 s."""
UNSENT_SECONDS = 120.0
"""A message that Slack has not accepted for this long counts as undelivered, as in `health`."""
INDEX_STEPS = ("index", "scan", "group")


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition: its name, whether the condition is met, the problem if not, and a note."""

    name: str
    ok: bool
    problem: str | None = None
    note: str | None = None

    def as_json(self) -> dict[str, object]:
        """Return the fields that have a value."""
        return {name: value for name, value in asdict(self).items() if value is not None}


def alive(replica: ReplicaState) -> Condition:
    """Return whether the background work makes progress; without progress, only a restart helps."""
    ok = replica.round_age < STUCK_SECONDS
    problem = f"no round of the background work for {replica.round_age:.0f} s: restart the bot"
    return Condition("background", ok, None if ok else problem)


def accepting(replica: ReplicaState) -> Condition:
    """Return whether this replica accepts requests of Slack; a balancer needs only this."""
    return _condition(
        "slack",
        replica.connected,
        "no request of Slack can arrive: see the log for the reason",
        _last_request(replica.request_age),
    )


def ready(replica: ReplicaState, state: MonitoredState | None) -> list[Condition]:
    """Return the conditions that this replica needs to answer people and to post alerts."""
    conditions = [
        accepting(replica),
        _condition("database", state is not None, "the bot's tables cannot be read"),
    ]
    if state is None:
        return conditions
    behind = sorted(set(state.failing_steps).intersection(INDEX_STEPS))
    return [
        *conditions,
        _condition("leader", state.leader is not None, "no replica does the background work"),
        _condition(
            "index",
            not behind,
            f"new failures are not indexed, because a step fails: {', '.join(behind)}",
        ),
        _condition(
            "outbox",
            state.unsent_age < UNSENT_SECONDS,
            f"{state.unsent} messages wait, the oldest for {state.unsent_age:.0f} s: "
            "queue-bot health names the channel",
        ),
    ]


def _last_request(age: float | None) -> str | None:
    return None if age is None else f"last signed request {age:.0f} s ago"


def _condition(name: str, ok: bool, problem: str, note: str | None = None) -> Condition:  # noqa: FBT001 the condition itself
    return Condition(name, ok, None if ok else problem, note)
