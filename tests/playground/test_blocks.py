from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.models.blocks import Block

from bot.playground.block_rules import BLOCKS, VIEWS
from bot.playground.block_specs import Shape
from bot.playground.blocks import as_kept, message_problems, view_problems
from bot.playground.element_rules import ELEMENTS
from tests.playground.wrong_blocks import (
    IMAGE,
    IN_MESSAGES,
    TEXTS,
    Json,
    actions,
    button,
    cell,
    chart,
    confirm,
    data_table,
    entry,
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
        column_settings=[None, {"align": "right", "is_wrapped": True}],
    ),
    "data_table": data_table(
        [[cell(), cell()], *[[cell(), {"type": "raw_number", "value": 1.5}]] * 100],
        page_size=100,
        row_header_column_index=1,
    ),
}
NOT_IN_MODALS = {"chart": chart(), "pie": pie(1, 2.5), "card": CARD, "carousel": {
    "type": "carousel", "elements": [CARD]}}  # fmt: skip
MODAL: Json = {"type": "modal", "title": plain("x" * 24), "blocks": []}
HOME: Json = {"type": "home", "blocks": []}


@pytest.mark.parametrize("name", IN_MESSAGES)
def test_a_wrong_message_is_refused_at_the_place_that_is_wrong(name: str) -> None:
    _page, blocks, words, pointer = IN_MESSAGES[name]
    found = [str(problem) for problem in message_problems(blocks)]

    expected = f"{words} [json-pointer:/blocks{pointer}]"
    headed = [line for line in found if not line.startswith(TEXTS)]
    assert headed == [expected]


@pytest.mark.parametrize("name", [*RIGHT, *ONLY_IN_MESSAGES, *NOT_IN_MODALS])
def test_a_right_message_is_taken(name: str) -> None:
    block = (RIGHT | ONLY_IN_MESSAGES | NOT_IN_MODALS)[name]

    assert message_problems([block]) == []


@pytest.mark.parametrize("name", RIGHT)
def test_most_blocks_stand_in_modals_and_on_home_too(name: str) -> None:
    assert view_problems({**MODAL, "blocks": [RIGHT[name]]}) == []
    without_picker = {
        **RIGHT[name],
        "elements": [
            one for one in RIGHT[name].get("elements", []) if one["type"] != "datetimepicker"
        ],
    }
    block = without_picker if name == "actions" else RIGHT[name]
    assert view_problems({**HOME, "blocks": [block]}) == []


@pytest.mark.parametrize("name", ONLY_IN_MESSAGES)
@pytest.mark.parametrize("view", [MODAL, HOME], ids=["modal", "home"])
def test_tables_and_markdown_stand_in_messages_only(name: str, view: Json) -> None:
    block = ONLY_IN_MESSAGES[name]
    found = [str(problem) for problem in view_problems({**view, "blocks": [block]})]

    assert found == [
        f"{TEXTS} [json-pointer:/view]",
        f"unsupported type: {block['type']} [json-pointer:/view/blocks/0/type]",
    ]


@pytest.mark.parametrize("name", NOT_IN_MODALS)
def test_cards_and_charts_stand_on_home_but_not_in_modals(name: str) -> None:
    block = NOT_IN_MODALS[name]

    assert view_problems({**HOME, "blocks": [block]}) == []
    assert view_problems({**MODAL, "blocks": [block]}) != []


