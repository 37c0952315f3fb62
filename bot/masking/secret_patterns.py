"""Mask secrets anywhere in a text that have a known form."""

import re

MASK = "[masked]"

# Every quantifier is bounded, so the time is linear for any text.
_PRIVATE_KEY = re.compile(
    r"-{4,5} ?BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)? ?-{4,5}.*?"
    r"(?:-{4,5} ?END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)? ?-{4,5}|\Z)"
    r"|PRIVATE-LINES: .*?(?:PRIVATE-MAC: [0-9A-Z]{1,200}|\Z)",
    re.DOTALL | re.IGNORECASE,
)
# The private numbers of a JSON web key.
_WEB_KEY = re.compile(
    r"(?P<lead>[\"'](?:d|p|q|dp|dq|qi|k)\\{0,8}[\"']\s{0,8}:\s{0,8}\\{0,8}[\"'])[\w-]{1,4000}"
)
_USERINFO = re.compile(
    r"(?P<scheme>://)[^\s/:@\"'<>]{0,200}:(?!\d{1,5}(?:[/?#\s\"'<>]|\Z))[^\s\"'<>]{0,300}@"
)
_BEARER = re.compile(
    r"\b(?P<kind>bearer|basic)(?P<gap>[\s:]{1,4})"
    r"(?!(?:token|auth|authentication|authorization|scheme|header|realm)s?\b)"
    r"[A-Za-z0-9._~+/=|-]{6,4000}",
    re.IGNORECASE,
)
_MAIL_HOST = re.compile(r"(?:@|%40)(?:[\w-]{1,63}\.){1,8}[\w-]{2,63}")
_NOT_MAILBOX = frozenset(" \t\r\n\"'<>,;:()[]{}=@/\\&?|")
_MAX_MAILBOX = 200
# The pattern tests the word boundary once, and then rejects most branches at the first character.
# No key is shorter than 10 characters, so the pattern rejects most words before the branches.
_KEYS = re.compile(
    r"(?<![A-Za-z0-9])(?=\S{10})(?:"
    r"eyJ[\w-]{5,4000}\.[\w-]{2,8000}(?:\.[\w-]{0,2000})?"  # JSON web token
    r"|A(?:KIA|SIA|GPA|IDA|ROA|IPA|NPA|NVA|BIA|CCA)[A-Z0-9]{12,124}\b"  # AWS
    r"|xox[a-z](?:\.xox[a-z])?-[\w-]{6,500}|xapp-[\w-]{6,500}|xwfp-[\w-]{6,500}"  # Slack
    r"|hooks\.slack(?:-gov)?\.com/(?:services|workflows|triggers|commands|actions|app)/[\w/-]{6,300}"
    r"|hooks\.zapier\.com/hooks/catch/[\w/-]{6,300}|outlook\.office\.com/webhook/[\w@/.-]{6,400}"
    r"|discord(?:app)?\.com/api/webhooks/[\w/-]{6,300}|maker\.ifttt\.com/trigger/[\w/.-]{6,300}"
    r"|webhook\.office\.com/webhookb2/[\w@/.-]{6,400}"
    r"|sk_(?:live|test)_\w{6,300}|rk_(?:live|test)_\w{6,300}|pk_(?:live|test)_\w{6,300}"  # Stripe
    r"|whsec_[\w+/=]{6,300}"
    r"|AccountKey=[\w+/=]{20,200}|SharedAccessKey=[\w+/=]{20,200}"  # Azure
    r"|base64:[A-Za-z0-9+/]{20,400}={0,2}"  # Laravel
    r"|gh[pousr]_\w{16,300}|github_pat_\w{16,300}|glpat-[\w.-]{16,100}|npm_\w{30,60}"
    r"|gl(?:cbt|dt|ffct|ft|imt|agent|oas|ptt|rt|soat)-[\w.-]{20,1100}"
    r"|AIza[\w-]{30,60}|ya29\.[\w-]{16,2000}|GOCSPX-[\w-]{16,60}"  # Google
    r"|SG\.[\w-]{12,60}\.[\w-]{12,120}|key-[0-9a-f]{32}\b"  # SendGrid, Mailgun
    r"|shp(?:at|ca|pa|ss)_[0-9a-fA-F]{16,80}"  # Shopify
    r"|APP_USR-[\w-]{20,200}|TEST-[\w-]{20,200}"  # Mercado Pago
    r"|sk-[\w-]{20,300}|do[opr]_v1_\w{32,100}"
    r"|AC[0-9a-f]{32}\b|SK[0-9a-f]{32}\b"  # Twilio
    r"|[MNO][\w-]{23,25}\.[\w-]{6}\.[\w-]{27,38}\b"  # Discord
    r"|EAA[A-Z](?!-[0-9A-F]{4}-[0-9A-F]{4}-)[\w-]{17,300}|cmVmd\w{17,200}|AKCp?\w{17,200}|4b1d\w{38}\b|AQVN[\w-]{17,200}"
    r"|ABSK[\w+/=]{17,200}|LTAI\w{17,40}|EZ[AT]K\w{17,100}|CLOJARS_\w{17,100}|GR1348941[\w-]{17,100}"
    r"|ATATT3[\w=-]{20,300}|A3-[A-Z0-9]{6}(?:-[A-Z0-9]{5,11}){4,5}\b|AGE-SECRET-KEY-1[A-Z0-9]{50,60}"
    r"|v1\.0-[0-9a-f]{24}-[0-9a-f]{146}|pat[A-Za-z0-9]{14}\.[0-9a-f]{64}|pat\.[\w-]{22}\.\w{24}\.\w{20}"
    r"|dp\.(?:pt|st|ct|sa|scim|audit)\.[\w.-]{40,80}|dt0c01\.[\w.]{80,100}|sl\.[\w=-]{100,1400}"
    r"|s-s4t2ud-[0-9a-f]{64}|sha256~[\w-]{43}|hv[sbr]\.[\w-]{24,300}|pk\.[\w-]{60,}\.[\w-]{20,40}"
    r"|hf_[A-Za-z]{34}\b|api_org_[A-Za-z]{34}\b|sm_[aps]at_\w{16}|FLWSECK_TEST-[\w-]{12,60}"
    r"|contribsys(?:__|\.)com[\"']?\s?[=:]\s?[\"']?[0-9a-f:]{17}"
    # An issuer's prefix and a long random part with a digit.
    r"|(?:p8e|dapi|dnkey|duffel_(?:test|live)|FLWSECK(?:_TEST)?|fo1|fm[12]|fio-u|glsa|glc|HRKU|ico"
    r"|lin_api|lin_oauth|NRAK|NRII|NRJS|NRRA|ntn|secret|API|pplx|PMAK|pnu|pul|pypi|rdme|rubygems"
    r"|tk-us|xkeysib|xsmtpsib|sntry[su]|shippo_(?:live|test)|sgp|sgp_local|sq0(?:csp|atp|idp)"
    r"|pscale_(?:tkn|oauth|pw)|tfp|pk|ops|b|live|test|key|pubkey)"
    r"(?:[_-]|(?<=dapi))(?=[\w.-]{0,40}\d)[\w.=+/-]{20,400}"
    r")"
)
_KEYS_IN_MIDDLE = re.compile(
    r"\$2[abxy]\$\d\d\$[./A-Za-z0-9]{20,60}|\$(?:1|5|6|y|apr1)\$[./A-Za-z0-9$=,]{8,200}|\$argon2(?:id|i|d)\$[^\s\"',;)]{10,300}"
)
# The secrets of `_RARE_KEYS` may begin with any character. The pattern runs only on a text that
# contains one of these parts.
_RARE_PARTS = ("-us", "|", "%7C", "atlasv1", "_mmk", ".acc", "Q~", "==", ":A")
_RARE_KEYS = re.compile(
    r"\b\d{5,16}:A[\w-]{34}\b"  # Telegram
    r"|\b[0-9a-z]{32}-us\d{1,2}\b"  # Mailchimp
    r"|\b\d{15,16}(?:\||%7C)[\w-]{27,40}"  # Facebook
    r"|\b[a-z0-9]{14}\.atlasv1\.[\w=-]{60,70}|\b\w{6}_\w{29}_mmk\b"
    r"|\b(?:sc|ext|scauth|authress)_[a-z0-9]{5,30}\.[a-z0-9]{4,6}\.acc[_-][\w-]{10,32}\.[\w+/=-]{30,120}"
    r"|(?<![\w~.])[\w~.]{3}\dQ~[\w~.-]{31,34}|(?<![\w+/=])[A-Za-z0-9+/]{86}==(?![\w+/=])"
)
_ADDRESS_SECRET = re.compile(
    r"(?P<lead>[?&;](?:amp;)?(?:key|code|hmac|ticket|assertion|verify|invite|hdn(?:ts|ea))="
    r"|(?<![\w-])refresh=(?=[^&\s]{0,80}[A-Za-z]{2}))"
    r"(?=[^&\s\"'<>]{0,80}\d)[^&\s\"'<>#]{8,4000}",
    re.IGNORECASE,
)
# The addresses of Go and Oracle have no scheme.
_LOGIN = re.compile(
    r"(?P<lead>(?<![\w./-])[\w.-]{1,64}:)[^\s:@\"'/<>]{1,200}(?=@(?:tcp|unix)\()"
    r"|(?P<user>(?<![\w./-])[A-Za-z]\w{1,30}/)[^\s/@\"']{1,100}(?=@(?://)?[\w.-]{1,100}:\d{2,5}[/:])"
)
# The host after a login; the search for it is fast.
_LOGIN_HOST = re.compile(r"@(?:(?:tcp|unix)\(|(?://)?[\w.-]{1,100}:\d{2,5}[/:])")
_DIGEST_USER = re.compile(r"(?P<scheme>://)[0-9a-f]{32}(?=@)")
_BASE64_40 = re.compile(r"(?<![A-Za-z0-9/+=_-])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=_-])")
_MOST_SLASHES = 3
_DIGIT_RUNS = re.compile(r"[0-9](?<![0-9].)(?:[ .\u00a0-]{0,2}[0-9]){11,160}(?![0-9])")
_GROUPS = re.compile(r"[0-9]+")
# A UUID, or a digest: 24 digits of MongoDB, MD5, SHA-1, SHA-2. A word of digits only is neither.
_DIGESTS = re.compile(
    r"(?<![0-9A-Za-z])(?=[0-9-]*[A-Fa-f])"
    r"(?:[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
    r"|[0-9A-Fa-f]{24}(?:[0-9A-Fa-f]{8}|[0-9A-Fa-f]{16}|[0-9A-Fa-f]{32}|[0-9A-Fa-f]{40}"
    r"|[0-9A-Fa-f]{72}|[0-9A-Fa-f]{104})?)(?![0-9A-Za-z])"
)
# ISO/IEC 7812: each issuer has lengths of its own. Without them, one of ten Shopify orders, whose
# ids have 13 digits, would be masked.
_ISSUERS = re.compile(
    r"(?:4(?:\d{12}|\d{15}|\d{18})"  # Visa
    r"|(?:5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}"  # Mastercard
    r"|3[47]\d{13}|3(?:0[0-5]|[689]\d)\d{11}(?:\d{2,5})?"  # American Express, Diners
    # Maestro, Discover, UnionPay, JCB, RuPay, Mir, Troy
    r"|(?:5[06-9]\d\d|6\d{3}|35\d\d|8[12]\d\d|220[0-4]|9792)\d{12,15})\Z"
)
_LONGEST_CARD = 19


