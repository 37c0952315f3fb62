"""The metrics that the bot reads at each scrape: the state, and the replica's background work."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from prometheus_client.core import GaugeMetricFamily, Metric

from bot.monitoring.state import MonitoredState, StateReader

Labelled = dict[tuple[str, ...], float]


@dataclass(frozen=True)
class ReplicaState:
    """The state of a replica that the replica knows without the database.

    `step_ages` are the seconds since each step's last success; empty if the replica does not lead.
    `round_age`: seconds since the last round of the background work began. `connected`: whether
    Slack's connection is open, or HTTP requests are accepted. `request_age`: seconds since the last
    signed request; None in Socket Mode and before the first request.
    """

    version: str
    replica: str
    step_ages: dict[str, float]
    round_age: float
    connected: bool
    request_age: float | None = None


class StateCollector:
    """Returns the gauges; only the replica's gauges if the database cannot be read."""

    def __init__(self, reader: StateReader, replica: Callable[[], ReplicaState]) -> None:
        self._reader = reader
        self._replica = replica

    def collect(self) -> Iterator[Metric]:
        """Return the metrics of this moment."""
        replica, state = self._replica(), self._reader.read()
        about: Labelled = {(replica.version, replica.replica): 1.0}
        yield _gauge("info", "The bot's version.", about, "version", "replica")
        yield _gauge("slack_connected", "Whether requests of Slack can arrive.", replica.connected)
        yield _gauge(
            "request_age_seconds",
            "Seconds since the last signed request; only in HTTP mode.",
            {} if replica.request_age is None else {(): replica.request_age},
        )
        yield _gauge(
            "round_age_seconds",
            "Seconds since the last round of the background work.",
            replica.round_age,
        )
        yield _gauge(
            "step_age_seconds",
            "Seconds since the last success of a background step; only on the leader.",
            {(name,): age for name, age in replica.step_ages.items()},
            "step",
        )
        yield _gauge(
            "database_readable", "Whether the bot's tables can be read.", state is not None
        )
        if state is not None:
            yield from _of_bot(state, replica)
            yield from _of_queue(state)


def _of_bot(state: MonitoredState, replica: ReplicaState) -> Iterator[Metric]:
    yield _gauge("leader", "Whether this replica leads.", state.leader == replica.replica)
    yield _gauge("led", "Whether any replica leads.", state.leader is not None)
    yield _gauge("outbox_messages", "Messages that Slack has not accepted yet.", state.unsent)
    yield _gauge("outbox_oldest_seconds", "The age of the oldest unsent message.", state.unsent_age)
    yield _gauge("operations_running", "Bulk changes that run.", state.operations)
    yield _gauge(
        "incidents_open",
        "Active incidents by alert rule.",
        {(rule,): count for rule, count in state.incidents.items()},
        "rule",
    )
    yield _gauge(
        "step_failures",
        "Consecutive failures of a background step that does not succeed.",
        {(name,): count for name, count in state.failing_steps.items()},
        "step",
    )


def _of_queue(state: MonitoredState) -> Iterator[Metric]:
    jobs: Labelled = {}
    ages: Labelled = {}
    for one in state.queues:
        jobs[one.queue, "available"] = one.available
        jobs[one.queue, "delayed"] = one.delayed
        jobs[one.queue, "reserved"] = one.reserved
        if one.oldest_seconds is not None:
            ages[one.queue,] = one.oldest_seconds
    yield _gauge("jobs", "Jobs by queue and state, in the newest sample.", jobs, "queue", "state")
    yield _gauge(
        "oldest_available_seconds", "How long the oldest job has been available.", ages, "queue"
    )
    if state.failed is not None and state.sample_age is not None:
        yield _gauge("failed_jobs", "Failed jobs, in the newest sample.", state.failed)
        yield _gauge("sample_age_seconds", "The age of the newest sample.", state.sample_age)


def _gauge(name: str, help_: str, value: float | Labelled, *labels: str) -> Metric:
    family = GaugeMetricFamily(f"queue_bot_{name}", help_, labels=labels)
    values = value if isinstance(value, dict) else {(): float(value)}
    for of, number in values.items():
        family.add_metric(of, number)
    return family
