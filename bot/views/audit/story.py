"""One order's story: one line per event. The newest event comes last, near the buttons.

The buttons are at the end, above Slack's message field, because people read a story from its
start. A long story has earlier messages without buttons for its earlier events.
"""

from collections.abc import Callable, Sequence
from functools import partial

from bot.models.jobs import Job
from bot.models.requests import Block, Message, Moment, Person, Source
from bot.models.story import Act, Became, Event, Failure, Gone, Queued, Retrier, Retries, Story
from bot.models.subjects import ORDER, SHOP
from bot.text import Mrkdwn, code, cut, escape, join, mention, named
from bot.views.audit.records import MARKS
from bot.views.blocks import context_line, message, section, sections, with_more
from bot.views.context import Context
from bot.views.names import dots, job_batch, job_class, known, queue_name
from bot.views.refusal import reason_words
from bot.views.rows import (
    ERROR,
    failed_elements,
    first_line,
    job_elements,
    row_blocks,
    state,
    stuck_since,
)
from bot.views.subjects import bare_order, bare_subject, subject, subject_name, tienda, whose

LINES = 12
LINE = 270
"""The most characters of an event's line.

With buttons and fallback text, a message stays under 10,000 characters.
"""
EARLIER, EARLIER_LINE, EARLIER_MESSAGES = 22, 140, 4
"""The limits of the messages before the last message.

They are the events per message, the characters per event, and the number of messages.
"""
PEOPLE = 5


def story_message(story: Story, ctx: Context) -> Message:
    """Return the title, the order's state, its retries, its events, and the scanned rows."""
    head = [_title(story, ctx)]
    if story.batch is not None:
        head.append(job_batch(story.batch, ctx))
    if story.events:
        head += [_now(story, ctx), retries_line(story.retries, ctx, is_partial=story.more)]
    else:
        head.append(_none(story, ctx))
    head = [line for line in head if line]
    foot = _foot(story, ctx)
    draw = partial(
        _line,
        shops=_shop(story) is None and not _is_of_shop(story),
        about=ORDER if story.subject is None else story.subject.name,
        ctx=ctx,
    )
    if ctx.source is Source.TERMINAL:
        rows = [draw(event, ctx.texts("at", at=Moment(event.at))) for event in story.events]
        return Message(str(join("\n", [*head, *rows, *foot])))
    shown_events = story.events[-LINES:]
    hidden = len(story.events) - len(shown_events)
    before = story.events[:hidden][-EARLIER * EARLIER_MESSAGES :]
    omitted = _omitted(hidden - len(before), story, ctx)
    blocks = [section(join("\n", head)), *(context_line(line) for line in omitted)]
    lines = [*head, *omitted]
    messages = _earlier(before, draw, ctx)
    if messages:
        messages[0] = with_more(message(lines, blocks), (), messages[0])
        lines, blocks = [], []
    for event in shown_events:
        line = cut(draw(event, ctx.texts.brief(event.at)), LINE)
        blocks += _blocks(event, line, ctx)
        lines.append(cut(draw(event, escape(ctx.texts.brief_plain(event.at))), LINE))
    messages.append(message(lines, blocks))
    end = message(foot, [context_line(line) for line in foot])
    return with_more(messages[0], messages[1:], end)


def _earlier(
    events: Sequence[Event], draw: Callable[[Event, Mrkdwn], Mrkdwn], ctx: Context
) -> list[Message]:
    """Return the events as lines without buttons, in one or more messages."""
    messages = []
    for begin in range(0, len(events), EARLIER):
        part = events[begin : begin + EARLIER]
        rows = [cut(draw(event, ctx.texts.brief(event.at)), EARLIER_LINE + 40) for event in part]
        plain = [
            cut(draw(event, escape(ctx.texts.brief_plain(event.at))), EARLIER_LINE)
            for event in part
        ]
        messages.append(message(plain, sections(rows)))
    return messages


def retries_line(retries: Retries, ctx: Context, *, is_partial: bool = False) -> Mrkdwn:
    """Return a line such as `Retried 3 times: @ana 2, @omar 1`, with the last outcome.

    `is_partial`: there may be earlier retries.
    """
    if not retries.count:
        return Mrkdwn()
    who = [_times(retrier, retries, ctx) for retrier in retries.by[:PEOPLE]]
    who += [escape("…")] if len(retries.by) > PEOPLE else []
    key = "retries-least" if is_partial else "retries"
    summary = ctx.texts(key, count=retries.count, who=join(", ", who))
    last = ctx.texts("retries-last", became=_became(retries.last, ctx))
    return join(" ", [summary, last])


