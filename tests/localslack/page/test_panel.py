from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from bot.localslack.blocks.specs import Json
from bot.localslack.panel import Backstage
from bot.localslack.server import LocalSlack
from bot.playground.worker import WorkerControls, with_changes
from tests.kit.clock import Seconds
from tests.kit.concurrency import until
from tests.kit.slack_apps import Connect, patient
from tests.localslack.page.conftest import Visit
from tests.localslack.page.surfaces import surfaces


class Stage:
    """A worker and two tables that a test changes."""

    def __init__(self) -> None:
        self.controls = WorkerControls()
        self.failed: list[list[Any]] = [[45, "netsuite", "gone away"], [44, "mail", None]]

    def look(self) -> Json:
        """Return the panel's data."""
        jobs = {"count": 25, "columns": ["id", "reserved_at"], "rows": [[9, 1_800_000_000]]}
        failed = {"columns": ["id", "queue", "exception"], "rows": self.failed}
        tables = {"jobs": jobs, "failed_jobs": {"count": len(self.failed), **failed}}
        return {"tables": tables, "worker": self.worker()}

    def worker(self) -> Json:
        """Return the worker's controls and counts."""
        now = self.controls
        numbers = {"speed": now.speed, "failure_rate": now.failure_rate}
        switched = {"broken": now.broken, "paused": now.paused}
        return {**numbers, **switched, "done": 3, "failed": 1, "at": 9}

    def steer(self, changes: Json) -> Json:
        """Apply a visitor's changes to the worker."""
        self.controls = with_changes(self.controls, changes)
        return {"worker": self.worker()}


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.fixture
def slack(clock: Seconds, stage: Stage) -> Iterator[LocalSlack]:
    with LocalSlack(clock=clock, backstage=Backstage(stage.look, stage.steer)) as running:
        yield patient(running)


@pytest.fixture
def panel(visit: Visit) -> Page:
    page = visit()
    page.get_by_role("button", name="Behind the scenes").click()
    return page


def test_the_panel_can_be_opened_and_closed_by_keyboard_and_keeps_its_state(visit: Visit) -> None:
    page = visit()
    panel = page.get_by_role("complementary", name="Behind the scenes")
    button = page.get_by_role("button", name="Behind the scenes")
    expect(panel).to_be_hidden()

    page.keyboard.press("Control+.")
    expect(panel).to_be_visible()
    expect(page.get_by_role("tab", name="Queue")).to_be_focused()
    expect(button).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Traffic")).to_be_focused()
    page.reload()
    expect(page.get_by_role("tabpanel", name="Traffic")).to_be_visible()
    page.get_by_role("button", name="Close side panel").click()
    expect(button).to_be_focused()
    expect(panel).to_be_hidden()
    page.reload()
    expect(button).to_be_visible()
    expect(panel).to_be_hidden()


def test_the_rows_of_the_database_are_shown_as_they_change(panel: Page, stage: Stage) -> None:
    failed = panel.get_by_role("region", name="Table failed_jobs")
    jobs = panel.get_by_role("region", name="Table jobs")

    expect(failed.get_by_role("row")).to_have_text(
        ["idqueueexception", "45netsuitegone away", "44mailNULL"]
    )
    expect(failed).to_contain_text("2 rows")
    expect(jobs).to_contain_text("1 newest of 25")
    expect(jobs.get_by_role("cell", name="03:00:00")).to_have_attribute("title", "1800000000")
    stage.failed = [[46, "mail", "<b>x</b>"], stage.failed[0]]
    expect(failed.get_by_role("row").nth(1)).to_have_text("46mail<b>x</b>")
    expect(failed.get_by_role("row").nth(1)).to_have_class("fresh")
    expect(failed.get_by_role("row")).to_have_count(3)


