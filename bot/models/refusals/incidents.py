"""Refusals about incidents, error groups and mutes."""

from dataclasses import dataclass
from datetime import datetime

from bot.models.refusals.base import Mistyped, Refusal


@dataclass(eq=False, kw_only=True)
class ErrorGroupNotFound(Refusal):
    """No error group has this id, or its failures were purged."""

    code = "error-group-not-found"

    id: str


@dataclass(eq=False, kw_only=True)
class AlreadyMerged(Refusal):
    """The group `id` is already merged into `into`; `by` is None if new rules merged the group."""

    code = "already-merged"
    outcome = "no-op"

    id: str
    into: str
    by: str | None = None
    at: datetime | None = None


@dataclass(eq=False, kw_only=True)
class NotMerged(Refusal):
    """The group is not merged into another group, so no merge can be ended."""

    code = "not-merged"
    outcome = "no-op"

    id: str


@dataclass(eq=False, kw_only=True)
class IncidentNotFound(Refusal):
    """No incident has this id."""

    code = "incident-not-found"

    id: str


@dataclass(eq=False, kw_only=True)
class IncidentClosed(Refusal):
    """The incident was resolved at `at`, so nobody can acknowledge it."""

    code = "incident-closed"
    outcome = "no-op"

    id: str
    at: datetime


@dataclass(eq=False, kw_only=True)
class AlreadyAcknowledged(Refusal):
    """The incident is already acknowledged, by `by` at `at`."""

    code = "already-acknowledged"
    outcome = "no-op"

    id: str
    by: str | None
    at: datetime | None


@dataclass(eq=False, kw_only=True)
class NothingToAcknowledge(Refusal):
    """No incident with a posted alert waits for an acknowledgement."""

    code = "nothing-to-acknowledge"
    outcome = "no-op"


@dataclass(eq=False, kw_only=True)
class NotOperator(Refusal):
    """The person does not have the role of people who may be responsible for an incident."""

    code = "not-operator"

    person: str


@dataclass(eq=False, kw_only=True)
class QueueNotFound(Mistyped):
    """The queue never had a job. `queues` are the queues that had jobs, most similar first.

    `nearest` is the queue that the person probably meant.
    """

    code = "queue-not-found"

    queue: str
    queues: tuple[str, ...]
    nearest: str | None = None


@dataclass(eq=False, kw_only=True)
class AlreadyMuted(Refusal):
    """`by` muted `word` until `at`. The new mute would not end later."""

    code = "already-muted"
    outcome = "no-op"

    word: str
    by: str
    at: datetime


@dataclass(eq=False, kw_only=True)
class NotMuted(Refusal):
    """`word` is not muted. `by` and `at` are set if a person ended the last mute of `word`."""

    code = "not-muted"
    outcome = "no-op"

    word: str
    by: str | None = None
    at: datetime | None = None


@dataclass(eq=False, kw_only=True)
class MutedOtherwise(Refusal):
    """The incident `id` is muted only by the mute of `word`, which `by` set until `at`.

    `nearest` is the command that ends that mute.
    """

    code = "muted-otherwise"

    id: str
    word: str
    nearest: str
    by: str
    at: datetime
