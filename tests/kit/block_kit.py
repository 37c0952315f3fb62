"""Valid Block Kit blocks, elements and objects, which a test can change."""

from typing import Any

Json = dict[str, Any]


def mrkdwn(text: str = "x") -> Json:
    """A mrkdwn text object."""
    return {"type": "mrkdwn", "text": text}


def plain(text: str = "x") -> Json:
    """A plain_text text object."""
    return {"type": "plain_text", "text": text}


def button(**changes: Any) -> Json:
    """A valid button, with changes."""
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
    """A valid static_select, with changes."""
    return {"type": "static_select", "action_id": "s", "options": [option()], **changes}


def confirm(**changes: Any) -> Json:
    """A valid confirm dialog, with changes."""
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
