import string
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.fingerprint.error_group import error_group, short_error
from tests.kit.error_corpora import corpus


def texts() -> list[str]:
    """Every text of the corpus."""
    return [text for many in corpus("error_corpus.json").values() for text in many]


def test_an_error_group_depends_only_on_the_first_2_kb() -> None:
    for text in texts():
        if "Stack trace:" in text:
            assert error_group(text[:2048]) == error_group(text + "\n#3 x.php(1): f()" * 500)


def test_a_chain_of_exceptions_has_the_error_group_of_its_inner_exception() -> None:
    for text in texts():
        # The table of a deadlock stands only in the outer exception, which knows the statement.
        if "1213" not in text and "1205" not in text:
            assert error_group(text.split("\n\nNext ")[0]) == error_group(text)


def test_the_name_of_an_error_group_is_readable_and_fits_its_column() -> None:
    for text in texts():
        key = error_group(text)
        assert 0 < len(key) <= 190
        assert key.isprintable()
        assert key == key.strip()


ids = st.integers(min_value=1000, max_value=10**12).map(str)
names = st.text(string.ascii_lowercase, min_size=2, max_size=9)
paths = st.lists(names, min_size=2, max_size=6).map(lambda parts: "/" + "/".join(parts) + ".php")
addresses = st.tuples(*[st.integers(1, 254)] * 4).map(lambda parts: ".".join(map(str, parts)))
mails = st.tuples(names, names).map(lambda parts: f"{parts[0]}@{parts[1]}.com")
uuids = st.uuids().map(str)
times = st.datetimes().map(lambda moment: moment.strftime("%Y-%m-%d %H:%M:%S"))
hashes = st.binary(min_size=16, max_size=32).map(bytes.hex).filter(lambda text: not text.isdigit())
quoted = st.text(string.ascii_letters + string.digits + " -_.", max_size=30)

PLACES: dict[str, tuple[str, st.SearchStrategy[str]]] = {
    "order": ("RuntimeException: Order {} could not be sent in {}", ids),
    "order in Spanish": ("Exception: 0 - No se pudo enviar el pedido {}\nfile: {}", ids),
    "uuid": ("RuntimeException: Webhook {} was rejected in {}", uuids),
    "time": ("RuntimeException: Token expired at {}, refresh it in {}", times),
    "hash": ("RuntimeException: Checksum {} differs in {}", hashes),
    "address": ("RuntimeException: Peer {} closed the connection in {}", addresses),
    "mail": ("RuntimeException: Mailbox {} is full in {}", mails),
    "quoted": ("RuntimeException: Value '{}' is not allowed in {}", quoted),
    "double quoted": ('RuntimeException: Value "{}" is not allowed in {}:12', quoted),
    "path": ("ErrorException: fopen({}): Permission denied in {}", paths),
    "duplicate": (
        (
            "PDOException: SQLSTATE[23000]: Integrity constraint violation: 1062 Duplicate "
            "entry '{}' for key 'orders.number' in {}"
        ),
        quoted,
    ),
    "model": (
        (
            "Illuminate\\Database\\Eloquent\\ModelNotFoundException: No query results for model "
            "[App\\Models\\Order] {} in {}"
        ),
        ids,
    ),
    "request": (
        (
            "GuzzleHttp\\Exception\\ServerException: Server error: `PUT https://api.olva.pe/v1/e/{}`"
            " resulted in a `503 Service Unavailable` response:\n\n in {}"
        ),
        uuids,
    ),
    "resource": (
        (
            "GuzzleHttp\\Exception\\ClientException: Client error: `GET https://api.olva.pe/v1/e/{}`"
            " resulted in a `404 Not Found` response:\n\n in {}"
        ),
        ids,
    ),
    "timeout": (
        (
            "GuzzleHttp\\Exception\\ConnectException: cURL error 28: Operation timed out after {} "
            "milliseconds with 0 bytes received (see https://curl.se/libcurl/c/libcurl-errors.html"
            ") for https://api.olva.pe/v1 in {}"
        ),
        ids,
    ),
    "query": (
        (
            "Illuminate\\Database\\QueryException: SQLSTATE[HY000]: General error: 2006 MySQL "
            "server has gone away (SQL: select * from `a` where `note` = {}) in {}"
        ),
        quoted,
    ),
    "object": ("SoapFault exception: [soap:Server] No record {} in {}", ids),
}


