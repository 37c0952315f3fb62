"""Prepare payloads and exceptions for display: mask secrets by their key and by their form."""

import json
import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from bot.fingerprint.payload_tree import CUT, holds_data, open_text, plain
from bot.fingerprint.php_text import PhpObject
from bot.masking.named_values import mask_pairs
from bot.masking.secret_patterns import MASK, is_card_number, mask_secrets

DEFAULT_MASKED_KEYS: tuple[str, ...] = (
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "pass",
    "pwd",
    "secret",
    "token",
    "jwt",
    "authorization",
    "auth",
    "bearer",
    "credential",
    "cookie",
    "session_id",
    "api_key",
    "access_key",
    "private_key",
    "consumer_key",
    "encryption_key",
    "signature",
    "email",
    "mail",
    "card",
    "card_number",
    "creditcard",
    "cvv",
    "cvv2",
    "cvc",
    "pan",
    "pin",
    "otp",
    "iban",
    "ssn",
    "account_number",
    "contraseña",
    "clave",
    "secreto",
    "tarjeta",
    "correo",
)

_MAX_DEPTH = 40
_MAX_VALUES = 20_000
_SHORT_KEY = 4
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W_A-Za-z]+")
_NUMBER_WORD = re.compile(r"[a-z]+\d*")
_LAST_WORD = re.compile(r"\S{1,400}\Z")
# Quotes, backslashes and control characters stay escaped, because they could end a value.
_ESCAPED = re.compile(r"\\{1,16}u(?!00(?:22|27|5[cC]|[01]))(?P<code>[0-9a-fA-F]{4})")
_ESCAPED_SLASH = re.compile(r"\\{1,16}/")


class Masker:
    """Masks by a set of keys; a key of up to 4 letters is a whole word, a longer one any part.

    So `pin` masks `card_pin` and `cardPin` but not `shipping`, and `token` masks `accessTokens`.
    """

    def __init__(self, keys: Iterable[str] = DEFAULT_MASKED_KEYS) -> None:
        normalized = {_normalized(key) for key in keys} - {""}
        self._short = frozenset(key for key in normalized if len(key) <= _SHORT_KEY)
        self._long = tuple(sorted(key for key in normalized if len(key) > _SHORT_KEY))
        self.is_masked = lru_cache(maxsize=4096)(self._is_masked)

    def payload(self, payload: str) -> str:
        """Return the payload as indented JSON with nested data opened, or masked text if broken."""
        data = open_text(payload)
        if isinstance(data, dict | list | PhpObject | str):
            display = _Walk(self).masked(data, 0)
            text = display if isinstance(display, str) else _json(display)
        else:
            text = self.raw(payload)
        return plain(text)

    def text(self, text: str) -> str:
        """Return free text, such as an exception, with named values and known forms masked."""
        return mask_secrets(mask_pairs(text, self.is_masked))

    def raw(self, text: str) -> str:
        """Return unreadable data as masked text, with escapes decoded so that they hide nothing."""
        text = _ESCAPED.sub(lambda match: chr(int(match["code"], 16)), text)
        return self.text(_ESCAPED_SLASH.sub("/", text))

    def _is_masked(self, key: str) -> bool:
        normalized = _normalized(key)
        if any(word in normalized for word in self._long):
            return True
        words = {part.casefold() for part in _PARTS.findall(_unaccented(key))}
        words |= set(_NUMBER_WORD.findall(normalized)) | {normalized}
        return any(word in self._short or word.removesuffix("s") in self._short for word in words)


def mask_payload(payload: str, keys: Iterable[str] = DEFAULT_MASKED_KEYS) -> str:
    """Return a payload masked by these keys; never raises. See `Masker.payload`."""
    return _masker(tuple(keys)).payload(payload)


def mask_text(text: str, keys: Iterable[str] = DEFAULT_MASKED_KEYS) -> str:
    """Return free text masked by these keys; never raises. See `Masker.text`."""
    return _masker(tuple(keys)).text(text)


@lru_cache(maxsize=8)
def _masker(keys: tuple[str, ...]) -> Masker:
    return Masker(keys)


class _Walk:
    """The walk through one payload to its display form, within a budget of values."""

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
            return [self.masked(item, depth + 1) for item in value[: self._budget + 1]]
        if isinstance(value, PhpObject):
            return {"(class)": plain(value.class_name)} | self._fields(value.fields, depth)
        return self._fields(value, depth) if isinstance(value, dict) else MASK

    def _fields(self, fields: dict[str, object], depth: int) -> dict[str, object]:
        display: dict[str, object] = {}
        for key, value in fields.items():
            if self._budget < 0:
                display["(more)"] = "[not shown]"
                break
            hidden = self._masker.is_masked(key) and not _is_empty(value)
            display[self._masker.text(key)] = MASK if hidden else self.masked(value, depth + 1)
        return display

    def _string(self, text: str, depth: int) -> object:
        if holds_data(text):
            inner = open_text(text)
            if isinstance(inner, dict | list | PhpObject | str):
                return self.masked(inner, depth + 1)
            return self._masker.raw(plain(text))
        if text.endswith(CUT):
            # The cut part may be the one by which a secret is recognised.
            return self._masker.text(_LAST_WORD.sub("", text.rstrip(CUT))) + "[cut]"
        return self._masker.text(text)


def _is_empty(value: object) -> bool:
    return value is None or isinstance(value, bool) or value == ""


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)


def _normalized(key: str) -> str:
    """Return a key's letters and digits in lower case without accents: `API-Key` is `apikey`."""
    return "".join(char for char in _unaccented(key).casefold() if char.isalnum())


def _unaccented(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(char for char in decomposed if not unicodedata.combining(char))
