"""Each privilege and each scope that the docs print is needed: without it a check names it."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import zip_longest

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.doctor.checks import CHECKS
from bot.localslack.demo import IDS, QUEUE_BOT
from bot.localslack.manifest import Manifest
from bot.models.doctor import Finding
from bot.queue.layouts import Queue
from bot.slack.manifest import needed_scopes
from bot.store.privileges import Place, grants
from tests.kit.installations import World, examined_alone, worst
from tests.kit.slack_apps import client_of

GRANTS = next(check for check in CHECKS if check.name == "grants")
GRANT = re.compile(r"GRANT (?P<privileges>.+) ON (?P<table>\S+) TO (?P<account>.+);")


@pytest.fixture
def queue(world: World) -> Queue:
    """The queue's tables; an account without SELECT does not see them."""
    installation = world.installation()
    try:
        return installation.setup.queue
    finally:
        installation.close()


def rounds(world: World) -> Iterator[dict[str, str]]:
    """Yield one privilege of each table, until each privilege of each table was in a round."""
    account = f"'{world.user}'@'127.0.0.1'"
    printed = [GRANT.fullmatch(one) for one in grants(Place(world.schema, world.schema), account)]
    of_table = {match["table"]: match["privileges"].split(", ") for match in printed if match}
    assert len(of_table) == len(printed)
    for privileges in zip_longest(*of_table.values()):
        yield {
            table: privilege
            for table, privilege in zip(of_table, privileges, strict=True)
            if privilege is not None
        }


def findings(world: World, queue: Queue) -> tuple[Finding, ...]:
    """Return the findings of the check of the privileges."""
    installation = world.installation()
    installation.queue = queue
    return examined_alone(installation, GRANTS)


def test_each_privilege_is_named_after_it_was_revoked(world: World, queue: Queue) -> None:
    """A round revokes one privilege of each table, because one after the other takes a minute."""
    account = f"'{world.user}'@'127.0.0.1'"
    revoked = 0
    for privileges in rounds(world):
        world.server.execute(
            *(f"REVOKE {one} ON {table} FROM {account}" for table, one in privileges.items())
        )
        try:
            named = findings(world, queue)
        finally:
            world.server.execute(
                *(f"GRANT {one} ON {table} TO {account}" for table, one in privileges.items())
            )
        assert sorted(finding.command for finding in named) == sorted(
            f"GRANT {one} ON {table} TO {account};" for table, one in privileges.items()
        )
        for finding in named:
            assert finding.status == "problem"
            assert f"{account} lacks " in finding.sentence
        revoked += len(privileges)
    assert revoked > 100
    assert [finding.status for finding in findings(world, queue)] == ["ok"]


PRIVATE = "C0PRIVATE01"
USES: dict[str, Callable[[WebClient, Manifest], object]] = {
    "channels:read": lambda client, _: client.conversations_info(channel=IDS.queue_ops),
    "chat:write": lambda client, _: client.chat_postMessage(channel=IDS.queue_ops, text="x"),
    "commands": lambda _, manifest: manifest.command("/queue"),
    "groups:read": lambda client, _: client.conversations_info(channel=PRIVATE),
    "im:history": lambda _, manifest: manifest.subscribes_to("message.im"),
    "usergroups:read": lambda client, _: client.usergroups_users_list(usergroup=IDS.oncall),
    "users:read": lambda client, _: client.users_info(user=IDS.admin),
}
"""A documented use of each scope: a call of the bot, or what Slack sends to the bot."""


def is_possible(use: Callable[[WebClient, Manifest], object], world: World) -> bool:
    """Return whether the local Slack allows the use with the present scopes of the token."""
    scopes = world.slack.credentials.scopes
    try:
        return bool(use(client_of(world.slack), replace(QUEUE_BOT, scopes=scopes)))
    except SlackApiError as error:
        if error.response["error"] != "missing_scope":
            raise
        return False


def test_without_a_scope_a_documented_use_fails_and_a_check_names_the_scope(world: World) -> None:
    workspace, credentials = world.slack.workspace, world.slack.credentials
    channel = workspace.channels[IDS.queue_ops]
    workspace.put_channel(replace(channel, id=PRIVATE, name="private", is_private=True))
    every = credentials.scopes
    assert USES.keys() == needed_scopes().keys() == every
    try:
        for scope, use in USES.items():
            assert is_possible(use, world), scope
            credentials.scopes = every - {scope}
            assert [name for name, other in USES.items() if not is_possible(other, world)] == [
                scope
            ]
            finding = worst(world.examined("slack-scopes"), "slack-scopes")
            assert (finding.status, scope in finding.sentence) == ("problem", True)
            assert "install the app again" in finding.advice
            credentials.scopes = every
    finally:
        credentials.scopes = every
        del workspace.channels[PRIVATE]
