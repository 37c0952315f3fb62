"""Tables of rows without buttons for long lists, in as many messages as Slack's limits require.

A message of `ROWS` rows and its text for notifications stays under 10,000 characters. A
`response_url` accepts five messages: docs.slack.dev/interactivity/handling-user-interaction.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.models.job_batches import BATCH
from bot.models.jobs import FailedJob, Job
from bot.models.requests import Block, Message, Moment
from bot.models.subjects import ORDER, SHOP
from bot.text import Mrkdwn, code, cut, escape, plain_line
from bot.views.blocks import data_table, message, number_cell, text_cell
from bot.views.context import Context
from bot.views.names import read_wall_clock, short_class
from bot.views.rows import first_line, plain_state
from bot.views.subjects import subject_name

ROWS = 48
CLASS, NAME, TIME = 20, 16, 16
ERROR, STATE = 30, 34
CELLS, LINE = 118, 74
"""The most characters of all cells of a row, and of the row's text."""


@dataclass(frozen=True, slots=True)
class TableRow:
    """The cells of a row. `line` is the content of the cells as text."""

    cells: tuple[Block, ...]
    line: Mrkdwn


def table_row(cells: Sequence[Block]) -> TableRow:
    """Return the row. Its text is cut, so that the rows of a message fit together."""
    words = " · ".join(cell["text"] for cell in cells)
    return TableRow(tuple(cells), cut(code(words, LINE - 2), LINE))


def table_messages(
    kind: str, columns: Sequence[str], rows: Sequence[TableRow], shown: int, ctx: Context
) -> list[Message]:
    """Return messages with one table each. The first row has the number `shown` + 1 in the list."""
    # A table without orders has the column for other subjects.
    key = "order" if ORDER in ctx.subjects else "subject"
    head = [ctx.texts.plain(f"column-{key if name == 'order' else name}") for name in columns]
    messages = []
    for begin in range(0, len(rows), ROWS):
        part = rows[begin : begin + ROWS]
        first = shown + begin + 1
        caption = ctx.texts.plain(
            f"caption-{kind}", first=str(first), last=str(first + len(part) - 1)
        )
        lines = [escape(caption), *(row.line for row in part)]
        table = data_table(caption, head, [row.cells for row in part])
        messages.append(message(lines, [table]))
    return messages


FAILED_COLUMNS = ("id", "class", "order", "queue", "failed-at", "error")
JOB_COLUMNS = ("id", "class", "order", "queue", "state", "attempts")


def failed_row(row: FailedJob, ctx: Context) -> TableRow:
    """Return a failed job's cells."""
    cells = [*_job_cells(row, ctx), text_cell(plain_time(row.failed_at, ctx), TIME)]
    room = CELLS - sum(len(cell["text"]) for cell in cells)
    return table_row([*cells, text_cell(first_line(row.exception_short), max(ERROR, room))])


def job_row(row: Job, ctx: Context) -> TableRow:
    """Return a job's cells."""
    tried = f"{_known(row.attempts)}/{_known(row.max_attempts)}"
    state = text_cell(plain_state(row, ctx), STATE)
    return table_row([*_job_cells(row, ctx), state, text_cell(tried, NAME)])


def _job_cells(row: Job | FailedJob, ctx: Context) -> list[Block]:
    name = short_class(row.job_class) or ctx.texts.plain("job-unknown")
    order = _short_subject(row, ctx) if row.order_id is None else str(row.order_id)
    return [
        number_cell(row.id, str(row.id)),
        text_cell(name, CLASS),
        text_cell(order, NAME),
        text_cell(row.queue, NAME),
    ]


def _short_subject(row: Job | FailedJob, ctx: Context) -> str:
    """Return the subjects of a row without an order as plain text, or its shop."""
    values = {name: value for name, value in row.subjects.items() if name != BATCH}
    if not values and row.tienda_id is not None:
        values = {SHOP: row.tienda_id}
    return " · ".join(f"{subject_name(name, ctx.texts)} {value}" for name, value in values.items())


def _known(number: int | None) -> str:
    return "?" if number is None else str(number)


def plain_time(text: str, ctx: Context) -> str:
    """Return a time of the queue's wall clock in the reader's zone, in a sortable form."""
    at = read_wall_clock(text, ctx)
    if isinstance(at, Moment):
        return ctx.texts.local(at.at, "yyyy-MM-dd HH:mm", ctx.reader_zone)
    return plain_line(text, TIME)
