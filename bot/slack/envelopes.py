"""Parse Slack's payloads into persons, channels, commands and arguments.

A person may forge a payload, and a payload may come from an old message. So this module only parses
payloads. The code that uses the values checks them against the database.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.app.dispatch import request_id
from bot.app.parsing import Request, whole
from bot.models.nesting import is_too_deep
from bot.models.refusals import Invalid, Refusal
from bot.models.requests import Actor, Invocation, Source
from bot.views.buttons import VERSION, UnreadableValue, read_value

CHANGE_SECONDS = 2.0
"""Seconds from receipt within which a single change must commit.

Slack waits 3 s for the acknowledgement, which follows the commit.
"""


@dataclass(frozen=True, slots=True)
class Envelope:
    """One request by a person; `request` is a command's text, a form's request, or a refusal.

    `received`: the time of receipt in seconds of `time.monotonic()`. `replaces`: the answer
    replaces the clicked message. `view_id`: the modal that the person clicked or submitted.
    `home_hash`: the hash of the clicked Home. `thread`: the thread of a direct message.
    """

    invocation: Invocation
    request: str | Request | Refusal
    received: float
    trigger_id: str | None
    response_url: str | None
    replaces: bool = False
    view_id: str | None = None
    home_hash: str | None = None
    thread: str | None = None

    @property
    def origin(self) -> Mapping[str, Any]:
        """Return the place where the modal was opened; its clicks count as clicks there."""
        if self.invocation.source is Source.HOME:
            return {"v": VERSION, "home": True}
        return {"v": VERSION, "channel": self.invocation.channel}


@dataclass(frozen=True, slots=True)
class HomeVisit:
    """A person on their Home tab, and the hash of the shown view, or None.

    `is_first`: Slack has no view of the person's Home yet.
    """

    user: str
    team: str
    hash: str | None
    is_first: bool = False


def home_opened(event: Mapping[str, Any], body: Mapping[str, Any]) -> HomeVisit:
    """Parse the opening of a Home tab; the event has a `view` if a view was published earlier."""
    user, team = str(event.get("user", "")), str(body.get("team_id", ""))
    return HomeVisit(user, team, _hash(event), is_first="view" not in event)


def home_refreshed(body: Mapping[str, Any]) -> HomeVisit:
    """Parse a click on Refresh."""
    return HomeVisit(*_person(body), _hash(body))


def _hash(payload: Mapping[str, Any]) -> str | None:
    view_hash = (payload.get("view") or {}).get("hash")
    return view_hash if isinstance(view_hash, str) and view_hash else None


def slash(body: Mapping[str, Any], received: float) -> Envelope:
    """Parse a slash command."""
    user, team = str(body.get("user_id", "")), str(body.get("team_id", ""))
    trigger = str(body.get("trigger_id", ""))
    invocation = Invocation(
        actor=Actor(user, team, Source.SLASH),
        request_id=request_id("slash", team, user, trigger),
        deadline=received + CHANGE_SECONDS,
        channel=body.get("channel_id"),
    )
    text = str(body.get("text") or "")
    return Envelope(invocation, text, received, trigger, body.get("response_url"))


def direct_message(
    event: Mapping[str, Any], body: Mapping[str, Any], slash: str, received: float
) -> Envelope:
    """Parse a direct message to the bot; the slash command may be before the words, or not."""
    user, team = str(event.get("user", "")), str(body.get("team_id", ""))
    channel, ts = str(event.get("channel", "")), str(event.get("ts", ""))
    invocation = Invocation(
        actor=Actor(user, team, Source.MESSAGE),
        request_id=request_id("message", team, channel, ts),
        deadline=received + CHANGE_SECONDS,
        channel=channel,
    )
    first, _, rest = str(event.get("text") or "").strip("` \n").partition(" ")
    text = rest if first.lower() in (slash, slash.removeprefix("/")) else f"{first} {rest}"
    thread = event.get("thread_ts")
    return Envelope(invocation, text, received, None, None, thread=thread and str(thread))


def click(body: Mapping[str, Any], received: float) -> Envelope:
    """Parse a click on a button or a menu in a message, in a modal or on Home."""
    action: Mapping[str, Any] = body["actions"][0]
    user, team = _person(body)
    container: Mapping[str, Any] = body.get("container") or {}
    view: Mapping[str, Any] = body.get("view") or {}
    channel = (body.get("channel") or {}).get("id") or container.get("channel_id")
    source = Source.HOME if view.get("type") == "home" else Source.BUTTON
    if view.get("type") == "modal":
        source, channel = _origin(_metadata(view), Source.BUTTON)
    trigger = str(body.get("trigger_id", ""))
    key = (trigger, str(action.get("action_ts", "")), str(action.get("action_id", "")))
    invocation = Invocation(
        actor=Actor(user, team, source),
        request_id=request_id("button", team, user, *key),
        deadline=received + CHANGE_SECONDS,
        channel=channel,
        message_ts=None if container.get("is_ephemeral") else container.get("message_ts"),
    )
    return Envelope(
        invocation,
        _action_request(action),
        received,
        trigger,
        body.get("response_url"),
        replaces=str(action.get("action_id", "")).startswith("page:"),
        view_id=view.get("id") if view.get("type") == "modal" else None,
        home_hash=_hash(body) if view.get("type") == "home" else None,
    )


def _action_request(action: Mapping[str, Any]) -> Request | Refusal:
    option = action.get("selected_option") or {}
    value = option.get("value") if option else action.get("value")
    action_name = str(action.get("action_id", "")).partition(":")[2]
    try:
        command, arguments = read_value(str(value or ""))
    except UnreadableValue:
        return Invalid(problem="old-button", field="", value="", expected="", usage="help")
    return Request(command or action_name, arguments)


def submission(body: Mapping[str, Any], received: float) -> Envelope:
    """Parse a submitted modal; the metadata of the modal names the command and the plan."""
    user, team = _person(body)
    view: Mapping[str, Any] = body.get("view") or {}
    metadata = _metadata(view)
    typed, rate, canary, wider = _field_values(view)
    plan = metadata.get("plan") if wider is None else _count(wider)
    source, channel = _origin(metadata, Source.MODAL)
    invocation = Invocation(
        actor=Actor(user, team, source),
        request_id=request_id("view", team, user, plan, *_field_values(view)),
        deadline=received + CHANGE_SECONDS,
        channel=channel,
    )
    request: Request | Refusal
    if not isinstance(metadata.get("command"), str) or type(plan) is not int:
        request = Invalid(problem="old-button", field="", value="", expected="", usage="help")
    else:
        options = {"rate": rate, "canary": canary}
        values = {name: value for name, value in options.items() if value is not None}
        request = Request(metadata["command"], {"plan": plan, "typed": _count(typed), **values})
    return Envelope(
        invocation, request, received, body.get("trigger_id"), None, view_id=view.get("id")
    )


def _person(body: Mapping[str, Any]) -> tuple[str, str]:
    user: Mapping[str, Any] = body.get("user") or {}
    team: Mapping[str, Any] = body.get("team") or {}
    return str(user.get("id", "")), str(user.get("team_id") or team.get("id") or "")


def _metadata(view: Mapping[str, Any]) -> Mapping[str, Any]:
    text = str(view.get("private_metadata") or "{}")
    try:
        metadata = {} if is_too_deep(text) else json.loads(text)
    except ValueError:
        return {}
    return whole(metadata) if isinstance(metadata, dict) and metadata.get("v") == VERSION else {}


def _origin(metadata: Mapping[str, Any], source: Source) -> tuple[Source, str | None]:
    """Return the source and the channel from which a modal was opened."""
    if metadata.get("home") is True:
        return Source.HOME, None
    channel = metadata.get("channel")
    return source, channel if isinstance(channel, str) else None


FIELDS = ("typed", "rate", "canary", "plan")
OLD_FIELDS = {"rate": "pace"}
"""Field names in dialogs of an earlier version, by current name."""


def _field_values(view: Mapping[str, Any]) -> tuple[str | None, ...]:
    """Return the values of all fields that a dialog may have."""
    values = (view.get("state") or {}).get("values") or {}

    def state(name: str) -> Mapping[str, Any]:
        return (values.get(name) or {}).get(name) or {}

    return tuple(_field(state(name) or state(OLD_FIELDS.get(name, name))) for name in FIELDS)


def _field(field: Mapping[str, Any]) -> str | None:
    option = field.get("selected_option") or {}
    value = field.get("value") if not option else option.get("value")
    return None if value is None else str(value)[:32]


def _count(typed: str | None) -> int | None:
    digits = (typed or "").strip().replace(",", "").replace(".", "").replace(" ", "")
    return int(digits) if digits.isascii() and digits.isdigit() else None
