"""Unknown, malformed, oversized and hostile input gets a clear answer and changes nothing."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from bot.localslack.demo import IDS
from bot.store import tables
from tests.kit.queues import TestQueue, make_queue
from tests.kit.team import Answer, Json, Team, team_at_work
from tests.services.mariadb import MariaDB

GOOD = "0" * 32


def untouched(team: Team) -> bool:
    """Return whether the queue is as `filled` made it, and nothing was started or archived."""
    ids = ([row.id for row in team.queue.failed], [row.id for row in team.queue.jobs])
    states = {row.state for row in team.queue.rows(tables.operations)}
    return ids == ([45, 46], [123]) and states <= {"planned"} and not team.archived


@pytest.fixture(scope="module")
def filled(mariadb_server: MariaDB) -> Iterator[Team]:
    """One team, shared by all tests that change nothing; its bot must never run into a bug."""
    with mariadb_server.database() as name:
        queue = make_queue(mariadb_server.url(name))
        with team_at_work(queue, rates=False) as team:
            team.queue.fail(45)
            team.queue.fail(46)
            team.queue.push(123)
            yield team
        queue.engine.dispose()


def latest(team: Team) -> Any:
    """Return the newest audit record."""
    return team.records[-1]


WORDS = {
    "retri 45": "Did you mean /queue retry",
    "statsu": "Did you mean /queue status",
    "xyzzy": "There is no command xyzzy",
    "RETRY": "Name what to retry",
    "retry abc": "abc is not an id",
    "retry 45 46abc": "46abc is not an id",
    "retry -45": "-45 is not an id",
    "retry 45.0": "45.0 is not an id",
    "retry 1-9999": "1-9999 is not a range",
    "retry 9-1": "9-1 is not a range",
    "delete 1-20 30": "One to 20 ids",
    "retry 1-1000 1001": "One to 1000 ids",
    "retry 45 digest=x": "There is no argument digest",
    "retry 45 hurry=yes": "There is no argument hurry",
    "retry 99999999999999999999": "is not an id",
    "job 1 2": "Exactly one id",
    "jobs limit=201": "limit can be at most 200",
    "jobs limit=0": "limit must be at least 1",
    "jobs limit=many": "limit must be a whole number",
    "jobs status=done": "status must be pending, reserved, all",
    "jobs limit=5 limit=6": "limit is given twice",
    "jobs after=-1": "after",
    'jobs queue="netsuite': "A quotation mark is not closed",
    "status now": "now is one word too many",
    "clear-failed older=soon": "soon is not a length of time",
    "clear-failed plan=1 typed=1": "There is no argument plan",
    "retry-all plan=1": "There is no argument plan",
    "cancel": "An argument is missing: id",
    "history job=x": "job must be a whole number",
    "retry 45; DROP TABLE failed_jobs": "is not an id",
    "retry 45' OR '1'='1": "There is no argument",
    "retry \u201c45\u201d x": "x is not an id",
    f"jobs queue={'q' * 256}": "queue is too long",
    "x" * 10_000: "The command is too long: at most 2000 characters",
    "retry " + "45 " * 3_000: "The command is too long",
    "<!channel> <@U07ADMINANA1>": "There is no command",
    "\x00\x01\x02": "There is no command",
    "\U0001f4a5": "There is no command",
    "\u202eyrter 45": "There is no command",
}


@pytest.mark.parametrize("words", WORDS, ids=lambda words: ascii(words)[:30])
def test_invalid_input_is_answered_with_a_sentence(filled: Team, words: str) -> None:
    before = len(filled.records)

    answer = filled.say(words, as_="admin")

    assert WORDS[words] in answer.text.replace("`", "")
    assert answer.reply["response_type"] == "ephemeral"
    assert untouched(filled)
    assert len(filled.records) == before


HOSTILE = [
    "<!channel>",
    "<!here|x>",
    "<!everyone>",
    f"<@{IDS.admin}>",
    "<https://evil.example|click>",
    "*bold* _it_ ~no~ `code` ```pre```",
    "&lt;!channel&gt;",
    "'; DROP TABLE jobs; --",
    "\u202e\u200b\u2066",
    '" OR ""="',
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text)[:20])
def test_hostile_words_mention_nobody_and_are_shown_unchanged(filled: Team, text: str) -> None:
    for words in (text, f"retry {text}", f"jobs queue={text}", f"history user={text}"):
        filled.say(words, as_="admin")
    # A typing error is only logged; the audit channel shows denied commands.
    for words in ("freeze", f"freeze {text}"):
        filled.say(words, as_="stranger")
    filled.until(lambda: len(filled.queue.rows(tables.audit_chain)) == len(filled.records))
    filled.audit_texts()

    output = json.dumps(
        [filled.slack.messages(channel) for channel in ("queue-ops", "queue-audit")],
        ensure_ascii=False,
    )
    for live in ("<!channel", "<!here", "<!everyone", "<https://evil"):
        assert live not in output
    assert untouched(filled)


def test_typographic_quotes_and_dashes_count_as_plain_quotes_and_dashes(team: Team) -> None:
    team.queue.fail(45)
    team.queue.fail(46)
    team.queue.push(123)
    team.queue.push(124, queue="my queue")
    answer = team.say("jobs queue=\u201cmy queue\u201d", as_="viewer")
    assert "Job 124" in answer.text
    assert "Job 123" not in answer.text
    assert "Retried 2 failed jobs" in team.say("retry 45\u201346").text


def click_on(team: Team, action_id: str, value: str, *, as_: str = "admin") -> Answer:
    """Click a button that the bot never made."""
    button = {
        "type": "button",
        "action_id": action_id,
        "text": {"type": "plain_text", "text": "x"},
        "value": value,
    }
    posted = team.client().chat_postMessage(
        channel=IDS.queue_ops, text="-", blocks=[{"type": "actions", "elements": [button]}]
    )
    return team.click({"channel": IDS.queue_ops, "ts": posted["ts"]}, action_id, as_=as_)


OLD = "from another version of the bot"
VALUES: dict[str, str] = {
    "45": OLD,
    "null": OLD,
    "[45]": OLD,
    "{": OLD,
    '{"ids": [45]}': OLD,
    '{"v": 0, "ids": [45]}': OLD,
    '{"v": 2, "ids": [45]}': OLD,
    '{"v": "1", "ids": [45]}': OLD,
    '{"v": 1, "v": 1, "ids": [45]}': OLD,
    '{"v": 1, "ids": [45.0]}': OLD,
    '{"v": 1, "ids": [[45]]}': OLD,
    '{"v": 1, "ids": {"$gt": 0}}': OLD,
    '{"v": 1, "ids": [true]}': OLD,
    '{"v": 1, "ids": null}': OLD,
    '{"v": 1, "ids": NaN}': OLD,
    '{"v": 1, "c": 7, "ids": [45]}': OLD,
    '{"v": 1, "c": "drop table", "ids": [45]}': OLD,
    '{"v": 1, "ids": [45], "a": [' + "[" * 900: OLD,
    '{"v": 1}': "Name what to retry",
    '{"v": 1, "ids": []}': "One to 1000 ids",
    '{"v": 1, "ids": [-45]}': "-45 is not an id",
    '{"v": 1, "ids": "all"}': "all is not an id",
    '{"v": 1, "ids": [45], "hurry": 1}': "hurry cannot be",
    '{"v": 1, "ids": [45], "digest": 7}': "digest cannot be",
    '{"v": 1, "ids": [45], "digest": "' + "0" * 33 + '"}': "digest is too long",
    '{"v": 1, "ids": [45], "digest": "' + GOOD + '"}': "is no longer the job that was shown",
    '{"v": 1, "ids": [99999999999999999999999]}': "is not an id",
    '{"v": 1, "c": "nothing", "ids": [45]}': "There is no command nothing",
}


@pytest.mark.parametrize("value", VALUES, ids=lambda value: value[:40])
def test_a_button_value_that_the_bot_never_wrote_is_refused(filled: Team, value: str) -> None:
    answer = click_on(filled, "run:retry", value)

    assert VALUES[value] in answer.text.replace("`", "")
    assert untouched(filled)
    assert latest(filled).outcome == "refused"


@pytest.mark.parametrize(
    ("action_id", "value"),
    [
        ("run:retry-all", {"plan": 10**30}),
        ("run:clear-failed", {"plan": 10**30, "typed": 2}),
        ("page:failed", {"after": 10**30}),
        ("page:jobs", {"after": 10**30}),
        ("page:jobs", {"after": -1}),
        ("run:history", {"job": 10**30}),
        ("run:cancel", {"id": 10**17}),
        ("run:job", {"id": 10**17}),
        ("run:nothing", {}),
        ("page:retry", {}),
    ],
)
def test_numbers_beyond_every_column_are_answered(
    team_on_each: Team, action_id: str, value: dict[str, Any]
) -> None:
    team = team_on_each
    team.queue.fail(45)
    answer = click_on(team, action_id, json.dumps({"v": 1, **value}))
    assert answer.text
    assert "internal error" not in answer.text
    assert len(team.queue.failed) == 1


METADATA: list[Any] = [
    "",
    "no json",
    [],
    {},
    {"v": 0, "command": "clear-failed", "plan": 1, "channel": IDS.queue_ops},
    {"v": 1, "command": "clear-failed", "channel": IDS.queue_ops},
    {"v": 1, "command": "clear-failed", "plan": "1", "channel": IDS.queue_ops},
    {"v": 1, "command": "clear-failed", "plan": True, "channel": IDS.queue_ops},
    {"v": 1, "command": "clear-failed", "plan": 999_999, "channel": IDS.queue_ops},
    {"v": 1, "command": "clear-failed", "plan": 10**30, "channel": IDS.queue_ops},
    {"v": 1, "command": "clear-failed", "plan": 0, "channel": IDS.queue_ops},
    {"v": 1, "command": 7, "plan": 1, "channel": IDS.queue_ops},
    {"v": 1, "command": "status", "plan": 1, "channel": IDS.queue_ops},
    {"v": 1, "command": "nothing", "plan": 1, "channel": IDS.queue_ops},
]


def with_metadata(team: Team, view: Json, metadata: Any) -> None:
    """Replace the metadata that the bot gave to the person's modal."""
    fields = {
        key: view[key] for key in ("type", "title", "blocks", "submit", "close", "callback_id")
    }
    fields["private_metadata"] = metadata if isinstance(metadata, str) else json.dumps(metadata)
    team.client().views_update(view_id=view["id"], view=fields)


