"""Each command checks each role on each surface, over HTTP; an unverifiable role is refused."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from time import monotonic
from typing import Any

import pytest
from slack_sdk import WebClient

from bot.access.roles import Need, Rules, Unreachable, authorize
from bot.app.command import Command, find_commands
from bot.localslack.demo import IDS
from bot.localslack.faults import LostAnswer
from bot.localslack.server import LocalSlack
from bot.models.refusals import NotMember, Unverifiable
from bot.models.requests import Actor, Invocation, Source
from bot.models.roles import Role
from bot.slack.directory import SlackDirectory
from bot.store import tables
from tests.kit.queues import GRACE, TestQueue
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


@pytest.fixture
def slack() -> Iterator[LocalSlack]:
    with LocalSlack() as running:
        yield running


class Hand:
    """A clock that a test moves, in seconds."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        """Return the current time."""
        return self.now


@pytest.fixture
def hand() -> Hand:
    return Hand()


def made_for(slack: LocalSlack, hand: Hand, grace: float = GRACE) -> SlackDirectory:
    """Return a directory that reads from this Slack."""
    client = WebClient(token=slack.bot_token, base_url=slack.base_url, retry_handlers=[])
    return SlackDirectory(client, hand, grace)


@pytest.fixture
def directory(slack: LocalSlack, hand: Hand) -> Iterator[SlackDirectory]:
    with closing(made_for(slack, hand)) as made:
        yield made


def by(user: str, channel: str | None = IDS.queue_ops, source: Source = Source.SLASH) -> Invocation:
    """Return a user's request in a channel."""
    return Invocation(Actor(user, IDS.team, source), "0" * 64, float("inf"), channel)


RULES = Rules(
    viewers=(IDS.viewer,),
    operators=(IDS.oncall,),
    admins=(IDS.admin,),
    change_channels=(IDS.queue_ops,),
    team=IDS.team,
)
LOOK, CHANGE, DESTROY = (
    Need(Role.VIEWER),
    Need(Role.OPERATOR, changes=True),
    Need(Role.ADMIN, changes=True, fresh=True),
)


def test_a_bot_is_refused(directory: SlackDirectory) -> None:
    with pytest.raises(NotMember):
        authorize(replace(RULES, viewers=("*",)), directory, by(IDS.bot_user), LOOK)


def test_a_star_gives_every_full_member_the_viewer_role_only(directory: SlackDirectory) -> None:
    rules = replace(RULES, viewers=("*",))
    assert authorize(rules, directory, by(IDS.stranger), LOOK).rule == "viewers: *"


def test_the_rule_that_gives_the_role_is_named(directory: SlackDirectory) -> None:
    grants = [authorize(RULES, directory, by(user), LOOK) for user in (IDS.operator, IDS.admin)]
    assert [(grant.role, grant.rule) for grant in grants] == [
        (Role.OPERATOR, f"operators: {IDS.oncall}"),
        (Role.ADMIN, f"admins: {IDS.admin}"),
    ]


def test_a_change_reads_the_group_again_after_1_minute_and_a_read_after_15(
    slack: LocalSlack, directory: SlackDirectory, hand: Hand
) -> None:
    def calls() -> int:
        return len(slack.calls("usergroups.users.list"))

    for seconds, need, expected in (
        (0, CHANGE, 1),
        (59, CHANGE, 1),
        (2, LOOK, 1),
        (0, CHANGE, 2),
        (899, LOOK, 2),
        (2, LOOK, 3),
    ):
        hand.now += seconds
        authorize(RULES, directory, by(IDS.operator), need)
        assert calls() == expected, (seconds, need)


def test_a_destructive_change_reads_the_group_again_after_10_seconds(
    slack: LocalSlack, directory: SlackDirectory, hand: Hand
) -> None:
    rules = replace(RULES, admins=(IDS.oncall,), operators=())
    for seconds, expected in ((0, 1), (9, 1), (2, 2)):
        hand.now += seconds
        authorize(rules, directory, by(IDS.operator), DESTROY)
        assert len(slack.calls("usergroups.users.list")) == expected


def test_a_user_id_in_the_settings_needs_no_request_for_groups(
    slack: LocalSlack, directory: SlackDirectory
) -> None:
    authorize(RULES, directory, by(IDS.admin), DESTROY)
    assert slack.calls("usergroups.users.list") == []


