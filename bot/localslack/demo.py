"""The initial workspace of the playground and the tests."""

from collections.abc import Callable
from dataclasses import dataclass

from bot.localslack.manifest import Manifest, SlashCommand
from bot.localslack.workspace import Channel, Group, Identity, User, Workspace


@dataclass(frozen=True)
class DemoIds:
    """Ids in the demo workspace. They look like Slack's ids and never change."""

    team: str = "T07QUEUETEAM"
    app: str = "A07QUEUEAPP1"
    bot: str = "B07QUEUEBOT1"
    bot_user: str = "U07QUEUEBOT1"
    slackbot: str = "USLACKBOT"
    admin: str = "U07ADMINANA1"
    operator: str = "U07OPERATOR1"
    viewer: str = "U07VIEWERVE1"
    stranger: str = "U07STRANGER1"
    lucia: str = "U07LUCIAOPS1"
    queue_ops: str = "C07QUEUEOPS1"
    queue_alerts: str = "C07QALERTS01"
    queue_audit: str = "C07QAUDIT001"
    random: str = "C07RANDOM001"
    oncall: str = "S07ONCALL001"


IDS = DemoIds()

# A copy of manifest.yml in the project's root directory; a test compares the two.
QUEUE_BOT = Manifest(
    name="queue-bot",
    scopes=frozenset(
        {
            "channels:read", "chat:write", "commands", "groups:read", "im:history",
            "usergroups:read", "users:read",
        }
    ),
    events=frozenset(
        {"app_home_opened", "message.im", "subteam_members_changed", "subteam_updated"}
    ),
    commands=(
        SlashCommand(
            "/queue",
            "See and manage the job queue",
            "[status | jobs | failed | retry 45 | delete 123 | history | help]",
            should_escape=True,
        ),
    ),
    home_tab=True,
    messages_tab=True,
)  # fmt: skip


def demo_workspace(clock: Callable[[], float]) -> Workspace:
    """Return five people, four channels (without the bot in #random) and the group @oncall."""
    return _workspace(clock, "queue-bot", ("queue-ops", "queue-alerts", "queue-audit"))


def plain_workspace(clock: Callable[[], float], app: str) -> Workspace:
    """Return a workspace for another app: #general, #team, #alerts, and #random without the bot."""
    return _workspace(clock, app, ("general", "team", "alerts"))


def _workspace(clock: Callable[[], float], app: str, names: tuple[str, str, str]) -> Workspace:
    identity = Identity(
        IDS.team, "Queue Playground", "queue-playground", IDS.app, IDS.bot, IDS.bot_user
    )
    users = [
        User(IDS.admin, "admin", "Ana Admin", is_admin=True),
        User(IDS.operator, "operator", "Omar Operator"),
        User(IDS.viewer, "viewer", "Vera Viewer", tz="America/Bogota"),
        User(IDS.stranger, "stranger", "Sam Stranger"),
        User(IDS.lucia, "lucia", "Lucía Operadora", locale="es-ES"),
        User(IDS.bot_user, app, app, is_bot=True),
        User(IDS.slackbot, "slackbot", "Slackbot", is_bot=True),
    ]
    people = frozenset(user.id for user in users if not user.is_bot)
    with_bot = people | {IDS.bot_user}
    ids = (IDS.queue_ops, IDS.queue_alerts, IDS.queue_audit)
    channels = [Channel(id_, name, with_bot) for id_, name in zip(ids, names, strict=True)]
    channels.append(Channel(IDS.random, "random", people))
    groups = [Group(IDS.oncall, "oncall", "On call", (IDS.operator, IDS.lucia))]
    return Workspace(identity, users, channels, groups, clock)
