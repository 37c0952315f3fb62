"""The threads of the watcher outlive whatever goes wrong in them."""

import threading
from datetime import datetime

from sqlalchemy import Connection

from bot.ledger import journal, watching
from bot.ledger import tables as t
from bot.playground.server import LocalSlack
from bot.queue.database import now_of
from tests.concurrency import until
from tests.queues import TestQueue
from tests.replicas import AUDIT, ask, make_setup
from tests.watch.posting import poster_of, running_watcher


class Broken:
    """The database's clock, which breaks the first time that a thread of this name asks."""

    def __init__(self, thread: str) -> None:
        self._thread = thread
        self.broke = threading.Event()

    def __call__(self, connection: Connection) -> datetime:
        """Now, naive UTC."""
        if threading.current_thread().name == self._thread and not self.broke.is_set():
            self.broke.set()
            raise RuntimeError("a clock that broke")
        return now_of(connection)


def test_the_figures_are_taken_again_after_whatever_went_wrong(queue: TestQueue) -> None:
    clock = Broken("sample")
    with running_watcher(make_setup(queue, clock=clock)):
        until(clock.broke.is_set)
        until(lambda: queue.count(watching.samples))


def test_what_cannot_be_followed_keeps_no_record_from_being_sealed(queue: TestQueue) -> None:
    setup = make_setup(queue)
    queue.fail(45)
    ask(setup, "delete-failed 45")
    with queue.engine.begin() as connection:
        t.followed.drop(connection)
    try:
        with running_watcher(setup):
            until(lambda: queue.count(journal.audit_chain) == 1)
    finally:
        # The database is kept for the tests that follow.
        with queue.engine.begin() as connection:
            t.followed.create(connection)


def test_what_cannot_be_refreshed_keeps_no_message_from_being_delivered(
    queue: TestQueue, slack: LocalSlack
) -> None:
    setup = make_setup(queue)
    queue.fail(45)
    ask(setup, "delete-failed 45")
    with queue.engine.begin() as connection:
        watching.bookings.drop(connection)
    try:
        with running_watcher(setup, poster_of(slack)):
            until(lambda: slack.messages(AUDIT))
    finally:
        # The database is kept for the tests that follow.
        with queue.engine.begin() as connection:
            watching.bookings.create(connection)