def _times(retrier: Retrier, retries: Retries, ctx: Context) -> Mrkdwn:
    """Return the person, with the number of retries if several people retried."""
    if len(retries.by) == 1:
        return mention(retrier.actor)
    return ctx.texts("retries-by", who=Person(retrier.actor), count=retrier.count)


def _title(story: Story, ctx: Context) -> Mrkdwn:
    is_shop = _is_of_shop(story)
    shop = None if is_shop else _shop(story)
    if story.subject is not None:
        name = subject_name(story.subject.name, ctx.texts)
        title = ctx.texts("find-title-subject", name=named(name.title() if is_shop else name))
        value = bare_subject(story.subject.name, story.subject.value, ctx) or escape("–")
        return dots(join(" ", [title, value]), tienda(shop, ctx))
    name = bare_order(story.order_id, ctx, tienda_id=shop) or escape("–")
    return dots(join(" ", [ctx.texts("find-title"), name]), tienda(shop, ctx))


def _is_of_shop(story: Story) -> bool:
    """Whether the story is about a shop, so its lines need not name the shop."""
    return story.subject is not None and story.subject.name == SHOP


def _none(story: Story, ctx: Context) -> Mrkdwn:
    if story.subject is None:
        return ctx.texts("find-none")
    whose = subject(story.subject.name, story.subject.value, ctx)
    return ctx.texts("find-none-subject", subject=whose)


def _shop(story: Story) -> str | None:
    """Return the shop of the events, or None if the events have several shops."""
    shops = {
        str((event if isinstance(event, Failure) else event.found.job).tienda_id or "")
        for event in story.events
        if isinstance(event, Failure | Queued)
    }
    return story.tienda_id or (shops.pop() or None if len(shops) == 1 else None)


def _now(story: Story, ctx: Context) -> Mrkdwn:
    """Return the number of failed, pending, delayed and reserved jobs of the order."""
    counts = dict.fromkeys(("failed", "pending", "delayed", "reserved"), 0)
    for event in story.events:
        if isinstance(event, Queued):
            counts[event.found.state] += 1
        elif isinstance(event, Failure) and event.there:
            counts["failed"] += 1
    is_partial = story.jobs.more or (story.more and story.failed_count is None)
    if story.failed_count is not None:
        counts["failed"] = story.failed_count
    places = [ctx.texts(f"find-now-{name}", count=count) for name, count in counts.items() if count]
    if not places:
        return ctx.texts("find-now-unknown" if is_partial else "find-now-nowhere")
    return ctx.texts("find-now-least" if is_partial else "find-now", what=join(", ", places))


def _line(event: Event, at: Mrkdwn, *, shops: bool, about: str, ctx: Context) -> Mrkdwn:
    match event:
        case Failure():
            return _failure(event, at, _others(event, about, shops=shops, ctx=ctx), ctx)
        case Gone():
            return dots(at, ctx.texts("find-gone", id=str(event.failed_id)))
        case Act():
            return _act(event, at, ctx)
        case Queued():
            return _queued(event, at, _others(event.found.job, about, shops=shops, ctx=ctx), ctx)


def _others(row: Failure | Job, about: str, *, shops: bool, ctx: Context) -> Mrkdwn:
    """Return the subjects of an event that the title does not name."""
    more = {name: value for name, value in row.subjects.items() if name != about}
    number = row.order_id if about != ORDER else None
    parts = whose(number, more, ctx, tienda_id=row.tienda_id, queue=row.queue)
    return dots(parts, tienda(row.tienda_id if shops else None, ctx))


def _failure(event: Failure, at: Mrkdwn, others: Mrkdwn, ctx: Context) -> Mrkdwn:
    key = "find-failed" if event.there else "find-failed-then"
    lead = dots(
        at,
        ctx.texts(key, id=str(event.failed_id)),
        job_class(event.job_class, ctx),
        queue_name(event.queue),
        others,
    )
    error = cut(code(first_line(event.error), ERROR), ERROR + 20)
    return join("\n", [cut(lead, LINE - len(error) - 1), error])


