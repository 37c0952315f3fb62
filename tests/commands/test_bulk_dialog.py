"""The dialog of a bulk change in Slack: rate, canary, duplicates and cancel."""

from collections.abc import Sequence

from sqlalchemy import delete

from tests.kit.bulk_in_slack import ended, shown
from tests.kit.team import Answer, Json, Team, action_ids
from tests.kit.two_queues import fill


def choose(team: Team, view: Json, *, as_: str = "admin", **fields: str) -> Answer:
    """Submit a dialog with these values in its fields."""
    values = {name: {name: value} for name, value in fields.items()}
    return Answer(team.slack.submit(as_, view["id"], values, wait=0))


def selects(view: Json) -> dict[str, tuple[str, Sequence[str]]]:
    """Return each select of a dialog: its initial value and its options."""
    by_block: dict[str, tuple[str, Sequence[str]]] = {}
    for block in view["blocks"]:
        element = block.get("element", {})
        if element.get("type") == "static_select":
            values = [option["value"] for option in element["options"]]
            by_block[block["block_id"]] = (element["initial_option"]["value"], values)
    return by_block


def test_rate_and_canary_can_be_set_in_the_dialog(team_on_each: Team) -> None:
    team = team_on_each
    fill(team.queue)
    view = team.say("retry queue=mail rate=7 canary=2").view
    assert selects(view) == {
        "rate": ("7", ["0", "7", "10", "60", "300", "600"]),
        "canary": ("2", ["0", "1", "2"]),
    }
    response = choose(team, view, as_="operator", rate="60", canary="0")
    assert response.response["views"] == []
    done = ended(team)
    assert (done.rate, done.canary, done.done) == (60, None, 3)
    begin = sorted(row.available_at for row in team.queue.jobs)
    assert [at - begin[0] for at in begin] == [0, 1, 2]
    texts = team.channel_texts("queue-ops")
    team.until(lambda: any("Retried 3" in text for text in team.channel_texts("queue-ops")))
    assert len(texts) == 1


def test_cancel_during_the_canary_leaves_the_other_jobs_and_reports_it(team: Team) -> None:
    fill(team.queue)
    view = team.say("retry queue=mail canary=1", as_="admin").view
    choose(team, view, canary="1")
    message = team.until(
        lambda: next((m for m in team.posted("queue-ops") if "🐤" in m["text"]), None)
    )
    assert "The remaining jobs wait for the result of the first job" in message["text"]
    answer_ = team.click(message, "run:cancel", as_="admin")
    assert "Failed jobs changed so far: 1 of 3. These changes stay" in answer_.text
    done = ended(team)
    assert (done.state, done.done) == ("cancelled", 1)
    assert len(team.queue.failed) == 5
    team.until(lambda: "Cancelled" in team.now(message)["text"])
    now = team.now(message)
    assert "Failed jobs retried: 1 of 3. The remaining jobs were not changed" in now["text"]
    assert "run:cancel" not in action_ids(now)


def test_a_preview_of_a_retry_counts_duplicates(team: Team) -> None:
    team.queue.fail(41, order=1)
    team.queue.fail(42, order=1)
    team.queue.push(7, order=1)
    text = shown(team.say("retry order=1").view)
    assert "The orders of 2 of these failed jobs already have a job in the queue: 1" in text
    assert "2 of these jobs have the same payload as another of these jobs" in text


def test_an_operation_whose_rows_were_all_removed_reports_that_it_changed_nothing(
    team: Team,
) -> None:
    fill(team.queue)
    view = team.say("retry queue=mail", as_="admin").view
    with team.queue.engine.begin() as connection:
        failed = team.queue.queue.failed
        connection.execute(delete(failed).where(failed.c.queue == "mail"))
    team.submit(view)
    done = ended(team)
    assert (done.state, done.done, done.skipped) == ("done", 0, 3)
    message = team.until(
        lambda: next((m for m in team.posted("queue-ops") if "skipped" in m["text"]), None)
    )
    assert (
        "3 failed jobs were skipped: somebody had already removed or changed them"
        in message["text"]
    )
    assert "✅" not in message["text"]
    assert "run:undo" not in action_ids(message)
    assert team.queue.jobs == []
