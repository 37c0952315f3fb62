"""The forms in which the queue's tables store times.

Times of `jobs` are unix seconds. `failed_at` is wall clock time in the queue's time zone.
"""

from datetime import datetime
from typing import overload
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, BindParameter, bindparam

from bot import wall_clock

Moment = datetime | BindParameter[int]
"""A naive UTC time, or a parameter for it (unix seconds) in a statement that is built once."""
NOW: BindParameter[int] = bindparam("now", type_=BigInteger)


@overload
def encode_moment(utc: datetime) -> int: ...


@overload
def encode_moment(utc: Moment) -> int | BindParameter[int]: ...


def encode_moment(utc: Moment) -> int | BindParameter[int]:
    """Return a naive UTC time as unix seconds, the form in the columns of `jobs`."""
    return wall_clock.unix(utc) if isinstance(utc, datetime) else utc


def decode_moment(stored: int) -> datetime:
    """Return a time of `jobs` (unix seconds) as naive UTC."""
    return wall_clock.utc_of_unix(stored)


def encode_failed_at(utc: datetime, zone: ZoneInfo) -> datetime:
    """Return a naive UTC time as wall clock time of the zone, the form in `failed_at`."""
    return wall_clock.from_utc(utc, zone)


def decode_failed_at(stored: datetime, zone: ZoneInfo) -> datetime:
    """Return a `failed_at` as naive UTC, or unchanged if Python cannot represent the result.

    A row may have any time that the server accepts.
    """
    try:
        return wall_clock.to_utc(stored, zone)
    except OverflowError:
        return stored
