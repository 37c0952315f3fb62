"""The real bot and a bare one, each in a separate process with its own local Slack."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bot.localslack.demo import IDS, demo_workspace
from bot.localslack.server import LocalSlack
from bot.localslack.workspace import Channel, User, Workspace
from bot.slack.signed_requests import PATH
from tests.kit.processes import by_http, is_delivered

CONNECT_SECONDS = 20.0
STOP_SECONDS = 30.0
PEOPLE = 50
"""The size of a crowd that asks at once; the workspace has two crowds."""


@dataclass(frozen=True)
class Bot:
    """A running bot: the Slack of its people, and a way to send it commands."""

    slack: LocalSlack

    def ask(self, text: str, user: str = IDS.viewer) -> tuple[float, str]:
        """Return the seconds to the acknowledgement, and the reply in it or the dialog."""
        response = self.slack.command(user, IDS.queue_ops, text)
        shown = [*response["replies"], *response["views"]]
        assert shown, f"the bot did not answer: {response}"
        return response["ack_ms"] / 1000, str(shown[0])


def person(number: int) -> str:
    """Return the id of the person with this number."""
    return f"U07PERSON{number:03d}"


def crowded() -> Workspace:
    """Return the demo's workspace with two more crowds in #queue-ops."""
    made = demo_workspace(time.time)
    numbers = range(2 * PEOPLE)
    people = [User(person(number), f"person{number}", f"P {number}") for number in numbers]
    members = frozenset(user.id for user in people)
    channels = [
        Channel(channel.id, channel.name, channel.members | members)
        for channel in made.channels.values()
        if not channel.is_im
    ]
    users = [*made.users.values(), *people]
    return Workspace(made.identity, users, channels, list(made.groups.values()), time.time)


LIMITS = ("COMMANDS", "PREVIEWS", "REFUSALS")
"""What one person may send a minute; most benches are faster than a person."""


def team_of(database_url: str, *, limited: bool = False) -> dict[str, str]:
    """Return the settings of a team in which everyone has the viewer role."""
    settings = {
        "DATABASE_URL": database_url,
        "QUEUE_BOT_VIEWERS": "*",
        "QUEUE_BOT_ADMINS": IDS.admin,
        "QUEUE_BOT_CHANGE_CHANNELS": IDS.queue_ops,
        "QUEUE_BOT_AUDIT_CHANNEL": IDS.queue_audit,
        "QUEUE_BOT_ALERT_CHANNEL": IDS.queue_alerts,
    }
    if limited:
        return settings
    return settings | {f"QUEUE_BOT_{name}_PER_MINUTE": "1000000" for name in LIMITS}


@contextmanager
def real_bot(database_url: str, *, limited: bool = False) -> Iterator[Bot]:
    """Run `queue-bot run` as a team does; everyone has the viewer role.

    `limited`: each person has the limits of production.
    """
    settings = team_of(database_url, limited=limited)
    with LocalSlack(workspace=crowded()) as slack, bot_process(slack, settings):
        slack.wait_for(lambda: slack.hub.connected == 1, CONNECT_SECONDS)
        yield Bot(slack)


@contextmanager
def bot_process(slack: LocalSlack, settings: dict[str, str]) -> Iterator[int]:
    """Run `queue-bot run` with these settings and this Slack's tokens; yield its process id."""
    tokens = {
        "SLACK_BOT_TOKEN": slack.bot_token,
        "SLACK_APP_TOKEN": slack.app_token,
        "SLACK_API_URL": slack.base_url,
    }
    with _process([sys.executable, "-m", "bot", "run"], {**tokens, **settings}) as pid:
        yield pid


@contextmanager
def http_bot(database_url: str, *, limited: bool = False) -> Iterator[tuple[Bot, str, int]]:
    """Run `queue-bot run` in HTTP mode; yield the bot, its address and its process id.

    `limited`: each person has the limits of production.
    """
    with LocalSlack(workspace=crowded()) as slack:
        mode = by_http()
        settings = team_of(database_url, limited=limited) | mode
        settings["SLACK_SIGNING_SECRET"] = slack.credentials.signing_secret
        with bot_process(slack, settings) as pid:
            url = f"http://127.0.0.1:{mode['QUEUE_BOT_HTTP_PORT']}{PATH}"
            slack.wait_for(lambda: is_delivered(slack, url), CONNECT_SECONDS)
            yield Bot(slack), url, pid


@contextmanager
def bare_http_bot(database_url: str) -> Iterator[tuple[Bot, str, int]]:
    """Run a default Bolt app by its WSGI adapter under gunicorn, with as many threads as the bot.

    Yield the bot, its address and the id of gunicorn's first process.
    """
    with LocalSlack(workspace=crowded()) as slack:
        port = by_http()["QUEUE_BOT_HTTP_PORT"]
        settings = {
            "SLACK_BOT_TOKEN": slack.bot_token,
            "SLACK_SIGNING_SECRET": slack.credentials.signing_secret,
            "SLACK_API_URL": slack.base_url,
            "DATABASE_URL": database_url,
        }
        command = [sys.executable, "-m", "gunicorn", "--worker-class", "gthread"]
        command += ["--threads", "64", "--keep-alive", "75", "--bind", f"127.0.0.1:{port}"]
        with _process([*command, "tests.bench.bare_http:make_app()"], settings) as pid:
            url = f"http://127.0.0.1:{port}{PATH}"
            slack.wait_for(lambda: is_delivered(slack, url), CONNECT_SECONDS)
            yield Bot(slack), url, pid


@contextmanager
def bare_bot(database_url: str) -> Iterator[Bot]:
    """Run a default Bolt app that runs the same query."""
    with LocalSlack(workspace=crowded()) as slack:
        tokens = [slack.bot_token, slack.app_token, slack.base_url, database_url]
        with _process([sys.executable, "-m", "tests.bench.bare", *tokens], {}):
            slack.wait_for(lambda: slack.hub.connected == 1, CONNECT_SECONDS)
            yield Bot(slack)


@contextmanager
def _process(command: list[str], settings: dict[str, str]) -> Iterator[int]:
    process = subprocess.Popen(
        command,
        env={**os.environ, **settings},
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
