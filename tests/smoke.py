"""A smoke run of a started playground over its control endpoints: python -m tests.smoke URL.

It reads the status, is refused as a stranger, retries as the operator and reads the audit channel:
the main job end to end, through real Bolt and the local Slack. The first failed check ends the run
with a sentence and exit code 1. A second run on one playground fails: it audits only the first of
many refusals of a person.
"""

import json
import re
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx

T = TypeVar("T")
Json = dict[str, Any]

ACK_MS = 3000.0  # Slack's limit for an acknowledgement
ARRIVES_SECONDS = 60.0  # the playground itself has a few failures per minute
SEAL = re.compile(r"#\d+ [0-9a-f]{8}\b")


class SmokeError(Exception):
    """A check failed; the message is a sentence."""


def expect(holds: object, sentence: str) -> None:
    """Fail the run with the sentence if the condition is false."""
    if not holds:
        raise SmokeError(sentence)


@dataclass(frozen=True)
class Button:
    """A button in a message, and its place."""

    channel: str
    ts: str
    action_id: str
    block_id: str


class Playground:
    """A client of the control endpoints of docs/playground.md."""

    def __init__(self, url: str) -> None:
        """Connect to the playground at `url`."""
        self.http = httpx.Client(base_url=url, timeout=20.0, trust_env=False)

    def state(self) -> Json:
        """Return users, channels and messages."""
        return self._json(self.http.get("/_local/state"))

    def messages(self, channel: str) -> list[Json]:
        """Return a channel's messages by the channel's name, oldest first."""
        state = self.state()
        ids = {entry["name"].lstrip("#"): entry["id"] for entry in state["channels"]}
        expect(channel in ids, f"There is no channel #{channel}, only {sorted(ids)}.")
        messages: list[Json] = state["messages"].get(ids[channel], [])
        return [{**message, "channel": ids[channel]} for message in messages]

    def command(self, user: str, text: str) -> Json:
        """Type a slash command in #queue-ops as a user; return the answer."""
        body = {"user": user, "channel": "queue-ops", "text": text}
        return self._answer(self.http.post("/_local/command", json=body), text)

    def click(self, user: str, button: Button) -> Json:
        """Click a button as a user; return the answer."""
        body = {
            "user": user,
            "channel": button.channel,
            "ts": button.ts,
            "action_id": button.action_id,
            "block_id": button.block_id,
        }
        return self._answer(self.http.post("/_local/click", json=body), f"{user}'s click")

    def confirm(self, user: str, answer: Json) -> None:
        """Confirm the dialog of an answer, if it has one: an alert of several jobs opens one."""
        for view in answer["views"]:
            body = {"user": user, "view_id": view["id"], "values": {}}
            self._answer(self.http.post("/_local/submit", json=body), f"{user}'s confirmation")

    def _answer(self, response: httpx.Response, what: str) -> Json:
        answer = self._json(response)
        ms = answer["ack_ms"]
        expect(ms is not None and ms < ACK_MS, f"{what} was acknowledged after {ms} ms.")
        print(f"  {what}: ack in {answer['ack_ms']:.0f} ms, {len(answer['replies'])} replies")
        return answer

    @staticmethod
    def _json(response: httpx.Response) -> Json:
        expect(
            response.is_success,
            f"{response.request.url} answered {response.status_code}: {response.text[:500]}",
        )
        body: Json = response.json()
        return body


def wait_for(get: Callable[[], T | None], what: str, seconds: float = ARRIVES_SECONDS) -> T:
    """Call `get` four times a second until it returns a value; return that value."""
    deadline = time.monotonic() + seconds
    while True:
        value = get()
        if value is not None:
            return value
        expect(time.monotonic() < deadline, f"{what} did not come within {seconds:.0f} s.")
        time.sleep(0.25)


def retry_button(message: Json) -> Button | None:
    """Return the Retry button of a failed-job message, if it still has one."""
    for block in message.get("blocks") or []:
        for element in block.get("elements") or []:
            if isinstance(element, dict) and element.get("action_id") == "run:retry":
                return Button(message["channel"], message["ts"], "run:retry", block["block_id"])
    return None


def first_alert(playground: Playground) -> Button | None:
    """Return the Retry button of the oldest failed-job message that has one."""
    buttons = map(retry_button, playground.messages("queue-alerts"))
    return next((button for button in buttons if button), None)


def sealed(playground: Playground, seen: set[str], user: str) -> str | None:
    """Return a new sealed audit message about a user, as JSON."""
    for message in playground.messages("queue-audit"):
        text = json.dumps(message, ensure_ascii=False)
        if message["ts"] not in seen and user in text and SEAL.search(text):
            return text
    return None


def audited(playground: Playground) -> set[str]:
    """Return the timestamps of the audit messages so far."""
    return {message["ts"] for message in playground.messages("queue-audit")}


def replied(answer: Json) -> str:
    """Return all replies and views of an answer, as JSON."""
    expect(answer["replies"] or answer["views"], "Nothing was answered.")
    return json.dumps([answer["replies"], answer["views"]], ensure_ascii=False)


def run(url: str) -> None:
    """Run all checks; raises SmokeError."""
    playground = Playground(url)
    state = playground.state()
    ids = {user["name"]: user["id"] for user in state["users"]}
    for name in ("admin", "operator", "viewer", "stranger"):
        expect(name in ids, f"There is no {name} to act as, only {sorted(ids)}.")

    expect("netsuite" in replied(playground.command("viewer", "/queue status")), "No queue shown.")
    failed = replied(playground.command("viewer", "/queue failed"))
    expect("MySQL server has gone away" in failed, "The failed jobs do not show their errors.")

    button = wait_for(lambda: first_alert(playground), "A failed-job message with Retry")
    before = audited(playground)
    refusal = replied(playground.click("stranger", button))
    expect("operator" in refusal, f"The refusal does not say what role is needed: {refusal}")
    wait_for(lambda: sealed(playground, before, ids["stranger"]), "The audit of the refusal", 20)

    def message() -> Json:
        matching = [m for m in playground.messages("queue-alerts") if m["ts"] == button.ts]
        expect(matching, "The failed-job message is gone.")
        return matching[0]

    expect(retry_button(message()), "A refused click took the button away.")
    before = audited(playground)
    answer = playground.click("operator", button)
    replied(answer)
    playground.confirm("operator", answer)
    wait_for(lambda: sealed(playground, before, ids["operator"]), "The audit of the retry", 20)
    wait_for(
        lambda: ids["operator"] in json.dumps(message()) or None,
        "The name of the operator in the failed-job message",
        20,
    )


def main() -> int:
    """Run against the address in the only argument; return 0 if every check passes."""
    if len(sys.argv) != 2:
        print("usage: python -m tests.smoke URL", file=sys.stderr)
        return 2
    try:
        run(sys.argv[1])
    except SmokeError as problem:
        print(f"Smoke run: {problem}", file=sys.stderr)
        return 1
    except httpx.HTTPError as problem:
        print(f"Smoke run: the playground did not answer: {problem!r}", file=sys.stderr)
        return 1
    print("Smoke run: all is well.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
