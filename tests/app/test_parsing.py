"""The parser turns typed text into a command's name and raw arguments, and never crashes."""

import string
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.app.argument_types import MANY_IDS, MAX_IDS
from bot.app.command import find_commands
from bot.app.dispatch import request_id
from bot.app.parsing import MAX_TEXT, Request, parse
from bot.models.refusals import Invalid, UnknownCommand
from bot.text import texts_for
from bot.views.buttons import UnreadableValue, read_value, run_button

COMMANDS = find_commands()


@pytest.mark.parametrize(
    ("text", "command", "values"),
    [
        ("", "status", {}),
        ("   ", "status", {}),
        ("STATUS", "status", {}),
        ("Forget 45", "delete-failed", {"ids": ["45"]}),
        ("retry-all PACE=60", "retry-all", {"rate": "60"}),
        ("retry 45 46 50-60", "retry", {"ids": ["45", "46", "50-60"]}),
        ("retry 45,46", "retry", {"ids": ["45,46"]}),
        ("retry #45", "retry", {"ids": ["#45"]}),
        ("retry 50\u201360", "retry", {"ids": ["50-60"]}),
        ("retry 50\u201460", "retry", {"ids": ["50-60"]}),
        ("jobs queue=netsuite status=pending limit=5", "jobs",
         {"queue": "netsuite", "status": "pending", "limit": "5"}),
        ('jobs queue="my queue"', "jobs", {"queue": "my queue"}),
        ("jobs queue='my queue'", "jobs", {"queue": "my queue"}),
        ("jobs queue=\u201cmy queue\u201d", "jobs", {"queue": "my queue"}),
        ("jobs queue=\u2018my queue\u2019", "jobs", {"queue": "my queue"}),
        ("jobs queue=\u00abmy queue\u00bb", "jobs", {"queue": "my queue"}),
        ("jobs QUEUE=x", "jobs", {"queue": "x"}),
        ("jobs queue=a=b", "jobs", {"queue": "a=b"}),
        (r"jobs queue=App\Jobs", "jobs", {"queue": r"App\Jobs"}),
        ("jobs queue=a#b", "jobs", {"queue": "a#b"}),
        ("history user=<@U07ADMINANA1|admin>", "history", {"user": "U07ADMINANA1"}),
        ("history user=<!subteam^S07ONCALL001|@oncall>", "history", {"user": "S07ONCALL001"}),
    ],
)  # fmt: skip
def test_a_command_line_is_parsed(text: str, command: str, values: dict[str, object]) -> None:
    assert parse(text, COMMANDS) == Request(command, values, typed=True)


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        (["45"], (45,)),
        (["46", "45", "45"], (45, 46)),
        (["45,46", "#50-52"], (45, 46, 50, 51, 52)),
        ([45, 46], (45, 46)),
        ("45", (45,)),
        (["1-20"], tuple(range(1, 21))),
    ],
)
def test_ids_are_sorted_without_duplicates(ids: object, expected: tuple[int, ...]) -> None:
    assert COMMANDS["retry"].arguments.model_validate({"ids": ids}).model_dump()["ids"] == expected


@pytest.mark.parametrize(
    ("word", "nearest"),
    [
        ("retri", "retry"),
        ("statu", "status"),
        ("delete-faild", "delete-failed"),
        ("clear", "clear-failed"),
        ("ackn", "acknowledge"),
        ("silenc", "mute"),
        ("fail", "failed"),
        ("jbos", "jobs"),
        ("zzzz", "help"),
    ],
)
def test_an_unknown_command_is_refused_with_the_nearest_known_command(
    word: str, nearest: str
) -> None:
    with pytest.raises(UnknownCommand) as refused:
        parse(word, COMMANDS)
    assert refused.value.nearest == nearest


def test_a_text_longer_than_the_limit_is_not_parsed() -> None:
    assert parse("status" + " " * (MAX_TEXT - 6), COMMANDS).command == "status"
    with pytest.raises(Invalid) as refused:
        parse("status" + " " * (MAX_TEXT - 5), COMMANDS)
    assert refused.value.problem == "too-long"


def read(text: str) -> Request | Invalid | UnknownCommand:
    """Return the request, or the refusal that was raised."""
    try:
        return parse(text, COMMANDS)
    except (Invalid, UnknownCommand) as refusal:
        return refusal


