"""Rebuild the texts of the index of failures from their originals, with the current masking.

A text without an original is blanked: a rule cannot recognize a secret in a text that was cut or
grouped.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from bot.masking.secret_patterns import MASK
from bot.queue.layouts import Queue
from bot.store.cursors import set_position
from bot.store.failures import entries, regrouping, relabeling, subjects
from bot.store.failures.originals import read_originals
from bot.store.leases import lock_lease
from bot.store.tables import cursors, failures
from bot.store.tables import error_groups as groups

CURSOR = "rebuilt"
PAGE = 500


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """The result of a page: the last failure (None after the last page), and rows by result."""

    last: int | None
    rebuilt: int
    blanked: int


def begin(connection: Connection) -> int:
    """Return the last rebuilt failure of an interrupted run, or 0."""
    query = select(cursors.c.position).where(cursors.c.name == CURSOR)
    row = connection.execute(query).first()
    if row is None:
        connection.execute(insert(cursors).values(name=CURSOR, position=0))
    return 0 if row is None else int(row.position or 0)


def rebuild_page(connection: Connection, queue: Queue, after: int) -> Rebuilt:
    """Rebuild the next failures after `after`; the cursor moves in the same transaction."""
    lock_lease(connection, "failures")
    c = failures.c
    columns = (c.seq, c.failed_id, c.row_digest, c.payload_digest, c.queue)
    query = select(*columns).where(c.seq > after).order_by(c.seq).limit(PAGE)
    rows = connection.execute(query).mappings().all()
    originals = read_originals(connection, queue, rows)
    by_seq: dict[int, subjects.Subjects] = {}
    for row in rows:
        original = originals.get(row["seq"])
        values: dict[str, Any] = {
            "error": MASK,
            "job_class": None,
            "order_id": None,
            "tienda_id": None,
        }
        values["queue"] = queue.mask(row["queue"])
        if original is not None:
            texts = (original.queue, original.payload, original.exception)
            values = entries.labels(queue, *texts)
            # `rename_groups` changes the groups later, together with their counts.
            values.pop("error_group")
            by_seq[row["seq"]] = values.pop(entries.SUBJECTS)
        connection.execute(update(failures).where(c.seq == row["seq"]).values(**values))
    subjects.replace(connection, [row["seq"] for row in rows], by_seq)
    last = rows[-1]["seq"] if len(rows) == PAGE else None
    position = update(cursors).where(cursors.c.name == CURSOR)
    connection.execute(position.values(position=last or 0))
    return Rebuilt(last, len(originals), len(rows) - len(originals))


def begin_groups(connection: Connection, queue: Queue, *, is_whole: bool) -> None:
    """Let all failures be grouped again, as after an update of the rules.

    If this run is interrupted after this call, a running bot completes the regrouping.
    `is_whole`: this run rebuilt every failure, so every failure has the current subjects.
    """
    if is_whole:
        set_position(connection, relabeling.CURRENT, queue.subjects_version)
    set_position(connection, "rules", 0)
    set_position(connection, "rules_next", 0)


def rename_groups(connection: Connection, queue: Queue, now: datetime) -> bool:
    """Give some groups and failures their current names; return whether any remain."""
    return regrouping.regroup(connection, queue, now).more


def blank_groups(connection: Connection, queue: Queue) -> int:
    """Blank the names of groups without any original; return their number.

    A group whose failures are only in the archive gets its name from the archive.
    """
    lock_lease(connection, "failures")
    present = select(failures.c.seq).where(
        failures.c.error_group == groups.c.id,
        failures.c.removed_at.is_(None),
        failures.c.error != MASK,
    )
    blanked = 0
    for id_, name in connection.execute(
        select(groups.c.id, groups.c.name).where(~present.exists())
    ):
        archived = _archived_name(connection, queue, id_)
        new_name = archived or _blank_name(id_)
        blanked += archived is None and name != new_name
        connection.execute(update(groups).where(groups.c.id == id_).values(name=new_name))
    return blanked


def _archived_name(connection: Connection, queue: Queue, group: int) -> str | None:
    """Return the name that the group's newest archived failure gives to the group.

    The name is None without such a failure, or if another group has this name.
    """
    c = failures.c
    columns = (c.seq, c.failed_id, c.row_digest, c.payload_digest)
    rebuilt = select(*columns).where(c.error_group == group, c.error != MASK)
    rows = connection.execute(rebuilt.order_by(c.seq.desc()).limit(1)).mappings().all()
    for original in read_originals(connection, queue, rows).values():
        name = entries.group_name(queue, original.exception)
        others = select(groups.c.id).where(groups.c.name == name, groups.c.id != group)
        return name if connection.execute(others).first() is None else None
    return None


def total(connection: Connection) -> int:
    """Return the number of failures in the index."""
    return connection.execute(select(func.count()).select_from(failures)).scalar_one()


def _blank_name(id_: int) -> str:
    return f"{MASK} · E{id_}"
