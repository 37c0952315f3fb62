"""The app manifest has a shape that Slack accepts, and exactly the scopes that the code needs."""

import ast
from pathlib import Path
from typing import Annotated, Literal

import pytest
import yaml
from pydantic import BaseModel, ConfigDict, Field
from slack_sdk import WebClient

from bot.models.requests import SLASH_COMMAND
from bot.slack.manifest import manifest as manifest_text
from tests.kit.scopes import EVENT_SCOPES, SCOPES

ROOT = Path(__file__).parent.parent
SLACK = ROOT / "bot" / "slack"


class Strict(BaseModel):
    """A model that refuses every key unknown to Slack."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Metadata(Strict):
    """The edition of the manifest's schema."""

    major_version: Literal[1]
    minor_version: Literal[1]


class Display(Strict):
    """Name, descriptions and colour, with the lengths of Slack's schema."""

    name: Annotated[str, Field(min_length=1, max_length=35)]
    description: Annotated[str, Field(min_length=1, max_length=140)]
    long_description: Annotated[str, Field(min_length=175, max_length=4000)]
    background_color: Annotated[str, Field(pattern=r"^#[0-9a-f]{6}$")]


class AppHome(Strict):
    """The Home tab is enabled, and people can write direct messages to the bot."""

    home_tab_enabled: Literal[True]
    messages_tab_enabled: Literal[True]
    messages_tab_read_only_enabled: Literal[False]


class BotUser(Strict):
    """The bot's name and presence."""

    display_name: Annotated[str, Field(min_length=1, max_length=80)]
    always_online: bool


class SlashCommand(Strict):
    """Escaping is enabled, so that people and channels arrive as ids."""

    command: Annotated[str, Field(pattern=r"^/[a-z0-9_-]{1,31}$")]
    description: Annotated[str, Field(min_length=1, max_length=2000)]
    usage_hint: Annotated[str, Field(min_length=1, max_length=1000)]
    should_escape: Literal[True]


class Features(Strict):
    """The features that people see in Slack."""

    app_home: AppHome
    bot_user: BotUser
    slash_commands: Annotated[list[SlashCommand], Field(min_length=1, max_length=1)]


class Scopes(Strict):
    """Bot scopes only: the bot never acts as a person."""

    bot: list[str]


class Oauth(Strict):
    """The permissions of the app."""

    scopes: Scopes


class Events(Strict):
    """Events have no request address, because they arrive through the socket."""

    bot_events: list[str]


class Interactivity(Strict):
    """Buttons and modals are enabled."""

    is_enabled: Literal[True]


class AppSettings(Strict):
    """Socket Mode, one workspace, and a token that does not rotate."""

    event_subscriptions: Events
    interactivity: Interactivity
    org_deploy_enabled: Literal[False]
    socket_mode_enabled: Literal[True]
    token_rotation_enabled: Literal[False]


class Manifest(Strict):
    """The fields of Slack's published manifest schema that the bot uses."""

    metadata: Metadata = Field(alias="_metadata")
    display_information: Display
    features: Features
    oauth_config: Oauth
    settings: AppSettings


@pytest.fixture(scope="module")
def manifest() -> Manifest:
    """The manifest file that people paste into Slack."""
    return Manifest.model_validate(yaml.safe_load((ROOT / "manifest.yml").read_text()))


def sdk_methods() -> dict[str, str]:
    """Map the SDK's function names to Web API methods: chat_postMessage to chat.postMessage."""
    return {
        name: name.replace("_", ".")
        for name in vars(WebClient)
        if "_" in name.strip("_") and not name.startswith("_") and name != "api_call"
    }


def mentioned(folder: Path) -> set[str]:
    """Return every attribute name and string constant in a folder's code, docstrings included."""
    names: set[str] = set()
    for file in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Attribute):
                names.add(node.attr)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                names.add(node.value)
    return names


def called(folder: Path) -> set[str]:
    """Return the Web API methods that a folder's code calls, by SDK function or method name."""
    words = mentioned(folder)
    return {method for name, method in sdk_methods().items() if name in words or method in words}


def test_the_scan_finds_calls_by_function_by_name_and_in_dictionaries(tmp_path: Path) -> None:
    (tmp_path / "calls.py").write_text(
        "client.chat_postMessage(channel='C1')\n"
        "client.api_call('views.open', json={})\n"
        "METHODS = {'home': 'views.publish'}\n"
        "update = self.web.chat_update\n"
        "'Text that mentions users.info is no call.'\n"
    )
    assert called(tmp_path) == {"chat.postMessage", "views.open", "views.publish", "chat.update"}


def test_every_method_that_the_code_calls_has_known_scopes() -> None:
    assert called(SLACK) - SCOPES.keys() == set()


def test_the_scopes_are_those_that_the_calls_events_and_commands_need(manifest: Manifest) -> None:
    needed = {"commands"}.union(
        *(SCOPES[method] for method in called(SLACK)),
        *(EVENT_SCOPES[event] for event in manifest.settings.event_subscriptions.bot_events),
    )
    assert sorted(manifest.oauth_config.scopes.bot) == sorted(needed)


def test_every_event_and_command_of_the_manifest_has_a_listener(manifest: Manifest) -> None:
    events = manifest.settings.event_subscriptions.bot_events
    # The listener of `message.im` has the name of the event's type.
    subscribed = {event.partition(".")[0] for event in events}
    assert subscribed - mentioned(SLACK) == set()
    assert manifest.features.slash_commands[0].command == SLASH_COMMAND


def test_the_file_is_the_manifest_without_settings() -> None:
    assert (ROOT / "manifest.yml").read_text() == manifest_text()


def test_the_manifest_of_an_environment_differs_only_in_the_command_and_the_name(
    manifest: Manifest,
) -> None:
    text = manifest_text("/queue-staging", "staging")
    staging = Manifest.model_validate(yaml.safe_load(text))
    assert staging.features.slash_commands[0].command == "/queue-staging"
    assert staging.display_information.name == "queue-bot staging"
    assert staging.features.bot_user.display_name == "queue-bot staging"
    back = text.replace("/queue-staging", SLASH_COMMAND).replace("queue-bot staging", "queue-bot")
    assert Manifest.model_validate(yaml.safe_load(back)) == manifest
