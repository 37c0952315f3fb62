"""The metrics that a replica counts itself: commands, acknowledgements, refusals and statements."""

from time import perf_counter
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics
from sqlalchemy import Connection, Engine, event

from bot.app.responses import Outcome

ACK_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0)
"""In seconds. The acknowledgement contains the answer until 2.4 s; Slack waits for 3 s."""
UNKNOWN = "unknown"
"""The command of a request without a valid command; typed words never become a label."""
BUG = "bug"
_BEGAN = "queue_bot_began"

# The library would add each counter's creation time and double the size of the answer.
disable_created_metrics()  # type: ignore[no-untyped-call]  # the library leaves it untyped


def outcome_name(outcome: Outcome | None) -> str:
    """Return `ok`, `bug` for a request that a bug ended, or the kind of refusal."""
    if outcome is None:
        return BUG
    return "ok" if outcome.refusal is None else outcome.refusal.outcome


class Metrics:
    """The counters of one replica, in a registry of this replica."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._commands = Counter(
            "queue_bot_commands",
            "Requests by command and outcome: ok, bug, or the kind of refusal.",
            ["command", "outcome"],
            registry=self.registry,
        )
        self._refusals = Counter(
            "queue_bot_refusals", "Refused requests by reason.", ["reason"], registry=self.registry
        )
        self._run = Histogram(
            "queue_bot_command_seconds",
            "Seconds from the start of a request until its outcome.",
            ["command"],
            buckets=ACK_BUCKETS,
            registry=self.registry,
        )
        self._http = Counter(
            "queue_bot_http_requests",
            "HTTP requests of HTTP mode: signed, or the reason of the refusal.",
            ["result"],
            registry=self.registry,
        )
        self._ack = Histogram(
            "queue_bot_ack_seconds",
            "Seconds from the receipt of a request until its acknowledgement.",
            buckets=ACK_BUCKETS,
            registry=self.registry,
        )
        self._statements = Counter(
            "queue_bot_database_statements",
            "Statements that the database has run.",
            ["work"],
            registry=self.registry,
        )
        self._database = Counter(
            "queue_bot_database_seconds",
            "Seconds that the bot has waited for statements, network included.",
            ["work"],
            registry=self.registry,
        )

    def finished(self, outcome: Outcome | None, seconds: float) -> None:
        """Count a request; its `outcome` is None if a bug ended the request."""
        command = outcome.command if outcome is not None else None
        name = UNKNOWN if command is None else command.name
        refusal = None if outcome is None else outcome.refusal
        if refusal is not None:
            self._refusals.labels(refusal.code).inc()
        self._commands.labels(name, outcome_name(outcome)).inc()
        self._run.labels(name).observe(seconds)

    def arrived(self, result: str) -> None:
        """Count an HTTP request; `result` is `signed`, or the phrase of the refusal's status."""
        self._http.labels(result.lower().replace(" ", "_")).inc()

    def acknowledged(self, seconds: float) -> None:
        """Count an acknowledgement, `seconds` after the receipt of its request."""
        self._ack.observe(seconds)

    def measure(self, engine: Engine, work: str) -> None:
        """Count the statements of this engine as `work`: requests, background or polling."""
        statements, seconds = self._statements.labels(work), self._database.labels(work)

        def begin(connection: Connection, *_: Any) -> None:
            connection.info[_BEGAN] = perf_counter()

        def end(connection: Connection, *_: Any) -> None:
            statements.inc()
            seconds.inc(perf_counter() - connection.info[_BEGAN])

        event.listen(engine, "before_cursor_execute", begin)
        event.listen(engine, "after_cursor_execute", end)
