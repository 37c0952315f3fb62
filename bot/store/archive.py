"""Archive the rows that retry, delete and clear remove.

The server copies each row in the transaction that removes the row.

The archive stores the layout's columns as utf8mb4 text, numbers and times, so that the bot can
read their values. `extra` holds all other values: columns that the layout does not name, and bytes
that are not text. An undo restores every column exactly.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Insert,
    LargeBinary,
    Select,
    and_,
    case,
    cast,
    func,
    insert,
    literal,
    null,
    or_,
    select,
)
from sqlalchemy.exc import DBAPIError

from bot.database.definitions import ColumnDefinition, TableDefinition
from bot.database.dialects import force_index, is_sqlite, straight_join, utf8mb4
from bot.database.errors import is_id_taken, is_row_refused
from bot.database.extra_columns import extra_columns, insertable, packed, unpacked
from bot.database.session import CHARACTER_SET
from bot.database.transactions import LostRace
from bot.models.actions import CountsAs
from bot.models.refusals import RowWouldChange
from bot.queue.copies import read_rules, refusing_rows
from bot.queue.layouts import Queue
from bot.queue.layouts.queue_table import ARCHIVED
from bot.queue.layouts.tables import FailedJobsTable, JobsTable
from bot.queue.moves import exactly, is_among
from bot.store.tables import archive

Layout = FailedJobsTable | JobsTable

_COLUMNS = (
    "kind",
    "row_id",
    *ARCHIVED,
    "extra",
    "payload_digest",
    "action",
    "counts_as",
    "request_id",
    "archived_at",
)


@dataclass(frozen=True, slots=True)
class ArchivedAs:
    """The command and the request that archive rows, and the time."""

    action: str
    counts_as: CountsAs | None
    request_id: str
    now: datetime


def keep_failed(
    connection: Connection, queue: Queue, which: ColumnElement[bool], archived_as: ArchivedAs
) -> int:
    """Archive the failed jobs that match `which`; return the number of copied rows."""
    definition = read_rules(connection, queue).failed
    return _keep(connection, queue, queue.failed_layout, definition, "failed", which, archived_as)


def keep_job(connection: Connection, queue: Queue, job_id: int, archived_as: ArchivedAs) -> int:
    """Archive one job; return the number of copied rows."""
    definition, layout = read_rules(connection, queue).jobs, queue.jobs_layout
    return _keep(connection, queue, layout, definition, "job", layout.id == job_id, archived_as)


def _keep(
    connection: Connection,
    queue: Queue,
    layout: Layout,
    definition: TableDefinition,
    kind: str,
    which: ColumnElement[bool],
    archived_as: ArchivedAs,
) -> int:
    c, derived = archive.c, layout.derived_values(archived_as.now)
    rows: Select[Any] = select(
        literal(kind),
        layout.id,
        *(derived.get(name, _readable(connection, layout, definition, name)) for name in ARCHIVED),
        packed(connection, layout.table, _packed_columns(layout, definition)),
        layout.payload_digest(),
        literal(archived_as.action),
        literal(archived_as.counts_as, c.counts_as.type),
        literal(archived_as.request_id),
        literal(archived_as.now, c.archived_at.type),
    ).where(which)
    try:
        return connection.execute(insert(archive).from_select(_COLUMNS, rows)).rowcount
    except DBAPIError as error:
        if not is_row_refused(error):
            raise
        # The archive refuses a text with bytes that its character set does not allow, and
        # a queue that is NULL.
        first = connection.execute(select(layout.id).where(which).limit(1)).scalar_one()
        with refusing_rows(queue, first):
            raise


def _readable(
    connection: Connection, layout: Layout, definition: TableDefinition, name: str
) -> ColumnElement[Any]:
    """Return the value that the archive stores in its column `name`, as an SQL expression.

    The value is NULL if the table lacks the column. It is also NULL if the column is binary: only
    `extra` holds bytes, because they may be invalid text. SQLite may store a queue's name as bytes;
    the value is then NULL, and the archive refuses the row.
    """
    if name not in layout.archived_columns or definition.column(name).is_binary:
        return null()
    value = layout.column(name)
    if name == layout.queue.name and is_sqlite(connection):
        return case((func.typeof(value) != "blob", value))
    return value


def _packed_columns(layout: Layout, definition: TableDefinition) -> tuple[ColumnDefinition, ...]:
    """Return the columns that `extra` holds: those outside the layout, and binary ones."""
    names = [name for name in layout.archived_columns if not definition.column(name).is_binary]
    return extra_columns(definition, [layout.id.name, *names])


def put_back(
    connection: Connection,
    queue: Queue,
    kind: str,
    copies: Sequence[int],
    *,
    row_id: int,
    same_id: bool,
) -> int:
    """Insert the archived rows with the ids `copies` into their table; return the last new id.

    With `same_id` each row gets its old id. An error about a refused row names
    `row_id`, the first of several rows. Raises `LostRace` if an id was reused meanwhile,
    `RowRefused` if the table refuses a row, and `RowWouldChange` if it would store another value.
    """
    rules = read_rules(connection, queue)
    layout: Layout = queue.failed_layout if kind == "failed" else queue.jobs_layout
    definition = rules.failed if kind == "failed" else rules.jobs
    statement = _insert(connection, layout, definition, copies, same_id=same_id)
    with refusing_rows(queue, row_id):
        try:
            inserted = connection.execute(statement)
        except DBAPIError as error:
            if is_id_taken(error):
                raise LostRace from error
            raise
    exactly(inserted, len(copies))
    new_id = None if same_id else int(inserted.lastrowid)
    _check_same(connection, layout, definition, copies, new_id)
    return int(inserted.lastrowid)


def _insert(
    connection: Connection,
    layout: Layout,
    definition: TableDefinition,
    copies: Sequence[int],
    *,
    same_id: bool,
) -> Insert:
    c = archive.c
    extra = _packed_columns(layout, definition)
    own = {column.name for column in extra}
    names = [name for name in layout.archived_columns if name not in own]
    values: list[Any] = [c[name] for name in names]
    if same_id:
        names, values = [layout.id.name, *names], [c.row_id, *values]
    values += [unpacked(connection, c.extra, column) for column in extra]
    target = insertable(layout.table, names, extra)
    rows = select(*values).where(is_among(c.id, copies)).order_by(c.row_id)
    return insert(target).from_select(list(target.c), rows)


def _check_same(
    connection: Connection,
    layout: Layout,
    definition: TableDefinition,
    copies: Sequence[int],
    new_id: int | None,
) -> None:
    """Compare the restored rows with the archive, column by column; compare text byte by byte.

    A column that stores every text of the archive unchanged is not compared, unless a trigger may
    change it.
    """
    c = archive.c
    own_id = c.row_id if new_id is None else literal(new_id)
    packed_again = packed(connection, layout.table, _packed_columns(layout, definition))
    is_exact = not is_sqlite(connection) and not definition.may_have_trigger_on("INSERT")
    differs = [func.coalesce(packed_again, "") != func.coalesce(c.extra, "")]
    for name in layout.archived_columns:
        column = definition.column(name)
        if column.is_binary or (is_exact and _holds_every_text(column)):
            continue
        now: ColumnElement[Any] = layout.column(name)
        before: ColumnElement[Any] = c[name]
        if is_sqlite(connection):
            # A trigger may convert bytes into text with equal bytes.
            differs.append(func.typeof(now) != func.typeof(before))
        differs.append(now.is_(None) != before.is_(None))
        if column.is_text:
            # A conversion reads each character, even if it changes none.
            is_converted = column.charset != CHARACTER_SET
            now = cast(utf8mb4(now) if is_converted else now, LargeBinary)
            before = cast(before, LargeBinary)
        differs.append(now != before)
    changed = (
        select(c.row_id)
        .select_from(archive.join(layout.table, and_(layout.id == own_id)))
        .where(is_among(c.id, copies), or_(*differs))
        .limit(1)
    )
    # The server still considers the table as empty, and would scan all rows restored so far.
    changed = force_index(straight_join(changed), layout.table, "PRIMARY")
    first = connection.execute(changed).scalar()
    if first is not None:
        raise RowWouldChange(id=str(first), detail=layout.table.name)


def _holds_every_text(column: ColumnDefinition) -> bool:
    """Return whether the column stores every value of the archive's texts unchanged."""
    return column.type == "longtext" and column.charset == CHARACTER_SET
