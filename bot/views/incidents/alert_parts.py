"""The parts of every alert: id, acknowledgement, mute, menu and thread replies."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal

from bot.models.alert_rules import NEW_FAILURES
from bot.models.error_groups import Note
from bot.models.incidents import Resolution
from bot.models.requests import Block, Message, Moment, Person
from bot.models.value import Value
from bot.text import Mrkdwn, Plain, escape, group, join
from bot.views.blocks import message, section, sections
from bot.views.buttons import Argument, fitting, menu
from bot.views.context import Context
from bot.views.incidents.mutes import owner_line
from bot.views.names import age, dots, note_lines, queue_name
from bot.views.subjects import story_label

NOTICED_WITHIN = timedelta(minutes=2)
"""The bot usually indexes a failure within seconds. A longer delay means that the bot was down."""


class Ending(Value):
    """The end of an incident: its duration in seconds, and the outcomes of jobs if known.

    `of` names the counted jobs. `jobs`: the failed jobs of the incident, each counted once; then
    `failed` counts jobs that failed with another error. `queue`: the jobs of the queue. `all`: the
    failures of the queue, and the processed jobs of all queues. `queue` and `all` count processed
    jobs by samples.
    """

    seconds: int
    processed: int | None = None
    failed: int | None = None
    retried: int = 0
    deleted: int = 0
    otherwise: int = 0
    of: Literal["jobs", "queue", "all"] = "jobs"
    queue: str | None = None


class IncidentView(Value):
    """An incident in alerts. Times are naive UTC. `ending` is set if the incident recovered.

    `resolution` is None while the incident is active. `quiet` means that no new failure happened
    for a long time, but failed jobs are left.
    """

    id: int
    rule: str
    resolution: Resolution | None = None
    triggered_at: datetime
    ending: Ending | None = None
    quiet_seconds: int = 0
    queue: str | None = None
    acknowledged_by: str | None = None
    acknowledged_at: datetime | None = None
    assigned_by: str | None = None
    muted_until: datetime | None = None
    note: Note | None = None

    @property
    def is_active(self) -> bool:
        """Whether the incident is not resolved."""
        return self.resolution is None


def short_id(incident: IncidentView) -> Mrkdwn:
    """Return the incident's id as people type it: `I12`."""
    return escape(f"I{incident.id}")


def notes(incident: IncidentView, ctx: Context) -> list[Mrkdwn]:
    """Return the group's note and who acknowledged the incident; if active, also its mute."""
    lines = note_lines(incident.note, ctx)
    if incident.acknowledged_by is not None and incident.acknowledged_at is not None:
        by, at = incident.acknowledged_by, incident.acknowledged_at
        lines.append(owner_line(by, at, incident.assigned_by, ctx))
    if incident.muted_until is not None and incident.is_active:
        lines.append(ctx.texts("incident-muted", until=Moment(incident.muted_until)))
    return lines


def known_since(incident: IncidentView, first_at: datetime, ctx: Context) -> Mrkdwn:
    """Return when the bot noticed the failures, if this was long after the first failure."""
    if incident.triggered_at - first_at <= NOTICED_WITHIN:
        return Mrkdwn()
    return ctx.texts("incident-known", at=Moment(incident.triggered_at))


def quiet_line(incident: IncidentView, remaining: int, ctx: Context) -> list[Mrkdwn]:
    """Return the line "no new failures" if the incident is quiet and has failed jobs left."""
    if incident.resolution != "quiet" or remaining <= 0:
        return []
    return [ctx.texts("incident-quiet", age=age(incident.quiet_seconds, ctx.texts))]


def incident_menu(
    incident: IncidentView,
    ctx: Context,
    *,
    subject: tuple[str, str] | None = None,
    more: tuple[str, str, dict[str, Argument]] | None = None,
) -> Block:
    """Return a menu: Acknowledge or Take over, mutes of one hour, and Show order.

    `subject` is the argument and the value that `find` needs. `more` is a command, a key and
    values. If the subject is too long for a choice's value, the menu has no such choice, and people
    can type the command.
    """
    options: list[tuple[str, str, dict[str, Argument]]] = []
    if incident.is_active and incident.acknowledged_by is None:
        options.append(("acknowledge", "button-acknowledge", {"id": incident.id}))
    elif incident.is_active:
        options.append(("assign", "button-take-over", {"id": incident.id}))
    if incident.muted_until is None:
        # An alert of an error group is only about this error, so the label names the error.
        key = "button-mute-error" if incident.rule == NEW_FAILURES else "button-mute-alert"
        options.append(("mute", key, {"id": incident.id}))
        if incident.queue:
            options.append(("mute", "button-mute-queue", {"queue": incident.queue}))
    else:
        options.append(("unmute", "button-unmute", {"id": incident.id}))
    listed = [(name, ctx.texts.plain(key), args) for name, key, args in options]
    if subject is not None:
        listed.append(("find", story_label(*subject, ctx), dict([subject])))
    if more is not None:
        listed.append((more[0], ctx.texts.plain(more[1]), more[2]))
    return menu(fitting(listed))


