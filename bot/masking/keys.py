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
# `p.i.n`
_SPELLED = re.compile(r"(?<![a-z])[a-z][\W_]{1,8}[a-z](?![a-z])")
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
    normalized_keys = {_normalized(key) for key in keys} - {""}
    short = {key for key in normalized_keys if len(key) <= _SHORT_KEY and key.isascii()}
    any_key, long_key = _letter_search(normalized_keys), _letter_search(normalized_keys - short)
    in_lower_case, in_mixed_case = _short_key_searches(short)

    def may_have_key(text: str) -> bool:
        plain = _unaccented(text)
        folded = plain.casefold()
        letters = folded.encode("utf-8", "replace").translate(None, _SIGNS)
        if any_key.search(letters) is None:
            return False
        # `shipping` has the letters of `pin`, but the key is not a word of it.
        return (
            long_key.search(letters) is not None
            or in_lower_case.search(folded) is not None
            or in_mixed_case.search(plain) is not None
            or _SPELLED.search(folded) is not None
        )

    return may_have_key


def _letter_search(keys: Iterable[str]) -> re.Pattern[bytes]:
    """Return a search for the keys in the letters and digits of a text.

    A text with `password` also contains `pass`, so the search for `pass` is enough.
    """
    words = {key.encode() for key in keys}
    shortest = [word for word in words if not any(other in word for other in words - {word})]
    return re.compile(any_of(shortest) if shortest else rb"(?!)")


def _short_key_searches(keys: Iterable[str]) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Return searches for the names that `key_rule` masks because of these short keys.

    In lower case, `card_pin` and `pins2` have no letter beside the key. In mixed case, a capital
    begins a word of `cardPin`, `cardPIN` and `pinCode`. The context is tested after the key,
    because a search that begins with a fixed letter is faster.
    """
    lower: list[str] = []
    mixed: list[str] = []
    for key in sorted(keys):
        before = "." * len(key)
        word = re.escape(key)
        # A digit ends a word: `cvv2code` is `cvv2` and `code`.
        end = "" if key[-1].isdigit() else "s?(?![a-z])"
        lower.append(rf"{word}(?<![a-z]{before}){end}")
        mixed.append(rf"{word}(?<![A-Za-z]{before})s?(?=[A-Z])")
        mixed.append(rf"{re.escape(key.capitalize())}s?(?![a-z])")
        mixed.append(rf"{re.escape(key.upper())}(?<![A-Z]{before})(?![a-z])")
    return re.compile("|".join(lower) or "(?!)"), re.compile("|".join(mixed) or "(?!)")


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
    letters = "".join(char for char in decomposed if not unicodedata.combining(char))
    return with_latin_letters(letters.replace("ß", "ss"))