@pytest.mark.parametrize("metadata", METADATA, ids=lambda metadata: str(metadata)[:60])
def test_dialog_metadata_that_the_bot_never_wrote_starts_no_command(
    filled: Team, metadata: Any
) -> None:
    view = filled.say("clear-failed", as_="admin").view
    with_metadata(filled, view, metadata)

    answer = filled.submit(view, "2")
    filled.slack.close_view("admin", view["id"], everything=True)

    assert answer.response["views"], answer.response
    assert "internal error" not in answer.everything
    assert untouched(filled)
    assert latest(filled).outcome in ("refused", "denied")


@pytest.mark.parametrize("channel", [IDS.random, None, 7, "C0NOTHING", {}])
def test_a_change_in_a_dialog_is_checked_against_the_channel_of_the_dialog(
    filled: Team, channel: Any
) -> None:
    view = filled.say("clear-failed", as_="admin").view
    metadata = json.loads(view["private_metadata"])
    with_metadata(filled, view, {**metadata, "channel": channel})

    answer = filled.submit(view, "2")
    filled.slack.close_view("admin", view["id"], everything=True)

    assert "Changes are not allowed here" in answer.everything
    assert untouched(filled)


def test_hostile_jobs_are_shown_and_audited_without_a_mention(
    kept_queue: TestQueue,
) -> None:
    evil = "<!channel> <@U07ADMINANA1> <https://evil.example|x> `*_~ ```\u202e & &amp;"
    body = json.dumps({"job": evil, "data": {"order_id": evil, "tienda_id": evil}})
    with team_at_work(kept_queue) as team:
        team.queue.fail(45, queue=evil, exception=evil * 3, body=body)
        team.queue.push(123, queue=evil, body=body)
        alert = team.alert("Failed job 45")
        team.click(alert, "run:failed-job")
        for words in ("status", "failed", "jobs", "failed-job 45", "job 123", "retry 45"):
            team.say(words)
        team.say("delete 123", as_="admin")
        team.submit(team.say("retry-all", as_="admin").view) if team.queue.failed else None
        team.audit_texts(2)
        channels = ("queue-ops", "queue-alerts", "queue-audit")
        messages = json.dumps([team.slack.messages(name) for name in channels], ensure_ascii=False)
        calls = json.dumps([call.args for call in team.slack.calls()], ensure_ascii=False)
    # The plain text of modals and tables may contain it: Slack reads no markup there.
    for text in (messages, calls):
        assert '"text": "<!channel>' not in text.replace('"raw_text", "text": "<!channel>', "")
    assert "<https://evil" not in messages.replace('"type": "raw_text", "text": "<', "")
    assert len(team.queue.jobs) == 1
