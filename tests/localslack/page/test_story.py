"""Fix and replay in the playground: the real bot, its worker and a real browser in one story."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import Row

from bot.database.engine import connect
from bot.localslack.demo import IDS
from bot.localslack.server import LocalSlack
from bot.playground.play import playing
from bot.queue.layouts import Queue, spec_tables
from tests.kit.queues import GRACE, TestQueue
from tests.localslack.page.conftest import PATIENCE_MS
from tests.localslack.page.incident_story import IncidentStory
from tests.localslack.page.story import CAUSE, FAILURES, Story


@pytest.fixture
def playground(tmp_path: Path) -> Iterator[LocalSlack]:
    with playing(tmp_path, grace=GRACE) as slack:
        yield slack


@pytest.fixture
def page(browser: Browser, playground: LocalSlack) -> Iterator[Page]:
    context = browser.new_context(
        locale="en-US",
        timezone_id="America/Lima",
        reduced_motion="reduce",
        viewport={"width": 1360, "height": 850},
    )
    context.set_default_timeout(PATIENCE_MS)
    tab = context.new_page()
    tab.goto(f"{playground.url}?as=operator#queue-ops")
    tab.get_by_text("Connected").wait_for()
    yield tab
    context.close()


@pytest.fixture
def queue(playground: LocalSlack, tmp_path: Path) -> Iterator[TestQueue]:  # noqa: ARG001 it makes it
    """The playground's queue."""
    url = f"sqlite:///{tmp_path / 'queue.sqlite3'}"
    queue = TestQueue(url, connect(url), Queue(*spec_tables()))
    yield queue
    queue.engine.dispose()


def steer(slack: LocalSlack, **changes: bool) -> None:
    """Change the controls of the simulated worker."""
    response = httpx.post(f"{slack.url}_local/worker", json=changes, trust_env=False, timeout=20)
    response.raise_for_status()


@pytest.mark.timeout(400)
def test_failures_of_one_cause_are_retried_after_the_fix_and_a_clear_is_undone(
    page: Page, playground: LocalSlack, queue: TestQueue
) -> None:
    def hold_canary(moment: str) -> None:
        # The worker would process three jobs before a busy page has shown the waiting canary.
        if moment in ("chosen", "canary"):
            steer(playground, paused=moment == "chosen")

    story = Story(page, show=hold_canary)

    story.open_panel()
    story.hurry()
    story.break_netsuite()
    story.close_panel()
    story.ask_for_errors()
    story.open_panel()
    story.fix_netsuite()
    story.close_panel()
    story.retry_group()
    story.follow()
    assert [row for row in queue.failed if CAUSE in row.exception] == []
    posted = playground.messages(IDS.queue_ops)
    (progress,) = [one for one in posted if not (one.get("thread_ts") or one.get("ephemeral_to"))]
    assert progress["edited"]

    page.get_by_role("radio", name="admin").click()
    before = everything(queue.failed)
    count = story.clear()
    assert (count, queue.failed) == (len(before), [])
    story.undo(count)
    assert everything(queue.failed) == before

    page.get_by_role("button", name=re.compile("^queue-audit")).click()
    for sentence in (f"retry {FAILURES}", f"delete {count}", f"put back {count}"):
        expect(page.get_by_role("log")).to_contain_text(f": {sentence} failed jobs")


@pytest.mark.timeout(400)
def test_an_alert_counts_in_place_is_acknowledged_and_retried_and_shows_its_resolution(
    page: Page, playground: LocalSlack
) -> None:
    page.goto(f"{playground.url}?as=operator#queue-alerts")
    page.get_by_text("Connected").wait_for()
    story = IncidentStory(page)

    story.open_panel()
    story.hurry()
    story.begin()
    story.count_up()
    story.acknowledge()
    story.fix_netsuite()
    story.close_panel()
    story.retry_from_alert()
    story.recover()

    of_cause = [one for one in playground.messages(IDS.queue_alerts) if CAUSE in one["text"]]
    (alert,) = [one for one in of_cause if not one.get("ephemeral_to")]
    assert alert["edited"]
    replies = [
        one["text"]
        for one in playground.messages(IDS.queue_alerts)
        if one.get("thread_ts") == alert["ts"]
    ]
    assert any(f"{FAILURES} processed, 0 failed" in text for text in replies)


def everything(rows: Sequence[Row[Any]]) -> list[tuple[object, ...]]:
    """Return each row with all its columns."""
    return [tuple(row) for row in rows]
