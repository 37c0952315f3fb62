"""Fix and replay as a person does it in the playground: one walk, for the test and the film."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from playwright.sync_api import Locator, Page, expect

FAILURES = 20
CAUSE = "NetSuite answered 503"
INTO_VIEW = "one => one.scrollIntoView({ block: 'nearest' })"
"""For `evaluate`: Playwright's own scrolling fails if an edit draws the message anew meanwhile."""
KNOWN_MS = 2_000
"""A failure is in the index a second after it happened, so a second look must show it."""


def _press(target: Locator) -> None:
    target.click()


def _nothing(_moment: str) -> None:
    return


@dataclass
class Story:
    """The steps in the order in which they are taken, on a page of the playground.

    `click` presses something; `show` is told each moment that is worth a picture. What the worker
    does may take as many seconds as there is `patience`.
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
        """The modal that is open."""
        return self.page.get_by_role("dialog")

    @property
    def patience_ms(self) -> float:
        """The same in Playwright's unit."""
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
        """Look behind the scenes."""
        self.page.get_by_role("button", name="Behind the scenes", exact=True).click()
        expect(self.panel).to_be_visible()

    def close_panel(self) -> None:
        """Give the channel its room back."""
        self.page.get_by_role("button", name="Close side panel").click()

    def hurry(self) -> None:
        """Let the worker work as fast as it can, and nothing fail by chance."""
        self.panel.get_by_role("slider", name="Random failures").press("Home")
        self.panel.get_by_role("slider", name="Speed").press("End")
        expect(self.panel.get_by_role("slider", name="Speed")).to_have_attribute(
            "aria-valuetext", re.compile("^8")
        )

    def break_netsuite(self) -> None:
        """Twenty jobs fail of one cause."""
        self.click(self.panel.get_by_role("button", name="Break NetSuite"))
        rows = self.panel.get_by_role("table", name="failed_jobs").get_by_role("row")
        expect(rows.filter(has_text=CAUSE)).to_have_count(FAILURES, timeout=self.patience_ms)
        self.show("broken")

    def ask_for_errors(self) -> None:
        """One group of all of them, and it goes on; a look at once may come before the bot's."""
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
        expect(answer).to_contain_text(f"still failing: {FAILURES} in the last")
        answer.evaluate("one => one.scrollIntoView({ block: 'start' })")
        self.show("errors")

    def fix_netsuite(self) -> None:
        """The cause is gone."""
        self.click(self.panel.get_by_role("button", name="Fix NetSuite"))
        expect(self.panel.get_by_role("button", name="Break NetSuite")).to_be_visible()
        self.show("fixed")

    def retry_group(self) -> None:
        """Three first, the others at a rate, out of the preview."""
        answer = self.message("Error groups:")
        self.click(answer.get_by_role("button", name="Retry group").first)
        expect(self.dialog).to_contain_text(f"{FAILURES} failed jobs with the error")
        self.dialog.get_by_text("will go back").evaluate(INTO_VIEW)
        self.show("preview")
        rate = self.dialog.get_by_role("combobox", name="Rate")
        canary = self.dialog.get_by_role("combobox", name="Try some first?")
        rate.select_option(label="600 a minute")
        canary.select_option(label="3 first, the others if they are processed")
        canary.evaluate(INTO_VIEW)
        self.show("chosen")
        self.click(self.dialog.get_by_role("button", name=re.compile(r"^Retry \d+ job")))
        expect(self.dialog).to_have_count(0)

    def follow(self) -> None:
        """The canary, then the others, then what became of all: in one message."""
        message = self.message("failed jobs").filter(has_text="Omar Operator")
        expect(message).to_contain_text("Waiting for the first 3 jobs")
        message.evaluate(INTO_VIEW)
        self.show("canary")
        expect(message).to_contain_text(f"Retried {FAILURES} failed jobs", timeout=self.patience_ms)
        self.show("moved")
        expect(message).to_contain_text(f"{FAILURES} processed", timeout=self.patience_ms)
        expect(message).to_contain_text("All of them have ended", timeout=self.patience_ms)
        expect(message.get_by_role("button", name="Undo")).to_have_count(0)
        message.evaluate(INTO_VIEW)
        self.show("processed")

    def clear(self) -> int:
        """What is left is deleted, once its count is typed; returns the count."""
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
        """All of them come back, and the message of the clear says so."""
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
