"""Every element of a form, the states of a modal, and a channel's updates while it is hidden."""

import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from slack_bolt import Ack, App
from slack_sdk import WebClient

from bot.localslack.blocks.specs import Json
from bot.localslack.manifest import manifest_of
from bot.localslack.server import LocalSlack
from bot.localslack.workspace import PostedMessage
from bot.playground.play import suggestions
from tests.kit.clock import Seconds
from tests.kit.concurrency import SECONDS
from tests.kit.slack_apps import Connect, bolt, patient
from tests.localslack.page.conftest import Visit
from tests.localslack.page.surfaces import button, entry, markup, options, plain, points


def group(words: str, *choices: str) -> Json:
    """Return an option group."""
    return {"label": plain(words), "options": options(*choices)}


ELEMENTS: dict[str, Json] = {
    "lines": {"type": "plain_text_input", "multiline": True, "min_length": 3, "max_length": 60},
    "mail": {"type": "email_text_input"},
    "site": {"type": "url_text_input"},
    "at": {"type": "timepicker", "initial_time": "07:30"},
    "who": {"type": "users_select", "initial_user": "U07VIEWERVE1"},
    "where": {"type": "channels_select"},
    "talk": {"type": "conversations_select"},
    "grouped": {"type": "static_select", "option_groups": [group("A", "One"), group("B", "Two")]},
    "some": {"type": "multi_static_select", "options": options("Red", "Green", "Blue")},
    "people": {"type": "multi_users_select"},
}
FORM: Json = {
    "type": "modal",
    "callback_id": "all",
    "title": plain("Everything"),
    "submit": plain("Send"),
    "blocks": [
        entry(name, f"Field {name}", element, optional=name != "lines")
        for name, element in ELEMENTS.items()
    ],
}
CHARTS: list[Json] = [
    {
        "type": "data_visualization",
        "title": kind,
        "chart": {
            "type": kind,
            "series": [
                {"name": "done", "data": points(4, -2)},
                {"name": "new", "data": points(1, 3)},
            ],
            "axis_config": {"categories": ["1h", "2h"], "x_label": "hour"},
        },
    }
    for kind in ("bar", "area")
]
CAROUSEL: Json = {
    "type": "carousel",
    "elements": [
        {"type": "card", "title": markup(f"Card {n}"), "actions": [button(f"Do {n}", f"do{n}")]}
        for n in (1, 2)
    ],
}
TABLE: Json = {
    "type": "table",
    "column_settings": [{"align": "right"}, {"is_wrapped": True}],
    "rows": [
        [{"type": "raw_text", "text": word} for word in row] for row in (("a", "b"), ("1", "2"))
    ],
}


class Held:
    """An app whose form waits until the test resumes it."""

    def __init__(self, slack: LocalSlack) -> None:
        self.app: App = bolt(slack)
        self.go_on = threading.Event()
        self.values: list[Json] = []
        self.app.command("/queue")(self._open)
        self.app.view("all")(self._submitted)

    def _open(self, ack: Ack, command: Json, client: WebClient) -> None:
        ack()
        client.views_open(trigger_id=command["trigger_id"], view=FORM)

    def _submitted(self, ack: Ack, view: Json) -> None:
        self.go_on.wait(SECONDS)
        self.values.append(view["state"]["values"])
        ack()


@pytest.fixture
def slack(clock: Seconds) -> Iterator[LocalSlack]:
    with LocalSlack(clock=clock, commands=suggestions) as running:
        yield patient(running)


@pytest.fixture
def held(slack: LocalSlack, connect: Connect) -> Held:
    held = Held(slack)
    connect(held.app)
    return held


@pytest.fixture
def visit_other(tab: Page) -> Iterator[Page]:
    """The page of a local Slack for another app than queue-bot."""
    manifest = manifest_of(
        {
            "display_information": {"name": "Greeter"},
            "features": {
                "bot_user": {"display_name": "greeter"},
                "slash_commands": [
                    {"command": "/hello", "description": "Say hello", "usage_hint": "[name]"},
                    {"command": "/bye", "description": "Say bye"},
                ],
            },
            "oauth_config": {"scopes": {"bot": ["commands"]}},
            "settings": {"socket_mode_enabled": True},
        }
    )
    with LocalSlack(manifest=manifest) as slack:
        tab.goto(f"{slack.url}#queue-ops")
        yield tab
        tab.evaluate("localStorage.clear()")
        tab.goto("about:blank")


