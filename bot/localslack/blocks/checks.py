"""Slack's rules about more than one field of a block or an element.

Each rule names its page in https://docs.slack.dev/reference/block-kit/. The rules run only on
values that already passed the check of their shape.
"""

import json
from collections.abc import Callable, Iterator

from bot.localslack.blocks.specs import Json, Problem

# The maximum characters in all table cells of a message (blocks/table-block, data-table-block).
TABLE_CHARACTERS = 10_000

Check = Callable[[Json, str], Iterator[Problem]]


def exactly_one(value: Json, at: str, first: str, second: str) -> Iterator[Problem]:
    """Yield a problem at `type` unless the value has exactly one of two fields."""
    if (first in value) == (second in value):
        yield Problem(f"must define either `{first}` or `{second}`", f"{at}/type")


def section(block: Json, at: str) -> Iterator[Problem]:
    """Check blocks/section-block: the block needs text or fields."""
    if "text" not in block and "fields" not in block:
        yield Problem("must define either `text` or `fields`", f"{at}/type")


def image(value: Json, at: str) -> Iterator[Problem]:
    """Check blocks/image-block and block-elements/image-element: exactly one source."""
    yield from exactly_one(value, at, "image_url", "slack_file")


def card(block: Json, at: str) -> Iterator[Problem]:
    """Check blocks/card-block: at least one visible part."""
    if not {"hero_image", "title", "actions", "body"} & block.keys():
        yield Problem("must define `hero_image`, `title`, `actions` or `body`", f"{at}/type")


def choices(value: Json, at: str) -> Iterator[Problem]:
    """Check block-elements/select-menu-element and others: each initial choice is an option."""
    if value["type"] in {"static_select", "multi_static_select"}:
        yield from exactly_one(value, at, "options", "option_groups")
    groups = [group["options"] for group in value.get("option_groups", [])]
    options = [
        plain_option(item) for items in (value.get("options", []), *groups) for item in items
    ]
    initial = value.get("initial_options") or [value.get("initial_option")]
    for item in initial:
        if item is not None and plain_option(item) not in options:
            field = "initial_options" if "initial_options" in value else "initial_option"
            yield Problem("must match one of the options", f"{at}/{field}")


def plain_option(option: Json) -> str:
    """Return an option's identity: its value and its shown text."""
    return json.dumps([option["value"], option["text"]["text"]])


def lengths(value: Json, at: str) -> Iterator[Problem]:
    """Check block-elements/plain-text-input-element: `min_length` is at most `max_length`."""
    if value.get("min_length", 0) > value.get("max_length", 3000):
        yield Problem("must be less than or equal to `max_length`", f"{at}/min_length")


def data_table(block: Json, at: str) -> Iterator[Problem]:
    """Check blocks/data-table-block: equally long rows, and a header without rich text."""
    rows: list[list[Json]] = block["rows"]
    width = len(rows[0])
    for index, row in enumerate(rows):
        if len(row) != width:
            yield Problem("all rows must have the same number of cells", f"{at}/rows/{index}")
    for index, cell in enumerate(rows[0]):
        if cell["type"] == "rich_text":
            yield Problem("unsupported type: rich_text", f"{at}/rows/0/{index}/type")
    if block.get("row_header_column_index", 0) >= width:
        yield Problem("must be the index of a column", f"{at}/row_header_column_index")


def data_visualization(block: Json, at: str) -> Iterator[Problem]:
    """Check blocks/data-visualization-block: unique names, one value per category, slices > 0."""
    chart: Json = block["chart"]
    at = f"{at}/chart"
    for index, segment in enumerate(chart.get("segments", [])):
        if segment["value"] <= 0:
            yield Problem("must be greater than 0", f"{at}/segments/{index}/value")
    if "series" not in chart:
        return
    categories: list[str] = chart["axis_config"]["categories"]
    if len(set(categories)) != len(categories):
        yield Problem("must be unique", f"{at}/axis_config/categories")
    names: set[str] = set()
    for index, series in enumerate(chart["series"]):
        if series["name"] in names:
            yield Problem("must be unique", f"{at}/series/{index}/name")
        names.add(series["name"])
        if sorted(point["label"] for point in series["data"]) != sorted(categories):
            yield Problem("must have one value for each category", f"{at}/series/{index}/data")


BLOCK_CHECKS: dict[str, Check] = {
    "section": section,
    "image": image,
    "card": card,
    "data_table": data_table,
    "data_visualization": data_visualization,
}

ELEMENT_CHECKS: dict[str, Check] = {
    "image": image,
    "plain_text_input": lengths,
    **dict.fromkeys(
        ("static_select", "multi_static_select", "checkboxes", "radio_buttons"), choices
    ),
}
