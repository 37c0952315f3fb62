"""Mutes: no notifications about a topic until a moment, at which the mute expires.

Each topic has at most one mute in force. Its row holds the topic's subject until the mute is ended
or replaced. So two people at once extend one mute instead of creating two.
"""

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, insert, select, update
from sqlalchemy.exc import IntegrityError

from bot.database.transactions import LostRace
from bot.models.incidents import Mute, Topic
from bot.models.refusals import AlreadyMuted
from bot.queue.moves import for_update
from bot.store.tables import incidents, mutes

MOST = 500
"""The maximum number of listed mutes; people create a handful."""


def current(connection: Connection, now: datetime, limit: int | None = None) -> tuple[Mute, ...]:
    """Return the mutes in force, in the order of their ends."""
    active = select(mutes).where(in_force(now)).order_by(mutes.c.until, mutes.c.id).limit(limit)
    return tuple(_mute(row) for row in connection.execute(active).mappings())


def in_force(now: datetime) -> ColumnElement[bool]:
    """Whether a mute was not ended by a person and has not expired.

    An expired mute suppresses nothing; tests/commands/test_mutes.py breaks this rule.
    """
    return and_(mutes.c.ended_at.is_(None), mutes.c.until > now)


def begin(
    connection: Connection, topic: Topic, by: str, now: datetime, until: datetime
) -> tuple[Mute, datetime | None]:
    """Mute the topic; return the mute, and the end of the shorter one that it replaces.

    One locked look-up decides: between two look-ups a colleague's longer mute would be shortened.
    Raises `AlreadyMuted` if the topic is already muted that long, and `LostRace` if somebody else
    muted it at the same time: the caller must try again.
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
    """End and return the topic's mute in force, or return None if there is none."""
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
    """Return the topic's newest mute that somebody ended."""
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
    """Mark the alerts of the active incidents about this topic as stale; return how many."""
    c = incidents.c
    columns = {c.error_group: topic.error_group, c.queue: topic.queue, c.rule: topic.rule}
    about = and_(*(column == value for column, value in columns.items() if value is not None))
    # Counted by ids, since a server may count only the rows that an update really changed.
    query = select(c.id).where(c.active_subject.is_not(None), about).order_by(c.id)
    ids = connection.execute(query).scalars().all()
    if ids:
        connection.execute(update(incidents).where(c.id.in_(ids)).values(stale=True))
    return len(ids)
