from collections.abc import Iterator

import httpx
import pytest
from slack_bolt import Ack, App
from slack_sdk import WebClient

from bot.localslack.blocks.forms import WrongValueError
from bot.localslack.blocks.specs import Json
from bot.localslack.panel import Backstage
from bot.localslack.server import LocalSlack
from bot.playground.worker import WorkerControls, with_changes
from tests.kit.concurrency import until
from tests.kit.slack_apps import Connect


@pytest.fixture
def http(slack: LocalSlack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=slack.url, trust_env=False) as client:
        yield client


def requests(http: httpx.Client, kind: str) -> list[Json]:
    """Return the exchanges of a kind, newest first."""
    exchanges = http.get("/_local/panel").json()["requests"]
    return [one for one in exchanges if one["kind"] == kind]


def test_calls_and_envelopes_are_listed_with_their_times(
    slack: LocalSlack, client: WebClient, app: App, connect: Connect, http: httpx.Client
) -> None:
    @app.command("/queue")
    def status(ack: Ack) -> None:
        ack("fine")

    connect(app)
    slack.command("operator", "#queue-ops", "/queue status all")
    client.chat_postMessage(channel="queue-ops", text="x")
    (envelope,) = requests(http, "envelope")
    calls = requests(http, "call")

    assert (envelope["name"], envelope["outcome"]) == ("/queue status all", "ok")
    assert 0 < envelope["ms"] < 3000
    assert calls[0]["name"] == "chat.postMessage"
    assert calls[-1]["name"] == "auth.test"
    assert all(call["outcome"] == "ok" and call["ms"] > 0 for call in calls)
    assert requests(http, "socket")[0]["name"] == "hello: 1 connected"
    assert http.get("/_local/panel").json()["connections"] == 1


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        ({"answer": "error", "code": "channel_not_found"}, "channel_not_found"),
        ({"answer": "429", "retry_after": 9}, "ratelimited"),
        ({"answer": "500"}, "internal_error"),
        ({"answer": "html"}, "HTTP 503"),
        ({"answer": "timeout"}, "no answer"),
        ({"answer": "reset"}, "no answer"),
    ],
)
def test_every_fault_of_a_call_can_be_switched_on_and_is_listed(
    http: httpx.Client, slack: LocalSlack, fault: Json, outcome: str
) -> None:
    before = http.post("/_local/faults", json={"method": "chat.postMessage", **fault})
    assert before.json() == {
        "faults": {"chat.postMessage": 1},
        "connections": 0,
        "refusing": False,
        "refused_blocks": [],
    }
    try:
        httpx.post(
            f"{slack.base_url}chat.postMessage",
            json={"channel": "queue-ops", "text": "x"},
            headers={"Authorization": f"Bearer {slack.bot_token}"},
            trust_env=False,
        )
    except httpx.TransportError:
        assert outcome == "no answer"
    # The app sees a cut connection before the server has finished the request.
    until(lambda: requests(http, "call")[0]["outcome"] is not None)
    (call,) = requests(http, "call")

    assert call["outcome"] == outcome
    assert len(slack.messages("queue-ops")) == (1 if fault["answer"] == "timeout" else 0)
    assert http.get("/_local/panel").json()["faults"] == {}


def test_envelopes_can_be_duplicated_or_delayed_and_sockets_refused_or_closed(
    slack: LocalSlack, app: App, connect: Connect, http: httpx.Client
) -> None:
    @app.command("/queue")
    def status(ack: Ack) -> None:
        ack("fine")

    connect(app)
    for body in ({"sockets": "duplicate"}, {"sockets": "delay", "seconds": 0}):
        assert http.post("/_local/faults", json=body).status_code == 200
    slack.command("operator", "#queue-ops", "/queue status")
    names = sorted(one["name"] for one in requests(http, "envelope"))
    assert names == ["/queue status", "/queue status (again)"]

    refused = http.post("/_local/faults", json={"sockets": "refuse"}).json()
    assert (refused["refusing"], refused["connections"]) == (True, 1)
    http.post("/_local/faults", json={"sockets": "kill"})
    until(lambda: slack.hub.connected == 0)
    assert http.post("/_local/faults", json={"clear": True}).json()["refusing"] is False


def test_a_block_type_can_be_set_as_unknown_to_the_workspace(
    slack: LocalSlack, http: httpx.Client
) -> None:
    faults = http.post("/_local/faults", json={"blocks": "data_visualization"}).json()
    assert faults["refused_blocks"] == ["data_visualization"]
    assert slack.faults.refused_blocks == {"data_visualization"}
    assert http.post("/_local/faults", json={"clear": True}).json()["refused_blocks"] == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"method": "chat.update"},
        {"method": "chat.update", "answer": "sorry"},
        {"method": "chat.update", "answer": ["429"]},
        {"method": "chat.update", "answer": "429", "count": 0},
        {"method": "chat.update", "answer": "429", "count": True},
        {"method": "chat.update", "answer": "error", "code": ""},
        {"sockets": "melt"},
        {"blocks": "melt"},
        {"sockets": "delay", "seconds": 61},
    ],
)
def test_an_invalid_fault_is_refused_and_changes_nothing(http: httpx.Client, body: Json) -> None:
    answer = http.post("/_local/faults", json=body)

    assert answer.status_code == 400
    assert answer.json()["error"]
    assert http.get("/_local/panel").json()["faults"] == {}


@pytest.mark.parametrize("path", ["panel", "faults", "worker"])
def test_the_panel_accepts_requests_only_from_this_machine_and_the_page(
    http: httpx.Client, path: str
) -> None:
    method = "GET" if path == "panel" else "POST"
    for headers in ({"Host": "evil.example"}, {"Origin": "http://evil.example"}):
        answer = http.request(method, f"/_local/{path}", headers=headers, json={"clear": True})
        assert answer.status_code == 403


def test_the_panel_shows_the_data_of_its_owner_and_has_no_worker_without_an_owner(
    http: httpx.Client,
) -> None:
    alone = http.get("/_local/panel").json()
    assert (alone["guide"], "tables" in alone) == ([], False)
    assert http.post("/_local/worker", json={"paused": True}).status_code == 404

    stage = Backstage(lambda: {"tables": {}}, lambda controls: {"worker": controls}, [{"id": "x"}])
    with LocalSlack(backstage=stage) as slack, httpx.Client(trust_env=False) as other:
        panel = other.get(f"{slack.url}_local/panel").json()
        steered = other.post(f"{slack.url}_local/worker", json={"speed": 2}).json()

    assert (panel["tables"], panel["guide"]) == ({}, [{"id": "x"}])
    assert steered == {"worker": {"speed": 2}}
    assert panel["session"] != alone["session"]


@pytest.mark.parametrize(
    "controls",
    [{}, {"mood": 1}, {"speed": 9}, {"speed": True}, {"failure_rate": -0.1}, {"paused": "yes"}],
)
def test_an_invalid_speed_of_the_worker_is_refused(controls: Json) -> None:
    with pytest.raises(WrongValueError, match=r"worker has|must be"):
        with_changes(WorkerControls(), controls)


def test_only_the_given_controls_of_the_worker_change() -> None:
    assert with_changes(WorkerControls(speed=2), {"broken": True}) == WorkerControls(
        speed=2, broken=True
    )
