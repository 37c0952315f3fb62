"""A real browser with the local Slack's page."""

import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Error, Page, expect, sync_playwright

from bot.localslack.server import LocalSlack
from tests.kit.clock import Seconds

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MS = 20_000
"""The longest wait for the page on a busy machine; a wait ends as soon as its content appears."""

Visit = Callable[..., Page]


def find_chromium() -> str | None:
    """Return the path of this machine's Chromium; None without one."""
    return next(filter(None, map(shutil.which, CHROMIUM)), None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for the whole run; without Chromium these tests fail and name the package."""
    executable = find_chromium()
    if executable is None:
        pytest.fail("No Chromium on this machine: run `make test`, or install `chromium`.")
    # One timeout for all tests: the setting is global and would remain for later tests.
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield started
        started.close()


@pytest.fixture(scope="session")
def tab(browser: Browser) -> Iterator[Page]:
    """One tab for the whole run, in a time zone that differs from the server's and the users'.

    Every local Slack has its own port, and the browser keeps a separate storage for each port.
    `visit` empties that storage, because a port may be used again.
    """
    context = browser.new_context(
        timezone_id="America/Bogota", locale="en-US", reduced_motion="reduce"
    )
    context.set_default_timeout(PATIENCE_MS)
    yield context.new_page()
    context.close()


@pytest.fixture
def visit(tab: Page, slack: LocalSlack, clock: Seconds) -> Iterator[Visit]:
    """Open the page as a user in a channel; an error in the page's scripts fails the test."""
    problems: list[str] = []

    def broken(error: Error) -> None:
        problems.append(str(error))

    def logged(message: ConsoleMessage) -> None:
        # Command hints are optional: not every local Slack can list commands.
        if message.type == "error" and "/_local/commands" not in str(message.location):
            problems.append(message.text)

    def open_page(user: str = "admin", place: str = "queue-ops") -> Page:
        tab.clock.set_fixed_time(clock.now)
        tab.goto(f"{slack.url}?as={user}#{place}")
        tab.get_by_text("Connected").wait_for()
        return tab

    tab.on("pageerror", broken)
    tab.on("console", logged)
    yield open_page
    if tab.url.startswith(slack.url):
        tab.evaluate("localStorage.clear()")
    tab.goto("about:blank")
    tab.remove_listener("pageerror", broken)
    tab.remove_listener("console", logged)
    assert problems == []
