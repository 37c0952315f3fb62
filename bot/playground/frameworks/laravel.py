"""Laravel 12 with the queue driver `database`: its payloads, and what `queue:work` does.

Laravel's worker fails a job after its last attempt, or without an attempt if the job was
taken too often or its deadline has passed. Until then a failed attempt releases the job, which
deletes the row and inserts another one.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID, uuid5

from sqlalchemy import Column, RowMapping, String

from bot.playground.frameworks.framework import JOB_CLASSES, Cause, Framework, Task, Values
from bot.queue.layouts import Queue, all_layouts

RETRY_AFTER = 1_200
"""Reservations expire after 20 minutes, so that a visitor can see the stuck job before that."""
BACKOFF = 2
"""The seconds until the next attempt, short because a visitor watches."""
DEADLINE = 600
"""The time in seconds that a job with a deadline has."""

_SHOP = "/var/www/shop"
_VENDOR = f"{_SHOP}/vendor/laravel/framework/src/Illuminate"
_CONNECTION = f"{_VENDOR}/Database/Connection.php"


def _exception(class_: str, message: str, place: str, *frames: str) -> str:
    """Return an exception as PHP's `(string) $exception`."""
    numbered = (f"#{number} {frame}" for number, frame in enumerate((*frames, "{main}")))
    return "\n".join((f"{class_}: {message} in {place}", "Stack trace:", *numbered))


def _handled(class_: str, line: int) -> Sequence[str]:
    bound = f"{_VENDOR}/Container/BoundMethod.php(36): {class_}->handle()"
    return (
        bound,
        f"{_VENDOR}/Queue/CallQueuedHandler.php(132): Illuminate\\Bus\\Dispatcher->dispatchNow()",
        f"{_VENDOR}/Queue/Worker.php({line}): Illuminate\\Queue\\Jobs\\Job->fire()",
    )


def _netsuite(message: str, line: int) -> str:
    client = f"{_SHOP}/app/Services/NetsuiteClient.php:{line}"
    job = f"{_SHOP}/app/Jobs/NetsuiteSyncJob.php(48): App\\Services\\NetsuiteClient->upsert()"
    frames = _handled(JOB_CLASSES["netsuite"], 441)
    return _exception("App\\Exceptions\\NetsuiteException", message, client, job, *frames)


def _query(state: str, statement: str, job: str) -> str:
    """Return the exception of a failed statement, which names the driver's exception first."""
    run = f"{_CONNECTION}(779): Illuminate\\Database\\Connection->runQueryCallback()"
    frames = (run, *_handled(job, 441))
    message = f"{state} (Connection: mysql, SQL: {statement})"
    first = _exception("PDOException", state, f"{_CONNECTION}:587", *frames)
    class_ = "Illuminate\\Database\\QueryException"
    return f"{first}\n\nNext {_exception(class_, message, f'{_CONNECTION}:825', *frames)}"


EXCEPTIONS: Mapping[Cause, str] = {
    Cause.GONE_AWAY: _query(
        "SQLSTATE[HY000]: General error: 2006 MySQL server has gone away",
        "update `netsuite_syncs` set `sent_at` = now() where `order_id` = 803193",
        JOB_CLASSES["netsuite"],
    ),
    Cause.NETSUITE_DOWN: _netsuite("NetSuite answered 503 Service Unavailable", 118),
    Cause.RATE_LIMIT: _netsuite("RESTlet answered 429: SSS_REQUEST_LIMIT_EXCEEDED", 131),
    Cause.TIMEOUT: _exception(
        "Illuminate\\Http\\Client\\ConnectionException",
        "cURL error 28: Operation timed out after 30001 milliseconds with 0 bytes received (see "
        "https://curl.haxx.se/libcurl/c/libcurl-errors.html) for https://api.couriers.example/v2",
        f"{_VENDOR}/Http/Client/PendingRequest.php:1690",
        *_handled(JOB_CLASSES["shipping"], 441),
    ),
    Cause.DUPLICATE: _query(
        "SQLSTATE[23000]: Integrity constraint violation: 1062 Duplicate entry '803181-12097' for "
        "key 'invoices_order_id_tienda_id_unique'",
        "insert into `invoices` (`order_id`, `tienda_id`) values (803181, 12097)",
        JOB_CLASSES["netsuite"],
    ),
    Cause.LOCK_WAIT: _query(
        "SQLSTATE[HY000]: General error: 1205 Lock wait timeout exceeded; try restarting "
        "transaction",
        "update `invoices` set `state` = sent",
        JOB_CLASSES["netsuite"],
    ),
    Cause.MAILBOX_FULL: _exception(
        "Symfony\\Component\\Mailer\\Exception\\UnexpectedResponseException",
        'Expected response code "250" but got code "550", with message "550 mailbox full".',
        f"{_SHOP}/vendor/symfony/mailer/Transport/Smtp/SmtpTransport.php:335",
        *_handled(JOB_CLASSES["mail"], 441),
    ),
}


