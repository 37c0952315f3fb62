"""The digest of the days before: once a day at its hour, whichever replica watches then."""

from datetime import date, datetime

from sqlalchemy import Connection

from bot.app.command import Setup
from bot.app.responses import channel_context
from bot.background.leader import leader_snapshot, leader_transaction
from bot.store import outbox
from bot.store.cursors import position, set_position
from bot.store.leases import Lease
from bot.store.reports import digest
from bot.store.reports.digest_days import covered_days
from bot.views.reports.digest import digest_message
from bot.wall_clock import from_utc

SECONDS = 4.0
"""For the read and for the post each: both together take less than the lease lasts unrenewed."""
CURSOR = "digest"
"""The day of the last digest, as a number; 0: the bot has never looked for one."""


def digest_once(setup: Setup, lease: Lease) -> bool:
    """Post today's digest where it is time for it and nobody has; False where there is none.

    Only a day behind that of the mark has one, and the mark moves with what is posted: so neither a
    second replica, nor a restart, nor a clock that goes back posts another. What could not be
    posted until midnight is not posted later. On the day of the bot's very first start there is
    nothing to tell.
    """
    channel = setup.alerting.digest_channel
    if channel is None or setup.alerting.digest_at is None:
        return False
    with leader_snapshot(setup, SECONDS) as connection:
        last, now = position(connection, CURSOR), setup.clock(connection)
        today = from_utc(now, setup.zone).date()
        if last and not _is_due(setup, now, last):
            return False
        days = covered_days(today, setup.alerting.digest_days, setup.zone)
        found = digest.read(connection, days, now, setup.actions) if last else None

    def post(connection: Connection) -> bool:
        now = setup.clock(connection)
        if position(connection, CURSOR) != last or not _is_day(setup, now, today):
            return False
        set_position(connection, CURSOR, today.toordinal())
        if found is None:
            return False
        message = digest_message(found, channel_context(setup, now))
        outbox.post(connection, channel, f"digest:{today}", message, now)
        return True

    return leader_transaction(setup, lease, post, SECONDS)


def _is_due(setup: Setup, now: datetime, last: int) -> bool:
    """Whether there is to be a digest at this moment, after the day of the last one."""
    local, alerting = from_utc(now, setup.zone), setup.alerting
    return (
        local.toordinal() > last
        and local.weekday() in alerting.digest_days
        and alerting.digest_at is not None
        and local.time() >= alerting.digest_at
    )


def _is_day(setup: Setup, now: datetime, day: date) -> bool:
    """Whether it is still this day, where the clocks of the setup's zone are."""
    return from_utc(now, setup.zone).date() == day
