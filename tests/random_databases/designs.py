"""Random databases: the statements that create a team's tables and their rows.

All random parts are SQL, so a failing database can be copied into a test.
"""

from dataclasses import dataclass, replace

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

ZONES = st.sampled_from(["UTC", "UTC", "America/Lima", "Europe/Madrid"])


@dataclass(frozen=True)
class Design:
    """A database: the server's settings, its owner's statements, and the story's steps.

    `rows` run in a session that accepts every value. `later` inserts a failure while the bot runs,
    as a worker does.
    """

    settings: tuple[tuple[str, str], ...]
    zone: str
    tables: tuple[str, ...]
    rules: tuple[str, ...]
    rows: tuple[str, ...]
    later: str
    steps: tuple[tuple[str, int], ...]

    def with_zone(self, zone: str) -> "Design":
        """Return a copy with another time zone."""
        return replace(self, zone=zone)


def quoted(value: str) -> str:
    """Return a text as an SQL literal."""
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def hexadecimal(value: bytes) -> str:
    """Return bytes as an SQL literal."""
    return f"X'{value.hex()}'"


QUEUES = ("mail", "Mail", "netsuite-orders-high", "correo ñ", "cart 🛒", "", " padded ", "a:b%c`d")
BODIES = (
    '{"job":"App\\\\Jobs\\\\Sync","data":{"order_id":803193,"tienda_id":12097}}',
    '{"job":"Sync","note":"🛒 é ñ"}',
    '{"job":"Sync","note":"caf\\u00e9 \\ud800"}',
    '{"data":{"order_id":' + "9" * 30 + "}}",
    '{"data":{"order_id":1e999,"tienda_id":[]}}',
    'O:8:"SyncJob":1:{s:5:"order";i:7;}',
    "[" * 200,
    "{no json",
    "null",
    "0",
    "",
    " trailing  ",
    "Заказ",
    "x\ty\nz",
)
WORDS = (
    "NetSuite sync failed: exception - MySQL server has gone away",
    "Error: é 🛒\n#0 /app/Job.php(12)",
    "SQLSTATE[23000]: password=hunter2",
    "\n\n",
    "",
    "a" * 300,
)
BYTES = (b"\xff", b"E\xff:", b"\x00\x01", b"{}\xff", b"\xc3\xa9", b"\xe9")
TIMES = (
    "'2026-03-02 10:00:00'",
    "'2026-03-29 02:30:00'",
    "'2025-11-07 17:45:59.123456'",
    "'1000-01-01 00:00:00'",
    "'9999-12-31 23:59:59'",
    "'0000-00-00 00:00:00'",
    "'2024-02-31 00:00:00'",
    "'1970-01-01 00:00:01'",
    "NULL",
)
MOMENTS = ("0", "1762537376", "1762537376", "4102444800", "4294967295", "-1", "NULL", str(2**62))
STEPS = (
    "retry",
    "retry",
    "retry-several",
    "delete-failed",
    "delete-several",
    "delete",
    "undo",
    "undo",
    "retry-all",
    "retry-queue",
    "clear-failed",
    "undo-bulk",
)


def literal_texts(texts: tuple[str, ...]) -> SearchStrategy[str]:
    """A strategy for literals of texts, bytes and NULL."""
    return st.one_of(
        st.sampled_from(texts).map(quoted),
        st.sampled_from(texts).map(quoted),
        st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12).map(quoted),
        st.sampled_from(BYTES).map(hexadecimal),
        st.just("NULL"),
    )


def stories() -> SearchStrategy[tuple[tuple[str, int], ...]]:
    """A strategy for lists of steps, each with a number that selects its rows."""
    step = st.tuples(st.sampled_from(STEPS), st.integers(0, 9))
    return st.lists(step, min_size=3, max_size=7).map(tuple)
