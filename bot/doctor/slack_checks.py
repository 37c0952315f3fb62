"""The checks of the Slack app: its tokens, its scopes, its connection, its channels, its people."""

from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from bot.access.roles import Unreachable
from bot.doctor.examination import CheckFailed
from bot.doctor.installation import Installation
from bot.doctor.sentences import Sentence
from bot.models.doctor import Finding, ok, problem, warning
from bot.models.refusals import StartError
from bot.settings.routes import FILE
from bot.settings.settings import Settings
from bot.slack.app_identity import different_apps
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
_COPY_BOT = "doctor-copy-bot-token"
_CREATE_APP = "doctor-create-app-token"
_NETWORK = "doctor-network"
_REINSTALL = "doctor-add-scope"
_CALLS = 8


def check_token(installation: Installation) -> Iterator[Finding]:
    """Check that Slack accepts the bot token, and that the token is for the configured team."""
    text = installation.text
    if installation.settings.slack_bot_token is None:
        raise CheckFailed(problem(text("doctor-no-bot-token"), text(_COPY_BOT)))
    try:
        workspace = look_up(installation.access)
    except StartError as error:
        sentence = error.problems[0]
        is_wrong = any(code in sentence for code in _TOKEN_CODES)
        raise CheckFailed(
            problem(sentence, text(_COPY_BOT) if is_wrong else text(_NETWORK))
        ) from error
    installation.workspace = workspace
    team = installation.settings.team_id
    if team is not None and team != workspace.team:
        yield problem(
            text("doctor-other-workspace", team=workspace.team, expected=team),
            text("doctor-other-workspace-do"),
        )
    else:
        yield ok(text("doctor-bot-token", workspace=workspace.name or workspace.team))


def check_scopes(installation: Installation) -> Iterator[Finding]:
    """Compare the scopes of the bot token with the scopes of the manifest."""
    text = installation.text
    granted = installation.workspace.scopes if installation.workspace else frozenset()
    needed = needed_scopes()
    if not granted:
        yield warning(
            text("doctor-scopes-unknown"),
            text("doctor-scopes-compare"),
        )
        return
    for scope in sorted(needed.keys() - granted):
        purpose = f" ({needed[scope]})" if needed[scope] else ""
        yield problem(text("doctor-scope-missing", scope=scope, purpose=purpose), text(_REINSTALL))
    if unused := sorted(granted - needed.keys()):
        yield warning(
            text("doctor-scopes-unused", scopes=", ".join(unused)),
            text("doctor-scopes-remove"),
        )
    if not needed.keys() - granted:
        yield ok(text("doctor-scopes", number=len(needed)))


def check_app_token(installation: Installation) -> Iterator[Finding]:
    """Check that Slack accepts the app token, and that a WebSocket to Slack opens."""
    text = installation.text
    if installation.settings.mode == "http":
        yield ok(text("doctor-http-connection"))
        return
    if installation.is_running:
        yield ok(text("doctor-connected"))
        return
    if installation.settings.slack_app_token is None:
        yield problem(text("doctor-no-app-token"), text(_CREATE_APP))
        return
    workspace = installation.workspace
    apps = None if workspace is None else different_apps(installation.access, workspace)
    if apps is not None:
        yield problem(
            text("doctor-different-apps", app=apps[0], bot=apps[1]),
            text("doctor-different-apps-do"),
        )
        return
    try:
        address = socket_address(installation.access)
    except SlackError as error:
        sentence = text("doctor-app-token-refused", reason=error.code)
        is_wrong = error.code.islower()
        yield problem(sentence, text(_CREATE_APP) if is_wrong else text(_NETWORK))
        return
    try:
        others = connections_seen(installation.access, address)
    except Unreachable as error:
        yield problem(
            text("doctor-no-websocket", reason=error),
            text("doctor-no-websocket-do"),
        )
        return
    yield ok(text("doctor-websocket"))
    expected = expected_connections(installation.settings.replicas)
    if others > expected:
        yield warning(
            text("doctor-sockets-many", opened=others, expected=expected),
            text("doctor-sockets-many-do"),
        )
    else:
        yield ok(text("doctor-sockets", opened=others, expected=expected))


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
    text = installation.text
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
        if (finding := channel_finding(channel, channels[channel], state, text)) is not None
    ]
    yield from bad
    if not bad:
        names = ", ".join(f"#{s.name}" for s in states.values() if isinstance(s, ChannelState))
        yield ok(text("doctor-channels", channels=names or text("doctor-no-channel")))


def check_change_channels(installation: Installation) -> Iterator[Finding]:
    """Check that people can change jobs, and that the buttons of alerts work."""
    text = installation.text
    settings = installation.settings
    if not settings.change_channels and not settings.changes_in_home:
        yield warning(
            text("doctor-no-changes"),
            text("doctor-no-changes-do"),
        )
    alerting = (settings.alert_channel, *(route.channel for route in settings.routes))
    refusing = [one for one in alerting if one and one not in settings.change_channels]
    for channel in dict.fromkeys(refusing):
        yield warning(
            text("doctor-alert-buttons"),
            text("doctor-alert-buttons-do", channel=channel),
        )
    if not refusing:
        yield ok(text("doctor-changes"))


def channel_finding(
    channel: str, settings: list[str], state: ChannelState | SlackError, text: Sentence
) -> Finding | None:
    """Return the problem of one channel, or None if the bot can work in it."""
    named = ", ".join(settings)
    if isinstance(state, SlackError):
        if state.code == "channel_not_found":
            return problem(
                text("doctor-channel-unknown", channel=channel, names=named),
                text("doctor-channel-unknown-do", names=named),
                "/invite @queue-bot",
            )
        return problem(
            text("doctor-channel-unread", channel=channel, names=named, reason=state.code),
            text(_NETWORK),
        )
    name = text("doctor-channel", name=state.name, channel=channel, names=named)
    if state.is_archived:
        return problem(
            text("doctor-channel-archived", channel=name),
            text("doctor-channel-archived-do", names=named),
        )
    if state.is_shared:
        return problem(
            text("doctor-channel-shared", channel=name),
            text("doctor-channel-shared-do", names=named),
        )
    if not state.is_member:
        is_posted = settings != ["QUEUE_BOT_CHANGE_CHANNELS"]
        make = problem if is_posted else warning
        return make(
            text("doctor-channel-outside", name=state.name, channel=channel, names=named),
            text("doctor-type-in-channel"),
            "/invite @queue-bot",
        )
    return None
