"""Laravel's own `queue:retry all` on the same server, if Debian's packages are installed."""

import json
import shutil
import subprocess
from pathlib import Path

from sqlalchemy import Engine, create_engine, make_url, text

from tests.bench import tables
from tests.bench.figures import say
from tests.services.mariadb import MariaDB

SCRIPT = Path(__file__).with_name("retry_all.php")
PACKAGES = "php-cli php-mysql php-illuminate-queue"
SECONDS = 300.0

_JOBS = (
    "CREATE TABLE jobs (id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, "
    "queue VARCHAR(255) NOT NULL, payload LONGTEXT NOT NULL, attempts TINYINT UNSIGNED NOT NULL, "
    "reserved_at INT UNSIGNED, available_at INT UNSIGNED NOT NULL, "
    "created_at INT UNSIGNED NOT NULL, KEY (queue))"
)
_FAILED_JOBS = (
    "CREATE TABLE failed_jobs (id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, "
    "uuid VARCHAR(255) NOT NULL UNIQUE, connection TEXT NOT NULL, queue TEXT NOT NULL, "
    "payload LONGTEXT NOT NULL, exception LONGTEXT NOT NULL, "
    "failed_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP)"
)
"""The tables that Laravel's `queue:table` and `queue:failed-table` create."""

_FILLED = (
    "INSERT INTO failed_jobs (uuid, connection, queue, payload, exception) "
    f"SELECT UUID(), 'database', b.queue, {tables.DISTINCT}, b.exception"
)


def is_installed() -> bool:
    """Return whether PHP finds Laravel's queue."""
    php = shutil.which("php")
    if php is None:
        return False
    script = "exit(stream_resolve_include_path('Illuminate/Queue/autoload.php') ? 0 : 1);"
    return subprocess.run([php, "-r", script], check=False).returncode == 0


def rate(server: MariaDB, rows: int) -> float | None:
    """Return the rows a second of `queue:retry all`; without Laravel, print so and return None."""
    if not is_installed():
        say("Laravel's queue:retry all", f"not measured: needs Debian's {PACKAGES}")
        return None
    with server.database() as name:
        url = server.url(name)
        engine = create_engine(url)
        _fill(engine, rows)
        measured = _run(url)
        with engine.connect() as connection:
            left = connection.execute(text("SELECT COUNT(*) FROM failed_jobs")).scalar_one()
        engine.dispose()
    assert (measured["rows"], left) == (rows, 0), measured
    rows_a_second = rows / measured["seconds"]
    say(
        "Laravel's queue:retry all",
        f"{rows_a_second:,.0f} rows/s ({rows:,} in {measured['seconds']:.1f} s)",
    )
    return rows_a_second


def _fill(engine: Engine, rows: int) -> None:
    with engine.begin() as connection:
        connection.execute(text(_JOBS))
        connection.execute(text(_FAILED_JOBS))
        tables.prepare(connection, rows // tables.BASE)
    tables.fill(engine, _FILLED, rows)


def _run(url: str) -> dict[str, float]:
    address = make_url(url)
    connection = {
        "host": address.host,
        "port": address.port,
        "database": address.database,
        "username": address.username,
        "password": address.password,
    }
    done = subprocess.run(
        ["php", str(SCRIPT)],
        input=json.dumps(connection),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    measured: dict[str, float] = json.loads(done.stdout)
    return measured
