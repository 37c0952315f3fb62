"""One request id, at most one change: the same id again gets the stored answer."""

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
    """A command and the digest of the command with its arguments: 64 hex digits."""

    command: str
    digest: str


def fingerprint(command: str, values: Mapping[str, Any]) -> RequestFingerprint:
    """The fingerprint of a command with raw arguments, so that an id serves one request only."""
    said = json.dumps([command, values], sort_keys=True, default=str)
    return RequestFingerprint(command, hashlib.sha256(said.encode()).hexdigest())


class AlreadyAnswered(Exception):
    """The request id is taken by a committed request; `answer` is what was stored."""

    def __init__(self, answer: str) -> None:
        super().__init__()
        self.answer = answer


class OtherWords(Exception):
    """The request id is taken by a committed request that asked for something else."""


def claim(
    connection: Connection, request_id: str, wanted: RequestFingerprint, actor: str, now: datetime
) -> None:
    """Insert the request id, first of all; a twin in flight is waited for.

    Raises `AlreadyAnswered` where the id was used before, `OtherWords` where for something else.
    """
    try:
        # A duplicate key undoes only the statement, on InnoDB and on SQLite: no savepoint needed.
        connection.execute(
            insert(requests).values(
                request_id=request_id,
                command=wanted.command,
                digest=wanted.digest,
                actor=actor[:64],
                created_at=now,
            )
        )
    except IntegrityError as error:
        stored = answer(connection, request_id, wanted)
        if stored is None:
            raise
        raise AlreadyAnswered(stored) from error


def settle(connection: Connection, request_id: str, stored: str) -> None:
    """Keep the answer with the request, in the transaction of the change."""
    connection.execute(
        update(requests).where(requests.c.request_id == request_id).values(answer=stored)
    )


def answer(connection: Connection, request_id: str, wanted: RequestFingerprint) -> str | None:
    """The stored answer of a committed request; raises `OtherWords` where it asked otherwise."""
    row = connection.execute(
        select(requests.c.answer, requests.c.digest).where(requests.c.request_id == request_id)
    ).first()
    if row is None:
        return None
    if row.digest != wanted.digest:
        raise OtherWords
    stored: str | None = row.answer
    return stored
