"""Each command checks each role on each surface, over HTTP; an unverifiable role is refused."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from bot.app.command import Command, find_commands
from bot.localslack.demo import IDS
from bot.models.roles import Role
from bot.store import tables
from tests.kit.queues import TestQueue
from tests.kit.team import Json, Team, team_at_work

PEOPLE = {
    "stranger": (IDS.stranger, Role.NONE),
    "viewer": (IDS.viewer, Role.VIEWER),
    "operator": (IDS.operator, Role.OPERATOR),
    "admin": (IDS.admin, Role.ADMIN),
}
NOBODYS_ID = 999_999
NAMED = ("queue", "into", "note")
"""The arguments that are typed with their name."""


def arguments(command: Command) -> dict[str, Any]:
    """Return arguments with which the command runs and changes no row."""
    fields = command.arguments.model_fields
    if "ids" in fields:
        return {"ids": [NOBODYS_ID]}
    if "id" in fields:
        return {"id": NOBODYS_ID}
    if "into" in fields:
        return {"error": str(NOBODYS_ID), "into": "no"}
    if "note" in fields:
        return {"error": str(NOBODYS_ID), "note": "no"}
    for name in ("order", "error"):
        if name in fields and fields[name].is_required():
            return {name: str(NOBODYS_ID)}
    return {"queue": "no-such-queue"} if "queue" in fields else {}


def words(command: Command) -> str:
    """Return the command with these arguments as typed text."""
    given = arguments(command)
    bare = [str(*value) if isinstance(value, list) else str(value) for key, value in given.items()
            if key not in NAMED]  # fmt: skip
    named = [f"{key}={value}" for key, value in given.items() if key in NAMED]
    return " ".join([command.name, *bare, *named])


def buttons(commands: dict[str, Command]) -> list[Json]:
    """Return one button per command, as no message of the bot has them."""
    return [
        {
            "type": "actions",
            "block_id": f"b:{name}",
            "elements": [
                {
                    "type": "button",
                    "action_id": f"run:{name}",
                    "text": {"type": "plain_text", "text": name},
                    "value": json.dumps({"v": 1, **arguments(command)}),
                }
            ],
        }
        for name, command in commands.items()
    ]


def homes(team: Team, user: str) -> int:
    """Return how often the user's Home was published."""
    return sum(call.args["user_id"] == user for call in team.slack.calls("views.publish"))


def wait_for_home(team: Team, user: str, before: int) -> None:
    """Wait until the bot has published Home again, which it does after each click in Home."""
    team.until(lambda: homes(team, user) > before)


def try_all(team: Team, name: str, surface: str) -> dict[str, str]:
    """Return the complete answer to each command for one person, as JSON."""
    commands = dict(team.bot.setup.commands)
    user, _ = PEOPLE[name]
    shown = buttons(commands)
    client = team.client()
    channel = IDS.queue_ops
    answers = {}
    for number, (command, one) in enumerate(commands.items()):
        if surface == "slash":
            answer = team.say(words(one), as_=name)
        elif surface == "button":
            posted = client.chat_postMessage(channel=channel, text="-", blocks=[shown[number]])
            message = {"channel": channel, "ts": posted["ts"]}
            answer = team.click(message, f"run:{command}", as_=name)
        else:
            home = {"type": "home", "blocks": [shown[number]]}
            view = client.views_publish(user_id=user, view=home)["view"]
            drawn = homes(team, user)
            answer = team.click_in_view(view, f"run:{command}", as_=name)
            wait_for_home(team, user, drawn)
            for modal in team.slack.views(name):
                team.slack.close_view(name, modal["id"], everything=True)
        answers[command] = answer.everything
    return answers


@pytest.mark.parametrize("surface", ["slash", "button", "home"])
def test_every_command_checks_every_role_on_every_surface(
    kept_queue: TestQueue, surface: str
) -> None:
    kept_queue.fail(45)
    kept_queue.push(123)
    with (
        team_at_work(kept_queue, rates=False) as team,
        ThreadPoolExecutor(len(PEOPLE)) as at_once,
    ):
        tries = {name: at_once.submit(try_all, team, name, surface) for name in PEOPLE}
        answers = {name: tried.result() for name, tried in tries.items()}

    refused = {(row.actor, row.action) for row in team.records if row.outcome == "denied"}
    expected = {
        (user, command.name)
        for user, role in PEOPLE.values()
        for command in team.bot.setup.commands.values()
        if role < command.role
    }
    assert refused == expected
    assert len(expected) > 20
    for name, (user, _) in PEOPLE.items():
        for command in team.bot.setup.commands.values():
            sentence = f"this needs the role {command.role.word}"
            assert (sentence in answers[name][command.name]) == ((user, command.name) in expected)
    assert [row.id for row in team.queue.failed] == [45]
    assert [row.id for row in team.queue.jobs] == [123]
    assert team.archived == []


@pytest.mark.parametrize(
    ("command", "needed", "holders"),
    [
        ("status", "viewer", [f"<@{IDS.viewer}>", f"<!subteam^{IDS.oncall}>", f"<@{IDS.admin}>"]),
        ("retry 45", "operator", [f"<!subteam^{IDS.oncall}>", f"<@{IDS.admin}>"]),
        ("delete-failed 45", "admin", [f"<@{IDS.admin}>"]),
    ],
)
def test_a_refusal_names_the_needed_role_and_the_people_who_have_it(
    team: Team, command: str, needed: str, holders: list[str]
) -> None:
    team.queue.fail(45)
    text = team.say(command, as_="stranger").text
    assert f"needs the role {needed}, and you have no role" in text
    assert "Nothing was changed" in text
    # A person without a role needs the viewer role, and another viewer cannot help with it.
    assert (f"Who can: {', '.join(holders)}" in text) is (needed != "viewer")
    assert (f"For the role {needed}, ask <@{IDS.admin}>." in text) is (needed != "admin")
    (audited,) = team.audit_texts()
    assert f"<@{IDS.stranger}>" in audited
    assert f"tried `{command}`: needs {needed}; has no role" in audited


