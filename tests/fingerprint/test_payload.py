import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.fingerprint.payload import JobIdentity, identify
from bot.fingerprint.php_text import PhpObject, read_php


def php(value: object) -> str:
    """A value in PHP's `serialize()` format."""
    if isinstance(value, PhpObject):
        name = f'O:{len(value.class_name)}:"{value.class_name}"'
        return f"{name}:{len(value.fields)}:{{{_entries(value.fields)}}}"
    if isinstance(value, dict):
        return f"a:{len(value)}:{{{_entries(value)}}}"
    if isinstance(value, str):
        return f's:{len(value.encode())}:"{value}";'
    if isinstance(value, bool):
        return f"b:{int(value)};"
    return f"i:{value};" if isinstance(value, int) else "N;"


def _entries(items: dict[str, object]) -> str:
    return "".join(php(name) + php(item) for name, item in items.items())


IGNITER = json.dumps(
    {"job": "App\\Jobs\\NetsuiteSyncJob", "data": {"order_id": 803196, "tienda_id": 12097}}
)
COMMAND = php(
    PhpObject(
        "App\\Jobs\\SyncOrder",
        {
            "\0*\0note": 'ñandú "quoted"; s:3:"x";',
            "\0App\\Jobs\\SyncOrder\0orderId": 803193,
            "tienda": PhpObject(
                "Illuminate\\Contracts\\Database\\ModelIdentifier",
                {"class": "App\\Models\\Tienda", "id": 77, "relations": {}},
            ),
        },
    )
)
LARAVEL = json.dumps(
    {
        "uuid": "1a8c",
        "displayName": "App\\Jobs\\SyncOrder",
        "job": "Illuminate\\Queue\\CallQueuedHandler@call",
        "data": {"commandName": "App\\Jobs\\SyncOrder", "command": COMMAND},
    }
)


def test_class_order_and_store_are_read_from_a_codeigniter_payload() -> None:
    assert identify(IGNITER) == JobIdentity("App\\Jobs\\NetsuiteSyncJob", 803196, 12097)


def test_a_laravel_payload_is_read_through_its_serialized_command() -> None:
    assert identify(LARAVEL) == JobIdentity("App\\Jobs\\SyncOrder", 803193, 77)


def test_a_laravel_payload_without_names_has_the_class_of_its_command() -> None:
    payload = json.dumps(
        {"job": "Illuminate\\Queue\\CallQueuedHandler@call", "data": {"command": COMMAND}}
    )
    assert identify(payload).job_class == "App\\Jobs\\SyncOrder"


def test_the_method_is_removed_from_the_class_of_an_older_laravel_job() -> None:
    assert identify('{"job":"App\\\\Jobs\\\\Old@handle","data":{}}').job_class == "App\\Jobs\\Old"


def test_a_bare_serialized_object_is_read() -> None:
    identity = identify(COMMAND, order_paths=["orderId"], tienda_paths=["tienda.id"])
    assert identity == JobIdentity("App\\Jobs\\SyncOrder", 803193, 77)


def test_nested_json_is_parsed_at_any_level() -> None:
    inner = json.dumps({"order": json.dumps({"id": "803193"}), "tienda_id": "0012"})
    for payload in (
        json.dumps({"job": "j", "data": inner}),
        json.dumps(json.dumps({"data": inner})),
    ):
        identity = identify(payload)
        assert (identity.order_id, identity.tienda_id) == (803193, "0012")


def test_serialized_text_in_json_in_serialized_text_is_parsed() -> None:
    payload = php({"data": json.dumps({"command": COMMAND})})
    assert identify(payload).order_id == 803193


def test_paths_are_tried_in_order_and_an_index_selects_an_element() -> None:
    payload = json.dumps({"a": {"id": None}, "rows": [{"id": 1}, {"id": 2}]})
    assert identify(payload, order_paths=["a.id", "rows.1.id", "rows.0.id"]).order_id == 2
    assert identify(payload, order_paths=["rows.9.id", "rows.x", "rows.-1.id"]).order_id is None


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("803193", 803193),
        ('"803193"', 803193),
        ('" 803193 "', 803193),
        ('"-5"', -5),
        ('"0"', 0),
        ('"007"', "007"),
        ('"+7"', "+7"),
        ('"1e3"', "1e3"),
        ('"ORD-1"', "ORD-1"),
        ('"\uff19"', "\uff19"),
        (f'"{"x" * 80}"', "x" * 64),
        (str(2**63 - 1), 2**63 - 1),
        (str(2**63), str(2**63)),
        ("9" * 9000, "9" * 64),
        ("true", None),
        ("12.0", None),
        ("null", None),
        ('""', None),
        ("[803193]", None),
        ('{"x":1}', None),
        ('"\\ud800"', "\ufffd"),
    ],
)
def test_an_id_is_a_whole_number_or_a_short_text(written: str, read: int | str | None) -> None:
    assert identify(f'{{"data":{{"order_id":{written}}}}}').order_id == read


def test_an_order_before_the_end_of_a_truncated_payload_is_found() -> None:
    start = LARAVEL.index("803193")
    for end in range(start + 8, len(LARAVEL)):
        assert identify(LARAVEL[:end]).order_id == 803193


