"""The digest of past days: the leader posts it once a day at the configured time."""

from datetime import date, datetime

from sqlalchemy import Connection

from bot.app.responses import channel_context
from bot.app.setup import Setup
from bot.background.leader import leader_snapshot, leader_transaction
from bot.store import outbox
from bot.store.cursors import position, reset, set_position
from bot.store.leases import Lease
from bot.store.reports import digest
from bot.store.reports.digest_days import covered_days
from bot.views.reports.digest import digest_message
from bot.wall_clock import from_utc

SECONDS = 4.0
"""The time limit of the read, and also of the post; the sum is shorter than the lease."""
CURSOR = "digest"
"""This cursor is the day of the last digest, as a number; 0 before the bot's first check."""


def digest_once(setup: Setup, lease: Lease) -> bool:
    """Post today's digest if it is due and was not posted yet; return whether it was posted.

    Only a day after the cursor's day gets a digest, and the transaction of the post moves the
    cursor. So a second replica, a restart or a clock that is set back posts no second digest.
    A digest that was not posted before midnight is skipped. There is no digest on the day of the
    bot's first start.
    """
    channel = setup.alerting.digest_channel
    if channel is None or setup.alerting.digest_at is None:
        return False
    with leader_snapshot(setup, SECONDS) as connection:
        last, now = position(connection, CURSOR), setup.clock(connection)
        today = from_utc(now, setup.zone).date()
        # The last digest may be one day ahead of today after a change of the time zone.
        is_ahead = last > today.toordinal() + 1
        if last and not is_ahead and not _is_due(setup, now, last):
            return False
        days = covered_days(today, setup.alerting.digest_days, setup.zone)
        is_first = not last or is_ahead
        content = None if is_first else digest.read(connection, days, now, setup.actions)

    def post(connection: Connection, now: datetime) -> bool:
        if position(connection, CURSOR) != last or not _is_day(setup, now, today):
            return False
        if is_ahead:
            # The bot does not know whether it posted today's digest, so it skips this digest.
            reset(connection, CURSOR, today.toordinal(), now)
            return False
        set_position(connection, CURSOR, today.toordinal())
        if content is None:
            return False
        message = digest_message(content, channel_context(setup, now))
        outbox.post(connection, channel, f"digest:{today}", message, now)
        return True

    return leader_transaction(setup, lease, post, SECONDS)


def phase(setup: Setup, now: datetime) -> tuple[date, bool] | None:
    """Return the day and whether its digest time has come; None if there are no digests.

    A second call of `digest_once` would do nothing until the phase changes.
    """
    if setup.alerting.digest_channel is None or setup.alerting.digest_at is None:
        return None
    local = from_utc(now, setup.zone)
    return local.date(), local.time() >= setup.alerting.digest_at


def _is_due(setup: Setup, now: datetime, last: int) -> bool:
    """Return whether a digest is due now, on a day after the last digest."""
    local, alerting = from_utc(now, setup.zone), setup.alerting
    return (
        local.toordinal() > last
        and local.weekday() in alerting.digest_days
        and alerting.digest_at is not None
        and local.time() >= alerting.digest_at
    )


def _is_day(setup: Setup, now: datetime, day: date) -> bool:
    """Return whether it is still this day in the configured time zone."""
    return from_utc(now, setup.zone).date() == day
