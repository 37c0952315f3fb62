from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from slack_bolt import Ack, App
from slack_sdk import WebClient

from bot.localslack.guard import HEADERS
from bot.localslack.server import LocalSlack
from bot.localslack.state import SHOWN
from tests.kit.block_kit import Json, actions, option, select
from tests.kit.concurrency import until
from tests.kit.slack_apps import Connect
from tests.localslack.dialogs import RETRY, field, modal


@pytest.fixture
def browser(slack: LocalSlack) -> Iterator[httpx.Client]:
    """A client on this machine that sends the same headers as the page's browser."""
    headers = {"Origin": slack.url.rstrip("/")}
    with httpx.Client(base_url=slack.url, headers=headers, trust_env=False) as client:
        yield client


def test_the_state_has_people_channels_and_messages(
    slack: LocalSlack, client: WebClient, browser: httpx.Client
) -> None:
    client.chat_postMessage(channel="queue-alerts", text="failed", blocks=[RETRY])
    client.chat_postEphemeral(channel="queue-ops", user=slack.ids.viewer, text="for you alone")
    client.chat_postMessage(channel=slack.ids.viewer, text="directly")
    state = browser.get("/_local/state").json()

    ids = slack.ids
    people = {user["id"]: user["name"] for user in state["users"] if not user["is_bot"]}
    assert people == {
        ids.admin: "admin",
        ids.operator: "operator",
        ids.viewer: "viewer",
        ids.stranger: "stranger",
        ids.lucia: "lucia",
    }
    assert [channel["name"] for channel in state["channels"]] == [
        "queue-ops",
        "queue-alerts",
        "queue-audit",
        "random",
    ]
    (alert,) = state["messages"][ids.queue_alerts]
    assert (alert["text"], alert["user"]) == ("failed", state["bot_user"])
    assert state["messages"][ids.queue_ops][0]["ephemeral_to"] == ids.viewer
    (direct,) = state["direct_messages"]
    assert state["messages"][direct["id"]][0]["text"] == "directly"


def test_roles_come_from_the_function_given_to_the_server() -> None:
    with LocalSlack(roles=lambda user: ["admin"] if user == "U07ADMINANA1" else []) as slack:
        users = {user["name"]: user["roles"] for user in slack.state()["users"]}

    assert (users["admin"], users["viewer"]) == (["admin"], [])


def test_the_page_gets_the_commands_to_suggest() -> None:
    status = {"command": "/queue", "words": [{"name": "status", "usage": "/queue status"}]}
    with LocalSlack(commands=lambda: [status]) as slack:
        answer = httpx.get(f"{slack.url}_local/commands", trust_env=False).json()

    assert answer == {"commands": [status]}


def test_the_state_shows_the_newest_messages_only(slack: LocalSlack, client: WebClient) -> None:
    slack.limit_rates(on=False)
    for number in range(SHOWN + 2):
        client.chat_postMessage(channel="queue-audit", text=str(number))

    messages = slack.state()["messages"][slack.ids.queue_audit]
    assert (len(messages), messages[0]["text"]) == (SHOWN, "2")
    assert len(slack.messages("queue-audit")) == SHOWN + 2


def test_a_command_a_click_a_submission_and_a_close_work_through_the_endpoints(
    slack: LocalSlack, app: App, connect: Connect, browser: httpx.Client
) -> None:
    menu = select(action_id="menu", options=[option("netsuite")])
    values: list[str] = []

    @app.command("/queue")
    def show(ack: Ack, command: Json) -> None:
        ack(text=command["text"], blocks=[RETRY, actions(menu)])

    @app.action("run:retry")
    def ask(ack: Ack, client: WebClient, body: Json) -> None:
        client.views_open(trigger_id=body["trigger_id"], view=modal(field()))
        ack()

    @app.action("menu")
    def choose(ack: Ack, action: Json) -> None:
        values.append(action["selected_option"]["value"])
        ack()

    @app.view("plan")
    def push(ack: Ack) -> None:
        ack(response_action="push", view=modal())

    def post(path: str, **body: Any) -> Json:
        answer: Json = browser.post(f"/_local/{path}", json={"user": "operator", **body}).json()
        return answer

    connect(app)
    typed = post("command", channel="queue-ops", text="/queue failed", wait_ms=200)
    assert typed["ack_ms"] > 0
    (reply,) = typed["replies"]
    assert (reply["text"], reply["response_type"]) == ("failed", "ephemeral")

    here = {"channel": slack.ids.queue_ops, "ts": reply["ts"], "wait_ms": 0}
    for choice in ("netsuite", option("netsuite")):
        post("click", action_id="menu", selected_option=choice, **here)
    assert values == ["netsuite", "netsuite"]

    (view,) = post("click", action_id="run:retry", **here)["views"]
    empty = post("submit", view_id=view["id"], values={}, wait_ms=0)
    assert empty["errors"] == {"count": "Please complete this required field."}
    (top,) = post("submit", view_id=view["id"], values={"count": {"typed": "1"}})["views"]
    assert [one["id"] for one in slack.views("operator")] == [view["id"], top["id"]]
    post("close", view_id=top["id"])
    assert [one["id"] for one in slack.views("operator")] == [view["id"]]
    post("close", view_id=view["id"], clear=True)
    assert slack.views("operator") == []


