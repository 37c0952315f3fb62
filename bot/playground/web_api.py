"""The Web API: who calls, which method, with what, and what was answered."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import parse_qsl

from bot.playground.block_specs import Json
from bot.playground.grants import Grants, Interaction
from bot.playground.refusals import SlackRefusal
from bot.playground.workspace import Message, View, Workspace

TokenKind = Literal["bot", "app"]


@dataclass(frozen=True)
class Call:
    """One call that the app made: the method, its arguments without the token, the answer."""

    method: str
    args: Json
    answer: Json
    at: float


@dataclass
class Desk:
    """What the methods work on.

    `socket_url` makes the address of a new Socket Mode connection; `interactions` are those that
    still wait for replies, so that an ephemeral or a view is told to the person who caused it.
    """

    workspace: Workspace
    grants: Grants
    url: Callable[[], str]
    socket_url: Callable[[], str]
    interactions: list[Interaction] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)

    def note_ephemeral(self, message: Message) -> None:
        """Tell interactions of that person in that channel of a message only they see."""
        for waiting in self.interactions:
            if waiting.user == message.ephemeral_to and waiting.channel == message.channel:
                waiting.note_reply(message)

    def note_view(self, view: View, by: Interaction | None = None) -> None:
        """Tell the interactions of the view's owner, or the one that asked, of the view."""
        for waiting in self.interactions:
            if waiting is by or (by is None and waiting.user == view.user):
                waiting.note_view(view)


Method = Callable[[Desk, Json], Json]


@dataclass(frozen=True)
class Entry:
    """A method and whose token it wants."""

    run: Method
    caller: TokenKind = "bot"


@dataclass(frozen=True)
class Tokens:
    """The two tokens that this workspace knows."""

    bot: str
    app: str

    def check(self, token: str | None, wanted: TokenKind) -> None:
        """`not_authed`, `invalid_auth` or `not_allowed_token_type`, as Slack's every page lists."""
        if not token:
            raise SlackRefusal("not_authed")
        if token not in {self.bot, self.app}:
            raise SlackRefusal("invalid_auth")
        if token != getattr(self, wanted):
            raise SlackRefusal("not_allowed_token_type")


def arguments(headers: Mapping[str, str], query: str, body: bytes) -> tuple[Json, str | None]:
    """The arguments of a request and its token.

    Bodies are JSON, a form or empty; a token stands in the Authorization header, the body or the
    query (https://docs.slack.dev/apis/web-api#basics). Refusals: `invalid_json`,
    `json_not_object`, `invalid_form_data`, `invalid_post_type`.
    """
    args: Json = dict(parse_qsl(query, keep_blank_values=True))
    if body.strip():
        args |= _body(headers.get("content-type", ""), body)
    token = args.pop("token", None)
    header = headers.get("authorization", "")
    if header.startswith("Bearer "):
        token = header.removeprefix("Bearer ").strip()
    return args, token


def _body(content_type: str, body: bytes) -> Json:
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/json":
        try:
            found = json.loads(body)
        except ValueError as broken:
            raise SlackRefusal("invalid_json") from broken
        if not isinstance(found, dict):
            raise SlackRefusal("json_not_object")
        return found
    if kind == "application/x-www-form-urlencoded":
        try:
            return dict(parse_qsl(body.decode(), keep_blank_values=True))
        except UnicodeDecodeError as broken:
            raise SlackRefusal("invalid_form_data") from broken
    raise SlackRefusal("invalid_post_type")


def answer(
    desk: Desk,
    methods: Mapping[str, Entry],
    method: str,
    args: Json,
    check: Callable[[Entry], None],
) -> Json:
    """Run one call, once `check` has let its token pass, and remember it with its answer."""
    try:
        entry = _entry(methods, method)
        check(entry)
        body: Json = {"ok": True, **entry.run(desk, args)}
    except SlackRefusal as refusal:
        body = refusal.body()
    desk.calls.append(Call(method, args, body, desk.workspace.clock()))
    return body


def _entry(methods: Mapping[str, Entry], method: str) -> Entry:
    if method not in methods:
        raise SlackRefusal("unknown_method", extra={"req_method": method})
    return methods[method]
