"""The initial rows of the playground's queue, with recent times."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, insert

from bot.queue.layouts import Queue

GONE_AWAY = (
    "NetSuite sync failed: exception - MySQL server has gone away\n"
    "#0 app/Models/NetsuiteSyncModel.php(61): CodeIgniter\\Database\\BaseConnection->query()\n"
    "#1 app/Libraries/NetsuiteClient.php(142): App\\Models\\NetsuiteSyncModel->markSent()\n"
    "#2 app/Jobs/NetsuiteSyncJob.php(118): App\\Libraries\\NetsuiteClient->upsert()\n"
    "#3 app/Commands/QueueWorker.php(74): App\\Jobs\\NetsuiteSyncJob->handle()"
)
NETSUITE_DOWN = (
    "App\\Exceptions\\NetsuiteException: NetSuite answered 503 Service Unavailable\n"
    "#0 app/Jobs/NetsuiteSyncJob.php(118): App\\Libraries\\NetsuiteClient->upsert()\n"
    "#1 app/Commands/QueueWorker.php(74): App\\Jobs\\NetsuiteSyncJob->handle()"
)
RATE_LIMIT = (
    "App\\Exceptions\\NetsuiteException: RESTlet answered 429\n"
    '{"error": {"code": "SSS_REQUEST_LIMIT_EXCEEDED", "message": "Concurrent request limit"}}'
)
TIMEOUT = (
    "GuzzleHttp\\Exception\\ConnectException: cURL error 28: Operation timed out after 30001 "
    "milliseconds with 0 bytes received for https://api.couriers.example/v2/labels"
)
DUPLICATE = "mysqli_sql_exception: Duplicate entry '803181-12097' for key 'invoices.order_tienda'"
LOCK_WAIT = (
    "CodeIgniter\\Database\\Exceptions\\DatabaseException: 1205 - Lock wait timeout exceeded; "
    "try restarting transaction\n"
    "#0 app/Models/InvoiceModel.php(57): CodeIgniter\\Database\\BaseConnection->query()"
)
MAILBOX_FULL = "Exception: 550 - mailbox full"

JOB_CLASSES = {
    "netsuite": "App\\Jobs\\NetsuiteSyncJob",
    "mail": "App\\Jobs\\OrderMailJob",
    "shipping": "App\\Jobs\\ShippingLabelJob",
}


def payload(queue: str, order: int, tienda: int) -> str:
    """Return a job's payload as the shop platform writes it; it has a secret, to show masking."""
    data = {
        "order_id": order,
        "tienda_id": tienda,
        "email": f"cliente{order % 97}@tienda.example",
        "netsuite_token": f"nst_{order:x}{tienda:x}",
    }
    return json.dumps({"job": JOB_CLASSES[queue], "data": data})


@dataclass(frozen=True, slots=True)
class _Failed:
    id: int
    queue: str
    order: int
    exception: str
    minutes_ago: int
    tienda: int = 12097


FAILED: Sequence[_Failed] = (
    _Failed(38, "shipping", 803102, TIMEOUT, 60 * 26, 12044),
    _Failed(39, "shipping", 803118, TIMEOUT, 60 * 25, 12044),
    _Failed(40, "netsuite", 803131, RATE_LIMIT, 60 * 9),
    _Failed(41, "netsuite", 803134, RATE_LIMIT, 60 * 9 - 1, 12044),
    _Failed(42, "netsuite", 803140, RATE_LIMIT, 60 * 9 - 1, 12044),
    _Failed(43, "netsuite", 803181, DUPLICATE, 60 * 3),
    _Failed(44, "mail", 803188, MAILBOX_FULL, 95, 12044),
    _Failed(45, "netsuite", 803193, GONE_AWAY, 34),
    _Failed(46, "netsuite", 803196, GONE_AWAY, 31),
)
"""The initial failed jobs; jobs 45 and 46 have the orders of the API specification."""


def seed(engine: Engine, queue: Queue) -> None:
    """Create the tables of the spec; insert the initial rows into empty tables."""
    queue.jobs.metadata.create_all(engine)
    queue.failed.metadata.create_all(engine)
    now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    with engine.begin() as connection:
        if connection.execute(queue.failed.select().limit(1)).first() is not None:
            return
        connection.execute(insert(queue.failed), [_failed_row(row, now) for row in FAILED])
        connection.execute(insert(queue.jobs), _job_rows(int(now.replace(tzinfo=UTC).timestamp())))


def _failed_row(row: _Failed, now: datetime) -> dict[str, Any]:
    return {
        "id": row.id,
        "queue": row.queue,
        "payload": payload(row.queue, row.order, row.tienda),
        "exception": row.exception,
        "failed_at": now - timedelta(minutes=row.minutes_ago),
    }


def _job_rows(now: int) -> list[dict[str, Any]]:
    """Return available jobs, a delayed job, and one that a dead worker reserved 14 minutes ago."""
    rows = [_job(119, "netsuite", 803170, now - 900, attempts=1, reserved_at=now - 840)]
    rows += [
        _job(121 + number, name, 803200 + number, now - 40 + 5 * number)
        for number, name in enumerate(["netsuite", "mail", "netsuite", "shipping", "netsuite"])
    ]
    rows.append(_job(126, "mail", 803207, now - 30, available_at=now + 3_600))
    return rows


def _job(
    id_: int,
    queue: str,
    order: int,
    created_at: int,
    *,
    attempts: int = 0,
    reserved_at: int | None = None,
    available_at: int | None = None,
) -> dict[str, Any]:
    return {
        "id": id_,
        "queue": queue,
        "payload": payload(queue, order, 12097),
        "attempts": attempts,
        "max_attempts": 3,
        "reserved_at": reserved_at,
        "available_at": created_at if available_at is None else available_at,
        "created_at": created_at,
    }
