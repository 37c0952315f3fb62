"""Draw a message or dialog as text with all of its content, for people to compare."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from bot.models.requests import Message, Modal

Json = dict[str, Any]


def drawn(shown: Message | Modal) -> str:
    """Return every field as text; text objects as m"…" (mrkdwn, verbatim) and p"…" (plain_text)."""
    if isinstance(shown, Message) and shown.more:
        parts = [replace(shown, more=()), *shown.more]
        return "\n".join(f"message {n} of {len(parts)}\n{drawn(p)}" for n, p in enumerate(parts, 1))
    if isinstance(shown, Message):
        head = ["text", *(f"  | {line}" for line in shown.text.splitlines())]
    else:
        head = [
            f"modal {shown.title!r} submit={shown.submit!r} close={shown.close!r}",
            f"metadata {json.dumps(dict(shown.metadata), ensure_ascii=False)}",
        ]
    return "\n".join([*head, *(line for block in shown.blocks for line in _block(block))])


def _block(block: Mapping[str, Any]) -> Iterator[str]:
    name = f" #{block['block_id']}" if "block_id" in block else ""
    yield f"{block['type']}{name}"
    for key, value in block.items():
        if key in ("type", "block_id"):
            continue
        for index, line in enumerate(_value(value)):
            yield f"  {key}: {line}" if index == 0 else f"    {line}"


_MARKS = {"mrkdwn": ("m", {"verbatim"}), "plain_text": ("p", {"emoji"}), "raw_text": ("r", set())}
_ELEMENTS = ("button", "overflow", "plain_text_input")


def _value(value: object) -> Iterator[str]:
    if isinstance(value, dict) and value.get("type") in _MARKS:
        mark, usual = _MARKS[value["type"]]
        # A text object with an unusual field must fail here.
        assert value.keys() == {"type", "text", *usual}
        yield from (f"{mark}| {line}" for line in value["text"].split("\n"))
    elif isinstance(value, dict) and value.get("type") == "raw_number":
        yield f"n| {value['text']}"
    elif isinstance(value, dict) and value.get("type") in _ELEMENTS:
        yield " ".join(_words(value))
    elif isinstance(value, list) and value and isinstance(value[0], list):
        yield ""
        yield from (" ".join(line for cell in row for line in _value(cell)) for row in value)
    elif isinstance(value, list):
        yield ""
        yield from (line for item in value for line in _value(item))
    else:
        yield json.dumps(value, ensure_ascii=False)


def _words(value: object) -> Iterator[str]:
    """Yield the words of an element with every field, for one line."""
    match value:
        case {"type": "plain_text" | "mrkdwn", "text": str(text)}:
            yield repr(text)
        case dict():
            for key, inner in value.items():
                yield f"{key}=({' '.join(_words(inner))})" if key != "type" else str(inner)
        case list():
            for item in value:
                yield " ".join(_words(item))
        case _:
            yield str(value)


def as_view(modal: Modal) -> Json:
    """Return the dialog in the form that `views.open` accepts."""
    view: Json = {
        "type": "modal",
        "title": {"type": "plain_text", "text": modal.title},
        "close": {"type": "plain_text", "text": modal.close},
        "blocks": [dict(block) for block in modal.blocks],
        "private_metadata": json.dumps(dict(modal.metadata)),
    }
    if modal.submit is not None:
        view["submit"] = {"type": "plain_text", "text": modal.submit}
    return view


def texts_in(value: object, kind: str = "") -> Iterator[tuple[str, str]]:
    """Yield every visible text with its kind: mrkdwn, plain_text, or the kind of a table cell."""
    match value:
        case Message():
            yield "mrkdwn", value.text
            yield from texts_in(list(value.blocks))
            yield from texts_in(list(value.more))
        case Modal():
            for text in (value.title, value.close, value.submit or "–"):
                yield "plain_text", text
            yield from texts_in(list(value.blocks))
        case {
            "type": ("mrkdwn" | "plain_text" | "raw_text" | "raw_number") as kind,
            "text": str(text),
        }:
            yield kind, text
        case dict():
            for inner in value.values():
                yield from texts_in(inner)
        case list() | tuple():
            for inner in value:
                yield from texts_in(inner)


def elements_in(value: object) -> Iterator[Json]:
    """Yield every button and menu."""
    match value:
        case Message():
            yield from elements_in([*value.blocks, *value.more])
        case Modal():
            yield from elements_in(list(value.blocks))
        case dict():
            if value.get("type") in ("button", "overflow"):
                yield value
            for inner in value.values():
                yield from elements_in(inner)
        case list() | tuple():
            for inner in value:
                yield from elements_in(inner)
