"""Replace by `#` the parts of an error's text that vary: ids, values, addresses, paths, times."""

import re
from collections.abc import Callable
from itertools import pairwise

from bot.fingerprint.errors.parts.codes import is_code, words
from bot.fingerprint.errors.parts.hosts import generalise_host, generalise_path, generalise_url

_MONTHS = r"(?:jan|ene|feb|mar|apr|abr|may|jun|jul|aug|ago|sep|set|oct|nov|dec|dic)[a-zé]{0,8}\.?"
_DAYS = (
    r"(?:mon|tue|wed|thu|fri|sat|sun|lun|mar|mi[eé]|jue|vie|s[aá]b|dom)"
    r"(?:day|sday|nesday|rsday|urday|es|rcoles|ves|rnes|ado|ingo)?"
)
_CLOCK = r"\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?(?:\s?[AaPp]\.?[Mm]\b\.?)?"
_ZONE = r"(?:\s?(?:Z\b|[A-Z]{2,4}T\b|UTC\b|[+-]\d{2}:?\d{2}\b))?"
_TIME = (
    rf"\d{{4}}[-/]\d{{1,2}}[-/]\d{{1,2}}(?:[T ]{_CLOCK})?{_ZONE}"
    rf"|\d{{1,2}}[-/.]\d{{1,2}}[-/.]\d{{4}}(?:[ ,]{{1,2}}{_CLOCK})?{_ZONE}"
    rf"|(?i:(?:{_DAYS},? )?\d{{1,2}}(?: de)?[ -]{_MONTHS}(?: del?)?[ -]\d{{2,4}})\b"
    rf"(?:,? {_CLOCK})?{_ZONE}"
    rf"|(?i:(?:{_DAYS},? )?{_MONTHS} \d{{1,2}},? \d{{4}})(?:,? {_CLOCK})?{_ZONE}"
    rf"|(?i:{_DAYS} {_MONTHS} {{1,2}}\d{{1,2}}) {_CLOCK}(?: \d{{4}})?"
    rf"|{_CLOCK}{_ZONE}(?![:\w])"
)
_IPV4 = r"\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?:/\d{1,2})?"
_IPV6 = (
    r"\[?(?:(?:[0-9a-fA-F]{1,4}:){3,7}[0-9a-fA-F]{1,4}"
    r"|(?:[0-9a-fA-F]{1,4}:){1,6}(?::[0-9a-fA-F]{1,4}){1,6}|::(?:ffff:)?[0-9a-fA-F.]{1,15})\]?"
)
_MASTER = re.compile(
    r"(?P<object>#?<[\w.:]{1,120}(?: object at |:)0x[0-9a-fA-F]{1,16}[^<>\n]{0,200}>)"
    r"|(?P<url>[A-Za-z][A-Za-z0-9+.-]{1,15}://[^\s\"'<>`|\\^{}]{1,900})"
    r"|(?P<email>(?<![\w.+-])[\w.+%-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,6})"
    rf"|(?P<time>(?<![\w.:/-])(?:{_TIME}))"
    r"|(?P<uuid>(?<![0-9A-Za-z])[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}"
    r"-[0-9a-fA-F]{12}(?![0-9A-Za-z]))"
    rf"|(?P<ip>(?<![\w.:])(?:{_IPV4}|{_IPV6})(?![\w.]*\w))(?::(?P<port>\d{{1,5}}))?"
    r"|(?P<klass>(?<![\w\\])\\?[A-Za-z_]\w{0,80}(?:\\[A-Za-z_]\w{0,80}){1,12}"
    r"(?:@anonymous(?:\0?/\S{0,300}?\$[0-9a-f]{1,8})?)?)"
    r"|(?P<http>\bHTTP/\d(?:\.\d)?)"
    r"|(?P<stars>[\w-]{0,40}\*{3,80}[\w-]{0,40})"
    r"|(?P<path>(?<![\w.)])(?:(?:[A-Za-z]:)?[\\/]{1,2}|\.{1,2}/|~/)[\w.@%+~$-]{1,120}"
    r"(?:[\\/]{1,2}[\w.@%+~$-]{1,120}){1,30}[\\/]?(?::\d{1,7}|\(\d{1,7}\))?"
    r"|(?<![\w./\\])(?:[\w.@-]{1,80}/){1,20}[\w.@-]{1,120}\.\w{1,5}(?![\w/])(?::\d{1,7})?"
    r"|(?<!\w)/tmp/[\w.-]{1,120})"
    r"|(?P<file>(?<![\w./])[\w-]{1,120}\.(?:pdf|csv|xlsx?|xml|json|txt|log|zip|gz|jpe?g|png|gif"
    r"|webp|html?|docx?|sqlite3?|tmp|pem|key|wsdl|php)(?::\d{1,7}|\(\d{1,7}\))?(?![\w.]))"
    r"|(?P<quoted>(?<!\w)'(?:[^'\n]|(?<=\w)'(?=\w)){0,400}?'(?!\w)|\"[^\"\n]{0,400}\"|`[^`\n]{0,200}`"
    r"|\u201c[^\u201d\n]{0,400}\u201d|«[^»\n]{0,400}»|\u2018[^\u2019\n]{0,400}\u2019)"
    r"|(?P<half>(?<!\w)[\"'][^\"'\n]{0,2000}\Z)"
    r"|(?P<hex>0x[0-9a-fA-F]{1,32})"
    r"|(?P<host>(?<![\w.-])(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,62})\.){1,8}[A-Za-z]{2,20}"
    r"(?![\w-])(?::(?P<hostport>\d{1,5}))?)"
    r"|(?P<random>(?<!\w)[a-z]{2,6}_[A-Za-z]{14,80}(?!\w))"
    r"|(?P<token>(?<![\w])[-+]?[$€£#]?(?:(?=[^\s\d]{0,80}\d)[\w]{1,200}(?:[.,:/-]\w{1,200}){0,30}))"
)
_QUOTES = re.compile(r"""\A["'`\u201c\u2018«]|["'`\u201d\u2019»]\Z""")
_CLASSLIKE = re.compile(r"(?:\\|::|->)")
_HOSTLIKE = re.compile(
    r"(?:[a-z0-9+]{2,15}://\S+|(?:[A-Za-z0-9_-]{1,63}\.){1,8}[A-Za-z]{2,20}(?::\d{1,5})?)\Z"
)
_IDENTIFIER = re.compile(r"[\w$.@*:\[\]-]{1,90}\Z")
_DIGITS = re.compile(r"(?<![A-Za-z\d])\d+|\d{3,}")
_WORD = re.compile(r"[^\W\d_]+")


