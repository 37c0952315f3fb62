"""`/queue find` and `/queue history` through Slack: an order's events, buttons and pages."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from bot.localslack.demo import IDS
from bot.store import tables
from bot.terminal.do import TerminalRequest, do
from tests.kit.queues import GONE_AWAY, TestQueue
from tests.kit.replicas import make_setup
from tests.kit.team import Team, action_ids, team_at_work

ORDER = 803193
HOSTILE = "<!channel> *x* `y` \"z\" 'q' 100%_"


def indexed(team: Team, count: int) -> None:
    """Wait until the bot has indexed `count` failures."""
    team.until(lambda: len(team.queue.rows(tables.failures)) >= count)


def order_of(text: str, *parts: str) -> bool:
    """Return whether the text has the parts in this order."""
    places = [text.find(part) for part in parts]
    return -1 not in places and places == sorted(places)


def test_find_shows_the_story_of_an_order_with_retry_buttons(team_on_each: Team) -> None:
    team = team_on_each
    team.queue.fail(45, order=ORDER)
    team.queue.fail(46, order=1803193)
    indexed(team, 2)
    team.say("retry 45", as_="stranger")

    first = team.say(f"find {ORDER}", as_="operator").reply
    assert order_of(first["text"], "Order", str(ORDER), "1 failed", "Failed job 45", "denied")
    assert "job 46" not in first["text"]
    assert first["response_type"] == "ephemeral"

    team.click(first, "run:retry")
    second = team.say(f"find {ORDER}", as_="operator").text
    assert order_of(second, "1 available", "Retried once", "failed job 45", "retry", "*Job ")
    assert f"<@{IDS.operator}>" in second
    assert "Failed job 45" not in second


def test_a_retry_from_a_story_is_refused_if_the_row_has_changed(team: Team) -> None:
    team.queue.fail(45, order=ORDER)
    indexed(team, 1)
    shown = team.say(f"find {ORDER}").reply
    with team.queue.engine.begin() as connection:
        connection.execute(team.queue.queue.failed.delete())
    team.queue.fail(45, order=ORDER, exception="another", body='{"job":"X"}')
    assert "Job 45 is no longer the job that was shown" in team.click(shown, "run:retry").text
    assert [row.id for row in team.queue.failed] == [45]


def test_a_viewer_sees_the_story_without_buttons_for_changes(team: Team) -> None:
    team.queue.fail(45, order=ORDER)
    team.queue.push(700, order=ORDER)
    indexed(team, 1)
    shown = {
        name: set(action_ids(team.say(f"find {ORDER}", as_=name).reply))
        for name in ("viewer", "operator", "admin")
    }
    assert shown["viewer"] == {"run:failed-job", "run:job"}
    assert shown["operator"] - shown["viewer"] >= {"run:retry"}
    assert shown["admin"] - shown["operator"] >= {"run:menu"}
    assert "Not allowed" in team.say(f"find {ORDER}", as_="stranger").text


@pytest.mark.parametrize(
    ("who", "sentences"),
    [
        (
            "viewer",
            ("There is no job and no record of this order.", "Searched all 2 jobs in the queue"),
        ),
        (
            "lucia",
            (
                "No hay ningún job ni ningún registro de esta orden.",
                "Se buscó en los 2 jobs de la cola",
            ),
        ),
    ],
)
def test_find_of_an_unknown_order_names_the_searched_tables(
    team: Team, who: str, sentences: Sequence[str]
) -> None:
    team.queue.push(1, order=1)
    team.queue.push(2, order=2)
    text = team.say("find 999", as_=who).text
    assert [sentence for sentence in sentences if sentence not in text] == []


def test_find_can_be_limited_to_one_shop(team_on_each: Team) -> None:
    team = team_on_each
    for id_, shop in ((45, 12097), (46, 12098)):
        team.queue.fail(id_, body=json.dumps({"job": "X", "data": _of(7, shop)}))
    indexed(team, 2)
    both = team.say("find 7", as_="viewer").text
    one = team.say("find 7 tienda=12098", as_="viewer").text
    assert "job 45" in both
    assert "shop 12097" in both
    assert "job 46" in both
    assert "job 46" in one
    assert "job 45" not in one
    assert "shop 12098" in one
    assert "There is no job and no record" in team.say("find 7 tienda=5", as_="viewer").text


def _of(order: object, shop: object) -> dict[str, object]:
    return {"order_id": order, "tienda_id": shop}


def test_an_order_with_hostile_text_is_found_and_shown_escaped(team_on_each: Team) -> None:
    team = team_on_each
    team.queue.fail(45, body=json.dumps({"job": "X", "data": _of(HOSTILE, 1)}))
    team.queue.push(700, body=json.dumps({"job": "X", "data": _of("100 _", 1)}))
    indexed(team, 1)
    quoted = HOSTILE.replace('"', "\N{LEFT DOUBLE QUOTATION MARK}")
    asked = "find " + "".join(f"'{c}'" if c != "'" else '"\'"' for c in HOSTILE)
    answer = team.say(asked, as_="viewer")
    assert quoted not in answer.text
    assert "job 45" in answer.text
    assert "<!channel>" not in answer.everything
    assert "&lt;!channel&gt;" in answer.everything
    assert "Job 700" not in answer.text


@pytest.mark.parametrize("length", [64, 65, 300])
def test_an_order_that_is_too_long_is_found_by_its_stored_prefix(
    team_on_each: Team, length: int
) -> None:
    team = team_on_each
    order = "a" * 60 + "b" * (length - 60)
    team.queue.fail(45, body=json.dumps({"job": "X", "data": _of(order, 1)}))
    team.queue.push(700, body=json.dumps({"job": "X", "data": _of(order, 1)}))
    indexed(team, 1)
    text = team.say(f"find {order}", as_="viewer").text
    assert "job 45" in text
    assert "Job 700" in text


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("find", "Give exactly one of these: `order=, tienda=`"),
        ("find 1 2", "Exactly one order is needed"),
        ("find ''", "Exactly one order is needed"),
        ("find 1 store=2", "There is no argument `store`"),
        ("find 1 tienda=", "`tienda` needs a value"),
        ("history since=someday", "is not a time like"),
        ("history limit=201", "at most `200`"),
        ("history before=5", "There is no argument `before`"),
    ],
)
def test_an_invalid_find_command_is_refused_with_the_reason(
    team: Team, words: str, sentence: str
) -> None:
    assert sentence in team.say(words, as_="viewer").text


def test_no_secret_and_no_payload_is_shown(mariadb_queue: TestQueue) -> None:
    body = {"job": "X", "data": {**_of(ORDER, 1), "token": "canary-8731", "dni": "canary-42"}}
    secret = "Exception: login with password=hunter2abc at mysql://root:SuperSecret1@db/shop"
    with team_at_work(mariadb_queue, masked_keys=("dni",)) as team:
        mariadb_queue.fail(45, body=json.dumps(body), exception=secret)
        just_failed = team.say(f"find {ORDER}", as_="admin").everything
        indexed(team, 1)
        mariadb_queue.push(700, body=json.dumps(body))
        after_indexing = team.say(f"find {ORDER}", as_="admin").everything
    for text in (just_failed, after_indexing):
        assert "Failed job 45" in text
        assert "canary" not in text
        assert "hunter2" not in text
        assert "SuperSecret" not in text


def test_a_long_story_is_shown_from_its_first_event(team: Team) -> None:
    for id_ in range(1, 21):
        team.queue.fail(id_, order=ORDER)
    indexed(team, 20)
    team.say(f"find {ORDER}", as_="admin")

    def shown() -> str | None:
        # The story has two messages; the second one follows the first one.
        texts = [message["text"] for message in team.slack.messages("queue-ops")]
        return "\n".join(texts) if "Failed job 20*" in "".join(texts) else None

    text = team.until(shown)
    assert "earlier" not in text
    assert order_of(text, "Failed job 1*", "Failed job 8*", "Failed job 20*")


def test_details_of_a_failed_job_have_a_button_for_the_story_of_its_order(team: Team) -> None:
    team.queue.fail(45, order=ORDER)
    indexed(team, 1)
    typed = team.say("failed-job 45", as_="viewer").reply
    assert "Failed job 45" in team.click(typed, "run:find", as_="viewer").text
    listed = team.say("failed", as_="viewer").reply
    dialog = team.click(listed, "run:failed-job", as_="viewer").view
    shown = team.click_in_view(dialog, "run:find", as_="viewer").view
    assert f"{ORDER}" in json.dumps(shown["blocks"])
    assert "Searched the index" in json.dumps(shown["blocks"])


def test_an_order_is_a_link_where_the_settings_have_a_template(mariadb_queue: TestQueue) -> None:
    mariadb_queue.fail(45, order=ORDER)
    template = "https://shop.example.com/{tienda_id}/orders/{order_id}"
    with team_at_work(mariadb_queue, order_link=template) as team:
        indexed(team, 1)
        text = team.say(f"find {ORDER}", as_="viewer").everything
    assert f"<https://shop.example.com/12097/orders/{ORDER}|{ORDER}>" in text


def test_the_terminal_gets_the_whole_story_as_json(queue: TestQueue) -> None:
    for id_ in range(1, 21):
        queue.fail(id_, order=ORDER)
    queue.push(700, order=ORDER)
    lines: list[str] = []
    setup = make_setup(queue)
    asked = TerminalRequest(f"find {ORDER}", "ana", as_json=True)
    assert do(setup, asked, lines.append, lambda _: None) == 0
    data: dict[str, Any] = json.loads(lines[0])["data"]
    assert [event["what"] for event in data["events"]].count("failure") == 20
    assert [event["what"] for event in data["events"]].count("queued") == 1
    assert data["jobs"] == {"newest": 1, "oldest": 0, "complete": True, "in_time": True}
    assert data["indexing"]
    assert do(setup, TerminalRequest(f"find {ORDER}", "ana"), lines.append, lambda _: None) == 0
    assert lines[1].count("Failed job") == 20


def test_the_next_page_of_the_history_keeps_its_filters(team_on_each: Team) -> None:
    team = team_on_each
    for id_ in range(1, 8):
        team.queue.fail(id_, order=ORDER)
        team.say(f"retry {id_}")
    team.say(f"delete {team.queue.jobs[0].id}", as_="admin")
    words = f"history order={ORDER} action=retry user=@operator since=24h limit=3"
    page = team.say(words, as_="viewer").reply
    seen = []
    for _ in range(3):
        seen += [n for n in range(7, 0, -1) if f"failed job {n} " in page["text"]]
        if "page:history" not in action_ids(page):
            break
        page = team.click(page, "page:history", as_="viewer").reply
    assert seen == [7, 6, 5, 4, 3, 2, 1]
    assert "page:history" not in action_ids(page)


def test_the_history_of_an_order_counts_its_retries_and_shows_their_outcomes(
    team_on_each: Team,
) -> None:
    team = team_on_each
    team.queue.fail(45, order=ORDER)
    indexed(team, 1)
    team.say("retry 45")
    # A real worker deletes the job first. Here the failure comes first, because the bot would count
    # the job as processed if this test stalled between the two.
    team.queue.fail(52, order=ORDER, exception=GONE_AWAY)
    with team.queue.engine.begin() as connection:
        connection.execute(team.queue.queue.jobs.delete())

    def settled_text(words: str) -> str | None:
        text = team.say(words, as_="viewer").text
        return text if "failed again (failed job 52)" in text else None

    assert f"Retried once: <@{IDS.operator}>" in team.until(
        lambda: settled_text(f"history order={ORDER}")
    )
    assert "Retried once" in team.until(lambda: settled_text("history job=45"))
    assert "Retried" not in team.say("history", as_="viewer").text
    assert "No record matches" in team.say("history order=1", as_="viewer").text


def test_the_history_can_be_filtered_by_time(team: Team) -> None:
    team.queue.fail(45)
    team.say("retry 45")
    team.clock.move(seconds=3_600)
    team.queue.fail(46)
    team.say("retry 46")
    text = team.say("history since=30m", as_="viewer").text
    assert "failed job 46" in text
    assert "failed job 45" not in text
