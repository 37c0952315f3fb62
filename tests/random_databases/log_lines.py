"""The bot's log lines during a story, with the traceback of each error."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog
from structlog.testing import LogCapture

FAILED = ("watch step failed", "failure not indexed")
"""Warnings about a failed step or a skipped row."""


class _Capture(LogCapture):
    def __call__(self, logger: Any, method_name: str, event_dict: Any) -> Any:
        if event_dict.get("exc_info"):
            event_dict["exc_info"] = traceback.format_exc()
        return super().__call__(logger, method_name, event_dict)


@contextmanager
def captured_lines() -> Iterator[list[Any]]:
    """Collect the log lines until the block ends."""
    capture = _Capture()
    processors = structlog.get_config()["processors"]
    before = list(processors)
    # The list is changed in place, because loggers already in use keep a reference to it.
    processors[:] = [capture]
    try:
        yield capture.entries
    finally:
        processors[:] = before


def errors(lines: list[Any]) -> list[Any]:
    """Return the lines about a failed step or a skipped row."""
    return [line for line in lines if line["log_level"] == "error" or line["event"] in FAILED]
