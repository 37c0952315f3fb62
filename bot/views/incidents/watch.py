"""The state of monitoring: its leader and cost, active incidents, mutes, and limits."""

from datetime import datetime

from bot.models.incidents import Limits, ListedIncident, WatchExtra, Watching, WatchRoute
from bot.models.mutes import NamedMute
from bot.models.requests import Block, Message, Moment, Person, Source
from bot.text import Mrkdwn, Plain, channel, code, cut, join
from bot.views.blocks import context_line, message, section, sections
from bot.views.buttons import Argument, run_button
from bot.views.context import Context
from bot.views.incidents.health import backfill_line, health_lines
from bot.views.incidents.mutes import incident_title, topic_text
from bot.views.names import age, age_since, dots, queue_name

INCIDENTS, MUTES, ROUTES = 8, 6, 6
"""The most incidents, mutes and routes in a message, which has room for 10,000 characters."""
ROW = 220
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
NAME = 80


def watch_message(watching: Watching, extra: WatchExtra, ctx: Context) -> Message:
    """Return the state of monitoring, leader first. A terminal shows every incident and mute."""
    in_terminal = ctx.source is Source.TERMINAL
    head = [
        ctx.texts("watch-title"),
        *health_lines(watching.health, ctx),
        *([] if extra.backfill is None else [backfill_line(extra.backfill, ctx)]),
        *_checks(extra, ctx),
        *_warnings(extra, watching.limits, ctx),
    ]
    first_incidents = watching.incidents if in_terminal else watching.incidents[:INCIDENTS]
    first_mutes = watching.mutes if in_terminal else watching.mutes[:MUTES]
    incidents = [_count("watch-incidents", len(watching.incidents), ctx)]
    incidents += [_incident(incident, ctx) for incident in first_incidents]
    if hidden := len(watching.incidents) - len(first_incidents):
        incidents.append(ctx.texts("watch-more-incidents", count=hidden))
    title = _count("watch-mutes", len(watching.mutes), ctx)
    rows = [(mute, _mute(mute, ctx)) for mute in first_mutes]
    rest = len(watching.mutes) - len(first_mutes)
    more = (
        [ctx.texts("watch-more-mutes", count=rest, command=code(ctx.texts.typed("unmute")))]
        if rest
        else []
    )
    limits = [*_limits(watching.limits, ctx), *_routes(extra, ctx)]
    foot = _foot(extra, ctx)
    lines = [*head, *incidents, title, *(line for _, line in rows), *more, *limits, foot]
    if in_terminal:
        return Message(str(join("\n", lines)))
    blocks = [*sections(head), *sections(incidents), section(title)]
    blocks += [_mute_block(mute, line, ctx) for mute, line in rows]
    blocks += [context_line(line) for line in more]
    return message(lines, [*blocks, section(join("\n", limits)), context_line(foot)])


def _checks(extra: WatchExtra, ctx: Context) -> list[Mrkdwn]:
    """Return the age of the queues' last checks; a terminal shows every queue."""
    by_age = [
        (queue_name(check.queue), age_since(check.checked_at, ctx))
        for check in extra.checks
        if check.checked_at is not None
    ]
    lines: list[Mrkdwn] = []
    if by_age:
        (queue, oldest), (_, newest) = by_age[0], by_age[-1]
        values = {"count": len(by_age), "newest": newest, "oldest": oldest, "queue": queue}
        lines.append(ctx.texts("watch-checks", **values))
    if unread := len(extra.checks) - len(by_age):
        lines.append(ctx.texts("watch-unchecked", count=unread))
    if ctx.source is Source.TERMINAL:
        lines += [ctx.texts("watch-check", queue=queue, age=age) for queue, age in by_age]
    return lines


def _count(key: str, count: int, ctx: Context) -> Mrkdwn:
    return ctx.texts(key if count else f"{key}-none", count=count)


def _warnings(extra: WatchExtra, limits: Limits, ctx: Context) -> list[Mrkdwn]:
    texts = ctx.texts
    lines = []
    if extra.reserved_too_soon:
        lines.append(
            texts(
                "watch-too-soon",
                setting=code("QUEUE_BOT_RESERVED_SECONDS"),
                limit=age(limits.reserved_seconds, texts),
                timeout=age(limits.worker_seconds or 0, texts),
            )
        )
    if extra.alert_channel is None:
        lines.append(texts("watch-no-channel", setting=code("QUEUE_BOT_ALERT_CHANNEL")))
    return lines


def _incident(incident: ListedIncident, ctx: Context) -> Mrkdwn:
    texts = ctx.texts
    lead = texts(
        "watch-incident",
        id=incident.incident,
        what=incident_title(incident, ctx),
        age=age_since(incident.triggered_at, ctx),
    )
    acknowledged = (
        []
        if incident.acknowledged_by is None
        else [texts("watch-seen", by=Person(incident.acknowledged_by))]
    )
    muted = (
        []
        if incident.muted_until is None
        else [texts("watch-muted", at=_brief(incident.muted_until, ctx))]
    )
    count = [texts("watch-count", count=incident.count)] if incident.count else []
    return _cut(
        dots(
            lead,
            *count,
            *acknowledged,
            *muted,
            *([code(incident.name, NAME)] if incident.name else []),
        )
    )


