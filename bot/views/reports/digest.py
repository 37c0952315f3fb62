"""The digest: counts (also one week earlier), then slow jobs, error groups and incidents."""

from collections.abc import Sequence

from bot.models.digest import Deeds, Digest, DigestIncident, Figure, Incidents, OpenGroups
from bot.models.requests import Block, Message, Moment, Person
from bot.text import Mrkdwn, code, cut, escape, join
from bot.views.blocks import context_line, fields, message, section, sections
from bot.views.buttons import run_button
from bot.views.context import Context
from bot.views.names import age, dots, queue_name

NAME = 140
FIELD = 600


def digest_message(digest: Digest, ctx: Context) -> Message:
    """Return the digest, counts first. Parts without known values are marked as unknown."""
    title, notes = _title(digest, ctx), _notes(digest, ctx)
    figures = _figures(digest, ctx)
    slow, wrong = _slow(digest, ctx), _incidents(digest.incidents, ctx)
    errors, rows = _errors(digest.groups, ctx)
    blocks = [
        section(title),
        fields([join("\n", pair) for pair in figures]),
        *sections([join("\n", slow)]),
        *sections([join("\n", wrong)]),
        section(errors),
        *(section(line, accessory=button) for line, button in rows),
        *(context_line(note) for note in notes),
    ]
    lines = [title, *(join(" ", pair) for pair in figures), *slow, *wrong, errors]
    return message([*lines, *(line for line, _ in rows), *notes], blocks)


def _title(digest: Digest, ctx: Context) -> Mrkdwn:
    first, last = ctx.texts.day(digest.first), ctx.texts.day(digest.last)
    if digest.first == digest.last:
        return ctx.texts("digest-title", day=first)
    return ctx.texts("digest-title-days", first=first, last=last)


def _figures(digest: Digest, ctx: Context) -> list[tuple[Mrkdwn, Mrkdwn]]:
    """Return the counts with their labels: processed, failed, retried, deleted."""
    texts = ctx.texts
    return [
        (texts("digest-label-processed"), _figure(digest.processed, ctx)),
        (texts("digest-label-failed"), _figure(digest.failed, ctx)),
        (texts("digest-label-retried"), _deeds(digest.retried, ctx)),
        (texts("digest-label-deleted"), _deeds(digest.deleted, ctx)),
    ]


def _figure(figure: Figure, ctx: Context) -> Mrkdwn:
    """Return the count, and the count of the week before if they are comparable."""
    texts, count, before = ctx.texts, figure.count, figure.before
    if count is None or (figure.at_least and not count):
        # "At least 0" has no information.
        return texts("digest-unknown")
    text = texts("digest-at-least" if figure.at_least else "digest-count", count=count)
    if before is None or (figure.before_at_least and not before):
        return dots(text, texts("digest-change-unknown"))
    if not figure.comparable or not before:
        key = "digest-before-at-least" if figure.before_at_least else "digest-before"
        return dots(text, texts(key, before=before))
    change = texts.change(count, before)
    return dots(text, texts("digest-change", change=change, before=before))


def _deeds(deeds: Deeds | None, ctx: Context) -> Mrkdwn:
    texts = ctx.texts
    if deeds is None:
        return texts("digest-unknown")
    people = [
        texts("digest-deed", who=Person(person.actor), count=person.count) for person in deeds.by
    ]
    if deeds.others:
        people.append(texts("digest-others", count=deeds.others))
    return cut(dots(texts("digest-count", count=deeds.count), join(", ", people)), FIELD)


def _slow(digest: Digest, ctx: Context) -> list[Mrkdwn]:
    """Return the hour with the longest waiting time, and the hour with the most waiting jobs."""
    texts = ctx.texts
    lines = [
        texts(
            "digest-waited",
            at=texts.brief(hour.at),
            queue=queue_name(hour.queue),
            age=age(hour.seconds, texts),
        )
        for hour in digest.waited
    ]
    if digest.backlog is not None:
        at = texts.brief(digest.backlog.at)
        lines.append(texts("digest-backlog", at=at, count=digest.backlog.pending))
    unseen = digest.gap_seconds is None or digest.processed.count is None
    nothing = texts("digest-unknown" if unseen else "digest-nothing-slow")
    return [texts("digest-label-slow"), *(lines or [nothing])]


def _incidents(incidents: Incidents | None, ctx: Context) -> list[Mrkdwn]:
    """Return the number of triggered incidents, their durations, and the active incidents."""
    texts = ctx.texts
    label = texts("digest-label-incidents")
    if incidents is None:
        return [label, texts("digest-unknown")]
    parts = [
        texts("digest-opened-more" if incidents.more else "digest-opened", count=incidents.opened)
    ]
    if incidents.seconds is not None:
        parts.append(texts("digest-over", count=incidents.over, age=age(incidents.seconds, texts)))
    parts.append(texts("digest-open-now", count=incidents.count_now))
    lasted = [
        texts("digest-lasted", name=_name(incident, ctx), age=age(_seconds(incident), texts))
        for incident in incidents.longest
    ]
    still = [
        texts("digest-open-for", name=_name(incident, ctx), at=texts.brief(incident.triggered_at))
        for incident in incidents.open_now
    ]
    return [label, dots(*parts), *lasted, *still]


def _seconds(incident: DigestIncident) -> int:
    ended = incident.resolved_at or incident.triggered_at
    return int((ended - incident.triggered_at).total_seconds())


def _name(incident: DigestIncident, ctx: Context) -> Mrkdwn:
    """Return an incident's name, such as `I12 … · mail`."""
    about = escape(incident.error) if incident.error is not None else Mrkdwn()
    where = Mrkdwn() if incident.queue is None else queue_name(incident.queue)
    what = ctx.texts(f"digest-rule-{incident.rule}")
    return dots(ctx.texts("digest-incident", id=f"I{incident.id}", what=what), about, where)


def _errors(
    groups: OpenGroups | None, ctx: Context
) -> tuple[Mrkdwn, Sequence[tuple[Mrkdwn, Block]]]:
    """Return the line about all error groups, and a row with a button for each large group."""
    texts = ctx.texts
    label = texts("digest-label-errors")
    if groups is None:
        return join(" ", [label, texts("digest-unknown")]), []
    text = texts("digest-errors", groups=groups.count, failed=groups.failed)
    rows = [
        (
            dots(
                texts("digest-error", error=row.error, count=row.failed),
                cut(code(row.name, NAME), NAME + 20),
            ),
            run_button("error", texts.plain("button-details"), {"error": row.error}, texts),
        )
        for row in groups.groups
    ]
    return join(" ", [label, text]), rows


def _notes(digest: Digest, ctx: Context) -> list[Mrkdwn]:
    texts = ctx.texts
    notes = []
    if digest.gap_seconds is not None and digest.processed.count is None:
        notes.append(texts("digest-no-samples"))
    elif digest.gap_seconds:
        notes.append(texts("digest-gap", age=age(digest.gap_seconds, texts)))
    if digest.began_at is not None:
        notes.append(texts("digest-began", at=Moment(digest.began_at)))
    return [*notes, texts("digest-zone", zone=digest.zone)]
