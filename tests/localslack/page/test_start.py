"""The playground started in a terminal: it starts and stops, with or without proxies."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

NOWHERE = {"HTTP_PROXY": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}


@pytest.fixture
def started() -> Iterator[subprocess.Popen[str]]:
    """The playground as its own process."""
    command = [sys.executable, "-m", "bot", "playground", "--port", "0", "--no-browser"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, **NOWHERE}
    )
    yield process
    process.kill()
    process.communicate(timeout=10)


def test_the_playground_works_behind_a_proxy_and_ends_on_ctrl_c(
    started: subprocess.Popen[str], tab: Page
) -> None:
    assert started.stdout is not None
    address = re.search(r"http://127\.0\.0\.1:\d+/", started.stdout.readline())
    assert address is not None
    # These timeouts are limits, not measurements: `make bench` measures the start.
    tab.goto(f"{address[0]}?as=viewer#queue-ops")
    tab.get_by_role("combobox", name="Message").fill("/queue status")
    tab.keyboard.press("Enter")
    expect(tab.get_by_role("log")).to_contain_text("Queue status")
    tab.evaluate("localStorage.clear()")
    tab.goto("about:blank")
    started.send_signal(signal.SIGINT)
    assert started.wait(timeout=30) == 0