# A quoted word beside one of these words names a part of a program or a schema. It is no value.
_NAMING = words(
    """column columns object table key index property variable method function class constant
    attribute field parameter param argument arg constraint relation relationship view sequence
    database schema offset header route command driver disk guard interface trait enum module
    extension option element node tag operation action event type named collection bucket
    service queue exchange model modelo reading setting columna tabla clave llave índice indice
    propiedad método metodo función funcion clase constante atributo campo parámetro parametro
    argumento restricción restriccion relación relacion cabecera comando vista servicio tipo"""
)
# The parts of a message (SMS, mail) whose address is wrong.
_ADDRESSED = frozenset(("From", "To"))
_RUNNING = frozenset(("command", "process", "comando", "proceso"))
_ENVIRONMENT = re.compile(r"\A(?:[A-Z_]{1,40}=\S{0,300} ){1,9}")
_HOSTING = words("host server at to servidor host: service dominio domain")
# Names, not values: encodings, ciphers, and the error codes of Oracle, MongoDB and Azure.
_KNOWN_DASHED = re.compile(
    r"(?:UTF-?(?:8|16|32)|ISO-?(?:8859-\d{1,2}|8601)|CP-?125\d|X509|TLS-?1(?:\.\d)?"
    r"|(?:HMAC-?)?SHA-?(?:1|224|256|384|512)|AES-?(?:128|192|256)(?:-\w{3})?|RSA-?(?:2048|4096)"
    r"|(?:ORA|PLS|TNS)-\d{5}|(?:DPY|DPI|NJS)-\d{3,4}|E\d{5}|AADSTS\d{4,6})\Z",
    re.IGNORECASE,
)
_AMOUNT = re.compile(r"\d+(?:[.,:/-]\d+)*(?P<unit>[A-Za-zµ%]{0,5})\Z")
_SHORT_HASH = re.compile(r"[0-9a-f]{7,}\Z|\d")
_STRIPE_LIKE = re.compile(r"[a-z]{2,8}_(?:(?:test|live)_)?[A-Za-z0-9]{8,}\Z")
_NOUN_CODE = re.compile(
    r"\b(?P<noun>(?i:sku|order|pedido|orden|invoice|factura|boleta|customer|cliente|product|producto"
    r"|item|artículo|articulo|ref|reference|referencia|coupon|cupón|cupon|tracking|guía|guia|serie"
    r"|warehouse|almacén|almacen|store|tienda|lote?|token|id))(?P<gap>\s?[:=#]\s?|\s)"
    # Capital letters alone may be words.
    r"(?P<code>(?=[A-Z0-9._/]*-|[A-Z]{1,6}\d|\d{1,6}[A-Z])[A-Z0-9][A-Z0-9._/-]{2,60})(?![a-z])"
)
_METHOD = re.compile(r"\b(?:GET|POST|PUT|PATCH|DELETE|HEAD) \Z")
_NOUN_VALUE = re.compile(
    r"\b(?P<noun>(?:\w{1,30}_)?(?i:id|uuid|sku|ref|email|user|name|number|customer|cliente|pedido|order"
    r"|token)|[a-z]{2,20}I[dD])=[^\s,;&)\]\"'`<>]{1,200}"
)
_PLURAL = re.compile(
    r"(?<=# )(attempt|second|minute|hour|day|time|item|row|record|error|byte|millisecond|job|order"
    r"|product|intento|segundo|milisegundo|minuto|hora|d[ií]a|pedido|producto|fila|registro)s\b"
)
_RUN = re.compile(r"#(?:(?:\s?[,;:/+x|-]\s?|\s)?#)+")
_CLASS_LEAD = re.compile(r"(?:\A|(?<=[\s:]))[\w\\]{2,200}(?:Exception|Error|Fault)(?: -|:)?\s*\Z")
_IS_MISSING = re.compile(r"\): (?:[Ff]ailed to open stream: )?No such file or directory")
_MAX_LEAD = 70
_SPACES = re.compile(r"\s+")