def send(page: Page, text: str) -> None:
    page.get_by_role("combobox", name="Message").fill(text)
    page.keyboard.press("Enter")


def know_commands(page: Page) -> None:
    """Wait until the page has loaded the commands that it suggests during typing."""
    about = page.get_by_role("region", name="About queue-ops")
    expect(about.get_by_role("button")).to_have_count(3)


def post(slack: LocalSlack, words: str, blocks: list[Json] | None = None) -> None:
    """Add a message of the bot to #queue-ops."""
    ids = slack.ids
    stored = [{"block_id": f"b{n}", **block} for n, block in enumerate(blocks or [])]
    number = len(slack.messages("queue-ops"))
    message = PostedMessage(f"1800000000.{number:06d}", ids.queue_ops, ids.bot_user, words, stored)
    slack.workspace.add_message(message)


def test_every_field_of_a_form_is_sent_and_the_modal_shows_the_progress(
    held: Held, visit: Visit
) -> None:
    page = visit()
    send(page, "/queue form")
    modal = page.get_by_role("dialog", name="Everything")
    lines = modal.get_by_role("textbox", name="Field lines")
    submit = modal.get_by_role("button", name="Send")

    lines.fill("ab")
    submit.click()
    expect(modal.get_by_text("Please enter at least 3 characters.")).to_be_visible()
    lines.fill("a\nb c")
    modal.get_by_role("textbox", name="Field mail").fill("nobody")
    submit.click()
    expect(modal.get_by_role("textbox", name="Field mail")).to_have_attribute(
        "aria-invalid", "true"
    )
    modal.get_by_role("textbox", name="Field mail").fill("ana@example.org")
    modal.get_by_role("textbox", name="Field site").fill("https://example.org/")
    modal.get_by_label("Field at").fill("08:45")
    expect(modal.get_by_role("combobox", name="Field who")).to_have_value("2")
    modal.get_by_role("combobox", name="Field where").select_option("queue-audit")
    modal.get_by_role("combobox", name="Field talk").select_option("random")
    modal.get_by_role("combobox", name="Field grouped").select_option("Two")
    for choice in ("Red", "Blue"):
        modal.get_by_role("checkbox", name=choice).check()
    modal.get_by_role("checkbox", name="Sam Stranger").check()
    submit.click()
    expect(submit).to_have_attribute("aria-busy", "true")
    assert held.values == []
    held.go_on.set()
    expect(modal).to_have_count(0)

    values = {name: one["v"] for name, one in held.values[0].items()}
    assert (values["lines"]["value"], values["mail"]["value"]) == ("a\nb c", "ana@example.org")
    assert (values["at"]["selected_time"], values["site"]["value"]) == (
        "08:45",
        "https://example.org/",
    )
    assert values["who"]["selected_user"] == "U07VIEWERVE1"
    assert values["where"]["selected_channel"] == "C07QAUDIT001"
    assert values["talk"]["selected_conversation"] == "C07RANDOM001"
    assert values["grouped"]["selected_option"]["value"] == "two"
    assert [one["value"] for one in values["some"]["selected_options"]] == ["red", "blue"]
    assert values["people"]["selected_users"] == ["U07STRANGER1"]


def test_bars_areas_carousels_and_aligned_tables_are_drawn(slack: LocalSlack, visit: Visit) -> None:
    post(slack, "x", [*CHARTS, CAROUSEL, TABLE])
    page = visit()
    message = page.get_by_role("article")

    bars = message.get_by_role("img", name="bar: done 1h 4, 2h -2; new 1h 1, 2h 3")
    expect(bars.locator("rect.bar")).to_have_count(4)
    expect(message.locator(".chart-plot path.area")).to_have_count(2)
    expect(message.get_by_role("list").first.get_by_role("listitem")).to_have_text(["done", "new"])
    expect(message.get_by_role("button", name="Do 2")).to_be_visible()
    expect(message.get_by_role("cell", name="1")).to_have_css("text-align", "right")
    expect(message.get_by_role("note")).to_have_count(0)


