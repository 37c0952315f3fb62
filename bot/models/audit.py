"""The values of audit records."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from bot.models.value import Value, is_empty


class Target(Value):
    """A changed row in the audit log. `job_id` is the job that a retry made from the row."""

    kind: Literal["failed", "job"]
    id: int
    queue: str
    row_digest: str
    order_id: int | str | None = None
    tienda_id: int | str | None = None
    subjects: dict[str, str] = Field(default={}, exclude_if=is_empty)
    job_id: int | None = None


class Named(Value):
    """A row that a refused request named. The bot did not check whether the row exists."""

    kind: Literal["failed", "job"]
    id: int


class AuditLine(Value):
    """One audit record for the history and the audit channel. `at` is naive UTC."""

    id: int = 0
    at: datetime
    actor: str
    action: str
    outcome: str
    source: str
    role: str
    targets: tuple[Target, ...]
    channel: str | None
    message_ts: str | None
    reason: str | None
    answer: str
    arguments: str
    detail: str | None = None
    seq: int | None = None
    hash: str | None = None
    rule: str | None = None
    request_id: str | None = None
    version: str | None = None
    replica: str | None = None
