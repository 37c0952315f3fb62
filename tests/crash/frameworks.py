"""The frameworks that the state machine chooses from, each with its own database.

Laravel's payloads have the values that a retry edits or refuses: passed deadlines, attempts, and
failed jobs of another connection.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

from tests.kit.frameworks import LARAVEL_8, SPEC, laravel_payload
from tests.kit.team import KeptDatabase
from tests.services.mariadb import MariaDB

PASSED = 1_600_000_000
REDIS = "redis"


def _payload(number: int) -> str:
    more: dict[str, Any] = {}
    if number % 2:
        more |= {"retryUntil": PASSED}
    if number % 4 == 1:
        more |= {"createdAt": PASSED - 600}
    if number % 3 == 0:
        more |= {"attempts": 2}
    if number % 5 == 4:
        more |= {"tags": [REDIS]}
    return laravel_payload(number, **more)


def _failed_values(body: str) -> Mapping[str, Any]:
    connection = REDIS if f'"{REDIS}"' in body else "database"
    return {**LARAVEL_8.failed_values(body), "connection": connection}


LARAVEL = replace(LARAVEL_8, name="laravel", payload=_payload, failed_values=_failed_values)
FRAMEWORKS = (SPEC, LARAVEL)


def is_movable(row: Any) -> bool:
    """Return whether a retry may move this row of `failed_jobs`."""
    return getattr(row, "connection", "database") == "database"


@contextmanager
def kept_databases(
    server: MariaDB, spec: KeptDatabase | None = None
) -> Iterator[Mapping[str, KeptDatabase]]:
    """Yield a database for each framework, by its name; `spec` exists already, or is created."""
    kept = {} if spec is None else {SPEC.name: spec}
    with ExitStack() as until_the_end:
        for framework in FRAMEWORKS:
            if framework.name not in kept:
                url = server.url(until_the_end.enter_context(server.database()))
                kept[framework.name] = KeptDatabase(url, framework)
                until_the_end.callback(kept[framework.name].queue.engine.dispose)
        yield kept
