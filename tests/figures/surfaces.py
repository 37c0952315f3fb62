"""What each surface shows, compared with the count by hand; a difference is a sentence."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bot.app.home import HOME, HomeResult
from bot.app.parsing import Request
from bot.commands.chart import ChartResult
from bot.commands.digest import DigestResult
from bot.commands.errors import ErrorsResult
from bot.commands.status import StatusResult
from bot.models.home import HomeData
from bot.models.queue_jobs import oldest, totals
from bot.store import tables
from bot.wall_clock import from_utc, unix
from tests.figures.history import Failure, History
from tests.kit.replicas import ALERTS, ask

DAY = timedelta(days=1)
BETWEEN_SAMPLES = timedelta(minutes=1)


def differences(history: History) -> list[str]:
    """Return every figure that is not what was counted by hand."""
    home = shown_on_home(history)
    return [
        *_counts(history, home),
        *_day(history, home),
        *_errors(history, home),
        *_incidents(history, home),
        *_alerts(history),
    ]


def differences_during(history: History) -> list[str]:
    """Return the figures that are not what was counted by hand between two batches.

    Alerts, the ends of incidents and processed jobs follow within the watcher's next passes. All
    other figures are exact at every moment.
    """
    home = shown_on_home(history)
    return [*_counts(history, home), *_errors(history, home), *_incidents(history, home)]


def _differs(name: str, shown: object, counted: object) -> Iterator[str]:
    if shown != counted:
        yield f"{name}: {shown} is shown, {counted} counted by hand"


def shown_on_home(history: History) -> HomeData:
    """Return what any of the two replicas shows on Home."""
    replica = history.dice.choice((history.setup, history.other))
    setup = replace(replica, commands={**replica.commands, HOME.name: HOME})
    outcome = ask(setup, Request(HOME.name, {}))
    assert isinstance(outcome.result, HomeResult), outcome.refusal
    return outcome.result.data


def _answer(history: History, words: str) -> Any:
    outcome = ask(history.dice.choice((history.setup, history.other)), words)
    assert outcome.result is not None, outcome.refusal
    return outcome.result


def _counts(history: History, home: HomeData) -> Iterator[str]:
    now, rows = unix(history.clock.at), history.queue.jobs
    pending = [row for row in rows if row.reserved_at is None]
    available = [row for row in pending if row.available_at <= now]
    by_hand = {
        "available": len(available),
        "delayed": len(pending) - len(available),
        "reserved": len(rows) - len(pending),
    }
    age = max((now - row.available_at for row in available), default=None)
    status = _answer(history, "status")
    assert isinstance(status, StatusResult)
    assert home.counts is not None
    for name, queues, failed in (
        ("status", status.extra.queues, status.data.failed_jobs_count),
        ("Home", home.counts.queues, home.counts.failed),
    ):
        waits = oldest(queues)
        yield from _differs(f"{name} jobs", totals(queues), by_hand)
        yield from _differs(f"{name} oldest", None if waits is None else waits[0], age)
        yield from _differs(f"{name} failed", failed, len(history.left))


def _day(history: History, home: HomeData) -> Iterator[str]:
    chart = _answer(history, "chart")
    assert isinstance(chart, ChartResult)
    assert home.day is not None
    began = history.hour(23)
    failures = len(history.since(began))
    yield from _differs("Home new failures", sum(home.day.new_failures), failures)
    yield from _differs("chart new failures", chart.data.new_failures, failures)
    if any(abs(at - began) < BETWEEN_SAMPLES for at in history.processed):
        return  # the sample that counted these jobs may be in the hour before or after
    processed = sum(at >= began for at in history.processed)
    parts = sum(point.processed or 0 for point in chart.data.points)
    yield from _differs("Home processed", home.day.processed, processed)
    yield from _differs("chart processed", chart.data.processed, processed)
    yield from _differs("points of the chart", parts, processed)


def _errors(history: History, home: HomeData) -> Iterator[str]:
    errors = _answer(history, "errors since=24h limit=50")
    assert isinstance(errors, ErrorsResult)
    assert home.errors is not None
    recent = history.since(history.clock.at - timedelta(minutes=10))
    failing = {failure.cause for failure in recent if failure.left is None}
    within = history.since(history.hour(24))
    appeared = Counter(failure.cause for failure in within)
    there = Counter(failure.cause for failure in within if failure.left is None)
    by_hand = {cause: (there[cause], appeared[cause], cause in failing) for cause in appeared}
    shown = {row.name: (row.failed, row.appeared, row.still_failing) for row in errors.data.errors}
    yield from _differs("errors", shown, by_hand)
    bars = {row.name: (row.failed, sum(row.hours)) for row in home.errors.errors}
    left = Counter(failure.cause for failure in history.left)
    day = Counter(failure.cause for failure in history.since(history.hour(23)))
    counted = {cause: (left[cause], day[cause]) for cause in left}
    yield from _differs("Home errors", bars, counted)


def _incidents(history: History, home: HomeData) -> Iterator[str]:
    """Compare the incidents on Home with their failures."""
    on_home = {incident.id: incident for incident in home.incidents}
    for row, own in _by_incident(history):
        if row.active_subject is not None:
            shown = (on_home[row.id].count, on_home[row.id].left)
            left = sum(failure.left is None for failure in own)
            jobs = {failure.order for failure in own}
            yield from _differs(f"Home I{row.id}", shown, (len(jobs), left))


def _by_incident(history: History) -> Iterator[tuple[Any, list[Failure]]]:
    """Yield each incident with its failures; to which one a failure belongs is read."""
    of_incident: dict[int, dict[int, Failure]] = {}
    for row in history.queue.rows(tables.failures):
        if row.restored_by is None:
            failure = history.failures[row.failed_id]
            of_incident.setdefault(row.incident, {})[failure.id] = failure
    for row in history.queue.rows(tables.incidents):
        yield row, list(of_incident.get(row.id, {}).values())


def _alerts(history: History) -> Iterator[str]:
    """Compare the alerts and the ends of incidents."""
    messages = history.slack.messages(ALERTS)
    texts = [message["text"] for message in messages if "thread_ts" not in message]
    every = list(_by_incident(history))
    # If a bulk change also retried jobs of an incident that had ended as quiet, the bot does not
    # know which incident's jobs failed again. The end then says how many were retried.
    has_quiet = any(row.resolution == "quiet" for row, _ in every)
    for row, own in every:
        yield from _alert(row, own, texts)
        is_unknown = has_quiet and row.processed is None
        if row.resolution == "recovered" and row.retried and not is_unknown:
            yield from _ending(row, own)


def _alert(row: Any, own: list[Failure], texts: list[str]) -> Iterator[str]:
    """Compare the alert of several failed jobs, if one was posted."""
    jobs = len({failure.order for failure in own})
    mine = [text for text in texts if text.split("\n")[-1].endswith(f"I{row.id}")]
    if not mine or jobs < 2:
        return
    (text,) = mine
    if f"*{jobs} failed jobs*" not in text:
        yield f"alert I{row.id}: not {jobs} failed jobs, but {text.splitlines()[0]}"
    first, last = min(failure.at for failure in own), max(failure.at for failure in own)
    span = text.splitlines()[-1]
    for name, at in (("first", first), ("last", last)):
        if f"{name} failure <!date^{unix(at)}^" not in span:
            yield f"alert I{row.id}: {name} is not {at}, but {span}"


def _ending(row: Any, own: list[Failure]) -> Iterator[str]:
    """Compare the end of an incident: together its numbers are all of its failed jobs."""
    ids = {failure.id for failure in own}
    ways: Counter[str] = Counter()
    for failure in own:
        if failure.left == "retried":
            elsewhere = isinstance(failure.then, int) and failure.then not in ids
            ways["processed"] += failure.then == "processed"
            ways["failed"] += elsewhere
        else:
            ways[str(failure.left)] += 1
    removed = row.removed - row.retried - row.deleted
    shown = (row.processed, row.failed, row.deleted, removed)
    by_hand = tuple(ways[way] for way in ("processed", "failed", "deleted", "removed"))
    yield from _differs(f"end of I{row.id}", shown, by_hand)
    yield from _differs(f"sum of I{row.id}", sum(by_hand), len({one.order for one in own}))


def digest_differences(history: History) -> list[str]:
    """Return what the next day's digest does not say of this day; the clock moves on."""
    zone = history.setup.zone
    day = from_utc(history.clock.at, zone).date()
    midnight = datetime.combine(day + DAY, datetime.min.time(), zone)
    seconds = midnight.timestamp() + 3_600
    history.clock.at = datetime.fromtimestamp(seconds, tz=None)  # noqa: DTZ006 naive like the bot's
    digest = _answer(history, "digest")
    assert isinstance(digest, DigestResult)
    failed = [one for one in history.failures.values() if from_utc(one.at, zone).date() == day]
    return list(_differs("digest failed", digest.data.failed.count, len(failed)))
