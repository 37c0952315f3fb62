"""The terminal command `queue-bot health`: print the bot's own problems."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace

from bot.app.responses import channel_context
from bot.app.setup import Setup
from bot.database.transactions import reading
from bot.models.health import HealthProblem
from bot.models.refusals import Refusal, StartError
from bot.models.requests import Source
from bot.store.background_steps import error_code
from bot.store.reports.health import health
from bot.terminal.output import say_environment
from bot.text import printable_json, readable, texts_for
from bot.views.incidents.health import health_lines
from bot.views.refusal import refusal_sentence
from bot.wiring.queue_tables import check_tables


def report_health(
    setup: Setup,
    say: Callable[[str], None],
    *,
    as_json: bool = False,
    notes: Sequence[str] = (),
) -> int:
    """Print the bot's own problems and return the exit code; it is 0 only without problems.

    `notes` are sentences about the settings and do not count as problems. If the health cannot be
    read, that counts as a problem. It is printed as a sentence, because a monitor cannot
    distinguish a traceback from no answer, and because people need the sentence.
    """
    try:
        check_tables(setup.engine, setup.queue)
        with reading(setup.engine) as connection:
            now = setup.clock(connection)
            state = health(connection, setup.queue, now, setup.audit_keys)
    except Exception as error:  # noqa: BLE001 after any error the health is unknown
        sentence = _unreadable(error, setup)
        unseen = HealthProblem(part="watcher", code="unseen", error=sentence)
        say(json.dumps({"problems": [unseen.model_dump()]}) if as_json else sentence)
        return 1
    context = replace(channel_context(setup, now), source=Source.TERMINAL)
    if as_json:
        noted = {"notes": list(notes)} if notes else {}
        say(printable_json(state.model_dump(mode="json") | noted))
    else:
        say_environment(setup, say)
        for note in notes:
            say(note)
        for line in health_lines(state, context):
            say(readable(line))
    return 0 if state.is_good else 1


def _unreadable(error: Exception, setup: Setup) -> str:
    """Return a sentence that explains why the health is unknown; it contains no row data."""
    if isinstance(error, StartError):
        reason = " ".join(error.problems)
    elif isinstance(error, Refusal):
        reason = refusal_sentence(error, texts_for("en", "en", setup.zone, setup.slash), {})
    else:
        reason = f"{error_code(error)}."
    return f"The health could not be read: {reason}"
