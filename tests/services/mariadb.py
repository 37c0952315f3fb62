"""A server for the tests, with its own data directory and socket and a free port of 127.0.0.1.

It is a MariaDB, or the server that `programs.choose` selected instead.
"""

import contextlib
import random
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pymysql

from tests.services.programs import (
    ServerUnavailableError,
    as_current_user,
    find_program,
    install,
    server_command,
)

START_SECONDS = 60.0
STOP_SECONDS = 20.0
PORT_ATTEMPTS = 3


class MariaDB:
    """One server process; `start`, `stop` and `kill` may be repeated on the same data."""

    def __init__(self, folder: Path, options: tuple[str, ...] = ()) -> None:
        """Install an empty server into `folder`; `options` are appended to the standard ones."""
        self.folder = folder
        self.data = folder / "data"
        self.socket = folder / "sock"
        self.log = folder / "log"
        self.host = "127.0.0.1"
        self.port = 0
        self.user = "tests"
        self.password = secrets.token_hex(12)
        self.options = options
        self.account = ""
        self._process: subprocess.Popen[bytes] | None = None
        self._install()

    @property
    def pid(self) -> int:
        """Return the process id of the running server."""
        if self._process is None:
            raise ServerUnavailableError("the server is not running")
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether the server was started and neither stopped nor killed since."""
        return self._process is not None

    def url(self, database: str = "", *, user: str = "", password: str = "") -> str:
        """Return the SQLAlchemy address of a database, by default for the administrator."""
        name, word = (user, password) if user else (self.user, self.password)
        return f"mysql+pymysql://{name}:{word}@{self.host}:{self.port}/{database}"

    def execute(self, *statements: str) -> None:
        """Run statements as root over the server's own socket."""
        with (
            contextlib.closing(self.connect_as_root()) as connection,
            connection.cursor() as cursor,
        ):
            for statement in statements:
                cursor.execute(statement)

    @contextlib.contextmanager
    def database(self) -> Iterator[str]:
        """Create an empty utf8mb4 database and give its random name; drop it at the end."""
        name = f"t_{secrets.token_hex(6)}"
        self.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        try:
            yield name
        finally:
            self.execute(f"DROP DATABASE IF EXISTS {name}")

    def start(self) -> None:
        """Start on the previous port, if any, and wait until the server answers."""
        for attempt in range(PORT_ATTEMPTS):
            self.port = self.port or free_port(self.host)
            self._process = self._spawn()
            if self._answers():
                self._grant()
                return
            self.kill()
            # Another process may have taken the free port before the server listens on it.
            if "Address already in use" not in self.log_end() or attempt + 1 == PORT_ATTEMPTS:
                break
            self.port = 0
        raise ServerUnavailableError(f"the server did not start:\n{self.log_end()}")

    def stop(self) -> None:
        """Stop the server with SIGTERM and wait; kill it after STOP_SECONDS."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None

    def kill(self, with_signal: signal.Signals = signal.SIGKILL) -> None:
        """Kill the server at once, as a power cut would."""
        if self._process is None:
            return
        self._process.send_signal(with_signal)
        self._process.wait(STOP_SECONDS)
        self._process = None

    def _install(self) -> None:
        install(self.data, self.folder)

    def _spawn(self) -> subprocess.Popen[bytes]:
        command = [
            *_die_with_parent(self.account),
            *server_command(),
            *([] if self.account else as_current_user()),
            f"--datadir={self.data}",
            f"--socket={self.socket}",
            f"--pid-file={self.folder / 'pid'}",
            # Servers with a common tmpdir delete each other's temporary tables at start.
            f"--tmpdir={self.folder}",
            f"--bind-address={self.host}",
            f"--port={self.port}",
            "--skip-name-resolve",
            "--performance-schema=OFF",
            "--character-set-server=utf8mb4",
            "--innodb-fast-shutdown=2",
            *self.options,
        ]
        with self.log.open("ab") as log:
            return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def _answers(self) -> bool:
        assert self._process is not None
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            # PyMySQL leaks its socket if a Unix socket refuses, so a plain socket connects first.
            with (
                socket.socket(socket.AF_UNIX) as probe,
                contextlib.suppress(OSError, pymysql.err.OperationalError),
            ):
                probe.connect(str(self.socket))
                self.connect_as_root().close()
                return True
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(0.05)
        return False

    def _grant(self) -> None:
        self.execute(
            f"CREATE USER IF NOT EXISTS {self.user}@'{self.host}' IDENTIFIED BY '{self.password}'",
            f"GRANT ALL ON *.* TO {self.user}@'{self.host}' WITH GRANT OPTION",
        )

    def connect_as_root(self) -> "pymysql.Connection[pymysql.cursors.Cursor]":
        """Connect as root over the server's own socket."""
        return pymysql.connect(
            unix_socket=str(self.socket), user="root", connect_timeout=5, autocommit=True
        )

    def log_end(self) -> str:
        """Return the last lines of the server's log."""
        return self.log.read_text(errors="replace")[-2000:] if self.log.exists() else "(no log)"


@contextlib.contextmanager
def running_mariadb(*options: str) -> Iterator[MariaDB]:
    """Give a started server in a temporary folder; stop it and remove the folder at the end."""
    # A socket's path has at most 107 characters, so the folder is a child of the temporary one.
    folder = Path(tempfile.mkdtemp(prefix="queue-bot-db-"))
    try:
        server = MariaDB(folder, options)
        try:
            server.start()
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def free_port(host: str) -> int:
    """Return an unused port below the system's ephemeral ports (from 32,768 on Linux).

    A connection of another test could take an ephemeral port between the server's kill and its
    restart.
    """
    # The random number ignores a test's seed, because two runs would choose the same ports.
    for port in random.SystemRandom().sample(range(12_000, 32_000), 100):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind((host, port))
            return port
    raise ServerUnavailableError("no port is free")


def _die_with_parent(account: str) -> list[str]:
    # If the test run is killed, its server must end too.
    setpriv = find_program("setpriv")
    if setpriv is None:
        return []
    becomes = [f"--reuid={account}", f"--regid={account}", "--clear-groups"] if account else []
    return [setpriv, *becomes, "--pdeathsig", "KILL"]
