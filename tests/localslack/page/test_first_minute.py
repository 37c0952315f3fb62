"""The first minute as a visitor has it: the real bot, its worker, and a card that ticks itself."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from bot.localslack.server import LocalSlack
from bot.playground.guide import FIRST_MINUTE
from bot.playground.play import playing
from tests.kit.queues import GRACE
from tests.localslack.page.conftest import PATIENCE_MS
from tests.localslack.page.menus import choose

NO_ACTIVITY_SECONDS = 5


@pytest.fixture
def playground(tmp_path: Path) -> Iterator[LocalSlack]:
    """The playground with a worker that hurries, and of whose jobs only the fourth fails.

    A second one of the same cause makes one alert of both, without the button of the first.
    """
    with playing(tmp_path, no_activity_seconds=NO_ACTIVITY_SECONDS, grace=GRACE) as slack:
        steer(slack, speed=8, failure_rate=0)
        yield slack


def steer(slack: LocalSlack, **changes: float) -> None:
    """Tell the simulated worker how to work."""
    response = httpx.post(f"{slack.url}_local/worker", json=changes, trust_env=False, timeout=20)
    response.raise_for_status()


@pytest.fixture
def page(browser: Browser, playground: LocalSlack) -> Iterator[Page]:
    context = browser.new_context(locale="en-US", reduced_motion="reduce")
    context.set_default_timeout(PATIENCE_MS)
    tab = context.new_page()
    tab.goto(playground.url)
    yield tab
    context.close()


def steps(page: Page) -> Locator:
    return page.get_by_role("list", name="Things to try").locator(":scope > li")


@pytest.mark.timeout(400)
def test_the_first_minute_is_ticked_off_by_what_happened(
    page: Page, playground: LocalSlack
) -> None:
    card = page.get_by_role("region", name="First minute")
    messages = page.get_by_role("log")
    expect(steps(page)).to_have_count(len(FIRST_MINUTE))

    for command in ("status", "failed", "help"):
        card.get_by_role("button", name=f"Type /queue {command}").click()
    expect(messages.get_by_role("article")).to_have_count(3)
    expect(page.get_by_role("radio", name="operator")).to_be_checked()
    for title in ("Ask what the queue holds", "An alert arrives by itself"):
        expect(card.get_by_role("button", name=f"{title}, done")).to_be_visible()
    # No further alert moves the button while it is pressed.
    steer(playground, paused=True)

    card.get_by_role("button", name="Press Retry as stranger").click()
    expect(page.get_by_role("radio", name="stranger")).to_be_checked()
    expect(page.get_by_role("heading", name="queue-alerts", level=1)).to_be_visible()
    messages.get_by_role("button", name="Retry failed job").first.click()
    expect(card.get_by_role("button", name="Press Retry as stranger, done")).to_be_visible()
    expect(card.get_by_role("button", name="Press Retry as operator, done")).to_have_count(0)

    card.get_by_role("button", name="Press Retry as operator").click()
    messages.get_by_role("button", name="Retry failed job").first.click()
    expect(card.get_by_role("button", name="Press Retry as operator, done")).to_be_visible()
    expect(messages).to_contain_text("Retried by @Omar Operator")

    card.get_by_role("button", name="Read who did what").click()
    expect(messages).to_contain_text("@Sam Stranger")
    expect(card.get_by_role("button", name="Read who did what, done")).to_be_visible()
    card.get_by_role("button", name="Break NetSuite").click()
    worker = page.get_by_role("region", name="Simulated worker")
    worker.get_by_role("button", name="Break NetSuite").click()
    expect(card).to_contain_text(f"6 of {len(FIRST_MINUTE)}")
    replay(page, playground)
    hear(page, playground)
    expect(card).to_contain_text("All done")
    expect(steps(page)).to_have_class([re.compile("done")] * len(FIRST_MINUTE))


def replay(page: Page, playground: LocalSlack) -> None:
    """The steps of fix and replay, each begun from the card."""
    card = page.get_by_role("region", name="First minute")
    dialog = page.get_by_role("dialog")

    def confirm(name: str | re.Pattern[str]) -> None:
        dialog.get_by_role("button", name=name).click()
        expect(dialog).to_have_count(0)

    steer(playground, paused=False)
    failed = page.get_by_role("table", name="failed_jobs").get_by_role("row")
    expect(failed.filter(has_text="MySQL server has gone away")).to_have_count(20)
    card.get_by_role("button", name="Type /queue errors").click()
    card.get_by_role("button", name="Fix NetSuite").click()
    page.get_by_role("complementary").get_by_role("button", name="Fix NetSuite").click()
    card.get_by_role("button", name="Press Retry group").click()
    page.get_by_role("log").get_by_role("button", name="Retry group").first.click()
    confirm(re.compile(r"^Retry \d+ job"))
    expect(card.get_by_role("button", name="Press Retry group, done")).to_be_visible()

    card.get_by_role("button", name="Clear what is left").click()
    expect(page.get_by_role("radio", name="admin")).to_be_checked()
    page.get_by_role("combobox", name="Message").fill("/queue clear-failed")
    page.get_by_role("combobox", name="Message").press("Enter")
    expect(dialog).to_contain_text("to confirm")
    dialog.get_by_role("textbox").fill(re.findall(r"Type (\d+) to", dialog.inner_text())[0])
    confirm(re.compile(r"^Delete \d+ \(undo"))
    cleared = page.get_by_role("log").get_by_role("article").filter(has_text="Cleared").last
    cleared.get_by_role("button", name="Undo").click()
    confirm(re.compile(r"^Put back \d+ job"))


def hear(page: Page, playground: LocalSlack) -> None:
    """The steps in which the queue speaks first."""
    card = page.get_by_role("region", name="First minute")
    messages = page.get_by_role("log")
    for command in ("chart", "watch"):
        card.get_by_role("button", name=f"Type /queue {command}").click()
    card.get_by_role("button", name="Open queue-bot’s Home").click()
    page.get_by_role("button", name="queue-bot App Home").click()
    expect(card.get_by_role("button", name="Open queue-bot’s Home, done")).to_be_visible()

    card.get_by_role("button", name="Pause the worker").click()
    steer(playground, paused=True, speed=8)
    # The pause at the beginning may have been long enough for an alert, which is over by now.
    more = page.get_by_role("button", name="More")
    alert = messages.get_by_role("article").filter(has_text="workers have stopped taking jobs")
    alert = alert.filter(has=more).last
    expect(alert).to_be_visible(timeout=90_000)
    expect(card.get_by_role("button", name="Pause the worker, done")).to_be_visible()
    choose(alert, "Mute 1 h")


def test_a_dismissed_first_minute_stays_away(page: Page) -> None:
    card = page.get_by_role("region", name="First minute")
    expect(card).to_contain_text(f"of {len(FIRST_MINUTE)}")

    page.get_by_role("button", name="Dismiss the first minute").click()
    expect(card).to_be_hidden()
    expect(page.get_by_role("combobox", name="Message")).to_be_focused()
    page.reload()
    expect(page.get_by_role("button", name="Behind the scenes")).to_be_visible()
    expect(card).to_be_hidden()


def test_a_broken_netsuite_fails_every_job_of_its_queue_until_it_is_fixed(page: Page) -> None:
    page.get_by_role("button", name="queue-alerts").click()
    page.keyboard.press("Control+.")
    panel = page.get_by_role("complementary", name="Behind the scenes")
    panel.get_by_role("slider", name="Failures by chance").press("Home")
    panel.get_by_role("button", name="Break NetSuite").click()
    failed = panel.get_by_role("table", name="failed_jobs").get_by_role("row")
    expect(failed.filter(has_text="MySQL server has gone away").nth(3)).to_be_visible()
    expect(page.get_by_role("log")).to_contain_text("MySQL server has gone away")

    panel.get_by_role("button", name="Fix NetSuite").click()
    expect(panel).not_to_contain_text("NetSuite is broken")
    about = panel.get_by_role("status").filter(has_text=" done, ")
    # Whatever it was at when NetSuite was fixed may still fail: that ends with the next job done.
    (done,) = re.findall(r"^\d+", about.inner_text())
    expect(about).to_contain_text(re.compile(rf"^(?!{done} )"))
    done, lost = re.findall(r"\d+", about.inner_text())[:2]
    expect(about).to_contain_text(re.compile(rf"^(?!{done} ).* {lost} failed"))
