"""One request id, at most one change: the same id again gets the stored answer."""

from datetime import datetime

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from bot.ledger.tables import requests


class AlreadyAnswered(Exception):
    """The request id is taken by a committed request; `answer` is what was stored."""

    def __init__(self, answer: str) -> None:
        super().__init__()
        self.answer = answer


def claim(connection: Connection, request_id: str, command: str, actor: str, now: datetime) -> None:
    """Insert the request id, first of all; a twin in flight is waited for.

    Raises `AlreadyAnswered` where the id was used before.
    """
    try:
        # A duplicate key undoes only the statement, on InnoDB and on SQLite: no savepoint needed.
        connection.execute(
            insert(requests).values(
                request_id=request_id, command=command, actor=actor[:64], at=now
            )
        )
    except IntegrityError as error:
        stored = answer(connection, request_id)
        if stored is None:
            raise
        raise AlreadyAnswered(stored) from error


def settle(connection: Connection, request_id: str, stored: str) -> None:
    """Keep the answer with the request, in the transaction of the change."""
    connection.execute(
        update(requests).where(requests.c.request_id == request_id).values(answer=stored)
    )


def answer(connection: Connection, request_id: str) -> str | None:
    """The stored answer of a committed request."""
    return connection.execute(
        select(requests.c.answer).where(requests.c.request_id == request_id)
    ).scalar()
