"""D16: if a server accepts a connection and never answers, a request ends at its deadline."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from time import monotonic

import pytest
from sqlalchemy import Connection, make_url, select, text

from bot.database.engine import connect
from bot.database.start import START_SECONDS
from bot.database.time_limits import COMMIT_SECONDS
from bot.database.transactions import changing, reading
from bot.models.refusals import Busy, OutcomeUnknown, StartError
from bot.queue.layouts import Queue, spec_tables
from bot.store.migrate import migrate
from bot.wiring.queue_tables import check_tables
from tests.kit.listeners import listening
from tests.kit.mysql_packets import OK, greeting
from tests.kit.queues import TestQueue
from tests.kit.replicas import ask, codes, make_setup

LIMIT = 1.0
SLACK = 45.0
"""The longest delay on a busy machine; a wait for the silent server would take 60 s."""
COMMIT_LIMIT = 5.0
"""The limit of a change that must reach its COMMIT, also on a busy machine."""


def nothing(_client: socket.socket) -> None:
    """Accept the connection and send nothing."""


def greet(client: socket.socket) -> None:
    """Send the greeting, then nothing."""
    client.sendall(greeting(tls=False))


def greet_with_tls(client: socket.socket) -> None:
    """Send a greeting with TLS, then nothing in the handshake."""
    client.sendall(greeting(tls=True))


def let_in(client: socket.socket) -> None:
    """Accept the login, then do not answer when the session is set."""
    client.sendall(greeting(tls=False))
    client.recv(4096)
    client.sendall(OK)


TALKS = [nothing, greet, greet_with_tls, let_in]


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Check that the block takes at most this time, plus the delay of a busy machine."""
    began = monotonic()
    yield
    assert monotonic() - began < seconds + SLACK


@pytest.fixture(params=TALKS, ids=[talk.__name__ for talk in TALKS])
def silent_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a listener that falls silent at this stage."""
    with listening(request.param) as port:
        yield f"mysql+pymysql://bot:canary@127.0.0.1:{port}/shop"


def test_a_read_on_a_silent_server_is_refused_as_busy_by_its_deadline(silent_url: str) -> None:
    engine = connect(silent_url)
    with within(LIMIT), pytest.raises(Busy), reading(engine, monotonic() + LIMIT):
        pass


def test_a_change_on_a_silent_server_is_refused_as_busy_by_its_deadline(silent_url: str) -> None:
    engine = connect(silent_url)
    with within(LIMIT), pytest.raises(Busy):
        changing(engine, monotonic() + LIMIT, lambda _connection: None)


def test_a_command_on_a_silent_server_ends_by_its_deadline(silent_url: str) -> None:
    engine = connect(silent_url)
    queue = TestQueue(silent_url, engine, Queue(*spec_tables()))
    for words in ("retry 45", "status"):
        with within(LIMIT):
            assert codes([ask(make_setup(queue), words, seconds=LIMIT)]) == ["busy"]


def test_the_start_with_a_silent_server_fails_with_a_sentence(silent_url: str) -> None:
    engine = connect(silent_url)
    with within(START_SECONDS), pytest.raises(StartError, match="cannot be reached"):
        check_tables(engine, Queue(*spec_tables()))
    with within(START_SECONDS), pytest.raises(StartError, match="cannot be reached"):
        migrate(engine)


class Valve:
    """A TCP proxy before a server; once it is closed, it drops all data."""

    def __init__(self, host: str, port: int) -> None:
        self.target = (host, port)
        self.open = threading.Event()
        self.open.set()
        self.close_at: bytes | None = None
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []

    def serve(self, client: socket.socket) -> None:
        """Forward the data of client and server in threads."""
        server = socket.create_connection(self.target)
        self._sockets += [client, server]
        for pair in ((client, server), (server, client)):
            thread = threading.Thread(target=self._pass_on, args=pair)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """Close every connection."""
        for one in self._sockets:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(20)
        for one in self._sockets:
            one.close()

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                if self.close_at is not None and self.close_at in data:
                    self.open.clear()
                if self.open.is_set():
                    sink.sendall(data)
        for each in (source, sink):
            with suppress(OSError):
                # With `close` alone, the other thread waits and the transaction stays open.
                each.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def valve(mariadb_queue: TestQueue) -> Iterator[tuple[Valve, TestQueue]]:
    """A queue behind a valve, whose engine has production's limits and one open connection."""
    url = make_url(mariadb_queue.url)
    made = Valve(url.host or "", url.port or 0)
    with listening(made.serve) as port:
        address = url.set(port=port).update_query_dict({"ssl_disabled": "true"})
        engine = connect(address.render_as_string(hide_password=False))
        yield made, TestQueue(mariadb_queue.url, engine, mariadb_queue.queue)
        engine.dispose()
        made.stop()


def test_a_silent_pooled_connection_is_refused_as_busy_by_the_deadline(
    valve: tuple[Valve, TestQueue],
) -> None:
    made, queue = valve
    setup = make_setup(queue)
    assert codes([ask(setup, "status")]) == ["ok"]
    made.open.clear()
    for words in ("status", "retry 45"):
        with within(LIMIT):
            assert codes([ask(setup, words, seconds=LIMIT)]) == ["busy"]
    made.open.set()
    assert codes([ask(setup, "status")]) == ["ok"]


def test_a_server_that_becomes_silent_during_a_read_is_reported_as_busy(
    valve: tuple[Valve, TestQueue],
) -> None:
    made, queue = valve

    def read() -> None:
        with reading(queue.engine, monotonic() + LIMIT) as connection:
            connection.execute(select(queue.queue.jobs.c.id)).all()
            made.open.clear()
            connection.execute(select(queue.queue.failed.c.id)).all()

    with within(LIMIT), pytest.raises(Busy):
        read()


@pytest.mark.parametrize(
    ("word", "code", "limit"),
    [(b"INSERT", "busy", LIMIT), (b"COMMIT", "outcome-unknown", COMMIT_LIMIT)],
)
def test_a_server_that_becomes_silent_during_a_change_is_reported_in_time(
    valve: tuple[Valve, TestQueue],
    mariadb_queue: TestQueue,
    word: bytes,
    code: str,
    limit: float,
) -> None:
    made, queue = valve
    mariadb_queue.fail(45)
    setup = make_setup(queue)
    ask(setup, "status")
    made.close_at = word
    with within(limit):
        assert codes([ask(setup, "retry 45", key="one", seconds=limit)]) == [code]
    assert [row.id for row in mariadb_queue.failed] == [45]
    assert mariadb_queue.jobs == []
    made.close_at = None
    made.open.set()
    assert codes([ask(setup, "retry 45", key="one")]) == ["ok"]
    assert len(mariadb_queue.jobs) == 1


def test_a_commit_may_take_half_a_second_even_after_the_deadline(
    valve: tuple[Valve, TestQueue],
) -> None:
    made, queue = valve
    deadline = monotonic() + COMMIT_LIMIT
    silent_at = 0.0

    def work(connection: Connection) -> None:
        nonlocal silent_at
        connection.execute(text("SELECT 1"))
        made.open.clear()
        # Wait for the deadline itself, so that no time remains for COMMIT.
        threading.Event().wait(deadline - monotonic())
        silent_at = monotonic()

    with within(COMMIT_LIMIT), pytest.raises(OutcomeUnknown):
        changing(queue.engine, deadline, work)
    assert monotonic() - silent_at >= COMMIT_SECONDS
