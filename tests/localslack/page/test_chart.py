"""The chart on the playground's page, with the real bot and a real browser."""

from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from bot.playground.play import playing
from bot.views.reports.chart import CHART
from tests.kit.queues import GRACE

DOTS = 12
"""One dot per figure at each of twelve times."""
TRIES = 60


def test_the_page_draws_a_chart_soon_after_the_start_and_a_table_if_charts_are_refused(
    browser: Browser, tmp_path: Path
) -> None:
    with (
        playing(tmp_path, worker=False, grace=GRACE) as slack,
        browser.new_context(locale="en-US", viewport={"width": 1100, "height": 1400}) as context,
    ):
        page = context.new_page()
        page.goto(f"{slack.url}?as=operator#queue-ops")
        page.get_by_text("Connected").wait_for()
        ask_until_the_chart_is_complete(page)

        chart = page.get_by_role("img", name="Jobs in the queue").last
        happened = page.get_by_role("img", name="New failures").last
        expect(chart.locator("circle")).to_have_count(2 * DOTS)
        expect(happened.locator("circle")).to_have_count(DOTS)
        assert "reserved" in (chart.get_attribute("aria-label") or "")
        page.screenshot(path=tmp_path / "chart.png")

        slack.refuse_blocks(CHART)
        say(page, "/queue chart 7d")
        table = page.get_by_role("table").last
        expect(table).to_contain_text("new failures")
        expect(table.get_by_role("row")).to_have_count(15)
        page.screenshot(path=tmp_path / "table.png")


def say(page: Page, words: str) -> None:
    """Type a command."""
    field = page.get_by_role("combobox", name="Message")
    field.fill(words)
    field.press("Enter")


def ask_until_the_chart_is_complete(page: Page) -> None:
    """Ask for the chart; ask again if an hour has just started and has no sample yet."""
    charts = page.get_by_role("img", name="New failures")
    for attempt in range(TRIES):
        say(page, "/queue chart")
        expect(charts).to_have_count(attempt + 1)
        if charts.last.locator("circle").count() == DOTS:
            return
        assert datetime.now(UTC).minute == 0, "the chart lacks a whole hour"