KINDS = {
    "is_restricted": "guests may not use this",
    "is_ultra_restricted": "guests may not use this",
    "is_stranger": "guests may not use this",
    "deleted": "the account is deactivated",
    "team_id": "the account belongs to another workspace",
}


@pytest.mark.parametrize("kind", KINDS)
def test_an_account_that_is_not_a_full_member_is_refused_in_every_role(
    team: Team, kind: str
) -> None:
    workspace = team.slack.workspace
    changed: dict[str, Any] = {kind: "T07OTHERTEAM" if kind == "team_id" else True}
    workspace.put_user(replace(workspace.users[IDS.admin], **changed))
    team.queue.fail(45)

    for command in ("status", "retry 45"):
        assert KINDS[kind] in team.say(command, as_="admin").text
    assert [row.id for row in team.queue.failed] == [45]
    assert {row.reason for row in team.records} == {"not-member"}


def test_changes_are_refused_outside_the_change_channels(team: Team) -> None:
    team.queue.fail(45)
    direct = team.slack.workspace.direct_message(IDS.admin)

    for channel in ("random", direct.id):
        text = team.say("retry 45", as_="admin", channel=channel).text
        assert "Changes are not allowed here" in text
        assert f"<#{IDS.queue_ops}>" in text
        assert "Failed job 45" in team.say("failed", as_="admin", channel=channel).text
    assert [row.id for row in team.queue.failed] == [45]
    assert {row.reason for row in team.records} == {"wrong-channel"}


def test_a_change_in_a_channel_shared_with_another_company_is_refused(team: Team) -> None:
    team.queue.fail(45)
    workspace = team.slack.workspace
    workspace.put_channel(replace(workspace.channels[IDS.queue_ops], is_ext_shared=True))

    assert "shared with another company" in team.say("retry 45", as_="admin").text
    assert "Failed job 45" in team.say("failed", as_="admin").text
    assert [row.id for row in team.queue.failed] == [45]


def test_a_change_is_refused_if_slack_does_not_return_the_channel(team: Team) -> None:
    team.queue.fail(45)
    team.slack.script("conversations.info", [500])
    assert "cannot be verified" in team.say("retry 45", as_="admin").text
    assert [row.id for row in team.queue.failed] == [45]


def test_changes_on_home_are_allowed_unless_the_settings_forbid_them(
    kept_queue: TestQueue,
) -> None:
    shown = buttons({"retry": find_commands()["retry"]})
    shown[0]["elements"][0]["value"] = json.dumps({"v": 1, "ids": [45]})
    for allowed, sentence in ((False, "Changes are not allowed here"), (True, "back in the queue")):
        with team_at_work(kept_queue, changes_in_home=allowed) as team:
            if not allowed:
                team.queue.fail(45)
            home = {"type": "home", "blocks": shown}
            view = team.client().views_publish(user_id=IDS.admin, view=home)["view"]
            assert sentence in team.click_in_view(view, "run:retry", as_="admin").everything
            assert bool(team.queue.jobs) == allowed


def test_a_queue_that_is_not_on_the_list_is_not_changed(kept_queue: TestQueue) -> None:
    with team_at_work(kept_queue, allowed_queues=("mail",)) as team:
        team.queue.fail(45)
        team.queue.fail(46, queue="mail")
        team.queue.push(123)

        for command in ("retry 45", "delete-failed 45", "delete 123", "retry-all queue=netsuite"):
            assert "may not change the queue netsuite" in plain(team.say(command, as_="admin").text)
        several = plain(team.say("retry 45 46", as_="admin").text)
        assert "Failed job 46 is back" in several or "Retried 1 failed job" in several
        assert [row.id for row in team.queue.failed] == [45]

        # A change of all queues is refused too; the answer names the allowed queues.
        for command in ("clear-failed", "retry-all"):
            whole = team.say(command, as_="admin")
            assert whole.response["views"] == []
            assert "Queues that the bot may change: mail" in plain(whole.text)
        assert "1 failed job" not in team.say("clear-failed queue=mail", as_="admin").everything
        assert [row.id for row in team.queue.failed] == [45]


def plain(text: str) -> str:
    """Return the text without its backticks."""
    return text.replace("`", "")


def test_refusals_of_one_person_are_posted_in_one_message_per_minute(team: Team) -> None:
    team.queue.fail(45)
    team.say("retry 45", as_="stranger")
    assert len(team.audit_texts()) == 1
    for _ in range(4):
        team.say("retry 45", as_="stranger")
    team.say("delete 45", as_="stranger")
    team.say("retry 45", as_="viewer")
    team.until(lambda: len(team.queue.rows(tables.audit_chain)) == 7)
    assert len(team.audit_texts(2)) == 2

    team.clock.move(seconds=61)

    texts = team.audit_texts(3)
    assert len(texts) == 3
    assert "tried `delete 45`" in texts[-1]
    assert "×4" in texts[-1]  # noqa: RUF001 the sign that the message has
    assert len(team.records) == 7
    seqs_by_message = [json.loads(row.body)["seqs"] for row in team.queue.rows(tables.outbox)
            if row.kind in ("audit", "refusals")]  # fmt: skip
    assert sorted(seq for seqs in seqs_by_message for seq in seqs) == list(range(1, 8))