PIECES = st.one_of(
    st.sampled_from([*COMMANDS, "queue=", "limit=", "ids=", "plan=", "older=", '"', "'", "\u201c",
                     "<@U07ADMINANA1>", "<!channel>", "45", "1-20", "#", "=", ",", "-", "\\"]),
    st.text(max_size=12),
    st.integers().map(str),
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, max_size=8), st.sampled_from(["", " "]))
def test_anything_typed_is_a_request_or_a_refusal(pieces: list[str], between: str) -> None:
    request = read(between.join(pieces))
    if not isinstance(request, Request):
        assert request.usage.startswith(("help", *find_commands()))
        return
    command = COMMANDS[request.command]
    assert request.typed
    fields = command.arguments.model_fields
    assert request.values.keys() <= fields.keys()
    for name in request.values:
        extra = fields[name].json_schema_extra
        assert not (isinstance(extra, dict) and extra.get("internal")), name


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(VALUES)
def test_any_arguments_are_valid_or_refused_by_the_schema(value: object) -> None:
    for command in COMMANDS.values():
        for name in command.arguments.model_fields:
            try:
                given_ = command.arguments.model_validate({name: value})
            except ValueError:
                continue
            ids = given_.model_dump().get("ids") or ()
            assert len(ids) <= (MANY_IDS if command.name == "retry" else MAX_IDS)
            assert all(0 <= id_ < 10**18 for id_ in ids)


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.text(max_size=200),
        VALUES,
        st.text(alphabet='{}[]",:v1 c-' + string.ascii_lowercase, max_size=60),
    )
)
def test_any_value_of_a_button_is_read_or_unreadable(value: object) -> None:
    try:
        command, arguments = read_value(value)
    except UnreadableValue:
        return
    assert command is None or command.replace("-", "").isalnum()
    assert all(type(one) in (str, int, list) for one in arguments.values())


@settings(max_examples=100, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["ids", "digest", "queue", "after", "limit"]),
        st.one_of(
            st.integers(0, 10**18),
            st.text(max_size=40),
            st.lists(st.integers(0, 10**18), max_size=5),
        ),
        max_size=4,
    )
)
def test_the_arguments_of_a_button_are_read_unchanged(
    arguments: dict[str, str | int | list[int]],
) -> None:
    button = run_button("retry", "Retry", arguments, texts_for("en", "en", ZoneInfo("UTC")))
    assert button["action_id"] == "run:retry"
    assert read_value(button["value"]) == (None, arguments)


def test_a_request_id_depends_on_every_part_and_on_the_boundaries_of_the_parts() -> None:
    ids = {
        request_id("slash", "T1", "U1", "1.2"),
        request_id("button", "T1", "U1", "1.2"),
        request_id("slash", "T1", "U11", ".2"),
        request_id("slash", "T1", "U1", "1", ".2"),
    }
    assert len(ids) == 4
    assert all(len(id_) == 64 for id_ in ids)


@pytest.mark.parametrize(
    "words", ["retry 1\u00a0", "retry\u20031", "retry 1\u200b", "retry\u202f\ufeff1 "]
)
def test_any_space_character_separates_words(words: str) -> None:
    """Every kind of space separates words: a copied id often ends in a no-break space (D14)."""
    assert parse(words, find_commands()).values == {"ids": ["1"]}


@pytest.mark.parametrize(
    "words", ["retry queue=mail rate=0/min", "retry queue=mail pace=0", "retry-all rate=0/s"]
)
def test_a_rate_of_zero_is_refused(words: str) -> None:
    """A rate of 0 is refused; it used to mean no limit (D14)."""
    with pytest.raises(Invalid) as refused:
        parse(words, find_commands())
    assert (refused.value.problem, refused.value.expected) == ("greater_than_equal", "1")


@pytest.mark.parametrize("words", ["retry 0", "retry 0-3", "delete 0", "job 0", "failed-job #0"])
def test_the_refusal_of_an_id_of_zero_names_the_id(words: str) -> None:
    """D14: it "was already retried"."""
    commands = find_commands()
    request = parse(words, commands)
    with pytest.raises(ValidationError, match="id-zero:0"):
        commands[request.command].arguments.model_validate(request.values)
