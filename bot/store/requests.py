"""Request ids: each id makes at most one change, and a repeated id gets the stored answer."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from bot.store.tables import requests


@dataclass(frozen=True, slots=True)
class RequestFingerprint:
    """A command, and the digest of the command with its arguments in 64 hex digits."""

    command: str
    digest: str


def fingerprint(command: str, values: Mapping[str, Any]) -> RequestFingerprint:
    """Return the fingerprint of a command with raw arguments; an id serves one request only."""
    text = json.dumps([command, values], sort_keys=True, default=str)
    return RequestFingerprint(command, hashlib.sha256(text.encode()).hexdigest())


class AlreadyAnswered(Exception):
    """A committed request already used the request id; `answer` is its stored answer."""

    def __init__(self, answer: str) -> None:
        super().__init__()
        self.answer = answer


class OtherWords(Exception):
    """A committed request with another command or arguments already used the request id."""


def claim(
    connection: Connection, request_id: str, request: RequestFingerprint, actor: str, now: datetime
) -> None:
    """Insert the request id as the first statement; wait for a running request with the same id.

    Raises `AlreadyAnswered` if the id was used before, or `OtherWords` if for another request.
    """
    try:
        # A duplicate key rolls back only the statement on InnoDB and SQLite: no savepoint needed.
        connection.execute(
            insert(requests).values(
                request_id=request_id,
                command=request.command,
                digest=request.digest,
                actor=actor[:64],
                created_at=now,
            )
        )
    except IntegrityError as error:
        stored = answer(connection, request_id, request)
        if stored is None:
            raise
        raise AlreadyAnswered(stored) from error


def settle(connection: Connection, request_id: str, stored: str) -> None:
    """Store the answer with the request, in the transaction of the change."""
    connection.execute(
        update(requests).where(requests.c.request_id == request_id).values(answer=stored)
    )


def answer(connection: Connection, request_id: str, request: RequestFingerprint) -> str | None:
    """Return a committed request's stored answer; raises `OtherWords` for another request."""
    row = connection.execute(
        select(requests.c.answer, requests.c.digest).where(requests.c.request_id == request_id)
    ).first()
    if row is None:
        return None
    if row.digest != request.digest:
        raise OtherWords
    stored: str | None = row.answer
    return stored
