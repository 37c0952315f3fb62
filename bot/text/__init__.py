"""The messages in English and Spanish. One call returns a message with escaped values."""

from bot.text.escape import (
    Mrkdwn,
    Plain,
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
    quoted,
    readable,
)
from bot.text.lookup import LANGUAGES, Texts, texts_for, warm_up

__all__ = [
    "LANGUAGES",
    "Mrkdwn",
    "Plain",
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
    "quoted",
    "readable",
    "texts_for",
    "warm_up",
]