@pytest.mark.parametrize("place", PLACES)
def test_other_values_paths_and_lines_do_not_change_the_error_group(place: str) -> None:
    template, values = PLACES[place]

    @settings(max_examples=60, deadline=None)
    @given(values, values, paths, paths, st.integers(1, 9999))
    def holds(one: str, other: str, here: str, there: str, line: int) -> None:
        first = template.format(one, here + ":12")
        second = template.format(other, f"{there}:{line}")
        trace = f"\nStack trace:\n#0 {there}({line}): App\\Jobs\\Sync->handle()\n#1 {{main}}"
        assert error_group(first) == error_group(second + ("" if "\nfile:" in second else trace))

    holds()


APART = [
    ("cURL error 28: Operation timed out for https://{}/v1", "api.stripe.com", "api.olva.pe"),
    (
        "Server error: `GET https://api.olva.pe/1` resulted in a `{}` response:\n",
        "500 Internal Server Error",
        "503 Service Unavailable",
    ),
    ("SQLSTATE[42S02]: Base table or view not found: 1146 Table 'a.{}' doesn't exist", "b", "c"),
    (
        "SQLSTATE[23000]: Integrity constraint violation: 1062 Duplicate entry '1' for key '{}'",
        "orders.number",
        "orders.email",
    ),
    ("{} has timed out.", "App\\Jobs\\Sync", "App\\Jobs\\Mail"),
    ("NetSuite sync failed: {}", "SSS_REQUEST_LIMIT_EXCEEDED", "INVALID_KEY_OR_REF"),
    (
        ("Client error: `POST https://1.restlets.api.netsuite.com` resulted in a `400 Bad Request`"
        ' response:\n{{"error" : {{"code" : "{}", "message" : "x"}}}}'),
        "SSS_REQUEST_LIMIT_EXCEEDED",
        "INVALID_KEY_OR_REF",
    ),
    ("SQLSTATE[HY000] [2002] {}", "Connection refused", "No such file or directory"),
    ("SQLSTATE[HY000]: General error: {}", "1205 Lock wait timeout", "1290 Read only"),
    ("El ERP respondió {} al enviar el pedido 803193", "429", "500"),
    ("Failed to connect to 10.0.0.5 port {}: Connection refused", "6379", "9200"),
    ('Undefined array key "{}"', "sku", "total"),
    ('ErrorException: Attempt to read property "id" on null in /srv/app/{}.php:3', "Sync", "Mail"),
    (
        "PDOException: SQLSTATE[40001]: Serialization failure: 1213 Deadlock (SQL: update `{}`)",
        "stock",
        "orders",
    ),
    ("NetSuite sync failed: {} - Invalid key 5", "INVALID_KEY_OR_REF", "RCRD_DSNT_EXIST"),
    ("RedisException: {} in /srv/a.php:3", "Connection refused", "read error on connection"),
    (
        "ErrorException: fopen(/srv/a/{}): Failed to open stream: No such file or directory",
        "certs/tax.pem",
        "mails/welcome.html",
    ),
    (
        "SQLSTATE[23000]: Integrity constraint violation: 1062 Duplicate entry '1' for key '{}'",
        "orders.PRIMARY",
        "payments.PRIMARY",
    ),
    ("{}: Payment failed in /srv/a.php:3", "App\\Errors\\Declined", "App\\Errors\\Expired"),
]  # fmt: skip


@pytest.mark.parametrize(("template", "one", "other"), APART)
def test_different_errors_have_different_error_groups(template: str, one: str, other: str) -> None:
    assert error_group(template.format(one)) != error_group(template.format(other))


SAME = [
    ("NetSuite sync failed: INVALID_KEY_OR_REF - {}", "Invalid entity 5", "https://1.example/x"),
    (
        "{} in /srv/a.php:3",
        "RedisException: Connection refused",
        "Predis\\Connection\\ConnectionException: Connection refused [tcp://127.0.0.1:6379]",
    ),
    (
        "{}",
        "ErrorException: mysqli::real_connect(): (HY000/2002): Connection refused",
        "PDOException: SQLSTATE[HY000] [2002] Connection refused",
    ),
    ("SQLSTATE[42S02]: Base table or view not found: 1146 Table '{}.b' doesn't exist", "a", "z_2"),
    (
        "SQLSTATE[23000]: Integrity constraint violation: 1062 Duplicate entry '1' for key '{}'",
        "orders.orders_number_unique",
        "orders_number_unique",
    ),
    (
        (
            "SQLSTATE[23000]: Integrity constraint violation: 1452 Cannot add or update a child "
            "row: a foreign key constraint fails (`{}`.`items`, CONSTRAINT `items_order_foreign`)"
        ),
        "shop",
        "warehouse",
    ),
    (
        "Illuminate\\Database\\Eloquent\\ModelNotFoundException: No query results for model {}",
        "[App\\Models\\Order].",
        "[App\\Models\\Order] 5, 6",
    ),
    (
        "ErrorException: fopen({}): Failed to open stream: No such file or directory",
        "/srv/a/storage/F001-12.pdf",
        "C:\\shop\\F001-9912.pdf",
    ),
    (
        "fopen(/tmp/{}): Failed to open stream: No such file or directory",
        "phpAbCdEf",
        "phpXyZwVu",
    ),
]