def with_lead(before: str, cause: str) -> str:
    """Return an embedded error's cause after the application's text, which names the activity.

    Doctrine's text before the cause is omitted, because it repeats the query. A class name is
    omitted, because it adds nothing.
    """
    before = before.strip().rsplit("\n", 1)[-1]
    if before.startswith("An exception occurred"):
        return cause
    lead = generalise(_CLASS_LEAD.sub("", before))
    lead = lead if len(lead) <= _MAX_LEAD else lead[:_MAX_LEAD].rpartition(" ")[0]
    lead = lead.rstrip(" .(:-[")
    return f"{lead}: {cause}" if lead else cause


def generalise(text: str) -> str:
    """Return `text` on one line with `#` for values; keep hosts, names, status and error codes."""
    text = _NOUN_CODE.sub(lambda match: f"{match['noun']}{match['gap']}1", text)
    text = _NOUN_VALUE.sub(r"\g<noun>=1", text)
    text = _MASTER.sub(_replace, text)
    text = _PLURAL.sub(r"\1", _RUN.sub("#", _SPACES.sub(" ", text)))
    return text.strip(" .:;,-")


def first_words(text: str, count: int = 9) -> str:
    """Return a generalised sentence's first words: quotes of one sentence are cut at any length."""
    return " ".join(text.split()[:count]).rstrip(" .:;,-")


def _replace(match: re.Match[str]) -> str:
    replacement = _REPLACEMENTS.get(match.lastgroup or "")
    return replacement(match) if replacement else "#"


def _url(match: re.Match[str]) -> str:
    text = match.group()
    url = text.rstrip(".,;:!?)]")
    return generalise_url(url) + text[len(url) :]


def _ip(match: re.Match[str]) -> str:
    return "#" + _port(match["port"])


def _host(match: re.Match[str]) -> str:
    return generalise_host(match.group().partition(":")[0]) + _port(match["hostport"])


def _path(match: re.Match[str]) -> str:
    """Replace a file's path, which differs between machines; keep a path after an HTTP method."""
    if _METHOD.search(match.string, max(0, match.start() - 8), match.start()):
        return generalise_path("x://x" + match.group())
    return "#"


def _file(match: re.Match[str]) -> str:
    """Replace a file's name; for a missing file, replace only digits, as the name is the cause."""
    if not _IS_MISSING.match(match.string, match.end()):
        return "#"
    return re.sub(r"[^\W_]*\d[^\W_]*", "#", match.group())


def _class(match: re.Match[str]) -> str:
    name, anonymous, _ = match.group().partition("@anonymous")
    return name + anonymous


def _port(port: str | None) -> str:
    """Return a service's port. A port above 32767 is a client's, which changes (RFC 6056)."""
    return f":{port}" if port and int(port) < 32768 else ""


