"""A typed `limit` in Slack returns all rows, in as many messages as Slack's limits require."""

import re
from collections.abc import Iterator

import pytest

from bot.store import tables
from bot.views.blocks import DATA_TABLE
from tests.kit.team import Json, Team

ORDER = 803193
USES = 5
"""The uses of a response_url: docs.slack.dev/interactivity/handling-user-interaction."""
WORDS = [
    "sku",
    "price",
    "stock",
    "name",
    "color",
    "size",
    "brand",
    "weight",
    "unit",
    "tax",
    "street",
    "city",
    "state",
    "country",
    "phone",
    "email",
    "title",
    "body",
    "label",
    "code",
]


def answers(team: Team, words: str) -> list[Json]:
    """Return the messages that Slack accepted as the answer, in order, when no more come."""
    before = len(team.slack.calls("response_url"))
    team.say(words, as_="admin")
    team.until(lambda: team.slack.calls("response_url")[before:] or None)
    sent: list[Json] = []

    def is_settled() -> bool:
        calls = team.slack.calls("response_url")[before:]
        settled = len(calls) == len(sent)
        sent[:] = [call.args for call in calls if call.answer["ok"]]
        return settled

    team.until(is_settled)
    assert len(team.slack.calls("response_url")[before:]) == len(sent) <= USES
    return sent


def ids(messages: list[Json], kind: str) -> list[int]:
    """Return the ids of rows with buttons and of rows in tables, in order."""
    return [id_ for message in messages for block in message["blocks"] for id_ in _ids(block, kind)]


def _ids(block: Json, kind: str) -> Iterator[int]:
    if block.get("block_id", "").startswith(f"{kind}:"):
        yield int(block["block_id"].removeprefix(f"{kind}:"))
    if block["type"] == DATA_TABLE:
        assert block["page_size"] == len(block["rows"]) - 1
        yield from (row[0]["value"] for row in block["rows"][1:])


@pytest.mark.parametrize(("limit", "messages"), [(50, 2), (200, 5)])
def test_failed_shows_as_many_jobs_as_the_limit(team: Team, limit: int, messages: int) -> None:
    for id_ in range(1, limit + 2):
        team.queue.fail(id_)
    messages_shown = answers(team, f"failed limit={limit}")
    assert ids(messages_shown, "failed") == list(range(limit + 1, 1, -1))
    assert len(messages_shown) == messages
    for id_ in range(limit + 1, 1, -1):
        assert (
            sum(len(re.findall(rf"\b{id_}\b", message["text"])) for message in messages_shown) >= 1
        )
    assert "Next page" in str(messages_shown[-1]["blocks"])
    assert not [message for message in messages_shown[:-1] if "Next page" in str(message["blocks"])]


def test_jobs_shows_up_to_50_jobs(team: Team) -> None:
    for id_ in range(1, 52):
        team.queue.push(id_)
    assert ids(answers(team, "jobs limit=50"), "job") == list(range(51, 1, -1))


def test_stuck_shows_up_to_50_jobs(team: Team) -> None:
    for id_ in range(1, 52):
        team.queue.push(id_, reserved_at=1_762_537_376 + id_)
    assert ids(answers(team, "stuck limit=50"), "job") == list(range(1, 51))


def test_errors_shows_up_to_50_error_groups(team: Team) -> None:
    for number in range(51):
        first, second = WORDS[number % 20], WORDS[number // 20]
        team.queue.fail(exception=f"RuntimeException: the {first} has no {second} in the feed")
    team.until(lambda: team.queue.count(tables.failures) == 51)
    messages_shown = answers(team, "errors limit=50")
    groups = [
        block["block_id"]
        for block in messages_shown[0]["blocks"]
        if block.get("block_id", "").startswith("error:")
    ]
    (table,) = [block for block in messages_shown[1]["blocks"] if block["type"] == DATA_TABLE]
    names = [*groups, *(f"error:{row[0]['text']}" for row in table["rows"][1:])]
    assert len(names) == len({*names}) == 50


def test_history_shows_up_to_50_records(team: Team) -> None:
    for id_ in range(1, 53):
        team.queue.fail(id_)
        team.say(f"retry {id_}")
    messages_shown = answers(team, "history limit=50")
    rows = [
        int(id_)
        for message in messages_shown
        for id_ in re.findall(r"failed job (\d+)", str(message["blocks"]))
    ]
    assert rows == list(range(52, 2, -1))
    assert "Older" in str(messages_shown[-1]["blocks"])


def test_find_shows_up_to_50_events_of_an_order(team: Team) -> None:
    for id_ in range(1, 51):
        team.queue.fail(id_, order=ORDER)
    team.until(lambda: team.queue.count(tables.failures) == 50)
    messages_shown = answers(team, f"find {ORDER}")
    rows = [
        int(id_)
        for message in messages_shown
        for block in message["blocks"]
        if block["type"] == "section"
        for id_ in re.findall(r"Failed job (\d+)", block["text"]["text"])
    ]
    assert rows == list(range(1, 51))
    # The newest events are last, where the buttons are.
    assert "run:retry" in str(messages_shown[-1]["blocks"])


def test_a_list_without_a_limit_is_one_message_with_buttons(team: Team) -> None:
    for id_ in range(1, 31):
        team.queue.fail(id_)
    first = team.say("failed", as_="admin").reply
    assert ids([first], "failed") == list(range(30, 20, -1))
    second = team.click(first, "page:failed", as_="admin").reply
    assert ids([second], "failed") == list(range(20, 10, -1))


def test_the_next_page_of_a_list_with_a_limit_replaces_the_page_button(team: Team) -> None:
    for id_ in range(1, 36):
        team.queue.fail(id_)
    team.say("failed limit=15", as_="admin")
    page = team.until(lambda: next(iter(pages(team)), None))
    before = len(team.slack.calls("response_url"))
    team.click(page, "page:failed", as_="admin")
    team.until(lambda: len(team.slack.calls("response_url")) == before + 2)
    sent = [call.args for call in team.slack.calls("response_url")[before:]]
    assert ids(sent, "failed") == list(range(20, 5, -1))
    assert [message["replace_original"] for message in sent] == [True, False]


def pages(team: Team) -> list[Json]:
    """Return the ephemeral messages with a button for the next page."""
    channel = team.slack.workspace.find_channel("queue-ops")
    assert channel is not None
    return [
        {**message, "channel": channel.id}
        for message in team.slack.messages("queue-ops")
        if "page:failed" in str(message.get("blocks"))
    ]
