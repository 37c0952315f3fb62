"""Mutes: a mute suppresses notifications about a topic until the mute expires.

Each topic has at most one mute in force. The mute's row holds the topic's subject, which is unique,
until the mute is ended or replaced. So two people who mute a topic at once cannot create two mutes.
"""

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, insert, select, update
from sqlalchemy.exc import IntegrityError

from bot.database.transactions import LostRace
from bot.models.mutes import Mute, Topic
from bot.models.refusals import AlreadyMuted
from bot.queue.moves import for_update
from bot.store.tables import incidents, mutes

MOST = 500
"""At most this many mutes are listed; people create about five."""


def current(connection: Connection, now: datetime, limit: int | None = None) -> tuple[Mute, ...]:
    """Return the mutes in force; the mute that expires first is first."""
    active = select(mutes).where(in_force(now)).order_by(mutes.c.until, mutes.c.id).limit(limit)
    return tuple(_mute(row) for row in connection.execute(active).mappings())


def in_force(now: datetime) -> ColumnElement[bool]:
    """Return the condition for mutes that no person has ended and that have not expired.

    An expired mute suppresses nothing. A test in tests/commands/test_mutes.py replaces this
    function to prove that the tests notice a mute that never expires.
    """
    return and_(mutes.c.ended_at.is_(None), mutes.c.until > now)


def begin(
    connection: Connection, topic: Topic, by: str, now: datetime, until: datetime
) -> tuple[Mute, datetime | None]:
    """Mute the topic; return the mute, and the end of a shorter mute that it replaces.

    The mute's row is read once, with a lock. Without the lock, a colleague could set a longer mute
    after the read, and this call would shorten it. Raises `AlreadyMuted` if the current mute ends
    at `until` or later. Raises `LostRace` if somebody else muted the topic at the same time: the
    caller must try again.
    """
    row = _row_of(connection, topic)
    mute = Mute(topic=topic, by=by[:64], at=now, until=until)
    values = {"muted_by": mute.by, "muted_at": now, "until": until}
    if row is not None and row["until"] > now:
        if row["until"] >= until:
            raise AlreadyMuted(word=topic.word, by=row["muted_by"], at=row["until"])
        connection.execute(update(mutes).where(mutes.c.id == row["id"]).values(**values))
        return mute, row["until"]
    if row is not None:
        expired = update(mutes).where(mutes.c.id == row["id"])
        connection.execute(expired.values(active_subject=None))
    try:
        connection.execute(
            insert(mutes).values(
                error_group=topic.error_group,
                queue=topic.queue,
                rule=topic.rule,
                active_subject=topic.subject,
                **values,
            )
        )
    except IntegrityError as error:
        raise LostRace from error
    return mute, None


def end(connection: Connection, topic: Topic, by: str, now: datetime) -> Mute | None:
    """End and return the topic's mute; return None if no mute of the topic is in force."""
    row = _row_of(connection, topic)
    if row is None or row["until"] <= now:
        return None
    connection.execute(
        update(mutes)
        .where(mutes.c.id == row["id"])
        .values(ended_at=now, ended_by=by[:64], active_subject=None)
    )
    return _mute(row)


def last_ended(connection: Connection, topic: Topic) -> RowMapping | None:
    """Return the topic's newest mute that a person ended."""
    c = mutes.c
    ended = select(mutes).where(
        c.ended_at.is_not(None),
        c.error_group.is_(None)
        if topic.error_group is None
        else c.error_group == topic.error_group,
        c.queue.is_(None) if topic.queue is None else c.queue == topic.queue,
        c.rule.is_(None) if topic.rule is None else c.rule == topic.rule,
    )
    return connection.execute(ended.order_by(c.id.desc()).limit(1)).mappings().first()


def _row_of(connection: Connection, topic: Topic) -> RowMapping | None:
    query = select(mutes).where(mutes.c.active_subject == topic.subject)
    return connection.execute(for_update(query)).mappings().first()


def _mute(row: RowMapping) -> Mute:
    topic = Topic(error_group=row["error_group"], queue=row["queue"], rule=row["rule"])
    return Mute(topic=topic, by=row["muted_by"], at=row["muted_at"], until=row["until"])


def touch(connection: Connection, topic: Topic) -> int:
    """Mark the alerts of the topic's active incidents as stale; return their number."""
    c = incidents.c
    columns = {c.error_group: topic.error_group, c.queue: topic.queue, c.rule: topic.rule}
    about = and_(*(column == value for column, value in columns.items() if value is not None))
    # The ids are counted, because a server may count only rows whose values an update changed.
    query = select(c.id).where(c.active_subject.is_not(None), about).order_by(c.id)
    ids = connection.execute(query).scalars().all()
    if ids:
        connection.execute(update(incidents).where(c.id.in_(ids)).values(stale=True))
    return len(ids)
