"""The guide for a visitor: the real bot, its worker, and steps that are ticked automatically.

Each step is done in two ways: by clicks in the guide's order, and by commands in another order. New
orders and random failures differ in each run; the test's output shows the seed.
"""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from playwright.sync_api import TimeoutError as NoAnswer

from bot.localslack.server import LocalSlack
from bot.playground.guide import GUIDE
from bot.playground.play import playing
from tests.kit.queues import GRACE
from tests.localslack.page.conftest import PATIENCE_MS
from tests.localslack.page.menus import choose

NO_ACTIVITY_SECONDS = 5
TITLES = {step["id"]: step["title"] for step in GUIDE}


@pytest.fixture
def playground(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[LocalSlack]:
    """The playground with a fast worker, whose jobs sometimes fail at random."""
    seed = random.SystemRandom().randrange(1_000_000)
    request.node.add_report_section("call", "seed of the worker", str(seed))
    with playing(
        tmp_path, no_worker_activity_seconds=NO_ACTIVITY_SECONDS, grace=GRACE, seed=seed
    ) as slack:
        steer(slack, speed=8)
        yield slack


def steer(slack: LocalSlack, **changes: float) -> None:
    """Change the controls of the simulated worker."""
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


@dataclass
class Visitor:
    """A visitor's actions on the page."""

    page: Page

    @property
    def card(self) -> Locator:
        """The guide."""
        return self.page.get_by_role("region", name="Guide")

    @property
    def log(self) -> Locator:
        """The channel's messages."""
        return self.page.get_by_role("log")

    @property
    def dialog(self) -> Locator:
        """The open modal."""
        return self.page.get_by_role("dialog")

    @property
    def panel(self) -> Locator:
        """The side panel."""
        return self.page.get_by_role("complementary", name="Behind the scenes")

    def begin(self, step: str) -> None:
        """Click a step's title, and check that its note names the next action."""
        self.card.get_by_role("button", name=TITLES[step], exact=True).click()
        expect(self.card.locator(".next")).to_contain_text(TITLES[step])
        expect(self.card.locator(".next p")).not_to_be_empty()

    def click_command(self, words: str) -> None:
        """Click a command that the guide suggests."""
        self.card.get_by_role("button", name=f"Type {words}", exact=True).click()

    def say(self, words: str, user: str = "operator") -> None:
        """Type a command as this user."""
        self.page.get_by_role("radio", name=user).click()
        field = self.page.get_by_role("combobox", name="Message")
        field.fill(words)
        field.press("Enter")

    def confirm(self, name: str) -> None:
        """Press the modal's main button and wait until the modal is closed."""
        self.dialog.get_by_role("button", name=re.compile(name)).click()
        expect(self.dialog).to_have_count(0)

    def is_asked(self, name: str) -> bool:
        """Return whether a modal with this main button opens within some seconds."""
        try:
            self.dialog.get_by_role("button", name=re.compile(name)).wait_for(timeout=3_000)
        except NoAnswer:
            return False
        return True

    def type_count(self) -> None:
        """Type the number that confirms a deletion."""
        expect(self.dialog).to_contain_text("to confirm")
        count = re.findall(r"Type (\d+) to", self.dialog.inner_text())[0]
        self.dialog.get_by_role("textbox").fill(count)

    def done(self, step: str) -> Locator:
        """Return the step's button, if the step is ticked."""
        return self.card.get_by_role("button", name=f"{TITLES[step]}, done", exact=True)

    def expect_done(self, *steps: str) -> None:
        """Wait until the steps are ticked."""
        for step in steps:
            expect(self.done(step)).to_be_visible()

    def expect_open(self, *steps: str) -> None:
        """Check that the steps are not ticked."""
        for step in steps:
            button = self.card.get_by_role("button", name=TITLES[step], exact=True)
            expect(button).to_be_visible()

    def expect_all_done(self) -> None:
        """Check that every step is ticked."""
        expect(self.card).to_contain_text("All done")
        items = self.card.get_by_role("list", name="Things to try").locator(":scope > li")
        expect(items).to_have_class([re.compile("done")] * len(GUIDE))


@pytest.mark.timeout(400)
def test_each_step_of_the_guide_is_ticked_by_clicks_in_order(
    page: Page, playground: LocalSlack
) -> None:
    visitor = Visitor(page)
    card, log = visitor.card, visitor.log
    expect(card).to_contain_text(f" of {len(GUIDE)}")

    for command in ("status", "failed", "help"):
        visitor.click_command(f"/queue {command}")
    visitor.expect_done("ask")
    visitor.begin("orders")
    expect(page.get_by_role("radio", name="operator")).to_be_checked()
    answer = log.get_by_role("article").filter(has_text="Failed jobs, newest first")
    for job, order in ((46, 803196), (45, 803193)):
        expect(answer).to_contain_text(f"Failed job {job} · NetsuiteSyncJob · order {order}")
        # Another job may have failed before the list was requested.
        row = re.findall(r"Failed job (\d+)", answer.inner_text()).index(str(job))
        answer.get_by_role("button", name=re.compile("^Retry( failed job .*)?$")).nth(row).click()
        expect(log).to_contain_text(f"Failed job {job} is back in the queue")
    visitor.expect_done("orders", "alert")
    visitor.expect_open("refused", "retried")

    visitor.begin("refused")
    press_retry(visitor, "refused")
    visitor.expect_done("refused")
    visitor.expect_open("retried")
    visitor.begin("retried")
    press_retry(visitor, "retried")
    visitor.expect_done("retried")
    visitor.card.get_by_role("button", name=TITLES["audit"]).click()
    expect(log).to_contain_text("@Sam Stranger")
    visitor.expect_done("audit")

    visitor.begin("break")
    visitor.panel.get_by_role("button", name="Break NetSuite").click()
    visitor.expect_done("break")
    failed = page.get_by_role("table", name="failed_jobs").get_by_role("row")
    expect(failed.filter(has_text="NetSuite answered 503")).to_have_count(20)
    visitor.click_command("/queue errors")
    visitor.expect_done("errors")
    visitor.begin("fix")
    visitor.panel.get_by_role("button", name="Fix NetSuite").click()
    visitor.expect_done("fix")
    retry_group(visitor)
    visitor.expect_done("replay")
    clear_and_undo(visitor)
    finish(visitor, playground)


def press_retry(visitor: Visitor, step: str) -> None:
    """Press Retry on the newest alert that has it; that alert may be about a group."""
    visitor.log.get_by_role("button", name=re.compile("^Retry")).last.click()
    expect(visitor.dialog.or_(visitor.done(step)).first).to_be_visible()
    if visitor.dialog.count():
        # With older jobs of the same error, the person first chooses: the button has no number.
        visitor.confirm(r"^Retry( \d+ job|$)")


def retry_group(visitor: Visitor) -> None:
    """Retry the largest error group from the answer to /queue errors."""
    # If the Retry of an earlier step was that of an alert about a group, the step is done already.
    if not visitor.done("replay").count():
        visitor.begin("replay")
    answer = visitor.log.get_by_role("article").filter(has_text="Error groups:").last
    answer.get_by_role("button", name=re.compile("^Retry group")).first.click()
    visitor.confirm(r"^Retry \d+ job")


def clear_and_undo(visitor: Visitor) -> None:
    """Delete the remaining failed jobs, then undo the deletion."""
    visitor.begin("clear")
    expect(visitor.page.get_by_role("radio", name="admin")).to_be_checked()
    visitor.click_command("/queue clear-failed")
    visitor.type_count()
    visitor.confirm(r"^Delete \d+ \(undo")
    visitor.expect_done("clear")
    visitor.begin("undo")
    cleared = visitor.log.get_by_role("article").filter(has_text="Cleared").last
    cleared.get_by_role("button", name="Undo").click()
    visitor.confirm(r"^Put back \d+ job")
    visitor.expect_done("undo")


def finish(visitor: Visitor, playground: LocalSlack) -> None:
    """Do the steps from the chart to the end."""
    page, card = visitor.page, visitor.card
    for command in ("chart", "watch"):
        visitor.click_command(f"/queue {command}")
    visitor.begin("home")
    page.get_by_role("button", name="queue-bot App Home").click()
    visitor.expect_done("look", "home")
    visitor.begin("pause")
    visitor.panel.get_by_role("button", name="Pause").click()
    visitor.expect_done("pause")
    visitor.begin("mute")
    alert = visitor.log.get_by_role("article").filter(has_text="workers have stopped taking jobs")
    alert = alert.filter(has=page.get_by_role("button", name="More")).last
    expect(alert).to_be_visible(timeout=90_000)
    choose(alert, "Mute this alert 1 h")
    visitor.expect_done("mute")
    visitor.begin("resume")
    visitor.panel.get_by_role("button", name="Resume").click()
    visitor.expect_done("resume")
    expect(card).to_contain_text("All done")
    visitor.expect_all_done()
    assert playground.hub.late_acks == 0


@pytest.mark.timeout(400)
def test_each_step_of_the_guide_is_ticked_by_commands_in_another_order(
    page: Page, playground: LocalSlack
) -> None:
    visitor = Visitor(page)
    steps = [
        ("undo", "admin", "/queue undo"),
        ("look", "viewer", "/queue chart 7d queue=netsuite"),
        ("look", "viewer", "/queue watch"),
        ("mute", "operator", "/queue mute queue=mail for=5m"),
        ("ask", "viewer", "/queue"),
        ("ask", "viewer", "/queue  failed limit=5"),
        ("ask", "lucia", "/queue help retry"),
        ("errors", "lucia", "/queue errors since=1h"),
        ("refused", "viewer", "/queue retry 45"),
        ("orders", "admin", "/queue retry 46 45"),
        ("retried", "lucia", "/queue retry 44"),
    ]
    for _, user, words in steps:
        visitor.say(words, user)
    visitor.expect_done(*{step for step, _, _ in steps})
    # The panel shows the worker's controls as another tab changes them.
    page.keyboard.press("Control+.")
    visitor.expect_open("break", "fix", "pause", "resume")
    steer(playground, paused=True)
    visitor.expect_done("pause")
    steer(playground, paused=False)
    visitor.expect_done("resume")
    steer(playground, broken=True)
    visitor.expect_done("break")
    failed = page.get_by_role("table", name="failed_jobs").get_by_role("row")
    expect(failed.filter(has_text="NetSuite answered 503").nth(3)).to_be_visible()
    # The jobs fail again, because this retry comes before the fix.
    visitor.say("/queue retry queue=netsuite")
    visitor.confirm(r"^Retry \d+ job")
    visitor.expect_done("replay")
    steer(playground, broken=False)
    visitor.expect_done("fix", "alert")

    steer(playground, failure_rate=0)
    leave_no_failed_jobs(visitor, playground)
    visitor.say("/queue clear-failed", "admin")
    visitor.expect_done("clear")
    page.reload()
    page.get_by_role("button", name=re.compile("queue-audit")).click()
    page.get_by_role("button", name="queue-bot App Home").click()
    visitor.expect_done("audit", "home")
    visitor.expect_all_done()


def leave_no_failed_jobs(visitor: Visitor, playground: LocalSlack) -> None:
    """Retry until no failed job is left, so that there is nothing to clear."""

    def no_failed_job() -> bool:
        panel = httpx.get(f"{playground.url}_local/panel", trust_env=False, timeout=20).json()
        return bool(panel["tables"]["failed_jobs"]["count"] == 0)

    for _ in range(20):
        if no_failed_job():
            return
        visitor.say("/queue retry-all", "admin")
        # While the bulk change before runs, another one is refused and no dialog opens.
        if visitor.is_asked(r"^Retry \d+ job"):
            visitor.confirm(r"^Retry \d+ job")
    raise AssertionError("some failed jobs remain")


def test_a_step_of_the_guide_out_of_order_shows_where_to_click(page: Page) -> None:
    visitor = Visitor(page)
    for step in reversed(GUIDE):
        # These two may already be ticked, because they need no click.
        if step["id"] not in ("alert", "audit"):
            visitor.begin(step["id"])
            expect(visitor.card.locator(".next p")).to_have_text(step["note"])
    assert all(step["note"].endswith(".") for step in GUIDE)


def test_a_closed_guide_stays_closed(page: Page) -> None:
    card = page.get_by_role("region", name="Guide")
    expect(card).to_contain_text(f"of {len(GUIDE)}")

    page.get_by_role("button", name="Close the guide").click()
    expect(card).to_be_hidden()
    expect(page.get_by_role("combobox", name="Message")).to_be_focused()
    page.reload()
    expect(page.get_by_role("button", name="Behind the scenes")).to_be_visible()
    expect(card).to_be_hidden()


def test_a_broken_netsuite_fails_every_job_of_its_queue_until_it_is_fixed(page: Page) -> None:
    page.get_by_role("button", name="queue-alerts").click()
    page.keyboard.press("Control+.")
    panel = page.get_by_role("complementary", name="Behind the scenes")
    panel.get_by_role("slider", name="Random failures").press("Home")
    panel.get_by_role("button", name="Break NetSuite").click()
    failed = panel.get_by_role("table", name="failed_jobs").get_by_role("row")
    expect(failed.filter(has_text="NetSuite answered 503").nth(3)).to_be_visible()
    expect(page.get_by_role("log")).to_contain_text("NetSuite answered 503")

    panel.get_by_role("button", name="Fix NetSuite").click()
    expect(panel).not_to_contain_text("NetSuite is broken")
    about = panel.get_by_role("status").filter(has_text=" processed, ")
    # The job that ran when NetSuite was fixed may still fail; the next finished job proves the fix.
    (done,) = re.findall(r"^\d+", about.inner_text())
    expect(about).to_contain_text(re.compile(rf"^(?!{done} )"))
    done, lost = re.findall(r"\d+", about.inner_text())[:2]
    expect(about).to_contain_text(re.compile(rf"^(?!{done} ).* {lost} failed"))
