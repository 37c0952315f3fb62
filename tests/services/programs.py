"""The servers on which the tests can run: their programs and their start commands.

`make test` uses the MariaDB of this machine's release. `make test-servers` fetches the others.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

INSTALL_SECONDS = 120.0
FETCH_SECONDS = 600.0
NOT_OFFERED = 3
"""The exit status of `fetch.sh` if the suite does not offer the package, or no longer."""
CHOSEN = "TEST_SERVER"
"""The variable with the server's name; the processes that tests start inherit it."""
FOLDER = "TEST_SERVER_FOLDER"
"""The variable with the folder of the server's unpacked packages."""
# Debian installs servers in sbin, which may be missing in an ordinary user's PATH.
_SEARCH_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin"])
_SIZES = ["--innodb-buffer-pool-size=256M", "--innodb-flush-log-at-trx-commit=0"]


class ServerUnavailableError(Exception):
    """The server did not install, start or stop; the message has the end of its log."""


class NotOfferedError(Exception):
    """The suite does not offer the server, or no longer; the message is that of `fetch.sh`."""


@dataclass(frozen=True)
class Offer:
    """The package of a server, and its oldest accepted version."""

    suite: str
    package: str
    oldest: str


OFFERS: dict[str, Offer | None] = {
    "mariadb": None,
    "crash": None,
    "galera": None,
    "php": None,
    "mariadb-11.8": Offer("trixie", "mariadb-server-core", "1:11.8"),
    "mysql": Offer("sid", "mysql-server-core", "8.4"),
}
"""Every server by its name; a server without an offer is this machine's own.

`crash` is this machine's MariaDB whose bots are killed, and `php` with workers in PHP.
"""


def choose(name: str) -> None:
    """Use this server in this process and its child processes; fetch its packages."""
    os.environ[CHOSEN] = name
    offer = OFFERS[name]
    if offer is not None and FOLDER not in os.environ:
        os.environ[FOLDER] = str(fetch(offer))


def is_own() -> bool:
    """Whether the tests run on this machine's own MariaDB, not on a fetched server."""
    return OFFERS[os.environ.get(CHOSEN, "mariadb")] is None


def is_mysql() -> bool:
    """Whether the tests run on MySQL; otherwise they run on a MariaDB."""
    return os.environ.get(CHOSEN) == "mysql"


def fetch(offer: Offer) -> Path:
    """Return the folder with the unpacked packages; download them if needed.

    Raises `NotOfferedError` if the suite has no such package.
    """
    script = Path(__file__).with_name("fetch.sh")
    done = subprocess.run(
        [script, offer.suite, offer.package, offer.oldest],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=FETCH_SECONDS,
        check=False,
    )
    if done.returncode == NOT_OFFERED:
        raise NotOfferedError(done.stderr.strip())
    if done.returncode != 0:
        raise ServerUnavailableError(done.stderr.strip())
    return Path(done.stdout.strip())


def find_program(name: str) -> str | None:
    """Return the path of a program, also from sbin; None if it is missing."""
    return shutil.which(name, path=_SEARCH_PATH)


def is_missing() -> bool:
    """Whether this machine lacks the MariaDB on which the tests would run."""
    return FOLDER not in os.environ and find_program("mariadbd") is None


def install(data: Path, folder: Path) -> None:
    """Create the data of an empty server; `folder` is for temporary files."""
    if FOLDER not in os.environ:
        _install_release(data, folder)
        return
    template = Path(os.environ[FOLDER]) / "data"
    if not template.exists():
        # Create it in another folder first, because another process may create the same data.
        with tempfile.TemporaryDirectory(dir=template.parent, prefix="data-") as made:
            new = Path(made) / "data"
            (_install_mysql if is_mysql() else _install_fetched_mariadb)(new)
            if not template.exists():
                new.rename(template)
    shutil.copytree(template, data)


