"""The main job on the playground's page, with the real bot and a real browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from bot.database.engine import connect
from bot.localslack.demo import IDS
from bot.localslack.server import LocalSlack
from bot.playground.play import playing
from bot.queue.layouts import Queue, spec_tables
from tests.kit.concurrency import until
from tests.kit.queues import GRACE, TestQueue
from tests.localslack.page.conftest import PATIENCE_MS


@pytest.fixture
def playground(tmp_path: Path) -> Iterator[LocalSlack]:
    """The playground without its worker, so that jobs change only by the test."""
    with playing(tmp_path, worker=False, grace=GRACE) as slack:
        yield slack


@pytest.fixture
def failing(playground: LocalSlack, tmp_path: Path) -> Iterator[TestQueue]:  # noqa: ARG001 it makes the file
    """The playground's queue."""
    url = f"sqlite:///{tmp_path / 'queue.sqlite3'}"
    queue = TestQueue(url, connect(url), Queue(*spec_tables()))
    yield queue
    queue.engine.dispose()


@pytest.fixture
def page(browser: Browser, playground: LocalSlack) -> Iterator[Page]:
    """The operator's own tab in #queue-ops."""
    context = browser.new_context(locale="en-US", timezone_id="America/Lima")
    context.set_default_timeout(PATIENCE_MS)
    tab = context.new_page()
    tab.goto(f"{playground.url}?as=operator#queue-ops")
    tab.get_by_text("Connected").wait_for()
    yield tab
    context.close()


def type_command(page: Page, words: str) -> None:
    field = page.get_by_role("combobox", name="Message")
    field.fill(words)
    field.press("Enter")


def test_the_page_shows_status_a_retry_its_audit_message_and_a_refusal(
    page: Page, playground: LocalSlack, failing: TestQueue
) -> None:
    messages = page.get_by_role("log")

    type_command(page, "/queue status")
    expect(messages).to_contain_text("Queue status")
    expect(messages).to_contain_text("netsuite")

    type_command(page, "/queue failed")
    expect(messages).to_contain_text("Failed job 45")
    expect(messages).to_contain_text("MySQL server has gone away")

    failed_id = failing.fail(order=803555)
    page.goto(f"{playground.url}?as=stranger#queue-alerts")
    expect(messages).to_contain_text(f"Failed job {failed_id}")
    page.get_by_role("button", name="Retry failed job").click()
    expect(messages).to_contain_text("needs the role operator")
    assert failed_id in {row.id for row in failing.failed}

    page.goto(f"{playground.url}?as=operator#queue-alerts")
    page.get_by_role("button", name="Retry failed job").click()
    expect(messages).to_contain_text("Retried by @Omar Operator")
    expect(page.get_by_role("button", name="Retry failed job")).to_have_count(0)
    assert failed_id not in {row.id for row in failing.failed}
    assert failing.jobs[-1].attempts == 0

    page.goto(f"{playground.url}?as=admin#queue-audit")
    expect(messages).to_contain_text("@Sam Stranger")
    expect(messages).to_contain_text("needs operator; has no role")
    expect(messages).to_contain_text(f"failed job {failed_id}")

    def is_audited() -> bool:
        shown = [message["text"] for message in playground.messages(IDS.queue_audit)]
        return any(IDS.operator in text and "retried" in text for text in shown)

    # The audit channel received the refusal earlier.
    until(is_audited)


def test_two_error_groups_are_merged_and_the_merge_is_undone(page: Page) -> None:
    messages = page.get_by_role("log")

    type_command(page, "/queue error E1 merge=E2")
    page.get_by_role("button", name="Merge E1 into E2").click()
    expect(messages).to_contain_text("Merged E1 into E2.")
    expect(messages).to_contain_text("@Omar Operator merged E1 into E2.")

    type_command(page, "/queue error E1")
    expect(messages).to_contain_text("Includes E1, merged by @Omar Operator")
    page.get_by_role("button", name="Undo the merge of E1").last.click()
    expect(messages).to_contain_text("E1 is a separate group again and no longer part of E2.")
    expect(messages).to_contain_text("@Omar Operator undid the merge of E1 into E2.")


def test_clear_failed_requires_the_count_and_then_deletes(
    page: Page, playground: LocalSlack, failing: TestQueue
) -> None:
    page.goto(f"{playground.url}?as=admin#queue-ops")
    type_command(page, "/queue clear-failed")
    modal = page.get_by_role("dialog", name="Clear failed jobs")
    expect(modal).to_contain_text("9 failed jobs")
    modal.get_by_role("textbox").fill("8")
    modal.get_by_role("button", name="Delete 9 (undo 7 days)").click()
    expect(modal).to_contain_text("You did not type 9")
    assert len(failing.failed) == 9
    modal.get_by_role("textbox").fill("9")
    modal.get_by_role("button", name="Delete 9 (undo 7 days)").click()
    expect(page.get_by_role("log")).to_contain_text("Cleared 9 failed jobs")
    assert failing.failed == []