LONG = "x" * 3001
SUBMIT = {"submit": plain()}
WRONG_VIEWS: dict[str, tuple[Json, str, str]] = {
    "no title": ({"type": "modal", "blocks": []}, "missing required field: title", ""),
    "no blocks": ({"type": "home"}, "missing required field: blocks", ""),
    "another kind": ({**MODAL, "type": "dialog"}, "unsupported type: dialog", "/type"),
    "long title": (
        {**MODAL, "title": plain("x" * 25)},
        "must be less than 25 characters",
        "/title/text",
    ),
    "long submit": (
        {**MODAL, "submit": plain("x" * 25)},
        "must be less than 25 characters",
        "/submit/text",
    ),
    "long close": (
        {**MODAL, "close": plain("x" * 25)},
        "must be less than 25 characters",
        "/close/text",
    ),
    "long private_metadata": (
        {**MODAL, "private_metadata": LONG},
        "must be less than 3001 characters",
        "/private_metadata",
    ),
    "long callback_id": (
        {**HOME, "callback_id": "x" * 256},
        "must be less than 256 characters",
        "/callback_id",
    ),
    "101 blocks": (
        {**HOME, "blocks": [{"type": "divider"}] * 101},
        "no more than 100 items allowed",
        "/blocks",
    ),
    "a title on home": ({**HOME, "title": plain()}, "invalid additional property: title", ""),
    "what Slack itself adds": ({**MODAL, "id": "V1"}, "invalid additional property: id", ""),
    "input without submit": (
        {**MODAL, "blocks": [{"type": "divider"}, entry()]},
        "must define `submit` to use an `input` block in modals",
        "/blocks/1/input",
    ),
    "input with a button": (
        {**MODAL, **SUBMIT, "blocks": [{**entry(), "element": button()}]},
        "unsupported type: button",
        "/blocks/0/element/type",
    ),
    "input without label": (
        {**MODAL, **SUBMIT, "blocks": [{"type": "input", "element": entry()["element"]}]},
        "missing required field: label",
        "/blocks/0",
    ),
    "long placeholder": (
        {**MODAL, **SUBMIT, "blocks": [entry(placeholder=plain("x" * 151))]},
        "must be less than 151 characters",
        "/blocks/0/element/placeholder/text",
    ),
    "shortest above longest": (
        {**MODAL, **SUBMIT, "blocks": [entry(min_length=5, max_length=4)]},
        "must be less than or equal to `max_length`",
        "/blocks/0/element/min_length",
    ),
    "two first places": (
        {**MODAL, **SUBMIT, "blocks": [entry(focus_on_load=True), entry(focus_on_load=True)]},
        "only one element can have `focus_on_load`",
        "/blocks/1/element",
    ),
    "number input on home": (
        {
            **HOME,
            "blocks": [
                {
                    "type": "input",
                    "label": plain(),
                    "element": {"type": "number_input", "is_decimal_allowed": False},
                }
            ],
        },
        "unsupported type: number_input",
        "/blocks/0/element/type",
    ),
    "alert on home": (
        {**HOME, "blocks": [{"type": "alert", "text": mrkdwn()}]},
        "unsupported type: alert",
        "/blocks/0/type",
    ),
    "alert of another level": (
        {**MODAL, "blocks": [{"type": "alert", "text": mrkdwn(), "level": "fatal"}]},
        "must be a valid enum value",
        "/blocks/0/level",
    ),
}


@pytest.mark.parametrize("name", WRONG_VIEWS)
def test_a_wrong_view_is_refused_at_the_place_that_is_wrong(name: str) -> None:
    view, words, pointer = WRONG_VIEWS[name]
    found = [str(problem) for problem in view_problems(view)]

    assert found == [
        f"{TEXTS} [json-pointer:/view]",
        f"{words} [json-pointer:/view{pointer}]",
    ]


def test_a_view_that_is_no_object_is_refused() -> None:
    assert [str(problem) for problem in view_problems("x")] == [
        "must provide an object [json-pointer:/view]"
    ]


def test_blocks_come_back_with_every_id_and_the_defaults_of_texts() -> None:
    (kept,) = as_kept([actions(button(action_id="a"), select())], lambda: "made")

    assert kept["block_id"] == "made"
    assert kept["elements"][0]["text"] == {"type": "plain_text", "text": "x", "emoji": True}
    sent = actions({"type": "button", "text": plain()})
    (kept,) = as_kept([sent], lambda: "made")
    assert kept["elements"][0]["action_id"] == "made"
    assert "block_id" not in sent, "what the app sent is not touched"


def test_two_tables_in_a_message_are_refused_as_slack_does(client: WebClient) -> None:
    with pytest.raises(SlackApiError) as caught:
        client.chat_postMessage(channel="queue-ops", text="x", blocks=[table(), data_table()])

    assert caught.value.response["error"] == "invalid_attachments"
    messages = caught.value.response["response_metadata"]["messages"]
    assert messages == ["[ERROR] only_one_table_allowed"]


@pytest.mark.parametrize(("length", "error"), [(2640, None), (2641, "msg_blocks_too_long")])
def test_all_texts_of_a_message_together_are_bounded(
    client: WebClient, length: int, error: str | None
) -> None:
    blocks = [section(text=mrkdwn("x" * length))] * 5

    def post() -> Any:
        return client.chat_postMessage(channel="queue-ops", text="x", blocks=blocks)

    if error is None:
        assert post()["ok"]
        return
    with pytest.raises(SlackApiError) as caught:
        post()
    assert caught.value.response["error"] == error


@pytest.mark.parametrize("name", [name for name, block in RIGHT.items() if name != "section"])
def test_the_sdks_models_take_what_we_take(name: str) -> None:
    parsed = Block.parse(RIGHT[name])

    assert parsed is not None
    parsed.validate_json()


def test_every_rule_names_its_page() -> None:
    shapes: list[Shape] = [*BLOCKS.values(), *ELEMENTS.values(), *VIEWS.values()]

    assert all(shape.page.startswith(("blocks/", "block-elements/", "../")) for shape in shapes)
    assert all(shape.surfaces for shape in BLOCKS.values())
    pages = {page for page, *_ in IN_MESSAGES.values()}
    assert {f"blocks/{name.replace('_', '-')}-block" for name in BLOCKS} <= (
        pages | {"blocks/divider-block", "blocks/carousel-block"}
    )
