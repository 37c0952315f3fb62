"""A day on call takes few clicks, in English and in Spanish."""

import re
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser

from bot.database.engine import connect
from bot.localslack.demo import IDS
from bot.playground.frameworks.framework import Cause
from bot.playground.frameworks.spec import EXCEPTIONS
from bot.playground.play import playing
from bot.queue.layouts import Queue, spec_tables
from bot.store import tables
from bot.text import texts_for
from tests.kit.concurrency import until
from tests.kit.queues import GRACE, TestQueue
from tests.localslack.page.conftest import PATIENCE_MS
from tests.localslack.page.day import OUTAGE, WRONG, Day

CLICKS = {
    "the morning look": 1,
    "a stuck job": 3,
    "a missing order": 2,
    "a noisy alert": 3,
    "200 failures with three errors": 5,
    "a wrong delete": 5,
    "the handover": 1,
    "an audit question": 1,
}
"""The most clicks of each task; a typed command counts as one."""


@pytest.fixture(params=["en", "es"])
def day(request: pytest.FixtureRequest, browser: Browser, tmp_path: Path) -> Iterator[Day]:
    """The playground without its worker; the test's own worker processes jobs.

    In Spanish, Lucía does everything, because only her Slack is in Spanish.
    """
    language: str = request.param
    url = f"sqlite:///{tmp_path / 'queue.sqlite3'}"
    admins = (IDS.admin, IDS.lucia)
    people = ("lucia", "lucia") if language == "es" else ("operator", "admin")
    with playing(tmp_path, worker=False, grace=GRACE, language=language, admins=admins) as slack:
        queue = TestQueue(url, connect(url, grace=GRACE), Queue(*spec_tables()))
        context = browser.new_context(
            locale="en-US", timezone_id="America/Lima", reduced_motion="reduce"
        )
        context.set_default_timeout(PATIENCE_MS)
        texts = texts_for(language, language, ZoneInfo("UTC"))
        yield Day(context.new_page(), slack, queue, texts, *people)
        context.close()
        queue.engine.dispose()


def test_the_page_for_people_states_the_same_clicks() -> None:
    page = (Path(__file__).parents[3] / "docs" / "operating.md").read_text(encoding="utf-8")
    table = page.split("## A day on call, in clicks")[1].split("\n## ")[0]
    stated = re.findall(r"^\| ([^|]+) \| .* \| (\d+) \|$", table, re.MULTILINE)
    assert {task: int(clicks) for task, clicks in stated} == CLICKS


@pytest.mark.timeout(300)
def test_a_day_on_call_takes_few_clicks(day: Day, request: pytest.FixtureRequest) -> None:
    before = [tuple(row) for row in day.queue.failed if row.id == WRONG]
    day.work_off()
    # The job was stuck in the night, so the bot knows it before anybody opens Home.
    until(lambda: day.queue.rows(tables.incidents))
    day.sit_down(day.person)
    with day.doing("the morning look"):
        day.morning_look()
    with day.doing("a stuck job"):
        day.stuck_worker()
    with day.doing("a missing order"):
        day.missing_order()
    day.work_off()
    day.fail(EXCEPTIONS[Cause.MAILBOX_FULL], range(803_900, 803_902), "mail")
    order = 804_000
    for exception, rows in OUTAGE.items():
        day.fail(exception, range(order, order + rows))
        order += rows
    day.sit_down(day.person)
    with day.doing("a noisy alert"):
        day.noisy_alert()
    day.sit_down(day.person)
    with day.doing("200 failures with three errors"):
        day.outage()
    day.sit_down(day.admin)
    with day.doing("a wrong delete"):
        day.wrong_delete()
    day.sit_down(day.person)
    with day.doing("the handover"):
        day.handover()
    with day.doing("an audit question"):
        day.audit_question()
    figures = "\n".join(f"{task}: {clicks} clicks" for task, clicks in day.clicks.items())
    request.node.add_report_section("call", "clicks", figures)
    assert [tuple(row) for row in day.queue.failed if row.id == WRONG] == before
    assert {task: day.clicks[task] for task in CLICKS if day.clicks[task] > CLICKS[task]} == {}
    assert day.clicks.keys() == CLICKS.keys()
