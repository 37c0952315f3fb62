"""TLS to the database: used where the server has it, checked where an authority is named."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import make_url, text

from bot.database.engine import connect
from bot.database.transactions import reading
from bot.models.refusals import DatabaseDown
from tests.services.mariadb import MariaDB, running_mariadb
from tests.services.proxy import running_proxy

CIPHER = text("SHOW SESSION STATUS LIKE 'Ssl_cipher'")


def self_signed(folder: Path) -> tuple[Path, Path]:
    """Files with a new certificate for 127.0.0.1 that is its own authority, and with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(address, critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate, secret = folder / "certificate.pem", folder / "key.pem"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.TraditionalOpenSSL
    unlocked = serialization.NoEncryption()
    secret.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, unlocked))
    return certificate, secret


@contextmanager
def with_tls(folder: Path) -> Iterator[tuple[MariaDB, Path]]:
    """A server that speaks TLS, and the file with its certificate."""
    folder.mkdir()
    certificate, key = self_signed(folder)
    with running_mariadb(f"--ssl-cert={certificate}", f"--ssl-key={key}") as server:
        yield server, certificate


@pytest.fixture(scope="module")
def encrypted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[MariaDB, Path]]:
    """One server with TLS for all tests here."""
    with with_tls(tmp_path_factory.mktemp("tls") / "server") as server_and_certificate:
        yield server_and_certificate


@pytest.mark.parametrize("named", [False, True], ids=["any server", "its authority"])
def test_a_server_that_has_tls_is_spoken_to_by_tls(
    encrypted: tuple[MariaDB, Path], *, named: bool
) -> None:
    server, certificate = encrypted
    engine = connect(server.url("mysql"), ca=str(certificate) if named else None)
    with reading(engine) as connection:
        assert "TLS" in connection.execute(CIPHER).one()[1]
    engine.dispose()


def test_a_server_of_another_authority_is_refused(
    encrypted: tuple[MariaDB, Path], tmp_path: Path
) -> None:
    other, _ = self_signed(tmp_path)
    engine = connect(encrypted[0].url("mysql"), ca=str(other))
    with pytest.raises(DatabaseDown), reading(engine):
        pass


def test_a_server_without_tls_is_refused_where_an_authority_is_named(
    mariadb_url: str, tmp_path: Path
) -> None:
    other, _ = self_signed(tmp_path)
    url = make_url(mariadb_url)
    # Some servers have TLS by default; the proxy hides that.
    with running_proxy(url.host or "", url.port or 0) as proxy:
        plain = url.set(port=proxy.port).render_as_string(hide_password=False)
        engine = connect(plain, ca=str(other))
        with pytest.raises(DatabaseDown), reading(engine):
            pass


def test_no_authorities_are_read_where_none_is_named(mariadb_url: str) -> None:
    engine = connect(mariadb_url)
    with closing(engine.raw_connection()) as one, closing(engine.raw_connection()) as other:
        first, second = one.dbapi_connection, other.dbapi_connection
        assert first is not second
        shared, again = (vars(raw)["ctx"] for raw in (first, second))
    assert shared is again
    assert shared.get_ca_certs() == []
    engine.dispose()
