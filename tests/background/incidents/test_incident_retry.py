"""Retry an incident's own failures, with or without older failures of the same error."""

from datetime import timedelta

from bot.app.plans import BulkExtra
from bot.background.failures import index_once
from bot.background.operations.runner import Runner
from bot.models.operations import Preview
from bot.store import tables
from tests.kit.bulk import previewed, run_out
from tests.kit.incident_life import Life
from tests.kit.replicas import OMAR, ask, codes, confirm, hold

DAY = timedelta(days=1)


def failures_of_two_days(life: Life) -> None:
    """Two jobs failed yesterday, and their incident is over; three failed today."""
    for failed_id in (1, 2):
        life.queue.fail(failed_id)
    life.tick()
    for _ in range(3):
        life.tick(seconds=DAY.total_seconds() / 3)
    for failed_id in (3, 4, 5):
        life.queue.fail(failed_id)
    life.tick()


def preview_of_newest(life: Life) -> Preview:
    """The preview behind Retry group of the newest alert."""
    return previewed(life.setup, f"retry incident=I{life.incidents[-1].id}", by=OMAR)


def test_retry_of_an_incident_leaves_older_failures_of_its_error_group(life: Life) -> None:
    failures_of_two_days(life)

    preview = preview_of_newest(life)

    assert (preview.total, preview.older and preview.older.count) == (3, 2)
    assert codes([confirm(life.setup, "retry", preview.plan, by=OMAR)]) == ["ok"]
    run_out(Runner(life.setup, 3, lanes=1, seconds=0))
    assert [row.id for row in life.queue.failed] == [1, 2]


def test_older_failures_are_retried_too_if_the_person_selects_them_in_the_dialog(
    life: Life,
) -> None:
    failures_of_two_days(life)
    preview = preview_of_newest(life)
    assert preview.older is not None

    confirmed = confirm(life.setup, "retry", preview.older.plan, by=OMAR)

    assert confirmed.result is not None
    assert isinstance(confirmed.result.extra, BulkExtra)
    assert confirmed.result.extra.progress is not None
    assert confirmed.result.extra.progress.total == 5
    run_out(Runner(life.setup, 3, lanes=1, seconds=0))
    assert life.queue.failed == []
    record = life.queue.rows(tables.audit)[0]
    assert '"with_older"' in record.arguments


def test_retry_of_an_incident_leaves_failures_that_are_not_assigned_to_it_yet(life: Life) -> None:
    failures_of_two_days(life)
    life.queue.fail(6)
    index_once(life.setup, hold(life.setup))

    preview = preview_of_newest(life)

    assert (preview.total, preview.older and preview.older.count) == (3, 2)


def test_retry_of_an_unknown_incident_is_refused(life: Life) -> None:
    assert codes([ask(life.setup, "retry incident=I99", by=OMAR)]) == ["incident-not-found"]
