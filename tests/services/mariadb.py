"""A MariaDB server of the tests' own: own data directory, own socket, a free port of 127.0.0.1."""

import contextlib
import os
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

START_SECONDS = 60.0
STOP_SECONDS = 20.0
PORT_ATTEMPTS = 3
# Debian keeps servers in sbin, which an ordinary user's PATH may leave out.
_SEARCH_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin"])


class ServerUnavailableError(Exception):
    """The server did not install, start or stop; the message carries the end of its log."""


def find_program(name: str) -> str | None:
    """Path of a server program, looked for in sbin too, or None."""
    return shutil.which(name, path=_SEARCH_PATH)


class MariaDB:
    """One server process; `start`, `stop` and `kill` may be repeated on the same data."""

    def __init__(self, folder: Path, options: tuple[str, ...] = ()) -> None:
        """Install an empty server into `folder`; `options` are added to mariadbd's own."""
        self.folder = folder
        self.data = folder / "data"
        self.socket = folder / "sock"
        self.log = folder / "log"
        self.host = "127.0.0.1"
        self.port = 0
        self.user = "tests"
        self.password = secrets.token_hex(12)
        self.options = options
        self._process: subprocess.Popen[bytes] | None = None
        self._install()

    @property
    def pid(self) -> int:
        """Process id of the running server."""
        if self._process is None:
            raise ServerUnavailableError("the server is not running")
        return self._process.pid

    def url(self, database: str = "", *, user: str = "", password: str = "") -> str:
        """SQLAlchemy address of one of the server's databases, by default as its administrator."""
        name, word = (user, password) if user else (self.user, self.password)
        return f"mysql+pymysql://{name}:{word}@{self.host}:{self.port}/{database}"

    def execute(self, *statements: str) -> None:
        """Run statements as root over the server's own socket."""
        with contextlib.closing(self._connect()) as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    @contextlib.contextmanager
    def database(self) -> Iterator[str]:
        """Make an empty utf8mb4 database with a random name, give the name, drop it at the end."""
        name = f"t_{secrets.token_hex(6)}"
        self.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        try:
            yield name
        finally:
            self.execute(f"DROP DATABASE IF EXISTS {name}")

    def start(self) -> None:
        """Start, on the same port as before where there was one, and wait until it answers."""
        for attempt in range(PORT_ATTEMPTS):
            self.port = self.port or _free_port(self.host)
            self._process = self._spawn()
            if self._answers():
                self._grant()
                return
            self.kill()
            # Between choosing a free port and using it, somebody else may have taken it.
            if "Address already in use" not in self._log_end() or attempt + 1 == PORT_ATTEMPTS:
                break
            self.port = 0
        raise ServerUnavailableError(f"mariadbd did not start:\n{self._log_end()}")

    def stop(self) -> None:
        """Ask the server to end and wait; after STOP_SECONDS it is killed."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None

    def kill(self, with_signal: signal.Signals = signal.SIGKILL) -> None:
        """End the server the hard way, as a power cut would."""
        if self._process is None:
            return
        self._process.send_signal(with_signal)
        self._process.wait(STOP_SECONDS)
        self._process = None

    def _install(self) -> None:
        program = find_program("mariadb-install-db")
        if program is None or find_program("mariadbd") is None:
            raise ServerUnavailableError("mariadbd and mariadb-install-db are not on this machine")
        done = subprocess.run(
            [
                program,
                "--no-defaults",
                *_as_current_user(),
                f"--datadir={self.data}",
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
                "--innodb-log-file-size=32M",
                "--innodb-buffer-pool-size=64M",
            ],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=START_SECONDS,
            # It starts a server too; see below.
            env={**os.environ, "TMPDIR": str(self.folder)},
            check=False,
        )
        if done.returncode != 0:
            raise ServerUnavailableError((done.stdout + done.stderr).decode(errors="replace"))

    def _spawn(self) -> subprocess.Popen[bytes]:
        program = find_program("mariadbd")
        assert program is not None
        command = [
            *_die_with_parent(),
            program,
            "--no-defaults",
            *_as_current_user(),
            f"--datadir={self.data}",
            f"--socket={self.socket}",
            f"--pid-file={self.folder / 'pid'}",
            # Servers that share one delete each other's temporary tables at start.
            f"--tmpdir={self.folder}",
            f"--bind-address={self.host}",
            f"--port={self.port}",
            "--skip-name-resolve",
            "--performance-schema=OFF",
            "--character-set-server=utf8mb4",
            "--innodb-buffer-pool-size=256M",
            "--innodb-log-file-size=32M",
            "--innodb-flush-log-at-trx-commit=0",
            "--innodb-fast-shutdown=2",
            *self.options,
        ]
        with self.log.open("ab") as log:
            return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def _answers(self) -> bool:
        assert self._process is not None
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            # PyMySQL leaks its socket when a Unix socket refuses, so a bare one asks first.
            with (
                socket.socket(socket.AF_UNIX) as probe,
                contextlib.suppress(OSError, pymysql.err.OperationalError),
            ):
                probe.connect(str(self.socket))
                self._connect().close()
                return True
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(0.05)
        return False

    def _grant(self) -> None:
        self.execute(
            f"CREATE OR REPLACE USER {self.user}@'{self.host}' IDENTIFIED BY '{self.password}'",
            f"GRANT ALL ON *.* TO {self.user}@'{self.host}' WITH GRANT OPTION",
        )

    def _connect(self) -> "pymysql.Connection[pymysql.cursors.Cursor]":
        return pymysql.connect(
            unix_socket=str(self.socket), user="root", connect_timeout=5, autocommit=True
        )

    def _log_end(self) -> str:
        return self.log.read_text(errors="replace")[-2000:] if self.log.exists() else "(no log)"


@contextlib.contextmanager
def running_mariadb(*options: str) -> Iterator[MariaDB]:
    """Give a started server in a temporary folder; stop it and remove the folder at the end."""
    # A socket's path may have 107 characters, so the folder sits directly in the temporary one.
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


def _free_port(host: str) -> int:
    """A port that nobody listens on, below those that systems hand out (from 32,768 on Linux).

    One of those a connection of any other test may have while the server is killed and started.
    """
    # Not of the seed that a test sets: two runs would then choose the same ports.
    for port in random.SystemRandom().sample(range(12_000, 32_000), 100):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind((host, port))
            return port
    raise ServerUnavailableError("no port is free")


def _as_current_user() -> list[str]:
    # mariadbd runs as root only when told so; anyone else it runs as needs no word.
    return ["--user=root"] if os.geteuid() == 0 else []


def _die_with_parent() -> list[str]:
    # A killed test run must leave no server behind.
    setpriv = find_program("setpriv")
    return [setpriv, "--pdeathsig", "KILL"] if setpriv else []
