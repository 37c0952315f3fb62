"""The edits that a retry makes in the server. Each edit replaces one part of a payload.

All other bytes of the payload stay unchanged, because the payload is never decoded and encoded.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    FromClause,
    LargeBinary,
    Subquery,
    case,
    func,
)

from bot.database.dialects import rows_of_json, utf8mb4
from bot.queue.layouts.digests import as_utf8mb4


@dataclass(frozen=True, slots=True)
class PayloadEdit:
    """Replace the characters (bytes in a binary column) from `start` to `end` by `text`.

    `values` are the new values by key, for the answer to the person.
    """

    start: int
    end: int
    text: str
    values: Mapping[str, int | None]


@dataclass(frozen=True, slots=True)
class PayloadEdits:
    """The edits of a retry: by the failed job's id, and as a table in the server."""

    by_id: Mapping[int, PayloadEdit] = field(default_factory=dict)
    rows: Subquery | None = None

    def source(self, id_: Column[int]) -> FromClause:
        """The failed jobs, each with its edit or NULL."""
        table: FromClause = id_.table
        if self.rows is None:
            return table
        return table.outerjoin(self.rows, self.rows.c.row_id == id_)

    def applied(self, payload: Column[str]) -> ColumnElement[str]:
        """The payload after its edit."""
        if self.rows is None:
            return payload
        c = self.rows.c
        is_binary = isinstance(payload.type, LargeBinary)
        before = payload if is_binary else as_utf8mb4(payload)
        text = func.unhex(c.replacement)
        edited = func.concat_ws(
            "",
            func.substr(before, 1, c.kept),
            text if is_binary else utf8mb4(text),
            func.substr(before, c.rest),
        )
        return case((c.row_id.is_(None), payload), else_=edited)


NO_EDITS = PayloadEdits()


def make_edits(connection: Connection, by_id: Mapping[int, PayloadEdit]) -> PayloadEdits:
    """Return the edits in a form that one statement of this connection can use."""
    if not by_id:
        return NO_EDITS
    rows = [
        (id_, edit.start, edit.end + 1, edit.text.encode().hex()) for id_, edit in by_id.items()
    ]
    columns = ("row_id", "kept", "rest", "replacement")
    return PayloadEdits(by_id, rows_of_json(connection, columns, rows))
