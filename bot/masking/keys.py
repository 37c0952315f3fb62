"""Decide by a key's name whether the key's value is secret."""

import re
import unicodedata
from collections.abc import Callable, Iterable
from functools import lru_cache

from bot.masking.lookalikes import with_latin_letters

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
    "pswd",
    "psw",
    "senha",
    "segredo",
    "chave",
    "cartao",
    "credencial",
    "palavra_passe",
    "llave_privada",
    "llave_secreta",
    "llave_api",
    "cuenta_bancaria",
    "codigo_seguridad",
    "codigo_seguranca",
    "security_code",
    "sig",
    "hmac",
    "totp",
    "app_key",
    "signing_key",
    "master_key",
    "account_key",
    "shared_key",
    "license_key",
    "subscription_key",
    "storage_key",
    "server_key",
    "service_key",
    "deploy_key",
    "ssh_key",
    "insert_key",
    "decryption_key",
    "seed_phrase",
    "mnemonic",
    "passkey",
    "sshpass",
    "db_pass",
    "user_pass",
    "smtp_pass",
    "mail_pass",
    "db_pwd",
    "user_pwd",
    "pw",
    "cred",
    "psk",
    "sessid",
    "session_key",
    "csrf",
    "xsrf",
    "code_verifier",
    "client_assertion",
    "mfa_code",
    "verification_code",
    "passwort",
    "kennwort",
    "mot_de_passe",
    "chiave_segreta",
    "chiave_privata",
    "wachtwoord",
    "hasło",
    "şifre",
    "lösenord",
    "пароль",
    "密码",
    "密碼",
    "パスワード",
    "비밀번호",
)

_SHORT_KEY = 4
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W_A-Za-z]+")
_SIGNS = bytes(code for code in range(128) if not chr(code).isalnum())
_NUMBER_WORD = re.compile(r"[a-z]+\d*")


def key_rule(keys: Iterable[str] = DEFAULT_MASKED_KEYS) -> Callable[[str], bool]:
    """Return a function that decides by these keys whether the value of a name is secret.

    A key of up to 4 letters must be a whole word of the name: `pin` masks `card_pin` and `cardPin`
    but not `shipping`. A longer key, or a key in another script, may be any part of the name:
    `token` masks `accessTokens`.
    """
    normalized_keys = {_normalized(key) for key in keys} - {""}
    short = frozenset(key for key in normalized_keys if len(key) <= _SHORT_KEY and key.isascii())
    long = tuple(sorted(normalized_keys - short))

    @lru_cache(maxsize=4096)
    def is_masked(name: str) -> bool:
        normalized = _normalized(name)
        if any(word in normalized for word in long):
            return True
        words = {part.casefold() for part in _PARTS.findall(_unaccented(name))}
        words |= set(_NUMBER_WORD.findall(normalized)) | {normalized}
        return any(word in short or word.removesuffix("s") in short for word in words)

    return is_masked


def key_hint(keys: Iterable[str] = DEFAULT_MASKED_KEYS) -> Callable[[str], bool]:
    """Return a fast check, which is False if a text cannot contain any of these keys."""
    normalized_keys = {_normalized(key).encode() for key in keys} - {b""}
    # A text with `password` also contains `pass`, so the search for `pass` is enough.
    words = re.compile(
        any_of(
            key
            for key in normalized_keys
            if not any(other in key for other in normalized_keys if other != key)
        )
    )

    def may_have_key(text: str) -> bool:
        plain = text.lower() if text.isascii() else _unaccented(text).casefold()
        letters = plain.encode("utf-8", "replace").translate(None, _SIGNS)
        return words.search(letters) is not None

    return may_have_key


def any_of(words: Iterable[bytes]) -> bytes:
    """Return a pattern that matches any of the words, with common prefixes merged.

    Separate searches for the words take three times as long for each failure.
    """
    by_first: dict[bytes, list[bytes]] = {}
    for word in words:
        if not word:
            return b""
        by_first.setdefault(word[:1], []).append(word[1:])
    branches = [re.escape(first) + any_of(rests) for first, rests in sorted(by_first.items())]
    return branches[0] if len(branches) == 1 else b"(?:" + b"|".join(branches) + b")"


def _normalized(key: str) -> str:
    """Return a key's letters and digits in lower case without accents: `apikey` for `API-Key`."""
    return "".join(char for char in _unaccented(key).casefold() if char.isalnum())


def _unaccented(text: str) -> str:
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFKD", text)
    return with_latin_letters("".join(c for c in decomposed if not unicodedata.combining(c)))