def with_group_mention(alert: Message, group_id: str | None, ctx: Context) -> Message:
    """Return the alert with a mention of the on-call user group. Only new alerts get a mention."""
    if group_id is None:
        return alert
    mention = ctx.texts("incident-mention", group=group(group_id))
    return replace(alert, text=f"{alert.text}\n{mention}", blocks=(*alert.blocks, section(mention)))


def escalated_message(
    seconds: int,
    size: Mrkdwn | Plain,
    before: Mrkdwn | Plain | None,
    incident: IncidentView,
    ctx: Context,
) -> Message:
    """Return the thread reply about an unacknowledged incident, or about growth from `before`."""
    texts = ctx.texts
    if before is not None:
        line = texts("incident-grown", before=before, now=size)
    else:
        line = texts("incident-unseen", age=age(seconds, texts), now=size)
    return _reply([dots(line, short_id(incident))])


def reminder_message(
    seconds: int, size: Mrkdwn | Plain, incident: IncidentView, ctx: Context
) -> Message:
    """Return the thread reply to the person who acknowledged the incident `seconds` ago."""
    by = Person(incident.acknowledged_by or "")
    line = ctx.texts("incident-reminder", by=by, age=age(seconds, ctx.texts), now=size)
    return _reply([dots(line, short_id(incident))])


def reopened_message(
    seconds: int, size: Mrkdwn | Plain, incident: IncidentView, ctx: Context
) -> Message:
    """Return the thread reply about a reopened incident."""
    line = ctx.texts("incident-reopened", age=age(seconds, ctx.texts), now=size)
    return _reply([dots(line, short_id(incident))])


def recovered_message(incident: IncidentView, ending: Ending, ctx: Context) -> Message:
    """Return the reply about a recovered incident. The channel gets it if the thread is lost."""
    return _reply([dots(ending_line(ending, ctx), short_id(incident))])


def ending_line(ending: Ending, ctx: Context) -> Mrkdwn:
    """Return the line about the recovery: the duration, and the outcomes of jobs if known."""
    texts = ctx.texts
    lasted = age(ending.seconds, texts)
    parts = _own_figures(ending, ctx) if ending.of == "jobs" else _queue_figures(ending, ctx)
    if not parts:
        return texts("incident-over", age=lasted)
    return texts("incident-over-figures", age=lasted, figures=join(", ", parts))


def _own_figures(ending: Ending, ctx: Context) -> list[Mrkdwn]:
    """Return the outcomes of the incident's failed jobs. The counts add up to all failed jobs."""
    texts, figures = ctx.texts, []
    if ending.processed is not None:
        known = {"processed": ending.processed, "failed": ending.failed or 0}
        figures.append(texts("incident-figures", **known))
    elif ending.retried > 0:
        figures.append(texts("incident-retried", count=ending.retried))
    removed = (("deleted", ending.deleted), ("otherwise", ending.otherwise))
    return figures + [texts(f"incident-{how}", count=count) for how, count in removed if count > 0]


def _queue_figures(ending: Ending, ctx: Context) -> list[Mrkdwn]:
    """Return the counts of the queue or of all queues during the incident, if known."""
    figures = []
    if ending.processed is not None:
        of_all = "" if ending.of == "queue" else "-all"
        figures.append(ctx.texts(f"incident-processed{of_all}", count=ending.processed))
    if ending.failed is None:
        return figures
    if ending.queue is None or ending.of == "queue":
        figures.append(ctx.texts("incident-failed", count=ending.failed))
    else:
        queue = queue_name(ending.queue)
        figures.append(ctx.texts("incident-failed-queue", count=ending.failed, queue=queue))
    return figures


def _reply(lines: list[Mrkdwn]) -> Message:
    return message(lines, sections(lines))
