"""The undo of a large retry-all, compared with the retry that it undoes."""

import threading
from dataclasses import replace
from time import monotonic

from bot.app.setup import Setup
from bot.background.operations.runner import Runner
from bot.database.transactions import reading
from bot.queue.layouts import fitted
from tests.bench import indexed, tables
from tests.bench.figures import say
from tests.bench.moves import INDEXED_BY_BOT, print_pops
from tests.bench.people import confirm, make_setup, preview
from tests.bench.workers import working
from tests.kit.queues import make_queue
from tests.services.mariadb import MariaDB

ROWS, QUICK_ROWS = 200_000, 20_000
PREVIEW_SECONDS = 60.0
MOST_RATIO, MOST_POP_MS = 2.5, 50
ALONE_SECONDS = 10.0

_pause = threading.Event().wait


def bench_undo(server: MariaDB, *, quick: bool) -> None:
    """Retry-all of 200k failed jobs and its undo, without workers and while workers pop."""
    rows = QUICK_ROWS if quick else ROWS
    with server.database() as name:
        test = make_queue(server.url(name))
        with reading(test.engine) as connection:
            test = replace(test, queue=fitted(connection, test.queue))
        setup = make_setup(test)
        with test.engine.begin() as connection:
            tables.prepare(connection, rows // tables.BASE)
        tables.fill_failed(test, rows)
        indexed.index(setup, rows, min(rows, INDEXED_BY_BOT))
        retried = _run(setup, "retry-all", rows)
        say("retry-all", f"{rows / retried:,.0f} rows/s ({retried:.1f} s)")
        undone = _run(setup, "undo", rows)
        say("its undo", f"{rows / undone:,.0f} rows/s ({undone:.1f} s)")
        say("undo / retry-all, in time", f"{undone / retried:.2f} (at most {MOST_RATIO})")
        _run(setup, "retry-all", rows)
        tables.flush(test)
        # Other work on the machine also delays a pop: compare with the same workers beside nothing.
        with working(test.url) as before:
            _pause(ALONE_SECONDS)
        with working(test.url) as pops:
            _run(setup, "undo")
        _run(setup, "retry-all")
        with working(test.url) as after:
            _pause(ALONE_SECONDS)
        print_pops("no bulk change", before)
        print_pops(f"undo (at most {MOST_POP_MS} ms)", pops)
        print_pops("no bulk change, afterwards", after)
        test.engine.dispose()


def _run(setup: Setup, words: str, rows: int | None = None) -> float:
    """Return the seconds of a bulk change after its preview; `rows` is the expected number."""
    frozen = preview(setup, words, PREVIEW_SECONDS)
    began = monotonic()
    ended = Runner(setup).run_to_end(confirm(setup, frozen))
    took = monotonic() - began
    assert ended.state == "done", ended
    assert rows in (None, ended.done), ended
    return took
