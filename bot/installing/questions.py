"""The questions of `queue-bot setup`: a setting each, and the checks of its answer."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Question:
    """A setting, its question, and the names of the checks that examine the answer.

    `text` and `hint` are keys of the catalogs; the hint says where to find the answer. A `secret`
    answer is not shown while it is typed. A question with a `default` may be left empty;
    `default_from` is the setting whose answer is the default. `modes` are the modes that need the
    setting.
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


MEMBER = "setup-member-id"
CHANNEL = "setup-channel-id"
TABLES = ("database", "encryption", "session", "clock", "layout", "queue-tables")

LANGUAGE = "QUEUE_BOT_LANGUAGE"
NONE = "-"
"""The answer that leaves a setting out."""
APP_QUESTIONS = (
    Question(
        "QUEUE_BOT_COMMAND",
        "setup-command",
        "setup-command-hint",
        default="/queue",
    ),
    Question(
        "QUEUE_BOT_ENVIRONMENT",
        "setup-environment",
        "setup-environment-hint",
        default=NONE,
    ),
)
"""The questions whose answers are in the app's manifest."""

QUESTIONS = (
    Question(
        "SLACK_BOT_TOKEN",
        "setup-bot-token",
        "setup-bot-token-hint",
        ("slack-token", "slack-scopes"),
        secret=True,
    ),
    Question(
        "SLACK_APP_TOKEN",
        "setup-app-token",
        "setup-app-token-hint",
        ("slack-connection",),
        secret=True,
        modes=("socket",),
    ),
    Question(
        "SLACK_SIGNING_SECRET",
        "setup-signing-secret",
        "setup-signing-secret-hint",
        secret=True,
        modes=("http",),
    ),
    Question(
        "DATABASE_URL",
        "setup-address",
        "setup-address-hint",
        TABLES,
        secret=True,
    ),
    Question(
        "QUEUE_BOT_SCHEMA",
        "setup-schema",
        "setup-schema-hint",
        default="queue_bot",
    ),
    Question("QUEUE_BOT_AUDIT_CHANNEL", "setup-audit-channel", CHANNEL, ("channels",)),
    Question("QUEUE_BOT_ALERT_CHANNEL", "setup-alert-channel", "", ("channels",)),
    Question(
        "QUEUE_BOT_CHANGE_CHANNELS",
        "setup-change-channels",
        "setup-change-channels-hint",
        ("channels", "change-channels"),
        default_from="QUEUE_BOT_ALERT_CHANNEL",
    ),
    Question("QUEUE_BOT_ADMINS", "setup-admins", MEMBER, ("roles",)),
    Question(
        "QUEUE_BOT_OPERATORS",
        "setup-operators",
        "setup-operators-hint",
        ("roles",),
        default=NONE,
    ),
    Question(
        "QUEUE_BOT_VIEWERS",
        "setup-viewers",
        "setup-viewers-hint",
        ("roles",),
        default="*",
    ),
    Question(
        "QUEUE_BOT_TIME_ZONE",
        "setup-time-zone",
        "setup-time-zone-hint",
        default="UTC",
    ),
    Question(LANGUAGE, "setup-language", default="en"),
)
