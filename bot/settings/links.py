"""The types of the settings that are link templates."""

import re
from string import Formatter
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

from bot.models.subjects import SHOP
from bot.settings.subjects import NAME

LINK_VALUES = frozenset({"order_id", "tienda_id", "job_id", "queue"})


def braces(names: frozenset[str]) -> str:
    """Return the names as a link template has them: `{job_id}, {queue}`."""
    return ", ".join(f"{{{name}}}" for name in sorted(names))


def _link(value: str) -> str:
    """Return the link template if no value is part of the host."""
    try:
        parsed = list(Formatter().parse(value))
    except ValueError:
        raise ValueError("has a brace without its partner") from None
    names = {name for _, name, _, _ in parsed if name is not None}
    is_plain = not any(conversion or form for _, _, form, conversion in parsed)
    if not is_plain or not all(NAME.fullmatch(name) for name in names):
        raise ValueError(f"may contain only these values in braces: {braces(LINK_VALUES)}")
    if not re.match(r"https?://[^/{}\s@]+/", value):
        raise ValueError("must start with http:// or https:// and a host name without braces")
    return value


_NEXT_LINK = re.compile(r"\s*;\s*(?=[a-z][a-z0-9_]*\s*=\s*https?://)")


def _subject_links(value: object) -> object:
    """Return templates by subject from a text like `user=https://…/{user}; shop=https://…`."""
    if not isinstance(value, str):
        return value
    links: dict[str, str] = {}
    for part in _NEXT_LINK.split(value.strip().rstrip(";")):
        name, has_link, template = (word.strip() for word in part.partition("="))
        name = SHOP if name == "tienda" else name
        if not has_link or not NAME.fullmatch(name):
            raise ValueError(
                "must have a link template for each subject, such as "
                "user=https://admin.example.com/users/{user}"
            )
        if name in links:
            raise ValueError("names a subject twice")
        links[name] = _link(template)
    return tuple(links.items())


Link = Annotated[str, AfterValidator(_link)]
SubjectLinks = Annotated[tuple[tuple[str, str], ...], BeforeValidator(_subject_links)]
