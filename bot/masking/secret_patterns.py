"""Mask secrets that are recognisable by their form anywhere in a text."""

import re

MASK = "[masked]"

# Every quantifier is bounded, so the time is linear for any text.
_PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----.*?"
    r"(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|\Z)",
    re.DOTALL,
)
_USERINFO = re.compile(
    r"(?P<scheme>://)[^\s/:@\"'<>]{0,200}:(?!\d{1,5}(?:[/?#\s\"'<>]|\Z))[^\s\"'<>]{0,300}@"
)
_BEARER = re.compile(
    r"\b(?P<kind>bearer|basic|digest)(?P<gap>[\s:]{1,4})"
    r"(?!(?:token|auth|authentication|authorization|scheme|header|realm)s?\b)"
    r"[A-Za-z0-9._~+/=|-]{6,4000}",
    re.IGNORECASE,
)
_MAIL_HOST = re.compile(r"(?:@|%40)(?:[\w-]{1,63}\.){1,8}[\w-]{2,63}")
_NOT_MAILBOX = frozenset(" \t\r\n\"'<>,;:()[]{}=@/\\&?|")
_MAX_MAILBOX = 200
_KEYS = re.compile(
    r"\beyJ[\w-]{5,4000}\.[\w-]{2,8000}(?:\.[\w-]{0,2000})?"  # JSON web token
    r"|\b(?:AKIA|ASIA|AGPA|AIDA|AROA|AIPA|ANPA|ANVA|ABIA|ACCA)[A-Z0-9]{12,124}\b"  # AWS
    r"|\bxox[a-z](?:\.xox[a-z])?-[\w-]{6,500}|\bxapp-[\w-]{6,500}"  # Slack
    r"|\bhooks\.slack\.com/(?:services|workflows|triggers)/[\w/-]{6,300}"
    r"|\b(?:sk|rk|pk)_(?:live|test)_\w{6,300}|\bwhsec_[\w+/=]{6,300}"  # Stripe
    r"|\bgh[pousr]_\w{16,300}|\bgithub_pat_\w{16,300}|\bglpat-[\w-]{16,100}|\bnpm_\w{30,60}"
    r"|\bAIza[\w-]{30,60}|\bya29\.[\w-]{16,2000}|\bGOCSPX-[\w-]{16,60}"  # Google
    r"|\bSG\.[\w-]{12,60}\.[\w-]{12,120}|\bkey-[0-9a-f]{32}\b"  # SendGrid, Mailgun
    r"|\bshp(?:at|ca|pa|ss)_[0-9a-fA-F]{16,80}"  # Shopify
    r"|\b(?:APP_USR|TEST)-[\w-]{20,200}"  # Mercado Pago
    r"|\bsk-[\w-]{20,300}|\bdop_v1_\w{32,100}"
    r"|\$2[abxy]\$\d\d\$[./A-Za-z0-9]{20,60}|\$argon2(?:id|i|d)\$[^\s\"',;)]{10,300}"
)
_BASE64_40 = re.compile(r"(?<![A-Za-z0-9/+=_-])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=_-])")
_DIGIT_RUNS = re.compile(r"(?<![0-9])[0-9](?:[ .\u00a0-]{0,2}[0-9]){11,160}(?![0-9])")
_GROUPS = re.compile(r"[0-9]+")
# Visa, Mastercard, American Express, Diners, Discover, JCB, UnionPay, Maestro (ISO/IEC 7812).
_ISSUERS = re.compile(r"3[04-9]|4|5[0-9]|6|2[2-7]|81")
_CARD_LENGTHS = range(13, 20)


def mask_secrets(text: str) -> str:
    """Return `text` with `[masked]` for each secret of a known form; the rest unchanged."""
    text = _PRIVATE_KEY.sub(MASK, text)
    text = _USERINFO.sub(rf"\g<scheme>{MASK}@", text)
    text = _BEARER.sub(rf"\g<kind>\g<gap>{MASK}", text)
    text = _KEYS.sub(MASK, text)
    text = _mask_addresses(text)
    text = _BASE64_40.sub(_mask_aws_key, text)
    return _DIGIT_RUNS.sub(_mask_cards, text)


def is_card_number(digits: str) -> bool:
    """Whether 13 to 19 digits have an issuer's prefix and a valid check digit (Luhn)."""
    if len(digits) not in _CARD_LENGTHS or not _ISSUERS.match(digits):
        return False
    total = 0
    for place, digit in enumerate(reversed(digits)):
        number = int(digit) * (2 if place % 2 else 1)
        total += number - 9 if number > 9 else number
    return total % 10 == 0


def _mask_addresses(text: str) -> str:
    """Mask email addresses: find the host, then the mailbox before it; linear in any text."""
    out: list[str] = []
    at = 0
    for host in _MAIL_HOST.finditer(text):
        start = host.start()
        least = max(at, start - _MAX_MAILBOX)
        while start > least and text[start - 1] not in _NOT_MAILBOX:
            start -= 1
        if start < host.start():
            out += (text[at:start], MASK)
            at = host.end()
    return "".join(out) + text[at:]


def _mask_aws_key(match: re.Match[str]) -> str:
    """Mask an AWS secret key; it has all three kinds of characters, unlike a SHA-1 or a path."""
    text = match.group()
    kinds = (str.islower, str.isupper, str.isdigit)
    return MASK if all(any(kind(char) for char in text) for kind in kinds) else text


def _mask_cards(match: re.Match[str]) -> str:
    """Mask every stretch of a run of digit groups that makes a card number."""
    text = match.group()
    groups = list(_GROUPS.finditer(text))
    out: list[str] = []
    at = index = 0
    while index < len(groups):
        end = _card_end(groups, index)
        if end is None:
            index += 1
            continue
        out += (text[at : groups[index].start()], MASK)
        at = groups[end].end()
        index = end + 1
    return "".join(out) + text[at:]


def _card_end(groups: list[re.Match[str]], start: int) -> int | None:
    """Return the last group of the longest card number from group `start`, or None."""
    digits = ""
    best = None
    for index in range(start, len(groups)):
        digits += groups[index].group()
        if len(digits) > _CARD_LENGTHS[-1]:
            break
        if is_card_number(digits):
            best = index
    return best
