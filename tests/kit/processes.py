"""The real program in its own process, with a team's settings."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bot.localslack.delivery.request_urls import NotVerifiedError
from bot.localslack.demo import IDS
from bot.localslack.server import LocalSlack
from bot.slack.runtime import STOP_SECONDS
from bot.slack.signed_requests import PATH
from tests.kit.balancer import Backend, Balancer

ROOT = Path(__file__).parents[2]
PATIENCE = STOP_SECONDS + 12
"""Seconds to wait for a stop: the bot's own limit, plus a margin for a busy machine."""
SLACK_WAITS = 20.0
"""Seconds that the local Slack waits for an ack, which takes seconds on a busy machine."""


def environ(slack: LocalSlack, url: str, **changed: str) -> dict[str, str]:
    """Return a team's settings, without this machine's other environment variables."""
    variables = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return {
        **variables,
        "SLACK_BOT_TOKEN": slack.bot_token,
        "SLACK_APP_TOKEN": slack.app_token,
        "SLACK_SIGNING_SECRET": slack.credentials.signing_secret,
        "SLACK_API_URL": slack.base_url,
        "DATABASE_URL": url,
        "QUEUE_BOT_VIEWERS": IDS.viewer,
        "QUEUE_BOT_OPERATORS": IDS.oncall,
        "QUEUE_BOT_ADMINS": IDS.admin,
        "QUEUE_BOT_CHANGE_CHANNELS": IDS.queue_ops,
        "QUEUE_BOT_AUDIT_CHANNEL": IDS.queue_audit,
        "QUEUE_BOT_ALERT_CHANNEL": IDS.queue_alerts,
        # A test is faster than a person.
        "QUEUE_BOT_COMMANDS_PER_MINUTE": "10000",
        "QUEUE_BOT_PREVIEWS_PER_MINUTE": "10000",
        "QUEUE_BOT_REFUSALS_PER_MINUTE": "10000",
        **changed,
    }


def by_http() -> dict[str, str]:
    """Return the settings of HTTP mode on a free port, without a balancer."""
    return {
        "QUEUE_BOT_MODE": "http",
        "QUEUE_BOT_HTTP_PORT": str(free_port()),
        "QUEUE_BOT_DRAIN_SECONDS": "0",
    }


def free_port() -> int:
    """Return a port on this machine that no program uses now."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def is_delivered(slack: LocalSlack, url: str) -> bool:
    """Return whether the app at this address answers the challenge; requests then go there."""
    try:
        slack.deliver_by_http(url)
    except NotVerifiedError:
        return False
    return True


def behind(balancer: Balancer) -> dict[str, str]:
    """Return the settings of a replica of HTTP mode that this balancer knows from now on."""
    settings = by_http() | {
        "QUEUE_BOT_DRAIN_SECONDS": "1",
        "QUEUE_BOT_MONITORING_PORT": str(free_port()),
    }
    ports = (settings["QUEUE_BOT_HTTP_PORT"], settings["QUEUE_BOT_MONITORING_PORT"])
    balancer.add(Backend(*map(int, ports)))
    return settings


@contextmanager
def running(
    slack: LocalSlack, url: str, mode: Mapping[str, str] | None = None, root: Path = ROOT
) -> Iterator[subprocess.Popen[str]]:
    """Run `queue-bot run` of the tree `root` with a team's settings; kill it at the end.

    The block begins when the bot is connected. `mode` may be the settings of HTTP mode.
    """
    connected = slack.hub.connected + 1
    command = [sys.executable, "-m", "bot", "run"]
    variables = environ(slack, url, **(mode or {}))
    process = subprocess.Popen(command, cwd=root, env=variables, stderr=subprocess.PIPE, text=True)
    try:
        if variables.get("QUEUE_BOT_MODE") == "http":
            port = variables["QUEUE_BOT_HTTP_PORT"]
            slack.wait_for(lambda: is_delivered(slack, f"http://127.0.0.1:{port}{PATH}"), 30)
        else:
            slack.wait_for(lambda: slack.hub.connected == connected, 30)
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()
