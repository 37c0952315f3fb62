"""Requests as Slack sends them to HTTP mode, and requests that the bot refuses."""

import json
import time
from io import BytesIO
from typing import Any
from urllib.parse import quote_plus

from bot.slack.runtime import SlackBot
from bot.slack.signed_bodies import FORM, JSON
from bot.slack.signed_requests import PATH, STALE_SECONDS, signature

CANARY = "k4n4ryZx9Q"
BODY = f"command=/queue&text=status&token={CANARY}&user_id=U0{CANARY}".encode()


def signed(secret: str, body: bytes, at: float | None = None) -> dict[str, str]:
    """Return the headers of a request that Slack sends at this time."""
    timestamp = str(int(time.time() if at is None else at))
    return {
        "x-slack-request-timestamp": timestamp,
        "x-slack-signature": signature(secret, timestamp, body),
    }


def refused_headers(secret: str) -> dict[str, dict[str, str]]:
    """Return headers by the reason for which the bot refuses them."""
    good, now = signed(secret, BODY), time.time()
    return {
        "unsigned": {},
        "another secret": signed("another", BODY),
        "another body": signed(secret, BODY + b"&text=retry-all"),
        "stale": signed(secret, BODY, now - STALE_SECONDS - 5),
        "future": signed(secret, BODY, now + STALE_SECONDS + 5),
        "only a timestamp": {"x-slack-request-timestamp": str(int(now))},
        "a timestamp that is no number": good | {"x-slack-request-timestamp": f"now{CANARY}"},
        "a timestamp in other digits": good | {"x-slack-request-timestamp": "\xb2\xb2"},
        "a long timestamp": good | {"x-slack-request-timestamp": "9" * 400},
        "a signature that is not ASCII": good | {"x-slack-signature": "v0=\xe9\xff"},
        "a shorter signature": good | {"x-slack-signature": good["x-slack-signature"][:-1]},
    }


def answered(bot: SlackBot, secret: str, content_type: str, body: bytes) -> int:
    """Send a signed request to the WSGI app; return the status of the answer."""
    statuses: list[str] = []
    headers = signed(secret, body)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": PATH,
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_TYPE": content_type,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": BytesIO(body),
        **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()},
    }
    bot.requests(environ, lambda status, _headers: statuses.append(status))  # type: ignore[arg-type]  # a part of WSGI
    return int(statuses[0][:3])


def form(payload: object) -> bytes:
    """Return the body of an interaction."""
    return f"payload={quote_plus(json.dumps(payload))}".encode()


PERSON = {"user": {"id": "U1"}, "team": {"id": "T1"}, "token": CANARY}
CLICK = {"type": "block_actions", **PERSON, "actions": [{"action_id": "run:status"}]}
SUBMISSION = {
    "type": "view_submission",
    **PERSON,
    "view": {"type": "modal", "callback_id": "run:x"},
}
EVENT = {"type": "event_callback", "team_id": "T1", "token": CANARY}


def event(**fields: object) -> bytes:
    """Return the body of an event."""
    return json.dumps({**EVENT, **fields}).encode()


MALFORMED: list[tuple[str, bytes]] = [
    ("", BODY),
    ("text/plain", BODY),
    (FORM, b""),
    (JSON, b""),
    (FORM, b"text=\xff"),
    (FORM, b"command=/queue&text=%FF"),
    (FORM, f"token={CANARY}&text=status".encode()),
    (FORM, BODY + b"&text=retry-all"),
    (FORM, b"command=/queue" + b"&" + b"&".join(b"f%d=" % n for n in range(200))),
    (FORM, b"payload="),
    (FORM, f"payload={{{CANARY}".encode()),
    (FORM, form(CLICK) + b"&payload={}"),
    *((FORM, form(payload)) for payload in (CANARY, 7, [CLICK], None, {}, {"token": CANARY})),
    (FORM, form(CLICK | {"type": 7})),
    (FORM, form(CLICK | {"actions": []})),
    (FORM, form(CLICK | {"actions": {CANARY: 1}})),
    (FORM, form(CLICK | {"actions": [{"action_id": 7}]})),
    (FORM, form(CLICK | {"user": CANARY})),
    (FORM, form(CLICK | {"team": [CANARY]})),
    (FORM, form(CLICK | {"view": {"type": "home", "hash": "1", "blocks": [CANARY]}})),
    (FORM, form(CLICK | {"container": CANARY})),
    (FORM, form(CLICK | {"response_urls": CANARY})),
    (FORM, form(CLICK | {"event": None})),
    (FORM, form({"type": "block_actions", **PERSON})),
    (FORM, form({"type": "view_submission", **PERSON})),
    (FORM, form(SUBMISSION | {"view": {"callback_id": "run:x"}})),
    (FORM, form(SUBMISSION | {"view": {"type": "modal", "state": {"values": {CANARY: 7}}}})),
    (FORM, b'payload={"type":"block_actions","token":"\\ud800"}'),
    (FORM, b"payload=" + b"[" * 5000 + b"]" * 5000),
    (JSON, b'{"type":"event_callback","event":' + b'{"a":' * 5000 + b"1" + b"}" * 5001),
    (JSON, b'{"type":"event_callback","n":' + b"1" * 5000 + b"}"),
    (JSON, BODY),
    (JSON, event()),
    (JSON, event(event=CANARY)),
    (JSON, event(event={"user": "U1"})),
    (JSON, event(event={"type": "app_home_opened", "tab": "home", "view": CANARY})),
    (JSON, event(event={"type": "subteam_updated", "subteam": CANARY})),
    (JSON, event(event={"type": "message"}, authorizations={CANARY: 1})),
    (JSON, event(event={"type": "message", "channel": 7})),
    (JSON, event(event={"type": "message"}, command="/queue")),
    (JSON, json.dumps({"type": "url_verification", "token": CANARY}).encode()),
    (JSON, json.dumps({"type": "url_verification", "challenge": {"token": CANARY}}).encode()),
]
"""Signed requests, as content type and body, that Slack never sends."""

HOME = {"type": "app_home_opened", "tab": "home", "user": "U1"}
STRANGE: list[tuple[str, bytes, int]] = [
    (JSON, json.dumps({"type": "url_verification", "challenge": "c"}).encode(), 200),
    (FORM, b"ssl_check=1&token=x", 200),
    (FORM, b"command=/queue", 200),
    (f"{FORM}; charset=utf-8", BODY, 200),
    (JSON, json.dumps({"type": "event_callback", "event": HOME}).encode(), 200),
    (JSON, event(event=HOME | {"user": {CANARY: 1}}), 200),
    (JSON, event(event={"type": "message", "channel_type": "im", "user": "U1"}), 200),
    (JSON, event(event={"type": "message", "thread_ts": 7, "channel": "D1", "text": [7]}), 200),
    (JSON, event(event={"type": "subteam_updated"}), 200),
    (JSON, event(event={"type": "reaction_added"}), 404),
    (FORM, form({"type": "dialog_submission", "callback_id": "run:x", **PERSON}), 404),
    (FORM, form(CLICK), 200),
    (FORM, form(CLICK | {"trigger_id": 7, "channel": {"id": None}, "state": 7}), 200),
    (FORM, form(CLICK | {"actions": [{"action_id": "run:retry", "value": {"v": 1}}]}), 200),
    (FORM, form(SUBMISSION), 200),
    (FORM, form(SUBMISSION | {"view": SUBMISSION["view"] | {"private_metadata": 7}}), 200),  # type: ignore[operator]  # the view is a dict
]
"""Signed requests that the bot can read although fields are missing, with their statuses."""
