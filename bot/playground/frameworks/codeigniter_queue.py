"""CodeIgniter Queue with the handler `database`: its payloads, and what `queue:work` does.

A worker changes the job's status, and increases `attempts` only after an error. After a failed
attempt the same row waits for the next attempt.
"""

import json
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import RowMapping

from bot.playground.frameworks.framework import JOB_CLASSES, Cause, Framework, Task, Values
from bot.queue.layouts import Queue, all_layouts
from bot.wall_clock import unix

NAME = "codeigniter_queue"
TABLES = ("queue_jobs", "queue_jobs_failed")
TRIES = 3
RETRY_AFTER = 2
"""The seconds until the next attempt, short because a visitor watches."""

_APP = "/var/www/shop/app"
_SYSTEM = "/var/www/shop/vendor/codeigniter4/framework/system"


def _exception(code: int, message: str, place: str) -> str:
    """Return what `BaseHandler::logFailed` stores of an exception."""
    return f"Exception: {code} - {message}\nfile: {place}"


EXCEPTIONS: Mapping[Cause, str] = {
    Cause.GONE_AWAY: _exception(
        2006, "MySQL server has gone away", f"{_SYSTEM}/Database/MySQLi/Connection.php:312"
    ),
    Cause.NETSUITE_DOWN: _exception(
        503, "NetSuite answered 503 Service Unavailable", f"{_APP}/Libraries/NetsuiteClient.php:118"
    ),
    Cause.RATE_LIMIT: _exception(
        429,
        "RESTlet answered 429: SSS_REQUEST_LIMIT_EXCEEDED",
        f"{_APP}/Libraries/NetsuiteClient.php:131",
    ),
    Cause.TIMEOUT: _exception(
        0,
        "28 : Operation timed out after 30001 milliseconds with 0 bytes received",
        f"{_SYSTEM}/HTTP/CURLRequest.php:678",
    ),
    Cause.DUPLICATE: _exception(
        1062,
        "Duplicate entry '803181-12097' for key 'invoices.order_tienda'",
        f"{_SYSTEM}/Database/MySQLi/Connection.php:312",
    ),
    Cause.LOCK_WAIT: _exception(
        1205,
        "Lock wait timeout exceeded; try restarting transaction",
        f"{_SYSTEM}/Database/MySQLi/Connection.php:312",
    ),
    Cause.MAILBOX_FULL: _exception(550, "mailbox full", f"{_APP}/Jobs/OrderMailJob.php:41"),
}


def payload(task: Task, created_at: int) -> str:  # noqa: ARG001 for other frameworks
    """Return a job's payload; the application uses the class as the job's key."""
    body = {"job": JOB_CLASSES[task.queue], "data": task.data, "metadata": {"queue": task.queue}}
    # PHP's json_encode writes no spaces and escapes slashes.
    return json.dumps(body, separators=(",", ":")).replace("/", "\\/")


def _priority(queue: str) -> str:
    return "high" if queue == "mail" else "default"


class CodeIgniterQueue(Framework):
    """The package's rows and its worker."""

    def new_job(self, queue: str, payload: str, now: int) -> Values:
        """Return the row of a new job; the mails have a higher priority."""
        state = {"status": 0, "attempts": 0, "available_at": now, "created_at": now}
        return {"queue": queue, "payload": payload, "priority": _priority(queue), **state}

    def reservation(self, attempts: int, now: int) -> Values:  # noqa: ARG002 for other frameworks
        """Return the column that the worker sets when it takes a job."""
        return {"status": 1}

    def failed_job(self, queue: str, payload: str, exception: str, failed_at: datetime) -> Values:
        """Return the row of a failed job."""
        values = super().failed_job(queue, payload, exception, failed_at)
        own = {"connection": "database", "priority": _priority(queue), "failed_at": unix(failed_at)}
        return values | own

    def elsewhere(self) -> Values:
        """Return the columns of a failed job of the handler `redis`."""
        return {"connection": "redis"}

    def next_attempt(self, job: RowMapping, now: int) -> Values | None:
        """Return the row that waits for the next attempt; None after the last attempt."""
        attempts = job["attempts"] + 1
        if attempts >= TRIES:
            return None
        return {**job, "status": 0, "attempts": attempts, "available_at": now + RETRY_AFTER}


def _queue() -> Queue:
    (layout,) = (one for one in all_layouts(90, ("database",)) if one.name == NAME)
    return Queue(*layout.tables(*TABLES, None), layout=layout)


SETTINGS = dict(zip(("jobs_table", "failed_jobs_table"), TABLES, strict=True))
CODEIGNITER_QUEUE = CodeIgniterQueue(NAME, _queue(), EXCEPTIONS, payload, SETTINGS)
