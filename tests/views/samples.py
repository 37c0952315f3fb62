"""Samples of every message and dialog of the bot, with realistic values or one hostile text."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, Literal
from zoneinfo import ZoneInfo

import tests.views
from bot.app.command import find_commands
from bot.models import refusals as errors
from bot.models.audit import AuditLine, Target
from bot.models.command_help import CommandHelp
from bot.models.job_changes import DeletedRow, RetriedJob, SkippedRow
from bot.models.jobs import (
    FailedJob,
    FailedJobDetail,
    FailedJobList,
    Job,
    JobDetail,
    JobFilters,
    JobList,
    Listed,
)
from bot.models.operations import Preview, Progress, Scope, Share
from bot.models.queue_jobs import QueueJobs
from bot.models.requests import Message, Modal, Person, Source
from bot.models.roles import Role
from bot.text import Mrkdwn, texts_for
from bot.views import changes, details, lists, people, refusal, status
from bot.views.audit import records
from bot.views.context import Context, Links


def utc(*parts: int) -> datetime:
    """Return a naive UTC datetime, like those from the database."""
    return datetime(*parts)  # type: ignore[arg-type] # noqa: DTZ001 naive by convention


LIMA = ZoneInfo("America/Lima")
NOW = utc(2025, 11, 8, 0, 30)  # 19:30 on the 7th in Lima
DIGEST = "0123456789abcdef" * 2
RESERVED_AT = 1_762_530_000

READS = frozenset(
    {
        "status",
        "jobs",
        "failed",
        "errors",
        "error",
        "job",
        "failed-job",
        "stuck",
        "history",
        "watch",
        "handover",
    }
) | {"find", "whoami", "help"}
CHANGES = frozenset({"retry", "release", "undo", "acknowledge", "assign", "mute", "unmute"})
ADMINS = frozenset(
    {"retry-all", "delete", "delete-failed", "clear-failed", "cancel", "freeze", "unfreeze"}
)
RUNNABLE = {
    Role.NONE: frozenset({"whoami", "help"}),
    Role.VIEWER: READS,
    Role.OPERATOR: READS | CHANGES,
    Role.ADMIN: READS | CHANGES | ADMINS,
}

ACTIONS = {
    name: command.action for name, command in find_commands().items() if command.action is not None
}

Shown = Message | Modal


@dataclass(frozen=True)
class Words:
    """The external texts in the samples; one hostile text can replace all of them."""

    queue: str = "netsuite"
    job_class: str = "App\\Jobs\\NetsuiteSyncJob"
    order: int | str = 803193
    tienda: int | str = 12097
    error: str = "NetSuite sync failed: exception - MySQL server has gone away..."
    group: str = "SQLSTATE[HY000] [2006] MySQL server has gone away"
    exception: str = "NetSuite sync failed: exception - MySQL server has gone away\n#0 sync.php(42)"
    payload: str = '{"displayName":"App\\\\Jobs\\\\NetsuiteSyncJob","data":{"order_id":803193}}'
    time: str = "2025-11-07 17:45:59"
    person: str = "U0ANA00001"
    terminal_name: str = "ana"
    detail: str = "ops on db1"
    arguments: str = '{"ids":[45]}'
    answer: str = "Not allowed: this needs the role operator, yours is viewer"
    reason: str = "denied"
    rule: str = "operators: S0OPS00001"
    channel: str = "C0OPS00001"
    word: str = "retri"
    hash: str = "ab12cd34" * 8
    url: str = "https://acme.slack.com/archives/C0OPS00001/p1730997654000100"

    @classmethod
    def all_alike(cls, text: str) -> "Words":
        """Return words that all have this text."""
        return cls(**dict.fromkeys(cls.__dataclass_fields__, text))


PLAIN = Words()


def context(
    language: str = "en",
    role: Role = Role.ADMIN,
    source: Source = Source.SLASH,
    *,
    links: Links | None = None,
    actor: str = "U0ANA00001",
) -> Context:
    """Return the context of a reader with this role and language, at 19:30 in Lima."""
    return Context(
        texts=texts_for(language, "en", LIMA),
        role=role,
        now=NOW,
        actor=Person(actor),
        actions=ACTIONS,
        source=source,
        runnable=RUNNABLE[role],
        links=links or Links(),
        zone=LIMA,
        here="C0OPS00001",
        roles={"retry": Role.OPERATOR, "retry-all": Role.ADMIN},
        admins=("U0ANA00001",),
    )


def failed_job(id_: int, w: Words = PLAIN) -> FailedJob:
    """Return a row of failed_jobs."""
    return FailedJob(
        id=id_,
        queue=w.queue,
        job_class=w.job_class,
        order_id=w.order,
        tienda_id=w.tienda,
        exception_short=w.error,
        failed_at=w.time,
    )


def job(id_: int, w: Words = PLAIN, **changed: object) -> Job:
    """Return a row of jobs, pending unless changed."""
    values: dict[str, object] = {
        "id": id_,
        "queue": w.queue,
        "attempts": 0,
        "max_attempts": 3,
        "job_class": w.job_class,
        "order_id": w.order,
        "tienda_id": w.tienda,
        "created_at_human": w.time,
        "available_at_human": w.time,
        "reserved_at_human": None,
        "age_seconds": 245,
    }
    return Job.model_validate(values | changed)


def mixed_jobs(w: Words = PLAIN) -> tuple[Job, ...]:
    """Return a pending, a delayed, a reserved and a stuck job."""
    return (
        job(126, w, order_id=None, job_class=None),
        job(125, w, available_at_human="2025-11-07 20:00:00"),
        job(124, w, reserved_at_human="2025-11-07 19:29:00", attempts=1),
        job(123, w, reserved_at_human="2025-11-07 17:50:00", attempts=2),
    )


def job_list(
    jobs: tuple[Job, ...],
    ctx: Context,
    limit: int = 50,
    queue: str | None = None,
    *,
    in_part: bool = False,
    whole: bool = False,
) -> Shown:
    """Return the view of `/queue jobs` with these rows."""
    given: dict[str, str | int] = {"limit": limit, "status": "all", "sort": "newest"}
    if queue is not None:
        given["queue"] = queue
    filters = JobFilters(queue=queue, status="all", limit=limit)
    digests = dict.fromkeys((row.id for row in jobs), DIGEST)
    listed = Listed(
        row_digests=digests,
        arguments=given,
        partial=in_part,
        whole=whole,
        reserved_at=dict.fromkeys(digests, RESERVED_AT),
    )
    return lists.job_list(JobList(jobs=jobs, count=len(jobs), filters=filters), listed, ctx)


def failed_list(
    rows: tuple[FailedJob, ...],
    ctx: Context,
    limit: int = 50,
    queue: str | None = None,
    *,
    whole: bool = False,
) -> Shown:
    """Return the view of `/queue failed` with these rows."""
    given: dict[str, str | int] = {"limit": limit}
    if queue is not None:
        given["queue"] = queue
    digests = dict.fromkeys((row.id for row in rows), DIGEST)
    listed = Listed(row_digests=digests, arguments=given, whole=whole)
    return lists.failed_list(FailedJobList(failed_jobs=rows, count=len(rows)), listed, ctx)


def queue_jobs(w: Words = PLAIN, oldest_seconds: int | None = 120) -> tuple[QueueJobs, ...]:
    """Two queues, one of which has only a delayed job and a reserved one."""
    mail = w.queue + "-mail"
    return (
        QueueJobs(
            queue=w.queue, pending=1_234, reserved=1, delayed=34, oldest_seconds=oldest_seconds
        ),
        QueueJobs(queue=mail, pending=1, reserved=1, delayed=1, oldest_seconds=None),
    )


def preview(w: Words = PLAIN, **changed: object) -> Preview:
    """Return the preview of a frozen scope of five failed jobs."""
    values: dict[str, object] = {
        "plan": 7,
        "action": "retry-all",
        "scope": Scope(),
        "total": 5,
        "bytes": 12_345,
        "queues": (Share(name=w.queue, count=5),),
        "error_groups": (Share(name=w.group, count=4), Share(name=w.error, count=1)),
        "other_groups": 0,
        "oldest": utc(2025, 11, 7, 17, 45, 59),
        "newest": utc(2025, 11, 7, 19, 1, 2),
    }
    return Preview.model_validate(values | changed)


def progress(w: Words = PLAIN, **changed: object) -> Progress:
    """Return the progress of an operation that is half done."""
    values: dict[str, object] = {
        "operation": 7,
        "action": "retry-all",
        "state": "running",
        "total": 2000,
        "done": 1000,
        "skipped": 0,
        "actor": w.person,
        "seconds": 3,
    }
    return Progress.model_validate(values | changed)


def audit_line(w: Words = PLAIN, **changed: object) -> AuditLine:
    """Return the audit record of a successful retry."""
    target = Target(kind="failed", id=45, queue=w.queue, row_digest=DIGEST, order_id=w.order)
    values: dict[str, object] = {
        "at": NOW,
        "actor": w.person,
        "action": "retry",
        "outcome": "ok",
        "source": "slash",
        "role": "operator",
        "targets": (target,),
        "channel": w.channel,
        "message_ts": None,
        "reason": None,
        "answer": "Job 45 moved back to queue for retry",
        "arguments": w.arguments,
        "seq": 12,
        "hash": w.hash,
    }
    return AuditLine.model_validate(values | changed)


def denied_line(w: Words = PLAIN, **changed: object) -> AuditLine:
    """Return the audit record of a denied click."""
    values = {
        "outcome": "denied",
        "reason": w.reason,
        "targets": (),
        "answer": w.answer,
        "role": "viewer",
    }
    return audit_line(w, **(values | changed))


EDITED: tuple[dict[str, int | None], ...] = (
    {},
    {"retryUntil": None, "attempts": 0},
    {"retryUntil": 1},
)


def retried_jobs(w: Words = PLAIN, count: int = 1) -> tuple[RetriedJob, ...]:
    """Return failed jobs that are back in the queue."""
    return tuple(
        RetriedJob(
            failed_id=45 + n,
            job_id=901 + n,
            queue=w.queue,
            failed_at=w.time,
            job_class=w.job_class,
            order_id=w.order,
            edited=EDITED[n % 3],
        )
        for n in range(count)
    )


def deleted_rows(w: Words = PLAIN, count: int = 1, **changed: object) -> tuple[DeletedRow, ...]:
    """Return deleted rows."""
    return tuple(
        DeletedRow.model_validate(
            {
                "id": 123 + n,
                "queue": w.queue,
                "job_class": w.job_class,
                "order_id": w.order,
                **changed,
            }
        )
        for n in range(count)
    )


def skipped_rows(w: Words = PLAIN) -> tuple[SkippedRow, ...]:
    """Return one skipped row for each reason."""
    return (
        SkippedRow(id=50, code="failed-job-not-found"),
        SkippedRow(id=51, code="failed-job-not-found", by=w.person, action="retry-all", at=NOW),
        SkippedRow(id=52, code="job-not-found", by=w.terminal_name, action="delete", at=NOW),
        SkippedRow(id=53, code="changed"),
        SkippedRow(id=54, code="wrong-queue"),
    )


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

Make = Callable[[Context], Shown]


@dataclass(frozen=True)
class Sample:
    """One message or dialog: its name, the function that makes it, and its surface."""

    name: str
    make: Make
    source: Source = Source.SLASH
    links: Links = field(default_factory=Links)

    def shown(self, language: str, role: Role) -> Shown:
        """Return the message for a reader with this role and language."""
        made = context(language, role, self.source, links=self.links)
        return self.make(made)


def samples(w: Words = PLAIN) -> Iterator[Sample]:
    """Yield every message and dialog, in every state."""
    for _, topic_samples in by_topic(w):
        yield from topic_samples


def by_topic(w: Words = PLAIN) -> Iterator[tuple[str, Iterator[Sample]]]:
    """Yield the samples of each topic; each module `samples_…` in this folder is one topic."""
    yield "status", _status_samples(w)
    yield "lists", _list_samples(w)
    yield "details", _detail_samples(w)
    yield "changes", _change_samples(w)
    yield "audit", _audit_samples(w)
    yield "people", _people_samples(w)
    yield "refusals", _refusal_samples(w)
    for module in sorted(info.name for info in iter_modules(tests.views.__path__)):
        if module.startswith("samples_"):
            topic = module.removeprefix("samples_")
            yield topic, import_module(f"tests.views.{module}").samples(w)


def _refusal_samples(w: Words) -> Iterator[Sample]:
    for name, refused in refusals(w):
        yield Sample(f"refusal-{name}", partial(refusal.refusal_message, refused))
    for known in (True, False):
        bug = partial(_bug, w.hash[:12], nothing_changed=known)
        yield Sample(f"bug-{'unchanged' if known else 'unknown'}", bug)


def _bug(bug_id: str, ctx: Context, *, nothing_changed: bool) -> Message:
    return refusal.bug_message(bug_id, ctx.texts, nothing_changed=nothing_changed)


def _status_samples(w: Words) -> Iterator[Sample]:
    alarm = queue_jobs(w, oldest_seconds=4_000)
    many = tuple(
        QueueJobs(queue=f"{w.queue}{n}", pending=n, reserved=0, delayed=0, oldest_seconds=n)
        for n in range(1, 101)
    )
    yield Sample("status", partial(status.status_message, queue_jobs(w), 5, None))
    estimated = partial(status.status_message, alarm, 5, None, estimated=True)
    yield Sample("status-estimated", estimated)
    yield Sample("status-alarm-sampled", partial(status.status_message, alarm, 5, NOW))
    home = partial(status.status_message, alarm, 5, None)
    yield Sample("status-home", home, source=Source.HOME)
    yield Sample("status-piled-up", partial(status.status_message, queue_jobs(w), 1_234, None))
    yield Sample("status-empty", partial(status.status_message, (), 0, None))
    delayed = queue_jobs(w)[1:]
    yield Sample("status-delayed-only", partial(status.status_message, delayed, 0, None))
    yield Sample("status-many-queues", partial(status.status_message, many, 5, None))


def _list_samples(w: Words) -> Iterator[Sample]:
    links = Links(
        order="https://shop.example.com/orders/{order_id}",
        job="https://admin.example.com/{queue}/{job_id}",
    )
    filtered = w.queue[:255]  # the longest queue that the arguments of the two lists allow
    two = tuple(failed_job(id_, w) for id_ in (46, 45))
    many = tuple(failed_job(id_, w) for id_ in range(60, 45, -1))
    yield Sample("failed", partial(failed_list, two))
    yield Sample("failed-home", partial(failed_list, two), source=Source.HOME)
    yield Sample("failed-linked", partial(failed_list, two), links=links)
    yield Sample("failed-paged", partial(failed_list, many, queue=filtered))
    yield Sample("failed-none", partial(failed_list, (), queue=filtered))
    each = tuple(failed_job(id_, w) for id_ in range(10**18, 10**18 - 200, -1))
    yield Sample("failed-typed-limit", partial(failed_list, many[:12], limit=12, whole=True))
    yield Sample("failed-50", partial(failed_list, each[:50], whole=True))
    yield Sample("failed-200", partial(failed_list, each, limit=200, queue=filtered, whole=True))
    yield Sample("failed-terminal", partial(failed_list, many), source=Source.TERMINAL)
    jobs = mixed_jobs(w)
    yield Sample("jobs", partial(job_list, jobs))
    unknown = job(127, w, reserved_at_human="at noon")
    yield Sample("jobs-reserved-at-no-time", partial(job_list, (unknown,)))
    yield Sample("jobs-linked", partial(job_list, jobs), links=links)
    yield Sample("jobs-limit-reached", partial(job_list, jobs, limit=4, queue=filtered))
    yield Sample("jobs-many", partial(job_list, tuple(job(id_, w) for id_ in range(40, 20, -1))))
    each_job = tuple(job(id_, w) for id_ in range(2_200, 2_000, -1))
    yield Sample("jobs-typed-limit", partial(job_list, each_job[:12], limit=12, whole=True))
    yield Sample("jobs-50", partial(job_list, each_job[:50], whole=True))
    yield Sample("jobs-200", partial(job_list, each_job, limit=200, whole=True))
    yield Sample("jobs-none", partial(job_list, ()))
    yield Sample("jobs-partial", partial(job_list, jobs, queue=filtered, in_part=True))
    yield Sample("jobs-partial-none", partial(job_list, (), queue=filtered, in_part=True))
    yield Sample("jobs-terminal", partial(job_list, jobs), source=Source.TERMINAL)


def _detail_samples(w: Words) -> Iterator[Sample]:
    failed = FailedJobDetail(
        failed_job=failed_job(45, w),
        error_group=w.group,
        error="E12",
        exception=w.exception,
        payload=w.payload,
        row_digest=DIGEST,
        facts={"maxTries": "5", "tags": w.word},
    )
    words: list[Literal["pending", "delayed", "reserved"]]
    words = ["pending", "delayed", "reserved", "reserved"]
    for source in (Source.SLASH, Source.BUTTON, Source.TERMINAL):
        yield Sample(f"failed-job-{source}", partial(details.failed_detail, failed), source=source)
    largest = failed.model_copy(update={"failed_job": failed_job(10**18 - 1, w)})
    for source in (Source.SLASH, Source.BUTTON):
        name = f"failed-job-largest-id-{source}"
        yield Sample(name, partial(details.failed_detail, largest), source=source)
    for row, state in zip(mixed_jobs(w), words, strict=True):
        detail = JobDetail(
            job=row, state=state, payload=w.payload, row_digest=DIGEST, reserved_at=RESERVED_AT
        )
        name = f"job-{row.id}"
        yield Sample(name, partial(details.job_detail, detail))
        yield Sample(f"{name}-dialog", partial(details.job_detail, detail), source=Source.BUTTON)


def _change_samples(w: Words) -> Iterator[Sample]:
    skipped = skipped_rows(w)
    for count in (1, 3, 20):
        done = retried_jobs(w, count)
        gone = deleted_rows(w, count, attempts=2, reserved=True)
        failed = deleted_rows(w, count, failed_at=w.time)
        yield Sample(f"retried-{count}", partial(changes.retried, done, skipped[: count - 1]))
        yield Sample(f"retried-{count}-visible", partial(changes.retried_visible, done))
        yield Sample(f"deleted-{count}", partial(changes.deleted, gone, skipped[: count - 1]))
        yield Sample(f"deleted-{count}-visible", partial(changes.deleted_visible, gone))
        pending = deleted_rows(w, count, attempts=0)
        yield Sample(f"deleted-{count}-pending", partial(changes.deleted, pending, ()))
        yield Sample(f"deleted-failed-{count}", partial(changes.deleted_failed, failed, ()))
        visible = partial(changes.deleted_failed_visible, failed)
        yield Sample(f"deleted-failed-{count}-visible", visible)


def _audit_samples(w: Words) -> Iterator[Sample]:
    done = audit_line(w, message_ts="1730997654.000100")
    terminal = audit_line(
        w, source="terminal", actor=w.terminal_name, detail=w.detail, channel=None
    )
    home = audit_line(w, source="home", channel=None)
    refused = [denied_line(w, seq=12 + n, hash=f"{n:064x}") for n in range(12)]
    target = done.targets[0]
    many = audit_line(w, targets=tuple(target.model_copy(update={"id": 45 + n}) for n in range(25)))
    posts = {
        "ok": ([done], w.url, False),
        "repeat": ([done], w.url, True),
        "terminal": ([terminal], None, False),
        "home": ([home], None, False),
        "many-targets": ([many], None, False),
        "denied": ([denied_line(w)], None, False),
        "denied-12-times": (refused, None, False),
    }
    for outcome in ("started", "done", "cancelled", "stopped", "failed", "no-op", "unknown"):
        line = denied_line(w, outcome=outcome, action="retry-all", reason=None)
        posts[outcome] = ([line], None, False)
    posts["refused"] = ([denied_line(w, outcome="refused", reason="changed")], None, False)
    for name, (lines, url, repeat) in posts.items():
        yield Sample(f"audit-{name}", partial(records.audit_message, lines, url, repeat))
    yield from _sentence_samples(w)
    yield Sample("audit-missing", partial(records.missing_message, [12, 13]))
    anchors = [(line.seq or 0, line.hash or "") for line in (done, terminal)]
    yield Sample("audit-untold", partial(records.undeliverable_message, anchors))
    history_lines = [done, terminal, home, denied_line(w), many]
    yield Sample(
        "history", partial(records.history_message, history_lines, Mrkdwn(), {}, more=False)
    )
    yield Sample("history-none", partial(records.history_message, [], Mrkdwn(), {}, more=False))
    full = [done.model_copy(update={"id": 100 - number}) for number in range(50)]
    asked: dict[str, str | int] = {"order": str(w.order)[:64], "limit": 50}
    yield Sample(
        "history-full", partial(records.history_message, full, Mrkdwn(), asked, more=False)
    )
    for records_of in (full, full * 4):
        all_of_it = partial(
            records.history_message, records_of, Mrkdwn(), asked, more=True, whole=True
        )
        yield Sample(f"history-{len(records_of)}", all_of_it)
    terminal_history = partial(records.history_message, history_lines, Mrkdwn(), {}, more=True)
    yield Sample("history-terminal", terminal_history, source=Source.TERMINAL)


def _sentence_samples(w: Words) -> Iterator[Sample]:
    """Yield audit records of operations and of changes without targets."""
    scope = {"plan": 2, "total": 182, "error": "E4", "queue": w.queue, "order": str(w.order)}
    options = {"canary": 3, "rate": 60, "before": "2025-11-07 10:00:00", "archive": "no"}
    ending = {"operation": 2, "total": 182, "done": 180, "skipped": 2, "items_digest": "a" * 64}
    arguments: dict[str, tuple[str, str, dict[str, Any]]] = {
        "confirmed": ("retry-all", "started", scope | options),
        "confirmed-delete": ("clear-failed", "started", {"plan": 3, "total": 1}),
        "confirmed-undo": ("undo", "started", {"plan": 3, "total": 5, "what": "2"}),
        "finished": ("retry-all", "done", ending),
        "cancelled-half": ("clear-failed", "cancelled", ending | {"done": 90, "skipped": 0}),
        "stopped-half": ("undo", "stopped", ending),
        "frozen": ("freeze", "ok", {"reason": w.word}),
        "unfrozen": ("unfreeze", "ok", {}),
        "acknowledged": ("acknowledge", "ok", {"id": "I12"}),
        "assigned": ("assign", "ok", {"id": "I12", "to": w.person}),
        "muted": ("mute", "ok", {"queue": w.queue, "for": "60m", "until": "x"}),
        "unmuted": ("unmute", "ok", {"error": "E4"}),
        "cancels": ("cancel", "ok", {"id": 2}),
        "other": ("discard", "ok", {"ids": [45, 46], "force": True}),
        "tried": ("retry", "refused", {"ids": [45], "digest": "a" * 32}),
    }
    for name, (action, outcome, values) in arguments.items():
        reason = "changed" if outcome in ("refused", "stopped") else None
        line = audit_line(
            w, action=action, outcome=outcome, reason=reason, targets=(),
            arguments=json.dumps(values),
        )  # fmt: skip
        yield Sample(f"audit-{name}", partial(records.audit_message, [line], None, False))  # noqa: FBT003 as delivery does
    whole = audit_line(w, rule=w.rule, request_id="c" * 64, version="1.2", replica=w.word)
    for source in (Source.SLASH, Source.BUTTON, Source.TERMINAL):
        yield Sample(f"record-{source}", partial(records.record_detail, whole), source=source)


def _people_samples(w: Words) -> Iterator[Sample]:
    helps = {
        command.name: CommandHelp(
            name=command.name,
            usage=f"/queue {command.usage()}",
            role=command.role.word,
            topic=command.help_topic,
            aliases=command.aliases,
            examples=command.examples,
        )
        for command in find_commands().values()
    }
    channels = (w.channel, "C0ALERTS01")
    yield Sample("help", partial(people.help_message, tuple(helps.values())))
    for name in ("retry", "failed", "mute", "status"):
        yield Sample(f"help-{name}", partial(people.command_help_message, helps[name]))
    for name, rule, here, allowed in (
        ("here", w.rule, True, channels),
        ("elsewhere", w.rule, False, channels),
        ("nobody", "none", False, ()),
    ):
        yield Sample(
            f"whoami-{name}", partial(people.whoami_message, w.person, rule, here, allowed)
        )
