"""Mask secrets without a key, which only their position in a command or a message shows."""

import re

from bot.masking.secret_patterns import MASK

_ARGUMENT = r"[^\s\"']{1,200}"
# IMAP: a tag, the command, the user and the password.
_IMAP = re.compile(
    rf"(?P<lead>\b[A-Za-z]{{0,8}}\d{{1,6}} LOGIN {_ARGUMENT} )(?P<value>[^\s\"']{{4,400}})"
)
_HTPASSWD = re.compile(
    rf"(?P<lead>\bhtpasswd(?: -(?!\w{{0,7}}n)\w{{1,8}}){{1,5}} {_ARGUMENT} {_ARGUMENT} "
    rf"|\bhtpasswd(?: -\w{{1,8}}){{0,4}} -\w{{0,7}}n\w{{0,7}} {_ARGUMENT} )"
    r"(?P<value>[^\s\"']{1,400})"
)
_VAULT = re.compile(
    r"(?P<lead>\bvault (?:kv )?(?:put|patch|write) [^\s=]{1,200} [\w.-]{1,100}=[\"']?)"
    r"(?P<value>[^\n|;&\"'\\]{1,2000})"
)
_POWERSHELL = re.compile(
    r"(?P<lead>\bConvertTo-SecureString (?:-String )?\\{0,8}[\"'])(?P<value>[^\"'\n\\]{1,400})"
)
# PostgreSQL's row has the values of all columns, without their names.
_ROW = re.compile(r"(?P<lead>\brow contains \()(?P<value>[^\n]{1,8000})(?=\))")
_STRONG = "".join(rf"(?=[^\s\"':,;@]{{0,60}}[{kind}])" for kind in ("a-z", "A-Z", "0-9"))
_ADMIN = re.compile(
    rf"(?P<lead>(?<![\w./:-])(?:root|admin|Administrator):){_STRONG}"
    r"(?P<value>[^\s\"':,;@$\\][^\s\"':,;@\\]{7,200})(?![:\w])"
)
_PLACES = (
    ("LOGIN ", _IMAP),
    ("htpasswd ", _HTPASSWD),
    ("vault ", _VAULT),
    ("SecureString", _POWERSHELL),
    ("row contains (", _ROW),
    ("root:", _ADMIN),
    ("dmin", _ADMIN),
)
"""Parts of texts, and the pattern that matches only a text with this part."""

# `.pgpass`: host, port, database, user and password.
_PGPASS = re.compile(
    r"(?P<lead>(?<![\w.:-])(?:localhost|[\w-]{1,63}(?:\.[\w-]{1,63}){1,6}|\*):(?:\d{4,5}|\*)"
    r":[\w*.-]{1,64}:[\w*.-]{1,64}:)(?P<value>[^\s\"'\\]{4,400})"
)
_PGPASS_FIELDS = re.compile(r":(?:\d{4,5}|\*):[\w*.-]{1,64}:")
_SPACED_LOGIN = re.compile(
    r"(?P<lead>\b(?:mysql|mariadb|postgres(?:ql)?|rediss?|amqps?|mongodb(?:\+srv)?|s?ftp|smtps?"
    r"|ldaps?)://[^\s/:@\"'<>]{0,100}:)"
    r"(?P<value>[^\s@\"'<>]{1,60}(?: [^\s@\"'<>]{1,60}){1,3})(?=@[\w.-]{1,100})"
)


def mask_positions(text: str) -> str:
    """Return `text` with `[masked]` at the positions of secrets in known commands and messages."""
    for part, pattern in _PLACES:
        if part in text:
            text = pattern.sub(rf"\g<lead>{MASK}", text)
    if "://" in text and "@" in text:
        text = _SPACED_LOGIN.sub(rf"\g<lead>{MASK}", text)
    if _PGPASS_FIELDS.search(text) is not None:
        text = _PGPASS.sub(rf"\g<lead>{MASK}", text)
    return text
