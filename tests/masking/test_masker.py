import json
import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.masking.keys import DEFAULT_MASKED_KEYS
from bot.masking.masker import Masker, mask_payload, mask_text, mask_value
from bot.masking.secret_patterns import is_card_number
from tests.masking.corpus import PIECES

CANARY = "k4n4ry-Zx9"

# The masker recognises each by its form, under a key that says nothing.
FORMS = {
    "bearer token": "Bearer abcDEF123.456-xyz",
    "basic credentials": "Basic dXNlcjpodW50ZXIy",
    "JSON web token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJlLWhlcmU",
    "card number": "4111111111111111",
    "card number with spaces": "4111 1111 1111 1111",
    "card number with dashes": "5500-0000-0000-0004",
    "American Express": "378282246310005",
    "e-mail": "rosa.perez+shop@correo.tienda.pe",
    "e-mail in an address": "rosa%40tienda.pe",
    "AWS key id": "AKIAIOSFODNN7EXAMPLE",
    "AWS secret": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "database address": "mysql://api:hunter2@db.internal/shop",
    "address with odd password": "https://api:hu/nt@er2@erp.internal/x",
    "Slack bot token": "xoxb-1234567890-abcdefghij",
    "Slack app token": "xapp-1-A0123-456-abcdef",
    "Slack hook": "hooks.slack.com/services/T000/B000/XXXXYYYY",
    "Stripe key": "sk_live_4eC39HqLyjWDarjtT1zdp7dc",
    "GitHub token": "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    "Google key": "AIzaSyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY",
    "SendGrid key": "SG.ngeVfQFYQlKU0ufo8x5d1A.TwL2iGABf9DHoTf-09kqeF8tAmbihYzrnopKc",
    "Mercado Pago token": "APP_USR-1234567890123456-031110-abcdef0123456789-12345678",
    "password hash": "$2y$10$92IXUNpkjO0rOQ5byMi.Ye4oKoEa3Ro9llC/.og/at2.uheWG/igi",
    "private key": "-----BEGIN EC PRIVATE KEY-----\nMIIEowIBAAKC\n-----END EC PRIVATE KEY-----",
    "cut private key": "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0B",
}
SECRET_PARTS = {
    "address with odd password": ("hu/nt", "er2"),
    "database address": ("hunter2",),
    "bearer token": ("abcDEF123",),
    "basic credentials": ("dXNlcjpodW50ZXIy",),
    "private key": ("MIIEowIBAAKC",),
    "cut private key": ("MIIEvQIBADANBgkqhkiG9w0B",),
    "Slack hook": ("XXXXYYYY",),
}


def parts(name: str) -> tuple[str, ...]:
    """Return the parts of a form that must not be shown."""
    return SECRET_PARTS.get(name, (FORMS[name],))


def php(text: str) -> str:
    """Return a string in PHP's `serialize()` format."""
    return f's:{len(text.encode())}:"{text}";'


@pytest.mark.parametrize("name", FORMS)
def test_a_secret_of_a_known_form_is_masked_at_any_place(name: str) -> None:
    secret = FORMS[name]
    nested = json.dumps({"note": f"see {secret} there"})
    serialized = f'O:3:"Job":1:{{{php(chr(0) + "*" + chr(0) + "note")}{php(secret)}}}'
    for masked in (
        mask_text(f"failed with {secret} in /srv/x.php:3"),
        mask_text(f"failed with '{secret}'"),
        mask_payload(json.dumps({"note": secret})),
        mask_payload(json.dumps({secret: 1})),
        mask_payload(json.dumps(["x", [secret, secret]])),
        mask_payload(json.dumps({"data": nested})),
        mask_payload(json.dumps({"data": json.dumps({"data": nested})})),
        mask_payload(json.dumps({"command": serialized})),
        mask_payload(serialized),
        mask_payload("{broken, " + json.dumps({"note": secret})),
        mask_payload("{broken, " + json.dumps({"data": nested})),
        mask_payload(f"plain words and {secret} in them"),
    ):
        assert not [part for part in parts(name) if part in masked], masked
        assert "[masked]" in masked


KEYS = [
    *["password", "PASSWORD", "user_password", "userPassword", "db-password", "passwordHash"],
    *["token", "accessToken", "refresh_token", "X-Api-Key", "apikey", "API_KEY", "client_secret"],
    *["authorization", "Authorization", "card", "cardNumber", "credit_card", "cvv", "CVV2", "pin"],
    *["email", "customerEmail", "Correo", "contraseña", "clave", "tarjeta_numero", "private_key"],
    *["consumerKey", "signature", "Cookie", "auth", "otp", "pwd", "tokens", "cards"],
]


