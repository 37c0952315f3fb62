"""The messages in English and Spanish. One call returns a message with escaped values."""

from bot.text.escape import (
    Mrkdwn,
    channel,
    code,
    cut,
    escape,
    group,
    join,
    link,
    mention,
    named,
    plain_line,
    preformatted,
    preformatted_parts,
    readable,
)
from bot.text.lookup import LANGUAGES, Texts, texts_for, warm_up

__all__ = [
    "LANGUAGES",
    "Mrkdwn",
    "Texts",
    "channel",
    "code",
    "cut",
    "escape",
    "group",
    "join",
    "link",
    "mention",
    "named",
    "plain_line",
    "preformatted",
    "preformatted_parts",
    "readable",
    "texts_for",
    "warm_up",
]
