"""The playground as it is started in a terminal: soon there, soon gone, proxies or not."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from time import monotonic

import pytest
from playwright.sync_api import Page, expect

START_SECONDS = 3.0
END_SECONDS = 2.0
BUSY = 3.0
"""How many times longer a machine may take on which everything else is tested meanwhile."""

NOWHERE = {"HTTP_PROXY": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}


@pytest.fixture
def started() -> Iterator[tuple[subprocess.Popen[str], float]]:
    """The process and when it was started."""
    command = [sys.executable, "-m", "bot", "playground", "--port", "0", "--no-browser"]
    began = monotonic()
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, **NOWHERE}
    )
    yield process, began
    process.kill()
    process.communicate(timeout=10)


def test_it_is_soon_usable_behind_a_proxy_too_and_ctrl_c_soon_ends_it(
    started: tuple[subprocess.Popen[str], float], tab: Page
) -> None:
    process, began = started
    assert process.stdout is not None
    address = re.search(r"http://127\.0\.0\.1:\d+/", process.stdout.readline())
    assert address is not None
    tab.goto(f"{address[0]}?as=viewer#queue-ops")
    tab.get_by_role("combobox", name="Message").fill("/queue status")
    tab.keyboard.press("Enter")
    expect(tab.get_by_role("log")).to_contain_text("Queue status")
    usable = monotonic() - began
    tab.goto("about:blank")

    asked = monotonic()
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=30) == 0
    ended = monotonic() - asked
    assert usable < START_SECONDS * BUSY
    assert ended < END_SECONDS * BUSY
    print(f"usable after {usable:.2f} s, ended after {ended:.2f} s")  # noqa: T201 a figure to read
