"""Structured logs without secrets: one JSON object per line on standard error."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

_SECRET = re.compile(
    r"xox[a-z]-[\w-]+|xapp-[\w-]+|xwfp-[\w-]+"
    r"|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"
    r"|https?://\S+/(?:commands|actions|app|hooks|services)/\S+"
    r"|ticket=[\w-]+"
)


def redact(text: str) -> str:
    """Return the text without tokens, response_urls and the user:password of a URL."""
    return _SECRET.sub("[secret]", text)


def _redacted(value: Any) -> Any:
    match value:
        case str():
            return redact(value)
        case dict():
            return {key: _redacted(item) for key, item in value.items()}
        case list() | tuple():
            return [_redacted(item) for item in value]
    return value


def _redact_event(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    return {key: _redacted(value) for key, value in event.items()}


class _Redactor(logging.Formatter):
    """Format the log lines of libraries like the bot's own."""

    def format(self, record: logging.LogRecord) -> str:
        event = {"event": record.getMessage(), "level": record.levelname.lower()}
        event["logger"] = record.name
        if record.exc_info:
            event["exception"] = self.formatException(record.exc_info)
        line = structlog.processors.JSONRenderer()(None, "", _redact_event(None, "", event))
        return str(line)


def configure(level: str = "INFO") -> None:
    """Set up logging for the process; the SDK's loggers write from WARNING up."""
    number = logging.getLevelName(level)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _redact_event,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Redactor())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