def _mute(mute: NamedMute, ctx: Context) -> Mrkdwn:
    line = ctx.texts(
        "watch-mute",
        topic=topic_text(mute.topic, ctx),
        at=_brief(mute.until, ctx),
        by=Person(mute.by),
    )
    return _cut(dots(line, *([code(mute.name, NAME)] if mute.name else [])))


def _mute_block(mute: NamedMute, line: Mrkdwn, ctx: Context) -> Block:
    if "unmute" not in ctx.runnable:
        return section(line)
    about = {"error": mute.error, "queue": mute.queue, "alert": mute.alert}
    args: dict[str, Argument] = {name: value for name, value in about.items() if value is not None}
    return section(
        line, accessory=run_button("unmute", ctx.texts.plain("button-unmute"), args, ctx.texts)
    )


def _limits(limits: Limits, ctx: Context) -> list[Mrkdwn]:
    texts = ctx.texts
    rows = {
        "new_failures": texts("watch-new_failures", count=limits.alerts_per_minute),
        "oldest_job": texts("watch-oldest_job", age=age(limits.oldest_seconds, texts)),
        "no_worker_activity": texts(
            "watch-no_worker_activity", age=age(limits.no_worker_activity_seconds, texts)
        ),
        "stuck_jobs": texts("watch-stuck_jobs", age=age(limits.reserved_seconds, texts)),
        "backlog_growth": texts("watch-backlog_growth", count=limits.backlog_count),
        "failed_count": texts("watch-failed_count", count=limits.failed_count),
        "background_problem": texts("watch-background_problem"),
    }
    life = texts(
        "watch-life",
        escalate=age(limits.escalate_seconds, texts),
        remind=age(limits.remind_seconds, texts),
        recover=age(limits.resolve_seconds, texts),
    )
    limit_lines = [texts("watch-limit", rule=code(rule), limit=text) for rule, text in rows.items()]
    return [texts("watch-limits"), *limit_lines, life]


def _routes(extra: WatchExtra, ctx: Context) -> list[Mrkdwn]:
    """Return the routes in their order; a terminal shows every route."""
    if not extra.routes:
        return []
    shown = extra.routes if ctx.source is Source.TERMINAL else extra.routes[:ROUTES]
    lines = [_cut(_route(route, extra.zone, ctx)) for route in shown]
    if hidden := len(extra.routes) - len(shown):
        lines.append(ctx.texts("watch-more-routes", count=hidden))
    return [ctx.texts("watch-routes"), *lines]


def _route(route: WatchRoute, zone: str, ctx: Context) -> Mrkdwn:
    texts = ctx.texts
    parts = []
    if route.channel is not None:
        parts.append(texts("watch-channel", channel=channel(route.channel)))
    if route.mention is not None:
        # In code, because a mention would notify the group.
        parts.append(texts("watch-route-mention", group=code(route.mention)))
    for rule, seconds in (
        ("oldest_job", route.oldest_seconds),
        ("no_worker_activity", route.no_worker_activity_seconds),
    ):
        if seconds is not None:
            parts.append(texts("watch-route-age", rule=code(rule), age=age(seconds, texts)))
    if route.backlog_count is not None:
        rule = code("backlog_growth")
        parts.append(texts("watch-route-count", rule=rule, count=route.backlog_count))
    if route.quiet_from is not None and route.quiet_until is not None:
        begin, end = Plain(route.quiet_from), Plain(route.quiet_until)
        parts.append(texts("watch-route-quiet", begin=begin, end=end, zone=zone))
    queues = join(", ", map(code, route.queues))
    return texts("watch-route", queues=queues, what=dots(*parts or [texts("watch-route-same")]))


def _foot(extra: WatchExtra, ctx: Context) -> Mrkdwn:
    texts = ctx.texts
    parts = []
    if extra.alert_channel is not None:
        parts.append(texts("watch-channel", channel=channel(extra.alert_channel)))
    if extra.digest_at is None or extra.digest_channel is None or not extra.digest_days:
        return dots(*parts, texts("watch-no-digest"))
    days = Plain(", ".join(texts.plain(f"watch-day-{DAYS[day]}") for day in extra.digest_days))
    parts.append(
        texts(
            "watch-digest",
            time=Plain(extra.digest_at),
            zone=extra.zone,
            days=days,
            channel=channel(extra.digest_channel),
        )
    )
    return dots(*parts)


def _brief(at: datetime, ctx: Context) -> Mrkdwn:
    """Return a time in short form for a long list. A terminal also shows the year and zone."""
    return ctx.texts("at", at=Moment(at)) if ctx.source is Source.TERMINAL else ctx.texts.brief(at)


def _cut(line: Mrkdwn) -> Mrkdwn:
    return cut(line, ROW)