def mask_secrets(text: str, *, has_long_word: bool) -> str:
    """Return `text` with `[masked]` in place of each secret of a known form."""
    lowered = text.lower()
    if "private" in lowered and ("begin" in lowered or "private-lines" in lowered):
        text = _PRIVATE_KEY.sub(MASK, text)
    if "kty" in text:
        text = _WEB_KEY.sub(rf"\g<lead>{MASK}", text)
    if "@" in text:
        text = _mask_logins(text)
    if "=" in text:
        text = _ADDRESS_SECRET.sub(rf"\g<lead>{MASK}", text)
    if "bearer" in lowered or "basic" in lowered:
        text = _BEARER.sub(rf"\g<kind>\g<gap>{MASK}", text)
    if any(part in text for part in _RARE_PARTS):
        text = _RARE_KEYS.sub(MASK, text)
    text = _KEYS.sub(MASK, text)
    if "$" in text:
        text = _KEYS_IN_MIDDLE.sub(MASK, text)
    text = _mask_addresses(text)
    if has_long_word:
        text = _BASE64_40.sub(_mask_aws_key, text)
    return _mask_cards(text)


def _mask_logins(text: str) -> str:
    """Mask the passwords of addresses, with and without a scheme."""
    text = _USERINFO.sub(rf"\g<scheme>{MASK}@", text)
    text = _DIGEST_USER.sub(rf"\g<scheme>{MASK}", text)
    if _LOGIN_HOST.search(text) is not None:
        text = _LOGIN.sub(lambda login: (login["lead"] or login["user"]) + MASK, text)
    return text


