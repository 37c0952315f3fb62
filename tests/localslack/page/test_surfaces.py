import pytest
from playwright.sync_api import Page, expect

from bot.localslack.server import LocalSlack
from bot.localslack.workspace import PostedMessage
from tests.kit.concurrency import until
from tests.kit.slack_apps import Connect
from tests.localslack.page.conftest import Visit
from tests.localslack.page.surfaces import Seen, surfaces


@pytest.fixture
def seen(slack: LocalSlack, connect: Connect) -> Seen:
    app, seen = surfaces(slack)
    connect(app)
    return seen


def send(page: Page, text: str) -> None:
    page.get_by_role("combobox", name="Message").fill(text)
    page.keyboard.press("Enter")


@pytest.mark.usefixtures("seen")
def test_every_text_block_of_a_message_is_drawn(visit: Visit) -> None:
    page = visit()
    send(page, "/queue post texts")
    message = page.get_by_role("article").last

    expect(message.get_by_role("heading", name="Queue status")).to_be_visible()
    expect(message.get_by_role("img", name="bar chart")).to_have_text("📊")
    expect(message.get_by_text("Pending1204")).to_be_visible()
    expect(message.get_by_role("button", name="Go")).to_be_visible()
    expect(message.get_by_role("separator")).to_have_count(1)
    expect(message.locator(".block-context em")).to_have_text("now")
    expect(message.get_by_role("img", name="A queue of jobs")).to_be_visible()
    expect(message.get_by_role("heading", name="Plan")).to_be_visible()
    assert message.locator(".block-markdown li").all_text_contents() == ["first", "second"]
    expect(message.locator(".block-markdown blockquote")).to_have_text("why")
    expect(message.locator(".block-rich_text strong")).to_have_text("loud")
    expect(message.locator(".block-rich_text li")).to_have_text("one item")
    expect(message.locator(".block-rich_text pre")).to_have_text("as  typed")
    expect(message.locator(".block-rich_text blockquote")).to_have_text("said so")
    expect(message.locator(".card")).to_contain_text("A card")
    expect(message.get_by_role("note")).to_have_count(0)
    expect(message.get_by_text("APP", exact=True)).to_be_visible()


@pytest.mark.usefixtures("seen")
def test_tables_and_charts_are_drawn_and_charts_have_texts_for_screen_readers(visit: Visit) -> None:
    page = visit()
    send(page, "/queue post data")
    message = page.get_by_role("article").last

    expect(message.get_by_role("columnheader", name="Queue")).to_be_visible()
    expect(message.get_by_role("cell", name="812")).to_be_visible()
    line = message.get_by_role("img", name="Done: done 1h 5, 2h 9, 3h 3; failed 1h 0, 2h 1, 3h 2")
    expect(line).to_be_visible()
    expect(line.locator("path.line")).to_have_count(2)
    expect(line.locator("circle")).to_have_count(6)
    expect(message.get_by_role("img", name="Errors: gone away 22")).to_be_visible()


@pytest.mark.usefixtures("seen")
def test_a_data_table_can_be_sorted_paged_and_filtered(visit: Visit) -> None:
    page = visit()
    send(page, "/queue post paged")
    table = page.get_by_role("table", name="Failed jobs")
    ids = table.get_by_role("rowheader")

    expect(ids).to_have_text(["0", "7", "2", "9", "4"])
    page.get_by_role("button", name="Next page").click()
    expect(page.get_by_text("6–10 of 12")).to_be_visible()
    table.get_by_role("button", name="ID").click()
    page.get_by_role("button", name="Previous page").click()
    expect(ids).to_have_text(["0", "1", "2", "3", "4"])
    table.get_by_role("button", name="ID").click()
    expect(ids).to_have_text(["11", "10", "9", "8", "7"])
    expect(table.get_by_role("columnheader", name="ID")).to_have_attribute(
        "aria-sort", "descending"
    )
    page.get_by_role("searchbox", name="Filter Failed jobs").fill("queue 11")
    expect(ids).to_have_text(["5"])


def test_an_unknown_block_is_drawn_as_a_box_with_its_type(slack: LocalSlack, visit: Visit) -> None:
    block = {"type": "hologram", "block_id": "h", "depth": 3}
    odd = {"type": "data_table", "block_id": "d", "rows": 7}
    ids = slack.ids
    slack.workspace.add_message(
        PostedMessage("1800000000.000001", ids.queue_ops, ids.bot_user, "x", [block, odd])
    )
    page = visit()

    boxes = page.get_by_role("note")
    expect(boxes.first).to_contain_text("cannot draw a block of type “hologram”")
    expect(boxes.last).to_contain_text("cannot draw this block of type “data_table”")


