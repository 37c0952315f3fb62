"""Validate blocks and views, and convert blocks to their stored form, as Slack does."""

import copy
from collections.abc import Callable, Iterator
from typing import Literal

from bot.localslack.blocks.block_rules import BLOCKS, VIEWS
from bot.localslack.blocks.checks import BLOCK_CHECKS, ELEMENT_CHECKS, TABLE_CHARACTERS
from bot.localslack.blocks.element_rules import ELEMENT_SURFACES
from bot.localslack.blocks.specs import Json, OneOf, Problem

Surface = Literal["message", "modal", "home"]

MESSAGE_BLOCKS = 50  # https://docs.slack.dev/reference/block-kit/blocks
MARKDOWN_CHARACTERS = 12_000  # in all markdown blocks of a message: blocks/markdown-block
CHARTS = 2  # in one message: blocks/data-visualization-block
TABLES = ("table", "data_table")


def message_problems(blocks: object, at: str = "/blocks") -> list[Problem]:
    """Return the problems for which Slack refuses a message's blocks; empty without problems."""
    if not isinstance(blocks, list):
        return [Problem("must provide an array", at)]
    if len(blocks) > MESSAGE_BLOCKS:
        return [Problem(f"no more than {MESSAGE_BLOCKS} items allowed", at)]
    problems = list(_block_problems(blocks, "message", at))
    return problems or list(_message_totals(blocks, at))


def view_problems(view: object, surfaces: tuple[Surface, ...] = ("modal", "home")) -> list[Problem]:
    """Return the problems for which Slack refuses a view on these surfaces; empty without any."""
    problems = list(_view_problems(view, surfaces))
    if problems and isinstance(view, dict):
        return [Problem("failed to match all allowed schemas", "/view"), *problems]
    return problems


def _view_problems(view: object, surfaces: tuple[Surface, ...]) -> Iterator[Problem]:
    shape_problems = list(OneOf(VIEWS, surfaces).problems(view, "/view"))
    if shape_problems or not isinstance(view, dict):
        yield from shape_problems
        return
    surface: Surface = view["type"]
    problems = list(_block_problems(view["blocks"], surface, "/view/blocks"))
    yield from problems
    if not problems:
        yield from _form_problems(view)


def _form_problems(view: Json) -> Iterator[Problem]:
    """Check surfaces/modals: an input needs `submit`; one `focus_on_load` at most."""
    focused = False
    for index, block in enumerate(view["blocks"]):
        at = f"/view/blocks/{index}"
        if block["type"] == "input" and view["type"] == "modal" and "submit" not in view:
            yield Problem("must define `submit` to use an `input` block in modals", f"{at}/input")
        for element, place in elements_of(block, at):
            if element.get("focus_on_load"):
                if focused:
                    yield Problem("only one element can have `focus_on_load`", place)
                focused = True


def _block_problems(blocks: list[Json], surface: Surface, at: str) -> Iterator[Problem]:
    block_ids: set[str | None] = set()
    for index, block in enumerate(blocks):
        place = f"{at}/{index}"
        problems = list(OneOf(BLOCKS).problems(block, place))
        yield from problems
        if problems:
            continue
        if surface not in BLOCKS[block["type"]].surfaces:
            yield Problem(f"unsupported type: {block['type']}", f"{place}/type")
            continue
        block_id = block.get("block_id")
        if block_id is not None and block_id in block_ids:
            yield Problem(f'`block_id` "{block_id}" already exists', f"{place}/block_id")
        block_ids.add(block_id)
        check = BLOCK_CHECKS.get(block["type"])
        yield from check(block, place) if check else ()
        yield from _element_problems(block, surface, place)


