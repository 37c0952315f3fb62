"""The digest is posted once a day, at its hour and in its zone; it may be late, but never twice.

Each guard (the fence, the cursor, their order) has a test here that fails without that guard.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection

from bot.app.setup import Alerting, Setup
from bot.background.digest import digest_once
from bot.localslack.server import LocalSlack
from bot.store import tables
from bot.store.leases import TTL, LeaseLost
from tests.kit.clock import SetClock, moment
from tests.kit.concurrency import until
from tests.kit.posting import deliver, poster_of, running_watcher
from tests.kit.queues import TestQueue
from tests.kit.replicas import ALERTS, AUDIT, OPS, hold, make_setup

WEEKDAYS = (0, 1, 2, 3, 4)
EVERY_DAY = (0, 1, 2, 3, 4, 5, 6)
TUESDAY, FRIDAY, MONDAY = "2026-03-03", "2026-03-06", "2026-03-09"
POST = "chat.postMessage"


def made(
    queue: TestQueue,
    *,
    at: time | None = time(9),
    days: tuple[int, ...] = WEEKDAYS,
    zone: str = "UTC",
    channel: str | None = ALERTS,
    **values: Any,
) -> tuple[Setup, SetClock]:
    """Return a replica and its clock; its first check for a digest was on an earlier Sunday."""
    clock = SetClock(moment("2026-02-01 12:00"))
    alerting = Alerting(digest_at=at, digest_days=days, digest_channel=channel)
    setup = make_setup(
        queue, clock=clock, zone=ZoneInfo(zone), alerting=alerting, **{"language": "en", **values}
    )
    post_if_due(setup)
    return setup, clock


def post_if_due(setup: Setup) -> bool:
    """Check once for a due digest, as the leader; return whether it was posted."""
    return digest_once(setup, hold(setup))


def titles(queue: TestQueue) -> list[str]:
    """Return the first lines of all digests, sent or not."""
    digests = [row for row in queue.rows(tables.outbox) if row.subject.startswith("digest:")]
    return [str(row.body).split('"text": "', 1)[1].split("\\n", 1)[0] for row in digests]


def post_if_due_at(setup: Setup, clock: SetClock, *times: str, zone: str = "UTC") -> list[bool]:
    """Check at each of these times; return whether each check posted a digest."""
    posted = []
    for text in times:
        clock.set(text, zone)
        posted.append(post_if_due(setup))
    return posted


def test_a_digest_is_posted_once_at_its_hour(queue: TestQueue) -> None:
    setup, clock = made(queue)
    at = [f"{TUESDAY} {hour}" for hour in ("00:00", "08:59", "09:00", "09:00", "09:01", "23:59")]
    assert post_if_due_at(setup, clock, *at) == [False, False, True, False, False, False]
    assert titles(queue) == ["*Digest of Mon, Mar 2*"]


def test_another_replica_or_a_restart_does_not_post_the_digest_again(queue: TestQueue) -> None:
    setup, clock = made(queue)
    other = replace(setup, replica="b")
    clock.set(f"{TUESDAY} 09:00")
    assert post_if_due(setup)
    clock.move(seconds=11)
    assert not post_if_due(other)
    clock.move(seconds=11)
    assert not post_if_due(setup)
    assert len(titles(queue)) == 1


def test_the_hour_of_the_digest_is_in_the_configured_zone(queue: TestQueue) -> None:
    setup, clock = made(queue, zone="America/Lima")
    assert post_if_due_at(setup, clock, f"{TUESDAY} 09:00", f"{TUESDAY} 13:59") == [False, False]
    assert post_if_due_at(setup, clock, f"{TUESDAY} 14:00") == [True]
    assert post_if_due_at(setup, clock, f"{TUESDAY} 23:59", "2026-03-04 04:59") == [False, False]


def test_a_digest_is_posted_on_its_weekdays_and_monday_covers_friday_to_sunday(
    queue: TestQueue,
) -> None:
    setup, clock = made(queue)
    every = [f"2026-03-0{day} 09:00" for day in range(5, 10)]
    assert post_if_due_at(setup, clock, *every) == [True, True, False, False, True]
    assert titles(queue) == [
        "*Digest of Wed, Mar 4*",
        "*Digest of Thu, Mar 5*",
        "*Digest of Fri, Mar 6 to Sun, Mar 8*",
    ]


def test_a_digest_missed_during_downtime_is_posted_later_on_the_same_day_only(
    queue: TestQueue,
) -> None:
    setup, clock = made(queue)
    assert post_if_due_at(setup, clock, f"{TUESDAY} 17:20") == [True]
    # The bot was down on Wednesday, from before nine until after midnight.
    assert post_if_due_at(setup, clock, "2026-03-04 08:59", "2026-03-05 00:01") == [False, False]
    assert post_if_due_at(setup, clock, "2026-03-05 09:00") == [True]
    assert titles(queue) == ["*Digest of Mon, Mar 2*", "*Digest of Wed, Mar 4*"]


def test_no_digest_is_posted_on_the_day_of_the_first_start(queue: TestQueue) -> None:
    alerting = Alerting(digest_at=time(9), digest_days=EVERY_DAY, digest_channel=ALERTS)
    clock = SetClock(moment(f"{TUESDAY} 08:00"))
    setup = make_setup(queue, clock=clock, alerting=alerting)
    times = (f"{TUESDAY} 08:00", f"{TUESDAY} 09:00", f"{TUESDAY} 23:00", "2026-03-04 09:00")
    assert post_if_due_at(setup, clock, *times) == [False, False, False, True]


@pytest.mark.parametrize(("at", "channel"), [(None, ALERTS), (time(9), None)])
def test_no_digest_is_posted_without_an_hour_or_a_channel(
    queue: TestQueue, at: time | None, channel: str | None
) -> None:
    setup, clock = made(queue, at=at, channel=channel)
    assert post_if_due_at(setup, clock, f"{TUESDAY} 09:00", f"{TUESDAY} 12:00") == [False, False]


def test_a_digest_whose_hour_is_skipped_by_the_clock_change_is_posted_in_the_next_hour(
    queue: TestQueue,
) -> None:
    madrid = "Europe/Madrid"
    setup, clock = made(queue, at=time(2, 30), days=EVERY_DAY, zone=madrid)
    assert post_if_due_at(setup, clock, "2026-03-29 01:59", zone=madrid) == [False]
    clock.move(minutes=1)  # now it is three o'clock
    assert post_if_due(setup)
    clock.move(hours=1)
    assert not post_if_due(setup)


def test_a_digest_whose_hour_is_repeated_by_the_clock_change_is_posted_once(
    queue: TestQueue,
) -> None:
    setup, clock = made(queue, at=time(2, 30), days=EVERY_DAY, zone="Europe/Madrid")
    clock.set("2026-10-25 00:29")  # 02:29 in summer
    posted = []
    for _ in range(4):
        posted.append(post_if_due(setup))
        clock.move(minutes=30)
    assert posted == [False, True, False, False]
    assert post_if_due_at(setup, clock, "2026-10-25 22:00") == [False]


def test_a_clock_that_is_set_back_does_not_cause_a_second_digest(queue: TestQueue) -> None:
    setup, clock = made(queue)
    posted = post_if_due_at(
        setup, clock, "2026-03-05 09:00", "2026-03-04 09:00", "2026-03-05 09:00"
    )
    assert posted == [True, False, False]
    assert post_if_due_at(setup, clock, "2026-03-06 09:00") == [True]


@dataclass
class Interrupted:
    """A clock that runs `then` during its first reading, as if the reader were paused."""

    clock: SetClock
    then: Callable[[], object]
    _was_read: bool = False

    def __call__(self, connection: Connection) -> datetime:
        """Return the current time; the first reading returns the time before the pause."""
        now = self.clock(connection)
        if not self._was_read:
            self._was_read = True
            self.then()
        return now


def test_a_replica_paused_past_its_lease_does_not_post_a_second_digest(queue: TestQueue) -> None:
    setup, clock = made(queue)
    clock.set(f"{TUESDAY} 09:00")
    held = hold(setup)

    def another_one() -> None:
        clock.move(seconds=TTL.total_seconds() + 1)
        assert post_if_due(replace(setup, replica="b"))

    paused = replace(setup, clock=Interrupted(clock, another_one))
    with pytest.raises(LeaseLost):
        digest_once(paused, held)
    assert len(titles(queue)) == 1


def test_two_concurrent_passes_under_one_lease_post_one_digest(queue: TestQueue) -> None:
    setup, clock = made(queue)
    clock.set(f"{TUESDAY} 09:00")
    held = hold(setup)
    twice = replace(setup, clock=Interrupted(clock, lambda: digest_once(setup, held)))
    assert not digest_once(twice, held)
    assert len(titles(queue)) == 1


def test_a_digest_read_before_midnight_is_not_posted_after_midnight(queue: TestQueue) -> None:
    setup, clock = made(queue)
    clock.set(f"{TUESDAY} 23:59")
    held = hold(setup)
    late = replace(setup, clock=Interrupted(clock, lambda: clock.move(minutes=2)))
    assert not digest_once(late, held)
    assert post_if_due_at(setup, clock, "2026-03-04 09:00") == [True]
    assert titles(queue) == ["*Digest of Tue, Mar 3*"]


def test_a_digest_is_in_the_language_of_the_channel(queue: TestQueue) -> None:
    setup, clock = made(queue, language="es")
    assert post_if_due_at(setup, clock, f"{MONDAY} 09:00") == [True]
    assert titles(queue) == ["*Resumen: vie, 6 mar – dom, 8 mar*"]


@pytest.mark.parametrize("code", ["channel_not_found", "not_in_channel", "is_archived"])
@pytest.mark.parametrize("channel", [ALERTS, AUDIT])
def test_a_digest_whose_channel_is_lost_is_posted_in_the_fallback_channel(
    queue: TestQueue, slack: LocalSlack, code: str, channel: str
) -> None:
    setup, clock = made(queue, channel=channel, audit_channel=None)
    assert post_if_due_at(setup, clock, f"{TUESDAY} 09:00") == [True]
    slack.script(POST, [code])
    for _ in range(2):
        deliver(setup, poster_of(slack), hold(setup))
    texts = [one["text"] for one in slack.messages(OPS)]
    assert sum(text.startswith("*Digest of Mon, Mar 2*") for text in texts) == 1
    assert slack.messages(channel) == []


def test_a_running_leader_posts_the_digest(queue: TestQueue) -> None:
    setup, clock = made(queue)
    clock.set(f"{FRIDAY} 09:00")
    with running_watcher(setup):
        until(lambda: bool(titles(queue)))
    assert titles(queue) == ["*Digest of Thu, Mar 5*"]