def _php(value: object) -> str:
    """Return a whole number or a text as PHP's `serialize` writes it."""
    return f"i:{value};" if isinstance(value, int) else f's:{len(str(value).encode())}:"{value}";'


def _command(class_: str, data: Mapping[str, object]) -> str:
    members = "".join(_php(key) + _php(value) for key, value in data.items())
    return f'O:{len(class_)}:"{class_}":{len(data)}:{{{members}}}'


def payload(task: Task, created_at: int) -> str:
    """Return a job's payload; shipping jobs have a deadline, the other jobs three attempts."""
    class_ = JOB_CLASSES[task.queue]
    has_deadline = task.queue == "shipping"
    body = {
        "uuid": str(uuid5(UUID(int=created_at), f"{task.queue} {task.order}")),
        "displayName": class_,
        "job": "Illuminate\\Queue\\CallQueuedHandler@call",
        "maxTries": None if has_deadline else 3,
        "maxExceptions": None,
        "failOnTimeout": False,
        "backoff": str(BACKOFF),
        "timeout": 120,
        "retryUntil": created_at + DEADLINE if has_deadline else None,
        "data": {"commandName": class_, "command": _command(class_, task.data)},
        "createdAt": created_at,
        "tags": [f"order:{task.order}"],
    }
    # PHP's json_encode writes no spaces and escapes slashes.
    return json.dumps(body, separators=(",", ":")).replace("/", "\\/")


class Laravel(Framework):
    """Laravel's rows and its worker."""

    def new_job(self, queue: str, payload: str, now: int) -> Values:
        """Return the row of a new job; the payload has the number of attempts."""
        times = {"reserved_at": None, "available_at": now, "created_at": now}
        return {"queue": queue, "payload": payload, "attempts": 0, **times}

    def failed_job(self, queue: str, payload: str, exception: str, failed_at: datetime) -> Values:
        """Return the row of a failed job, with its uuid."""
        values = super().failed_job(queue, payload, exception, failed_at)
        return values | {"connection": "database", "uuid": json.loads(payload)["uuid"]}

    def elsewhere(self) -> Values:
        """Return the columns of a failed job of the connection `redis`."""
        return {"connection": "redis"}

    def refusal(self, job: RowMapping, now: int) -> str | None:
        """Return the exception if the job was taken too often or its deadline has passed."""
        body = json.loads(job["payload"])
        until, tries = body["retryUntil"], body["maxTries"] or 1
        if now <= until if until else job["attempts"] <= tries:
            return None
        return _exception(
            "Illuminate\\Queue\\MaxAttemptsExceededException",
            f"{body['displayName']} has been attempted too many times.",
            f"{_VENDOR}/Queue/MaxAttemptsExceededException.php:24",
            f"{_VENDOR}/Queue/Worker.php(785): Illuminate\\Queue\\Worker->maxAttemptsExceeded()",
        )

    def next_attempt(self, job: RowMapping, now: int) -> Values | None:
        """Return the row of the released job; None after the last attempt or the deadline."""
        body = json.loads(job["payload"])
        until, tries = body["retryUntil"], body["maxTries"] or 1
        if until <= now if until else job["attempts"] >= tries:
            return None
        values = self.new_job(job["queue"], job["payload"], now)
        return values | {"attempts": job["attempts"], "available_at": now + BACKOFF}


def _queue() -> Queue:
    """Return Laravel's tables; the bot needs no column `uuid`, which the layout leaves out."""
    (layout,) = (one for one in all_layouts(RETRY_AFTER, ("database",)) if one.name == "laravel")
    jobs, failed = layout.tables("jobs", "failed_jobs", None)
    failed.append_column(Column("uuid", String(255), nullable=False, unique=True))
    return Queue(jobs, failed, layout=layout)


LARAVEL = Laravel("laravel", _queue(), EXCEPTIONS, payload, {"retry_after": RETRY_AFTER})
