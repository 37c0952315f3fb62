"""Slack's rules for blocks and views; each table row is the rule of one type.

Every row names its page in https://docs.slack.dev/reference/block-kit/ and the surfaces that allow
the type. The surfaces come from https://docs.slack.dev/blocks.json and the block's page; if the two
disagree, the stricter rule applies. Types that the bot does not use (file, video, plan, task_card,
context_actions, call) are not in the table, so they are refused.
"""

from bot.localslack.blocks.element_rules import (
    ACCESSORIES,
    ELEMENTS,
    ID,
    IMAGE_FIELDS,
    IN_ACTIONS,
    IN_INPUT,
    NAME,
    PLAIN,
    element,
)
from bot.localslack.blocks.specs import Flag, Many, Number, OneOf, OrNull, Shape, Spec, Str, Text

EVERYWHERE = frozenset({"message", "modal", "home"})
MESSAGES = frozenset({"message"})
MESSAGES_AND_HOME = frozenset({"message", "home"})
FORMS = frozenset({"modal", "home"})


def _block(page: str, surfaces: frozenset[str], required: tuple[str, ...], **own: Spec) -> Shape:
    fields: dict[str, Spec] = {"type": Str(), "block_id": NAME, **own}
    return Shape(f"blocks/{page}", fields, required, surfaces)


_RICH_PAGE = "blocks/rich-text-block"
_STYLE = Shape(
    _RICH_PAGE,
    {
        name: Flag()
        for name in (
            "bold", "italic", "strike", "code", "underline", "highlight", "client_highlight",
            "unlink",
        )
    },
)  # fmt: skip


def _rich(required: tuple[str, ...], **own: Spec) -> Shape:
    return Shape(_RICH_PAGE, {"type": Str(), **own}, required)


RICH_INLINE: dict[str, Shape] = {
    "text": _rich(("text",), text=Str(shortest=1), style=_STYLE),
    "link": _rich(("url",), url=ID, text=Str(), unsafe=Flag(), style=_STYLE),
    "emoji": _rich(("name",), name=ID, unicode=ID, url=ID, skin_tone=Number(2, 6), style=_STYLE),
    "user": _rich(("user_id",), user_id=ID, style=_STYLE),
    "channel": _rich(("channel_id",), channel_id=ID, style=_STYLE),
    "usergroup": _rich(("usergroup_id",), usergroup_id=ID, style=_STYLE),
    "team": _rich(("team_id",), team_id=ID, style=_STYLE),
    "broadcast": _rich(
        ("range",), range=Str(choices=("here", "channel", "everyone")), style=_STYLE
    ),
    "color": _rich(("value",), value=ID, style=_STYLE),
    "date": _rich(
        ("timestamp", "format"), timestamp=Number(0), format=ID, url=ID, fallback=ID, style=_STYLE
    ),
}
_INLINE = Many(OneOf(RICH_INLINE), least=0)
_SECTION = _rich(("elements",), elements=_INLINE)
RICH_PARTS: dict[str, Shape] = {
    "rich_text_section": _SECTION,
    "rich_text_list": _rich(
        ("elements", "style"),
        elements=Many(OneOf({"rich_text_section": _SECTION})),
        style=Str(choices=("bullet", "ordered")),
        indent=Number(0, 8),
        offset=Number(0),
        border=Number(0, 1),
    ),
    "rich_text_preformatted": _rich(
        ("elements",),
        elements=Many(OneOf(RICH_INLINE, ("text", "link")), least=0),
        border=Number(0, 1),
        language=ID,
    ),
    "rich_text_quote": _rich(("elements",), elements=_INLINE, border=Number(0, 1)),
}
_RICH_TEXT = _block("rich-text-block", EVERYWHERE, ("elements",), elements=Many(OneOf(RICH_PARTS)))

# Slack refuses an empty cell, so apps write a space or a dash.
_TABLE_PAGE = "blocks/table-block"
CELLS: dict[str, Shape] = {
    "raw_text": Shape(_TABLE_PAGE, {"type": Str(), "text": Str(shortest=1)}, ("text",)),
    "raw_number": Shape(
        _TABLE_PAGE,
        {"type": Str(), "value": Number(whole=False), "text": Str(shortest=1)},
        ("value", "text"),
    ),
    "rich_text": _RICH_TEXT,
}
_COLUMN = Shape(
    _TABLE_PAGE, {"align": Str(choices=("left", "center", "right")), "is_wrapped": Flag()}
)

