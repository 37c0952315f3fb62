from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.localslack.blocks.block_rules import BLOCKS, VIEWS
from bot.localslack.blocks.element_rules import ELEMENTS
from bot.localslack.blocks.specs import Shape
from bot.localslack.blocks.validation import as_stored, message_problems, view_problems
from tests.kit.block_kit import (
    TEXTS,
    Json,
    actions,
    button,
    data_table,
    mrkdwn,
    plain,
    section,
    select,
    table,
)
from tests.localslack import wrong_blocks, wrong_elements, wrong_tables
from tests.localslack.right_blocks import HOME, MODAL, NOT_IN_MODALS, ONLY_IN_MESSAGES, RIGHT
from tests.localslack.wrong_views import WRONG_VIEWS

IN_MESSAGES = wrong_blocks.WRONG | wrong_elements.WRONG | wrong_tables.WRONG


@pytest.mark.parametrize("name", IN_MESSAGES)
def test_an_invalid_message_is_refused_with_the_place_of_the_error(name: str) -> None:
    _page, blocks, words, pointer = IN_MESSAGES[name]
    problems = [str(problem) for problem in message_problems(blocks)]

    expected = f"{words} [json-pointer:/blocks{pointer}]"
    headed = [line for line in problems if not line.startswith(TEXTS)]
    assert headed == [expected]


@pytest.mark.parametrize("name", [*RIGHT, *ONLY_IN_MESSAGES, *NOT_IN_MODALS])
def test_a_valid_message_is_accepted(name: str) -> None:
    block = (RIGHT | ONLY_IN_MESSAGES | NOT_IN_MODALS)[name]

    assert message_problems([block]) == []


@pytest.mark.parametrize("name", RIGHT)
def test_most_blocks_are_allowed_in_modals_and_on_home(name: str) -> None:
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
def test_tables_and_markdown_are_allowed_only_in_messages(name: str, view: Json) -> None:
    block = ONLY_IN_MESSAGES[name]
    problems = [str(problem) for problem in view_problems({**view, "blocks": [block]})]

    assert problems == [
        f"{TEXTS} [json-pointer:/view]",
        f"unsupported type: {block['type']} [json-pointer:/view/blocks/0/type]",
    ]


@pytest.mark.parametrize("name", NOT_IN_MODALS)
def test_cards_and_charts_are_allowed_on_home_and_not_in_modals(name: str) -> None:
    block = NOT_IN_MODALS[name]

    assert view_problems({**HOME, "blocks": [block]}) == []
    assert view_problems({**MODAL, "blocks": [block]}) != []


@pytest.mark.parametrize("name", WRONG_VIEWS)
def test_an_invalid_view_is_refused_with_the_place_of_the_error(name: str) -> None:
    view, words, pointer = WRONG_VIEWS[name]
    problems = [str(problem) for problem in view_problems(view)]

    assert problems == [
        f"{TEXTS} [json-pointer:/view]",
        f"{words} [json-pointer:/view{pointer}]",
    ]


def test_a_view_that_is_no_object_is_refused() -> None:
    assert [str(problem) for problem in view_problems("x")] == [
        "must provide an object [json-pointer:/view]"
    ]


def test_stored_blocks_have_every_id_and_the_defaults_of_texts() -> None:
    (stored,) = as_stored([actions(button(action_id="a"), select())], lambda: "made")

    assert stored["block_id"] == "made"
    assert stored["elements"][0]["text"] == {"type": "plain_text", "text": "x", "emoji": True}
    sent = actions({"type": "button", "text": plain()})
    (stored,) = as_stored([sent], lambda: "made")
    assert stored["elements"][0]["action_id"] == "made"
    assert "block_id" not in sent, "the block that the app sent is not changed"


def test_two_tables_in_a_message_are_refused_with_the_error_of_slack(client: WebClient) -> None:
    with pytest.raises(SlackApiError) as caught:
        client.chat_postMessage(channel="queue-ops", text="x", blocks=[table(), data_table()])

    assert caught.value.response["error"] == "invalid_attachments"
    messages = caught.value.response["response_metadata"]["messages"]
    assert messages == ["[ERROR] only_one_table_allowed"]


@pytest.mark.parametrize(("length", "error"), [(2640, None), (2641, "msg_blocks_too_long")])
def test_the_total_length_of_the_texts_of_a_message_is_limited(
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


def test_every_rule_has_a_page_of_the_slack_documentation() -> None:
    shapes: list[Shape] = [*BLOCKS.values(), *ELEMENTS.values(), *VIEWS.values()]

    assert all(shape.page.startswith(("blocks/", "block-elements/", "../")) for shape in shapes)
    assert all(shape.surfaces for shape in BLOCKS.values())
    pages = {page for page, *_ in IN_MESSAGES.values()}
    assert {f"blocks/{name.replace('_', '-')}-block" for name in BLOCKS} <= (
        pages | {"blocks/divider-block", "blocks/carousel-block"}
    )
