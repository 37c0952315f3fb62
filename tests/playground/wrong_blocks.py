"""Blocks that Slack refuses, one for each rule, with its words and the place it points to."""

from typing import Any

Json = dict[str, Any]


def mrkdwn(text: str = "x") -> Json:
    """A mrkdwn text object."""
    return {"type": "mrkdwn", "text": text}


def plain(text: str = "x") -> Json:
    """A plain_text text object."""
    return {"type": "plain_text", "text": text}


def button(**changes: Any) -> Json:
    """A button that Slack takes, with changes."""
    return {"type": "button", "text": plain(), "action_id": "a", **changes}


def actions(*elements: Json) -> Json:
    """An actions block."""
    return {"type": "actions", "elements": list(elements)}


def section(**fields: Any) -> Json:
    """A section block."""
    return {"type": "section", **fields}


def option(value: str = "v", text: str = "x") -> Json:
    """An option of a menu."""
    return {"text": plain(text), "value": value}


def select(**changes: Any) -> Json:
    """A static_select that Slack takes, with changes."""
    return {"type": "static_select", "action_id": "s", "options": [option()], **changes}


def confirm(**changes: Any) -> Json:
    """A confirm dialog that Slack takes, with changes."""
    parts = {"title": plain(), "text": mrkdwn(), "confirm": plain(), "deny": plain()}
    return {**parts, **changes}


def entry(**changes: Any) -> Json:
    """An input block with a text field, with changes to the field."""
    element = {"type": "plain_text_input", "action_id": "t", **changes}
    return {"type": "input", "label": plain(), "element": element}


def cell(text: str = "x") -> Json:
    """A raw_text cell."""
    return {"type": "raw_text", "text": text}


def rich(*elements: Json) -> Json:
    """A rich_text block of one section."""
    return {
        "type": "rich_text",
        "elements": [{"type": "rich_text_section", "elements": list(elements)}],
    }


def table(rows: list[list[Json]] | None = None, **changes: Any) -> Json:
    """A table of one cell, with changes."""
    return {"type": "table", "rows": rows or [[cell()]], **changes}


def data_table(rows: list[list[Json]] | None = None, **changes: Any) -> Json:
    """A data table of a header and a row, with changes."""
    rows = rows or [[cell()], [cell()]]
    return {"type": "data_table", "caption": "x", "rows": rows, **changes}


def chart(series: list[Json] | None = None, **changes: Any) -> Json:
    """A line chart of one point, with changes to the chart."""
    plot = {
        "type": "line",
        "series": series or [line()],
        "axis_config": {"categories": ["Mon"]},
        **changes,
    }
    return {"type": "data_visualization", "title": "x", "chart": plot}


def line(name: str = "failed", labels: tuple[str, ...] = ("Mon",)) -> Json:
    """A series of a chart."""
    return {"name": name, "data": [{"label": label, "value": 1} for label in labels]}


def pie(*values: float) -> Json:
    """A pie chart."""
    segments = [{"label": str(index), "value": value} for index, value in enumerate(values)]
    return {
        "type": "data_visualization",
        "title": "x",
        "chart": {"type": "pie", "segments": segments},
    }


IMAGE = {"type": "image", "image_url": "https://example.com/a.png", "alt_text": "x"}
TEXTS = "failed to match all allowed schemas"

