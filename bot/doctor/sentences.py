"""Look up the sentences of findings and of `queue-bot setup`, which are plain text."""

from collections.abc import Callable

from bot.text import Plain, Texts

Sentence = Callable[..., str]
"""Returns the sentence of a key, in the language of a person."""
OAUTH_PAGE = Plain("OAuth & Permissions")
"""Slack's name of a page, which is English in every language and has a sign of mrkdwn."""


def sentences(texts: Texts) -> Sentence:
    """Return the function that returns a sentence; its names stay without quotes."""

    def text(key: str, **values: object) -> str:
        plain = {
            name: value if isinstance(value, int) else Plain(value)
            for name, value in values.items()
        }
        return str(texts.plain(key, oauth=OAUTH_PAGE, **plain))

    return text
