"""A person's day on call, through Slack's page: each task, counted in clicks."""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from playwright.sync_api import Locator, Page, expect
from sqlalchemy import delete

from bot.localslack.server import LocalSlack
from bot.playground.frameworks.framework import Cause
from bot.playground.frameworks.spec import EXCEPTIONS
from bot.text import Texts
from tests.kit.queues import TestQueue
from tests.localslack.page.menus import choose

NETSUITE_DOWN = EXCEPTIONS[Cause.NETSUITE_DOWN]
OUTAGE = {
    NETSUITE_DOWN: 120,
    EXCEPTIONS[Cause.RATE_LIMIT]: 60,
    EXCEPTIONS[Cause.LOCK_WAIT]: 20,
}
"""The failures of the outage, by error."""
ORDER, STUCK, WRONG = 803181, 119, 39
"""The order that is missing, the stuck job, and the failed job that is deleted by mistake."""
PATIENCE_MS = 60_000


@dataclass
class Day:
    """The tasks. `clicks` counts presses and typed commands by task."""

    page: Page
    slack: LocalSlack
    queue: TestQueue
    texts: Texts
    person: str
    admin: str
    clicks: Counter[str] = field(default_factory=Counter)
    task: str = ""

    # ---- what a person does

    @contextmanager
    def doing(self, task: str) -> Iterator[None]:
        """Count what is pressed and typed in the block as clicks of this task."""
        self.task = task
        yield
        self.task = ""

    def press(self, target: Locator) -> None:
        """Click a button."""
        target.click()
        self.clicks[self.task] += 1

    def type_command(self, words: str) -> None:
        """Type a command, which counts as one click."""
        message = self.page.get_by_role("combobox", name="Message")
        message.fill(f"/queue {words}")
        message.press("Enter")
        self.clicks[self.task] += 1

    def choose(self, alert: Locator, key: str) -> None:
        """Choose an item in an alert's menu, which takes two clicks."""
        choose(alert, self.label(key))
        self.clicks[self.task] += 2

    def go_to(self, channel: str) -> None:
        """Open a channel with a click."""
        self.press(self.page.get_by_role("button", name=re.compile(f"^{channel}")))

    def sit_down(self, person: str) -> None:
        """Begin in #queue-ops as this person; a person on call has Slack open."""
        self.page.goto("about:blank")
        self.page.goto(f"{self.slack.url}?as={person}#queue-ops")
        self.page.get_by_text("Connected").wait_for()

    # ---- what is on the page

    def label(self, key: str, **values: object) -> str:
        """Return a text of the catalog."""
        return self.texts.plain(key, **values)

    def button(self, place: Locator, key: str, **values: object) -> Locator:
        """Return the button with this label; what a screen reader reads begins with the label."""
        name = re.escape(self.label(key, **values).rstrip("…"))
        return place.get_by_role("button", name=re.compile(f"^{name}"))

    @property
    def log(self) -> Locator:
        """The channel's messages."""
        return self.page.get_by_role("log")

    @property
    def dialog(self) -> Locator:
        """The open dialog."""
        return self.page.get_by_role("dialog")

    @property
    def question(self) -> Locator:
        """The open question before a change."""
        return self.page.get_by_role("alertdialog")

    def message(self, *parts: str | re.Pattern[str]) -> Locator:
        """Return the newest message that has all these parts."""
        messages = self.log.get_by_role("article")
        for part in parts:
            messages = messages.filter(has_text=part)
        return messages.last

    # ---- the queue

    def work_off(self) -> None:
        """A worker processes every job that nobody has reserved and that waits for no time."""
        jobs = self.queue.queue.jobs
        now = int(datetime.now(UTC).timestamp())
        available = jobs.c.reserved_at.is_(None) & (jobs.c.available_at <= now)
        with self.queue.engine.execution_options(changes=True).begin() as connection:
            connection.execute(delete(jobs).where(available))

    def fail(self, exception: str, orders: range, queue: str = "netsuite") -> None:
        """Jobs fail, a few seconds ago."""
        at = datetime.now(UTC).replace(tzinfo=None, microsecond=0) - timedelta(seconds=2)
        for order in orders:
            self.queue.fail(queue=queue, order=order, exception=exception, failed_at=at)

    # ---- the tasks

    def morning_look(self) -> None:
        """Home says what is wrong, how much there is, and which errors."""
        self.press(self.page.get_by_role("button", name="queue-bot App Home"))
        home = self.page.get_by_role("main")
        expect(home).to_contain_text("I1")
        expect(home).to_contain_text("RESTlet answered 429")

    def stuck_worker(self) -> None:
        """The alert of the stuck job has the button that releases the job."""
        self.go_to("queue-alerts")
        alert = self.message(str(STUCK), "I1")
        release = self.button(alert, "button-release-jobs", count=1, id=str(STUCK))
        self.press(release)
        self.press(self.button(self.question, "button-release"))
        expect(self.message("🔓", str(STUCK))).to_be_visible()

    def missing_order(self) -> None:
        """The order's job failed; the answer has the button that retries the job."""
        self.type_command(f"find {ORDER}")
        answer = self.message("Only visible to you", str(ORDER))
        self.press(self.button(answer, "button-retry").first)
        expect(self.message("🔁", str(ORDER))).to_be_visible()

    def noisy_alert(self) -> None:
        """The alert's menu mutes the error for an hour."""
        self.go_to("queue-alerts")
        # A later alert about too many failed jobs names this error too.
        alert = self.message("mailbox full", re.compile(r"E\d+ · mail"))
        self.choose(alert, "button-mute-error")
        expect(alert).to_contain_text("🔕")

    def outage(self) -> None:
        """Acknowledge the largest alert; after the fix, retry all three errors with a canary."""
        self.go_to("queue-alerts")
        for exception in OUTAGE:
            expect(self.outage_alert(exception)).to_be_visible()
        self.choose(self.outage_alert(NETSUITE_DOWN), "button-acknowledge")
        expect(self.outage_alert(NETSUITE_DOWN)).to_contain_text("👀")
        self.type_command("retry queue=netsuite after=5m canary=3")
        rows = sum(OUTAGE.values())
        option = self.label("bulk-canary-option", count=3, errors=3, source="each")
        expect(self.dialog.get_by_text(option)).to_be_attached()
        self.press(self.button(self.dialog, "bulk-submit-retry-long", count=rows))
        expect(self.dialog).to_have_count(0)
        progress = self.message("🐤")
        expect(progress).to_contain_text(self.label("canary-waiting", count=3, errors=3))
        self.work_off()
        moved = self.label("progress-done-retry-all", done=rows, total=rows).replace("*", "")
        ended = self.message(moved)
        expect(ended).to_be_visible(timeout=PATIENCE_MS)
        self.work_off()
        processed = self.label("retry-outcome-count-processed", count=rows)
        expect(ended).to_contain_text(processed, timeout=PATIENCE_MS)

    def outage_alert(self, exception: str) -> Locator:
        """Return the alert of one of the outage's errors."""
        title = self.label("incident-group-open", count=OUTAGE[exception]).replace("*", "")
        return self.message(title)

    def wrong_delete(self) -> None:
        """The message of the deletion has the button that undoes the deletion."""
        self.type_command("failed queue=shipping limit=1")
        answer = self.message("Only visible to you", str(WRONG))
        self.choose(answer, "button-delete")
        self.press(self.button(self.question, "button-delete-undo", days=7))
        deleted = self.message("🗑️", str(WRONG))
        self.press(self.button(deleted, "button-undo"))
        expect(self.message("↩️", str(WRONG))).to_be_visible()

    def handover(self) -> None:
        """One answer has the active incidents with their owners, and the mutes."""
        self.type_command("handover")
        answer = self.message(self.label("handover-title").strip("*"))
        expect(answer).to_contain_text("🔕")

    def audit_question(self) -> None:
        """Who retried the order's job?"""
        self.type_command(f"history order={ORDER}")
        answer = self.message("Only visible to you", str(ORDER))
        expect(answer).to_contain_text(self.label("audit-did-retry", who="x", what="y").split()[1])
