"""Read the top level of Laravel's payloads, and edit payloads for a retry.

PHP objects in the payload are never unserialized. Laravel's own `queue:retry` decodes and encodes
the whole payload. The bot only replaces the numbers in the text of the payload.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, ColumnElement, LargeBinary, Table, case, func, literal, or_

from bot.database.dialects import as_bytes, sha256
from bot.fingerprint.payload import value_at
from bot.fingerprint.payload_tree import holds_data
from bot.fingerprint.top_level import Member, leading_values, members
from bot.queue.layouts.digests import as_utf8mb4
from bot.queue.layouts.payload_edits import PayloadEdit

_UUID_HEAD = '{"uuid":"'
_UUID_LENGTH = 36
_DATA = '"data":'
_DEADLINES = ("retryUntil", "timeoutAt")
"""The keys of the deadline after which a worker fails the job; Laravel 5.5 to 7: `timeoutAt`."""
_CREATED = ("createdAt", "pushedAt")


def max_tries(payload_head: str) -> int | None:
    """Return the maximum number of attempts, or None if the payload has no such number."""
    value = leading_values(payload_head).get("maxTries")
    return value if isinstance(value, int) and not isinstance(value, bool) else None


_FACTS = ("maxTries", "maxExceptions", "timeout", "backoff", "delay", *_DEADLINES)
_LONGEST_FACT = 200


def facts(payload_head: str) -> dict[str, str]:
    """Return the payload's data about attempts, tags, batch, chain and encryption of the job."""
    values = leading_values(payload_head)
    named: dict[str, object] = {key: values.get(key) for key in _FACTS}
    tags = values.get("tags")
    named["tags"] = ", ".join(map(str, tags)) if isinstance(tags, list) else None
    named["batchId"] = batch_id(payload_head)
    chained = value_at(payload_head, "data.command.chained")
    named["chained"] = len(chained) if isinstance(chained, list | dict) else None
    command = value_at(payload_head, "data.command")
    is_encrypted = isinstance(command, str) and not holds_data(command)
    named["encrypted"] = "yes" if is_encrypted else None
    return {
        key: str(value)[:_LONGEST_FACT]
        for key, value in named.items()
        if isinstance(value, int | float | str) and value not in (0, "")
    }


def batch_id(payload_head: str) -> str | None:
    """Return the id of the job's batch in `job_batches`, or None if the job has no batch."""
    value = value_at(payload_head, "data.batchId", "data.command.batchId")
    return value if isinstance(value, str) else None


def retry_edit(payload: str, at: int) -> PayloadEdit | None:
    """Return the edit of this payload for a job that starts at `at` (unix seconds), or None.

    A passed deadline is set to `at` plus the time that the job had originally. If the payload has
    no time of creation, the deadline becomes null, so that the worker counts the attempts.
    `attempts` becomes 0. Return None if none of these values changes.
    """
    every = members(payload)
    if every is None:
        return None
    last = {member.key: member for member in every}
    new = _new_values(last, at)
    if not new or not _is_recognized_after(payload, [last[key] for key in new]):
        return None
    edited = sorted((last[key] for key in new), key=lambda member: member.start)
    start = end = edited[0].start
    text = ""
    for member in edited:
        value = new[member.key]
        text += payload[end : member.start] + ("null" if value is None else str(value))
        end = member.end
    return PayloadEdit(start, end, text, new)


def _new_values(last: dict[str, Member], at: int) -> dict[str, int | None]:
    new: dict[str, int | None] = {}
    for key in _DEADLINES:
        deadline = _seconds(last.get(key))
        if deadline is not None and deadline <= at:
            created = next((s for k in _CREATED if (s := _seconds(last.get(k))) is not None), None)
            had = 0 if created is None else deadline - created
            new[key] = at + had if had > 0 else None
    attempts = _seconds(last.get("attempts"))
    if attempts is not None and attempts != 0:
        new["attempts"] = 0
    return new


def _seconds(member: Member | None) -> int | None:
    """Return the value as a whole number. Horizon stores `pushedAt` as a text with a fraction."""
    value = None if member is None else member.value
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and member is not None and member.key in _CREATED:
        whole = value.partition(".")[0]
        return int(whole) if whole.isascii() and whole.isdigit() and len(whole) < 12 else None
    return value if isinstance(value, int) else None


def _is_recognized_after(payload: str, edited: Sequence[Member]) -> bool:
    """Whether the digest of `identity` is equal before and after the edit."""
    end = len(_UUID_HEAD) + _UUID_LENGTH
    if payload.startswith(_UUID_HEAD) and payload[end : end + 1] == '"':
        return True
    data = payload.find(_DATA)
    return data >= 0 and all(member.end <= data for member in edited)


def may_change(payload: Column[str]) -> ColumnElement[bool]:
    """Whether a retry may change the payload; false only if `retry_edit` would return None.

    The framework writes `"retryUntil":null` into each payload. The condition removes such texts
    before it searches for the keys; other values of these keys remain.
    """
    text = _bytes_of(payload)
    usual = {"retryUntil": "null", "timeoutAt": "null", "attempts": "0"}
    return or_(
        *(
            func.instr(func.replace(text, f'"{key}":{value}', ""), f'"{key}"') > 0
            for key, value in usual.items()
        )
    )


def identity(table: Table) -> ColumnElement[str]:
    """The digest by which a retried job is recognized: the digest of the uuid in the payload.

    Payloads of Laravel 5 and 6 have no uuid. Then the whole payload is hashed. If a retry may have
    changed a number before `"data":`, only the text from `"data":` on is hashed.
    """
    payload = table.c.payload
    text = _bytes_of(payload)
    end = len(_UUID_HEAD) + _UUID_LENGTH
    has_uuid = (func.substr(text, 1, len(_UUID_HEAD)) == _literal(_UUID_HEAD)) & (
        func.substr(text, end + 1, 1) == _literal('"')
    )
    data = func.instr(text, _DATA)
    has_number = or_(
        *(func.instr(text, f'"{key}":').between(1, data) for key in (*_DEADLINES, "attempts"))
    )
    content = case(
        (has_uuid, func.substr(text, len(_UUID_HEAD) + 1, _UUID_LENGTH)),
        (has_number, func.substr(text, data)),
        else_=text,
    )
    return func.coalesce(func.substr(sha256(content), 1, 32), "")


def _bytes_of(payload: Column[Any]) -> ColumnElement[bytes]:
    """The payload as bytes in UTF-8, because a server searches bytes faster than text."""
    if isinstance(payload.type, LargeBinary):
        return as_bytes(payload)
    return as_bytes(as_utf8mb4(payload))


def _literal(text: str) -> ColumnElement[bytes]:
    return as_bytes(literal(text))
