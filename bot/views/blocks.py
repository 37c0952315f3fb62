"""Builders of Block Kit: each cuts to Slack's limit and takes only text that was made safe.

Limits: docs.slack.dev/reference/block-kit. Mrkdwn is `verbatim`, so that a bare address, `#name` or
`@name` in a job's text becomes no link and no mention.
"""

from collections.abc import Iterable, Sequence

from bot.models.requests import Block, Message
from bot.text import Mrkdwn, cut, join, plain_line

SECTION = 3_000
FIELD = 2_000
FALLBACK = 4_000
TABLE_ROWS = 100
MESSAGE_BLOCKS = 50


def plain(text: str, limit: int) -> Block:
    """A plain_text object; Slack refuses an empty one, so nothing becomes a dash."""
    return {"type": "plain_text", "text": plain_line(text, limit) or "–", "emoji": True}


def mrkdwn(text: Mrkdwn, limit: int = SECTION) -> Block:
    """A mrkdwn object; Slack refuses an empty one, so nothing becomes a dash."""
    return {"type": "mrkdwn", "text": str(cut(text, limit)) or "–", "verbatim": True}


def section(text: Mrkdwn, *, accessory: Block | None = None, block_id: str | None = None) -> Block:
    """A paragraph, with an element at its right."""
    block: Block = {"type": "section", "text": mrkdwn(text)}
    if accessory is not None:
        block["accessory"] = accessory
    return _named(block, block_id)


def sections(lines: Iterable[Mrkdwn], limit: int = SECTION) -> list[Block]:
    """Lines in as few paragraphs as hold them, of at most `limit` characters each."""
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
    """Up to ten short texts in two columns."""
    return {"type": "section", "fields": [mrkdwn(pair, FIELD) for pair in pairs[:10]]}


def context_line(text: Mrkdwn) -> Block:
    """A line in small grey letters."""
    return {"type": "context", "elements": [mrkdwn(text)]}


def actions(elements: Sequence[Block], block_id: str | None = None) -> Block:
    """A row of buttons and menus."""
    return _named({"type": "actions", "elements": list(elements[:25])}, block_id)


def divider() -> Block:
    """A thin line."""
    return {"type": "divider"}


def confirm(title: str, text: Mrkdwn, yes: str, no: str) -> Block:
    """The question before something that cannot be taken back lightly."""
    return {
        "title": plain(title, 100),
        "text": mrkdwn(text, 300),
        "confirm": plain(yes, 30),
        "deny": plain(no, 30),
        "style": "danger",
    }


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, numbers_from: int) -> Block:
    """A table, messages only, one a message; columns from `numbers_from` on are set right."""
    lines = [head, *rows[: TABLE_ROWS - 1]]
    return {
        "type": "table",
        "rows": [[raw_cell(cell) for cell in line] for line in lines],
        "column_settings": [
            {"align": "left" if index < numbers_from else "right"} for index in range(len(head))
        ],
    }


def raw_cell(text: str) -> Block:
    """A table's cell; Slack refuses an empty one, so nothing becomes a dash."""
    return {"type": "raw_text", "text": plain_line(text, 80) or "–"}


def text_input(name: str, label: str, hint: str, longest: int) -> Block:
    """A field to type in; block and action have the same id, the name."""
    return {
        "type": "input",
        "block_id": name,
        "label": plain(label, 150),
        "hint": plain(hint, 150),
        "element": {"type": "plain_text_input", "action_id": name, "max_length": longest},
    }


def select_input(name: str, label: str, options: Sequence[tuple[str, str]], initial: str) -> Block:
    """A field to choose in, of (value, label); block and action have the same id, the name."""
    by_value = {value: {"text": plain(word, 75), "value": value} for value, word in options}
    element: Block = {
        "type": "static_select",
        "action_id": name,
        "options": list(by_value.values()),
        "initial_option": by_value[initial],
    }
    return {"type": "input", "block_id": name, "label": plain(label, 150), "element": element}


def message(lines: Iterable[Mrkdwn], blocks: Sequence[Block]) -> Message:
    """A message; the lines say the same as the blocks, for notifications and terminals."""
    return Message(str(cut(join("\n", lines), FALLBACK)), tuple(blocks[:MESSAGE_BLOCKS]))


def _named(block: Block, block_id: str | None) -> Block:
    return block if block_id is None else {**block, "block_id": block_id[:255]}
