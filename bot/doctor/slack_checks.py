"""The checks of the Slack app: its tokens, its scopes, its connection, its channels, its people."""

from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from bot.access.roles import Unreachable
from bot.doctor.examination import CheckFailed
from bot.doctor.installation import Installation
from bot.models.doctor import Finding, ok, problem, warning
from bot.models.refusals import StartError
from bot.settings.routes import FILE
from bot.settings.settings import Settings
from bot.slack.inspection import (
    ChannelState,
    SlackError,
    channel_state,
    connections_seen,
    socket_address,
)
from bot.slack.manifest import needed_scopes
from bot.slack.runtime import look_up
from bot.slack.socket import expected_connections

_TOKEN_CODES = ("invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired")
_COPY_BOT = "Copy the token (xoxb-…) from OAuth & Permissions on the app's page to SLACK_BOT_TOKEN."
_CREATE_APP = (
    "Create an app-level token with connections:write under Basic Information on the app's page, "
    "and copy it (xapp-…) to SLACK_APP_TOKEN."
)
_NETWORK = "Check that this machine reaches Slack: its network, its proxy (HTTPS_PROXY), its clock."
_REINSTALL = (
    "Add the scope under OAuth & Permissions on the app's page, then install the app again."
)
_CALLS = 8


def check_token(installation: Installation) -> Iterator[Finding]:
    """Check that Slack accepts the bot token, and that the token is for the configured team."""
    if installation.settings.slack_bot_token is None:
        raise CheckFailed(problem("SLACK_BOT_TOKEN is not set.", _COPY_BOT))
    try:
        workspace = look_up(installation.access)
    except StartError as error:
        sentence = error.problems[0]
        is_wrong = any(code in sentence for code in _TOKEN_CODES)
        raise CheckFailed(problem(sentence, _COPY_BOT if is_wrong else _NETWORK)) from error
    installation.workspace = workspace
    team = installation.settings.team_id
    if team is not None and team != workspace.team:
        yield problem(
            f"The bot token is for the workspace {workspace.team}, but QUEUE_BOT_TEAM_ID is "
            f"{team}: the bot refuses everybody.",
            "Use the token of the other workspace, or correct QUEUE_BOT_TEAM_ID.",
        )
    else:
        yield ok(f"Slack accepts the bot token for {workspace.name or workspace.team}.")


def check_scopes(installation: Installation) -> Iterator[Finding]:
    """Compare the scopes of the bot token with the scopes of the manifest."""
    granted = installation.workspace.scopes if installation.workspace else frozenset()
    needed = needed_scopes()
    if not granted:
        yield warning(
            "Slack did not report the scopes of the bot token.",
            "Compare OAuth & Permissions on the app's page with manifest.yml.",
        )
        return
    for scope in sorted(needed.keys() - granted):
        purpose = f" ({needed[scope]})" if needed[scope] else ""
        yield problem(f"The bot token lacks the scope {scope}{purpose}.", _REINSTALL)
    if unused := sorted(granted - needed.keys()):
        yield warning(
            f"The bot token has scopes that the bot never uses: {', '.join(unused)}.",
            "Remove them under OAuth & Permissions on the app's page, then install the app again.",
        )
    if not needed.keys() - granted:
        yield ok(f"The bot token has all {len(needed)} scopes of the manifest.")


def check_app_token(installation: Installation) -> Iterator[Finding]:
    """Check that Slack accepts the app token, and that a WebSocket to Slack opens."""
    if installation.settings.mode == "http":
        yield ok("Slack sends signed requests, so the app needs no connection.")
        return
    if installation.is_running:
        yield ok("The running bot is connected.")
        return
    if installation.settings.slack_app_token is None:
        yield problem("SLACK_APP_TOKEN is not set.", _CREATE_APP)
        return
    try:
        address = socket_address(installation.access)
    except SlackError as error:
        sentence = f"Slack does not accept the app token: {error.code}."
        is_wrong = error.code.islower()
        yield problem(sentence, _CREATE_APP if is_wrong else _NETWORK)
        return
    try:
        others = connections_seen(installation.access, address)
    except Unreachable as error:
        yield problem(
            f"Slack accepts the app token, but no WebSocket opens ({error}): no command would "
            "reach the bot.",
            "A proxy or a firewall blocks WebSockets. Allow wss:// on port 443 to *.slack.com. "
            "Slack's client uses HTTPS_PROXY and ignores NO_PROXY.",
        )
        return
    yield ok("Slack accepts the app token, and a WebSocket opens.")
    expected = expected_connections(installation.settings.replicas)
    if others > expected:
        yield warning(
            f"The app has {others} open connections; at most {expected} are expected.",
            "Stop copies of the bot that nobody needs, because Slack sends each command to any of "
            "them; or set QUEUE_BOT_REPLICAS.",
        )
    else:
        yield ok(f"Open connections of the app: {others} of at most {expected}.")


