"""The Slack app of each token: the app token and the bot token must be of one app."""

import re

import structlog
from slack_sdk.errors import SlackClientError

from bot.models.refusals import StartError
from bot.slack.directory import reason_of
from bot.slack.runtime import LOOKUP_SECONDS, Access, WorkspaceInfo

log = structlog.get_logger(__name__)

_APP_TOKEN = re.compile(r"xapp-\d+-(A[A-Z0-9]+)-.+")


def different_apps(access: Access, workspace: WorkspaceInfo) -> tuple[str, str] | None:
    """Return the ids of the app token's and the bot token's apps if both are known and differ."""
    token = _APP_TOKEN.fullmatch(access.app_token or "")
    if token is None:
        return None
    own, app = token.group(1), _app_of_bot(access, workspace.bot)
    return None if app is None or app == own else (own, app)


def check_apps(access: Access, workspace: WorkspaceInfo) -> None:
    """Raise `StartError` if the tokens are of different apps.

    The bot would receive the commands of one app, and post messages whose buttons reach the other.
    """
    apps = different_apps(access, workspace)
    if apps is not None:
        sentence = (
            f"SLACK_APP_TOKEN is of the Slack app {apps[0]}, but SLACK_BOT_TOKEN is of the app"
            f" {apps[1]}. Copy both tokens from the pages of one app."
        )
        raise StartError([sentence])


def _app_of_bot(access: Access, bot: str) -> str | None:
    """Return the app of a bot, or None if Slack does not name it.

    https://docs.slack.dev/reference/methods/bots.info; the answer has the `app_id`.
    """
    try:
        answer = access.client(LOOKUP_SECONDS).api_call("bots.info", params={"bot": bot})
    except (SlackClientError, OSError) as error:
        log.warning("app of the bot token not known", because=reason_of(error))
        return None
    app = (answer.get("bot") or {}).get("app_id")
    return app if isinstance(app, str) and app else None
