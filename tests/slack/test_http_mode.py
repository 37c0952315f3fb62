"""HTTP mode: people are served by signed requests, and all other requests are refused."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import pytest
from structlog.testing import capture_logs

from bot.localslack.server import LocalSlack
from bot.slack.handler import START_WITHIN
from bot.slack.signed_bodies import FORM
from bot.slack.signed_requests import MAX_BYTES, PATH, WAITED
from tests.kit.concurrency import until
from tests.kit.http_requests import (
    BODY,
    CANARY,
    MALFORMED,
    STRANGE,
    answered,
    refused_headers,
    signed,
)
from tests.kit.processes import SLACK_WAITS, by_http, environ, running
from tests.kit.queues import GRACE, TestQueue, make_queue
from tests.kit.team import Team, team_at_work
from tests.kit.wsgi import served
from tests.services.mariadb import MariaDB


@pytest.fixture(scope="module")
def team(mariadb_server: MariaDB) -> Iterator[Team]:
    """A team whose bot is in HTTP mode, shared by the tests of this file."""
    with mariadb_server.database() as name:
        queue = make_queue(mariadb_server.url(name))
        with team_at_work(queue, mode="http", monitoring_port=0) as at_work:
            yield at_work
        queue.engine.dispose()


def send(url: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
    """Post a request; return the status and the body of the answer."""
    return ask(url, "POST", body, {"content-type": FORM, **headers})


def ask(
    url: str, method: str = "GET", body: bytes | None = None, headers: dict[str, str] | None = None
) -> tuple[int, bytes]:
    """Send a request; return the status and the body of the answer."""
    parts = urlsplit(url)
    with closing(HTTPConnection(parts.netloc, timeout=30)) as connection:
        connection.request(method, f"{parts.path}?{parts.query}", body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read()


def test_people_are_served_by_signed_requests(team: Team) -> None:
    assert team.bot.monitoring is not None
    assert slack_condition(team)["note"].startswith("last signed request")
    team.queue.fail(45)
    view = team.say("clear-failed", as_="admin").view
    team.submit(view, "1")
    team.until(lambda: not team.queue.failed)
    team.queue.fail(46)
    reply = team.say("failed").reply
    assert "46" in reply["text"]
    team.click(reply, "run:retry")
    team.until(lambda: any("46" in text for text in team.audit_texts()))
    assert len(team.queue.jobs) == 1
    team.slack.open_home("viewer")
    team.until(lambda: team.slack.home("viewer"))
    assert team.slack.hub.connected == 0


def slack_condition(team: Team) -> dict[str, str]:
    """Return the condition `slack` of the readiness probe."""
    assert team.bot.monitoring is not None
    _, body = ask(f"http://127.0.0.1:{team.bot.monitoring.port}/readyz")
    (condition,) = [one for one in json.loads(body)["conditions"] if one["name"] == "slack"]
    known: dict[str, str] = condition
    return known


@pytest.mark.parametrize("reason", refused_headers(""))
def test_a_request_without_a_valid_signature_is_refused(team: Team, reason: str) -> None:
    secret = team.slack.credentials.signing_secret
    before = len(team.records)
    with served(team.bot.requests) as url:
        assert send(url, BODY, refused_headers(secret)[reason]) == (401, b"")
        assert len(team.records) == before
        assert send(url, BODY, signed(secret, BODY))[0] == 200


def test_only_posts_of_a_limited_size_to_one_path_are_accepted(team: Team) -> None:
    secret = team.slack.credentials.signing_secret
    with served(team.bot.requests) as url:
        for path in ("", "/", "/slack/events/", "/slack/install", "/metrics"):
            assert send(url.removesuffix(PATH) + path, BODY, signed(secret, BODY))[0] == 404
        assert ask(url)[0] == 404
        not_text = b"text=\xff"
        assert send(url, not_text, signed(secret, not_text))[0] == 400
    statuses: list[str] = []
    large = {"REQUEST_METHOD": "POST", "PATH_INFO": PATH, "CONTENT_LENGTH": str(MAX_BYTES + 1)}
    team.bot.requests(large, lambda status, _headers: statuses.append(status))  # type: ignore[arg-type]  # a part of WSGI
    assert statuses[0].startswith("413")


def test_a_malformed_body_is_refused_with_one_line_without_the_body(
    team: Team, caplog: pytest.LogCaptureFixture
) -> None:
    for content_type, body in MALFORMED:
        with capture_logs() as lines:
            assert (
                answered(team.bot, team.slack.credentials.signing_secret, content_type, body) == 400
            ), body
        malformed = [line for line in lines if line["event"] == "malformed request"]
        assert len(malformed) == 1, body
        assert not [line for line in lines if line["log_level"] == "error"], body
        assert CANARY not in str(lines)
    assert caplog.records == []


def test_a_strange_but_complete_body_runs_into_no_bug(
    team: Team, caplog: pytest.LogCaptureFixture
) -> None:
    for content_type, body, status in STRANGE:
        with capture_logs() as lines:
            assert (
                answered(team.bot, team.slack.credentials.signing_secret, content_type, body)
                == status
            ), body
        assert not [line for line in lines if line["log_level"] == "error"], body
    assert caplog.records == []


def test_a_command_with_the_word_payload_is_answered(team: Team) -> None:
    assert "payload" in team.say("find payload").text


def test_a_command_that_waited_too_long_for_a_thread_is_dropped(team: Team) -> None:
    def late(environ: dict[str, Any], start_response: Any) -> Any:
        return team.bot.requests({**environ, WAITED: GRACE + START_WITHIN + 0.5}, start_response)

    team.queue.fail(47)
    with served(late) as url:
        team.slack.deliver_by_http(url)
        assert "busy" in team.say("retry 47").text
    team.serve(team.bot)
    assert [row.id for row in team.queue.failed] == [47]


SERVED_WITH_ONE_THREAD = """
import threading
from bot.slack import http_server
http_server.THREADS = 1
stopped = threading.Event()
def app(environ, start_response):
    waited = environ[http_server.WAITED]
    if environ["QUERY_STRING"] == "held":
        stopped.wait(1)
    start_response("200 OK", [])
    return [str(waited).encode()]
