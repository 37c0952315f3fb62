"""Fix and replay in the playground, step by step: one walk, for the test and the film."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from playwright.sync_api import Locator, Page, expect

FAILURES = 20
CAUSE = "NetSuite answered 503"
INTO_VIEW = "one => one.scrollIntoView({ block: 'nearest' })"
"""For `evaluate`: Playwright's own scrolling fails if an edit draws the message again meanwhile."""
KNOWN_MS = 2_000
"""The index has a failure after a second, so the second request must show it."""


def _press(target: Locator) -> None:
    target.click()


def _nothing(_moment: str) -> None:
    return


@dataclass
class Story:
    """The steps in their order, on a page of the playground.

    `click` clicks an element. `show` is called with the name of each moment for a picture. A wait
    for the worker ends after `patience` seconds.
    """

    page: Page
    patience: float = 60.0
    click: Callable[[Locator], None] = _press
    show: Callable[[str], None] = _nothing

    @property
    def log(self) -> Locator:
        """The channel's messages."""
        return self.page.get_by_role("log")

    @property
    def panel(self) -> Locator:
        """The side panel."""
        return self.page.get_by_role("complementary", name="Behind the scenes")

    @property
    def dialog(self) -> Locator:
        """The open modal."""
        return self.page.get_by_role("dialog")

    @property
    def patience_ms(self) -> float:
        """`patience` in milliseconds, Playwright's unit."""
        return 1_000 * self.patience

    def message(self, text: str | re.Pattern[str]) -> Locator:
        """The newest message with that text."""
        return self.log.get_by_role("article").filter(has_text=text).last

    def say(self, words: str) -> None:
        """Type a command."""
        field = self.page.get_by_role("combobox", name="Message")
        field.fill(words)
        field.press("Enter")

    def open_panel(self) -> None:
        """Open the panel "Behind the scenes"."""
        self.page.get_by_role("button", name="Behind the scenes", exact=True).click()
        expect(self.panel).to_be_visible()

    def close_panel(self) -> None:
        """Close the side panel."""
        self.page.get_by_role("button", name="Close side panel").click()

    def hurry(self) -> None:
        """Set the worker to its highest speed, without random failures."""
        self.panel.get_by_role("slider", name="Random failures").press("Home")
        self.panel.get_by_role("slider", name="Speed").press("End")
        expect(self.panel.get_by_role("slider", name="Speed")).to_have_attribute(
            "aria-valuetext", re.compile("^8")
        )

    def break_netsuite(self) -> None:
        """Break NetSuite and wait until twenty jobs have failed with one cause."""
        self.click(self.panel.get_by_role("button", name="Break NetSuite"))
        rows = self.panel.get_by_role("table", name="failed_jobs").get_by_role("row")
        expect(rows.filter(has_text=CAUSE)).to_have_count(FAILURES, timeout=self.patience_ms)
        self.show("broken")

    def ask_for_errors(self) -> None:
        """Ask for the error groups, until the bot has indexed all failures of the only group."""
        deadline = monotonic() + self.patience
        while True:
            self.say("/queue errors")
            answer = self.message("Error groups:").last
            try:
                expect(answer).to_contain_text(f"{FAILURES} failed jobs", timeout=KNOWN_MS)
                break
            except AssertionError:
                if monotonic() >= deadline:
                    raise
                answer.get_by_role("button", name="Dismiss message").click()
        expect(answer).to_contain_text(CAUSE)
        expect(answer).to_contain_text(f"still failing: {FAILURES} failures in the last")
        answer.evaluate("one => one.scrollIntoView({ block: 'start' })")
        self.show("errors")

    def fix_netsuite(self) -> None:
        """Fix NetSuite."""
        self.click(self.panel.get_by_role("button", name="Fix NetSuite"))
        expect(self.panel.get_by_role("button", name="Break NetSuite")).to_be_visible()
        self.show("fixed")

    def retry_group(self) -> None:
        """Retry the group from its preview, with a canary of three and a rate for the others."""
        answer = self.message("Error groups:")
        self.click(answer.get_by_role("button", name="Retry group").first)
        expect(self.dialog).to_contain_text(f"{FAILURES} failed jobs with the error")
        self.dialog.get_by_text("will go back").evaluate(INTO_VIEW)
        self.show("preview")
        rate = self.dialog.get_by_role("combobox", name="Rate")
        canary = self.dialog.get_by_role("combobox", name="Retry some jobs first?")
        rate.select_option(label="600 jobs a minute")
        canary.select_option(label="3 jobs first, the rest if these are processed")
        canary.evaluate(INTO_VIEW)
        self.show("chosen")
        self.click(self.dialog.get_by_role("button", name=re.compile(r"^Retry \d+ job")))
        expect(self.dialog).to_have_count(0)

    def follow(self) -> None:
        """Follow one message: the canary, then the other jobs, then the outcomes."""
        message = self.message("failed jobs").filter(has_text="Omar Operator")
        expect(message).to_contain_text("wait for the results of the first 3 jobs")
        message.evaluate(INTO_VIEW)
        self.show("canary")
        expect(message).to_contain_text(f"Retried {FAILURES} failed jobs", timeout=self.patience_ms)
        self.show("moved")
        expect(message).to_contain_text(f"{FAILURES} processed", timeout=self.patience_ms)
        expect(message).to_contain_text("All retried jobs have ended", timeout=self.patience_ms)
        expect(message.get_by_role("button", name="Undo")).to_have_count(0)
        message.evaluate(INTO_VIEW)
        self.show("processed")

    def clear(self) -> int:
        """Delete the remaining failed jobs by typing their count; return the count."""
        self.say("/queue clear-failed")
        expect(self.dialog).to_contain_text("to confirm")
        count = re.search(r"Type (\d+) to confirm", self.dialog.inner_text())
        assert count is not None
        field = self.dialog.get_by_role("textbox")
        field.fill(count.group(1))
        field.evaluate(INTO_VIEW)
        self.show("typed")
        self.click(self.dialog.get_by_role("button", name=re.compile(r"^Delete \d+ \(undo")))
        expect(self.dialog).to_have_count(0)
        expect(self.message("Cleared")).to_contain_text(f"Cleared {count.group(1)} failed jobs")
        self.show("cleared")
        return int(count.group(1))

    def undo(self, count: int) -> None:
        """Undo the clear: all jobs return, and the message of the clear names who undid it."""
        cleared = self.message(f"Cleared {count} failed jobs")
        self.click(cleared.get_by_role("button", name="Undo"))
        expect(self.dialog).to_contain_text(f"{count} failed jobs")
        self.show("undo")
        self.click(self.dialog.get_by_role("button", name=re.compile(r"^Put back \d+ job")))
        expect(self.dialog).to_have_count(0)
        expect(self.message("Put back")).to_contain_text(f"Put back {count} failed jobs")
        expect(cleared).to_contain_text("Undone by @Ana Admin")
        expect(cleared.get_by_role("button", name="Undo")).to_have_count(0)
        self.show("undone")
