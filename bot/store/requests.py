"""Request ids: a request with an id makes at most one change; a repeat gets the stored answer."""

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
    """A command, and the digest (64 hex digits) of the command and its arguments."""

    command: str
    digest: str


def fingerprint(command: str, values: Mapping[str, Any]) -> RequestFingerprint:
    """Return the fingerprint of a command with raw arguments; it detects a reused request id."""
    text = json.dumps([command, values], sort_keys=True, default=str)
    return RequestFingerprint(command, hashlib.sha256(text.encode()).hexdigest())


class AlreadyAnswered(Exception):
    """A committed request already used this request id; `answer` is the stored answer."""

    def __init__(self, answer: str) -> None:
        super().__init__()
        self.answer = answer


class OtherWords(Exception):
    """A committed request with another command or other arguments already used this request id."""


def claim(
    connection: Connection, request_id: str, request: RequestFingerprint, actor: str, now: datetime
) -> None:
    """Insert the request id as the first statement; wait for a running request with this id.

    Raises `AlreadyAnswered` if this request was already answered. Raises `OtherWords` if another
    request used the id.
    """
    try:
        # A savepoint is not needed: on a duplicate key, InnoDB and SQLite undo only the statement.
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
    """Return a committed request's stored answer; raise `OtherWords` if the request differs."""
    row = connection.execute(
        select(requests.c.answer, requests.c.digest).where(requests.c.request_id == request_id)
    ).first()
    if row is None:
        return None
    if row.digest != request.digest:
        raise OtherWords
    stored: str | None = row.answer
    return stored
