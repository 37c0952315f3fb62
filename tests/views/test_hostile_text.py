"""Text from jobs, errors and people is shown but never interpreted, in each field of each view."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from bot.models.requests import Message, Modal
from bot.models.roles import Role
from bot.text import LANGUAGES
from tests.kit.cases import check_each
from tests.views.drawing import as_view, texts_in
from tests.views.samples import Sample, samples
from tests.views.words import Words

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
    "a look-alike": "803193 - retried by @admin #1042 9f3c2a1b",
    "another alphabet": "\u0430dmin",
    "blank letters": "a\u3164b\u115fc\u2800d\u200de",
    "an emoji": ":rotating_light: @channel",
    "10 kB": "<!channel>" * 1_000,
    "an address in a scheme": "javascript:alert(1)|x> <!channel>",
}
OURS = re.compile(
    r"<(?:!date\^\d+\^[^<>|]*\|[^<>|]*"
    r"|@U0ANA00001|#C0ALERTS01|#C0OPS00001|!subteam\^S0OPS00001"
    r"|https://(?:shop|admin)\.example\.com/[^<>|`\s]*\|[^<>]*"
    # A note's web address: the text of the link is the address.
    r"|(?P<note>https?://[^<>|`\s]+)\|(?P=note))>"
)
TOKEN_OF_AN_ID = re.compile(r"<@U1ATTACKED>")
QUOTED = re.compile(r"“[^”]*(?:”|$)")
ENTITY = re.compile(r"&(?:amp|lt|gt);")
INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\u115f\u2800\u3164\ud800-\udfff\U000e0000-\U000e0fff]"
)


@dataclass(frozen=True)
class Drawn:
    """Every message and dialog in one of the languages, with one text in all fields.

    The languages take turns, so each sample is drawn in each language with half of the texts. The
    escaping does not depend on the language.
    """

    corpus: str
    shown: list[tuple[str, Message | Modal]]


@pytest.fixture(scope="module", params=CORPUS)
def drawn(request: pytest.FixtureRequest) -> Drawn:
    """All samples with one text, drawn once for all tests of this text."""
    made = Drawn(request.param, [])

    def draw(asked: tuple[Sample, str]) -> None:
        sample, language = asked
        shown = sample.shown(language, Role.ADMIN)
        made.shown.append((f"{sample.name} in {language}", shown))

    every = list(samples(Words.all_alike(CORPUS[made.corpus])))
    turn = list(CORPUS).index(made.corpus)
    asked = [
        (sample, LANGUAGES[(turn + place) % len(LANGUAGES)]) for place, sample in enumerate(every)
    ]
    check_each(((f"{one[0].name} in {one[1]}", one) for one in asked), draw)
    return made


def of(corpus: str) -> pytest.MarkDecorator:
    """Limit a test to the drawings with this text."""
    return pytest.mark.parametrize("drawn", [corpus], indirect=True)


def test_hostile_text_has_no_effect_in_any_message(drawn: Drawn) -> None:
    def check(shown: Message | Modal) -> None:
        for kind, text in texts_in(shown):
            assert not INVISIBLE.search(text)
            if kind == "mrkdwn":
                assert_no_markup(text, id_as_name=drawn.corpus == "a bare id")
            else:
                assert "<" not in text
                assert ">" not in text

    check_each(drawn.shown, check)


def assert_no_markup(text: str, *, id_as_name: bool) -> None:
    """Assert: no token but the bot's own, no raw bracket or ampersand, every code span closed."""
    rest = OURS.sub("", text)
    if id_as_name:
        # The id of the person who acted is meant to become a mention.
        rest = TOKEN_OF_AN_ID.sub("", rest)
        rest = rest.replace("<#U1ATTACKED>", "")
    assert "<" not in rest
    assert ">" not in rest
    assert "&" not in ENTITY.sub("", rest)
    fences = rest.split("```")
    assert len(fences) % 2 == 1, "a block of code is not closed"
    for part in fences[::2]:
        spans = part.split("`")
        assert len(spans) % 2 == 1, "a code span is not closed"
        assert not any("\n" in span for span in spans[1::2]), "a code span has more than one line"


@of("marks")
def test_formatting_marks_of_hostile_text_stay_within_code(drawn: Drawn) -> None:
    def check(shown: Message | Modal) -> None:
        for kind, text in texts_in(shown):
            if kind == "mrkdwn":
                outside = "".join(re.split("`+", OURS.sub("", text))[::2])
                for mark in ("*bold*", "_italic_", "~struck~", "&gt;quoted"):
                    assert mark not in outside

    check_each(drawn.shown, check)


@pytest.mark.parametrize("drawn", ["a look-alike", "another alphabet", "an emoji"], indirect=True)
def test_a_text_from_users_or_jobs_is_in_code_or_in_quotes(drawn: Drawn) -> None:
    beginning = CORPUS[drawn.corpus][:8]

    def check(shown: Message | Modal) -> None:
        for kind, text in texts_in(shown):
            rest = QUOTED.sub("", text)
            if kind == "mrkdwn":
                rest = "".join(re.split("`+", rest)[::2])
            assert beginning not in rest or kind.startswith("raw_"), text

    check_each(drawn.shown, check)


def test_no_plain_text_turns_names_into_emoji(drawn: Drawn) -> None:
    def check(shown: Message | Modal) -> None:
        assert '"emoji": true' not in json.dumps(content_of(shown))

    check_each(drawn.shown, check)


@of("line ends")
def test_a_line_end_in_hostile_text_begins_no_new_line(drawn: Drawn) -> None:
    def check(shown: Message | Modal) -> None:
        for kind, text in texts_in(shown):
            lines = "".join(re.split("```", text)[::2]).splitlines()
            assert not any(line.startswith(("two", "six")) for line in lines)
            assert kind == "mrkdwn" or len(lines) == 1

    check_each(drawn.shown, check)


def test_no_value_of_a_button_carries_a_bracket(drawn: Drawn) -> None:
    def check(shown: Message | Modal) -> None:
        for value in values_in(content_of(shown)):
            assert "<" not in value
            assert ">" not in value

    check_each(drawn.shown, check)


def content_of(shown: Message | Modal) -> object:
    """Return the part that is sent: a dialog's view or a message's blocks."""
    return as_view(shown) if isinstance(shown, Modal) else list(shown.blocks)


def values_in(value: object) -> Iterator[str]:
    """Yield every `value` of an element."""
    if isinstance(value, dict):
        if isinstance(value.get("value"), str):
            yield value["value"]
        for inner in value.values():
            yield from values_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from values_in(inner)


def test_everything_can_be_sent_as_json(drawn: Drawn) -> None:
    def check(shown: Message | Modal) -> None:
        assert json.dumps(content_of(shown), ensure_ascii=False).encode()
        if isinstance(shown, Message):
            assert shown.text.encode()

    check_each(drawn.shown, check)