def test_home_is_opened_through_its_endpoint(
    slack: LocalSlack, app: App, connect: Connect, browser: httpx.Client
) -> None:
    @app.event("app_home_opened")
    def publish(event: Json, client: WebClient) -> None:
        view = {"type": "home", "blocks": [RETRY]}
        client.views_publish(user_id=event["user"], view=view)

    @app.action("run:retry")
    def ignore(ack: Ack) -> None:
        ack()

    connect(app)
    (view,) = browser.post("/_local/home", json={"user": "viewer"}).json()["views"]

    assert list(slack.state()["homes"]) == [slack.ids.viewer]
    body = {"user": "viewer", "view_id": view["id"], "action_id": "run:retry", "wait_ms": 0}
    assert browser.post("/_local/click", json=body).json()["ack_ms"] > 0


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("command", {"user": "nobody", "channel": "queue-ops", "text": "/queue"}, 404),
        ("command", {"user": "viewer", "channel": "queue-ops"}, 400),
        ("click", {"user": "viewer", "channel": "queue-ops", "ts": "1.0", "action_id": "x"}, 404),
        ("submit", {"user": "viewer", "view_id": "V1", "values": {}}, 404),
        ("submit", {"user": "viewer", "view_id": "V1", "values": []}, 404),
        ("close", {"user": "viewer", "view_id": "V1"}, 404),
        ("home", {}, 400),
    ],
)
def test_an_impossible_action_gets_a_clear_error(
    browser: httpx.Client, path: str, body: Json, status: int
) -> None:
    answer = browser.post(f"/_local/{path}", json=body)

    assert answer.status_code == status
    assert answer.json()["error"]


@pytest.mark.parametrize("content", [b"{", b"[]", b""])
def test_a_body_must_be_a_json_object(browser: httpx.Client, content: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    answer = browser.post("/_local/command", content=content, headers=headers)

    assert answer.status_code == 400


def test_a_form_of_another_page_is_refused(browser: httpx.Client) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded"):
        headers = {"Content-Type": kind}
        answer = browser.post("/_local/command", content=b"{}", headers=headers)
        assert answer.status_code == 415


@pytest.mark.parametrize("path", ["/", "/_local/state", "/_local/events", "/_local/command"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "queue.example"},
        {"Host": "queue.example", "Origin": "http://queue.example"},
        {"Host": "127.0.0.1"},
        {"Origin": "https://queue.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
    ],
    ids=str,
)
def test_only_the_page_itself_may_send_requests(
    slack: LocalSlack, path: str, headers: dict[str, str]
) -> None:
    method = "POST" if path.endswith("command") else "GET"
    address = f"{slack.url.rstrip('/')}{path}"
    answer = httpx.request(method, address, headers=headers, json={}, trust_env=False)

    assert answer.status_code == 403


def test_localhost_is_accepted_as_this_machine(slack: LocalSlack) -> None:
    address = slack.url.replace("127.0.0.1", "localhost")
    headers = {"Host": address.removeprefix("http://").rstrip("/"), "Origin": address.rstrip("/")}

    assert httpx.get(f"{slack.url}_local/state", headers=headers).status_code == 200


@pytest.mark.parametrize("path", ["/", "/main.js", "/_local/state", "/nothing.js"])
def test_every_answer_has_the_security_headers(browser: httpx.Client, path: str) -> None:
    headers = browser.get(path).headers

    assert {name: headers[name] for name in HEADERS} == HEADERS
    assert "default-src 'none'" in headers["content-security-policy"]


def test_no_file_outside_of_the_page_is_served(browser: httpx.Client) -> None:
    page = browser.get("/")

    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert browser.get("/main.js").headers["content-type"].startswith("text/javascript")
    for path in ("/../server.py", "/%2e%2e/server.py", "/..%2fserver.py"):
        assert browser.get(path).status_code == 404


def test_a_permalink_opens_the_page(
    slack: LocalSlack, client: WebClient, browser: httpx.Client
) -> None:
    posted = client.chat_postMessage(channel="queue-ops", text="x")
    link = client.chat_getPermalink(channel=str(posted["channel"]), message_ts=str(posted["ts"]))
    answer = browser.get(str(link["permalink"]))

    assert answer.status_code == 307
    assert answer.headers["location"] == f"/#{link['permalink'].removeprefix(slack.url[:-1])}"


def test_every_change_is_sent_to_the_page(
    slack: LocalSlack, client: WebClient, browser: httpx.Client
) -> None:
    def versions(lines: Iterator[str]) -> Iterator[int]:
        return (int(line.removeprefix("data: ")) for line in lines if line.startswith("data: "))

    with browser.stream("GET", "/_local/events") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        stream_versions = versions(stream.iter_lines())
        first = next(stream_versions)
        client.chat_postMessage(channel="queue-ops", text="x")
        second = next(stream_versions)

    assert second > first
    assert second == slack.state()["version"]
    until(lambda: len(slack.workspace.listeners) == 1)


def test_an_open_event_stream_does_not_prevent_the_stop_of_the_server() -> None:
    with LocalSlack() as slack:
        stream = httpx.stream("GET", f"{slack.url}_local/events", trust_env=False)
        with stream as events:
            lines = events.iter_lines()
            assert next(lines) == "event: change"
            slack.close()
            assert "data" in "".join(lines), "the server ended the event stream"