@pytest.mark.parametrize("key", KEYS)
def test_the_value_of_a_masked_key_is_masked_in_every_notation(key: str) -> None:
    data = {key: CANARY, "order_id": 803193}
    inner = json.dumps(data)
    serialized = f"a:1:{{{php(key)}{php(CANARY)}}}"
    hidden = f'O:1:"J":1:{{{php(chr(0) + "*" + chr(0) + key)}{php(CANARY)}}}'
    for payload in (
        inner,
        json.dumps(data, ensure_ascii=False),
        json.dumps({"data": data}),
        json.dumps([data]),
        json.dumps({"data": {key: [CANARY, {"x": CANARY}]}}),
        json.dumps({"data": {key: {"x": CANARY}}}),
        json.dumps({"data": inner}),
        json.dumps({"data": json.dumps({"data": inner})}),
        json.dumps({"command": serialized}),
        json.dumps({"command": hidden}),
        serialized,
        hidden,
    ):
        assert CANARY not in mask_payload(payload)
        for end in range(0, len(payload), 3):
            assert CANARY not in mask_payload(payload[:end])
        for broken in ("{x, " + payload, payload.replace("{", "{,", 1)):
            assert CANARY not in mask_payload(broken)


@pytest.mark.parametrize("key", ["password", "api_key", "token", "clave"])
def test_a_named_value_in_free_text_is_masked(key: str) -> None:
    for text in (
        f"login failed: {key}={CANARY}&x=1",
        f"login failed ({key}: {CANARY})",
        f"{key.upper()}: {CANARY}",
        f"Array ( [{key}] => {CANARY} [x] => 1 )",
        f"'{key}' => '{CANARY}'",
        f'curl -d {{"{key}": "{CANARY}"}}',
        f'curl -d {{\\"{key}\\": \\"{CANARY}\\"}}',
        f"<ns:{key} type='x'>{CANARY}</ns:{key}>",
        f"https://erp.internal/x?{key}={CANARY}",
        f"(SQL: update `users` set `{key}` = {CANARY}, `x` = 1)",
        f"(SQL: insert into `users` (`id`, `{key}`) values (1, {CANARY}))",
    ):
        assert CANARY not in mask_text(text), text
    assert CANARY not in mask_text(f"Authorization: Custom a b {CANARY}\nnext line")
    assert "next line" in mask_text(f"Authorization: Custom {CANARY}\nnext line")


def test_escapes_in_a_broken_payload_do_not_hide_a_secret() -> None:
    assert "tienda" not in mask_payload('{x, "note": "rosa\\u0040tienda.pe"}')
    assert "hunter2" not in mask_payload('{x, "dsn": "mysql:\\/\\/api:hunter2@db\\/x"}')
    assert CANARY not in mask_payload('{x, "pass\\u0077ord": "' + CANARY + '"}')


def test_a_text_without_a_secret_is_not_masked() -> None:
    data = {"job": "App\\Jobs\\Sync", "data": {"order_id": 803193, "tienda_id": 12097}}
    assert json.loads(mask_payload(json.dumps(data))) == data
    text = "SQLSTATE[HY000] [1045] Access denied for user 'api'@'10.0.0.5' (using password: YES)"
    assert mask_text(text) == text
    for plain in (
        "NetSuite sync failed: exception - MySQL server has gone away",
        "shipping address 1234567890123456",
        "commit 2fd4e1c67a2d28fced849ee1bb76e7391b93eb12 at 1700000000000",
        "https://erp.internal:8443/orders/803193?page=2",
        "the bearer token is missing",
    ):
        assert mask_text(plain) == plain


def test_a_shown_payload_includes_its_decoded_nested_values() -> None:
    serialized = f'O:13:"App\\Jobs\\Sync":1:{{{php(chr(0) + "*" + chr(0) + "order_id")}i:7;}}'
    payload = json.loads(mask_payload(json.dumps({"a": '{"b": [1]}', "c": serialized})))
    assert payload == {"a": {"b": [1]}, "c": {"(class)": "App\\Jobs\\Sync", "order_id": 7}}


def test_flags_and_empty_values_under_a_masked_key_are_shown() -> None:
    data = {"password": None, "token": True, "email": ""}
    assert json.loads(mask_payload(json.dumps(data))) == data


def test_card_numbers_are_masked_as_numbers_too_and_ids_are_not() -> None:
    payload = json.loads(
        mask_payload('{"a": 4111111111111111, "b": 4111111111111112, "c": 803193}')
    )
    assert payload == {"a": "[masked]", "b": 4111111111111112, "c": 803193}
    assert "4111" not in mask_text("2024-01-02 4111 1111 1111 1111 5500 0000 0000 0004 803193")


@pytest.mark.parametrize("length", [24, 32, 40, 56, 64, 96, 128])
def test_a_digest_with_the_digits_of_a_card_number_is_not_masked(length: int) -> None:
    card = "2497333095790672"
    for place in range(length - len(card) + 1):
        digest = ("ab" * length)[:place] + card
        digest += ("cd" * length)[: length - len(digest)]
        for text in (digest, digest.upper(), f"sha:{digest}, card 12 {digest}"):
            assert mask_text(text) == text
            assert mask_value({"request": text}) == {"request": text}
    assert mask_text("a" * (length - 15) + card) != "a" * (length - 15) + card


