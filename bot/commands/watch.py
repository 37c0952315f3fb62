"""`/queue watch`: show limits, active incidents, mutes, the leader and monitoring's cost."""

from bot.app.command import Arguments, Command, Result
from bot.app.setup import Setup
from bot.app.work import Work
from bot.models.command_help import HelpTopic
from bot.models.incidents import Limits, QueueCheck, WatchExtra, Watching, WatchRoute
from bot.models.requests import Message
from bot.models.roles import Role
from bot.models.routes import AlertRoute
from bot.store.failures.progress import progress
from bot.store.incidents import overview, probe_state
from bot.store.reports.health import health
from bot.views.context import Context
from bot.views.incidents.watch import watch_message


class WatchArguments(Arguments):
    """No arguments."""


class WatchResult(Result):
    """The state of monitoring."""

    data: Watching
    extra: WatchExtra


def run(work: Work, _args: WatchArguments) -> WatchResult:
    """Read active incidents, mutes and health; the limits come from the settings."""
    connection, now, setup = work.connection, work.now, work.setup
    alerting = setup.alerting
    at = alerting.digest_at
    return WatchResult(
        data=Watching(
            limits=_limits(setup),
            incidents=overview.active_incidents(connection, now),
            mutes=overview.named_mutes(connection, now),
            health=health(connection, work.queue, now, setup.audit_keys),
        ),
        extra=WatchExtra(
            alert_channel=setup.alert_channel,
            digest_channel=alerting.digest_channel,
            digest_at=None if at is None else f"{at:%H:%M}",
            digest_days=alerting.digest_days,
            zone=setup.zone.key,
            reserved_too_soon=setup.alarms_too_soon,
            checks=tuple(
                QueueCheck(queue=name, checked_at=at)
                for name, at in probe_state.checked(connection)
            ),
            routes=tuple(map(_route, setup.routes)),
            backfill=progress(connection, work.queue, now),
        ),
    )


def _route(route: AlertRoute) -> WatchRoute:
    quiet = route.quiet_hours
    return WatchRoute(
        queues=route.queues,
        channel=route.channel,
        mention=route.mention,
        oldest_seconds=route.oldest_seconds,
        no_worker_activity_seconds=route.no_worker_activity_seconds,
        backlog_count=route.backlog_count,
        quiet_from=None if quiet is None else f"{quiet.begin:%H:%M}",
        quiet_until=None if quiet is None else f"{quiet.end:%H:%M}",
    )


def _limits(setup: Setup) -> Limits:
    alerting = setup.alerting
    return Limits(
        oldest_seconds=setup.oldest_seconds,
        reserved_seconds=setup.reserved_seconds,
        failed_count=setup.failed_count,
        backlog_count=alerting.backlog_count,
        no_worker_activity_seconds=alerting.no_worker_activity_seconds,
        alerts_per_minute=setup.alerts_per_minute,
        escalate_seconds=alerting.escalate_seconds,
        remind_seconds=alerting.remind_seconds,
        resolve_seconds=alerting.resolve_seconds,
        worker_seconds=alerting.worker_seconds,
    )


def view(result: WatchResult, context: Context) -> Message:
    """Show the leader, then active incidents and mutes, with Unmute if permitted."""
    return watch_message(result.data, result.extra, context)


COMMAND = Command(
    name="watch",
    arguments=WatchArguments,
    role=Role.VIEWER,
    result=WatchResult,
    run=run,
    view=view,
    topic=HelpTopic.ALERTS,
)
