"""The Slack that the conformance suite tests: the local Slack, or one at another base URL.

The environment names another Slack: SLACK_CONFORMANCE_URL (such as https://slack.com/api/),
…_BOT_TOKEN, …_APP_TOKEN, …_CHANNEL (the bot is a member), …_OTHER_CHANNEL (public, the bot is no
member), …_USER (a person in the first channel) and …_GROUP (a user group with members).
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx
import pytest

from bot.localslack.server import LocalSlack
from tests.kit.concurrency import SECONDS

PREFIX = "SLACK_CONFORMANCE_"
DOCS = "https://docs.slack.dev/"
NAMES = ("URL", "BOT_TOKEN", "APP_TOKEN", "CHANNEL", "OTHER_CHANNEL", "USER", "GROUP")
PATIENCE = 70.0  # longest wait for all 429 answers to one call, in seconds

Test = TypeVar("Test", bound=Callable[..., None])


@dataclass(frozen=True)
class Answer:
    """One answer of the Web API."""

    status: int
    headers: Mapping[str, str]
    body: dict[str, Any]

    @property
    def error(self) -> str | None:
        """Return the error code; None after a success."""
        code: str | None = self.body.get("error")
        return code

    @property
    def complaints(self) -> list[str]:
        """Return Slack's messages about each wrong place."""
        messages: list[str] = self.body.get("response_metadata", {}).get("messages", [])
        return messages


@dataclass(frozen=True)
class Target:
    """The tested Slack; `local` is set if the suite itself can play the people."""

    url: str
    bot_token: str
    app_token: str
    channel: str
    other_channel: str
    user: str
    group: str
    http: httpx.Client
    local: LocalSlack | None = None

    def call(self, method: str, *, token: str | None = None, **arguments: Any) -> Answer:
        """Call a method with a JSON body; after a 429, wait as Slack asks and repeat the call."""
        headers = {"authorization": f"Bearer {self.bot_token if token is None else token}"}
        if token == "":
            headers = {}
        deadline = time.monotonic() + PATIENCE
        while True:
            response = self.http.post(self.url + method, json=arguments, headers=headers)
            wait = (
                float(response.headers.get("retry-after", 0))
                if response.status_code == 429
                else 0.0
            )
            if not wait or time.monotonic() + wait > deadline:
                return Answer(response.status_code, response.headers, response.json())
            time.sleep(wait)

    def read(self, method: str, **arguments: Any) -> Answer:
        """Call a method that accepts no JSON; its arguments are in the query."""
        headers = {"authorization": f"Bearer {self.bot_token}"}
        response = self.http.get(self.url + method, params=arguments, headers=headers)
        return Answer(response.status_code, response.headers, response.json())

    @property
    def people(self) -> LocalSlack:
        """The local Slack, whose people the test plays; elsewhere the test is skipped."""
        if self.local is None:
            pytest.skip("needs a person: see docs/real-workspace.md")
        return self.local


@contextmanager
def target(environ: Mapping[str, str]) -> Iterator[Target]:
    """Give the Slack that the environment names, or else a local Slack."""
    with httpx.Client(trust_env=False) as http:
        if PREFIX + "URL" in environ:
            url, bot, app, channel, other, user, group = (
                environ.get(PREFIX + name, "") for name in NAMES
            )
            yield Target(url, bot, app, channel, other, user, group, http)
            return
        with LocalSlack(rates=False, ack_timeout=SECONDS) as slack:
            ids, tokens = slack.ids, (slack.bot_token, slack.app_token)
            places = (ids.queue_ops, ids.random, ids.viewer, ids.oncall)
            yield Target(slack.base_url, *tokens, *places, http=http, local=slack)


PAGES: dict[str, str] = {}


def rule(page: str) -> Callable[[Test], Test]:
    """Name the page of Slack's documentation (below docs.slack.dev) that the test restates."""

    def named(test: Test) -> Test:
        PAGES[test.__name__] = DOCS + page
        return test

    return named
