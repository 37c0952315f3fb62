"""Build the bot from the settings: create the parts and connect the parts."""

from dataclasses import replace

import structlog

from bot.access.no_slack import NoSlack
from bot.background.loop import INTERVAL
from bot.database.session import warn_of_kept
from bot.models.doctor import Diagnose, undiagnosed
from bot.models.refusals import StartError
from bot.settings.settings import Settings
from bot.slack.app_identity import check_apps
from bot.slack.runtime import Access, SlackBot, look_up
from bot.wiring.engines import open_engines
from bot.wiring.queue_tables import check_tables, layout_of, queue_of, warn_of_tables
from bot.wiring.setup import make_setup
from bot.wiring.start_notes import warn_of_limits

log = structlog.get_logger(__name__)


def monitoring_address(settings: Settings) -> tuple[str, int] | None:
    """Return the host and port of the monitoring port, or None if none is configured."""
    port = settings.monitoring_port
    return None if port is None else (settings.monitoring_host, port)


def slack_access(settings: Settings) -> Access:
    """Return the secrets of the configured mode; raises `StartError` if one is not set."""
    is_http = settings.mode == "http"
    secret = settings.slack_signing_secret if is_http else settings.slack_app_token
    if settings.slack_bot_token is None or secret is None:
        name = Settings.NEEDED_BY_MODE[settings.mode]
        raise StartError([f"SLACK_BOT_TOKEN and {name} are needed to run."])
    return Access(
        bot_token=settings.slack_bot_token.get_secret_value(),
        app_token=None if is_http else secret.get_secret_value(),
        base_url=str(settings.slack_api_url),
        signing_secret=secret.get_secret_value() if is_http else None,
        replicas=settings.replicas,
    )


def make_bot(
    settings: Settings,
    interval: float = INTERVAL,
    grace: int = 0,
    diagnose: Diagnose = undiagnosed,
) -> SlackBot:
    """Check the configuration and return a bot that is ready to start.

    Raises `StartError`. For `grace`, see `SlackBot`. `diagnose` runs the checks of `/queue doctor`.
    """
    access = slack_access(settings)
    engines = open_engines(settings, grace)
    queue = queue_of(settings, layout_of(settings, engines.background))
    warn_of_kept(check_tables(engines.background, queue))
    warn_of_tables(engines.background, queue)
    routed = {route.channel for route in settings.routes if route.channel is not None}
    if {settings.alert_channel, *routed} - set(settings.change_channels):
        log.warning("alerts have buttons that work only in QUEUE_BOT_CHANGE_CHANNELS")
    workspace = look_up(access)
    check_apps(access, workspace)
    warn_of_limits(make_setup(settings, engines.requests, NoSlack()))
    return SlackBot(
        access,
        workspace,
        lambda directory: replace(
            make_setup(settings, engines.requests, directory, workspace.team), diagnose=diagnose
        ),
        interval,
        engines.background,
        engines.polling,
        grace,
        monitoring_address(settings),
    )
