"""docs/settings.md: complete, and its examples are accepted."""

import re
from datetime import time
from pathlib import Path

from pydantic_core import PydanticUndefined

from bot.models.roles import Role
from bot.settings.environment import load_settings, needed
from bot.settings.settings import Settings
from bot.settings.variables import variables
from tests.kit.settings import OLD, PAGE, RUNS, problems


def test_an_unknown_setting_without_a_near_name_is_refused_with_a_link_to_the_page() -> None:
    (sentence,) = problems({**RUNS, "QUEUE_BOT_XYZZY_PLUGH": "1"})
    assert sentence == "QUEUE_BOT_XYZZY_PLUGH is not a setting; see docs/settings.md."


def test_the_page_lists_every_old_name() -> None:
    text = PAGE.read_text()
    assert OLD
    assert [name for pair in OLD for name in pair if f"`{name}`" not in text] == []


def rows() -> dict[str, tuple[str, str]]:
    """Return the page's settings: name to (default, example)."""
    row = re.compile(r"^\| `([A-Z_]+)` \| .+ \| (?:`([^`]+)`|none) \| `([^`]+)` \|$", re.MULTILINE)
    return {name: (default, example) for name, default, example in row.findall(PAGE.read_text())}


def written(field: str) -> str:
    """Return a default as a person would set it; empty if there is none."""
    default = Settings.model_fields[field].get_default(call_default_factory=True, validated_data={})
    assert default is not PydanticUndefined
    match default:
        case None | ():
            return ""
        case Role():
            return default.word
        case time():
            return f"{default:%H:%M}"
        case (0, 1, 2, 3, 4):
            return "mon-fri"
        case bool():
            return str(default).lower()
        case _:
            return ", ".join(default) if isinstance(default, tuple) else str(default)


def test_the_page_has_every_setting_with_its_default_and_no_other() -> None:
    documented = {name: default for name, (default, _) in rows().items()}
    assert documented == {name: written(field) for name, field in variables().items()}


def test_the_page_documents_the_file_variable_of_each_secret() -> None:
    text = PAGE.read_text()
    assert [name for name in Settings.SECRETS if f"`{name}_FILE`" not in text] == []


def test_the_page_lists_the_settings_that_run_needs() -> None:
    (row,) = re.findall(r"^\| `queue-bot run` \| (.+) \|$", PAGE.read_text(), re.MULTILINE)
    assert re.findall(r"`([A-Z_]+)`", row) == needed({}, "run")


def test_the_examples_of_the_page_are_accepted_together(tmp_path: Path) -> None:
    examples = {name: example for name, (_, example) in rows().items()}
    authority = tmp_path / "ca.pem"
    authority.touch()
    files = {"DATABASE_CA": str(authority), "QUEUE_BOT_CONFIG": str(authority)}
    settings = load_settings({**examples, **files}, need="run")
    unchanged = {
        name
        for name, field in variables().items()
        if getattr(settings, field)
        == Settings.model_fields[field].get_default(call_default_factory=True, validated_data={})
    }
    assert unchanged == set()