def test_concurrent_requests_share_one_call_to_slack_while_slack_hangs(
    slack: LocalSlack, hand: Hand
) -> None:
    slack.script("usergroups.users.list", [LostAnswer(50.0)])
    hasty = made_for(slack, hand, grace=0)

    def seconds(_number: int) -> float:
        began = monotonic()
        with pytest.raises(Unreachable):
            hasty.members(IDS.oncall, 60)
        return monotonic() - began

    with closing(hasty), ThreadPoolExecutor(16) as people:
        # Far less than the 50 s that Slack hangs and the 30 s timeout of its client.
        assert max(people.map(seconds, range(16))) < 20.0
    assert len(slack.calls("usergroups.users.list")) == 1


def test_a_failed_call_to_slack_is_not_repeated_for_1_second(
    slack: LocalSlack, directory: SlackDirectory, hand: Hand
) -> None:
    slack.script("usergroups.users.list", ["fatal_error"])
    for _ in range(3):
        with pytest.raises(Unreachable):
            directory.members(IDS.oncall, 60)
    assert len(slack.calls("usergroups.users.list")) == 1

    hand.now += 1.1

    assert IDS.operator in directory.members(IDS.oncall, 60)


def test_no_group_is_read_after_the_deadline(slack: LocalSlack, directory: SlackDirectory) -> None:
    late = replace(by(IDS.operator), deadline=monotonic())
    for need in (LOOK, CHANGE):
        with pytest.raises(Unverifiable):
            authorize(RULES, directory, late, need)
    assert slack.calls("usergroups.users.list") == []


def test_a_language_is_known_only_after_the_person_was_read(
    slack: LocalSlack, directory: SlackDirectory
) -> None:
    assert directory.locale(IDS.operator) is None
    assert slack.calls("users.info") == []
    locale = directory.profile(IDS.operator).locale
    assert locale is not None
    assert directory.locale(IDS.operator) == locale


def test_a_command_is_refused_in_time_while_slack_does_not_return_the_person(
    kept_queue: TestQueue,
) -> None:
    kept_queue.fail(45)
    with team_at_work(kept_queue, grace=0) as team:
        # Slack waits GRACE seconds, so that a busy machine does not fail the test.
        team.slack.hub.ack_timeout = GRACE
        team.slack.script("users.info", [LostAnswer(2.0 * GRACE)] * 4)
        assert "cannot be verified" in team.say("retry 45", as_="admin").text
    assert [row.id for row in kept_queue.failed] == [45]


def test_an_empty_group_counts_as_unknown(slack: LocalSlack, directory: SlackDirectory) -> None:
    group = slack.workspace.groups[IDS.oncall]
    slack.workspace.put_group(replace(group, members=()))
    with pytest.raises(Unreachable):
        directory.members(IDS.oncall, 0)


@pytest.mark.parametrize(
    "fault", ["missing_scope", "ratelimited", "no_such_subteam", "fatal_error", 429, 500, 503]
)
def test_a_change_is_refused_if_slack_does_not_return_the_group(
    team: Team, fault: str | int
) -> None:
    team.queue.fail(45)
    directory = team.bot.setup.directory
    assert isinstance(directory, SlackDirectory)
    # The bot reads the group when it starts; the test removes that cached answer, too.
    team.until(lambda: team.slack.calls("usergroups.users.list"))
    assert directory.members(IDS.oncall, 60)
    directory.forget_group(IDS.oncall)
    team.slack.script("usergroups.users.list", [fault] * 3)

    text = team.say("retry 45").text

    assert "Your role cannot be verified" in text
    assert "Nothing was changed" in text
    assert [row.id for row in team.queue.failed] == [45]
    assert [(row.outcome, row.reason) for row in team.records] == [("denied", "unverifiable")]
    # A user who is listed by id can still change jobs.
    assert "back in the queue" in team.say("retry 45", as_="admin").text


@pytest.mark.parametrize("fault", ["ratelimited", "missing_scope", 429, 500])
def test_a_change_is_refused_if_slack_does_not_return_the_account(
    team: Team, fault: str | int
) -> None:
    team.queue.fail(45)
    team.slack.script("users.info", [fault] * 3)
    assert "cannot be verified" in team.say("retry 45", as_="admin").text
    assert [row.id for row in team.queue.failed] == [45]


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