def server_command() -> list[str]:
    """Return the server's program with the options that differ between servers."""
    if FOLDER not in os.environ:
        return [_release("mariadbd"), "--no-defaults", *_SIZES, "--innodb-log-file-size=32M"]
    if is_mysql():
        # MySQL writes a binary log by default, and so do teams' servers.
        quick = [
            "--sync-binlog=0",
            "--innodb-flush-method=nosync",
            "--innodb-redo-log-capacity=128M",
            "--mysqlx=OFF",
        ]
        return [*_fetched("mysqld"), *_SIZES, *quick]
    return [*_fetched("mariadbd"), *_SIZES, "--innodb-log-file-size=32M"]


def as_current_user() -> list[str]:
    """Return the option that lets a server run as root."""
    return ["--user=root"] if os.geteuid() == 0 else []


def _release(name: str) -> str:
    program = find_program(name)
    if program is None:
        raise ServerUnavailableError(f"{name} is not on this machine")
    return program


def _install_release(data: Path, folder: Path) -> None:
    command = [
        _release("mariadb-install-db"),
        "--no-defaults",
        *as_current_user(),
        f"--datadir={data}",
        "--auth-root-authentication-method=normal",
        "--skip-test-db",
        "--innodb-log-file-size=32M",
        "--innodb-buffer-pool-size=64M",
    ]
    # The command starts a server, and servers with a common folder delete each other's tables.
    _run(command, env={**os.environ, "TMPDIR": str(folder)})


def _fetched(name: str) -> list[str]:
    """Return the start of a command that runs a fetched program with its fetched libraries."""
    root = Path(os.environ[FOLDER])
    (loader,) = root.glob("usr/lib/*/ld-linux*.so.*")
    shared = root / "usr" / "share" / ("mysql" if name == "mysqld" else "mariadb")
    plugins = root / "usr" / "lib" / "mysql" / "plugin"
    return [
        str(loader),
        "--library-path",
        str(loader.parent),
        str(root / "usr" / "sbin" / name),
        "--no-defaults",
        f"--basedir={root / 'usr'}",
        f"--lc-messages-dir={shared}",
        f"--character-sets-dir={shared / 'charsets'}",
        # A server does not start if its plugin folder is missing.
        *([f"--plugin-dir={plugins}"] if plugins.exists() else []),
        *(["--secure-file-priv=NULL"] if name == "mysqld" else []),
    ]


def _install_mysql(data: Path) -> None:
    empty = ["--initialize-insecure", f"--datadir={data}", "--innodb-redo-log-capacity=128M"]
    _run([*_fetched("mysqld"), *as_current_user(), *empty])


def _install_fetched_mariadb(data: Path) -> None:
    """Do the work of mariadb-install-db, whose helper programs are in another package."""
    (data / "mysql").mkdir(parents=True)
    shared = Path(os.environ[FOLDER]) / "usr" / "share" / "mariadb"
    names = ("system_tables", "performance_tables", "system_tables_data")
    scripts = [(shared / f"mariadb_{name}.sql").read_text(encoding="utf-8") for name in names]
    first = "CREATE DATABASE IF NOT EXISTS mysql;\nUSE mysql;\nSET @auth_root_socket=NULL;\n"
    options = ["--bootstrap", f"--datadir={data}", "--innodb-log-file-size=32M"]
    # The plugins of other storage engines do not exist while the tables are created.
    options += ["--enforce-storage-engine=", "--max-allowed-packet=8M", "--net-buffer-length=16K"]
    _run([*_fetched("mariadbd"), *as_current_user(), *options], stdin="".join([first, *scripts]))


def _run(command: Sequence[str], *, stdin: str = "", env: dict[str, str] | None = None) -> None:
    done = subprocess.run(
        command,
        input=stdin.encode(),
        capture_output=True,
        timeout=INSTALL_SECONDS,
        env=env,
        check=False,
    )
    if done.returncode != 0:
        raise ServerUnavailableError((done.stdout + done.stderr).decode(errors="replace"))