server = http_server.HttpServer("127.0.0.1", 0)
print("port", server._listener.getsockname()[1], flush=True)
server.listen()
server.serve(app, stopped, stopped.clear)
print("ended", flush=True)
"""


def test_the_server_measures_how_long_a_request_waits_for_a_thread() -> None:
    command = [sys.executable, "-c", SERVED_WITH_ONE_THREAD]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        port = next(line.split()[1] for line in process.stdout if line.startswith("port"))
        url = f"http://127.0.0.1:{port}/"
        until(lambda: is_served(url))
        waits = [float(answer) for answer in both(f"{url}?held", f"{url}?held")]
        process.terminate()
        assert process.communicate(timeout=60)[0] == "ended\n"
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 0
    assert min(waits) < 0.5 < max(waits)


SERVED_TO_SLOW_CLIENTS = """
from bot.slack import http_server
http_server.THREADS, http_server.READ_SECONDS = 2, 1.0
import threading
def app(environ, start_response):
    environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ[http_server.BODY_READ]()
    start_response("200 OK", [])
    return [b"answered"]
server = http_server.HttpServer("127.0.0.1", 0)
print("port", server._listener.getsockname()[1], flush=True)
server.listen()
server.serve(app, threading.Event(), bool)
"""


def test_clients_that_send_slowly_do_not_stop_the_server() -> None:
    command = [sys.executable, "-c", SERVED_TO_SLOW_CLIENTS]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        port = int(next(line.split()[1] for line in process.stdout if line.startswith("port")))
        until(lambda: is_served(f"http://127.0.0.1:{port}/"))
        head = b"POST /slack/events HTTP/1.1\r\nContent-Length: 900\r\n"
        slow = [socket.create_connection(("127.0.0.1", port)) for _ in range(4)]
        for client, part in zip(
            slow, (head, head + b"\r\nto", head, head + b"\r\nto"), strict=True
        ):
            client.sendall(part)
        assert ask(f"http://127.0.0.1:{port}/", "POST", b"body")[1] == b"answered"
        for client in slow:
            client.close()
    finally:
        process.kill()
        process.communicate()


def both(*urls: str) -> list[bytes]:
    """Request the addresses at the same time; return the answers."""
    with ThreadPoolExecutor(len(urls)) as people:
        return [body for _, body in people.map(ask, urls)]


def is_served(url: str) -> bool:
    """Return whether the server accepts requests already."""
    try:
        ask(url)
    except OSError:
        return False
    return True


def test_the_program_logs_nothing_of_a_refused_or_unknown_request(kept_queue: TestQueue) -> None:
    mode = by_http()
    url = f"http://127.0.0.1:{mode['QUEUE_BOT_HTTP_PORT']}{PATH}"
    with (
        LocalSlack(ack_timeout=SLACK_WAITS) as slack,
        running(slack, kept_queue.url, mode) as process,
    ):
        secret = slack.credentials.signing_secret
        slack.command("operator", "queue-ops", f"/queue failed queue={CANARY}")
        statuses = {send(url, BODY, headers)[0] for headers in refused_headers(secret).values()}
        assert statuses == {401}
        answer_url = f"{slack.url}hooks/actions/T1/{CANARY}"
        strange = json.dumps({"type": "block_suggestion", "response_url": answer_url,
                              "trigger_id": CANARY, "token": CANARY})  # fmt: skip
        for body, status in (
            (f"payload={strange}".encode(), 404),
            (b"payload={" + CANARY.encode(), 400),
            (b"", 400),
        ):
            assert send(url, body, signed(secret, body))[0] == status
        address = ("127.0.0.1", int(mode["QUEUE_BOT_HTTP_PORT"]))
        with socket.create_connection(address, timeout=30) as garbage:
            garbage.sendall(f"{CANARY} {CANARY}\r\n\r\n".encode())
            assert b" 400 " in garbage.recv(1000)
        used = environ(slack, kept_queue.url, **mode)
        second = subprocess.run(
            [sys.executable, "-m", "bot", "run"],
            env=used, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        process.terminate()
        _, log = process.communicate(timeout=60)

    assert second.returncode == 2
    assert second.stderr.splitlines()[-1].startswith("QUEUE_BOT_HTTP_PORT: 127.0.0.1:")
    assert process.returncode == 0
    assert CANARY not in log
    assert secret not in log
    lines = [json.loads(line) for line in log.splitlines()]
    # At its start, Bolt logs one line about the client; it would also log unknown requests.
    assert [line for line in lines if "logger" in line and "request" in line["event"]] == []
    (request, *_) = [line for line in lines if line["event"] == "request"]
    assert (request["command"], request["user"]) == ("failed", slack.ids.operator)
    assert (request["source"], request["outcome"]) == ("slash", "refused")
    assert request["reason"].endswith("queue-not-found")
    assert len(request["request"]) == 64
    assert request["run_ms"] > 0 <= request["waited_ms"]
    (refused,) = [line for line in lines if line["event"] == "requests refused"]
    assert refused["Unauthorized"] == 1, (
        "the first refusal is logged; the others follow in a minute"
    )
