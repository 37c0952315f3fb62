"""Every error of a server at start or in `migrate` becomes one sentence without a traceback."""

import os
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import Engine, make_url
from sqlalchemy.exc import OperationalError

from bot.database.engine import connect
from bot.models.refusals import StartError
from bot.queue.layouts import Queue, spec_tables
from bot.store.migrate import migrate
from bot.wiring.queue_tables import check_tables
from tests.kit.accounts import Account
from tests.kit.concurrency import until
from tests.kit.listeners import listening
from tests.kit.start_problems import ON_MARIADB, checked
from tests.services.programs import is_mysql

ROOT = Path(__file__).parents[2]
QUEUE = Queue(*spec_tables())


def changed(account: Account, **parts: object) -> str:
    """Return the account's address with these parts changed."""
    url = make_url(account.url).set(**parts)  # type: ignore[arg-type]  # each is what its part takes
    return url.render_as_string(hide_password=False)


def sentences(url: str) -> list[str]:
    """Return the sentences with which `migrate` and the check at start refuse this address."""
    problems = []
    for check in (migrate, lambda engine: check_tables(engine, QUEUE)):
        with pytest.raises(StartError) as refusal:
            checked(url, check)
        problems += refusal.value.problems
    return problems


def says(url: str, *words: str) -> None:
    """Expect one sentence each from both checks, with these words and without the password."""
    are_right(sentences(url), *words)


def are_right(problems: list[str], *words: str) -> None:
    """Expect two sentences with these words and without the password."""
    assert len(problems) == 2
    for sentence in problems:
        assert all(word in sentence for word in words), sentence
        assert sentence.endswith(".")
        assert "\n" not in sentence
        assert "canary" not in sentence


def test_the_start_is_refused_if_no_server_listens(account: Account) -> None:
    says(changed(account, port=1), "cannot be reached", "2003")


def test_the_start_is_refused_if_the_host_does_not_exist(account: Account) -> None:
    says(changed(account, host="nowhere.invalid"), "cannot be reached", "2003")


def test_the_start_is_refused_with_a_wrong_password(account: Account) -> None:
    says(changed(account, password="wrong"), "name and password", "1045")


def test_the_start_is_refused_with_an_unknown_account(account: Account) -> None:
    says(changed(account, username="nobody"), "name and password", "1045")


def test_the_start_is_refused_with_an_unknown_database(account: Account) -> None:
    says(account.server.url("nowhere"), "does not exist", "1049")


def test_the_start_is_refused_if_the_account_has_no_right_on_the_database(account: Account) -> None:
    says(changed(account, database="mysql"), "lacks a right", "1044")


@pytest.mark.parametrize(
    ("clause", "undo", "words"),
    [
        ("ACCOUNT LOCK", "ACCOUNT UNLOCK", ("cannot be used", "3118" if is_mysql() else "4151")),
        (
            "PASSWORD EXPIRE",
            "PASSWORD EXPIRE NEVER",
            ("cannot be used", "1862" if is_mysql() else "1820"),
        ),
        # With TLS, REQUIRE SSL accepts everybody, but no client here has a certificate.
        ("REQUIRE X509", "REQUIRE NONE", ("does not let this account in", "1045")),
        (
            "WITH MAX_QUERIES_PER_HOUR 1",
            "WITH MAX_QUERIES_PER_HOUR 0",
            ("no more connections", "1226"),
        ),
        pytest.param(
            "IDENTIFIED VIA unix_socket",
            "IDENTIFIED BY 'canary'",
            ("does not let this account in", "1698"),
            marks=ON_MARIADB,
        ),
    ],
    ids=["locked", "expired", "certificate", "queries", "plugin"],
)
def test_the_start_is_refused_if_the_account_may_not_connect(
    account: Account, clause: str, undo: str, words: tuple[str, ...]
) -> None:
    account.alter(clause)
    try:
        says(account.url, *words)
    finally:
        account.alter(undo)


def test_the_start_is_refused_if_the_account_has_too_many_connections(account: Account) -> None:
    account.alter("WITH MAX_USER_CONNECTIONS 1")
    with connect(account.url).connect():
        says(account.url, "no more connections", "1226")


def test_the_start_is_refused_if_the_server_has_too_many_connections(account: Account) -> None:
    account.server.execute("SET GLOBAL max_connections = 10")
    engine = connect(account.url)
    with ExitStack() as held:
        problems: list[str] = []

        def is_full() -> bool:
            """Return whether both were refused, so that no connection ended between the two.

            The server may still end those of an earlier test, which lets one more in.
            """
            with pytest.raises(OperationalError, match="1040"):
                hold_connections(engine, held)
            try:
                problems[:] = sentences(account.url)
            except pytest.fail.Exception:
                return False
            return all("1040" in sentence for sentence in problems)

        try:
            until(is_full)
            are_right(problems, "no more connections", "1040")
        finally:
            held.close()
            engine.dispose()
            account.server.execute("SET GLOBAL max_connections = 151")


def hold_connections(engine: Engine, held: ExitStack) -> None:
    """Open more connections than the server allows."""
    for _ in range(20):
        held.enter_context(engine.connect())


def test_the_start_is_refused_if_the_init_connect_of_the_server_fails(account: Account) -> None:
    account.server.execute("SET GLOBAL init_connect = 'SELECT nothing'")
    try:
        says(account.url, "init_connect")
    finally:
        account.server.execute("SET GLOBAL init_connect = ''")


def test_the_start_is_refused_if_the_listener_closes_at_once(account: Account) -> None:
    with listening(socket.socket.close) as port:
        says(changed(account, port=port), "cannot be reached", "2013")


@pytest.mark.parametrize(
    "greeting",
    [
        b"SSH-2.0-OpenSSH_9.2p1\r\n",
        b"220 mail ready\r\n",
        b"\x05\0\0\0\x0a8.0",
        b"\x04\0\0\0\x0aab\0",
        b"\x02\0\0\0\xff\0",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
    ],
)
def test_the_start_is_refused_if_the_listener_is_another_program(
    account: Account, greeting: bytes
) -> None:
    def greet(client: socket.socket) -> None:
        client.sendall(greeting)
        client.shutdown(socket.SHUT_WR)

    with listening(greet) as port:
        says(changed(account, port=port), "atabase")


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("nonsense=1", "nonsense"),
        ("read_timeout=soon", "invalid option"),
        ("ssl_ca=/no/such/file", "No such file"),
    ],
)
def test_the_start_is_refused_with_a_wrong_url_option(
    account: Account, option: str, words: str
) -> None:
    says(f"{account.url}?{option}", words)


WORDS = [
    ["migrate"],
    ["do", "status", "--as", "ana"],
    ["run"],
    ["health"],
    ["audit", "verify"],
    ["audit", "tail"],
]
RUN = {
    "SLACK_BOT_TOKEN": "xoxb-1-2-a",
    "SLACK_APP_TOKEN": "xapp-1-A1-2-a",
    "QUEUE_BOT_ADMINS": "U07ADMINANA1",
    "QUEUE_BOT_AUDIT_CHANNEL": "C07QAUDIT001",
    "QUEUE_BOT_ALERT_CHANNEL": "C07QALERTS01",
}


@pytest.mark.parametrize("words", WORDS, ids=" ".join)
def test_the_terminal_prints_only_the_sentence(account: Account, words: list[str]) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "bot", *words],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "DATABASE_URL": changed(account, password="wrong"),
            **(RUN if words == ["run"] else {}),
        },
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert ended.returncode == 2
    (line,) = ended.stderr.splitlines()
    assert "name and password" in line
    assert ended.stdout == ""