# name: (page of the rule, the blocks, Slack's words, the pointer)
IN_MESSAGES: dict[str, tuple[str, list[Json], str, str]] = {
    "unknown block": ("blocks", [{"type": "marquee"}], "unsupported type: marquee", "/0/type"),
    "block without type": ("blocks", [{}], "missing required field: type", "/0"),
    "block that is a text": ("blocks", ["x"], "must provide an object", "/0"),  # type: ignore[list-item]  # wrong on purpose
    "51 blocks": ("blocks", [{"type": "divider"}] * 51, "no more than 50 items allowed", ""),
    "long block_id": (
        "blocks",
        [{"type": "divider", "block_id": "x" * 256}],
        "must be less than 256 characters",
        "/0/block_id",
    ),
    "empty block_id": (
        "blocks",
        [{"type": "divider", "block_id": ""}],
        "must be more than 0 characters",
        "/0/block_id",
    ),
    "same block_id": (
        "blocks",
        [{"type": "divider", "block_id": "b"}] * 2,
        '`block_id` "b" already exists',
        "/1/block_id",
    ),
    "foreign property": (
        "blocks/divider-block",
        [{"type": "divider", "text": "x"}],
        "invalid additional property: text",
        "/0",
    ),
    "empty section": (
        "blocks/section-block",
        [section()],
        "must define either `text` or `fields`",
        "/0/type",
    ),
    "bare section text": (
        "blocks/section-block",
        [section(text="x")],
        "must provide an object",
        "/0/text",
    ),
    "long section": (
        "blocks/section-block",
        [section(text=mrkdwn("x" * 3001))],
        "must be less than 3001 characters",
        "/0/text/text",
    ),
    "empty text": (
        "composition-objects/text-object",
        [section(text=mrkdwn(""))],
        "must be more than 0 characters",
        "/0/text/text",
    ),
    "text of another kind": (
        "composition-objects/text-object",
        [section(text={"type": "markdown", "text": "x"})],
        "unsupported type: markdown",
        "/0/text/type",
    ),
    "emoji in mrkdwn": (
        "composition-objects/text-object",
        [section(text={**mrkdwn(), "emoji": True})],
        "invalid additional property: emoji",
        "/0/text",
    ),
    "eleven fields": (
        "blocks/section-block",
        [section(fields=[mrkdwn()] * 11)],
        "no more than 10 items allowed",
        "/0/fields",
    ),
    "long field": (
        "blocks/section-block",
        [section(fields=[mrkdwn(), mrkdwn("x" * 2001)])],
        "must be less than 2001 characters",
        "/0/fields/1/text",
    ),
    "text field as accessory": (
        "blocks/section-block",
        [section(text=mrkdwn(), accessory=entry()["element"])],
        "unsupported type: plain_text_input",
        "/0/accessory/type",
    ),
    "long header": (
        "blocks/header-block",
        [{"type": "header", "text": plain("x" * 151)}],
        "must be less than 151 characters",
        "/0/text/text",
    ),
    "mrkdwn header": (
        "blocks/header-block",
        [{"type": "header", "text": mrkdwn()}],
        "unsupported type: mrkdwn",
        "/0/text/type",
    ),
    "eleven context elements": (
        "blocks/context-block",
        [{"type": "context", "elements": [mrkdwn()] * 11}],
        "no more than 10 items allowed",
        "/0/elements",
    ),
    "button in context": (
        "blocks/context-block",
        [{"type": "context", "elements": [button()]}],
        "unsupported type: button",
        "/0/elements/0/type",
    ),
    "no actions": (
        "blocks/actions-block",
        [actions()],
        "no fewer than 1 items allowed",
        "/0/elements",
    ),
    "26 actions": (
        "blocks/actions-block",
        [actions(*(button(action_id=str(index)) for index in range(26)))],
        "no more than 25 items allowed",
        "/0/elements",
    ),
    "same action_id": (
        "blocks/actions-block",
        [actions(button(), button())],
        '`action_id` "a" already exists',
        "/0/elements/1/action_id",
    ),
    "button without text": (
        "block-elements/button-element",
        [actions({"type": "button"})],
        "missing required field: text",
        "/0/elements/0",
    ),
    "long button": (
        "block-elements/button-element",
        [actions(button(text=plain("x" * 76)))],
        "must be less than 76 characters",
        "/0/elements/0/text/text",
    ),
    "long value": (
        "block-elements/button-element",
        [actions(button(value="x" * 2001))],
        "must be less than 2001 characters",
        "/0/elements/0/value",
    ),
    "value that is a number": (
        "block-elements/button-element",
        [actions(button(value=45))],
        "must provide a string",
        "/0/elements/0/value",
    ),
    "long action_id": (
        "block-elements/button-element",
        [actions(button(action_id="x" * 256))],
        "must be less than 256 characters",
        "/0/elements/0/action_id",
    ),
    "button of another style": (
        "block-elements/button-element",
        [actions(button(style="default"))],
        "must be a valid enum value",
        "/0/elements/0/style",
    ),
    "block_id on a button": (
        "block-elements/button-element",
        [actions(button(block_id="b"))],
        "invalid additional property: block_id",
        "/0/elements/0",
    ),
    "confirm without deny": (
        "composition-objects/confirmation-dialog-object",
        [actions(button(confirm={**confirm(), "deny": None}))],
        "must provide an object",
        "/0/elements/0/confirm/deny",
    ),
    "long confirm title": (
        "composition-objects/confirmation-dialog-object",
        [actions(button(confirm=confirm(title=plain("x" * 101))))],
        "must be less than 101 characters",
        "/0/elements/0/confirm/title/text",
    ),
    "long confirm text": (
        "composition-objects/confirmation-dialog-object",
        [actions(button(confirm=confirm(text=mrkdwn("x" * 301))))],
        "must be less than 301 characters",
        "/0/elements/0/confirm/text/text",
    ),
    "long confirm button": (
        "composition-objects/confirmation-dialog-object",
        [actions(button(confirm=confirm(confirm=plain("x" * 31))))],
        "must be less than 31 characters",
        "/0/elements/0/confirm/confirm/text",
    ),
    "six overflow options": (
        "block-elements/overflow-menu-element",
        [actions({"type": "overflow", "options": [option(str(index)) for index in range(6)]})],
        "no more than 5 items allowed",
        "/0/elements/0/options",
    ),
    "101 options": (
        "block-elements/select-menu-element",
        [actions(select(options=[option(str(index)) for index in range(101)]))],
        "no more than 100 items allowed",
        "/0/elements/0/options",
    ),
    "options and groups": (
        "block-elements/select-menu-element",
        [actions(select(option_groups=[{"label": plain(), "options": [option()]}]))],
        "must define either `options` or `option_groups`",
        "/0/elements/0/type",
    ),
    "initial option that is not there": (
        "block-elements/select-menu-element",
        [actions(select(initial_option=option("other")))],
        "must match one of the options",
        "/0/elements/0/initial_option",
    ),
    "long option": (
        "composition-objects/option-object",
        [actions(select(options=[option(text="x" * 76)]))],
        "must be less than 76 characters",
        "/0/elements/0/options/0/text/text",
    ),
    "long option value": (
        "composition-objects/option-object",
        [actions(select(options=[option("x" * 151)]))],
        "must be less than 151 characters",
        "/0/elements/0/options/0/value",
    ),
    "url in a select": (
        "composition-objects/option-object",
        [actions(select(options=[{**option(), "url": "https://example.com"}]))],
        "invalid additional property: url",
        "/0/elements/0/options/0",
    ),
    "eleven checkboxes": (
        "block-elements/checkboxes-element",
        [actions({"type": "checkboxes", "options": [option(str(index)) for index in range(11)]})],
        "no more than 10 items allowed",
        "/0/elements/0/options",
    ),
    "image without alt text": (
        "blocks/image-block",
        [{"type": "image", "image_url": "https://example.com/a.png"}],
        "missing required field: alt_text",
        "/0",
    ),
    "image of two sources": (
        "blocks/image-block",
        [{**IMAGE, "slack_file": {"id": "F1"}}],
        "must define either `image_url` or `slack_file`",
        "/0/type",
    ),
    "long markdown": (
        "blocks/markdown-block",
        [{"type": "markdown", "text": "x" * 12_001}],
        "must be less than 12001 characters",
        "/0/text",
    ),
    "long markdown together": (
        "blocks/markdown-block",
        [{"type": "markdown", "text": "x" * 6_001}] * 2,
        "must be less than 12001 characters",
        "/1/text",
    ),
    "empty rich text": (
        "blocks/rich-text-block",
        [{"type": "rich_text", "elements": []}],
        "no fewer than 1 items allowed",
        "/0/elements",
    ),
    "unknown rich text element": (
        "blocks/rich-text-block",
        [rich({"type": "blink", "text": "x"})],
        "unsupported type: blink",
        "/0/elements/0/elements/0/type",
    ),
    "rich text style": (
        "blocks/rich-text-block",
        [rich({"type": "text", "text": "x", "style": {"red": True}})],
        "invalid additional property: red",
        "/0/elements/0/elements/0/style",
    ),
    "date without format": (
        "blocks/rich-text-block",
        [rich({"type": "date", "timestamp": 1})],
        "missing required field: format",
        "/0/elements/0/elements/0",
    ),
    "list of text": (
        "blocks/rich-text-block",
        [
            {
                "type": "rich_text",
                "elements": [
                    {
                        "type": "rich_text_list",
                        "style": "bullet",
                        "elements": [{"type": "text", "text": "x"}],
                    }
                ],
            }
        ],
        "unsupported type: text",
        "/0/elements/0/elements/0/type",
    ),
    "101 table rows": (
        "blocks/table-block",
        [table([[cell()]] * 101)],
        "no more than 100 items allowed",
        "/0/rows",
    ),
    "21 table cells": (
        "blocks/table-block",
        [table([[cell()] * 21])],
        "no more than 20 items allowed",
        "/0/rows/0",
    ),
    "empty cell": (
        "blocks/table-block",
        [table([[cell(), cell("")]])],
        "must be more than 0 characters",
        "/0/rows/0/1/text",
    ),
    "mrkdwn cell": (
        "blocks/table-block",
        [table([[mrkdwn()]])],
        "unsupported type: mrkdwn",
        "/0/rows/0/0/type",
    ),
    "column aligned to nowhere": (
        "blocks/table-block",
        [table(column_settings=[None, {"align": "middle"}])],
        "must be a valid enum value",
        "/0/column_settings/1/align",
    ),
    "table of 10,001 characters": (
        "blocks/table-block",
        [table([[cell("x" * 10_001)]])],
        "no more than 10000 characters allowed in table cells",
        "/0/rows",
    ),
    "data table without caption": (
        "blocks/data-table-block",
        [{"type": "data_table", "rows": [[cell()], [cell()]]}],
        "missing required field: caption",
        "/0",
    ),
    "data table of a header": (
        "blocks/data-table-block",
        [data_table([[cell()]])],
        "no fewer than 2 items allowed",
        "/0/rows",
    ),
    "102 data table rows": (
        "blocks/data-table-block",
        [data_table([[cell()]] * 102)],
        "no more than 101 items allowed",
        "/0/rows",
    ),
    "ragged data table": (
        "blocks/data-table-block",
        [data_table([[cell()], [cell(), cell()]])],
        "all rows must have the same number of cells",
        "/0/rows/1",
    ),
    "rich header": (
        "blocks/data-table-block",
        [data_table([[rich({"type": "text", "text": "x"})], [cell()]])],
        "unsupported type: rich_text",
        "/0/rows/0/0/type",
    ),
    "page of 101": (
        "blocks/data-table-block",
        [data_table(page_size=101)],
        "must be less than or equal to 100",
        "/0/page_size",
    ),
    "page of nothing": (
        "blocks/data-table-block",
        [data_table(page_size=0)],
        "must be greater than or equal to 1",
        "/0/page_size",
    ),
    "row header beyond the table": (
        "blocks/data-table-block",
        [data_table(row_header_column_index=1)],
        "must be the index of a column",
        "/0/row_header_column_index",
    ),
    "number as text": (
        "blocks/data-table-block",
        [data_table([[cell()], [{"type": "raw_number", "value": "1"}]])],
        "must provide a number",
        "/0/rows/1/0/value",
    ),
    "three charts": (
        "blocks/data-visualization-block",
        [chart()] * 3,
        "too many data_visualization blocks",
        "/2",
    ),
    "seven series": (
        "blocks/data-visualization-block",
        [chart([line(str(index)) for index in range(7)])],
        "no more than 6 items allowed",
        "/0/chart/series",
    ),
    "series of one name": (
        "blocks/data-visualization-block",
        [chart([line(), line()])],
        "must be unique",
        "/0/chart/series/1/name",
    ),
    "21 points": (
        "blocks/data-visualization-block",
        [
            chart(
                [line(labels=tuple(map(str, range(21))))],
                axis_config={"categories": [str(index) for index in range(20)]},
            )
        ],
        "no more than 20 items allowed",
        "/0/chart/series/0/data",
    ),
    "series with a hole": (
        "blocks/data-visualization-block",
        [chart(axis_config={"categories": ["Mon", "Tue"]})],
        "must have one value for each category",
        "/0/chart/series/0/data",
    ),
    "category twice": (
        "blocks/data-visualization-block",
        [chart([line(labels=("Mon", "Mon"))], axis_config={"categories": ["Mon", "Mon"]})],
        "must be unique",
        "/0/chart/axis_config/categories",
    ),
    "long axis label": (
        "blocks/data-visualization-block",
        [chart(axis_config={"categories": ["Mon"], "y_label": "x" * 51})],
        "must be less than 51 characters",
        "/0/chart/axis_config/y_label",
    ),
    "long chart title": (
        "blocks/data-visualization-block",
        [{**chart(), "title": "x" * 51}],
        "must be less than 51 characters",
        "/0/title",
    ),
    "chart of another kind": (
        "blocks/data-visualization-block",
        [chart(type="donut")],
        "unsupported type: donut",
        "/0/chart/type",
    ),
    "slice of nothing": (
        "blocks/data-visualization-block",
        [pie(1, 0)],
        "must be greater than 0",
        "/0/chart/segments/1/value",
    ),
    "infinite slice": (
        "blocks/data-visualization-block",
        [pie(float("inf"))],
        "must be greater than or equal to 0",
        "/0/chart/segments/0/value",
    ),
    "input in a message": ("blocks/input-block", [entry()], "unsupported type: input", "/0/type"),
    "alert in a message": (
        "blocks/alert-block",
        [{"type": "alert", "text": mrkdwn()}],
        "unsupported type: alert",
        "/0/type",
    ),
    "empty card": (
        "blocks/card-block",
        [{"type": "card", "subtitle": mrkdwn()}],
        "must define `hero_image`, `title`, `actions` or `body`",
        "/0/type",
    ),
}
