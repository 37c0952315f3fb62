"""Prepare payloads and exceptions for display: mask secrets by their keys and their forms."""

import json
import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from bot.fingerprint.payload_tree import CUT, holds_data, open_text, plain
from bot.fingerprint.php_text import PhpObject
from bot.masking.command_lines import SENTENCE_WORDS, mask_command_lines
from bot.masking.encoded import decoded_escapes, mask_encoded
from bot.masking.keys import DEFAULT_MASKED_KEYS, key_hint, key_rule
from bot.masking.lookalikes import with_plain_signs
from bot.masking.named_values import mask_pairs
from bot.masking.personal import PERSONAL_KEYS, mask_personal
from bot.masking.positions import mask_positions
from bot.masking.random_tokens import has_long_word, mask_random_tokens
from bot.masking.secret_patterns import MASK, is_card_number, mask_secrets
from bot.masking.stack_traces import mask_arguments

_MAX_DEPTH = 40
_MAX_VALUES = 20_000
_LAST_WORD = re.compile(r"\S{1,400}\Z")
_ESCAPED_SLASH = re.compile(r"\\{1,16}/")
_CACHED = 4_000
_TOO_SHORT = 10
"""A word of up to 10 letters and digits matches no form of a secret; most ids are shorter."""
_NAME = re.compile(r"[^\W\d][\w .-]{1,60}\Z|--?[A-Za-z][\w.-]{1,60}\Z")
_NAME_KEYS = frozenset(
    {"name", "key", "field", "header", "label", "param", "parameter", "attribute", "option"}
    | {"property", "variable", "k", "type", "id", "nombre", "campo", "parametro", "chave", "nome"}
)
_WEB_KEY_FIELDS = frozenset(("d", "p", "q", "dp", "dq", "qi", "k", "oth"))
"""The private fields of a JSON web key (RFC 7518)."""
_ID_KEY = re.compile(r"(?:uu)?ids?\Z|.*(?:_id|Id|_ids|uuid|_uuid)\Z")


class Masker:
    """Masks secrets by a set of keys (see `key_rule`) and by the forms of secrets."""

    def __init__(self, keys: Iterable[str] = DEFAULT_MASKED_KEYS) -> None:
        keys = tuple(keys)
        self.is_masked = key_rule(keys)
        self._may_have_word = key_hint((*keys, *SENTENCE_WORDS))
        # The cache is for outages, when a thousand jobs fail with one text.
        self._cached = lru_cache(maxsize=4_096)(self._public)

    def payload(self, payload: str) -> str:
        """Return the masked payload: indented JSON with nested data parsed, or text if broken."""
        data = open_text(payload)
        if isinstance(data, dict | list | PhpObject | str):
            display = _Walk(self).masked(data, 0)
            text = display if isinstance(display, str) else _json(display)
        else:
            text = self.raw(payload)
        return plain(text)

    def text(self, text: str, depth: int = 0) -> str:
        """Return free text, such as an exception, with secret values and known forms masked.

        `depth` counts the encodings around the text.
        """
        return self._free_text(text, depth, mask_random_tokens)

    def public(self, text: str) -> str:
        """Return free text as `text` does, and mask personal data too."""
        if len(text) <= _TOO_SHORT and text.isalnum():
            return text
        return self._cached(text) if len(text) <= _CACHED else self._public(text)

    def _public(self, text: str) -> str:
        return mask_personal(self.text(text))

    def known(self, text: str, depth: int = 0) -> str:
        """Return free text as `text` does, but keep random tokens, because they may be ids."""
        return self._free_text(text, depth, str)

    def _free_text(self, text: str, depth: int, mask_tokens: Callable[[str], str]) -> str:
        text = mask_arguments(decoded_escapes(text))
        plain = with_plain_signs(text)
        if plain != text and (masked := self._plain_text(plain, depth, mask_tokens)) != plain:
            return masked
        return self._plain_text(text, depth, mask_tokens)

    def _plain_text(self, text: str, depth: int, mask_tokens: Callable[[str], str]) -> str:
        has_word = self._may_have_word(text)
        is_long = has_long_word(text)
        text = mask_command_lines(mask_positions(text), self.is_masked, has_word=has_word)
        if has_word:
            text = mask_pairs(text, self.is_masked)
        text = mask_secrets(text, has_long_word=is_long)
        text = mask_encoded(text, self.text, depth, has_long_word=is_long)
        return mask_tokens(text) if is_long else text

    def raw(self, text: str) -> str:
        """Return unreadable data as masked text; decode escapes, which could hide a secret."""
        return self.text(_ESCAPED_SLASH.sub("/", decoded_escapes(text)))

    def value(self, value: object) -> object:
        """Return data, such as a request's arguments, with masked texts and unchanged types."""
        match value:
            case str():
                return self.text(value)
            case dict():
                return {
                    key: MASK if self._is_secret(key, entry) else self.value(entry)
                    for key, entry in value.items()
                }
            case list() | tuple():
                return type(value)(self.value(entry) for entry in value)
        return value

    def _is_secret(self, key: object, entry: object) -> bool:
        return isinstance(entry, str) and entry != "" and self.is_masked(str(key))


