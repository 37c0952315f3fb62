"""The frameworks whose workers fill the queue's tables: their tables and their payloads."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import ColumnClause, Engine, Insert, Table, column, insert, table, text

from bot.queue.layouts import Layout, all_layouts, spec_tables
from bot.wall_clock import unix
from tests.kit.example_layout import PRIORITY

_SPEC, _LARAVEL, _CODEIGNITER = all_layouts(90, ("database",))


def payload(order: int = 803193, tienda: int = 12097) -> str:
    """Return a payload of the shop platform, with bytes that a JSON round trip would change."""
    data = json.dumps({"order_id": order, "tienda_id": tienda})
    job = "App\\\\Jobs\\\\NetsuiteSyncJob"
    return f'{{"job": "{job}",  "data":{data}, "nota":"caf\u00e9 \\u00e9"}}'


def digest_of(text: str) -> str:
    """Return the digest of a text in the form of `payload_digest`."""
    return sha256(text.encode()).hexdigest()[:32]


def _no_values(body: str) -> Mapping[str, Any]:  # noqa: ARG001 the type's
    return {}


def _reserved(at: int | None) -> Mapping[str, Any]:
    return {"reserved_at": at}


def _taken(at: int) -> Mapping[str, Any]:
    return {"reserved_at": at, "attempts": column("attempts") + 1}


@dataclass(frozen=True)
class Framework:
    """A framework's version: the statements of its migrations, and the rows that it writes.

    `payload` returns the payload of an order's job; `failed_values` returns the values of the other
    columns that the framework writes into `failed_jobs`, and `failed_at` converts the time.
    `reserved` returns the values of a job that is reserved since a time, or not reserved. `taken`
    returns the values that a worker sets when it reserves a job. `payload_digest` returns the
    digest by which the bot recognizes a job, and `unedited` a payload without the numbers that a
    retry edits.
    """

    name: str
    layout: Layout
    create: Callable[[Engine], None]
    payload: Callable[[int], str] = payload
    failed_values: Callable[[str], Mapping[str, Any]] = _no_values
    tables: tuple[str, str] = ("jobs", "failed_jobs")
    failed_at: Callable[[datetime], Any] = lambda at: at
    reserved: Callable[[int | None], Mapping[str, Any]] = _reserved
    taken: Callable[[int], Mapping[str, Any]] = _taken
    payload_digest: Callable[[str], str] = digest_of
    unedited: Callable[[str], str] = str

    def insert_failed(self, failed: Table, row: Mapping[str, Any]) -> Insert:
        """Return the statement by which the framework stores a failed job."""
        at = {"failed_at": self.failed_at(row["failed_at"])}
        values = {**self.failed_values(row["payload"] or ""), **row, **at}
        columns = {one.name: column(one.name, one.type) for one in failed.columns}
        more: dict[str, ColumnClause[Any]] = {name: column(name) for name in values}
        named = table(failed.name, *{**more, **columns}.values(), schema=failed.schema)
        return insert(named).values(values)


def _create_spec(engine: Engine) -> None:
    jobs, _ = spec_tables()
    jobs.metadata.create_all(engine)


SPEC = Framework("spec", _SPEC, _create_spec)


def _create_example(engine: Engine) -> None:
    jobs, _ = PRIORITY.tables("jobs", "failed_jobs", None)
    jobs.metadata.create_all(engine)


EXAMPLE = Framework("example", PRIORITY, _create_example, failed_values=lambda _: {"priority": 7})


def _executing(mysql: Sequence[str], sqlite: Sequence[str]) -> Callable[[Engine], None]:
    def create(engine: Engine) -> None:
        with engine.begin() as connection:
            for statement in sqlite if engine.dialect.name == "sqlite" else mysql:
                connection.execute(text(statement))

    return create


def _laravel_jobs(attempts: str, charset: str, index: str) -> str:
    return f"""CREATE TABLE jobs (
        id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, queue VARCHAR(255) NOT NULL,
        payload LONGTEXT NOT NULL, attempts {attempts} UNSIGNED NOT NULL,
        reserved_at INT UNSIGNED NULL, available_at INT UNSIGNED NOT NULL,
        created_at INT UNSIGNED NOT NULL, INDEX ({index})) DEFAULT CHARACTER SET {charset}"""


def _laravel_failed(id_: str, names: str, charset: str, more: str = "") -> str:
    return f"""CREATE TABLE failed_jobs (
        id {id_} UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, {more}
        connection {names} NOT NULL, queue {names} NOT NULL, payload LONGTEXT NOT NULL,
        exception LONGTEXT NOT NULL, failed_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL)
        DEFAULT CHARACTER SET {charset}"""


def _laravel_sqlite(more: str = "", names: str = "text") -> tuple[str, str]:
    return (
        """CREATE TABLE jobs (id integer NOT NULL PRIMARY KEY AUTOINCREMENT,
        queue varchar NOT NULL, payload text NOT NULL, attempts integer NOT NULL,
        reserved_at integer, available_at integer NOT NULL, created_at integer NOT NULL)""",
        f"""CREATE TABLE failed_jobs (id integer NOT NULL PRIMARY KEY AUTOINCREMENT, {more}
        connection {names} NOT NULL, queue {names} NOT NULL, payload text NOT NULL,
        exception text NOT NULL, failed_at datetime DEFAULT CURRENT_TIMESTAMP NOT NULL)""",
    )


def _command(order: int) -> str:
    """Return a serialized job of the class SyncOrder, as a part of a JSON text."""
    job = f'O:18:"App\\Jobs\\SyncOrder":1:{{s:8:"order_id";i:{order};}}'
    return json.dumps(job)


def laravel_payload(order: int = 803193, *, uuid: str | None = None, **more: Any) -> str:
    """Return a payload of Laravel 8; `more` are members that differ or that come last."""
    values: dict[str, Any] = {
        "uuid": uuid or str(uuid5(UUID(int=0), str(order))),
        "displayName": "App\\Jobs\\SyncOrder",
        "job": "Illuminate\\Queue\\CallQueuedHandler@call",
        "maxTries": 5,
        "maxExceptions": None,
        "failOnTimeout": False,
        "backoff": "10,60",
        "timeout": 120,
        "retryUntil": None,
        **more,
    }
    members = [_member(key, value) for key, value in values.items() if key not in _LAST]
    data = f'"data":{{"commandName":"App\\\\Jobs\\\\SyncOrder","command":{_command(order)}}}'
    last = [_member(key, more[key]) for key in _LAST if key in more]
    return "{" + ",".join([*members, data, *last]) + "}"


_LAST = ("createdAt", "pushedAt", "attempts", "tags")


def _member(key: str, value: Any) -> str:
    return f"{json.dumps(key)}:{json.dumps(value, separators=(',', ':'))}"


def old_laravel_payload(order: int = 803193, **more: Any) -> str:
    """Return a payload of Laravel 5.5, which has no uuid."""
    values: dict[str, Any] = {
        "displayName": "App\\Jobs\\SyncOrder",
        "job": "Illuminate\\Queue\\CallQueuedHandler@call",
        "maxTries": None,
        "timeout": None,
        "timeoutAt": None,
        **more,
    }
    members = [_member(key, value) for key, value in values.items()]
    data = f'"data":{{"commandName":"App\\\\Jobs\\\\SyncOrder","command":{_command(order)}}}'
    return "{" + ",".join([*members, data]) + "}"


def _with_uuid(body: str) -> Mapping[str, Any]:
    """Return the values of Laravel 8: the uuid of the payload, or another one."""
    try:
        uuid = json.loads(body)["uuid"]
    except (ValueError, KeyError, TypeError):
        uuid = str(uuid5(UUID(int=1), body))
    return {"connection": "database", "uuid": uuid}


def _digest_of_uuid(body: str) -> str:
    return digest_of(json.loads(body)["uuid"])


_EDITED = re.compile(r'"(retryUntil|attempts)":(\d+|null)')


def _without_edits(body: str) -> str:
    return _EDITED.sub(r'"\1":*', body)


def _with_connection(body: str) -> Mapping[str, Any]:  # noqa: ARG001 the type's
    return {"connection": "database"}


_UUID = "uuid VARCHAR(255) NOT NULL UNIQUE,"
LARAVEL_53 = Framework(
    "laravel-5.3",
    _LARAVEL,
    _executing(
        (
            _laravel_jobs("TINYINT", "utf8mb3", "queue, reserved_at"),
            _laravel_failed("INT", "TEXT", "utf8mb3"),
        ),
        _laravel_sqlite(),
    ),
    old_laravel_payload,
    _with_connection,
)
LARAVEL_55 = Framework(
    "laravel-5.5",
    _LARAVEL,
    _executing(
        (
            _laravel_jobs("TINYINT", "utf8mb4", "queue"),
            _laravel_failed("BIGINT", "TEXT", "utf8mb4"),
        ),
        _laravel_sqlite(),
    ),
    old_laravel_payload,
    _with_connection,
)
LARAVEL_8 = Framework(
    "laravel-8",
    _LARAVEL,
    _executing(
        (
            _laravel_jobs("TINYINT", "utf8mb4", "queue"),
            _laravel_failed("BIGINT", "TEXT", "utf8mb4", _UUID),
        ),
        _laravel_sqlite(_UUID),
    ),
    laravel_payload,
    _with_uuid,
    payload_digest=_digest_of_uuid,
    unedited=_without_edits,
)
LARAVEL_13 = Framework(
    "laravel-13",
    _LARAVEL,
    _executing(
        (
            _laravel_jobs("SMALLINT", "utf8mb4", "queue"),
            _laravel_failed(
                "BIGINT",
                "VARCHAR(255)",
                "utf8mb4",
                _UUID + " INDEX (connection, queue, failed_at),",
            ),
        ),
        _laravel_sqlite(_UUID, "varchar"),
    ),
    laravel_payload,
    _with_uuid,
)


def codeigniter_payload(order: int = 803193, **more: Any) -> str:
    """Return a payload of CodeIgniter Queue; newer versions add `metadata`."""
    job = {"job": "sync-order", "data": {"order_id": order, "tienda_id": 12097}, **more}
    return json.dumps(job, separators=(",", ":")).replace("/", "\\/")


def _codeigniter_mysql(
    priority: str = "priority VARCHAR(64) NOT NULL DEFAULT 'default',",
) -> list[str]:
    index = "queue, priority, status, available_at" if priority else "queue, status, available_at"
    return [
        f"""CREATE TABLE queue_jobs (id BIGINT(11) UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
        queue VARCHAR(64) NOT NULL, payload TEXT NOT NULL, {priority}
        status TINYINT UNSIGNED NOT NULL DEFAULT 0, attempts TINYINT UNSIGNED NOT NULL DEFAULT 0,
        available_at INT UNSIGNED NOT NULL, created_at INT UNSIGNED NOT NULL, KEY ({index}))
        DEFAULT CHARACTER SET utf8mb4""",
        f"""CREATE TABLE queue_jobs_failed (
        id BIGINT(11) UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
        connection VARCHAR(64) NOT NULL, queue VARCHAR(64) NOT NULL, payload TEXT NOT NULL,
        {priority} exception TEXT NOT NULL, failed_at INT UNSIGNED NOT NULL, KEY (queue))
        DEFAULT CHARACTER SET utf8mb4""",
    ]


def _codeigniter_sqlite(
    priority: str = "priority VARCHAR NOT NULL DEFAULT 'default',",
) -> list[str]:
    return [
        f"""CREATE TABLE queue_jobs (id INTEGER PRIMARY KEY AUTOINCREMENT, queue VARCHAR NOT NULL,
        payload TEXT NOT NULL, {priority} status TINYINT NOT NULL DEFAULT 0,
        attempts TINYINT NOT NULL DEFAULT 0, available_at INT NOT NULL, created_at INT NOT NULL)""",
        f"""CREATE TABLE queue_jobs_failed (id INTEGER PRIMARY KEY AUTOINCREMENT,
        connection VARCHAR NOT NULL, queue VARCHAR NOT NULL, payload TEXT NOT NULL, {priority}
        exception TEXT NOT NULL, failed_at INT NOT NULL)""",
    ]


def _codeigniter(name: str, mysql: list[str], sqlite: list[str], **values: str) -> Framework:
    return Framework(
        name,
        _CODEIGNITER,
        _executing(mysql, sqlite),
        codeigniter_payload,
        lambda _: {"connection": "database", **values},
        tables=("queue_jobs", "queue_jobs_failed"),
        failed_at=unix,
        reserved=lambda at: {"status": 0 if at is None else 1},
        taken=lambda _: {"status": 1},
    )


CODEIGNITER = _codeigniter(
    "codeigniter-queue", _codeigniter_mysql(), _codeigniter_sqlite(), priority="high"
)
CODEIGNITER_2023_10 = _codeigniter(
    "codeigniter-queue-2023-10", _codeigniter_mysql(""), _codeigniter_sqlite("")
)
"""The tables of the first migration, which have no priority; the bot refuses these tables."""
FRAMEWORKS = (SPEC, LARAVEL_53, LARAVEL_55, LARAVEL_8, LARAVEL_13, CODEIGNITER)
