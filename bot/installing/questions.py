"""The questions of `queue-bot setup`: a setting each, and the checks of its answer."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Question:
    """A setting, its question, and the names of the checks that examine the answer.

    `hint` says where to find the answer. A `secret` answer is not shown while it is typed. A
    question with a `default` may be left empty; `default_from` is the setting whose answer is the
    default. `modes` are the modes that need the setting.
    """

    setting: str
    text: str
    hint: str = ""
    checks: tuple[str, ...] = ()
    secret: bool = False
    default: str | None = None
    default_from: str | None = None
    modes: tuple[str, ...] = ("socket", "http")

    @property
    def option(self) -> str:
        """The option of the command that answers the question."""
        return "--" + self.setting.removeprefix("QUEUE_BOT_").lower().replace("_", "-")


MEMBER = "In Slack: the person's profile, the menu with three dots, Copy member ID."
CHANNEL = (
    "In Slack: the channel's name, About, Channel ID. Invite the bot with /invite @queue-bot first."
)
TABLES = ("database", "encryption", "session", "clock", "layout", "queue-tables")

NONE = "-"
"""The answer that leaves a setting out."""
APP_QUESTIONS = (
    Question(
        "QUEUE_BOT_COMMAND",
        "Slash command",
        "A second bot in one workspace needs a command of its own, such as /queue-staging.",
        default="/queue",
    ),
    Question(
        "QUEUE_BOT_ENVIRONMENT",
        "Environment that each message names",
        "For example staging or production. Type - for none.",
        default=NONE,
    ),
)
"""The questions whose answers are in the app's manifest."""

QUESTIONS = (
    Question(
        "SLACK_BOT_TOKEN",
        "Bot token",
        "On the app's page: OAuth & Permissions, Bot User OAuth Token (xoxb-…).",
        ("slack-token", "slack-scopes"),
        secret=True,
    ),
    Question(
        "SLACK_APP_TOKEN",
        "App token",
        "On the app's page: Basic Information, App-Level Tokens, connections:write (xapp-…).",
        ("slack-connection",),
        secret=True,
        modes=("socket",),
    ),
    Question(
        "SLACK_SIGNING_SECRET",
        "Signing secret",
        "On the app's page: Basic Information, App Credentials, Signing Secret.",
        secret=True,
        modes=("http",),
    ),
    Question(
        "DATABASE_URL",
        "Database address of the bot's account",
        "mysql+pymysql://queue_bot:PASSWORD@HOST/DATABASE with the database of the queue. The "
        "account must exist and be able to read both tables; the other GRANTs follow.",
        TABLES,
        secret=True,
    ),
    Question(
        "QUEUE_BOT_SCHEMA",
        "Database for the bot's own tables, on the same server",
        "Type - to keep them in the database of the queue.",
        default="queue_bot",
    ),
    Question("QUEUE_BOT_AUDIT_CHANNEL", "Id of the audit channel", CHANNEL, ("channels",)),
    Question("QUEUE_BOT_ALERT_CHANNEL", "Id of the alert channel", "", ("channels",)),
    Question(
        "QUEUE_BOT_CHANGE_CHANNELS",
        "Ids of the channels where people may change jobs",
        "Separate ids with commas. The buttons of alerts work only in these channels.",
        ("channels", "change-channels"),
        default_from="QUEUE_BOT_ALERT_CHANNEL",
    ),
    Question("QUEUE_BOT_ADMINS", "Ids of the admins", MEMBER, ("roles",)),
    Question(
        "QUEUE_BOT_OPERATORS",
        "Ids of the operators",
        "Ids of people or of user groups (S…). Type - for none.",
        ("roles",),
        default=NONE,
    ),
    Question(
        "QUEUE_BOT_VIEWERS",
        "Ids of the viewers",
        "* means every full member of the workspace. Type - for none.",
        ("roles",),
        default="*",
    ),
    Question(
        "QUEUE_BOT_TIME_ZONE",
        "Time zone in which the workers write failed_at",
        "An IANA name, such as America/Lima.",
        default="UTC",
    ),
    Question("QUEUE_BOT_LANGUAGE", "Language of messages, en or es", default="en"),
)
