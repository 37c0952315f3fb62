"""Tables, charts, rich text and newer blocks that Slack refuses in a message, one for each rule.

By name: the page of the rule, the blocks, Slack's error text, the pointer below `/blocks`.
"""

from tests.kit.block_kit import (
    Json,
    button,
    cell,
    chart,
    data_table,
    entry,
    line,
    mrkdwn,
    pie,
    rich,
    table,
)

WRONG: dict[str, tuple[str, list[Json], str, str]] = {
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
    "21 column settings": (
        "blocks/table-block",
        [table(column_settings=[None] * 21)],
        "no more than 20 items allowed",
        "/0/column_settings",
    ),
    "long alert": (
        "blocks/alert-block",
        [{"type": "alert", "text": mrkdwn("x" * 201)}],
        "must be less than 201 characters",
        "/0/text/text",
    ),
    "four buttons on a card": (
        "blocks/card-block",
        [{"type": "card", "actions": [button(action_id=str(index)) for index in range(4)]}],
        "no more than 3 items allowed",
        "/0/actions",
    ),
    "number without text": (
        "blocks/data-table-block",
        [data_table([[cell()], [{"type": "raw_number", "value": 1}]])],
        "missing required field: text",
        "/0/rows/1/0",
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
        [data_table([[cell()], [{"type": "raw_number", "value": "1", "text": "1"}]])],
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
