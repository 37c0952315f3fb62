"""The types of the settings' values; an error message about a value never shows the value."""

import re
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from bot.models.roles import Role

PLAIN_SENTENCES = {
    "bool_parsing": "must be true or false",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "int_type": "must be a whole number",
    "string_type": "must be a text",
    "greater_than_equal": "must be at least 1",
    "less_than_equal": "is too large",
}
"""Sentences for pydantic's errors about plain types, written for people who change settings."""
_NAME = r"[A-Za-z_][A-Za-z0-9_]{0,63}"


def _words(value: object) -> object:
    """Split a list that is separated by commas or spaces; return other types unchanged."""
    return tuple(re.findall(r"[^\s,]+", value)) if isinstance(value, str) else value


def _each(pattern: str, sentence: str) -> AfterValidator:
    """Return a validator that requires every item to match `pattern`."""

    def check(items: tuple[str, ...]) -> tuple[str, ...]:
        if not all(re.fullmatch(pattern, item) for item in items):
            raise ValueError(sentence)
        return tuple(dict.fromkeys(items))

    return AfterValidator(check)


def _matching(pattern: str, sentence: str) -> AfterValidator:
    """Return a validator that requires the text to match `pattern`."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(sentence)
        return value

    return AfterValidator(check)


def _starting(*starts: str) -> AfterValidator:
    """Return a validator of a token's prefix; the prefix distinguishes Slack's tokens."""

    def check(value: SecretStr) -> SecretStr:
        if value.get_secret_value().startswith("xoxe"):
            raise ValueError(
                "is a token that expires (xoxe…), and the bot cannot renew it: switch off token "
                "rotation for the app"
            )
        if not value.get_secret_value().startswith(starts):
            raise ValueError(f"must be the token that starts with {starts[0]}")
        if re.fullmatch(r"[\x21-\x7e]+", value.get_secret_value()) is None:
            raise ValueError("must be only the token, without spaces and further lines")
        return value

    return AfterValidator(check)


def _failed_table(value: str) -> str:
    """Return the name of a table, or of a table in another database of the same server."""
    if re.search(r"[:/@]", value):
        raise ValueError(
            "must name a table on the server of DATABASE_URL: a retry moves a row from one table "
            "to the other in one transaction, which cannot span two servers"
        )
    if not re.fullmatch(rf"({_NAME}\.)?{_NAME}", value):
        raise ValueError("must be the name of a table, or database.table: letters, digits and _")
    return value


def _signing_secret(value: SecretStr) -> SecretStr:
    if re.fullmatch(r"[!-~]{16,128}", value.get_secret_value()) is None:
        raise ValueError("must be the app's Signing Secret, from Basic Information")
    return value


def _audit_secret(value: SecretStr) -> SecretStr:
    if re.fullmatch(r"[0-9a-f]{64}", value.get_secret_value()) is None:
        raise ValueError("must be a key of 64 hex digits; queue-bot audit new-key prints one")
    return value


def _role(value: object) -> object:
    """Return the role that a word names."""
    words = {role.word: role for role in Role if role is not Role.NONE}
    if isinstance(value, str):
        if value not in words:
            raise ValueError(f"must be one of {', '.join(words)}")
        return words[value]
    return value


def _file(value: Path) -> Path:
    if not value.is_file():
        raise ValueError("must be the path of an existing file")
    return value


_MEMBER = "must be Slack ids of users (U… or W…) and user groups (S…)"
Members = Annotated[tuple[str, ...], BeforeValidator(_words), _each(r"[UWS][A-Z0-9]{2,}", _MEMBER)]
Readers = Annotated[
    tuple[str, ...],
    BeforeValidator(_words),
    _each(r"\*|[UWS][A-Z0-9]{2,}", f"{_MEMBER}, or * for every full member"),
]
Channels = Annotated[
    tuple[str, ...],
    BeforeValidator(_words),
    _each(r"[CG][A-Z0-9]{2,}", "must be Slack channel ids (C… or G…), not names"),
]
Channel = Annotated[str, _matching(r"[CG][A-Z0-9]{2,}", "must be a Slack channel id (C… or G…)")]
Words = Annotated[tuple[str, ...], BeforeValidator(_words)]
Paths = Annotated[
    tuple[str, ...],
    BeforeValidator(_words),
    _each(r"[^.]+(\.[^.]+)*", "must be payload keys joined by dots, like data.order_id"),
]
Table = Annotated[
    str,
    _matching(_NAME, "must be the name of a table: letters, digits and _"),
]
FailedTable = Annotated[str, AfterValidator(_failed_table)]
SlashCommand = Annotated[
    str,
    _matching(
        r"/[a-z0-9_-]{1,31}",
        "must be a slash and up to 31 lowercase letters, digits, - or _, like /queue-staging",
    ),
]
EnvironmentName = Annotated[
    str,
    _matching(
        r"[A-Za-z0-9][A-Za-z0-9-]{0,19}",
        "must be a name of up to 20 letters, digits and hyphens, like staging",
    ),
]
Positive = Annotated[int, Field(ge=1)]
Replicas = Annotated[int, Field(ge=1, le=1000)]
Drain = Annotated[int, Field(ge=0, le=120)]
Port = Annotated[int, Field(ge=0, le=65_535)]
"""A TCP port; with 0, the system chooses a free port and the log names it."""

BotToken = Annotated[SecretStr, _starting("xoxb-")]
AppToken = Annotated[SecretStr, _starting("xapp-")]
SigningSecret = Annotated[SecretStr, AfterValidator(_signing_secret)]
AuditSecret = Annotated[SecretStr, AfterValidator(_audit_secret)]
ExistingFile = Annotated[Path, AfterValidator(_file)]
TeamId = Annotated[str, _matching(r"[TE][A-Z0-9]{2,}", "must be a workspace's id (T…)")]
RoleWord = Annotated[Role, BeforeValidator(_role)]
Mention = Annotated[
    str, _matching(r"S[A-Z0-9]{2,}", "must be a user group's id (S…), not its name")
]
