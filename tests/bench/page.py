"""The playground for a visitor: time from start to page, and from Enter to the answer."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

from playwright.sync_api import sync_playwright

from tests.bench.figures import times
from tests.localslack.page.conftest import FLAGS, find_chromium
from tests.services.mariadb import MariaDB

COMMANDS = ("/queue status", "/queue failed", "/queue help")
ENTER = """async (text) => {
    const field = document.getElementById("field");
    const log = document.getElementById("log");
    const before = log.querySelectorAll("article").length;
    field.value = text;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    const drawn = new Promise((resolve, reject) => {
        const late = setTimeout(() => reject(new Error("no answer within 5 s")), 5000);
        new MutationObserver((_, observer) => {
            if (log.querySelectorAll("article").length <= before) return;
            observer.disconnect();
            clearTimeout(late);
            requestAnimationFrame(() => setTimeout(resolve));
        }).observe(log, { childList: true });
    });
    const began = performance.now();
    field.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
    await drawn;
    return performance.now() - began;
}"""
"""A script for the milliseconds from Enter to the painted answer, by the page's own clock."""


def bench_page(_server: MariaDB, *, quick: bool) -> None:
    """Start to a usable page (under 3 s), Enter to the painted answer (median under 150 ms)."""
    starts: list[float] = []
    answers: list[float] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        for _ in range(2 if quick else 5):
            began = monotonic()
            with _playground() as url:
                page = browser.new_page()
                page.goto(f"{url}?as=operator#queue-ops")
                page.get_by_text("Connected").wait_for()
                starts.append(monotonic() - began)
                for _ in range(10):
                    answers.extend(page.evaluate(ENTER, command) / 1000 for command in COMMANDS)
                page.close()
        browser.close()
    times("start to a usable page", starts)
    for number, command in enumerate(COMMANDS):
        times(f"Enter to the answer of {command}", answers[number :: len(COMMANDS)])
    times("Enter to the answer, all", answers)


@contextmanager
def _playground() -> Iterator[str]:
    """Start a separate playground with `queue-bot playground` and yield its address."""
    command = [sys.executable, "-m", "bot", "playground", "--port", "0", "--no-browser"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        address = re.search(r"http://\S+/", process.stdout.readline())
        assert address is not None
        yield address[0]
    finally:
        process.terminate()
        process.communicate(timeout=30)
