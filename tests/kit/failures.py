"""Failures with a different cause than the default one."""

from datetime import datetime

OTHER = "RuntimeException: no such customer"
FAILURE = {
    "queue": "netsuite",
    "exception": "RuntimeException: no stock",
    "failed_at": datetime(2025, 11, 7, 18),  # noqa: DTZ001 wall clock
}
