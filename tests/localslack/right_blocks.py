"""Blocks that Slack accepts, at the limits of its rules, and the surfaces that allow them."""

from tests.kit.block_kit import (
    IMAGE,
    Json,
    actions,
    button,
    cell,
    chart,
    confirm,
    data_table,
    mrkdwn,
    option,
    pie,
    plain,
    rich,
    section,
    select,
    table,
)

CARD = {"type": "card", "title": mrkdwn(), "actions": [button()]}
MENU = {"label": plain(), "options": [option()]}
RIGHT: dict[str, Json] = {
    "section": section(text=mrkdwn("x" * 3000), fields=[mrkdwn("x" * 2000)] * 10, expand=True),
    "section with image": section(text=plain(), accessory=IMAGE),
    "section with menu": section(
        text=mrkdwn(),
        accessory=select(options=[option(str(index)) for index in range(100)]),
    ),
    "header": {"type": "header", "text": plain("x" * 150), "block_id": "x" * 255},
    "divider": {"type": "divider"},
    "context": {"type": "context", "elements": [mrkdwn(), plain(), IMAGE]},
    "actions": actions(
        button(value="x" * 2000, style="danger", confirm=confirm(style="danger")),
        {"type": "static_select", "option_groups": [MENU]},
        {"type": "overflow", "action_id": "o", "options": [option()]},
        {"type": "checkboxes", "options": [{"text": mrkdwn(), "value": "v"}]},
        {"type": "users_select", "placeholder": plain("x" * 150)},
        {"type": "datepicker", "initial_date": "2026-10-10"},
        {"type": "datetimepicker", "initial_date_time": 1_800_000_000},
    ),
    "image": {**IMAGE, "title": plain()},
    "rich_text": rich(
        {"type": "text", "text": "x", "style": {"bold": True, "code": True}},
        {"type": "link", "url": "https://example.com", "text": "x"},
        {"type": "user", "user_id": "U1"},
        {"type": "date", "timestamp": 1, "format": "{date_num}", "fallback": "x"},
    ),
    "rich_text list": {
        "type": "rich_text",
        "elements": [
            {
                "type": "rich_text_list",
                "style": "ordered",
                "indent": 1,
                "elements": [{"type": "rich_text_section", "elements": []}],
            },
            {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "x"}]},
            {"type": "rich_text_quote", "elements": [{"type": "emoji", "name": "tada"}]},
        ],
    },
}
ONLY_IN_MESSAGES: dict[str, Json] = {
    "markdown": {"type": "markdown", "text": "x" * 12_000},
    "table": table(
        [[cell(), rich({"type": "text", "text": "x"})]] * 100,
        column_settings=[None, *[{"align": "right", "is_wrapped": True}] * 19],
    ),
    "data_table": data_table(
        [[cell(), cell()], *[[cell(), {"type": "raw_number", "value": 1.5, "text": "1.5"}]] * 100],
        page_size=100,
        row_header_column_index=1,
    ),
}
NOT_IN_MODALS = {"chart": chart(), "pie": pie(1, 2.5), "card": CARD, "carousel": {
    "type": "carousel", "elements": [CARD]}}  # fmt: skip
MODAL: Json = {"type": "modal", "title": plain("x" * 24), "blocks": []}
HOME: Json = {"type": "home", "blocks": []}