def is_card_number(digits: str) -> bool:
    """Whether the digits have an issuer's prefix and length, and a valid check digit (Luhn)."""
    if not _ISSUERS.match(digits):
        return False
    total = 0
    for place, digit in enumerate(reversed(digits)):
        number = int(digit) * (2 if place % 2 else 1)
        total += number - 9 if number > 9 else number
    return total % 10 == 0


def _mask_addresses(text: str) -> str:
    """Mask email addresses: find the host, then the mailbox before the host, in linear time."""
    if "@" not in text and "%40" not in text:
        return text
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
    """Mask an AWS secret key: small letters, capitals and digits, unlike a SHA-1 or a path."""
    text = match.group()
    kinds = (str.islower, str.isupper, str.isdigit)
    mixed = all(any(kind(char) for char in text) for kind in kinds)
    return MASK if mixed and text.count("/") <= _MOST_SLASHES else text


def _mask_cards(text: str) -> str:
    """Mask card numbers; keep digests and UUIDs, whose digits can look like a card number."""
    if _DIGIT_RUNS.search(text) is None:
        return text
    out: list[str] = []
    at = 0
    for known in _DIGESTS.finditer(text):
        out += (_DIGIT_RUNS.sub(_mask_run, text[at : known.start()]), known.group())
        at = known.end()
    return "".join(out) + _DIGIT_RUNS.sub(_mask_run, text[at:])


def _mask_run(match: re.Match[str]) -> str:
    """Mask each card number in a run of digit groups."""
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
    """Return the last group of the longest card number that begins at group `start`, or None."""
    digits = ""
    best = None
    for index in range(start, len(groups)):
        digits += groups[index].group()
        if len(digits) > _LONGEST_CARD:
            break
        if is_card_number(digits):
            best = index
    return best
