import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import TextIO

import pytest

CANARY = "k4n4ryZx9Q"
LINES = (
    f"redis://:{CANARY}@cache:6379/0 refused",
    f"redis://default:{CANARY}@cache:6379/0 refused",
    f"Authorization: Bearer {CANARY}",
    f"https://hooks.slack.com/services/T000/B000/{CANARY}",
    f"https://hooks.slack.com/workflows/T000/A000/1/{CANARY}",
    f"https://discord.com/api/webhooks/123456789012345678/{CANARY}",
    f"password={CANARY}",
)
PROGRAM = """
import logging, sys
import structlog
from bot import logs
from bot.masking.masker import mask_value
logs.configure(mask=mask_value if sys.argv[1] == "masked" else (lambda event: event))
for line in sys.argv[2:]:
    structlog.get_logger().warning("failed", because=line, parts=[line], nested={"a": line})
    logging.getLogger("library").warning(line)
try:
    raise RuntimeError(" ".join(sys.argv[2:]))
except RuntimeError:
    structlog.get_logger().exception("bug")
    logging.getLogger("library").exception("bug")
"""


def logged(mode: str, lines: tuple[str, ...]) -> list[dict[str, object]]:
    """Run a program that logs these texts in every way; return its log lines."""
    command = [sys.executable, "-c", PROGRAM, mode, *lines]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in ended.stderr.splitlines()]


def test_a_terminal_gets_plain_lines_without_a_secret() -> None:
    master, terminal = os.openpty()
    title = "\x1b]0;owned\x07 \x9b31m"
    command = [sys.executable, "-c", PROGRAM, "masked", *LINES, title]
    process = subprocess.Popen(command, stderr=terminal)
    os.close(terminal)
    with os.fdopen(master, errors="replace") as screen:
        lines = list(screen_lines(screen))
    assert process.wait(60) == 0
    text = "\n".join(lines)
    assert CANARY not in text
    assert "RuntimeError" in text
    assert text.count("[warning  ]") == 2 * (len(LINES) + 1)
    assert "\\x1b]0;owned\\x07" in text
    assert "\x1b]0;" not in text
    assert "\x9b" not in text
    assert not any(line.startswith("{") for line in lines)


def screen_lines(screen: TextIO) -> Iterator[str]:
    """Yield what a program writes to a terminal, without colors, until the program ends."""
    # Linux answers a read of a terminal without programs with an error.
    with suppress(OSError):
        for line in screen:
            yield re.sub(r"\x1b\[[0-9;]*m", "", line.rstrip())


def test_the_log_has_no_secret_of_a_url_a_header_or_a_text() -> None:
    written = logged("masked", LINES)
    assert len(written) == 2 * len(LINES) + 2
    assert [line for line in written if CANARY in json.dumps(line)] == []
    assert all({"level", "timestamp"} <= line.keys() for line in written)


@pytest.mark.parametrize("line", LINES[:-1])
def test_urls_and_headers_are_redacted_without_a_masker_too(line: str) -> None:
    assert CANARY not in json.dumps(logged("plain", (line,)))


def test_errors_and_bytes_in_an_event_are_written_without_secrets() -> None:
    program = (
        "import structlog; from bot import logs; from bot.masking.masker import mask_value;"
        "logs.configure(mask=mask_value);"
        f"structlog.get_logger().warning('x', error=ValueError('password={CANARY}'),"
        f" data=b'token={CANARY}', count=3, flag=None)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    line = json.loads(done.stderr)
    assert CANARY not in done.stderr
    assert (line["count"], line["flag"], "ValueError" in line["error"]) == (3, None, True)


def test_the_log_is_masked_by_the_keys_of_the_settings() -> None:
    program = (
        "import structlog; from bot.__main__ import settings_and_log; settings_and_log('database');"
        f"structlog.get_logger().warning('x', error=ValueError('firma_sunat={CANARY}'),"
        f" payload={{'firma_sunat': '{CANARY}'}})"
    )
    environment = {"DATABASE_URL": "sqlite:///queue.db", "QUEUE_BOT_MASKED_KEYS": "firma_sunat"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert CANARY not in done.stderr
    assert json.loads(done.stderr)["event"] == "x"