def _quoted(match: re.Match[str]) -> str:
    """Keep a quoted code, host, or name from a program or schema; replace other quotes by `#`."""
    text = match.group()
    inner = _QUOTES.sub("", text).strip()
    before = _last_word(match.string[: match.start()])
    if inner in _ADDRESSED:
        return f"'{inner}'"
    if inner.isdigit():
        return inner if is_code(match, inner) else "#"
    if _CLASSLIKE.search(inner) and " " not in inner and "/" not in inner:
        return inner.partition("@anonymous")[0]
    if (text[0] == "`" or _names(match)) and _IDENTIFIER.match(inner):
        return f"'{_DIGITS.sub('#', inner)}'"
    if before in _RUNNING:
        command = _ENVIRONMENT.sub("", re.sub(r"[\"']", "", inner))
        program, _, arguments = command.partition(" ")
        program = re.split(r"[\\/]", program)[-1]
        return " ".join(generalise(f"{program} {arguments}").split()[:4])
    return _quoted_host(inner, before)


def _quoted_host(inner: str, before: str) -> str:
    if not _HOSTLIKE.match(inner):
        return "#"
    if "://" in inner:
        return generalise_url(inner)
    return generalise_host(inner.partition(":")[0]) if before in _HOSTING else "#"


def _names(match: re.Match[str]) -> bool:
    before = match.string[max(0, match.start() - 40) : match.start()]
    words = [word.casefold() for word in _WORD.findall(before)[-2:]]
    # "object name 'x'" names a part of the schema; "customer name 'x'" is a value.
    name = words[0] if words[1:] == ["name"] else "".join(words[-1:])
    if name in _NAMING and not before.rstrip(" (:=[").endswith((",", "'", '"')):
        return True
    after = _WORD.match(match.string, match.end() + 1)
    return after is not None and after.group().casefold() in _NAMING


def _last_word(before: str) -> str:
    words = _WORD.findall(before[-40:])
    return words[-1].casefold() if words else ""


def _token(match: re.Match[str]) -> str:
    """Replace a run of letters and digits; keep a name that contains a digit."""
    text = match.group().lstrip("-+$€£#")
    amount = _AMOUNT.match(text)
    if amount is not None:
        if not amount["unit"] and is_code(match, text):
            return text
        return "#"
    if _KNOWN_DASHED.match(text):
        return text
    parts = re.split(r"([.,:/-])", text)
    if len(parts) == 1:
        return _name_or_id(text)
    if "-" in parts:
        return "#"
    return "".join(
        part if index % 2 or not any(char.isdigit() for char in part) else _name_or_id(part)
        for index, part in enumerate(parts)
    )


def _name_or_id(text: str) -> str:
    digits = sum(char.isdigit() for char in text)
    if digits == len(text) or _SHORT_HASH.match(text):
        return "#"
    if "_" in text:
        if _STRIPE_LIKE.match(text) and (digits or text.rpartition("_")[2] != text.lower()):
            return "#"
        return _DIGITS.sub("#", text)
    if not any(char.islower() for char in text):
        return text if len(text) <= 6 and digits <= 2 else "#"
    if len(text) >= 12 and _changes(text) > len(text) / 5:
        return "#"
    runs = len(re.findall(r"\d+", text))
    return text if runs <= 2 and digits <= 3 and len(text) - digits >= digits else "#"


def _changes(text: str) -> int:
    """Count the changes between digits, small and capital letters; `Order` has no change."""
    kinds = ["d" if char.isdigit() else "U" if char.isupper() else "l" for char in text]
    pairs = pairwise(kinds)
    return sum(kind != following and (kind, following) != ("U", "l") for kind, following in pairs)


def _random_id(match: re.Match[str]) -> str:
    """Replace ids like Stripe's (`cus_…`), which may have no digit but mix case, unlike names."""
    text = match.group()
    tail = text.rpartition("_")[2]
    jumps = sum(char.isupper() != following.isupper() for char, following in pairwise(tail))
    return "#" if jumps > len(tail) / 4 else text


_REPLACEMENTS: dict[str, Callable[[re.Match[str]], str]] = {
    "url": _url,
    "ip": _ip,
    "port": _ip,
    "host": _host,
    "hostport": _host,
    "klass": _class,
    "quoted": _quoted,
    "http": lambda _: "HTTP",
    "path": _path,
    "file": _file,
    "token": _token,
    "random": _random_id,
}
