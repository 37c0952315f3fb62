"""App Home on the playground's page, with the real bot and a real browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from bot.database.engine import connect
from bot.localslack.server import LocalSlack
from bot.playground.play import playing
from bot.queue.layouts import Queue, spec_tables
from tests.kit.queues import GRACE, TestQueue
from tests.localslack.page.conftest import PATIENCE_MS


@pytest.fixture
def playground(tmp_path: Path) -> Iterator[LocalSlack]:
    """The playground without its worker, so that jobs change only by the test."""
    with playing(tmp_path, worker=False, grace=GRACE) as slack:
        yield slack


@pytest.fixture
def failing(playground: LocalSlack, tmp_path: Path) -> Iterator[TestQueue]:  # noqa: ARG001 it makes the file
    """The playground's queue."""
    url = f"sqlite:///{tmp_path / 'queue.sqlite3'}"
    queue = TestQueue(url, connect(url), Queue(*spec_tables()))
    yield queue
    queue.engine.dispose()


@pytest.fixture
def page(browser: Browser, playground: LocalSlack) -> Iterator[Page]:
    """The operator's tab."""
    context = browser.new_context(locale="en-US", timezone_id="America/Lima")
    context.set_default_timeout(PATIENCE_MS)
    tab = context.new_page()
    tab.goto(f"{playground.url}?as=operator#queue-ops")
    tab.get_by_text("Connected").wait_for()
    yield tab
    context.close()


def home(page: Page) -> Locator:
    """The content of the app's Home."""
    return page.locator(".home-view")


def row(page: Page, id_: int) -> Locator:
    """Return the buttons of a failed job on Home."""
    line = home(page).locator(":scope > *").filter(has_text=f"Failed job {id_}").last
    return line.locator("xpath=following-sibling::*[1]")


def test_a_retry_on_home_is_shown_on_home(page: Page, failing: TestQueue) -> None:
    page.get_by_role("button", name="queue-bot App Home").click()
    expect(home(page)).to_contain_text("Failed jobs, newest first")
    expect(home(page)).to_contain_text("Failed job 46")
    pending = len([one for one in failing.jobs if one.reserved_at is None])

    row(page, 46).get_by_role("button", name="Retry failed job").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Failed job 46 is back in the queue")
    dialog.get_by_role("button", name="Close").last.click()
    expect(home(page)).not_to_contain_text("Failed job 46")
    expect(home(page)).to_contain_text("Failed job 45")
    assert len([one for one in failing.jobs if one.reserved_at is None]) == pending + 1

    failing.fail(77, order=803555)
    home(page).get_by_role("button", name="Refresh").click()
    expect(home(page)).to_contain_text("Failed job 77")


def test_a_stranger_sees_on_home_that_a_role_is_missing(page: Page, playground: LocalSlack) -> None:
    page.goto(f"{playground.url}?as=stranger#queue-ops")
    page.get_by_role("button", name="queue-bot App Home").click()
    expect(home(page)).to_contain_text("needs the role viewer")
    expect(home(page).get_by_role("button")).to_have_count(0)
