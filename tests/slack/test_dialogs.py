"""A confirmed dialog closes, one job needs no options, and each button names its effect."""

import json

import pytest

from bot.store.leases import lock_lease
from tests.kit.bulk_in_slack import ended, fill
from tests.kit.queues import TestQueue
from tests.kit.team import Json, Team, team_at_work


def submit_label(view: Json) -> str:
    """Return the label of a dialog's submit button."""
    text: str = view["submit"]["text"]
    return text


def test_a_confirmed_dialog_closes_and_the_channel_shows_the_progress(team: Team) -> None:
    fill(team.queue)
    preview = team.say("retry queue=netsuite", as_="admin").view
    assert team.slack.views("admin") != []

    team.submit(preview)

    assert team.slack.views("admin") == []
    ended(team)
    team.until(lambda: any("Retried 3 failed jobs" in m["text"] for m in team.posted("queue-ops")))


def test_a_refused_dialog_shows_the_refusal_in_the_dialog(team: Team) -> None:
    fill(team.queue)
    preview = team.say("clear-failed queue=netsuite", as_="admin").view

    team.submit(preview, "7")
    (view,) = team.slack.views("admin")
    assert "You did not type 3" in view["errors"]["typed"]

    team.say("freeze", as_="admin")
    team.submit(preview, "3")
    (view,) = team.slack.views("admin")
    assert "Changes are frozen" in json.dumps(view)
    assert len(team.queue.failed) == 5


def test_the_preview_of_one_job_has_no_rate_canary_or_load(team: Team) -> None:
    team.queue.fail(45, queue="mail")
    team.queue.fail(46)
    team.queue.fail(47)

    one = json.dumps(team.say("retry queue=mail", as_="admin").view)
    two = json.dumps(team.say("retry queue=netsuite", as_="admin").view)

    for part in ("Rate", "Retry some jobs first?", "put load on every service"):
        assert part not in one
        assert part in two


@pytest.mark.parametrize(
    ("words", "who", "label"),
    [
        ("retry queue=netsuite", "admin", "Retry 3 jobs"),
        ("clear-failed queue=netsuite", "admin", "Delete 3 (undo 7 days)"),
        ("clear-failed queue=netsuite archive=no", "admin", "Delete 3 jobs"),
        ("retry queue=netsuite", "lucia", "Reintentar 3 jobs"),
    ],
)
def test_a_submit_button_names_its_change(team: Team, words: str, who: str, label: str) -> None:
    fill(team.queue)

    assert submit_label(team.say(words, as_=who).view) == label


def test_the_confirmation_of_a_delete_names_the_days_for_an_undo(team: Team) -> None:
    team.queue.fail(45)
    text = json.dumps(team.say("failed", as_="admin").reply)

    assert "Delete (undo for 7 days)" in text


def test_a_dialog_opens_without_counts_that_take_long(kept_queue: TestQueue) -> None:
    fill(kept_queue)
    with team_at_work(kept_queue, grace=0) as team:
        with team.queue.engine.begin() as connection:
            # The preview waits for the lock of the index, as it waits for the counts of a million.
            lock_lease(connection, "failures")
            team.say("retry-all", as_="admin")
            (view,) = team.slack.views("admin")
            assert "Counting the failed jobs" in json.dumps(view)
            assert view.get("submit") is None

        (counted,) = team.until(
            lambda: [one for one in team.slack.views("admin") if one.get("submit")] or None
        )
        assert (counted["id"], submit_label(counted)) == (view["id"], "Retry 5 jobs")
