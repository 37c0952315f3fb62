"""Escape text for mrkdwn. Only the functions of this module create the type `Mrkdwn`.

An attacker may control job names, payloads and exceptions. Such text must never notify anybody,
form a link or reverse a line. Slack's rule: docs.slack.dev/messaging/formatting-message-text.
Because of the escaping, only the bot can put a `<` or a backtick into mrkdwn. This makes cutting
and parsing safe.
"""

import json
import re
from collections.abc import Iterable
from typing import Any

from bot.models.requests import Person


class Mrkdwn(str):
    """Text that Slack may read as mrkdwn, because every value in it was escaped."""

    __slots__ = ()


# Invisible characters: controls, soft hyphen, zero width, direction marks and overrides, blank
# letters, tags, and lone surrogates. Such characters can make a line look like a different line.
# ZWNJ and ZWJ stay unchanged between characters (from U+0590) of scripts and emoji that need them.
_INVISIBLE = re.compile(
    "(?:[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f"
    "\u202a-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0d\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
    "|(?<![\u0590-\U0010ffff])[\u200c\u200d]|[\u200c\u200d](?![\u0590-\U0010ffff]))+"
)
_MOST_SHOWN = 3
_LINE_END = re.compile("\r\n?|[\x85\u2028\u2029]")
_MODIFIER_GRAVE = "\u02cb"
_LESS, _GREATER = "\u2039", "\u203a"  # single angle quotation marks
TERMINAL = " (terminal)"
"""The mark after an unverified name from a terminal, in every language."""
_SLACK_ID = re.compile(r"[CDGSUW][A-Z0-9]{2,}")
_TOKEN = re.compile(r"<([^<>|]*)(?:\|([^<>]*))?>")
# One word of unmistakable letters, digits and a few signs. Only such a text from users or jobs is
# shown without quotes; with a space, `@`, `#` or `:` it could imitate the bot's own words.
_BARE = re.compile(
    r"[A-Za-z0-9\xc0-\xd6\xd8-\xf6\xf8-\xff](?:[A-Za-z0-9\xc0-\xd6\xd8-\xf6\xf8-\xff.'/,+%-]|_(?=[A-Za-z0-9]))*"
)
_BOLD = re.compile(r"(?<![\w*])\*(?=\S)([^*\n]+?)(?<=\S)\*(?![\w*])")


class Plain(str):
    """Text that the bot wrote: a catalog's text, with texts from users or jobs in quotes."""

    __slots__ = ()


def clean(value: object) -> str:
    """Return the value with invisible characters as `[U+200B]`; keep newlines and tabs."""
    text = str(value)
    if text.isascii() and text.isprintable():
        # Most texts need no replacement, and the two patterns take many times as long as this test.
        return text
    return _INVISIBLE.sub(_code_points, _LINE_END.sub("\n", text))


def _code_points(run: re.Match[str]) -> str:
    """Return the code points of consecutive invisible characters; shorten a long list."""
    points = [f"U+{ord(char):04X}" for char in run.group()[:_MOST_SHOWN]]
    more = ["…"] if len(run.group()) > _MOST_SHOWN else []
    return f"[{' '.join([*points, *more])}]"


def printable_json(value: object, **options: Any) -> str:
    """Return the value as JSON; invisible characters are escaped, other characters are readable.

    A terminal executes control characters, and direction marks reverse a line.
    """
    text = json.dumps(value, ensure_ascii=False, **options)
    if text.isascii():
        return text
    return _INVISIBLE.sub(lambda run: json.dumps(run.group())[1:-1], text)


def is_bare(text: str) -> bool:
    """Return whether the text is one word, which cannot imitate the bot's own words."""
    return _BARE.fullmatch(text) is not None


def escape(value: object) -> Mrkdwn:
    """Return the value as mrkdwn that mentions nobody, forms no link and opens no code span."""
    text = clean(value).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return Mrkdwn(text.replace("`", _MODIFIER_GRAVE))


def code(value: object, limit: int = 200) -> Mrkdwn:
    """Return at most `limit` characters of the value in a code span of one line."""
    line = plain_line(value, limit, angles=True)
    return Mrkdwn(f"`{escape(line)}`") if line else Mrkdwn("")


def preformatted(value: object, limit: int) -> Mrkdwn:
    """Return the value in a code block of at most `limit` characters; longer values are cut."""
    return Mrkdwn(f"```{cut(_block_text(value, limit), limit - 6)}```")


def preformatted_parts(value: object, limit: int, most: int) -> tuple[list[Mrkdwn], bool]:
    """Return the value in up to `most` code blocks of `limit` characters, and whether it was cut.

    A line longer than a block is split. A cut between two lines removes only the line end.
    """
    rest = _block_text(value, limit * most)
    complete = len(str(value)) <= 4 * limit * most
    parts: list[Mrkdwn] = []
    while rest and len(parts) < most:
        end = len(rest) if len(rest) <= limit - 6 else _part_end(rest, limit - 6)
        parts.append(Mrkdwn(f"```{rest[:end]}```"))
        rest = Mrkdwn(rest[end:].removeprefix("\n"))
    return parts, bool(rest) or not complete


def _block_text(value: object, limit: int) -> Mrkdwn:
    """Return escaped text for a code block; a huge value is cut first to save time."""
    text = value if isinstance(value, str) else str(value)
    return escape(clean(text[: 4 * limit]).strip("\n"))


