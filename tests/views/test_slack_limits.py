"""Slack accepts every message and dialog, with any texts in them."""

import json
import warnings
from collections.abc import Iterator
from dataclasses import replace

import pytest
from slack_sdk.models.blocks import Block as SdkBlock
from slack_sdk.models.views import View as SdkView

from bot.localslack.blocks.validation import has_two_tables, message_problems, view_problems
from bot.models.requests import Message, Modal, Source
from bot.models.roles import Role
from bot.text import LANGUAGES
from tests.kit.cases import check_each
from tests.views.drawing import as_view, elements_in, texts_in
from tests.views.samples import Sample, samples
from tests.views.words import Words

MESSAGE_TEXT = 10_000
FALLBACK_TEXT = 4_000
IN_SDK = {"section", "context", "actions", "divider", "header", "input"}

TEXTS = {
    "believable": None,
    "10 kB": "MySQL server has gone away " * 380,
    "10 kB without a space": "x" * 10_000,
    "10 kB of entities": "<&>" * 3_400,
    "10 kB of lines": "a\n" * 5_000,
    "10 kB of backticks": "`" * 10_000,
    "10 kB of emoji": "🔥" * 10_000,
    "nothing": "",
    "spaces": "   ",
    "invisible": "\u202e\u200b\u0000",
}


IN_EACH_LANGUAGE = ("believable", "10 kB", "nothing")
"""The other texts are drawn in one of the languages in turn, because drawing takes seconds."""


def drawn() -> Iterator[tuple[str, str]]:
    """Yield the names of the texts with the languages in which they are drawn."""
    for turn, name in enumerate(TEXTS):
        every = name in IN_EACH_LANGUAGE
        yield from (
            (name, language)
            for place, language in enumerate(LANGUAGES)
            if every or place == turn % len(LANGUAGES)
        )


@pytest.mark.parametrize(("name", "language"), list(drawn()))
def test_every_sample_is_within_the_limits_of_slack(name: str, language: str) -> None:
    text = TEXTS[name]

    def check(sample: Sample) -> None:
        admin = sample.shown(language, Role.ADMIN)
        # A message for a person without a role has the same texts and fewer buttons.
        nobody = sample.shown(language, Role.NONE) if name in IN_EACH_LANGUAGE else admin
        for shown in (admin,) if nobody == admin else (admin, nobody):
            if sample.source is Source.HOME:
                assert_home(shown)
            elif isinstance(shown, Message):
                assert_message(shown, terminal=sample.source is Source.TERMINAL)
            else:
                assert_modal(shown)

    words = Words() if text is None else Words.all_alike(text)
    check_each(((sample.name, sample) for sample in samples(words)), check)


def assert_message(message: Message, *, terminal: bool) -> None:
    """Assert Slack's limits; a message for a terminal has no blocks and no limit."""
    for part in message.more:
        assert_message(part, terminal=terminal)
    message = replace(message, more=())
    assert message.text.strip()
    if terminal and not message.blocks:
        return
    blocks = [dict(block) for block in message.blocks]
    assert blocks
    assert message_problems(blocks) == []
    assert not has_two_tables(blocks)
    assert len(message.text) <= FALLBACK_TEXT
    assert sum(len(text) for _, text in texts_in(message)) < MESSAGE_TEXT
    assert_sdk_agrees(blocks)


def assert_home(shown: Message | Modal) -> None:
    """Assert that App Home accepts these blocks."""
    home = {"type": "home", "blocks": [dict(block) for block in shown.blocks]}
    assert view_problems(home, ("home",)) == []
    assert len(json.dumps(home, ensure_ascii=False).encode()) < 250_000


def assert_modal(modal: Modal) -> None:
    """Assert Slack's limits, and that the SDK's model of a view accepts the dialog."""
    view = as_view(modal)
    assert view_problems(view, ("modal",)) == []
    assert len(json.dumps(view, ensure_ascii=False).encode()) < 250_000
    SdkView(**view).validate_json()


def assert_sdk_agrees(blocks: list[dict[str, object]]) -> None:
    """Assert that the SDK's own models accept the blocks that they know."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for block in blocks:
            if block["type"] in IN_SDK:
                parsed = SdkBlock.parse(block)
                assert parsed is not None
                parsed.validate_json()


def test_a_row_of_a_list_has_at_most_two_buttons_and_a_menu() -> None:
    for sample in samples():
        shown = sample.shown("en", Role.ADMIN)
        for block in shown.blocks:
            if block.get("block_id") == "status":
                continue
            kinds = [element["type"] for element in elements_in(dict(block))]
            assert kinds.count("button") <= 2, sample.name
            assert kinds.count("overflow") <= 1, sample.name
