"""Samples of messages and dialogs about error groups."""

from collections.abc import Iterator
from functools import partial
from typing import Literal

from bot.models import refusals
from bot.models.error_groups import (
    ErrorDetail,
    ErrorDetailListed,
    ErrorGroup,
    ErrorGroups,
    ErrorsListed,
    MergeDetails,
    MergedGroup,
    Note,
    NoteDetails,
)
from bot.models.jobs import QueueCount
from bot.models.requests import Message, Modal, Source
from bot.views import refusal
from bot.views.context import Context
from bot.views.failures import error_groups, merges, notes
from tests.views.rows import failed_job
from tests.views.samples import Sample
from tests.views.words import DIGEST, NOW, PLAIN, Words

HOURS = (*([0] * 15), 1, 0, 3, 8, 40, 12, 0, 2, 7)


def group(w: Words = PLAIN, **changed: object) -> ErrorGroup:
    """Return a group in two queues that still fails."""
    values: dict[str, object] = {
        "error": "E12",
        "name": w.group,
        "failed": 61,
        "appeared": 73,
        "recent": 4,
        "still_failing": True,
        "first_at": w.time,
        "last_at": "2025-11-07 19:28:00",
        "queues": (QueueCount(queue=w.queue, count=60), QueueCount(queue=w.queue, count=1)),
        "orders": (str(w.order), "803190"),
        "hours": HOURS,
    }
    return ErrorGroup.model_validate(values | changed)


def pile(w: Words = PLAIN) -> ErrorGroup:
    """Return an old group that is too large for an operator to retry."""
    return group(
        w,
        error="E7",
        failed=812_004,
        appeared=0,
        recent=0,
        still_failing=False,
        last_at="2025-11-02 04:00:10",
        queues=tuple(QueueCount(queue=w.queue, count=100 - n) for n in range(6)),
        orders=(),
        hours=(0,) * 24,
    )


def listed(
    rows: tuple[ErrorGroup, ...], ctx: Context, *, since: str | None = None, **changed: object
) -> Message:
    """Return a page of groups; `changed` are fields that the buttons need."""
    values: dict[str, object] = {"arguments": {"limit": 10}, "after": 0, "indexing": False}
    groups = ErrorGroups(
        errors=rows,
        count=len(rows),
        failed=sum(row.failed for row in rows),
        since=since,
        timestamp="2025-11-07 19:30:00",
    )
    return error_groups.error_list(groups, ErrorsListed.model_validate(values | changed), ctx)


def detailed(
    row: ErrorGroup,
    w: Words,
    failed: int,
    ctx: Context,
    parts: tuple[MergedGroup, ...] = (),
    note: Note | None = None,
) -> Message | Modal:
    """Return the details of a group with this number of failed jobs shown."""
    rows = tuple(failed_job(45 - number, w) for number in range(failed))
    detail = ErrorDetail(group=row, exception=w.exception if rows else None, failed_jobs=rows)
    digests = ErrorDetailListed(
        row_digests={one.id: DIGEST for one in rows}, merged=parts, note=note
    )
    return error_groups.error_detail(detail, digests, ctx)


def samples(w: Words) -> Iterator[Sample]:
    """Yield each sample as a message, as a dialog and in the terminal."""
    two = (pile(w), group(w))
    window = {"queue": w.queue[:255], "since": "1440m", "limit": 10}
    asked = "2025-11-06 19:30:00"
    none = group(
        w, error="E13", failed=0, recent=100, still_failing=False, queues=(), orders=("803193",)
    )
    many = tuple(group(w, error=f"E{id_}") for id_ in range(1, 31))
    yield Sample("errors", partial(listed, two))
    yield Sample(
        "errors-since",
        partial(
            listed, (group(w), none), since="2025-11-06 19:00:00", arguments=window, asked=asked
        ),
    )
    yield Sample("errors-many", partial(listed, many, after=10, arguments={"limit": 30}))
    most = tuple(group(w, error=f"E{id_}") for id_ in range(1, 51))
    typed = partial(listed, most[:8], arguments={"limit": 8}, whole=True)
    yield Sample("errors-typed-limit", typed)
    yield Sample("errors-50", partial(listed, most, arguments={"limit": 50}, whole=True))
    yield Sample("errors-none", partial(listed, ()))
    yield Sample("errors-none-yet", partial(listed, (), indexing=True))
    yield Sample("errors-terminal", partial(listed, many[:9], indexing=True), Source.TERMINAL)
    for name, source in (("", Source.SLASH), ("-dialog", Source.BUTTON), ("-t", Source.TERMINAL)):
        yield Sample(f"error{name}", partial(detailed, group(w), w, 5), source)
    part = MergedGroup(error="E9", name=w.group, by=w.person[:64], at=NOW)
    by_rules = MergedGroup(error="E3", name=w.group, by=None, at=NOW)
    yield Sample("error-with-parts", partial(detailed, group(w), w, 0, parts=(part, by_rules)))
    note = Note(text=f"{w.word} https://wiki.example.com/e12", by=w.person[:64], at=NOW)
    yield Sample("error-with-note", partial(detailed, group(w), w, 0, note=note))
    for text, earlier in ((note.text, None), (None, w.word)):
        change = NoteDetails(
            error="E12", name=w.group, text=text, earlier=(earlier or "")[:300] or None
        )
        state = "removed" if text is None else "written"
        yield Sample(f"note-{state}", partial(notes.note_answer, change))
        yield Sample(f"note-{state}-visible", partial(notes.note_visible, change))
    states: tuple[Literal["preview", "merged", "ended"], ...] = ("preview", "merged", "ended")
    for state in states:
        details = MergeDetails(
            error="E12",
            name=w.group,
            failed=61,
            into="E7",
            into_name=w.group,
            into_failed=1,
            state=state,
        )
        yield Sample(f"merge-{state}", partial(merges.merge_answer, details))
        if state != "preview":
            yield Sample(f"merge-{state}-visible", partial(merges.merge_visible, details))
    for refused in (
        refusals.AlreadyMerged(id="E12", into="E7", by=w.person[:64], at=NOW),
        refusals.NotMerged(id="E12"),
    ):
        name = f"refusal-{refused.code}"
        yield Sample(name, partial(refusal.refusal_message, refused))
    gone = refusals.ErrorGroupNotFound(id="E12")
    yield Sample("refusal-error-group-not-found", partial(refusal.refusal_message, gone))
    for problem, value in (("group", w.word[:64]), ("since", "7d")):
        wrong = refusals.Invalid(
            problem=problem, field="error", value=value, expected="", usage="error E12"
        )
        yield Sample(f"refusal-invalid-{problem}", partial(refusal.refusal_message, wrong))
    yield Sample("error-none-left", partial(detailed, none, w, 0), Source.BUTTON)
    yield Sample("error-pile-dialog", partial(detailed, pile(w), w, 1), Source.BUTTON)
