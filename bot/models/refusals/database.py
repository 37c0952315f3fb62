"""Refusals because of the database."""

from dataclasses import dataclass

from bot.models.refusals.base import Refusal


class Busy(Refusal):
    """The database did not answer in time. Nothing was changed."""

    code = "busy"


class DatabaseDown(Refusal):
    """The bot cannot connect to the database. Nothing was changed."""

    code = "database-down"


class OutcomeUnknown(Refusal):
    """The answer to COMMIT was lost. The bot cannot read yet whether COMMIT succeeded."""

    code = "outcome-unknown"
    outcome = "unknown"


@dataclass(eq=False, kw_only=True)
class ReadOnly(Refusal):
    """The database does not allow changes. `reason` is the cause."""

    code = "read-only"

    reason: str


@dataclass(eq=False, kw_only=True)
class AuditKeyMissing(Refusal):
    """This replica does not hold the active key of the audit log, so it makes no change."""

    code = "audit-key-missing"

    key: str