def test_ids_of_shopify_with_the_check_digit_of_a_card_are_not_masked() -> None:
    valid = [str(id_) for id_ in range(5_678_901_234_500, 5_678_901_234_600) if luhn(str(id_))]
    assert len(valid) == 10
    for id_ in valid:
        assert mask_text(f"order {id_} not found") == f"order {id_} not found"
        assert json.loads(mask_payload(f'{{"order_id": {id_}}}')) == {"order_id": int(id_)}


@pytest.mark.parametrize(
    "card",
    [
        "4222222222222",
        "378282246310005",
        "30569309025904",
        "2223003122003222",
        "6304000000000000",
        "6011111111111117",
        "3530111333300000",
        "6200000000000005",
        "5555555555554444",
    ],
)
def test_card_numbers_of_each_issuer_are_masked(card: str) -> None:
    assert mask_text(f"card {card} refused") == "card [masked] refused"


def luhn(digits: str) -> bool:
    odd, even = digits[-1::-2], digits[-2::-2]
    return (sum(map(int, odd)) + sum(sum(divmod(2 * int(d), 10)) for d in even)) % 10 == 0


def test_a_uuid_with_the_form_of_a_secret_is_not_masked() -> None:
    for uuid in (
        "38729668-4188-41a8-b2c7-7172b79e6d2c",
        "9AAF5DEE-9058-4035-B367-8694266271F7",
        "A45DC65A-EAAC-448F-8627-EBA448B9AB27",
    ):
        for text in (uuid, f"order 45 {uuid} 41", f'{{"uuid":"{uuid}"}}', uuid.lower()):
            assert mask_text(text) == text
    assert mask_text("order 4111 1111 1111 1111 38729668-4188-41a8-b2c7-7172b79e6d2c") == (
        "order [masked] 38729668-4188-41a8-b2c7-7172b79e6d2c"
    )
    assert is_card_number("6011000990139424")
    assert not is_card_number("1234567812345670")


def test_masked_keys_are_a_setting_and_short_keys_match_whole_words() -> None:
    masker = Masker(["ruc", "direccion"])
    masked = masker.payload(
        '{"ruc": "20100070970", "truco": "x", "DireccionFiscal": "y", "pin": 1}'
    )
    assert json.loads(masked) == {
        "ruc": "[masked]",
        "truco": "x",
        "DireccionFiscal": "[masked]",
        "pin": 1,
    }
    default = Masker()
    for key in ("shipping", "company", "authorId", "discard_at", "passengers", "postcode"):
        assert not default.is_masked(key), key


def test_multiplied_references_are_shown_up_to_a_limit() -> None:
    bomb = 'a:1:{i:0;s:1:"x";}'
    for slot in range(2, 40):
        bomb = f"a:3:{{i:0;{bomb}i:1;r:{slot};i:2;r:{slot};}}"
    assert len(mask_payload(bomb)) < 5_000_000
    wide = json.dumps(list(range(100_000)))
    assert "[not shown]" in mask_payload(wide)


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(st.text(max_size=300), st.lists(st.sampled_from(PIECES), max_size=60).map("".join))
)
def test_masking_of_any_text_raises_no_error_and_the_result_can_be_encoded(text: str) -> None:
    mask_payload(text).encode()
    mask_text(text)


safe = st.text("abcdefgh ,.:;'\"\\{}[]<>&=\n", max_size=25)
values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), safe),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(safe, inner, max_size=3)),
    max_leaves=8,
)
wraps: list[Callable[[object], object]] = [
    lambda data: data,
    lambda data: {"data": data},
    lambda data: [1, data],
    json.dumps,
    lambda data: {"x": json.dumps(data)},
]


@settings(max_examples=200, deadline=None)
@given(
    before=values,
    key=st.sampled_from(KEYS),
    around=safe,
    after=values,
    shape=st.lists(st.sampled_from(wraps), max_size=4),
    cut=st.integers(0, 400),
)
def test_a_canary_under_a_masked_key_is_never_shown(
    before: object,
    key: str,
    around: str,
    after: object,
    shape: list[Callable[[object], object]],
    cut: int,
) -> None:
    """The canary stays hidden in any tree, at any depth, whole or cut, with any text around it."""
    data: object = {"a": before, key: around + CANARY + around, "z": after}
    for wrap in shape:
        data = wrap(data)
    payload = data if isinstance(data, str) else json.dumps(data)
    assert CANARY not in mask_payload(payload)
    assert CANARY not in mask_payload(payload[: max(0, len(payload) - cut)])
    assert CANARY not in mask_payload("{" + payload)


@pytest.mark.parametrize("piece", PIECES)
def test_a_text_of_64_kb_is_masked_within_3_seconds(piece: str) -> None:
    """64 kB, the size of the spec's payload column, take below 3 s; the slowest took a tenth."""
    text = piece * (65_536 // len(piece))
    for work in (mask_payload, mask_text):
        # CPU time of this thread, which does not depend on the load of the machine.
        start = time.thread_time()
        work(text, DEFAULT_MASKED_KEYS)
        assert time.thread_time() - start < 3.0
