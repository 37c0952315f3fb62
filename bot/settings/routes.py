"""The optional file `queue-bot.toml`: the routes, which are a list, so no variable has them.

Every other setting is an environment variable. The file cannot contain one, so a variable never
competes with the file.
"""

import difflib
import re
import tomllib
from collections.abc import Mapping
from datetime import time
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from bot.models.routes import AlertRoute, QuietHours
from bot.settings.times import read_time
from bot.settings.value_types import PLAIN_SENTENCES, Channel, Mention, Positive

FILE = "queue-bot.toml"
LIST = "route"


def _patterns(value: object) -> object:
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not names or not all(isinstance(n, str) for n in names):
        raise ValueError('must be a list of names or patterns, like ["netsuite", "mail-*"]')
    if not all(name.strip() for name in names):
        raise ValueError("must not contain an empty name")
    return tuple(name.strip() for name in names)


def _hours(value: object) -> object:
    """Return the quiet hours from a text like `22:00-07:00`."""
    begin, _, end = str(value).partition("-")
    times = (read_time(begin), read_time(end))
    match times:
        case (time() as first, time() as last) if first != last:
            return QuietHours(first, last)
    raise ValueError("must be two different times of day, like 22:00-07:00")


class RouteSetting(BaseModel):
    """One `[[route]]`. Each description is a row of docs/settings.md."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    queues: Annotated[tuple[str, ...], BeforeValidator(_patterns)] = Field(
        description="Names or patterns (`*`, `?`) of queues; upper and lower case are equal. The "
        "first route that matches a queue applies to it."
    )
    channel: Channel | None = Field(
        None, description="The alert channel of these queues. Invite the bot."
    )
    mention: Mention | None = Field(
        None, description="As `QUEUE_BOT_ALERT_MENTION`, for these queues."
    )
    oldest_seconds: Positive | None = Field(
        None, description="As `QUEUE_BOT_OLDEST_SECONDS`, for these queues."
    )
    no_worker_activity_seconds: Positive | None = Field(
        None, description="As `QUEUE_BOT_NO_WORKER_ACTIVITY_SECONDS`, for these queues."
    )
    backlog_count: Positive | None = Field(
        None, description="As `QUEUE_BOT_BACKLOG_COUNT`, for these queues."
    )
    quiet_hours: Annotated[QuietHours, BeforeValidator(_hours)] | None = Field(
        None,
        description="A time of each day in `QUEUE_BOT_TIME_ZONE`. The alerts of these queues wait "
        "until its end, as during a mute.",
    )

    def route(self) -> AlertRoute:
        """Return the route for the program."""
        return AlertRoute(**{name: getattr(self, name) for name in type(self).model_fields})


def read_routes(path: str | None) -> tuple[tuple[AlertRoute, ...], list[str]]:
    """Return the routes of the file, and one sentence per problem, which names its line.

    `path` is None for `queue-bot.toml` in the working directory, which may be missing.
    """
    file = Path(path or FILE)
    if path is None and not file.is_file():
        return (), []
    try:
        text = file.read_text(encoding="utf-8")
        document = tomllib.loads(text)
    except (OSError, UnicodeDecodeError):
        return (), [f"{file} cannot be read as text; correct QUEUE_BOT_CONFIG, or unset it."]
    except tomllib.TOMLDecodeError as error:
        return (), [f"{file} is not TOML: {str(error)[:120]}. docs/settings.md has an example."]
    problems = [_foreign(file, text, key) for key in document if key != LIST]
    tables = document.get(LIST, [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        return (), [*problems, f"{file}: write each route below its own line [[{LIST}]]."]
    routes: list[AlertRoute] = []
    for number, table in enumerate(tables, start=1):
        try:
            routes.append(RouteSetting.model_validate(table).route())
        except ValidationError as error:
            details = error.errors(include_input=False, include_url=False)
            problems += [_sentence(file, text, number, detail) for detail in details]
    return tuple(routes), problems


def _foreign(file: Path, text: str, key: str) -> str:
    """Return the sentence about a key outside the routes; most are settings of the environment."""
    line = _line(text, 0, key)
    return (
        f"{file}, line {line}: {key[:40]} is not allowed here; the file has only [[{LIST}]]. "
        "Set other settings as environment variables (docs/settings.md)."
    )


def _sentence(file: Path, text: str, number: int, detail: Mapping[str, Any]) -> str:
    key = str(detail["loc"][0]) if detail["loc"] else LIST
    place = f"{file}, line {_line(text, number, key)}: {key[:40]}"
    if detail["type"] == "extra_forbidden":
        near = difflib.get_close_matches(key, RouteSetting.model_fields, 1, 0.6)
        advice = f"did you mean {near[0]}?" if near else "see docs/settings.md."
        return f"{place} is not a key of a route; {advice}"
    if detail["type"] == "missing":
        return f"{place} is missing; name the queues of this route."
    reason = PLAIN_SENTENCES.get(detail["type"], detail["msg"].removeprefix("Value error, "))
    return f"{place} {reason.replace('Input should be', 'must be')}."


def _line(text: str, number: int, key: str) -> int:
    """Return the line of a key in the route with this number, or the line of the route itself."""
    route, route_line = 0, 1
    for line, content in enumerate(text.splitlines(), start=1):
        if re.match(rf"\s*\[\[\s*{LIST}\s*\]\]", content):
            route += 1
            route_line = line if route == number else route_line
        named = re.match(rf"\s*\[*\s*[\"']?{re.escape(key)}[\"']?\s*(=|\])", content)
        if named and number in (route, 0):
            return line
    return route_line
