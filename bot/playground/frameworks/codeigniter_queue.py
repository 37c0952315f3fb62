"""CodeIgniter Queue with the handler `database`: its payloads, and what `queue:work` does.

A worker increases `attempts` after an error. It schedules the same row again until the job's last
attempt, and then moves the job to the table of failed jobs.
"""

import json
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import RowMapping

from bot.playground.frameworks.framework import Cause, Framework, Task, Values
from bot.queue.layouts import Queue, all_layouts
from bot.wall_clock import unix

TABLES = ("queue_jobs", "queue_jobs_failed")
PENDING, RESERVED = 0, 1
TRIES = 3
RETRY_AFTER = 2
"""The seconds until the next attempt, short because a visitor watches."""
STUCK_SECONDS = 60
"""A reservation's age counts from when the bot first saw it, so that a visitor waits only this."""

HANDLERS: Mapping[str, str] = {
    "netsuite": "netsuite-sync",
    "mail": "order-mail",
    "shipping": "shipping-label",
}
"""The key of each queue's job class in `$jobHandlers`."""


def _exception(code: int, message: str, file: str, line: int) -> str:
    """Return an exception as the package stores it."""
    return f"Exception: {code} - {message}\nfile: /var/www/shop/{file}:{line}"


_DATABASE = "vendor/codeigniter4/framework/system/Database/MySQLi/Connection.php"
EXCEPTIONS: Mapping[Cause, str] = {
    Cause.GONE_AWAY: _exception(2006, "MySQL server has gone away", _DATABASE, 323),
    Cause.NETSUITE_DOWN: _exception(
        503, "NetSuite answered 503 Service Unavailable", "app/Libraries/NetsuiteClient.php", 118
    ),
    Cause.RATE_LIMIT: _exception(
        429, "RESTlet: SSS_REQUEST_LIMIT_EXCEEDED", "app/Libraries/NetsuiteClient.php", 131
    ),
    Cause.TIMEOUT: _exception(
        28,
        "cURL error 28: Operation timed out after 30001 milliseconds with 0 bytes received for "
        "https://api.couriers.example/v2/labels",
        "vendor/codeigniter4/framework/system/HTTP/CURLRequest.php",
        671,
    ),
    Cause.DUPLICATE: _exception(
        1062,
        "Duplicate entry '803181-12097' for key 'invoices.order_tienda'",
        _DATABASE,
        323,
    ),
    Cause.LOCK_WAIT: _exception(
        1205, "Lock wait timeout exceeded; try restarting transaction", _DATABASE, 323
    ),
    Cause.MAILBOX_FULL: _exception(550, "mailbox full", "app/Jobs/OrderMail.php", 41),
}


def payload(task: Task, created_at: int) -> str:  # noqa: ARG001 for other frameworks
    """Return a job's payload as the package writes it, with the metadata of newer versions."""
    body = {"job": HANDLERS[task.queue], "data": task.data, "metadata": {"queue": task.queue}}
    return json.dumps(body, separators=(",", ":")).replace("/", "\\/")


class CodeIgniterQueue(Framework):
    """The rows of CodeIgniter Queue and its worker."""

    def new_job(self, queue: str, payload: str, now: int) -> Values:
        """Return the row of a new job."""
        state = {"priority": "default", "status": PENDING, "attempts": 0}
        times = {"available_at": now, "created_at": now}
        return {"queue": queue, "payload": payload, **state, **times}

    def reservation(self, attempts: int, now: int) -> Values:  # noqa: ARG002 for other frameworks
        """Return the column that the worker sets when it takes a job."""
        return {"status": RESERVED}

    def failed_job(self, queue: str, payload: str, exception: str, failed_at: datetime) -> Values:
        """Return the row of a failed job."""
        values = super().failed_job(queue, payload, exception, failed_at)
        origin = {"connection": "database", "priority": "default"}
        return values | origin | {"failed_at": unix(failed_at)}

    def elsewhere(self) -> Values:
        """Return the columns of a failed job of the handler `redis`."""
        return {"connection": "redis"}

    def next_attempt(self, job: RowMapping, now: int) -> Values | None:
        """Return the same row for its next attempt; None after the last attempt."""
        attempts = job["attempts"] + 1
        if attempts >= TRIES:
            return None
        state = {"status": PENDING, "attempts": attempts, "available_at": now + RETRY_AFTER}
        return {**job, **state}


def _queue() -> Queue:
    every = all_layouts(90, ("database",))
    (layout,) = (one for one in every if one.name == "codeigniter_queue")
    return Queue(*layout.tables(*TABLES, None), layout=layout)


_SETTINGS = {
    "jobs_table": TABLES[0],
    "failed_jobs_table": TABLES[1],
    "reserved_seconds": STUCK_SECONDS,
}
CODEIGNITER_QUEUE = CodeIgniterQueue(
    "codeigniter_queue", _queue(), EXCEPTIONS, payload, _SETTINGS, HANDLERS
)
