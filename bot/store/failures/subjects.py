"""The subjects of indexed failures in addition to the order and the shop, such as a user."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, literal, select

from bot.models.subjects import LONGEST_VALUE, ORDER, SHOP, SubjectKey
from bot.store.tables import failure_subjects, failures

Subjects = Mapping[str, str]


def stored(values: Mapping[str, int | str]) -> dict[str, str]:
    """Return the values in the form that the index stores."""
    return {name: str(value)[:LONGEST_VALUE] for name, value in values.items()}


def add(connection: Connection, by_seq: Mapping[int, Subjects]) -> None:
    """Store the subjects of failures, by the `seq` of the failures."""
    rows = [
        {"name": name, "value": value, "seq": seq}
        for seq, subjects in by_seq.items()
        for name, value in subjects.items()
    ]
    if rows:
        connection.execute(insert(failure_subjects), rows)


def add_newest(connection: Connection, by_failed_id: Mapping[int, Subjects]) -> None:
    """Store the subjects of the newest failures with these ids of failed jobs."""
    by_failed_id = {id_: subjects for id_, subjects in by_failed_id.items() if subjects}
    if not by_failed_id:
        return
    c = failures.c
    newest = select(c.failed_id, func.max(c.seq)).where(c.failed_id.in_(list(by_failed_id)))
    rows = connection.execute(newest.group_by(c.failed_id))
    add(connection, {seq: by_failed_id[failed_id] for failed_id, seq in rows})


def replace(connection: Connection, seqs: Collection[int], by_seq: Mapping[int, Subjects]) -> None:
    """Replace the subjects of the failures `seqs`."""
    if seqs:
        connection.execute(delete(failure_subjects).where(failure_subjects.c.seq.in_(list(seqs))))
    add(connection, by_seq)


def copy_restored(connection: Connection, seqs: Sequence[int]) -> None:
    """Copy the subjects of removed failures to the copies that an undo has indexed."""
    s, removed, copy = failure_subjects.c, failures.alias(), failures.alias()
    is_copy = and_(
        copy.c.failed_id == removed.c.failed_id,
        copy.c.row_digest == removed.c.row_digest,
        copy.c.removed_at.is_(None),
    )
    rows = (
        select(s.name, s.value, copy.c.seq)
        .distinct()
        .join_from(failure_subjects, removed, removed.c.seq == s.seq)
        .join(copy, is_copy)
        .where(s.seq.in_(seqs))
    )
    connection.execute(insert(failure_subjects).from_select(["name", "value", "seq"], rows))


def of(connection: Connection, seqs: Collection[int]) -> dict[int, dict[str, str]]:
    """Return the subjects of failures that have subjects, by `seq`."""
    s = failure_subjects.c
    by_seq: defaultdict[int, dict[str, str]] = defaultdict(dict)
    if seqs:
        query = select(s.seq, s.name, s.value).where(s.seq.in_(list(seqs)))
        for row in connection.execute(query.order_by(s.seq, s.name)):
            by_seq[row.seq][row.name] = row.value
    return dict(by_seq)


def is_of(key: SubjectKey) -> ColumnElement[bool]:
    """Return the condition for failures of this subject in the key's shop."""
    f = failures.c
    which = has_value(key.name, [key.value])
    return which if key.tienda is None else and_(which, f.tienda_id == key.tienda)


def has_value(name: str, values: Sequence[str]) -> ColumnElement[bool]:
    """Return the condition for failures whose subject `name` has one of the values."""
    columns = {ORDER: failures.c.order_id, SHOP: failures.c.tienda_id}
    if name in columns:
        column = columns[name]
        return column == values[0] if len(values) == 1 else column.in_(values)
    s = failure_subjects.c
    return failures.c.seq.in_(select(s.seq).where(s.name == name, s.value.in_(values)))


def forget(connection: Connection, seqs: Sequence[int]) -> None:
    """Delete the subjects of those of the failures that the index no longer has."""
    s = failure_subjects.c
    indexed = select(literal(1)).where(failures.c.seq == s.seq).exists()
    connection.execute(delete(failure_subjects).where(s.seq.in_(seqs), ~indexed))
