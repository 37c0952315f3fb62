"""The texts and the reader of the samples."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.app.command import find_commands
from bot.models.requests import Message, Modal, Person, Source
from bot.models.roles import Role
from bot.text import texts_for
from bot.views.context import Context, Links


def utc(*parts: int) -> datetime:
    """Return a naive UTC datetime, like those from the database."""
    return datetime(*parts)  # type: ignore[arg-type] # noqa: DTZ001 naive by convention


LIMA = ZoneInfo("America/Lima")
NOW = utc(2025, 11, 8, 0, 30)  # 19:30 on the 7th in Lima
DIGEST = "0123456789abcdef" * 2
RESERVED_AT = 1_762_530_000
READS = frozenset(
    {
        "status",
        "jobs",
        "failed",
        "errors",
        "error",
        "job",
        "failed-job",
        "stuck",
        "history",
        "watch",
        "handover",
    }
) | {"find", "whoami", "help"}
CHANGES = frozenset({"retry", "release", "undo", "acknowledge", "assign", "mute", "unmute"})
ADMINS = frozenset(
    {"retry-all", "delete", "delete-failed", "clear-failed", "cancel", "freeze", "unfreeze"}
)
RUNNABLE = {
    Role.NONE: frozenset({"whoami", "help"}),
    Role.VIEWER: READS,
    Role.OPERATOR: READS | CHANGES,
    Role.ADMIN: READS | CHANGES | ADMINS,
}
ACTIONS = {
    name: command.action for name, command in find_commands().items() if command.action is not None
}


@dataclass(frozen=True)
class Words:
    """The external texts in the samples; one hostile text can replace all of them."""

    queue: str = "netsuite"
    job_class: str = "App\\Jobs\\NetsuiteSyncJob"
    order: int | str = 803193
    tienda: int | str = 12097
    error: str = "NetSuite sync failed: exception - MySQL server has gone away..."
    group: str = "SQLSTATE[HY000] [2006] MySQL server has gone away"
    exception: str = "NetSuite sync failed: exception - MySQL server has gone away\n#0 sync.php(42)"
    payload: str = '{"displayName":"App\\\\Jobs\\\\NetsuiteSyncJob","data":{"order_id":803193}}'
    time: str = "2025-11-07 17:45:59"
    person: str = "U0ANA00001"
    terminal_name: str = "ana"
    detail: str = "ops on db1"
    arguments: str = '{"ids":[45]}'
    answer: str = "Not allowed: this needs the role operator, yours is viewer"
    reason: str = "denied"
    rule: str = "operators: S0OPS00001"
    channel: str = "C0OPS00001"
    word: str = "retri"
    hash: str = "ab12cd34" * 8
    url: str = "https://acme.slack.com/archives/C0OPS00001/p1730997654000100"

    @classmethod
    def all_alike(cls, text: str) -> "Words":
        """Return words that all have this text."""
        return cls(**dict.fromkeys(cls.__dataclass_fields__, text))


PLAIN = Words()


def context(
    language: str = "en",
    role: Role = Role.ADMIN,
    source: Source = Source.SLASH,
    *,
    links: Links | None = None,
    actor: str = "U0ANA00001",
) -> Context:
    """Return the context of a reader with this role and language, at 19:30 in Lima."""
    return Context(
        texts=texts_for(language, "en", LIMA),
        role=role,
        now=NOW,
        actor=Person(actor),
        actions=ACTIONS,
        source=source,
        runnable=RUNNABLE[role],
        links=links or Links(),
        zone=LIMA,
        here="C0OPS00001",
        roles={"retry": Role.OPERATOR, "retry-all": Role.ADMIN},
        admins=("U0ANA00001",),
    )


Shown = Message | Modal
