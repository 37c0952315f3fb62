"""Text from jobs, errors and people is shown and never obeyed, in every field of every view."""

import json
import re
from collections.abc import Iterator

import pytest

from bot.model import Message, Modal, Role
from bot.text import LANGUAGES
from tests.views.drawing import as_view, texts_in
from tests.views.samples import Sample, Words, samples

CORPUS = {
    "everybody": "<!channel> <!here> <!everyone> @channel @here",
    "a person": "<@U1ATTACKED> <@U1ATTACKED|ana> <#C1ATTACKED> <!subteam^S1ATTACKED>",
    "a link": "<http://evil.example|click here> <mailto:a@b.c|mail> http://evil.example",
    "a bare id": "U1ATTACKED",
    "escaped already": "&lt;!channel&gt; &amp;lt;!channel&amp;gt;",
    "half an entity": "&lt &l < > & &#60;!channel&#62;",
    "a date": "<!date^1^{date}^http://evil.example|x>",
    "backticks": "` `` ``` ````<!channel>`` ` ```\n<!channel>```",
    "marks": "*bold* _italic_ ~struck~ >quoted\n> quoted\n>>> all of it :rotating_light:",
    "right to left": "safe \u202e}live{\u202c \u2066x\u2069 \u200f\u061c end",
    "invisible": "a\u200bb\u00adc\ufeffd\u2060e\U000e0041f\x00g\x1bh\x7fi\ud800j",
    "line ends": "one\r\ntwo\rthree\u2028four\u2029five\x85six\x0bseven",
    "a pointer out": '"}]}, {"type":"section","text":"<!channel>"',
    "a template": "{ $id } {order_id} %s %(x)s \\u003c!channel\\u003e",
    "10 kB": "<!channel>" * 1_000,
    "an address in a scheme": "javascript:alert(1)|x> <!channel>",
}
EVERY = [
    pytest.param(sample, name, id=f"{name}: {sample.name}")
    for name, text in CORPUS.items()
    for sample in samples(Words.all_alike(text))
]
OURS = re.compile(
    r"<(?:!date\^\d+\^[^<>|]*\|[^<>|]*"
    r"|@U0ANA00001|#C0ALERTS01|#C0OPS00001|!subteam\^S0OPS00001"
    r"|https://(?:shop|admin)\.example\.com/[^<>|`\s]*\|[^<>]*)>"
)
TOKEN_OF_AN_ID = re.compile(r"<@U1ATTACKED>")
ENTITY = re.compile(r"&(?:amp|lt|gt);")
INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ud800-\udfff\U000e0000-\U000e0fff]"
)


def shown_texts(sample: Sample, language: str) -> Iterator[tuple[str, str]]:
    """Kind and text of everything that a person sees."""
    yield from texts_in(sample.shown(language, Role.ADMIN))


@pytest.mark.parametrize(("sample", "corpus"), EVERY)
def test_nothing_is_obeyed(sample: Sample, corpus: str) -> None:
    for language in LANGUAGES:
        for kind, text in shown_texts(sample, language):
            assert not INVISIBLE.search(text)
            if kind == "mrkdwn":
                assert_no_markup(text, id_as_name=corpus == "a bare id")
            else:
                assert "<" not in text
                assert ">" not in text


def assert_no_markup(text: str, *, id_as_name: bool) -> None:
    """No token but the bot's own, no raw bracket or ampersand, every code span closed."""
    rest = OURS.sub("", text)
    if id_as_name:
        # Whoever is named by an id is meant: the person who acted is mentioned.
        rest = TOKEN_OF_AN_ID.sub("", rest)
        rest = rest.replace("<#U1ATTACKED>", "")
    assert "<" not in rest
    assert ">" not in rest
    assert "&" not in ENTITY.sub("", rest)
    fences = rest.split("```")
    assert len(fences) % 2 == 1, "a block of code is left open"
    for part in fences[::2]:
        spans = part.split("`")
        assert len(spans) % 2 == 1, "a code span is left open"
        assert not any("\n" in span for span in spans[1::2]), "a code span goes over lines"


def test_marks_stay_within_code() -> None:
    for sample in samples(Words.all_alike(CORPUS["marks"])):
        for kind, text in shown_texts(sample, "en"):
            if kind == "mrkdwn":
                outside = "".join(re.split("`+", OURS.sub("", text))[::2])
                for mark in ("*bold*", "_italic_", "~struck~", "&gt;quoted"):
                    assert mark not in outside, sample.name


def test_a_line_end_begins_no_line_of_its_own() -> None:
    for sample in samples(Words.all_alike(CORPUS["line ends"])):
        for kind, text in shown_texts(sample, "en"):
            lines = "".join(re.split("```", text)[::2]).splitlines()
            assert not any(line.startswith(("two", "six")) for line in lines), sample.name
            assert kind == "mrkdwn" or len(lines) == 1


@pytest.mark.parametrize("text", CORPUS.values(), ids=CORPUS.keys())
def test_no_value_of_a_button_carries_a_bracket(text: str) -> None:
    for sample in samples(Words.all_alike(text)):
        shown = sample.shown("en", Role.ADMIN)
        if isinstance(shown, Modal):
            blocks = as_view(shown)["blocks"]
        else:
            blocks = [dict(block) for block in shown.blocks]
        for value in values_in(blocks):
            assert "<" not in value
            assert ">" not in value


def values_in(value: object) -> Iterator[str]:
    """Every `value` of an element."""
    if isinstance(value, dict):
        if isinstance(value.get("value"), str):
            yield value["value"]
        for inner in value.values():
            yield from values_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from values_in(inner)


def test_everything_can_be_sent_as_json() -> None:
    for text in CORPUS.values():
        for sample in samples(Words.all_alike(text)):
            shown = sample.shown("es", Role.ADMIN)
            content = as_view(shown) if isinstance(shown, Modal) else list(shown.blocks)
            assert json.dumps(content, ensure_ascii=False).encode()
            if isinstance(shown, Message):
                assert shown.text.encode()
