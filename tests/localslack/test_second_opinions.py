"""Our rules compared with the SDK's models and slackblocks; all differences are listed."""

import copy
import inspect
import re
from collections.abc import Iterator

import pytest
from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models import blocks as sdk
from slack_sdk.models.blocks import Block
from slackblocks import _limits, _surfaces

from bot.localslack.blocks.block_rules import BLOCKS
from bot.localslack.blocks.specs import Many, Number, Spec, Str, Text
from tests.kit.block_kit import Json
from tests.localslack import second_opinions, wrong_blocks, wrong_elements, wrong_tables
from tests.localslack.mutants import shapes
from tests.localslack.right_blocks import NOT_IN_MODALS, ONLY_IN_MESSAGES, RIGHT
from tests.localslack.slackblocks_reader import refuses

WRONG = wrong_blocks.WRONG | wrong_elements.WRONG | wrong_tables.WRONG
TAKEN = RIGHT | ONLY_IN_MESSAGES | NOT_IN_MODALS
NEWER = ("data_table", "data_visualization")  # the SDK has no models of these two
SHAPES = shapes()


def sdk_takes(blocks: list[Json]) -> bool:
    """Whether the SDK's models parse and validate the blocks."""
    try:
        parsed = Block.parse_all(copy.deepcopy(blocks))
        if None in parsed:
            return False
        for block in parsed:
            block.to_dict()  # which validates nested objects, too
    except (SlackObjectFormationError, TypeError):
        return False
    return True


@pytest.mark.parametrize("name", TAKEN)
def test_the_sdk_accepts_the_blocks_that_we_accept(name: str) -> None:
    block = TAKEN[name]

    assert sdk_takes([block]) is (block["type"] not in NEWER)


def test_the_sdk_refuses_the_blocks_that_we_refuse_except_by_listed_rules() -> None:
    blocks = {name: blocks for name, (_page, blocks, *_rest) in WRONG.items()}
    taken = {name for name in blocks if sdk_takes(blocks[name])}

    assert taken == second_opinions.SDK_DOES_NOT_LOOK


def sdk_limits() -> Iterator[tuple[str, str, int]]:
    """Yield type, field and number of every limit in the SDK's models."""
    for _, model in inspect.getmembers(sdk, inspect.isclass):
        kind = getattr(model, "type", None)
        for name in dir(model):
            match = re.fullmatch(r"(\w+)_max_length", name)
            if match and isinstance(kind, str):
                yield kind, str(match[1]), int(getattr(model, name))


def test_the_limits_equal_those_of_the_sdk() -> None:
    compared = 0
    for kind, field, number in sdk_limits():
        spec = SHAPES[kind].fields.get(field) if kind in SHAPES else None
        if spec is not None:
            assert most(spec) == number, f"{kind}.{field}"
            compared += 1

    assert compared > 50


def most(spec: Spec) -> float | None:
    """Return the upper limit of a spec."""
    if isinstance(spec, Str | Text):
        return spec.longest
    return spec.most if isinstance(spec, Many | Number) else None


def least(spec: Spec) -> float | None:
    """Return the lower limit of a spec."""
    if isinstance(spec, Str):
        return spec.shortest
    return spec.least if isinstance(spec, Many | Number) else None


# slackblocks' names for objects that have another name in the payload.
PATHS = {
    "CONFIRMATION": "button.confirm",
    "OPTION": "overflow.options",
    "OPTION_GROUP": "static_select.option_groups",
    "SELECT": "static_select",
    "MULTI_SELECT": "multi_static_select",
    "EMAIL_INPUT": "email_text_input",
    "URL_INPUT": "url_text_input",
    "DATE_PICKER": "datepicker",
    "TIME_PICKER": "timepicker",
    "VIEW": "modal",
    "CONVERSATION_FILTER": "conversations_select.filter",
    "DISPATCH_ACTION_CONFIGURATION": "plain_text_input.dispatch_action_config",
    "DATA_VISUALIZATION_SERIES": "data_visualization.chart<line>",
    "DATA_VISUALIZATION_SEGMENTS": "data_visualization.chart<pie>",
}
FIELDS = {"DATA_VISUALIZATION_SERIES": "series", "DATA_VISUALIZATION_SEGMENTS": "segments"}
SUFFIX = re.compile(r"_(MAX_LENGTH|MIN_LENGTH|MAX_ITEMS|MIN_ITEMS|MAX|MIN)$")


def ours(constant: str) -> float | None:
    """Return our number for a constant of slackblocks; None if we have no such rule."""
    match = SUFFIX.search(constant)
    assert match is not None
    stem = constant[: match.start()]
    for length in range(stem.count("_") + 1, 0, -1):
        words = stem.split("_")
        owner, field = "_".join(words[:length]), "_".join(words[length:]).lower()
        shape = SHAPES.get(PATHS.get(owner, owner.lower()))
        spec = shape.fields.get(field or FIELDS.get(owner, "")) if shape else None
        if spec is not None:
            return most(spec) if "MAX" in match[1] else least(spec)
    return None


def test_the_limits_equal_those_of_slackblocks_with_listed_exceptions() -> None:
    different, compared = {}, 0
    for name, number in vars(_limits).items():
        own = ours(name) if SUFFIX.search(name) else None
        if own is not None:
            compared += 1
            if own != number:
                different[name] = (number, own)

    assert different == second_opinions.LIMITS
    assert compared > 70


@pytest.mark.parametrize("surface", ["message", "modal", "home"])
def test_blocks_are_allowed_where_slackblocks_allows_them_with_listed_exceptions(
    surface: str,
) -> None:
    theirs = dict(_surfaces._BLOCK_TYPES_BY_SURFACE)  # noqa: SLF001 - the only place that has it
    allowed = theirs[surface] - second_opinions.NOT_OURS  # type: ignore[index]  # a literal there
    own = {name for name, shape in BLOCKS.items() if surface in shape.surfaces}

    assert allowed - own == second_opinions.SURFACES[surface]
    assert own <= allowed


@pytest.mark.parametrize("name", [name for name in TAKEN if TAKEN[name]["type"] in NEWER])
def test_slackblocks_accepts_our_data_tables_and_charts(name: str) -> None:
    assert not refuses(TAKEN[name])


def test_slackblocks_refuses_invalid_data_tables_and_charts_with_listed_exceptions() -> None:
    newer = {
        name: blocks[0]
        for name, (_page, blocks, *_rest) in WRONG.items()
        if len(blocks) == 1 and name != "block that is a text" and blocks[0].get("type") in NEWER
    }
    taken = {name for name, block in newer.items() if not refuses(block)}

    assert len(newer) >= 20
    assert taken == second_opinions.SLACKBLOCKS_TAKES
