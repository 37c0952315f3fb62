"""Masking: what it adds to the index for each failure, and its time for hostile texts."""

from time import thread_time

from bot.masking.keys import DEFAULT_MASKED_KEYS
from bot.masking.masker import Masker
from bot.queue.layouts import Queue, spec_tables
from bot.queue.layouts.queue import message_end
from tests.bench.figures import say
from tests.masking.corpus import PIECES, exceptions
from tests.services.mariadb import MariaDB

SIZES = (65_536, 1_048_576)
"""What is read of a text, and the size of a hostile one."""
MORE_PIECES = [
    *("#0 /a.php(1): ", "->a('", "curl -u ", "--password ", "name: a value ", "['a','"),
    *("%3D", "YWRtaW46", "a1B2", "?key=", "://", "-", 'string(9) "', "aB3" * 30),
]


def bench_masking(_server: MariaDB, *, quick: bool) -> None:
    """The time of masking a failure when it is indexed, and of texts of one repeated piece."""
    masker = Masker(DEFAULT_MASKED_KEYS)
    queue = Queue(*spec_tables())
    texts = exceptions()
    began = thread_time()
    for text in texts:
        masker.text(text[: message_end(text)])
        masker.text("App\\Jobs\\Netsuite\\SyncSalesOrder")
        masker.text(queue.identify('{"order_id": 803193}').job_class or "803193")
    each = (thread_time() - began) / len(texts) * 1e6
    say("a failure, without any cache", f"{each:.0f} µs")
    for size in SIZES[: 1 if quick else 2]:
        times = []
        for piece in (*PIECES, *MORE_PIECES):
            text = piece * (size // len(piece))
            began = thread_time()
            masker.text(text)
            times.append((thread_time() - began, piece))
        slowest, piece = max(times)
        say(f"{size:,} characters", f"at most {slowest:.2f} s (of {piece[:20]!r})")
