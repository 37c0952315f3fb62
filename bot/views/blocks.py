"""Builders of Block Kit. Each builder accepts only escaped text and cuts text to Slack's limit.

Limits: docs.slack.dev/reference/block-kit. Mrkdwn is `verbatim`. Without `verbatim`, Slack would
turn a URL, `#name` or `@name` in a job's text into a link or a mention.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from bot.models.requests import Block, Message
from bot.text import Mrkdwn, cut, join, plain_line

SECTION = 3_000
FIELD = 2_000
FALLBACK = 4_000
DATA_TABLE = "data_table"
TABLE_ROWS = 99
CAPTION, CELL = 100, 80
MESSAGE_BLOCKS = 49
"""Slack accepts 50 blocks; one block remains for the label of the environment."""


def plain(text: str, limit: int) -> Block:
    """Return a plain_text object; an empty text becomes a dash, because Slack refuses it.

    Without `emoji`, Slack shows `:name:` in a text from other people unchanged.
    """
    return {"type": "plain_text", "text": plain_line(text, limit) or "–", "emoji": False}


def mrkdwn(text: Mrkdwn, limit: int = SECTION) -> Block:
    """Return a mrkdwn object; an empty text becomes a dash, because Slack refuses it."""
    return {"type": "mrkdwn", "text": str(cut(text, limit)) or "–", "verbatim": True}


def section(text: Mrkdwn, *, accessory: Block | None = None, block_id: str | None = None) -> Block:
    """Return a section of text with an optional element on the right."""
    block: Block = {"type": "section", "text": mrkdwn(text)}
    if accessory is not None:
        block["accessory"] = accessory
    return _named(block, block_id)


def sections(lines: Iterable[Mrkdwn], limit: int = SECTION) -> list[Block]:
    """Return the lines in the fewest possible sections of at most `limit` characters."""
    blocks: list[Block] = []
    paragraph: list[Mrkdwn] = []
    size = 0
    for line in (cut(line, limit) for line in lines):
        if paragraph and size + len(line) > limit:
            blocks.append(section(join("\n", paragraph)))
            paragraph, size = [], 0
        paragraph.append(line)
        size += len(line) + 1
    return [*blocks, section(join("\n", paragraph))] if paragraph else blocks


def fields(pairs: Sequence[Mrkdwn]) -> Block:
    """Return up to ten short texts in two columns."""
    return {"type": "section", "fields": [mrkdwn(pair, FIELD) for pair in pairs[:10]]}


def context_line(text: Mrkdwn) -> Block:
    """Return a line of small grey text."""
    return {"type": "context", "elements": [mrkdwn(text)]}


def actions(elements: Sequence[Block], block_id: str | None = None) -> Block:
    """Return a row of buttons and menus."""
    return _named({"type": "actions", "elements": list(elements[:25])}, block_id)


def divider() -> Block:
    """Return a thin horizontal line."""
    return {"type": "divider"}


def confirm(title: str, text: Mrkdwn, yes: str, no: str) -> Block:
    """Return the confirmation dialog for a change that is hard to reverse."""
    return {
        "title": plain(title, 100),
        "text": mrkdwn(text, 300),
        "confirm": plain(yes, 30),
        "deny": plain(no, 30),
        "style": "danger",
    }


def data_table(caption: str, head: Sequence[str], rows: Sequence[Sequence[Block]]) -> Block:
    """Return a table that people can sort and filter. Screen readers name a row by its first cell.

    Slack accepts only one table per message, and no table elsewhere. All rows need equal length:
    docs.slack.dev/reference/block-kit/blocks/data-table-block.
    """
    lines = rows[:TABLE_ROWS]
    return {
        "type": DATA_TABLE,
        "caption": plain_line(caption, CAPTION) or "–",
        "page_size": max(1, len(lines)),
        "row_header_column_index": 0,
        "rows": [[text_cell(title) for title in head], *map(list, lines)],
    }


def text_cell(text: str, limit: int = CELL) -> Block:
    """Return a table cell; an empty text becomes a dash, because Slack refuses it."""
    return {"type": "raw_text", "text": plain_line(text, limit) or "–"}


def number_cell(value: int, text: str) -> Block:
    """Return a table cell that Slack sorts by its number."""
    return {"type": "raw_number", "value": value, "text": text}


def without_data_tables(blocks: Sequence[Block]) -> list[Block]:
    """Return the blocks; a `table` without a caption replaces each `data_table`."""
    return [_table(block) if block["type"] == DATA_TABLE else block for block in blocks]


def _table(block: Block) -> Block:
    head, *rows = block["rows"]
    columns = [[row[index]["type"] for row in rows] for index in range(len(head))]
    return {
        "type": "table",
        "rows": [[text_cell(cell["text"]) for cell in row] for row in (head, *rows)],
        "column_settings": [
            {"align": "right" if set(types) == {"raw_number"} else "left"} for types in columns
        ],
    }


def text_input(name: str, label: str, hint: str, longest: int) -> Block:
    """Return a text field. `name` is the id of the block and of the action."""
    return {
        "type": "input",
        "block_id": name,
        "label": plain(label, 150),
        "hint": plain(hint, 150),
        "element": {"type": "plain_text_input", "action_id": name, "max_length": longest},
    }


def select_input(name: str, label: str, options: Sequence[tuple[str, str]], initial: str) -> Block:
    """Return a select field of (value, label). `name` is the id of the block and of the action."""
    by_value = {value: {"text": plain(word, 75), "value": value} for value, word in options}
    element: Block = {
        "type": "static_select",
        "action_id": name,
        "options": list(by_value.values()),
        "initial_option": by_value[initial],
    }
    return {"type": "input", "block_id": name, "label": plain(label, 150), "element": element}


def message(lines: Iterable[Mrkdwn], blocks: Sequence[Block]) -> Message:
    """Return a message. The lines are its content as text for notifications and terminals."""
    return Message(str(cut(join("\n", lines), FALLBACK)), tuple(blocks[:MESSAGE_BLOCKS]))


def with_more(first: Message, more: Sequence[Message], foot: Message) -> Message:
    """Return the first message with the messages of `more`; the last message ends with the foot."""
    *others, last = (first, *more)
    lines = [Mrkdwn(part.text) for part in (last, foot)]
    ended = message(lines, [*last.blocks, *foot.blocks])
    if not others:
        return ended
    return replace(others[0], more=(*others[1:], ended))


def _named(block: Block, block_id: str | None) -> Block:
    return block if block_id is None else {**block, "block_id": block_id[:255]}
