"""The label of the environment, on everything that the bot shows: a colour mark and the name."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from bot.models.requests import Block
from bot.text import Mrkdwn, cut, escape, join
from bot.views.blocks import context_line

_COLOURS = {"production": "🟥", "prod": "🟥", "live": "🟥", "staging": "🟨", "stage": "🟨"}
_OTHER_COLOUR = "🟦"
_CONFIRM_TEXT = 300


_LABEL = re.compile(r"\S+ \*([A-Za-z0-9-]+)\*")
_MARK = "@"


def label_of(environment: str) -> str:
    """Return the colour mark and the name of the environment as plain text."""
    return f"{_COLOURS.get(environment.lower(), _OTHER_COLOUR)} {environment}"


def labelled(body: Mapping[str, Any], environment: str | None) -> dict[str, Any]:
    """Return the body of a message with the label of the environment, if it has a name."""
    if environment is None:
        return dict(body)
    text = f"{label_of(environment)} · {body['text']}"
    blocks = {"blocks": labelled_blocks(body["blocks"], environment)} if "blocks" in body else {}
    return {**body, "text": text, **blocks}


def labelled_blocks(blocks: Sequence[Block], environment: str | None) -> list[Block]:
    """Return the blocks below the label; each confirmation dialog also names the environment.

    The id of each block with buttons ends in the environment, for `environment_of`.

    A body without blocks stays without blocks, because Slack then shows its text.
    """
    if environment is None or not blocks:
        return list(blocks)
    label = _mrkdwn(environment)
    confirming = (_confirming(block, label) for block in blocks)
    marked = (_marked(block, number, environment) for number, block in enumerate(confirming))
    return [context_line(label), *marked]


def environment_of(body: Mapping[str, Any]) -> str | None:
    """Return the environment that posted what a person clicked or submitted, or None.

    Slack sends the blocks of a message or view, but not those of an ephemeral message. The ids of
    blocks are missing in messages of version 0.2.
    """
    for action in body.get("actions") or ():
        _, mark, environment = str(action.get("block_id", "")).rpartition(_MARK)
        if mark:
            return environment
    shown: Mapping[str, Any] = body.get("message") or body.get("view") or {}
    for block in list(shown.get("blocks") or ())[:1]:
        for element in block.get("elements") or ():
            label = _LABEL.fullmatch(str(element.get("text", "")))
            if label is not None:
                return label.group(1)
    return None


def _marked(block: Block, number: int, environment: str) -> Block:
    """Return the block; if it has buttons, its id names the environment."""
    if block["type"] != "actions" and "accessory" not in block:
        return block
    return {**block, "block_id": f"{block.get('block_id', number)}{_MARK}{environment}"}


def _mrkdwn(environment: str) -> Mrkdwn:
    mark, _, name = label_of(environment).partition(" ")
    return Mrkdwn(f"{mark} *{escape(name)}*")


def _confirming(block: Block, label: Mrkdwn) -> Block:
    """Return the block; the confirmation dialogs of its elements begin with the label."""
    changed = dict(block)
    if "elements" in block:
        changed["elements"] = [_asking(element, label) for element in block["elements"]]
    if "accessory" in block:
        changed["accessory"] = _asking(block["accessory"], label)
    return changed


def _asking(element: Block, label: Mrkdwn) -> Block:
    if "confirm" not in element:
        return element
    question = element["confirm"]
    text = cut(join("\n", (label, Mrkdwn(question["text"]["text"]))), _CONFIRM_TEXT)
    return {**element, "confirm": {**question, "text": {**question["text"], "text": str(text)}}}
