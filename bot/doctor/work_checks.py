"""The checks of the bot's work: audit log, background work, messages, index of failures."""

from collections.abc import Iterator
from dataclasses import replace
from time import monotonic

from sqlalchemy import func, select

from bot.app.responses import channel_context
from bot.database.transactions import now_of
from bot.doctor.installation import Installation
from bot.models.doctor import Finding, ok, problem, warning
from bot.models.requests import Source
from bot.monitoring.probes import UNSENT_SECONDS
from bot.monitoring.state import read_state
from bot.store.audit import verification
from bot.store.failures.progress import progress
from bot.store.reports.health import health
from bot.store.tables import failures
from bot.text import readable
from bot.views.incidents.health import backfill_line, problem_line, undelivered_line
from bot.wiring.setup import audit_keys

_ELSEWHERE = ("failures", "outbox")
"""The parts whose problems the checks `index` and `outbox` report."""
MOST_FAULTS = 5
MOST_WAITING = 1_000


def check_audit(installation: Installation) -> Iterator[Finding]:
    """Verify the chain of audit records from its start, for a limited time."""
    settings = installation.settings
    until = monotonic() + installation.verify_seconds
    faults: list[str] = []
    with installation.connected() as connection:
        posts = settings.audit_channel is not None
        walk = verification.start(connection, audit_keys(settings), {}, posts=posts)
        now = now_of(connection)
        is_complete = False
        while not is_complete and monotonic() < until:
            rows = verification.next_rows(connection, walk)
            faults += verification.faults_of(connection, walk, rows, now)
            is_complete = len(rows) < verification.PAGE
        if is_complete:
            faults += verification.end_faults(connection, walk)
    for sentence in faults[:MOST_FAULTS]:
        yield problem(sentence, "Keep a copy of the tables and find out who changed them.")
    if len(faults) > MOST_FAULTS:
        yield problem(f"{len(faults) - MOST_FAULTS} more faults.", "", "queue-bot audit verify")
    if not is_complete:
        yield ok(f"{walk.seq} records were verified; more follow.", "", "queue-bot audit verify")
    elif not faults:
        yield ok(f"The chain of {walk.seq} audit records is valid.")


def check_background(installation: Installation) -> Iterator[Finding]:
    """Check that a replica leads and that no step of the background work fails or is late."""
    setup = installation.setup
    with installation.connected() as connection:
        now = setup.clock(connection)
        state = health(connection, setup.queue, now, setup.audit_keys)
    context = replace(channel_context(setup, now), source=Source.TERMINAL)
    has_begun = state.watcher.epoch > 0
    for health_problem in state.problems:
        if health_problem.code == "nobody" and not has_begun:
            yield warning("The bot has not run yet.", "Start the bot.", "queue-bot run")
        elif health_problem.part not in _ELSEWHERE:
            line = readable(problem_line(health_problem, context))
            yield problem(line, "", "queue-bot run" if health_problem.code == "nobody" else "")
    if state.watcher.replica is not None:
        yield ok(f"The replica {state.watcher.replica} does the background work.")


def check_outbox(installation: Installation) -> Iterator[Finding]:
    """Check the age of the oldest message that Slack has not accepted."""
    setup = installation.setup
    with installation.connected() as connection:
        now = setup.clock(connection)
        state = read_state(connection)
        late = health(connection, setup.queue, now, setup.audit_keys).undelivered
    context = replace(channel_context(setup, now), source=Source.TERMINAL)
    yield from (problem(readable(undelivered_line(channel, context))) for channel in late)
    if not state.unsent:
        yield ok("No message waits for Slack.")
    elif state.unsent_age < UNSENT_SECONDS:
        yield ok(f"{state.unsent} messages wait, the oldest for {state.unsent_age:.0f} s.")
    elif not late:
        yield problem(f"{state.unsent} messages wait, the oldest for {state.unsent_age:.0f} s.")


def check_index(installation: Installation) -> Iterator[Finding]:
    """Check that each failed job is in the index of failures."""
    setup = installation.setup
    id_ = setup.queue.failed_layout.id
    with installation.connected() as connection:
        now = setup.clock(connection)
        state = health(connection, setup.queue, now, setup.audit_keys)
        backfill = progress(connection, setup.queue, now)
        highest = connection.execute(select(func.max(failures.c.failed_id))).scalar() or 0
        newer = select(id_).where(id_ > highest).limit(MOST_WAITING).subquery()
        waiting = connection.execute(select(func.count()).select_from(newer)).scalar_one()
    context = replace(channel_context(setup, now), source=Source.TERMINAL)
    lags = [one for one in state.problems if one.part == "failures"]
    yield from (problem(readable(problem_line(one, context))) for one in lags)
    if not state.watcher.epoch:
        yield ok("No failed job is indexed before the bot's first run.")
    elif backfill is not None:
        yield ok(readable(backfill_line(backfill, context)))
    elif not lags:
        least = "at least " if waiting == MOST_WAITING else ""
        yield ok(
            f"{least}{waiting} failed jobs wait to be indexed."
            if waiting
            else "Every failed job is indexed."
        )
