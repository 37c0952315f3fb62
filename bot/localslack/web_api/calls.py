"""The Web API: each call with its caller, method, arguments and answer."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from bot.localslack.blocks.specs import Json
from bot.localslack.credentials import Credentials, TokenKind
from bot.localslack.grants import Grants, Interaction
from bot.localslack.refusals import SlackRefusal
from bot.localslack.web_api.rates import TIER_3, Rate, Rates
from bot.localslack.workspace import PostedMessage, View, Workspace


@dataclass(frozen=True)
class Call:
    """One call by the app: the method, the arguments without the token, and the answer."""

    method: str
    args: Json
    answer: Json
    at: float


@dataclass
class Backend:
    """The state that the methods read and change.

    `socket_url` returns the address of a new Socket Mode connection. `interactions` still wait for
    replies. An ephemeral message or a view is added to the interaction that caused it.
    """

    workspace: Workspace
    grants: Grants
    credentials: Credentials
    rates: Rates
    url: Callable[[], str]
    socket_url: Callable[[], str]
    interactions: list[Interaction] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)

    def note_ephemeral(self, message: PostedMessage) -> None:
        """Add an ephemeral message to its reader's interactions in the message's channel."""
        for interaction in self.interactions:
            if interaction.user == message.ephemeral_to and interaction.channel == message.channel:
                interaction.note_reply(message)

    def note_view(self, view: View, by: Interaction | None = None) -> None:
        """Add the view to the interaction that caused it, or to all interactions of its owner."""
        for interaction in self.interactions:
            if interaction is by or (by is None and interaction.user == view.user):
                interaction.note_view(view)


Method = Callable[[Backend, Json], Json]


@dataclass(frozen=True)
class Entry:
    """A method, the kind of token and the scopes that allow it, and its rate."""

    run: Method
    caller: TokenKind = "bot"
    scopes: tuple[str, ...] = ()
    rate: Rate = TIER_3


@dataclass(frozen=True)
class ApiResponse:
    """The answer to a call: HTTP status, headers and the JSON body."""

    status: int
    headers: dict[str, str]
    body: Json


def arguments(headers: Mapping[str, str], query: str, body: bytes) -> tuple[Json, str | None]:
    """Return the arguments of a request and its token.

    A body is JSON, a form or empty. The token is in the Authorization header, the body or the query
    (https://docs.slack.dev/apis/web-api#basics). Refusals: `invalid_json`, `json_not_object`,
    `invalid_form_data`, `invalid_post_type`.
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
            document = json.loads(body)
        except ValueError as error:
            raise SlackRefusal("invalid_json") from error
        if not isinstance(document, dict):
            raise SlackRefusal("json_not_object")
        return document
    if kind == "application/x-www-form-urlencoded":
        try:
            return dict(parse_qsl(body.decode(), keep_blank_values=True))
        except UnicodeDecodeError as error:
            raise SlackRefusal("invalid_form_data") from error
    raise SlackRefusal("invalid_post_type")


def answer(
    backend: Backend, methods: Mapping[str, Entry], method: str, args: Json, token: str | None
) -> ApiResponse:
    """Run one call and record the call with its answer.

    The token is checked first, then the token's scopes, then the rate. A refused call counts too.
    """
    headers: dict[str, str] = {}
    try:
        entry = _entry(methods, method)
        backend.credentials.check(token, entry.caller)
        if entry.caller == "bot":
            headers = _scope_headers(backend.credentials, entry)
        backend.credentials.need(entry.scopes)
        backend.rates.take(method, entry.rate)
        response = ApiResponse(200, headers, {"ok": True, **entry.run(backend, args)})
    except SlackRefusal as refusal:
        response = ApiResponse(refusal.status, headers | refusal.headers, refusal.body())
    backend.calls.append(Call(method, args, response.body, backend.workspace.clock()))
    return response


def _entry(methods: Mapping[str, Entry], method: str) -> Entry:
    if method not in methods:
        raise SlackRefusal("unknown_method", extra={"req_method": method})
    return methods[method]


def _scope_headers(credentials: Credentials, entry: Entry) -> dict[str, str]:
    """Build the headers of https://docs.slack.dev/authentication/installing-with-oauth#scopes."""
    return {
        "x-oauth-scopes": ",".join(sorted(credentials.scopes)),
        "x-accepted-oauth-scopes": ",".join(entry.scopes),
    }
