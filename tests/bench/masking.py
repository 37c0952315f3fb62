"""Masking: its share of the time to index a failure, and its time for hostile texts."""

from collections.abc import Sequence
from time import perf_counter, thread_time

from bot.masking.keys import DEFAULT_MASKED_KEYS
from bot.masking.masker import Masker, text_mask
from bot.queue.layouts import Queue, spec_tables
from tests.bench.figures import say
from tests.masking.corpus import PIECES, exceptions
from tests.services.mariadb import MariaDB

SIZES = (65_536, 1_048_576)
"""The length that is read of a text, and the length of a hostile text."""
ROUNDS = 7
PAYLOAD = '{"job": "App\\\\Jobs\\\\SyncSalesOrder", "order_id": 803193, "tienda_id": 12097}'
MORE_PIECES = [
    *("#0 /a.php(1): ", "->a('", "curl -u ", "--password ", "name: a value ", "['a','"),
    *("%3D", "YWRtaW46", "a1B2", "?key=", "://", "-", 'string(9) "', "aB3" * 30),
]


def bench_masking(_server: MariaDB, *, quick: bool) -> None:
    """The time to mask a failure when it is indexed, and to mask texts of one repeated piece."""
    masker = Masker(DEFAULT_MASKED_KEYS)
    texts = exceptions()
    # Each text is new; job classes and ids repeat, so that the cache has them.
    masked = Queue(*spec_tables(), mask=text_mask(DEFAULT_MASKED_KEYS))
    cost = _index(masked, texts) - _index(Queue(*spec_tables()), texts)
    say("a failure, each with a new text", f"{cost:.0f} µs")
    for size in SIZES[: 1 if quick else 2]:
        times = []
        for piece in (*PIECES, *MORE_PIECES):
            text = piece * (size // len(piece))
            began = thread_time()
            masker.text(text)
            times.append((thread_time() - began, piece))
        slowest, piece = max(times)
        say(f"{size:,} characters", f"at most {slowest:.2f} s (of {piece[:20]!r})")


def _index(queue: Queue, texts: Sequence[str]) -> float:
    """Return the microseconds that the parts of one index entry take, the mean of the texts.

    Of each text, the least of several rounds counts, because other processes slow some of them.
    """
    least = [float("inf")] * len(texts)
    for number in range(ROUNDS):
        for place, text in enumerate(texts):
            new_text = text.replace(" ", f" {number}x ", 1)
            began = perf_counter()
            queue.short(new_text)
            queue.error_group(new_text)
            queue.identify(PAYLOAD)
            queue.mask("netsuite")
            least[place] = min(least[place], perf_counter() - began)
    return sum(least) / len(texts) * 1e6
