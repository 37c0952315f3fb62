import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from click.testing import CliRunner
from slack_bolt import App
from slack_bolt.adapter.wsgi import SlackRequestHandler
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.__main__ import main
from bot.localslack.demo import QUEUE_BOT
from bot.localslack.manifest import ManifestError, manifest_of
from bot.localslack.standalone import CannotStart, read_manifest
from tests.kit.wsgi import served

HERE = Path(__file__).parent
PATIENCE = 20.0


@contextmanager
def running(*words: str, **environ: str) -> Iterator["subprocess.Popen[str]"]:
    """Run Python with these arguments, and end it with SIGTERM."""
    process = subprocess.Popen(
        [sys.executable, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, **environ},
    )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE)


@contextmanager
def only_slack(manifest: Path, **environ: str) -> Iterator[dict[str, str]]:
    """Run `queue-bot playground --only-slack`; give its printed values by name, such as `Page`."""
    words = ["-m", "bot", "playground", "--only-slack", "--manifest", str(manifest)]
    with running(*words, "--port", "0", "--no-browser", **environ) as process:
        assert process.stdout is not None
        environment = {}
        while "Page" not in environment:
            line = process.stdout.readline().strip()
            assert line, "the program ended before it was ready"
            name, sign, value = line.partition("=" if line.startswith("SLACK") else ": ")
            assert sign
            environment[name] = value
        yield environment


def page_of(environment: dict[str, str]) -> httpx.Client:
    """Return a client that sends the page's requests."""
    return httpx.Client(base_url=environment["Page"], timeout=2 * PATIENCE)