def test_app_home_shows_the_view_of_the_app_and_sends_clicks(seen: Seen, visit: Visit) -> None:
    page = visit("viewer")
    page.get_by_role("button", name="queue-bot App Home").click()

    expect(page.get_by_role("heading", name="Queue status")).to_be_visible()
    page.get_by_role("button", name="Retry", exact=True).click()
    until(lambda: seen.actions)
    assert seen.actions == [("retry", "retry")]


def test_replies_are_counted_and_shown_in_a_thread(slack: LocalSlack, visit: Visit) -> None:
    ids = slack.ids
    root = "1799999000.000001"
    for ts, words in (
        (root, "it failed"),
        ("1799999001.000002", "back"),
        ("1799999002.000003", "ok"),
    ):
        slack.workspace.add_message(
            PostedMessage(
                ts, ids.queue_ops, ids.bot_user, words, thread_ts=root if ts != root else None
            )
        )
    page = visit()

    expect(page.get_by_role("article")).to_have_count(1)
    page.get_by_role("button", name="2 replies").click()
    thread = page.get_by_role("complementary", name="Thread")
    expect(thread.get_by_role("article")).to_have_count(3)
    expect(thread.get_by_role("article").last).to_contain_text("ok")
    page.keyboard.press("Escape")
    expect(thread).to_be_hidden()


@pytest.mark.usefixtures("seen")
def test_an_ephemeral_message_is_shown_to_its_person_only(visit: Visit) -> None:
    page = visit("operator")
    send(page, "/queue for your eyes")
    mine = page.get_by_role("article").filter(has_text="Only visible to you")

    expect(mine).to_contain_text("for your eyes")
    page.get_by_role("radio", name="viewer").click()
    expect(mine).to_have_count(0)
    expect(page).to_have_url(f"{page.url.split('?')[0]}?as=viewer#queue-ops")
    page.get_by_role("radio", name="operator").click()
    mine.get_by_role("button", name="Dismiss message").click()
    expect(mine).to_have_count(0)


def test_a_channel_with_a_new_message_is_marked_as_unread_until_it_is_opened(
    slack: LocalSlack, visit: Visit
) -> None:
    page = visit("viewer")
    ids = slack.ids
    alert = PostedMessage("1800000000.000001", ids.queue_alerts, ids.bot_user, "Job *45* failed")
    slack.workspace.add_message(alert)
    page.get_by_role("button", name="queue-alerts, 1 unread").click()

    expect(page.get_by_role("article")).to_contain_text("Job 45 failed")
    expect(page.get_by_role("button", name="queue-alerts", exact=True)).to_be_visible()
    alert.text, alert.edited = "Job *45* was retried", "1800000001.000001"
    slack.workspace.mark_changed()
    expect(page.get_by_role("article")).to_contain_text("Job 45 was retried (edited)")


def test_the_url_has_the_person_and_the_channel(slack: LocalSlack, visit: Visit) -> None:
    ids = slack.ids
    slack.workspace.add_message(
        PostedMessage("1800000000.000007", ids.queue_audit, ids.bot_user, "sealed")
    )
    slack.workspace.add_message(
        PostedMessage(
            "1800000000.000008",
            ids.queue_ops,
            ids.bot_user,
            f"see <{slack.url}archives/{ids.queue_audit}/p1800000000000007|the record>",
        )
    )
    page = visit("stranger", "queue-alerts")

    expect(page.get_by_role("radio", name="stranger")).to_be_checked()
    expect(page.get_by_role("heading", name="queue-alerts", level=1)).to_be_visible()
    page.get_by_role("button", name="queue-ops").click()
    page.get_by_role("link", name="the record").click()
    expect(page.get_by_role("heading", name="queue-audit", level=1)).to_be_visible()
    expect(page.get_by_role("article").filter(has_text="sealed")).to_be_focused()


def test_the_theme_is_that_of_the_browser_until_the_person_changes_it(visit: Visit) -> None:
    page = visit()
    scheme = "getComputedStyle(document.documentElement).colorScheme"

    page.get_by_role("button", name="Switch to dark theme").click()
    assert page.evaluate(scheme) == "dark"
    page.reload()
    expect(page.get_by_role("button", name="Switch to light theme")).to_be_visible()
    assert page.evaluate(scheme) == "dark"