@pytest.mark.parametrize(("template", "one", "other"), SAME)
def test_equal_errors_with_other_values_have_one_error_group(
    template: str, one: str, other: str
) -> None:
    assert error_group(template.format(one)) == error_group(template.format(other))


def test_the_part_of_a_table_that_a_trace_cuts_does_not_name_the_table() -> None:
    text = (
        "PDOException: SQLSTATE[40001]: Serialization failure: 1213 Deadlock in /srv/a.php:3\n#0 "
    )
    assert error_group(text + "a.php(1): query('DELETE FROM cro...')").endswith("lock in a.php")


FRAGMENTS = [
    *["'", '"', "`", "\\", "/", ":", "::", "{", "[", "<", "#", "@", ".", "-", "\n", " in ", "\0"],
    *["SQLSTATE[", "cURL error ", "`GET https://", "resulted in a `", "Error executing ", "eyJ"],
    *["https://", "a@", "1.", "0x", "2024-01-01 ", "Duplicate entry '", "Exception: ", "App\\"],
    *[
        "Traceback (most recent call last):\n",
        "\n    at f (",
        "; nested exception is ",
        "NetSuite A_B ",
    ],
    *[
        "Could not resolve host: ",
        "connect to ",
        "host='a'",
        "Caused by: ",
        "Main connection [",
        "(1213, '",
    ],
    *["SMTP 550 ", "Shopify\\E: ", "PG::E: ", " - UPDATE a", "/storage/", "certificate https://"],
    *[
        'The command "A=b /',
        "Error Output:\n",
        " (View: ",
        "E11000 duplicate key error collection: a",
    ],
    *["connection to server at ", "Typed property A::$b", "Call given", "Access denied location: "],
    *[
        "netsuite Invalid a reference key 1 ",
        "SMTP Error: Detail: ",
        "mandatory field is not Model: ",
    ],
    *["SUNAT soap:Client.12 ", "Código: 12, Mensaje: ", "S3 operation failed; code: A, ", "<a><b>"],
    *["Zoho API error: ", "Slack returned error code ", "Regla: ", '{"message":"', "Stripe: A_B "],
    *["Array\n(\n", "not found: ", "SQL: select ", '\n  File "', "Connection refused", "a.b.C: "],
    *["proxies='http://", "ProxyError(", "blocked by: [A/", "[503 ", "POST https://", "'https://a"],
    *["tls: ", "alert a_b ", "rpc error: code = A desc = ", "(502): {", "failed to connect to a "],
    *[
        "Command 'ffmpeg ",
        ", line 1, column 1",
        "\n    at f (index 1)",
        "Cast to A failed for value ",
    ],
    *["Missing view [", "\n#0 [internal function]: App\\", "JSON serializable", "{closure"],
    *["\nCaused by: ", "Error: a.rb:1:in `a': ", '"cliente": {', " property 'a' of "],
    *["Stack trace:", "\n\nNext ", '{"code":', "(SQL: ", "file: ", "ab12", "\ud800", "º", "\uff11"],
]


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(st.text(max_size=400), st.lists(st.sampled_from(FRAGMENTS), max_size=80).map("".join))
)
def test_any_text_has_an_error_group_that_never_changes(text: str) -> None:
    key = error_group(text)
    assert key == error_group(text)
    assert 0 < len(key) <= 190
    assert "\n" not in key


@pytest.mark.parametrize("fragment", FRAGMENTS)
def test_the_error_group_of_any_text_is_computed_within_a_second(fragment: str) -> None:
    """The longest takes some milliseconds; a second would mean that time grows by the square."""
    long = fragment * (1_000_000 // len(fragment))
    for text in (long, "Exception: 0 - " + long, "PDOException: SQLSTATE[HY000]: x 1 '" + long):
        # Of this thread alone: a busy machine makes nothing of it longer.
        start = time.thread_time()
        error_group(text)
        assert time.thread_time() - start < 1.0


def test_a_short_error_is_the_first_line_and_always_ends_in_dots() -> None:
    gone = "NetSuite sync failed: exception - MySQL server has gone away"
    assert short_error(gone + "\nfile: x.php:3") == gone + "..."
    assert short_error("á" * 300) == "á" * 100 + "..."
    assert short_error("") == "..."
    assert short_error("\n\n  first\r\nsecond") == "first..."