def _element_problems(block: Json, surface: Surface, at: str) -> Iterator[Problem]:
    action_ids: set[str | None] = set()
    for element, place in elements_of(block, at):
        kind = element["type"]
        if surface not in ELEMENT_SURFACES.get(kind, {surface}):
            yield Problem(f"unsupported type: {kind}", f"{place}/type")
        action_id = element.get("action_id")
        if action_id is not None and action_id in action_ids:
            yield Problem(f'`action_id` "{action_id}" already exists', f"{place}/action_id")
        action_ids.add(action_id)
        check = ELEMENT_CHECKS.get(kind)
        yield from check(element, place) if check else ()


def _message_totals(blocks: list[Json], at: str) -> Iterator[Problem]:
    """Check the limits over all blocks of a message: tables, charts, markdown, cells."""
    places: dict[str, list[int]] = {}
    for index, block in enumerate(blocks):
        places.setdefault(block["type"], []).append(index)
    for index in places.get("data_visualization", [])[CHARTS:]:
        yield Problem("too many data_visualization blocks", f"{at}/{index}")
    tables = [index for kind in TABLES for index in places.get(kind, [])]
    if sum(len(_cell_text(blocks[index])) for index in tables) > TABLE_CHARACTERS:
        yield Problem(
            f"no more than {TABLE_CHARACTERS} characters allowed in table cells",
            f"{at}/{tables[0]}/rows",
        )
    markdown = places.get("markdown", [])
    if sum(len(blocks[index]["text"]) for index in markdown) > MARKDOWN_CHARACTERS:
        yield Problem(
            f"must be less than {MARKDOWN_CHARACTERS + 1} characters", f"{at}/{markdown[-1]}/text"
        )


def has_two_tables(blocks: list[Json]) -> bool:
    """Whether there are two tables; blocks/table-block: Slack answers `invalid_attachments`."""
    return sum(block["type"] in TABLES for block in blocks) > 1


def _cell_text(block: Json) -> str:
    return "".join(text_of(cell) for row in block["rows"] for cell in row)


def text_of(value: object) -> str:
    """Return all visible text of the value: texts, captions, labels, titles, cell values."""
    if isinstance(value, list):
        return "".join(map(text_of, value))
    if not isinstance(value, dict):
        return ""
    readable = ("text", "alt_text", "caption", "title", "label", "name", "fallback")
    texts = [inner for key, inner in value.items() if key in readable and isinstance(inner, str)]
    return "".join(texts) + "".join(text_of(inner) for inner in value.values())


def elements_of(block: Json, at: str = "") -> Iterator[tuple[Json, str]]:
    """Yield a block's elements in order, each with its JSON pointer."""
    for key in ("accessory", "element"):
        if isinstance(block.get(key), dict):
            yield block[key], f"{at}/{key}"
    if block["type"] in {"actions", "context"}:
        for index, element in enumerate(block["elements"]):
            yield element, f"{at}/elements/{index}"
    if block["type"] == "card":
        for index, element in enumerate(block.get("actions", [])):
            yield element, f"{at}/actions/{index}"
    if block["type"] == "carousel":
        for index, inner in enumerate(block["elements"]):
            yield from elements_of(inner, f"{at}/elements/{index}")


def as_stored(blocks: list[Json], new_id: Callable[[], str]) -> list[Json]:
    """Return the blocks as Slack stores them, with all ids and with the defaults of texts."""
    stored = copy.deepcopy(blocks)
    for block in stored:
        _fill(block, new_id)
    return stored


def _fill(block: Json, new_id: Callable[[], str]) -> None:
    block.setdefault("block_id", new_id())
    for element, _ in elements_of(block):
        if element["type"] not in {"image", "plain_text", "mrkdwn"}:
            element.setdefault("action_id", new_id())
    _fill_text(block)


def _fill_text(value: object) -> None:
    if isinstance(value, list):
        for item in value:
            _fill_text(item)
    elif isinstance(value, dict):
        if value.get("type") == "plain_text":
            value.setdefault("emoji", True)
        elif value.get("type") == "mrkdwn":
            value.setdefault("verbatim", False)
        for inner in value.values():
            _fill_text(inner)
