"""Roles from Slack: when accounts and groups are read again, and what an unreadable one refuses."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from time import monotonic

import pytest
from slack_sdk import WebClient

from bot.access.roles import Need, Rules, Unreachable, authorize
from bot.localslack.demo import IDS
from bot.localslack.faults import LostAnswer
from bot.localslack.server import LocalSlack
from bot.models.refusals import NotMember, Unverifiable
from bot.models.requests import Actor, Invocation, Source
from bot.models.roles import Role
from bot.slack.directory import SlackDirectory
from tests.kit.queues import GRACE, TestQueue
from tests.kit.team import Team, team_at_work


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
