"""The local Slack without queue-bot, for any app; the app's manifest sets the permissions."""

import signal
import threading
import time
import webbrowser
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import FrameType

import yaml

from bot.localslack.delivery.request_urls import NotVerifiedError
from bot.localslack.demo import plain_workspace
from bot.localslack.manifest import Manifest, ManifestError, manifest_of
from bot.localslack.server import LocalSlack
from bot.localslack.workspace import Workspace

AGAIN = 1.0  # seconds between two attempts to verify a request URL


class CannotStart(Exception):
    """The local Slack did not start; the message is a sentence for the user."""


def read_manifest(file: Path) -> Manifest:
    """Return the manifest of a YAML or JSON file.

    Raises `CannotStart` with a message that names the invalid part.
    """
    try:
        return manifest_of(yaml.safe_load(file.read_text(encoding="utf-8")))
    except OSError as error:
        raise CannotStart(f"{file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise CannotStart(f"{file} is not UTF-8 text.") from error
    except yaml.YAMLError as error:
        raise CannotStart(f"{file} is neither YAML nor JSON: {error}") from error
    except ManifestError as error:
        raise CannotStart(f"{file}: {error}.") from error


def lines(slack: LocalSlack) -> list[str]:
    """Return the environment that an app needs, one NAME=value per line."""
    return [
        f"SLACK_BOT_TOKEN={slack.bot_token}",
        f"SLACK_APP_TOKEN={slack.app_token}",
        f"SLACK_SIGNING_SECRET={slack.credentials.signing_secret}",
        f"SLACK_API_URL={slack.base_url}",
    ]


def ids(workspace: Workspace) -> list[str]:
    """Return the ids that an app's settings need, which Slack shows in its menus."""
    kinds = {
        "Channels": [(f"#{channel.name}", channel.id) for channel in workspace.channels.values()],
        "People": [
            (user.real_name, user.id) for user in workspace.users.values() if not user.is_bot
        ],
        "User groups": [(f"@{group.handle}", group.id) for group in workspace.groups.values()],
    }
    return [
        f"{kind}: {', '.join(f'{name} {id_}' for name, id_ in named)}"
        for kind, named in kinds.items()
    ]


def serve(manifest: Manifest, port: int, *, browser: bool, say: Callable[[str], None]) -> None:
    """Run until Ctrl-C or SIGTERM; `say` prints the page's address and the app's environment."""
    done = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        done.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    workspace = plain_workspace(time.time, manifest.name)
    with ExitStack() as stack:
        local = LocalSlack(port=port, manifest=manifest, workspace=workspace)
        try:
            slack = stack.enter_context(local)
        except OSError as error:
            problem = f"Port {port} on 127.0.0.1 is in use. Choose another with --port; 0 is any."
            raise CannotStart(problem) from error
        for line in [*lines(slack), f"Page: {slack.url}", *ids(workspace)]:
            say(line)
        if browser:
            webbrowser.open(slack.url)
        if not manifest.socket_mode:
            _verify(slack, done, say)
        done.wait()


def _verify(slack: LocalSlack, done: threading.Event, say: Callable[[str], None]) -> None:
    """Try to verify the app's request URL until the app answers; the app may start later."""
    problem = ""
    while not done.is_set():
        try:
            slack.deliver_by_http()
        except NotVerifiedError as error:
            if str(error) != problem:
                problem = str(error)
                say(f"The request URL is not verified yet: {problem}")
            done.wait(AGAIN)
        else:
            say("The request URL is verified.")
            return
