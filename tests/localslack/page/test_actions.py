import pytest
from playwright.sync_api import Page, expect

from bot.localslack.server import LocalSlack
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


def test_a_click_edits_the_message_and_the_time_of_the_ack_is_shown(
    seen: Seen, visit: Visit
) -> None:
    page = visit("operator")
    send(page, "/queue post actions")
    page.get_by_role("button", name="Retry", exact=True).click()
    message = page.get_by_role("article").last

    expect(message).to_contain_text("retried by @Omar Operator (edited)")
    expect(message.get_by_role("button", name="Retry")).to_have_count(0)
    expect(page.get_by_text("of 3000 ms")).to_contain_text("Last ack")
    assert seen.actions == [("retry", "retry")]


def test_a_button_with_a_confirm_dialog_is_sent_only_after_the_confirmation(
    seen: Seen, visit: Visit
) -> None:
    page = visit()
    send(page, "/queue post actions")
    dialog = page.get_by_role("alertdialog", name="Retry all?")
    for leave in ("Escape", "Enter"):
        page.get_by_role("button", name="Retry all").click()
        expect(dialog).to_contain_text("This retries 38 jobs.")
        expect(dialog.get_by_role("button", name="Not now")).to_be_focused()
        page.keyboard.press(leave)
        expect(dialog).to_have_count(0)
    assert seen.actions == []

    page.get_by_role("button", name="Retry all").click()
    dialog.get_by_role("button", name="Retry 38").click()
    expect(page.get_by_role("button", name="Retry all")).to_be_focused()
    until(lambda: seen.actions)
    assert seen.actions == [("retry-all", "retry-all")]


def test_menus_and_selects_send_the_selected_option(seen: Seen, visit: Visit) -> None:
    page = visit()
    send(page, "/queue post actions")
    page.get_by_role("button", name="More actions").click()
    expect(page.get_by_role("menuitem", name="Details")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("menu")).to_have_count(0)
    until(lambda: len(seen.actions) == 1)
    page.get_by_role("combobox", name="Queue").select_option("Emails")
    until(lambda: len(seen.actions) == 2)

    assert seen.actions == [("more", "delete"), ("pick", "emails")]


def test_a_modal_shows_errors_at_its_fields_and_closes_when_they_are_valid(
    seen: Seen, visit: Visit
) -> None:
    page = visit()
    send(page, "/queue form")
    modal = page.get_by_role("dialog", name="Retry all jobs")
    count = modal.get_by_role("textbox", name="Type the count")
    submit = modal.get_by_role("button", name="Retry 38")

    expect(count).to_be_focused()
    expect(modal.get_by_role("note", name="warning notice")).to_contain_text("38 jobs")
    submit.click()
    expect(modal.get_by_text("Please complete this required field.")).to_be_visible()
    for wrong in ("37", "36"):
        count.fill(wrong)
        submit.click()
        expect(modal.get_by_text("That is not the count.")).to_be_visible()
        expect(count).to_be_focused()
    count.fill("38")
    modal.get_by_role("spinbutton", name="At most").fill("5")
    modal.get_by_role("combobox", name="Queue").select_option("Emails")
    modal.get_by_role("radio", name="Newest").check()
    modal.get_by_role("checkbox", name="Log").check()
    modal.get_by_label("Not before").fill("2027-01-31")
    submit.click()
    expect(modal).to_have_count(0)
    page.keyboard.type("typed on")
    expect(page.get_by_role("combobox", name="Message")).to_have_value("typed on")

    values = {name: entry["v"] for name, entry in seen.submitted[-1].items()}
    assert len(seen.submitted) == 3
    assert values["limit"]["value"] == "5"
    assert values["queue"]["selected_option"]["value"] == "emails"
    assert values["order"]["selected_option"]["value"] == "newest"
    assert [one["value"] for one in values["also"]["selected_options"]] == ["log"]
    assert values["day"]["selected_date"] == "2027-01-31"


def test_a_reload_closes_every_modal(seen: Seen, slack: LocalSlack, visit: Visit) -> None:
    page = visit()
    send(page, "/queue form")
    page.get_by_role("textbox", name="Type the count").fill("12")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("dialog", name="Preview")).to_be_visible()
    page.reload()
    expect(page.get_by_text("Connected")).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert slack.views("admin") == []

    # As in Slack, typed text is lost with the modal, and the next modal submits as usual.
    send(page, "/queue form")
    count = page.get_by_role("textbox", name="Type the count")
    expect(count).to_have_value("")
    count.fill("38")
    page.get_by_role("button", name="Retry 38").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert seen.submitted[-1]["count"]["v"]["value"] == "38"


def test_stacked_modals_keep_the_typed_text_and_the_focus(
    seen: Seen, slack: LocalSlack, visit: Visit
) -> None:
    page = visit()
    send(page, "/queue form")
    page.get_by_role("textbox", name="Type the count").fill("12")
    page.get_by_role("button", name="Preview").click()
    top = page.get_by_role("dialog", name="Preview")
    expect(top.get_by_role("heading", name="Queue status")).to_be_visible()
    assert seen.state_at_click["count"]["v"]["value"] == "12"

    for _ in range(6):
        page.keyboard.press("Tab")
        assert page.evaluate(
            "document.activeElement.closest('dialog') || document.activeElement === document.body"
        )
    page.keyboard.press("Escape")
    below = page.get_by_role("dialog", name="Retry all jobs")
    expect(below.get_by_role("textbox", name="Type the count")).to_have_value("12")
    below.get_by_role("button", name="Leave").click()
    expect(below).to_have_count(0)
    assert slack.views("admin") == []
    expect(page.get_by_text("No ack within 3000 ms")).to_have_count(0)
    expect(page.get_by_text("Last ack")).to_be_visible()


@pytest.mark.usefixtures("seen")
def test_the_composer_suggests_completes_and_repeats_commands(visit: Visit) -> None:
    page = visit()
    field = page.get_by_role("combobox", name="Message")
    commands = page.get_by_role("listbox", name="Commands")

    page.keyboard.type("/q")
    expect(commands.get_by_role("option").first).to_contain_text("/queue")
    page.keyboard.press("Tab")
    expect(field).to_have_value("/queue ")
    page.keyboard.type("one")
    page.keyboard.press("Enter")
    expect(field).to_have_value("")
    send(page, "/queue two")
    expect(page.get_by_role("article")).to_have_count(2)
    expect(field).to_be_focused()
    for expected in ("/queue two", "/queue one"):
        page.keyboard.press("ArrowUp")
        expect(field).to_have_value(expected)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("article").last).to_contain_text("two")
    expect(page.get_by_role("article")).to_have_count(3)


def test_a_command_without_a_connected_app_shows_an_error(slack: LocalSlack, visit: Visit) -> None:
    page = visit()
    send(page, "/queue status")
    notice = page.get_by_role("article").filter(has_text="Only visible to you")

    expect(notice).to_contain_text("Slackbot")
    expect(notice).to_contain_text("/queue failed with the error")
    expect(page.get_by_text("No ack within 3000 ms")).to_be_visible()
    send(page, "good morning")
    expect(notice.last).to_contain_text("Only slash commands work here. Try /")
    assert len(slack.messages("queue-ops")) == 1
