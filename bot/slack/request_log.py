"""One log line for each request of a person: who, which command, the outcome, and durations."""

from time import monotonic

import structlog

from bot.app.responses import Outcome
from bot.monitoring.metrics import outcome_name
from bot.slack.envelopes import Envelope

log = structlog.get_logger(__name__)


def log_request(envelope: Envelope, outcome: Outcome | None, began: float) -> None:
    """Log a finished request; its `outcome` is None if a bug ended the request.

    The line never contains the typed words: the audit record has them, masked. `began`: the time of
    the start in seconds of `time.monotonic()`.
    """
    invocation = envelope.invocation
    command = None if outcome is None else outcome.command
    refusal = None if outcome is None else outcome.refusal
    log.info(
        "request",
        command=None if command is None else command.name,
        user=invocation.actor.user,
        source=invocation.source.value,
        channel=invocation.channel,
        outcome=outcome_name(outcome),
        reason=None if refusal is None else refusal.code,
        repeated=outcome is not None and outcome.repeated,
        waited_ms=_ms(began - envelope.received),
        run_ms=_ms(monotonic() - began),
    )


def _ms(seconds: float) -> int:
    return max(0, round(1000 * seconds))
