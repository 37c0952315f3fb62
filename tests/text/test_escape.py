"""External text is escaped: mrkdwn shows the text and interprets no markup in it."""

import json
import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.text import (
    Mrkdwn,
    channel,
    code,
    cut,
    escape,
    group,
    join,
    link,
    mention,
    named,
    plain_line,
    preformatted,
    preformatted_parts,
    printable_json,
    readable,
)
from bot.text.escape import clean, date

ENTITY = re.compile(r"&(?:amp|lt|gt);")
# Visible format characters: signs of Arabic, Syriac, Kaithi numbers and hieroglyphs.
SEEN = {"ARABIC", "SYRIAC", "KAITHI", "EGYPTIAN"}


def is_safe(text: str) -> bool:
    """Return whether the text has no bracket, no lone ampersand and no backtick."""
    return not set("<>`") & set(text) and "&" not in ENTITY.sub("", text)


@given(st.text())
@settings(deadline=None)
def test_any_text_can_be_escaped_and_unescaped(text: str) -> None:
    escaped = escape(text)
    assert is_safe(escaped)
    assert readable(escaped.replace("*", "")) == clean(text).replace("`", "\u02cb").replace("*", "")


@given(st.text(), st.integers(6, 60))
@settings(deadline=None)
def test_a_truncated_text_has_no_partial_entity(text: str, limit: int) -> None:
    short = cut(escape(text), limit)
    assert len(short) <= limit
    assert is_safe(short)


TOKENS = st.lists(
    st.text(max_size=8).map(escape)
    | st.text(max_size=8).map(code)
    | st.just(mention("U0ANA00001"))
    | st.just(date(1762561800, "2025-11-07 19:30:00"))
    | st.text(max_size=8).map(lambda text: link("https://a.example/x?a=1&b=2", text))
)


@given(TOKENS, st.integers(6, 200))
@settings(deadline=None)
def test_a_truncated_text_has_no_partial_token_and_no_unclosed_code(
    parts: list[Mrkdwn], limit: int
) -> None:
    short = cut(join(" ", parts), limit)
    assert len(short) <= limit
    assert short.count("<") == short.count(">")
    assert len(re.findall("`+", short)) % 2 == 0
    assert short == join(" ", parts) or short.endswith("…")


@given(st.text(), st.integers(1, 80))
@settings(deadline=None)
def test_code_is_one_span_on_one_line(text: str, limit: int) -> None:
    span = code(text, limit)
    if span:
        assert span.startswith("`")
        assert span.endswith("`")
        assert is_safe(span[1:-1])
        assert "\n" not in span
        assert len(readable(span)) <= limit + 2


@given(st.text(), st.integers(20, 200))
@settings(deadline=None)
def test_a_block_of_code_is_closed_and_within_its_limit(text: str, limit: int) -> None:
    block = preformatted(text, limit)
    assert len(block) <= limit
    assert block.startswith("```")
    assert block.endswith("```")
    assert is_safe(block[3:-3])


@given(st.text(), st.integers(20, 60), st.integers(1, 4))
@settings(deadline=None)
def test_the_parts_of_a_text_are_complete_or_marked_as_truncated(
    text: str, limit: int, most: int
) -> None:
    parts, was_cut = preformatted_parts(text, limit, most)
    assert len(parts) <= most
    assert all(len(part) <= limit and is_safe(part[3:-3]) for part in parts)
    if not was_cut:
        joined = "".join(part[3:-3] for part in parts)
        whole = escape(clean(text).strip("\n"))
        assert joined.replace("\n", "") == whole.replace("\n", "")


def test_a_long_text_is_truncated_after_its_last_part() -> None:
    parts, was_cut = preformatted_parts("line\n" * 100, 56, 3)
    assert was_cut
    assert [len(part) for part in parts] == [55, 55, 55]
    lines = "\n".join(["line"] * 10)
    assert preformatted_parts(lines + "\n", 56, 3) == ([f"```{lines}```"], False)


def test_a_huge_text_is_split_quickly() -> None:
    parts, was_cut = preformatted_parts("<" * 50_000_000, 3_000, 8)
    assert len(parts) == 8
    assert was_cut


def test_every_invisible_character_is_shown_by_its_code_point() -> None:
    hidden = {
        char
        for char in map(chr, range(0x110000))
        if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp")
        and clean(char) not in (f"[U+{ord(char):04X}]", "\n")
        and unicodedata.name(char, "").split(" ")[0] not in SEEN
    }
    assert hidden == {"\t"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\u3164b", "a[U+3164]b"),
        ("\u202egpj\u202c", "[U+202E]gpj[U+202C]"),
        ("a" + "\u200b" * 50 + "b", "a[U+200B U+200B U+200B …]b"),
        ("ad\u200dmin", "ad[U+200D]min"),
        ("\u0430\u200d\u0430", "\u0430[U+200D]\u0430"),
        ("\U0001f468\u200d\U0001f469", "\U0001f468\u200d\U0001f469"),
        ("\u0645\u200c\u0645", "\u0645\u200c\u0645"),
    ],
)
def test_a_character_without_a_visible_form_is_shown_by_its_code_point(
    text: str, shown: str
) -> None:
    assert clean(text) == shown


