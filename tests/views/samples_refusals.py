"""Samples of every refusal and of bugs."""

from collections.abc import Iterator
from functools import partial

from bot.models import refusals as errors
from bot.models.requests import Message
from bot.models.roles import Role
from bot.views import refusal
from bot.views.context import Context
from tests.views.rows import skipped_rows
from tests.views.samples import Sample
from tests.views.words import NOW, PLAIN, Words


def refusals(w: Words = PLAIN) -> Iterator[tuple[str, errors.Refusal]]:
    """Yield every refusal in the form in which it is raised."""
    usage = "retry ID…"
    yield "unknown-command", errors.UnknownCommand(word=w.word, nearest="retry", usage=usage)
    for problem, value, expected in PROBLEMS:
        yield (
            f"invalid-{problem}",
            errors.Invalid(
                problem=problem,
                field="limit",
                value=w.word if w is not PLAIN else value,
                expected=w.word if w is not PLAIN else expected,
                usage=usage,
            ),
        )
    yield (
        "denied",
        errors.Denied(
            needed=Role.OPERATOR, has=Role.VIEWER, holders=(w.person, "S0OPS00001", w.channel)
        ),
    )
    yield "denied-nobody", errors.Denied(needed=Role.ADMIN, has=Role.NONE, holders=())
    for why in ("foreign", "deactivated", "bot", "guest", w.word):
        yield f"not-member-{why[:12]}", errors.NotMember(why=why)
    yield "wrong-channel", errors.WrongChannel(channels=(w.channel,))
    yield "wrong-channel-shared", errors.WrongChannel(channels=(), why="shared")
    yield "wrong-queue", errors.WrongQueue(queue=w.queue, queues=(w.queue, "mail"))
    yield "unverifiable", errors.Unverifiable(reason=w.reason)
    for kind in (errors.JobNotFound, errors.FailedJobNotFound):
        yield kind.code, kind(id="45")
        yield f"{kind.code}-retried", kind(id="45", by=w.person, action="retry", at=NOW)
        yield f"{kind.code}-cleared", kind(id="45", by=w.person, action="clear-failed", at=NOW)
    yield "changed", errors.Changed(id="45")
    for suffix, by, at in (("", None, None), ("-by", w.person, NOW)):
        yield f"not-reserved{suffix}", errors.NotReserved(id="123", by=by, at=at)
        yield f"not-frozen{suffix}", errors.NotFrozen(by=by, at=at)
        yield f"job-gone{suffix}", errors.JobGone(id="45", job="77", by=by, at=at)
    yield "reserved-again", errors.ReservedAgain(id="123", at=NOW)
    yield "reserved-recently", errors.ReservedRecently(id="123", at=NOW)
    yield "frozen", errors.Frozen(by=w.person, at=NOW, reason=w.reason)
    yield "frozen-without-reason", errors.Frozen(by=w.person, at=NOW, reason=None)
    yield "already-frozen", errors.AlreadyFrozen(by=w.person, at=NOW)
    yield "already-undone", errors.AlreadyUndone(by=w.person, at=NOW)
    yield "job-taken", errors.JobTaken(id="45", job="77")
    yield "row-there", errors.RowThere(id="45")
    yield "not-undoable", errors.NotUndoable(action=w.word)
    yield "undo-expired", errors.UndoExpired(days=7)
    yield "nothing-to-undo", errors.NothingToUndo(days=7)
    yield "change-not-found", errors.ChangeNotFound(word=w.word)
    yield "plan-expired", errors.PlanExpired(action="retry-all")
    yield "plan-expired-cancel", errors.PlanExpired(action="cancel")
    yield "count-mismatch", errors.CountMismatch(expected=1234)
    yield "nothing-to-do", errors.NothingToDo(skipped=skipped_rows(w))
    yield "operation-running", errors.OperationRunning(by=w.person, action="retry-all")
    yield "unfinished", errors.Unfinished(action="retry-all", done=5, total=1234)
    yield (
        "still-running",
        errors.StillRunning(action="retry-all", operation=7, done=5, total=1234),
    )
    for plain in (errors.RequestIdUsed, errors.Busy, errors.DatabaseDown, errors.OutcomeUnknown):
        yield plain.code, plain()
    yield from _more_refusals(w)


