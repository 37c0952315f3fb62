"""Structured logs without secrets: JSON on standard error, or plain lines at a terminal."""

import logging
import re
import sys
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

import structlog

_SECRET = re.compile(
    r"xox[a-z]-[\w-]+|xapp-[\w-]+|xwfp-[\w-]+"
    r"|(?<=://)[^/\s:@]*:[^/\s@]+(?=@)"
    r"|(?<=[Bb]earer )[\w.~+/=-]+"
    r"|https?://\S+/(?:commands|actions|app|hooks|services|workflows|triggers|webhooks?|webhookb2)/\S+"
    r"|ticket=[\w-]+"
)


def redact(text: str) -> str:
    """Replace tokens, `response_url`s and the `user:password` of URLs in the text."""
    return _SECRET.sub("[secret]", text)


_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""Control characters except the tab and the line end."""


class _Redaction:
    """A log processor that removes secrets from an event, first by `redact`, then by `mask`."""

    def __init__(self, mask: Callable[[Any], Any]) -> None:
        self._mask = mask

    def __call__(
        self, _logger: object, _method: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        redacted: MutableMapping[str, Any] = self._mask(self._redacted(dict(event)))
        return redacted

    def _redacted(self, value: Any) -> Any:
        match value:
            case str():
                return redact(value)
            case dict():
                return {key: self._redacted(item) for key, item in value.items()}
            case list() | tuple():
                return [self._redacted(item) for item in value]
            case None | bool() | int() | float():
                return value
        # The renderer would write the error or the bytes as they are.
        return redact(repr(value))


def _renderer() -> Any:
    """Return the renderer of log lines: for a person at a terminal, or for a program."""
    if sys.stderr.isatty():
        # The traceback is a masked text already.
        console = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        return lambda logger, name, event: console(logger, name, _printable(event))
    # In ASCII, because a terminal executes control characters such as U+009B.
    return structlog.processors.JSONRenderer()


def _printable(event: Any) -> Any:
    """Return the event with its control characters escaped, because a terminal executes them."""
    return {
        key: re.sub(_CONTROLS, _escaped, item) if isinstance(item, str) else item
        for key, item in event.items()
    }


def _escaped(match: re.Match[str]) -> str:
    return repr(match[0])[1:-1]


class _Redactor(logging.Formatter):
    """Format the log lines of libraries in the format of the bot's own log lines."""

    def __init__(self, *processors: Any) -> None:
        super().__init__()
        self._processors = processors

    def format(self, record: logging.LogRecord) -> str:
        event: Any = {"event": record.getMessage(), "level": record.levelname.lower()}
        event["logger"] = record.name
        if record.exc_info:
            event["exception"] = self.formatException(record.exc_info)
        for process in self._processors:
            event = process(None, "", event)
        return str(event)


def configure(level: str = "INFO", mask: Callable[[Any], Any] = lambda event: event) -> None:
    """Set up logging for the process; the SDK's loggers log only WARNING and higher levels.

    `mask` removes the secrets of payloads and exceptions from the values of an event.
    """
    stamp = structlog.processors.TimeStamper(fmt="iso", utc=True)
    redaction, renderer = _Redaction(mask), _renderer()
    number = logging.getLevelName(level)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            stamp,
            structlog.processors.format_exc_info,
            redaction,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Redactor(stamp, redaction, renderer))
    logging.basicConfig(handlers=[handler], level=max(logging.WARNING, number), force=True)


@contextmanager
def only_findings() -> Iterator[None]:
    """Suppress the log lines of libraries; the output then names each error once."""
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
