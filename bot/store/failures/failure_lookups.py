"""Look up failures in the index."""

from collections.abc import Sequence

from sqlalchemy import Connection, RowMapping, select

from bot.models.subjects import SubjectKey
from bot.store.failures import subjects
from bot.store.tables import failures


def by_seqs(connection: Connection, seqs: Sequence[int]) -> dict[int, RowMapping]:
    """Return the failures with these `seq`; include removed failures."""
    if not seqs:
        return {}
    query = select(failures).where(failures.c.seq.in_(seqs))
    return {row["seq"]: row for row in connection.execute(query).mappings()}


def error_group_of(connection: Connection, failed_id: int, row_digest: str) -> int | None:
    """Return the error group of a failed job, or None if the index lacks this row."""
    c = failures.c
    query = select(c.error_group).where(c.failed_id == failed_id, c.row_digest == row_digest)
    group = connection.execute(query.order_by(c.seq.desc()).limit(1)).scalar()
    return None if group is None else int(group)


def has_failures_of(connection: Connection, key: SubjectKey) -> bool:
    """Return whether the index has a failure of this subject that is not removed."""
    c = failures.c
    query = select(c.seq).where(subjects.is_of(key), c.removed_at.is_(None)).limit(1)
    return connection.execute(query).first() is not None