def _part_end(text: str, limit: int) -> int:
    line_end = text.rfind("\n", limit // 2, limit)
    return line_end if line_end > 0 else _whole(text, limit)


def _whole(text: str, end: int) -> int:
    """Return the last position up to `end` where a cut splits no entity and no `<…>` token."""
    entity = text.rfind("&", 0, end)
    if entity >= 0 and ";" not in text[entity:end]:
        end = entity
    token = text.rfind("<", 0, end)
    if token >= 0 and ">" not in text[token:end]:
        end = token
    return end


def cut(text: Mrkdwn, limit: int) -> Mrkdwn:
    """Return at most `limit` characters of mrkdwn. The cut splits no entity, token or code span."""
    if len(text) <= limit:
        return text
    head = text[: _whole(text, limit - 4)]
    ticks = re.findall("`+", head)
    if len(ticks) % 2 == 0:
        return Mrkdwn(f"{head}…")
    # A code span with content gets its end; an empty code span is removed.
    opened = head.removesuffix(ticks[-1])
    return Mrkdwn(f"{opened}…" if opened != head else f"{head}{ticks[-1]}…")


def join(separator: str, parts: Iterable[Mrkdwn]) -> Mrkdwn:
    """Return the non-empty parts, joined by a separator that the bot wrote."""
    return Mrkdwn(separator.join(part for part in parts if part))


def link(url: str, label: object) -> Mrkdwn:
    """Return a link. The url's delimiters are percent-encoded; only http schemes become a link."""
    safe = "".join(clean(url).split())
    if not safe.startswith(("https://", "http://")):
        return escape(label)
    for plain, encoded in (("<", "%3C"), (">", "%3E"), ("|", "%7C"), ("`", "%60"), ("&", "&amp;")):
        safe = safe.replace(plain, encoded)
    return Mrkdwn(f"<{safe}|{escape(quoted(label))}>")


def named(value: object, limit: int = 64) -> Mrkdwn:
    """Return a text from users or jobs on one line: one word unchanged, other text as code."""
    line = plain_line(value, limit, angles=True)
    return escape(line) if is_bare(line) else code(line, limit)


def quoted(value: object, limit: int = 300) -> str:
    """Return a text from users or jobs for plain text: one word unchanged, other text in quotes."""
    if isinstance(value, Plain):
        return value
    line = plain_line(value, limit, angles=True)
    return line if is_bare(line) or not line else f"“{line}”"


def mention(user: str) -> Mrkdwn:
    """Return a mention of a Slack user by id, or the name from a terminal with its mark."""
    person = Person(user)
    if person.in_slack:
        return Mrkdwn(f"<@{user}>")
    return Mrkdwn(f"{named(user)}{TERMINAL}") if person.in_terminal else named(user)


def group(id_: str) -> Mrkdwn:
    """Return a mention of a user group by id; text that is no id stays as written."""
    return Mrkdwn(f"<!subteam^{id_}>") if _is_id(id_) else named(id_)


def channel(id_: str) -> Mrkdwn:
    """Return a link to a channel by id; text that is no id stays as written."""
    return Mrkdwn(f"<#{id_}>") if _is_id(id_) else named(id_)


def date(unix: int, fallback: str, form: str = "{date_short_pretty} {time_secs}") -> Mrkdwn:
    """Return a time in one of Slack's date forms; Slack uses each reader's own time zone."""
    return Mrkdwn(f"<!date^{unix}^{form}|{escape(fallback)}>")


def _is_id(text: str) -> bool:
    return _SLACK_ID.fullmatch(text) is not None


def plain_line(value: object, limit: int, *, angles: bool = False) -> str:
    """Return the value on one line of at most `limit` characters, for plain_text and cells.

    Slack needs no escaping in plain_text and cells. Angle brackets become similar characters
    unless `angles` is set.
    """
    text = str(value)[: 4 * limit + 1_000]
    # The second call makes a joiner visible if white space beside the joiner was replaced.
    line = clean(" ".join(clean(text).split()))
    if not angles:
        line = line.replace("<", _LESS).replace(">", _GREATER)
    return line if len(line) <= limit else line[: limit - 1] + "…"


def readable(text: str) -> Plain:
    """Return mrkdwn as plain text for a terminal or JSON: no bold; decoded entities and tokens.

    A code span keeps its backticks, and the lines of a code block are indented. Otherwise a text
    from users or jobs could imitate the bot's own lines.
    """
    pieces = re.split("(`+)", text)
    parts = []
    for place in range(0, len(pieces), 2):
        in_code = place % 4 == 2
        piece = _TOKEN.sub(
            _plain_token, pieces[place] if in_code else _BOLD.sub(r"\1", pieces[place])
        )
        piece = piece.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
        parts.append(_plain_code(pieces[place - 1], piece) if in_code else piece)
    return Plain("".join(parts))


def _plain_code(ticks: str, content: str) -> str:
    if len(ticks) >= 3:
        return "\n".join(f"    {line}" for line in content.split("\n"))
    return content if is_bare(content) or not content else f"`{content}`"


def _plain_token(token: re.Match[str]) -> str:
    target, label = token[1], token[2]
    if target.startswith("!date^"):
        return label or ""
    if target.startswith("!subteam^"):
        return "@" + target.removeprefix("!subteam^")
    if target.startswith(("@", "#")):
        return target
    return f"{label} ({target})" if label else target
