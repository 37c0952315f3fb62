"""Samples of messages with further subjects and with the framework's batches."""

from collections.abc import Iterator
from functools import partial

from bot.models.duplicates import Duplicates, SubjectDuplicates
from bot.models.job_batches import JobBatch, ScopeBatches
from bot.models.job_changes import DeletedRow
from bot.models.jobs import FailedJobDetail
from bot.models.operations import Scope
from bot.models.requests import Source
from bot.models.story import SubjectValue
from bot.views import changes, details
from bot.views.audit import story
from bot.views.incidents import alert
from bot.views.operations import progress as bulk
from tests.views.rows import failed_job, failed_list, preview, progress
from tests.views.samples import Sample
from tests.views.samples_incidents import card, incident_view
from tests.views.samples_orders import everything, story_of
from tests.views.words import DIGEST, PLAIN, Words


def samples(w: Words = PLAIN) -> Iterator[Sample]:
    """Yield every message with subjects other than an order and a shop."""
    text = w.word[:64]
    more: dict[str, int | str] = {"user": text, "invoice": text, "batch": text}
    row = failed_job(45, w).model_copy(update={"order_id": None, "subjects": more})
    for source in (Source.SLASH, Source.TERMINAL):
        shown = partial(failed_list, (row, row.model_copy(update={"id": 44})))
        yield Sample(f"failed-subjects-{source}", shown, source=source)
    batch = JobBatch(
        id=text, name=w.word, total=1_000, pending=20, failed=3, cancelled=False, finished=False
    )
    for state in ("open", "cancelled", "finished"):
        of_state = {"cancelled": state == "cancelled", "finished": state == "finished"}
        detail = FailedJobDetail(
            failed_job=row,
            error_group=w.group,
            exception=w.exception,
            payload=w.payload,
            row_digest=DIGEST,
            batch=batch.model_copy(update=of_state),
        )
        yield Sample(f"failed-job-batch-{state}", partial(details.failed_detail, detail))
    value = SubjectValue(name="user", value=text)
    for name, events in (("find-subject", everything(w)), ("find-subject-none", [])):
        whole = story_of(w, events, order_id=None, subject=value, batch=batch)
        yield Sample(name, partial(story.story_message, whole))
    yield from _bulk_samples(w, text)
    deleted = DeletedRow(
        id=45, queue=w.queue, job_class=w.job_class, order_id=None, subjects=more, batch=batch
    )
    shown_alert = card(w).model_copy(update={"order_id": None, "subjects": more})
    yield Sample("alert-subjects", partial(alert.failure_message, shown_alert, incident_view()))
    yield Sample("deleted-of-batch", partial(changes.deleted_failed, (deleted,), ()))


def _bulk_samples(w: Words, text: str) -> Iterator[Sample]:
    duplicates = Duplicates(
        queued=0,
        identical=0,
        processed_later=0,
        bounded=False,
        subjects=(
            SubjectDuplicates(
                name="user",
                queued=2,
                queued_values=(text,),
                processed_later=1,
                processed_values=(text,),
            ),
        ),
    )
    scope = Scope(subjects={"user": text})
    for name, batches in (
        ("retry-preview-subject", ScopeBatches(cancelled=2)),
        ("retry-preview-batches-unknown", ScopeBatches(cancelled=None)),
        ("clear-failed-preview-batches", ScopeBatches(unfinished=1)),
    ):
        action = "clear-failed" if name.startswith("clear") else "retry"
        shown = preview(w, action=action, scope=scope, duplicates=duplicates, batches=batches)
        yield Sample(name, partial(bulk.bulk_answer, action, shown, None))
    edits = {"attempts": 1, "deadline-moved": 3, "deadline-removed": 2}
    ended = progress(w, action="retry", state="done", edited=edits)
    yield Sample("retry-done-with-edits", partial(bulk.progress_message, ended))
