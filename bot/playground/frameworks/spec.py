"""The application of the specification: a CodeIgniter 4 shop platform with its own queue."""

import json

from bot.playground.frameworks.framework import JOB_CLASSES, Cause, Framework, Task
from bot.queue.layouts import Queue, spec_tables

EXCEPTIONS = {
    Cause.GONE_AWAY: (
        "NetSuite sync failed: exception - MySQL server has gone away\n"
        "#0 app/Models/NetsuiteSyncModel.php(61): CodeIgniter\\Database\\BaseConnection->query()\n"
        "#1 app/Libraries/NetsuiteClient.php(142): App\\Models\\NetsuiteSyncModel->markSent()\n"
        "#2 app/Jobs/NetsuiteSyncJob.php(118): App\\Libraries\\NetsuiteClient->upsert()\n"
        "#3 app/Commands/QueueWorker.php(74): App\\Jobs\\NetsuiteSyncJob->handle()"
    ),
    Cause.NETSUITE_DOWN: (
        "App\\Exceptions\\NetsuiteException: NetSuite answered 503 Service Unavailable\n"
        "#0 app/Jobs/NetsuiteSyncJob.php(118): App\\Libraries\\NetsuiteClient->upsert()\n"
        "#1 app/Commands/QueueWorker.php(74): App\\Jobs\\NetsuiteSyncJob->handle()"
    ),
    Cause.RATE_LIMIT: (
        "App\\Exceptions\\NetsuiteException: RESTlet answered 429\n"
        '{"error": {"code": "SSS_REQUEST_LIMIT_EXCEEDED", "message": "Concurrent request limit"}}'
    ),
    Cause.TIMEOUT: (
        "GuzzleHttp\\Exception\\ConnectException: cURL error 28: Operation timed out after 30001 "
        "milliseconds with 0 bytes received for https://api.couriers.example/v2/labels"
    ),
    Cause.DUPLICATE: (
        "mysqli_sql_exception: Duplicate entry '803181-12097' for key 'invoices.order_tienda'"
    ),
    Cause.LOCK_WAIT: (
        "CodeIgniter\\Database\\Exceptions\\DatabaseException: 1205 - Lock wait timeout exceeded; "
        "try restarting transaction\n"
        "#0 app/Models/InvoiceModel.php(57): CodeIgniter\\Database\\BaseConnection->query()"
    ),
    Cause.MAILBOX_FULL: "Exception: 550 - mailbox full",
}


def payload(task: Task, created_at: int) -> str:  # noqa: ARG001 for other frameworks
    """Return a job's payload as the shop platform writes it."""
    return json.dumps({"job": JOB_CLASSES[task.queue], "data": task.data})


SPEC = Framework("spec", Queue(*spec_tables()), EXCEPTIONS, payload)
