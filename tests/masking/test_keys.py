"""The fast search for keys finds every name whose value the rule masks."""

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.masking.keys import key_hint, key_rule

KEYS = ("token", "pin", "cvv2", "auth", "pan", "pass", "ssn")
PIECES = ["pin", "Pin", "PIN", "pan", "Auth", "cvv2", "CVV", "pass", "p.i.n", "S S N", "s", "S"]
PIECES += [
    "2",
    "_",
    "-",
    ".",
    "x",
    "X",
    "ab",
    "Ab",
    "code",
    "Code",
    "é",
    "ß",
    "密",
    "token",
    "\u0440in",
]
is_masked, may_have_key = key_rule(KEYS), key_hint(KEYS)


@settings(max_examples=1500, deadline=None)
@given(
    st.lists(st.sampled_from(PIECES), min_size=1, max_size=5).map("".join),
    st.sampled_from(["", "a ", '"', "[", "x.", "\n", "é "]),
)
def test_the_fast_search_finds_every_name_that_the_rule_masks(name: str, before: str) -> None:
    assert may_have_key(f"{before}{name}=1 b") or not is_masked(name)


def test_a_word_with_the_letters_of_a_short_key_starts_no_slow_search() -> None:
    for text in ("shipping of the company", "Expanded pinned authors up in Lima", "passing by"):
        assert not may_have_key(text), text
