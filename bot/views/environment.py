"""The label of the environment, on everything that the bot shows: a colour mark and the name."""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.models.requests import Block
from bot.text import Mrkdwn, cut, escape, join
from bot.views.blocks import context_line

_COLOURS = {"production": "🟥", "prod": "🟥", "live": "🟥", "staging": "🟨", "stage": "🟨"}
_OTHER_COLOUR = "🟦"
_CONFIRM_TEXT = 300


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

    A body without blocks stays without blocks, because Slack then shows its text.
    """
    if environment is None or not blocks:
        return list(blocks)
    label = _mrkdwn(environment)
    return [context_line(label), *(_confirming(block, label) for block in blocks)]


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