def test_an_id_that_may_be_truncated_is_not_used() -> None:
    for payload, start in ((IGNITER, IGNITER.index("803196")), (LARAVEL, LARAVEL.index("803193"))):
        for end in range(start, start + 6):
            assert identify(payload[:end]).order_id is None
    assert identify('{"data":{"order_id":"8031').order_id is None


def test_a_truncated_payload_has_the_values_of_the_whole_payload_or_none() -> None:
    for payload in (IGNITER, LARAVEL, COMMAND):
        whole = identify(payload)
        for end in range(len(payload)):
            cut = identify(payload[:end])
            assert cut.job_class in (whole.job_class, None)
            assert cut.order_id in (whole.order_id, None)
            assert cut.tienda_id in (whole.tienda_id, None)


@pytest.mark.parametrize(
    "broken",
    [
        '{job: 1, "job": "App\\\\Jobs\\\\Sync", "data": {"order_id": 803193, "tienda_id": "12"}}',
        '{x, "job": "App\\\\Jobs\\\\Sync", "d": "{\\"order_id\\":803193,\\"tienda_id\\":12}"}',
        (
            '{x, "job": "App\\\\Jobs\\\\Sync", '
            '"c": "a:2:{s:8:\\"order_id\\";i:803193;s:9:\\"tienda_id\\";s:2:\\"12\\";}"}'
        ),
    ],
)
def test_the_values_of_a_broken_payload_are_found_by_their_keys(broken: str) -> None:
    assert identify(broken) == JobIdentity("App\\Jobs\\Sync", 803193, 12)


def test_references_are_resolved_and_a_cycle_of_references_ends() -> None:
    shared = 'a:2:{s:4:"data";a:1:{s:8:"order_id";i:7;}s:4:"more";R:2;}'
    assert identify(shared, order_paths=["more.order_id"]).order_id == 7
    cycle = 'O:1:"A":1:{s:4:"self";r:1;}'
    assert identify(cycle, order_paths=["self.self.self.self.id"]).order_id is None


def test_every_type_of_serialized_value_is_parsed() -> None:
    text = (
        'a:8:{i:0;N;i:1;b:1;i:2;d:0.5;i:3;d:INF;i:4;i:-3;i:5;E:11:"Suit:Hearts";'
        'i:6;C:1:"X":9:{anything;}s:1:"k";s:1:"v";}'
    )
    value, whole = read_php(text)
    assert whole
    assert value == {
        "0": None,
        "1": True,
        "2": 0.5,
        "3": float("inf"),
        "4": -3,
        "5": "Suit:Hearts",
        "6": PhpObject("X"),
        "k": "v",
    }


def test_a_string_with_a_wrong_length_after_a_change_of_encoding_is_parsed() -> None:
    value, whole = read_php('a:2:{s:4:"name";s:9:"Jos\ufffd";s:8:"order_id";i:7;}')
    assert whole
    assert value == {"name": "Jos\ufffd", "order_id": 7}


scalars = st.one_of(st.none(), st.booleans(), st.integers(-(10**12), 10**12), st.text(max_size=20))
trees = st.recursive(
    scalars,
    lambda inner: st.dictionaries(st.text("abcé_ ", max_size=6), inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=200, deadline=None)
@given(trees)
def test_values_serialized_by_php_are_parsed_unchanged(tree: object) -> None:
    assert read_php(php(tree)) == (tree, True)


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 10**9), st.integers(1, 10**9), st.text(max_size=20), st.booleans())
def test_an_order_is_found_in_json_and_in_serialized_values(
    order: int,
    tienda: int,
    noise: str,
    nested: bool,  # noqa: FBT001  -- hypothesis draws it
) -> None:
    data: object = {"note": noise, "order_id": order, "tienda_id": tienda}
    for wrapped in (data, json.dumps(data), php(data)):
        payload = json.dumps({"job": "j", "data": wrapped})
        identity = identify(json.dumps(payload) if nested else payload)
        assert identity == JobIdentity("j", order, tienda)


PIECES = ['{"', '"', ":", "{", "}", "[", "]", ",", "\\", '"data"', '"order_id"', "a:1:{", "i:1;"]
PIECES += ['s:3:"abc";', 'O:1:"A":1:{', "r:1;", "R:1;", "\0", "\ud800", "9" * 50, "N;", "job", " "]


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(st.text(max_size=300), st.lists(st.sampled_from(PIECES), max_size=60).map("".join))
)
def test_no_text_raises_an_exception(text: str) -> None:
    identity = identify(text)
    assert identity.job_class is None or (identity.job_class.isprintable() and identity.job_class)
    for value in (identity.order_id, identity.tienda_id):
        assert value is None or isinstance(value, int) or 0 < len(value) <= 64


@pytest.mark.parametrize(
    "piece",
    [*PIECES, '{"data":', '{"data":"', "a:1:{i:0;", 'a:9:{s:1:"a";', '\\"', '"order_id":"', "[1,"],
)
def test_a_text_of_1_mb_is_parsed_within_3_seconds(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    for payload in (text, '{"data":"' + text, json.dumps({"data": text})):
        # Of this thread alone: a busy machine makes nothing of it longer.
        start = time.thread_time()
        identify(payload)
        assert time.thread_time() - start < 3.0


def test_a_payload_with_too_deep_nesting_has_no_identity() -> None:
    for payload in ('{"a":' * 100_000, "[" * 100_000, "a:1:{i:0;" * 100_000, '{"a":"' * 50_000):
        assert identify(payload) == JobIdentity(None, None, None)
