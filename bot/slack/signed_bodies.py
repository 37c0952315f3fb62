"""Parse the body of a signed request, and refuse a body that Slack does not send.

The shapes have only the fields that Bolt or the bot reads. Bolt's own parser answers 500 to a
malformed body, and it loses a slash command with the word "payload".
"""

import json
import re
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from bot.models.nesting import is_too_deep

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
_MOST_FIELDS = 100
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")

Object = dict[str, Any]
Text = str | None


class MalformedBody(Exception):
    """Slack does not send such a body; `reason` quotes nothing of the body."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _Shape(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")


class _Reference(_Shape):
    id: Text = None
    team_id: Text = None


class _Block(_Shape):
    elements: list[Object] | None = None


class _Action(_Shape):
    action_id: str
    block_id: Text = None
    selected_option: Object | None = None


class _Input(_Shape):
    selected_option: Object | None = None


class _State(_Shape):
    values: dict[str, dict[str, _Input]] | None = None


class _View(_Shape):
    type: str
    id: Text = None
    callback_id: str = ""
    blocks: list[_Block] | None = None
    state: _State | None = None


class _ShownMessage(_Shape):
    blocks: list[_Block] | None = None


class _Container(_Shape):
    channel_id: Text = None
    message_ts: Text = None


class _Event(_Shape):
    type: str
    view: _View | None = None
    subteam: Object | None = None


class _Payload(_Shape):
    command: None = None
    ssl_check: None = None


class _Verification(_Payload):
    type: Literal["url_verification"]
    challenge: str


class _EventCallback(_Payload):
    type: Literal["event_callback"]
    event: _Event


class _Interaction(_Payload):
    event: Object = {}
    user: _Reference
    team: _Reference | None = None
    response_url: Text = None


class _BlockActions(_Interaction):
    type: Literal["block_actions"]
    actions: Annotated[list[_Action], Field(min_length=1)]
    channel: _Reference | None = None
    container: _Container | None = None
    message: _ShownMessage | None = None
    view: _View | None = None


class _ViewSubmission(_Interaction):
    type: Literal["view_submission"]
    view: _View


_Shapes = _Verification | _EventCallback | _BlockActions | _ViewSubmission
_SHAPES: TypeAdapter[_Shapes] = TypeAdapter(Annotated[_Shapes, Field(discriminator="type")])
TYPES = ("url_verification", "event_callback", "block_actions", "view_submission")
"""The types of payloads for which the bot has listeners."""


def parse(content_type: str, body: bytes) -> Object | None:
    """Return the fields of a body, or None for a payload without a listener.

    Raises `MalformedBody`.
    """
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type not in (FORM, JSON):
        raise MalformedBody("content type")
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise MalformedBody("not UTF-8") from error
    if media_type == JSON:
        return _payload(text)
    fields = _form(text)
    if "payload" in fields:
        return _payload(fields["payload"])
    if "command" not in fields and "ssl_check" not in fields:
        raise MalformedBody("no payload and no command")
    return fields


def _form(text: str) -> Object:
    try:
        pairs = parse_qsl(
            text, keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS
        )
    except ValueError as error:
        raise MalformedBody("form") from error
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise MalformedBody("a field occurs twice")
    return fields


def _payload(text: str) -> Object | None:
    if is_too_deep(text):
        raise MalformedBody("JSON is nested too deep")
    try:
        payload = json.loads(text)
        if _SURROGATE.search(text) is not None:
            # Half of a surrogate pair is no character, and no database stores it.
            json.dumps(payload, ensure_ascii=False).encode()
    except ValueError as error:
        raise MalformedBody("not JSON") from error
    if not isinstance(payload, dict):
        raise MalformedBody("JSON is no object")
    type_ = payload.get("type")
    if not isinstance(type_, str):
        raise MalformedBody("no type")
    if type_ not in TYPES:
        return None
    try:
        _SHAPES.validate_python(payload)
    except ValidationError as error:
        # Only the first names are fields of a shape; a later name may be from the body.
        names = ".".join(str(name) for name in error.errors(include_input=False)[0]["loc"][:2])
        raise MalformedBody(names) from error
    return payload
