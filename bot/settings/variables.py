"""The names of the environment variables, by field of the settings."""

from pydantic import AliasChoices
from pydantic.fields import FieldInfo

from bot.settings.settings import PREFIX, Settings


def variables() -> dict[str, str]:
    """Map each environment variable of the settings to its field."""
    fields = Settings.model_fields.items()
    return {_names(name, field)[0]: name for name, field in fields if name != "routes"}


def old_variables() -> dict[str, str]:
    """Map each variable name of an earlier version to the current name."""
    names = [_names(name, field) for name, field in Settings.model_fields.items()]
    return {old: present for present, *others in names for old in others}


def _names(name: str, field: FieldInfo) -> list[str]:
    """Return the names of a field's environment variable, the current name first."""
    match field.validation_alias:
        case AliasChoices(choices=choices):
            return [str(choice) for choice in choices]
        case str(alias):
            return [alias]
    return [f"{PREFIX}{name.upper()}"]