def channels_of(settings: Settings) -> dict[str, list[str]]:
    """Return the settings that name each channel."""
    named = {
        "QUEUE_BOT_AUDIT_CHANNEL": settings.audit_channel,
        "QUEUE_BOT_ALERT_CHANNEL": settings.alert_channel,
        "QUEUE_BOT_FALLBACK_CHANNEL": settings.fallback_channel,
        "QUEUE_BOT_DIGEST_CHANNEL": settings.digest_channel,
    }
    channels: defaultdict[str, list[str]] = defaultdict(list)
    for name, channel in named.items():
        if channel is not None:
            channels[channel].append(name)
    for channel in settings.change_channels:
        channels[channel].append("QUEUE_BOT_CHANGE_CHANNELS")
    for number, route in enumerate(settings.routes, start=1):
        if route.channel is not None:
            channels[route.channel].append(f"route {number} in {FILE}")
    return dict(channels)


def check_channels(installation: Installation) -> Iterator[Finding]:
    """Check that each channel exists, is not archived or shared, and has the bot as a member."""
    settings = installation.settings
    channels = channels_of(settings)
    access = installation.access

    def state_of(channel: str) -> ChannelState | SlackError:
        try:
            return channel_state(access, channel)
        except SlackError as error:
            return error

    with ThreadPoolExecutor(_CALLS) as calls:
        states = dict(zip(channels, calls.map(state_of, channels), strict=True))
    bad = [
        finding
        for channel, state in states.items()
        if (finding := channel_finding(channel, channels[channel], state)) is not None
    ]
    yield from bad
    if not bad:
        names = ", ".join(f"#{s.name}" for s in states.values() if isinstance(s, ChannelState))
        yield ok(f"The bot is in every channel: {names or 'none is configured'}.")


def check_change_channels(installation: Installation) -> Iterator[Finding]:
    """Check that people can change jobs, and that the buttons of alerts work."""
    settings = installation.settings
    if not settings.change_channels and not settings.changes_in_home:
        yield warning(
            "Nobody can change a job from Slack.",
            "Set QUEUE_BOT_CHANGE_CHANNELS, or QUEUE_BOT_CHANGES_IN_HOME=true.",
        )
    alerting = (settings.alert_channel, *(route.channel for route in settings.routes))
    refusing = [one for one in alerting if one and one not in settings.change_channels]
    for channel in dict.fromkeys(refusing):
        yield warning(
            "The buttons of alerts refuse every click: the alert channel allows no changes.",
            f"Add {channel} to QUEUE_BOT_CHANGE_CHANNELS.",
        )
    if not refusing:
        yield ok("People can change jobs in the channels of the alerts.")


def channel_finding(
    channel: str, settings: list[str], state: ChannelState | SlackError
) -> Finding | None:
    """Return the problem of one channel, or None if the bot can work in it."""
    named = " and ".join(settings)
    if isinstance(state, SlackError):
        if state.code == "channel_not_found":
            return problem(
                f"The channel {channel} ({named}) does not exist, or it is private and the bot is "
                "not in it.",
                f"Correct {named}, or type this in the private channel.",
                "/invite @queue-bot",
            )
        return problem(f"The channel {channel} ({named}) cannot be read: {state.code}.", _NETWORK)
    name = f"The channel #{state.name} ({channel}, {named})"
    if state.is_archived:
        return problem(
            f"{name} is archived: messages for it wait.",
            f"Unarchive the channel in Slack, or change {named}.",
        )
    if state.is_shared:
        return problem(
            f"{name} is shared with another company: its people would read every message, and the "
            "bot refuses changes there.",
            f"Use a channel of your own company in {named}.",
        )
    if not state.is_member:
        is_posted = settings != ["QUEUE_BOT_CHANGE_CHANNELS"]
        make = problem if is_posted else warning
        return make(
            f"The bot is not in #{state.name} ({channel}, {named}) and cannot post there.",
            "Type this in the channel.",
            "/invite @queue-bot",
        )
    return None