_CHART_PAGE = "blocks/data-visualization-block"
_LABEL = Str(20, 1)
_POINT = Shape(_CHART_PAGE, {"label": _LABEL, "value": Number(whole=False)}, ("label", "value"))
_SEGMENT = Shape(
    _CHART_PAGE, {"label": _LABEL, "value": Number(0, whole=False)}, ("label", "value")
)
_SERIES = Shape(_CHART_PAGE, {"name": _LABEL, "data": Many(_POINT, 20)}, ("name", "data"))
_AXES = Shape(
    _CHART_PAGE,
    {"categories": Many(_LABEL, 20), "x_label": Str(50), "y_label": Str(50)},
    ("categories",),
)
_PLOT = Shape(
    _CHART_PAGE,
    {"type": Str(), "series": Many(_SERIES, 6), "axis_config": _AXES},
    ("series", "axis_config"),
)
_PIE = Shape(_CHART_PAGE, {"type": Str(), "segments": Many(_SEGMENT, 6)}, ("segments",))
CHARTS: dict[str, Shape] = {"line": _PLOT, "bar": _PLOT, "area": _PLOT, "pie": _PIE}

_MARKUP = ("mrkdwn",)
_PICTURE = OneOf({"image": ELEMENTS["image"]})
_CARD = _block(
    "card-block",
    MESSAGES_AND_HOME,
    (),
    hero_image=_PICTURE,
    icon=_PICTURE,
    title=Text(150, _MARKUP),
    subtitle=Text(150, _MARKUP),
    body=Text(200, _MARKUP),
    actions=Many(element("button"), 3),
)

BLOCKS: dict[str, Shape] = {
    "section": _block(
        "section-block",
        EVERYWHERE,
        (),
        text=Text(3000),
        fields=Many(Text(2000), 10),
        accessory=element(*ACCESSORIES),
        expand=Flag(),
    ),
    "header": _block("header-block", EVERYWHERE, ("text",), text=Text(150, PLAIN)),
    "divider": _block("divider-block", EVERYWHERE, ()),
    "context": _block(
        "context-block",
        EVERYWHERE,
        ("elements",),
        # An element's type selects its rule: an image or one of the two kinds of text.
        elements=Many(
            OneOf(
                {
                    "image": ELEMENTS["image"],
                    "plain_text": Shape(
                        "blocks/context-block",
                        {"type": Str(), "text": Str(3000, 1), "emoji": Flag()},
                        ("text",),
                    ),
                    "mrkdwn": Shape(
                        "blocks/context-block",
                        {"type": Str(), "text": Str(3000, 1), "verbatim": Flag()},
                        ("text",),
                    ),
                }
            ),
            10,
        ),
    ),
    "actions": _block(
        "actions-block", EVERYWHERE, ("elements",), elements=Many(element(*IN_ACTIONS), 25)
    ),
    "input": _block(
        "input-block",
        FORMS,
        ("label", "element"),
        label=Text(2000, PLAIN),
        element=element(*IN_INPUT),
        hint=Text(2000, PLAIN),
        optional=Flag(),
        dispatch_action=Flag(),
    ),
    "image": _block(
        "image-block", EVERYWHERE, ("alt_text",), title=Text(2000, PLAIN), **IMAGE_FIELDS
    ),
    "markdown": _block("markdown-block", MESSAGES, ("text",), text=Str(12_000, 1)),
    "rich_text": _RICH_TEXT,
    "table": _block(
        "table-block",
        MESSAGES,
        ("rows",),
        rows=Many(Many(OneOf(CELLS), 20), 100),
        column_settings=Many(OrNull(_COLUMN), 20),
    ),
    "data_table": _block(
        "data-table-block",
        MESSAGES,
        ("rows", "caption"),
        caption=Str(shortest=1),
        rows=Many(Many(OneOf(CELLS), 20), 101, least=2),
        page_size=Number(1, 100),
        row_header_column_index=Number(0),
    ),
    "data_visualization": _block(
        "data-visualization-block",
        MESSAGES_AND_HOME,
        ("title", "chart"),
        title=Str(50, 1),
        chart=OneOf(CHARTS),
    ),
    "alert": _block(
        "alert-block",
        frozenset({"modal"}),
        ("text",),
        text=Text(200),
        level=Str(choices=("default", "info", "warning", "error", "success")),
    ),
    "card": _CARD,
    "carousel": _block(
        "carousel-block",
        MESSAGES_AND_HOME,
        ("elements",),
        elements=Many(OneOf({"card": _CARD}), 10),
    ),
}

_VIEW_FIELDS: dict[str, Spec] = {
    "type": Str(),
    "blocks": Many(OneOf(BLOCKS), 100, least=0),
    "private_metadata": Str(3000),
    "callback_id": Str(255),
    "external_id": Str(255),
}
VIEWS: dict[str, Shape] = {
    "modal": Shape(
        "../views/modal-views",
        {
            **_VIEW_FIELDS,
            "title": Text(24, PLAIN),
            "submit": Text(24, PLAIN),
            "close": Text(24, PLAIN),
            "clear_on_close": Flag(),
            "notify_on_close": Flag(),
        },
        ("title", "blocks"),
    ),
    "home": Shape("../views/home-tab-views", _VIEW_FIELDS, ("blocks",)),
}