def test_avatars_times_styles_and_the_separator_of_new_messages_are_drawn(
    slack: LocalSlack, visit: Visit
) -> None:
    styles = [button("Go", "go", style="primary"), button("Away", "away", style="danger")]
    post(slack, "first", [{"type": "actions", "elements": styles}])
    page = visit("viewer")
    message = page.get_by_role("article")

    expect(message.locator(".avatar.bot")).to_be_visible()
    expect(page.locator(".person .avatar").first).to_have_text("AA")
    expect(message.get_by_role("time")).to_have_text("3:00 AM")
    expect(message.get_by_role("time")).to_have_attribute(
        "title", "Friday, January 15, 2027 at 3:00:00 AM"
    )
    expect(message.get_by_role("button", name="Go")).to_have_class("button primary")
    expect(message.get_by_role("button", name="Away")).to_have_class("button danger")
    page.get_by_role("button", name="random").click()
    post(slack, "second")
    page.get_by_role("button", name="queue-ops, 1 unread").click()
    expect(page.get_by_role("separator", name="New")).to_be_visible()
    expect(page.get_by_role("separator", name="Today")).to_be_visible()


def test_a_reader_above_new_messages_gets_a_button_and_is_not_scrolled(
    slack: LocalSlack, visit: Visit
) -> None:
    for number in range(40):
        post(slack, f"line {number}")
    page = visit("viewer")
    log = page.get_by_role("log")
    expect(page.get_by_role("article").last).to_be_in_viewport()
    log.evaluate("log => { log.scrollTop = 0; }")
    post(slack, "the newest")
    jump = page.get_by_role("button", name="New messages")

    expect(jump).to_be_visible()
    assert log.evaluate("log => log.scrollTop") == 0
    jump.click()
    expect(page.get_by_text("the newest")).to_be_in_viewport()
    expect(jump).to_be_hidden()


def test_commands_are_suggested_with_their_usage(visit: Visit) -> None:
    page = visit()
    field = page.get_by_role("combobox", name="Message")
    commands = page.get_by_role("listbox", name="Commands")
    know_commands(page)
    page.keyboard.type("/queue retr")

    expect(commands.get_by_role("option")).to_have_count(2)
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowDown")
    expect(commands.get_by_role("option", selected=True)).to_contain_text("/queue retry")
    page.keyboard.press("Enter")
    expect(field).to_have_value("/queue retry ")
    expect(commands.get_by_role("option")).to_contain_text("ID")
    page.keyboard.press("Escape")
    expect(commands).to_be_hidden()


def test_the_commands_of_another_app_come_from_its_manifest(visit_other: Page) -> None:
    page = visit_other
    about = page.get_by_role("region", name="About queue-ops")
    expect(about.get_by_role("button")).to_have_text(["/hello", "/bye"])
    page.keyboard.type("/h")

    suggested = page.get_by_role("listbox", name="Commands").get_by_role("option")
    expect(suggested).to_have_text("/hello[name]Say hello")
    expect(page.get_by_role("region", name="Guide")).to_be_hidden()
    # This local Slack has no role names for the other app.
    expect(page.get_by_text("Role:")).to_be_hidden()
    expect(page.get_by_role("radio", name="admin")).to_have_attribute("title", "Ana Admin")


def test_the_page_is_used_without_a_mouse(visit: Visit) -> None:
    page = visit("operator")
    field = page.get_by_role("combobox", name="Message")
    know_commands(page)
    expect(field).to_be_focused()
    page.keyboard.press("Alt+ArrowDown")
    expect(page.get_by_role("heading", name="queue-alerts", level=1)).to_be_visible()
    page.keyboard.press("Alt+ArrowUp")
    expect(page.get_by_role("heading", name="queue-ops", level=1)).to_be_visible()
    page.get_by_role("radio", name="operator").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("radio", name="viewer")).to_be_checked()
    expect(page.get_by_role("radio", name="viewer")).to_be_focused()
    page.keyboard.press("/")
    expect(field).to_be_focused()
    expect(field).to_have_value("/")
    page.keyboard.press("Shift+Tab")
    expect(page.get_by_role("log").get_by_role("button").last).to_be_focused()


def test_a_failed_click_shows_one_error(slack: LocalSlack, visit: Visit) -> None:
    post(slack, "x", [{"type": "actions", "elements": [button("Go", "go")]}])
    page = visit()
    page.get_by_role("button", name="Go").click()
    notice = page.get_by_role("article").filter(has_text="failed with the error")

    expect(notice).to_have_count(1)
    expect(notice).to_contain_text("Slackbot")
    expect(page.get_by_role("button", name="Go")).not_to_have_attribute("aria-busy", "true")
    expect(page.locator("#toast")).to_be_hidden()
