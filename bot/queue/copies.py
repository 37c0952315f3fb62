"""Refuse a retry if the new row in `jobs` would differ from the failed job.

The transaction that moves the rows reads the definitions of both tables. It does so after its
first statement on the tables, because nobody can alter a table from then on. Nothing else is read
if the definitions prove that a copy is lossless. Otherwise the length of each value is checked
before the copy, and the copy is compared with its original before the original is deleted.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from sqlalchemy import ColumnElement, Connection, Transaction, func, not_, select
from sqlalchemy.exc import DBAPIError

from bot.database.current_definitions import current_tables
from bot.database.definitions import TableDefinition
from bot.database.errors import is_row_refused, server_message
from bot.database.lossless import CopyRisk, copy_risk, fits
from bot.database.table_names import name_in
from bot.models.refusals import OtherConnection, RowRefused, RowTooLong, RowWouldChange
from bot.queue.layouts import Queue, content_digest
from bot.queue.layouts.payload_edits import NO_EDITS, PayloadEdits
from bot.queue.layouts.rows import as_text

LONGEST_REASON = 200


@dataclass(frozen=True, slots=True)
class MoveRules:
    """The rules for moving and archiving rows, derived from the definitions of both tables.

    `risks` are the columns of a failed job whose values might not fit into `jobs`. `is_compared`:
    the copy must be compared with its original.
    """

    jobs: TableDefinition
    failed: TableDefinition
    risks: tuple[CopyRisk, ...]
    is_compared: bool


_rules_of: WeakKeyDictionary[Transaction, MoveRules] = WeakKeyDictionary()


def read_rules(connection: Connection, queue: Queue) -> MoveRules:
    """Return the rules of the queue's tables, read once in each transaction."""
    transaction = connection.get_transaction()
    if transaction is None:
        raise LookupError("definitions hold only within a transaction")
    rules = _rules_of.get(transaction)
    if rules is None:
        rules = _rules_of[transaction] = _read(connection, queue)
    return rules


def _read(connection: Connection, queue: Queue) -> MoveRules:
    # Nobody can alter a table that a transaction has read until the transaction ends.
    touched = (
        select(layout.id).where(layout.id == 0).scalar_subquery()
        for layout in (queue.jobs_layout, queue.failed_layout)
    )
    connection.execute(select(*touched))
    names = [name_in(connection, table) for table in (queue.jobs, queue.failed)]
    tables = current_tables(connection, names)
    jobs, failed = (tables[name] for name in names)
    risks = retry_risks(queue, failed, jobs)
    compared = jobs.may_have_trigger_on("INSERT") or any(risk.may_differ for risk in risks)
    return MoveRules(jobs, failed, risks, compared)


def retry_risks(
    queue: Queue, source: TableDefinition, destination: TableDefinition
) -> tuple[CopyRisk, ...]:
    """Return the risk of each column that a retry copies, without the columns that have no risk."""
    risks = (
        copy_risk(source.columns[name], destination.columns[name])
        for name in queue.failed_layout.retried_columns
    )
    return tuple(risk for risk in risks if risk is not None)


def check_fits(
    connection: Connection, queue: Queue, rules: MoveRules, which: ColumnElement[bool]
) -> None:
    """Raise `RowTooLong` if a value of these failed jobs is too long for its column of `jobs`.

    Raise `OtherConnection` if one of the jobs did not come from `jobs`.
    """
    layout = queue.failed_layout
    if (movable := layout.is_movable()) is not None:
        others = select(layout.id, layout.origin).where(which, not_(movable)).order_by(layout.id)
        other = connection.execute(others.limit(1)).first()
        if other is not None:
            raise OtherConnection(id=str(other[0]), detail=queue.mask(as_text(other[1])))
    for risk in rules.risks:
        if not risk.too_long:
            continue
        short = fits(layout.column(risk.source.name), risk)
        too_long = select(layout.id).where(which, not_(short)).order_by(layout.id)
        first = connection.execute(too_long.limit(1)).scalar()
        if first is not None:
            column = f"{queue.jobs.name}.{risk.destination.name}"
            raise RowTooLong(id=str(first), detail=column)


def _original(queue: Queue, edits: PayloadEdits) -> ColumnElement[str]:
    """The digest of a failed job's content after the edits of the retry."""
    failed = queue.failed_layout
    edited = edits.applied(failed.payload) if edits.by_id else None
    return content_digest(queue.failed, edited)


def check_same_row(
    connection: Connection,
    queue: Queue,
    rules: MoveRules,
    failed_id: int,
    job_id: int,
    edits: PayloadEdits = NO_EDITS,
) -> None:
    """Raise `RowWouldChange` if the new job's content differs from the failed job's."""
    if not rules.is_compared:
        return
    failed, jobs = queue.failed_layout, queue.jobs_layout
    same = (
        select(failed.id)
        .select_from(edits.source(failed.id))
        .where(
            failed.id == failed_id,
            jobs.id == job_id,
            _original(queue, edits) == content_digest(queue.jobs),
        )
    )
    if connection.execute(same).first() is None:
        raise RowWouldChange(id=str(failed_id), detail=queue.jobs.name)


def check_same_rows(
    connection: Connection,
    queue: Queue,
    rules: MoveRules,
    which: ColumnElement[bool],
    new_ids: tuple[int, int],
    edits: PayloadEdits = NO_EDITS,
) -> None:
    """Raise `RowWouldChange` unless each failed job has an equal copy among the new jobs.

    The new jobs are between the two ids, but other jobs may also be there. So the rows are counted
    by their content.
    """
    if not rules.is_compared:
        return
    failed, jobs = queue.failed_layout, queue.jobs_layout
    original = _original(queue, edits)
    copy = content_digest(queue.jobs)
    originals = connection.execute(
        select(original, func.count(), func.min(failed.id))
        .select_from(edits.source(failed.id))
        .where(which)
        .group_by(original)
    ).all()
    new_jobs = select(copy, func.count()).where(jobs.id.between(*new_ids), jobs.is_untouched())
    copies = Counter({row[0]: row[1] for row in connection.execute(new_jobs.group_by(copy))})
    for digest, rows, first in originals:
        if copies[digest] < rows:
            raise RowWouldChange(id=str(first), detail=queue.jobs.name)


@contextmanager
def refusing_rows(queue: Queue, row_id: int) -> Iterator[None]:
    """Turn the server's error about a row, such as a violated constraint, into `RowRefused`."""
    try:
        yield
    except DBAPIError as error:
        if not is_row_refused(error):
            raise
        reason = queue.mask(server_message(error))[:LONGEST_REASON]
        raise RowRefused(id=str(row_id), detail=reason) from error
