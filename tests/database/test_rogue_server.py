"""A server that asks for the password never receives it, unless the server is verified."""

import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError

from bot.database.engine import connect
from bot.database.start import sentence_of
from bot.models.refusals import StartError
from tests.kit.certificates import self_signed
from tests.kit.listeners import listening
from tests.kit.mysql_packets import OK, greeting
from tests.kit.queues import GRACE

PASSWORD = "k4n4ry-Zx9Q-password"
LOCAL = "127.0.0.1"
REMOTE = "0.0.0.0"  # noqa: S104 an address that reaches this machine and is not its loopback
SSL_REQUEST = 36
PLUGINS = [b"mysql_clear_password\0", b"dialog\0\x04Password: "]


@dataclass
class Rogue:
    """A server that switches the client to `plugin`; `heard` has all bytes that it received."""

    plugin: bytes
    certificate: tuple[Path, Path] | None = None
    heard: bytearray = field(default_factory=bytearray)
    ended: threading.Event = field(default_factory=threading.Event)

    def serve(self, client: socket.socket) -> None:
        """Greet, ask for the password by `plugin`, and accept every login."""
        with suppress(OSError):
            self._serve(client)
        self.ended.set()

    def _serve(self, client: socket.socket) -> None:
        client.settimeout(20)
        client.sendall(greeting(tls=self.certificate is not None))
        if self.certificate is not None:
            # Read only the TLS request, because the handshake may follow it at once.
            self.heard += client.recv(SSL_REQUEST, socket.MSG_WAITALL)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*self.certificate)
            client = context.wrap_socket(client, server_side=True)
        with client:
            self._ask(client)

    def _ask(self, client: socket.socket) -> None:
        self.heard += client.recv(4096)
        number = 3 if self.certificate is not None else 2
        body = b"\xfe" + self.plugin
        client.sendall(len(body).to_bytes(3, "little") + bytes([number]) + body)
        self.heard += client.recv(4096)
        client.sendall(OK[:3] + bytes([number + 2]) + OK[4:])
        self.heard += client.recv(4096)


Attempt = Callable[..., str]


@pytest.fixture
def attempt() -> Attempt:
    """Connect to a rogue server; check that it received no password; return the error sentence."""

    def connect_to(rogue: Rogue, host: str, **options: object) -> str:
        with listening(rogue.serve) as port:
            url = f"mysql+pymysql://bot:{PASSWORD}@{host}:{port}/shop"
            engine = connect(url, grace=GRACE, **options)  # type: ignore[arg-type]  # the test's own options
            try:
                with pytest.raises(DBAPIError) as caught, engine.connect():
                    pass
            finally:
                engine.dispose()
            assert rogue.ended.wait(30)
        assert PASSWORD.encode() not in rogue.heard
        return sentence_of(caught.value)

    return connect_to


@pytest.mark.parametrize("plugin", PLUGINS)
@pytest.mark.parametrize(("host", "tls"), [(LOCAL, None), (REMOTE, "off")])
def test_a_rogue_server_does_not_get_the_password_in_clear_text(
    attempt: Attempt, plugin: bytes, host: str, tls: str | None
) -> None:
    assert "clear text" in attempt(Rogue(plugin), host, tls=tls)


@pytest.mark.parametrize("plugin", PLUGINS)
def test_a_rogue_server_does_not_get_the_password_through_unverified_tls(
    attempt: Attempt, plugin: bytes, tmp_path: Path
) -> None:
    rogue = Rogue(plugin, self_signed(tmp_path))
    assert "clear text" in attempt(rogue, LOCAL)


@pytest.mark.parametrize(("host", "tls"), [(REMOTE, None), (LOCAL, "required")])
def test_a_rogue_server_without_tls_gets_no_data_if_tls_is_required(
    attempt: Attempt, host: str, tls: str | None
) -> None:
    rogue = Rogue(PLUGINS[0])
    assert "cannot be encrypted" in attempt(rogue, host, tls=tls)
    assert bytes(rogue.heard) == b""


@pytest.mark.parametrize("plugin", [*PLUGINS, b"sha256_password\0", b"caching_sha2_password\0"])
@pytest.mark.parametrize("named", [False, True], ids=["the system's authorities", "another one"])
def test_a_rogue_server_with_a_wrong_certificate_gets_no_login(
    attempt: Attempt, tmp_path: Path, plugin: bytes, *, named: bool
) -> None:
    (tmp_path / "rogue").mkdir()
    (tmp_path / "right").mkdir()
    right, _ = self_signed(tmp_path / "right")
    rogue = Rogue(plugin, self_signed(tmp_path / "rogue"))
    sentence = attempt(rogue, REMOTE, ca=str(right) if named else None)
    assert "cannot be encrypted" in sentence
    # The client sends its TLS request before the account's name.
    assert b"bot" not in rogue.heard


def test_a_certificate_for_another_host_is_refused(attempt: Attempt, tmp_path: Path) -> None:
    certificate = self_signed(tmp_path)
    rogue = Rogue(PLUGINS[0], certificate)
    # The certificate is valid for 127.0.0.1 only.
    assert "cannot be encrypted" in attempt(rogue, REMOTE, ca=str(certificate[0]))


@pytest.mark.parametrize("option", ["ssl_disabled=true", "ssl_verify_cert=false", "ssl_ca=/x"])
@pytest.mark.parametrize(("host", "named"), [(LOCAL, True), (REMOTE, False), (REMOTE, True)])
def test_url_options_that_replace_the_certificate_check_are_refused(
    tmp_path: Path, option: str, host: str, *, named: bool
) -> None:
    certificate, _ = self_signed(tmp_path)
    with pytest.raises(StartError, match="DATABASE_CA"):
        connect(
            f"mysql+pymysql://bot:x@{host}/shop?{option}", ca=str(certificate) if named else None
        )