def test_every_type_of_line_end_becomes_a_newline() -> None:
    assert clean("a\r\nb\rc\u2028d\u2029e\x85f") == "a\nb\nc\nd\ne\nf"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://a.example/1", "<https://a.example/1|45>"),
        ("https://a.example/?a=1&b=2", "<https://a.example/?a=1&amp;b=2|45>"),
        ("https://a.example/|x> <!channel>", "<https://a.example/%7Cx%3E%3C!channel%3E|45>"),
        ("https://a.example/`\n`", "<https://a.example/%60%60|45>"),
        ("javascript:alert(1)", "45"),
        ("", "45"),
    ],
)
def test_hostile_text_cannot_end_a_link(url: str, shown: str) -> None:
    assert link(url, 45) == shown


@pytest.mark.parametrize(
    ("made", "shown"),
    [
        (mention("U0ANA00001"), "<@U0ANA00001>"),
        (mention("ana"), "ana (terminal)"),
        (mention("María"), "María (terminal)"),
        (mention("María José"), "`María José` (terminal)"),
        (mention("queue-bot"), "queue-bot"),
        (mention(""), ""),
        (mention("U0ANA> <!channel>"), "`U0ANA&gt; &lt;!channel&gt;` (terminal)"),
        (mention("*ana*"), "`*ana*` (terminal)"),
        (mention("a\nb"), "`a b` (terminal)"),
        (group("S0OPS00001"), "<!subteam^S0OPS00001>"),
        (group("S<"), "`S&lt;`"),
        (channel("C0OPS00001"), "<#C0OPS00001>"),
        (channel("general"), "general"),
        (named("803193/7"), "803193/7"),
        (named("_x_"), "`_x_`"),
        (named("#1042"), "`#1042`"),
        (named("@ana"), "`@ana`"),
        (
            named("803193 - retried by @admin #1042 9f3c2a1b"),
            "`803193 - retried by @admin #1042 9f3c2a1b`",
        ),
        (named("\u0430dmin"), "`\u0430dmin`"),
        (link("https://a.example", "1 by @admin"), "<https://a.example|“1 by @admin”>"),
        (named(""), ""),
    ],
)
def test_only_an_id_is_shown_as_a_mention(made: str, shown: str) -> None:
    assert made == shown


def test_a_plain_line_has_similar_characters_instead_of_angle_brackets() -> None:
    assert plain_line("<!channel>\nx", 20) == "\u2039!channel\u203a x"
    assert plain_line("a" * 30, 10) == "a" * 9 + "…"


@pytest.mark.parametrize(
    ("mrkdwn", "shown"),
    [
        ("*Bold* and `code`", "Bold and code"),
        ("a `*kept*` b", "a `*kept*` b"),
        ("order `1 by @admin #1042`", "order `1 by @admin #1042`"),
        ("<@U1ANA> in <#C1OPS>, <!subteam^S1OPS>", "@U1ANA in #C1OPS, @S1OPS"),
        ("at <!date^1^{date} {time}|2025-11-07 19:30:00>.", "at 2025-11-07 19:30:00."),
        ("<https://a.example/?a=1&amp;b=2|45>", "45 (https://a.example/?a=1&b=2)"),
        ("<https://a.example>", "https://a.example"),
        ("&lt;!channel&gt; &amp;lt;", "<!channel> &lt;"),
        ("```a\nb```", "    a\n    b"),
    ],
)
def test_mrkdwn_is_converted_to_readable_text_for_a_terminal(mrkdwn: str, shown: str) -> None:
    assert readable(mrkdwn) == shown


def test_join_omits_empty_parts() -> None:
    assert join(" · ", [escape("a"), Mrkdwn(), escape("b")]) == "a · b"


@given(st.recursive(st.text(), lambda inner: st.dictionaries(st.text(), inner, max_size=3)))
@settings(deadline=None)
def test_json_for_a_terminal_has_no_invisible_character_and_the_same_content(data: object) -> None:
    shown = printable_json(data, indent=2)
    assert clean(shown.replace("\n", "")) == shown.replace("\n", "")
    assert json.loads(shown) == data


def test_json_for_a_terminal_has_no_control_sequence_and_no_direction_mark() -> None:
    assert printable_json("é\x9b2J\u202e\x1b") == '"é\\u009b2J\\u202e\\u001b"'