def test_the_panel_can_break_fix_pause_and_speed_up_the_worker(panel: Page, stage: Stage) -> None:
    worker = panel.get_by_role("region", name="Simulated worker")
    expect(worker).to_contain_text("3 processed, 1 failed; processing job 9.")

    worker.get_by_role("button", name="Break NetSuite").click()
    expect(worker).to_contain_text("every netsuite job fails")
    worker.get_by_role("button", name="Pause").click()
    expect(worker).to_contain_text("paused")
    assert stage.controls == WorkerControls(broken=True, paused=True)
    # Click one after the other, because each request changes the controls that it reads.
    worker.get_by_role("button", name="Fix NetSuite").click()
    expect(worker).not_to_contain_text("every netsuite job fails")
    worker.get_by_role("button", name="Resume").click()
    expect(worker).not_to_contain_text("paused")
    worker.get_by_role("slider", name="Speed").press("End")
    expect(worker).to_contain_text("8\u00d7")
    worker.get_by_role("slider", name="Random failures").press("Home")
    expect(worker).to_contain_text("0 %")
    assert stage.controls == WorkerControls(speed=8, failure_rate=0)


def test_the_controls_show_the_values_of_the_worker_at_once(visit: Visit, stage: Stage) -> None:
    page = visit()
    button = page.get_by_role("button", name="Behind the scenes")
    expect(button).to_be_visible()
    # The panel's next data never come.
    page.route("**/_local/panel", lambda route: None)  # noqa: ARG005 Playwright gives it
    button.click()
    speed = page.get_by_role("slider", name="Speed")

    expect(speed).to_have_value("2")
    speed.press("End")

    expect(speed).to_have_attribute("aria-valuetext", "8\u00d7")
    assert stage.controls.speed == 8
    page.unroute_all(behavior="ignoreErrors")


def test_each_request_is_listed_with_its_time_and_its_error(
    panel: Page, slack: LocalSlack, connect: Connect
) -> None:
    app, _ = surfaces(slack)
    connect(app)
    panel.get_by_role("tab", name="Traffic").click()
    panel.get_by_role("combobox", name="Message").fill("/queue hello")
    panel.keyboard.press("Enter")
    rows = panel.get_by_role("list", name="Requests, newest first").get_by_role("listitem")

    expect(rows.first).to_contain_text("/queue hello")
    expect(rows.first.get_by_label("Ack against 3000 ms")).to_be_visible()
    expect(rows.first).to_contain_text(" ms")
    expect(panel.get_by_text("1 socket")).to_be_visible()
    panel.get_by_role("combobox", name="Method").select_option("chat.postMessage")
    panel.get_by_role("combobox", name="Answer").select_option("error")
    panel.get_by_role("textbox", name="Error code").fill("is_archived")
    panel.get_by_role("button", name="Switch on").click()
    expect(panel.get_by_role("list", name="Active faults")).to_contain_text(
        "chat.postMessage fails 1 more time"
    )
    panel.get_by_role("combobox", name="Message").fill("/queue post texts")
    panel.keyboard.press("Enter")
    expect(rows.filter(has_text="chat.postMessage")).to_contain_text("is_archived")
    expect(panel.get_by_role("list", name="Active faults")).to_be_empty()


def test_faults_can_be_switched_on_and_off_in_the_panel(panel: Page, slack: LocalSlack) -> None:
    panel.get_by_role("tab", name="Traffic").click()
    panel.get_by_role("combobox", name="Method").select_option("chat.update")
    panel.get_by_role("spinbutton", name="How many times").fill("3")
    panel.get_by_role("button", name="Switch on").click()
    expect(panel.get_by_text("chat.update fails 3 more times")).to_be_visible()
    assert slack.faults.waiting() == {"chat.update": 3}
    panel.get_by_role("button", name="Refuse new").click()
    until(lambda: slack.hub.faults.refusing)
    for name in ("Duplicate next", "Delay next"):
        panel.get_by_role("button", name=name).click()
    until(lambda: slack.hub.faults.duplicates == 1 and len(slack.hub.faults.delays) == 1)
    panel.get_by_role("button", name="Remove all faults").click()
    expect(panel.get_by_text("chat.update fails")).to_have_count(0)
    assert (slack.faults.waiting(), slack.hub.faults.refusing) == ({}, False)
