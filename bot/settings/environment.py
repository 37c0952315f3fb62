"""All settings of the bot, read from environment variables.

The bot checks all settings before it starts.
"""

import difflib
from collections.abc import Mapping

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import EnvSettingsSource

from bot.models.refusals import StartError
from bot.models.routes import AlertRoute
from bot.settings.contradictions import contradictions_of
from bot.settings.routes import read_routes
from bot.settings.secret_files import with_secret_files
from bot.settings.settings import PREFIX, Need, Settings
from bot.settings.value_types import PLAIN_SENTENCES
from bot.settings.variables import old_variables, variables


class SettingsError(StartError):
    """The settings are invalid; `problems` has one sentence per problem and contains no values."""


def load_settings(environ: Mapping[str, str], *, need: Need) -> Settings:
    """Read the settings; raises `SettingsError` with one sentence per problem.

    `need="database"` is for commands that work without Slack. Slack's variables are not read then,
    so that an invalid token does not prevent the terminal's commands. `need="manifest"` reads only
    the settings that the manifest depends on, because the manifest is needed before all others.
    """
    raw_values = {name: value for name, value in environ.items() if value.strip()}
    if need == "manifest":
        raw_values = {name: raw_values[name] for name in Settings.OF_MANIFEST if name in raw_values}
    if need == "database":
        raw_values = {
            name: value for name, value in raw_values.items() if not name.startswith("SLACK_")
        }
    problems = [*_unknown(raw_values), *_named_twice(raw_values)]
    raw_values = with_secret_files(raw_values, problems)
    problems += [_missing(name) for name in needed(raw_values, need) if name not in raw_values]
    routes: tuple[AlertRoute, ...] = ()
    if need in ("run", "database"):
        routes, wrong_routes = read_routes(raw_values.get("QUEUE_BOT_CONFIG"))
        problems += wrong_routes
    source = EnvSettingsSource(Settings)
    fields_of = {**variables(), **old_variables()}
    source.env_vars = {
        name.lower(): raw_values[name].strip() for name in fields_of if raw_values.get(name)
    }
    try:
        settings = Settings(**source(), routes=routes)
    except ValidationError as error:
        problems += [_sentence(detail, raw_values) for detail in error.errors(include_input=False)]
    else:
        problems += contradictions_of(settings, need)
        if not problems:
            return settings
    raise SettingsError(problems)


def needed(raw_values: Mapping[str, str], need: Need) -> list[str]:
    """Return the variables that a command needs, in the mode that the variables name."""
    by_mode = Settings.NEEDED_BY_MODE
    names = list(Settings.NEEDED[need])
    if need == "run":
        mode = raw_values.get("QUEUE_BOT_MODE", "socket").strip()
        names.insert(1, by_mode.get(mode, by_mode["socket"]))
    return names


def _unknown(raw_values: Mapping[str, str]) -> list[str]:
    """Return a sentence for each variable that looks like a setting but is not a setting."""
    names = {*variables(), *old_variables(), *(f"{name}_FILE" for name in Settings.SECRETS)}
    problems = []
    for name in sorted(raw_values):
        if name.startswith(PREFIX) and name not in names:
            # The most likely mistake is a missing or an unnecessary prefix.
            bare = name.removeprefix(PREFIX)
            near = [bare] if bare in names else difflib.get_close_matches(name, names, 1, 0.7)
            advice = f"did you mean {near[0]}?" if near else "see docs/settings.md."
            problems.append(f"{name} is not a setting; {advice}")
    return problems


def _named_twice(raw_values: Mapping[str, str]) -> list[str]:
    return [
        f"{present} and {old} are both set; keep {present}."
        for old, present in old_variables().items()
        if old in raw_values and present in raw_values
    ]


def _missing(name: str) -> str:
    alternative = f", or {name}_FILE to a file that contains it" if name in Settings.SECRETS else ""
    return f"{name} is missing; set it{alternative}. docs/settings.md explains the value."


def _sentence(detail: ErrorDetails, raw_values: Mapping[str, str]) -> str:
    """Return a sentence about pydantic's problem; it names the variable but not the value."""
    place = str(detail["loc"][0])
    fields = {field: name for name, field in variables().items()}
    name = fields.get(place, place)
    if name not in raw_values:
        name = next((old for old, new in old_variables().items() if new == name), name)
    reason = PLAIN_SENTENCES.get(detail["type"], detail["msg"].removeprefix("Value error, "))
    reason = reason.replace("Input should be", "must be")
    return f"{name} {reason}."
