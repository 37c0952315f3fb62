"""An incident in the playground from start to end: one walk, for the test and the picture."""

import re
from dataclasses import dataclass

from playwright.sync_api import Locator, expect

from tests.localslack.page.menus import choose
from tests.localslack.page.story import CAUSE, FAILURES, Story


@dataclass
class IncidentStory(Story):
    """The steps from the alert to the incident's end, in the alert channel."""

    @property
    def alert(self) -> Locator:
        """Return the alerts about the cause; there is one."""
        return (
            self.log.get_by_role("article")
            .filter(has_text=CAUSE)
            .filter(has_text=re.compile(r"· I\d+"))
        )

    def begin(self) -> None:
        """Start the outage."""
        self.click(self.panel.get_by_role("button", name="Break NetSuite"))

    def count_up(self) -> None:
        """The failures arrive, and one alert counts them."""
        many = f"{FAILURES} failed jobs"
        expect(self.alert).to_contain_text(many, timeout=self.patience_ms)
        expect(self.alert).to_have_count(1)
        expect(self.alert).to_contain_text(f"and {FAILURES - 3} more")
        expect(self.alert).to_contain_text("(edited)")
        self.show("counted")

    def acknowledge(self) -> None:
        """The operator acknowledges the incident, and the alert names the operator."""
        choose(self.alert, "Acknowledge", self.click)
        expect(self.alert).to_contain_text("Acknowledged by @Omar Operator")
        self.show("acknowledged")

    def retry_from_alert(self) -> None:
        """The operator retries the error group from the alert's own dialog."""
        self.click(self.alert.get_by_role("button", name="Retry group"))
        expect(self.dialog).to_contain_text(f"{FAILURES} failed jobs of incident I")
        self.click(self.dialog.get_by_role("button", name=f"Retry {FAILURES} jobs"))
        expect(self.dialog).to_have_count(0)
        expect(self.alert).to_contain_text(f"{FAILURES} retried")
        self.show("retried")

    def recover(self) -> None:
        """The alert shows that the incident is resolved, and the outcomes of the jobs."""
        expect(self.alert).to_contain_text("Resolved after", timeout=self.patience_ms)
        expect(self.alert).to_contain_text(f"{FAILURES} processed, 0 failed")
        expect(self.alert.get_by_role("button", name="Retry group")).to_have_count(0)
        expect(self.alert).to_have_count(1)
        self.show("recovered")
