"""Converts our JSON to slackblocks' objects, whose constructors validate it."""

from typing import Any

import slackblocks
from slackblocks.errors import InvalidUsageError

from tests.kit.block_kit import Json


def refuses(block: Json) -> bool:
    """Whether slackblocks refuses a data table or a chart."""
    fields = {key: value for key, value in block.items() if key != "type"}
    try:
        if block["type"] == "data_table":
            rows = [[_cell(cell) for cell in row] for row in fields.pop("rows")]
            slackblocks.DataTableBlock(rows=rows, **fields)
        else:
            slackblocks.DataVisualizationBlock(**{**fields, "chart": _chart(fields["chart"])})
    except (InvalidUsageError, KeyError, TypeError):
        return True
    return False


def _cell(cell: Json) -> Any:
    if cell["type"] == "raw_number":
        return slackblocks.RawNumber(cell["value"], cell["text"])
    if cell["type"] == "raw_text":
        return slackblocks.RawText(cell["text"])
    return slackblocks.RichTextBlock(slackblocks.RichTextSection(slackblocks.RichText("x")))


CHARTS = {
    "line": slackblocks.LineChart,
    "bar": slackblocks.BarChart,
    "area": slackblocks.AreaChart,
}


def _chart(chart: Json) -> Any:
    if chart["type"] == "pie":
        segments = [slackblocks.ChartSegment(**one) for one in chart["segments"]]
        return slackblocks.PieChart(segments)
    series = [
        slackblocks.DataSeries(
            one["name"], [slackblocks.DataPoint(**point) for point in one["data"]]
        )
        for one in chart["series"]
    ]
    return CHARTS[chart["type"]](series, slackblocks.AxisConfig(**chart["axis_config"]))
