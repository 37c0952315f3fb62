"""The digest: figures of the days beside the week before, then what was slow, open and wrong."""

from collections.abc import Sequence

from bot.models.digest import Deeds, Digest, Figure, Incidents, OpenGroups, Told
from bot.models.requests import Block, Message, Moment, Person
from bot.text import Mrkdwn, code, cut, escape, join
from bot.views.blocks import context_line, fields, message, section, sections
from bot.views.buttons import run_button
from bot.views.context import Context
from bot.views.names import age, dots, queue_name

NAME = 140
FIELD = 600


def digest_message(found: Digest, ctx: Context) -> Message:
    """Figures first; every part that is not known is said to be."""
    title, notes = _title(found, ctx), _notes(found, ctx)
    figures = _figures(found, ctx)
    slow, wrong = _slow(found, ctx), _incidents(found.incidents, ctx)
    errors, rows = _errors(found.groups, ctx)
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


def _title(found: Digest, ctx: Context) -> Mrkdwn:
    first, last = ctx.texts.day(found.first), ctx.texts.day(found.last)
    if found.first == found.last:
        return ctx.texts("digest-title", day=first)
    return ctx.texts("digest-title-days", first=first, last=last)


def _figures(found: Digest, ctx: Context) -> list[tuple[Mrkdwn, Mrkdwn]]:
    """Each with its label: processed, failed, retried, deleted."""
    texts = ctx.texts
    return [
        (texts("digest-label-processed"), _figure(found.processed, ctx)),
        (texts("digest-label-failed"), _figure(found.failed, ctx)),
        (texts("digest-label-retried"), _deeds(found.retried, ctx)),
        (texts("digest-label-deleted"), _deeds(found.deleted, ctx)),
    ]


def _figure(figure: Figure, ctx: Context) -> Mrkdwn:
    """The count, and what it was the week before where both can be compared."""
    texts, count, before = ctx.texts, figure.count, figure.before
    if count is None:
        return texts("digest-unknown")
    said = texts("digest-at-least" if figure.at_least else "digest-count", count=count)
    if before is None:
        return dots(said, texts("digest-change-unknown"))
    if not figure.comparable or not before:
        key = "digest-before-at-least" if figure.before_at_least else "digest-before"
        return dots(said, texts(key, before=before))
    change = texts.change(count, before)
    return dots(said, texts("digest-change", change=change, before=before))


def _deeds(deeds: Deeds | None, ctx: Context) -> Mrkdwn:
    texts = ctx.texts
    if deeds is None:
        return texts("digest-unknown")
    people = [texts("digest-deed", who=Person(one.actor), count=one.count) for one in deeds.by]
    if deeds.others:
        people.append(texts("digest-others", count=deeds.others))
    return cut(dots(texts("digest-count", count=deeds.count), join(", ", people)), FIELD)


def _slow(found: Digest, ctx: Context) -> list[Mrkdwn]:
    """When jobs waited longest, and when most of them did."""
    texts = ctx.texts
    lines = [
        texts(
            "digest-waited",
            at=texts.brief(one.at),
            queue=queue_name(one.queue),
            age=age(one.seconds, texts),
        )
        for one in found.waited
    ]
    if found.backlog is not None:
        at = texts.brief(found.backlog.at)
        lines.append(texts("digest-backlog", at=at, count=found.backlog.pending))
    unseen = found.gap_seconds is None or found.processed.count is None
    nothing = texts("digest-unknown" if unseen else "digest-nothing-slow")
    return [texts("digest-label-slow"), *(lines or [nothing])]


def _incidents(found: Incidents | None, ctx: Context) -> list[Mrkdwn]:
    """How many were opened, how long they lasted, and which are open now."""
    texts = ctx.texts
    label = texts("digest-label-incidents")
    if found is None:
        return [label, texts("digest-unknown")]
    parts = [texts("digest-opened-more" if found.more else "digest-opened", count=found.opened)]
    if found.seconds is not None:
        parts.append(texts("digest-over", count=found.over, age=age(found.seconds, texts)))
    parts.append(texts("digest-open-now", count=found.count_now))
    lasted = [
        texts("digest-lasted", name=_name(one, ctx), age=age(_seconds(one), texts))
        for one in found.longest
    ]
    still = [
        texts("digest-open-for", name=_name(one, ctx), at=texts.brief(one.opened_at))
        for one in found.open_now
    ]
    return [label, dots(*parts), *lasted, *still]


def _seconds(told: Told) -> int:
    ended = told.closed_at or told.opened_at
    return int((ended - told.opened_at).total_seconds())


def _name(told: Told, ctx: Context) -> Mrkdwn:
    """`I12 workers silent · mail`."""
    about = escape(told.error) if told.error is not None else Mrkdwn()
    where = Mrkdwn() if told.queue is None else queue_name(told.queue)
    what = ctx.texts(f"digest-kind-{told.kind}")
    return dots(ctx.texts("digest-incident", id=f"I{told.id}", what=what), about, where)


def _errors(
    found: OpenGroups | None, ctx: Context
) -> tuple[Mrkdwn, Sequence[tuple[Mrkdwn, Block]]]:
    """The line about all of them, and a row with its button for each of the largest."""
    texts = ctx.texts
    label = texts("digest-label-errors")
    if found is None:
        return join(" ", [label, texts("digest-unknown")]), []
    said = texts("digest-errors", groups=found.count, failed=found.failed)
    rows = [
        (
            dots(
                texts("digest-error", error=row.error, count=row.failed),
                cut(code(row.name, NAME), NAME + 20),
            ),
            run_button("error", texts.plain("button-details"), {"error": row.error}),
        )
        for row in found.groups
    ]
    return join(" ", [label, said]), rows


def _notes(found: Digest, ctx: Context) -> list[Mrkdwn]:
    texts = ctx.texts
    notes = []
    if found.gap_seconds is not None and found.processed.count is None:
        notes.append(texts("digest-no-samples"))
    elif found.gap_seconds:
        notes.append(texts("digest-gap", age=age(found.gap_seconds, texts)))
    if found.began_at is not None:
        notes.append(texts("digest-began", at=Moment(found.began_at)))
    return [*notes, texts("digest-zone", zone=found.zone)]
