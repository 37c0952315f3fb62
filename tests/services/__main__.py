"""Run the database tests on other servers: python -m tests.services [mysql …].

A server that its suite no longer offers is skipped, and the last lines name it. The run fails if an
offered server does not start or its tests fail.
"""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from tests.services.programs import (
    FOLDER,
    OFFERS,
    NotOfferedError,
    ServerUnavailableError,
    fetch,
)

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Part:
    """Tests for one server, with the number of processes and their seconds on an idle machine."""

    server: str
    paths: tuple[str, ...]
    processes: int
    seconds: int
    options: tuple[str, ...] = ()


SERVER_ONLY = ("--databases", "server")
PARTS = (
    Part(
        "mysql",
        (
            "tests/services",
            "tests/database",
            "tests/queue",
            "tests/layouts",
            "tests/store",
            "tests/commands",
            "tests/doctor",
            "tests/background/test_database_load.py",
            "tests/background/operations/test_refused_rows.py",
            "tests/random_databases",
            "tests/test_grants.py",
        ),
        3,
        300,
        SERVER_ONLY,
    ),
    Part(
        "mysql",
        (
            "tests/crash/test_crashes.py",
            "tests/crash/test_two_people.py",
            "tests/crash/test_undo_crashes.py",
        ),
        3,
        120,
        SERVER_ONLY,
    ),
    Part(
        "mariadb-11.8",
        (
            "tests/services",
            "tests/database",
            "tests/queue",
            "tests/store/failures/test_zone_offset.py",
            "tests/background/operations/test_refused_rows.py",
            "tests/random_databases",
            "tests/test_grants.py",
        ),
        3,
        120,
        SERVER_ONLY,
    ),
    # The tests that `make test` ran on the other kind of database.
    Part(
        "mariadb",
        ("tests/background", "tests/commands", "tests/store"),
        3,
        120,
        ("--databases", "other"),
    ),
    Part("crash", ("tests/crash",), 3, 120),
    Part("galera", ("tests/galera",), 1, 120),
    Part("php", ("tests/php",), 1, 60),
)
LIMIT = 3
"""A part is killed after this multiple of its seconds."""


def main(names: list[str]) -> int:
    """Run the parts of the named servers, or of all; return the exit status."""
    left_out: dict[str, str] = {}
    ends: list[str] = []
    failed = False
    for part in PARTS:
        if (names and part.server not in names) or part.server in left_out:
            continue
        try:
            version = _fetched(part.server)
        except NotOfferedError as error:
            left_out[part.server] = str(error)
            continue
        except ServerUnavailableError as error:
            failed = True
            ends.append(f"{part.server}: FAILED, not fetched: {error}")
            continue
        print(f"\n== {version}: {' '.join(part.paths)} ==", flush=True)
        began = monotonic()
        passed = _run(part)
        failed = failed or not passed
        how = "passed" if passed else "FAILED"
        ends.append(f"{version}: {how} in {monotonic() - began:.0f} s, planned {part.seconds} s")
    print(*("", *ends), sep="\n")
    for server, reason in left_out.items():
        print(f"NOT TESTED ON {server.upper()}: {reason}")
    return int(failed)


def _fetched(server: str) -> str:
    """Fetch a server and return its name with its version; raise `NotOfferedError`."""
    offer = OFFERS[server]
    os.environ.pop(FOLDER, None)
    if offer is None:
        return server
    folder = fetch(offer)
    os.environ[FOLDER] = str(folder)
    version = (folder / "version").read_text(encoding="utf-8").strip()
    return f"{server} ({version} of {offer.suite})"


def _run(part: Part) -> bool:
    command = [sys.executable, "-m", "pytest", "--server", part.server, "-q", *part.options]
    if part.processes > 1:
        command += ["-n", str(part.processes)]
    try:
        done = subprocess.run(
            [*command, *part.paths], cwd=ROOT, timeout=LIMIT * part.seconds, check=False
        )
    except subprocess.TimeoutExpired:
        print(f"ended after {LIMIT * part.seconds} s")
        return False
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