def mask_payload(
    payload: str, keys: Iterable[str] = DEFAULT_MASKED_KEYS, *, personal: bool = False
) -> str:
    """Return a payload masked by these keys; never raises. See `Masker.payload`.

    With `personal`, personal data is not masked.
    """
    if personal:
        return _masker(tuple(keys)).payload(payload)
    return mask_personal(_masker((*keys, *PERSONAL_KEYS)).payload(payload))


def mask_text(
    text: str, keys: Iterable[str] = DEFAULT_MASKED_KEYS, *, personal: bool = False
) -> str:
    """Return free text masked by these keys; never raises. See `Masker.text`.

    With `personal`, personal data is not masked.
    """
    masker = _masker(tuple(keys))
    return masker.text(text) if personal else masker.public(text)


def text_mask(keys: Iterable[str]) -> Callable[[str], str]:
    """Return `mask_text` for these keys; the search for their masker takes 1 µs for each text."""
    return _masker(tuple(keys)).public


def mask_value(value: object, keys: Iterable[str] = DEFAULT_MASKED_KEYS) -> Any:
    """Return data with its texts masked by these keys. See `Masker.value`."""
    return _masker(tuple(keys)).value(value)


@lru_cache(maxsize=8)
def _masker(keys: tuple[str, ...]) -> Masker:
    return Masker(keys)


class _Walk:
    """Converts one payload to its display form, up to a maximum number of values."""

    def __init__(self, masker: Masker) -> None:
        self._masker = masker
        self._budget = _MAX_VALUES

    def masked(self, value: object, depth: int) -> object:
        self._budget -= 1
        if self._budget < 0 or depth > _MAX_DEPTH:
            return "[not shown]"
        if isinstance(value, str):
            return self._string(value, depth)
        if isinstance(value, bool) or value is None:
            return value
        if isinstance(value, int | float):
            return MASK if is_card_number(repr(value).removesuffix(".0")) else value
        return self._container(value, depth)

    def _container(self, value: object, depth: int) -> object:
        if isinstance(value, list):
            return self._items(value[: self._budget + 1], depth)
        if isinstance(value, PhpObject):
            return {"(class)": plain(value.class_name)} | self._fields(value.fields, depth)
        return self._fields(value, depth) if isinstance(value, dict) else MASK

    def _items(self, items: list[object], depth: int) -> list[object]:
        """Mask the items, and each value after a secret's name: `["password", "…"]`."""
        display: list[object] = []
        named = False
        for item in items:
            is_name = self._is_name(item)
            hidden = named and not is_name and not _is_empty(item)
            display.append(MASK if hidden else self.masked(item, depth + 1))
            named = is_name
        return display

    def _fields(self, fields: dict[str, object], depth: int) -> dict[str, object]:
        """Mask the fields, and every value beside a secret's name: `{"name": "password", …}`."""
        display: dict[str, object] = {}
        secret_keys = _WEB_KEY_FIELDS if "kty" in fields else ()
        named = any(key in _NAME_KEYS and self._is_name(entry) for key, entry in fields.items())
        for key, value in fields.items():
            if self._budget < 0:
                display["(more)"] = "[not shown]"
                break
            hidden = self._masker.is_masked(key) or key in secret_keys
            hidden = hidden or (named and key not in _NAME_KEYS)
            shown_key = self._masker.text(key)
            if hidden and not _is_empty(value):
                display[shown_key] = MASK
            elif isinstance(value, str) and _ID_KEY.match(key) and not holds_data(value):
                display[shown_key] = self._masker.known(value.rstrip(CUT))
            else:
                display[shown_key] = self.masked(value, depth + 1)
        return display

    def _is_name(self, value: object) -> bool:
        return (
            isinstance(value, str)
            and _NAME.match(value) is not None
            and self._masker.is_masked(value)
        )

    def _string(self, text: str, depth: int) -> object:
        if holds_data(text):
            inner = open_text(text)
            if isinstance(inner, dict | list | PhpObject | str):
                return self.masked(inner, depth + 1)
            return self._masker.raw(plain(text))
        if text.endswith(CUT):
            # The cut may have removed the characters that identify the secret.
            return self._masker.text(_LAST_WORD.sub("", text.rstrip(CUT))) + "[cut]"
        return self._masker.text(text)


def _is_empty(value: object) -> bool:
    return value is None or isinstance(value, bool) or value == ""


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)
