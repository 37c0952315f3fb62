import pytest

from tests.localslack import wrong_blocks, wrong_elements, wrong_tables
from tests.localslack.conformance.target import Target, rule
from tests.localslack.right_blocks import RIGHT
from tests.localslack.wrong_views import WRONG_VIEWS

WRONG = wrong_blocks.WRONG | wrong_elements.WRONG | wrong_tables.WRONG
SENDABLE = [name for name in WRONG if name != "infinite slice"]
HOMES = [name for name, (view, *_) in WRONG_VIEWS.items() if view.get("type") == "home"]


@pytest.mark.parametrize("name", SENDABLE)
@rule("reference/block-kit/blocks")
def test_wrong_blocks_are_refused_with_a_pointer_to_the_place(target: Target, name: str) -> None:
    _page, blocks, words, pointer = WRONG[name]
    answer = target.call("chat.postMessage", channel=target.channel, text="x", blocks=blocks)

    assert answer.error == "invalid_blocks"
    assert any(f"[json-pointer:/blocks{pointer}]" in line for line in answer.complaints)
    if target.local is not None:
        assert f"[ERROR] {words} [json-pointer:/blocks{pointer}]" in answer.complaints


@pytest.mark.parametrize("name", [name for name in RIGHT if name != "section"])
@rule("reference/block-kit/blocks")
def test_valid_blocks_are_accepted_and_returned_with_ids(target: Target, name: str) -> None:
    answer = target.call("chat.postMessage", channel=target.channel, text="x", blocks=[RIGHT[name]])

    assert answer.error is None, answer.complaints
    assert all(block["block_id"] for block in answer.body["message"]["blocks"])
    target.call("chat.delete", channel=target.channel, ts=answer.body["ts"])


@rule("reference/block-kit/blocks/table-block")
def test_a_message_with_two_tables_is_refused(target: Target) -> None:
    table = {"type": "table", "rows": [[{"type": "raw_text", "text": "x"}]]}
    answer = target.call("chat.postMessage", channel=target.channel, text="x", blocks=[table] * 2)

    assert answer.error == "invalid_attachments"
    assert any("only_one_table_allowed" in line for line in answer.complaints)


@pytest.mark.parametrize("name", HOMES)
@rule("reference/views/home-tab-views")
def test_a_wrong_home_is_refused_with_a_pointer_to_the_place(target: Target, name: str) -> None:
    view, _words, pointer = WRONG_VIEWS[name]
    answer = target.call("views.publish", user_id=target.user, view=view)

    assert answer.error == "invalid_arguments"
    assert any(f"[json-pointer:/view{pointer}]" in line for line in answer.complaints)