def _more_refusals(w: Words) -> Iterator[tuple[str, errors.Refusal]]:
    yield "times-off-earlier", errors.TimesOff(minutes=300)
    yield "times-off-later", errors.TimesOff(minutes=-345)
    yield "row-too-long", errors.RowTooLong(id="45", detail="jobs.payload")
    yield "row-would-change", errors.RowWouldChange(id="45", detail="jobs")
    yield "row-has-children", errors.RowHasChildren(id="45", detail="order_notes")
    yield "other-connection", errors.OtherConnection(id="45", detail=w.word)
    yield "row-refused", errors.RowRefused(id="45", detail=w.word)
    yield "read-only", errors.ReadOnly(reason="server")
    yield "audit-key-missing", errors.AuditKeyMissing(key="0f3a9c2e5b7d1864")
    yield "not-muted", errors.NotMuted(word=w.queue)
    yield "not-muted-by", errors.NotMuted(word=w.queue, by=w.person, at=NOW)
    yield "incident-not-found", errors.IncidentNotFound(id="I12")
    yield "incident-closed", errors.IncidentClosed(id="I12", at=NOW)
    yield "already-acknowledged", errors.AlreadyAcknowledged(id="I12", by=w.person, at=NOW)
    yield "nothing-to-acknowledge", errors.NothingToAcknowledge()
    yield "already-muted", errors.AlreadyMuted(word=w.queue, by=w.person, at=NOW)
    yield (
        "muted-otherwise",
        errors.MutedOtherwise(
            id="I12", word=w.queue, nearest=f"unmute queue={w.queue}", by=w.person, at=NOW
        ),
    )
    yield "person-ambiguous", errors.PersonAmbiguous(name=w.queue, people=(w.person, w.person))
    yield "not-operator", errors.NotOperator(person=w.person)
    yield "person-not-found", errors.PersonNotFound(name=w.queue)
    yield "queue-not-found", errors.QueueNotFound(queue=w.queue, queues=(w.queue, "mail"))
    yield (
        "queue-not-found-nearest",
        errors.QueueNotFound(queue=w.queue, queues=("mail",), nearest=w.queue),
    )
    yield "queue-not-found-at-all", errors.QueueNotFound(queue=w.queue, queues=())


PROBLEMS = (
    ("unknown-key", "5", ""),
    ("twice", "5", ""),
    ("extra-word", "now", ""),
    ("id-zero", "0", ""),
    ("too-long", "", "2000"),
    ("quote", "", ""),
    ("missing", "{}", ""),
    ("less_than_equal", "500", "200"),
    ("greater_than_equal", "0", "1"),
    ("literal_error", "waiting", "'pending', 'reserved' or 'all'"),
    ("int_parsing", "ten", ""),
    ("string_too_long", "aaa", ""),
    ("id", "4x", ""),
    ("range", "1-900", ""),
    ("count", "25", ""),
    ("one", "", ""),
    ("age", "soon", ""),
    ("incident", "E12", ""),
    ("one-incident", "", ""),
    ("mute-what", "", ""),
    ("mute-no-queue", "", ""),
    ("mute-length", "", ""),
    ("old-button", "", ""),
    ("finite_number", "x", ""),
)


def samples(w: Words) -> Iterator[Sample]:
    for name, refused in refusals(w):
        yield Sample(f"refusal-{name}", partial(refusal.refusal_message, refused))
    for known in (True, False):
        bug = partial(_bug, w.hash[:12], nothing_changed=known)
        yield Sample(f"bug-{'unchanged' if known else 'unknown'}", bug)


def _bug(bug_id: str, ctx: Context, *, nothing_changed: bool) -> Message:
    return refusal.bug_message(bug_id, ctx.texts, nothing_changed=nothing_changed)
