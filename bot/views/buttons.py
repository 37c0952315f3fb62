"""Buttons: the `action_id` is the command, and the value has its arguments as versioned JSON.

Anybody can forge the value that Slack returns. Therefore `read_value` accepts only the exact form
that the bot writes.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from bot.models.nesting import is_too_deep
from bot.models.requests import Block
from bot.text import Plain, Texts, plain_line, quoted
from bot.views.blocks import plain

VERSION = 1
RUN, PAGE = "run:", "page:"
MENU = "run:menu"

Argument: TypeAlias = str | int | list[int]

# docs.slack.dev/reference/block-kit: button element, option object
_BUTTON_VALUE = 2_000
_OPTION_VALUE = 150
_ACCESSIBILITY_LABEL = 75
_OBJECTS = {"ids", "id"}
"""The arguments that name a button's object if its command has no special text for the object."""
_ID_LETTERS = {
    "error": "E",
    "incident": "I",
    "acknowledge": "I",
    "assign": "I",
    "approve": "O",
    "cancel": "O",
    "decline": "O",
    "undo": "O",
}
"""The letter before a number, by the name of the argument or of the command."""
_NAME = re.compile(r"[a-z][a-z-]{0,31}")
_MOST_ARGUMENTS = 12


class UnreadableValue(ValueError):
    """A button value that this version did not write. `version` is set if another version did."""

    def __init__(self, problem: str, version: int | None = None) -> None:
        super().__init__(problem)
        self.version = version


def run_button(
    command: str,
    label: str,
    args: Mapping[str, Argument],
    texts: Texts,
    *,
    style: str | None = None,
    confirm: Block | None = None,
    spoken: str | None = None,
) -> Block:
    """Return a button that runs a command. `style` is primary or danger.

    Screen readers read `spoken` instead of the label. By default, `spoken` names the object.
    """
    spoken = spoken or _spoken(command, label, args, texts)
    button = _button(RUN + command, label, args, None if spoken == label else spoken)
    if style is not None:
        button["style"] = style
    if confirm is not None:
        button["confirm"] = confirm
    return button


def page_button(command: str, label: str, args: Mapping[str, Argument], texts: Texts) -> Block:
    """Return a button that shows the next page of a list."""
    return _button(PAGE + command, label, args, texts.plain(f"spoken-page-{command}"))


def _button(action_id: str, label: str, args: Mapping[str, Argument], spoken: str | None) -> Block:
    button: Block = {
        "type": "button",
        "action_id": action_id,
        "text": plain(label, 75),
        "value": _encoded(args, _BUTTON_VALUE),
    }
    if spoken is not None:
        button["accessibility_label"] = plain_line(spoken, _ACCESSIBILITY_LABEL)
    return button


def _spoken(command: str, label: str, args: Mapping[str, Argument], texts: Texts) -> str | None:
    """Return the label that names the button's object: `Retry failed job 45`."""
    for name, value in args.items():
        if texts.has(key := f"spoken-{command}-{name}"):
            return texts.plain(key, what=_named(command, name, value))
    for name in _OBJECTS & args.keys():
        return f"{label.removesuffix('…')}: {quoted(_named(command, name, args[name]))}"
    return None


def _named(command: str, name: str, value: Argument) -> str:
    """Return the object's name: a number with its letter, or a text from other people."""
    letter = _ID_LETTERS.get(name) or _ID_LETTERS.get(command, "")
    if isinstance(value, list):
        return Plain(", ".join(map(str, value)))
    return Plain(f"{letter}{value}") if isinstance(value, int) else value


def menu(
    options: list[tuple[str, str, Mapping[str, Argument]]], confirm: Block | None = None
) -> Block:
    """Return an overflow menu with up to five options (command, label, arguments)."""
    element: Block = {
        "type": "overflow",
        "action_id": MENU,
        "options": [
            {"text": plain(label, 75), "value": _encoded({"c": command, **args}, _OPTION_VALUE)}
            for command, label, args in options[:5]
        ],
    }
    if confirm is not None:
        element["confirm"] = confirm
    return element


def fitting(
    options: Sequence[tuple[str, str, Mapping[str, Argument]]],
) -> list[tuple[str, str, Mapping[str, Argument]]]:
    """Return the menu options whose value is short enough for Slack."""

    def fits(command: str, args: Mapping[str, Argument]) -> bool:
        return len(_json({"c": command, **args})) <= _OPTION_VALUE

    return [option for option in options if fits(option[0], option[2])]


def _encoded(args: Mapping[str, Argument], limit: int) -> str:
    value = _json(args)
    if len(value) > limit:
        raise ValueError(f"a button's value has {len(value)} characters, Slack takes {limit}")
    return value


def _json(args: Mapping[str, Argument]) -> str:
    value = json.dumps({"v": VERSION, **args}, ensure_ascii=False, separators=(",", ":"))
    # No code treats a value as mrkdwn now. Without markup, the value is safe for future code too.
    for character in "<>&":
        value = value.replace(character, f"\\u{ord(character):04x}")
    # UTF-8 cannot encode a lone surrogate, so JSON needs an escape for it.
    return value.encode("utf-8", "backslashreplace").decode()


def read_value(text: object) -> tuple[str | None, dict[str, Any]]:
    """Return the command and arguments in a value. The command is None except for menu options.

    Raises `UnreadableValue` for any value that this version of the bot cannot have written.
    """
    if not isinstance(text, str) or len(text) > _BUTTON_VALUE:
        raise UnreadableValue("not a text of the right length")
    if is_too_deep(text):
        raise UnreadableValue("nested too deep")
    try:
        arguments = json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise UnreadableValue("not the JSON of a button") from error
    if not isinstance(arguments, dict):
        raise UnreadableValue("not an object")
    version = arguments.pop("v", None)
    if type(version) is not int:
        raise UnreadableValue("no version")
    if version != VERSION:
        raise UnreadableValue("another version", version)
    command = arguments.pop("c", None)
    if command is not None and not (isinstance(command, str) and _NAME.fullmatch(command)):
        raise UnreadableValue("no command's name")
    if len(arguments) > _MOST_ARGUMENTS or not all(
        _is_argument(value) for value in arguments.values()
    ):
        raise UnreadableValue("arguments of a wrong type")
    return command, arguments


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        raise ValueError("a name stands twice")
    return values


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is no number")


def _is_argument(value: object) -> bool:
    if isinstance(value, list):
        return all(type(item) is int for item in value)
    return type(value) in (str, int)
