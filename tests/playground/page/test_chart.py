"""The chart as a person sees it: the playground's page, the real bot, a real browser."""

from pathlib import Path

from playwright.sync_api import Browser, expect

from bot.playground.play import playing
from bot.views.chart import CHART

PATIENCE_MS = 10_000


def test_the_page_draws_the_chart_soon_after_the_start_and_a_table_where_it_is_refused(
    browser: Browser, tmp_path: Path
) -> None:
    expect.set_options(timeout=PATIENCE_MS)
    with playing(tmp_path, worker=False) as slack:
        context = browser.new_context(locale="en-US", viewport={"width": 1100, "height": 1400})
        page = context.new_page()
        page.goto(f"{slack.url}?as=operator#queue-ops")
        page.get_by_text("Connected").wait_for()
        field = page.get_by_role("combobox", name="Message")
        field.fill("/queue chart")
        field.press("Enter")

        there = page.get_by_role("img", name="Jobs that were there")
        happened = page.get_by_role("img", name="What happened")
        expect(there).to_be_visible()
        # A dot for each of three figures at each of twelve times.
        expect(there.locator("circle")).to_have_count(36)
        expect(happened.locator("circle")).to_have_count(36)
        assert "failed" in (there.get_attribute("aria-label") or "")
        page.screenshot(path=tmp_path / "chart.png")

        slack.refuse_blocks(CHART)
        field.fill("/queue chart 7d")
        field.press("Enter")
        table = page.get_by_role("table").last
        expect(table).to_contain_text("processed")
        expect(table.get_by_role("row")).to_have_count(15)
        page.screenshot(path=tmp_path / "table.png")
        context.close()
