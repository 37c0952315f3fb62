"""TLS to the database: used if the server offers it, verified if a CA is configured."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from bot.database.engine import connect
from bot.database.transactions import reading
from bot.models.refusals import DatabaseDown
from tests.kit.certificates import self_signed
from tests.services.mariadb import MariaDB, running_mariadb
from tests.services.proxy import running_proxy

CIPHER = text("SHOW SESSION STATUS LIKE 'Ssl_cipher'")


@contextmanager
def with_tls(folder: Path) -> Iterator[tuple[MariaDB, Path]]:
    """Run a server with TLS; give it with its certificate's path."""
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
def test_a_server_that_supports_tls_is_connected_by_tls(
    encrypted: tuple[MariaDB, Path], *, named: bool
) -> None:
    server, certificate = encrypted
    engine = connect(server.url("mysql"), ca=str(certificate) if named else None)
    with reading(engine) as connection:
        assert "TLS" in connection.execute(CIPHER).one()[1]
    engine.dispose()


def test_a_server_with_a_certificate_of_another_authority_is_refused(
    encrypted: tuple[MariaDB, Path], tmp_path: Path
) -> None:
    other, _ = self_signed(tmp_path)
    engine = connect(encrypted[0].url("mysql"), ca=str(other))
    with pytest.raises(DatabaseDown), reading(engine):
        pass


def test_a_server_without_tls_is_refused_if_an_authority_is_configured(
    mariadb_url: str, tmp_path: Path
) -> None:
    other, _ = self_signed(tmp_path)
    url = make_url(mariadb_url)
    # Some servers have TLS by default; the proxy hides it.
    with running_proxy(url.host or "", url.port or 0) as proxy:
        plain = url.set(port=proxy.port).render_as_string(hide_password=False)
        engine = connect(plain, ca=str(other))
        with pytest.raises(DatabaseDown), reading(engine):
            pass


def test_no_authorities_are_read_if_none_is_configured(mariadb_url: str) -> None:
    engine = connect(mariadb_url)
    with closing(engine.raw_connection()) as one, closing(engine.raw_connection()) as other:
        first, second = one.dbapi_connection, other.dbapi_connection
        assert first is not second
        shared, again = (vars(raw)["ctx"] for raw in (first, second))
    assert shared is again
    assert shared.get_ca_certs() == []
    engine.dispose()