def _act(event: Act, at: Mrkdwn, ctx: Context) -> Mrkdwn:
    mark = MARKS.get(event.outcome, "•")
    who = ctx.texts(
        "audit-who", mark=escape(mark), who=Person(event.actor), command=named(event.action, 40)
    )
    parts = [at, who, _subject(event, ctx)]
    if event.operation is not None:
        parts.append(ctx.texts("find-bulk", operation=str(event.operation)))
    if event.outcome != "ok":
        key = f"outcome-{event.outcome}"
        word = ctx.texts(key) if ctx.texts.has(key) else named(event.outcome)
        why = [] if event.reason is None else [reason_words(event.reason, ctx.texts)]
        parts.append(join(": ", [word, *why]))
    if event.is_retry:
        parts.append(_became(event.became, ctx))
    if event.kept and not event.is_retry:
        parts.append(ctx.texts("find-kept"))
    return dots(*(part for part in parts if part))


def _subject(event: Act, ctx: Context) -> Mrkdwn:
    if event.row == "order":
        return Mrkdwn()
    row = ctx.texts(f"target-{event.row}", id=str(event.row_id))
    if event.job_id is None:
        return row
    return ctx.texts("find-became-job", row=row, job=str(event.job_id))


def _became(became: Became | None, ctx: Context) -> Mrkdwn:
    """Return the outcome of a retry in the words of the outcome message."""
    if became is None:
        return ctx.texts("fate-unknown")
    word = ctx.texts(f"retry-outcome-word-{became.fate}")
    if became.by is not None and became.how is not None:
        how = named(became.how, 40)
        return ctx.texts("fate-by", word=word, by=Person(became.by), how=how)
    if became.failed_id is None:
        return word
    return ctx.texts("fate-as", word=word, id=str(became.failed_id))


def _queued(event: Queued, at: Mrkdwn, others: Mrkdwn, ctx: Context) -> Mrkdwn:
    job = event.found.job
    lead = dots(
        at,
        ctx.texts("job-row", id=str(job.id)),
        job_class(job.job_class, ctx),
        queue_name(job.queue),
        others,
    )
    tried = ctx.texts("attempts", attempts=known(job.attempts), most=known(job.max_attempts))
    return join("\n", [cut(lead, LINE - 120), dots(state(job, ctx), tried)])


def _blocks(event: Event, line: Mrkdwn, ctx: Context) -> list[Block]:
    if isinstance(event, Failure) and event.there:
        elements = failed_elements(event.failed_id, event.row_digest, ctx)
        return row_blocks(line, elements, f"failed:{event.failed_id}")
    if isinstance(event, Queued):
        job = event.found
        since = stuck_since(job.job, job.reserved_at, ctx)
        elements = job_elements(job.job.id, job.row_digest, ctx, stuck_since=since)
        return row_blocks(line, elements, f"job:{job.job.id}")
    return [section(line)]


def _omitted(hidden: int, story: Story, ctx: Context) -> list[Mrkdwn]:
    if story.more:
        return [ctx.texts("find-earlier-more", count=max(0, hidden))]
    return [ctx.texts("find-earlier", count=hidden)] if hidden else []


def _foot(story: Story, ctx: Context) -> list[Mrkdwn]:
    """Return the number of scanned rows, and a note about failures that are not indexed yet."""
    jobs = story.jobs
    if jobs.complete:
        coverage = ctx.texts("find-looked-all", count=jobs.newest + jobs.oldest)
    elif jobs.oldest:
        coverage = ctx.texts("find-looked-ends", newest=jobs.newest, oldest=jobs.oldest)
    else:
        coverage = ctx.texts("find-looked-newest", newest=jobs.newest)
    notes = [coverage]
    if jobs.more:
        notes.append(ctx.texts("find-jobs-more"))
    if not jobs.complete and story.about is not None:
        notes[0] = join(" ", [coverage, ctx.texts("find-looked-of", count=story.about)])
    if not jobs.in_time:
        notes.append(ctx.texts("find-looked-time"))
    if not story.events:
        is_order = story.subject is None
        notes.append(ctx.texts("find-none-hint" if is_order else "find-none-hint-subject"))
    if story.indexing:
        notes.append(ctx.texts("find-indexing"))
    return notes