def until(ask: Any, holds: Any) -> Any:
    """Repeat the request until its answer satisfies `holds`; return the answer."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        answer = ask()
        if holds(answer):
            return answer
    pytest.fail("the condition was not met in time")


def test_a_foreign_app_runs_against_the_local_slack_with_its_own_manifest() -> None:
    manifest, app = HERE / "foreign_manifest.yml", HERE / "foreign_app.py"
    # A client that used a proxy for 127.0.0.1 would fail, because this proxy does not exist.
    nowhere = {"HTTP_PROXY": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9"}
    with only_slack(manifest, **nowhere) as environment, page_of(environment) as page:
        names = ["BOT_TOKEN", "APP_TOKEN", "SIGNING_SECRET", "API_URL"]
        assert list(environment) == [*(f"SLACK_{name}" for name in names), "Page"]
        environ = {name: value for name, value in environment.items() if name != "Page"}
        with running(str(app), **environ):
            until(lambda: page.get("/_local/state").json(), lambda state: state["connections"])
            typed = {"user": "viewer", "channel": "general", "text": "/greet Ana"}
            # On a busy machine an ack may be late, so the request is repeated.
            answer = until(
                lambda: page.post("/_local/command", json=typed).json(),
                lambda answer: "error" not in answer,
            )
            visit = {"user": "viewer", "wait_ms": 1000 * PATIENCE}
            home = until(
                lambda: page.post("/_local/home", json=visit).json(),
                lambda answer: "error" not in answer,
            )
        people = page.get("/_local/state").json()["users"]
        suggested = page.get("/_local/commands").json()["commands"]
        strange = page.post("/_local/command", json={**typed, "text": "/queue status"})

        assert "Hello, Ana!" in [reply["text"] for reply in answer["replies"]]
        assert [view["type"] for view in home["views"]] == ["home"]
        assert [(one["command"], one["usage_hint"]) for one in suggested] == [("/greet", "[name]")]
        assert {person["roles"] for person in people} == {None}
        assert strange.json() == {"error": "/queue is not a valid command"}
        client = WebClient(environment["SLACK_BOT_TOKEN"], environment["SLACK_API_URL"])
        with pytest.raises(SlackApiError) as caught:
            client.users_info(user="U07VIEWERVE1")
        assert caught.value.response["error"] == "missing_scope"


def test_an_app_with_request_urls_gets_signed_requests_after_its_first_answer(
    tmp_path: Path,
) -> None:
    handlers: list[SlackRequestHandler] = []
    refused: list[str] = []

    def door(environ: dict[str, Any], start: Any) -> Any:
        if handlers:
            return handlers[0](environ, start)
        refused.append(environ["PATH_INFO"])
        start("404 Not Found", [])
        return [b""]

    with served(door) as url:
        document = yaml.safe_load((HERE / "foreign_manifest.yml").read_text())
        document["settings"]["socket_mode_enabled"] = False
        document["settings"]["event_subscriptions"]["request_url"] = url
        document["features"]["slash_commands"][0]["url"] = url
        manifest = tmp_path / "manifest.json"
        manifest.write_text(json.dumps(document))
        with only_slack(manifest) as environment, page_of(environment) as page:
            until(lambda: refused, bool)
            client = WebClient(environment["SLACK_BOT_TOKEN"], environment["SLACK_API_URL"])
            bolt = App(client=client, signing_secret=environment["SLACK_SIGNING_SECRET"])
            bolt.command("/greet")(lambda ack: ack("by request"))
            handlers.append(SlackRequestHandler(bolt, path="/slack/events"))
            typed = {"user": "viewer", "channel": "general", "text": "/greet"}

            def ask() -> list[str]:
                answer = page.post("/_local/command", json=typed).json()
                return [reply["text"] for reply in answer["replies"]]

            until(ask, lambda texts: texts == ["by request"])


def test_a_port_in_use_stops_the_start_with_a_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        manifest = str(HERE / "foreign_manifest.yml")
        words = ["-m", "bot", "playground", "--only-slack", "--manifest", manifest, "--port", port]
        ended = subprocess.run(
            [sys.executable, *words, "--no-browser"],
            capture_output=True,
            text=True,
            timeout=3 * PATIENCE,
            check=False,
        )

    assert ended.returncode == 2
    assert f"Port {port} on 127.0.0.1 is in use" in ended.stderr


@pytest.mark.parametrize("words", [["--only-slack"], ["--manifest", "x.yml"]])
def test_the_options_only_slack_and_manifest_require_each_other(words: list[str]) -> None:
    ended = CliRunner().invoke(main, ["playground", *words])

    assert "--only-slack and --manifest must be used together" in ended.output
    assert ended.exit_code == 2


def test_a_missing_package_is_named_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)
    monkeypatch.delitem(sys.modules, "bot.localslack.standalone")
    manifest = str(HERE / "foreign_manifest.yml")

    ended = CliRunner().invoke(main, ["playground", "--only-slack", "--manifest", manifest])

    assert "needs more packages (yaml): install queue-bot[playground]" in ended.output
    assert ended.exit_code == 2


def test_the_foreign_app_has_no_more_than_twenty_lines_of_code() -> None:
    lines = (HERE / "foreign_app.py").read_text().splitlines()

    assert len([line for line in lines if line.strip()]) <= 20


def test_the_manifest_of_the_bot_equals_the_manifest_of_the_tests() -> None:
    file = HERE.parent.parent / "manifest.yml"

    assert read_manifest(file) == QUEUE_BOT


def test_a_manifest_can_be_json(tmp_path: Path) -> None:
    file = tmp_path / "manifest.json"
    file.write_text('{"display_information": {"name": "x"}, "settings": {}}')

    assert read_manifest(file).name == "x"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "must be a mapping"),
        ("- x", "must be a mapping"),
        ("display_information: {}", "display_information.name must be a text"),
        ("features: {slash_commands: /x}", "slash_commands must be a list"),
        ("features: {slash_commands: [{command: x}]}", "needs a command with a slash"),
        ("oauth_config: {scopes: {bot: [1]}}", "bot must be a list of texts"),
        ("settings: [x]", "settings must be a mapping"),
    ],
)
def test_an_invalid_manifest_is_refused_with_the_place_of_the_error(
    text: str, sentence: str
) -> None:
    document = yaml.safe_load(text)
    if isinstance(document, dict) and "display_information" not in document:
        document["display_information"] = {"name": "x"}

    with pytest.raises(ManifestError, match=sentence):
        manifest_of(document)


@pytest.mark.parametrize("content", [None, b"a: [", b"\xff\xfe"])
def test_a_file_that_is_no_manifest_stops_the_start(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "manifest.yml"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(CannotStart):
        read_manifest(file)
