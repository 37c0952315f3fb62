import json

from bot.fingerprint.payload import identify
from bot.fingerprint.payload_tree import open_text
from bot.models.nesting import DEEPEST, is_too_deep


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


def test_the_depth_counts_brackets_outside_of_strings_only() -> None:
    assert not is_too_deep(nested(DEEPEST))
    assert is_too_deep(nested(DEEPEST + 1))
    assert is_too_deep('{"a":' * (DEEPEST + 1))
    assert not is_too_deep(json.dumps([["x"] for _ in range(5_000)]))
    assert not is_too_deep(json.dumps(["[" * 1_000, '"{' * 1_000]))


def test_a_payload_that_is_nested_too_deep_is_read_as_broken() -> None:
    payload = '{"order_id": 803193, "x": ' + nested(100_000) + "}"
    assert identify(payload).order_id == 803193
    assert open_text(nested(DEEPEST)) is not None
    # Python's parser would still read this depth.
    assert open_text(nested(2 * DEEPEST)) is None
