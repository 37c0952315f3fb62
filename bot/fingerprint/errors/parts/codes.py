"""Distinguish codes (a status, an error number) from numbers that differ in each failure."""

import re
from http import HTTPStatus

_WORD = re.compile(r"[^\W\d_]+")


def words(text: str) -> frozenset[str]:
    """Return the words of a text as a set."""
    return frozenset(text.split())


_ERRORS = words("error errno status estado signal err errcode sqlcode")
_CODED = words("code código codigo")
_FAILING = words(
    """error errors exit status response respuesta return retorno returned failed falló fallo got
    received expected http curl errno sql fault rejected rechazado rechazó"""
)
_BRACED_CODE = re.compile(r"(?:\A|[(\[,;] ?)c[oó]d(?:e|igo)\W{0,3}\Z", re.IGNORECASE)
_PORTS = frozenset(("port", "puerto"))
_ANSWERS = words(
    """http https status response responded returned returns return respondió respondio devolvió
    devolvio retornó retorno respuesta received got recibió recibido answered contestó estado
    failed falló"""
)
_ARROWS = ("->", "=>", "\u2192")
_UNITS = words(
    """rows row items item bytes byte ms milliseconds seconds second minutes times records products
    orders filas bytes segundos milisegundos minutos veces registros productos pedidos"""
)
_THINGS = words(
    """order orden pedido store tienda product producto item id customer cliente invoice factura
    row record job user usuario sku line línea number número"""
)
# A service's number before its sentence, such as `SUNAT 1033: …`. Not every client writes it.
_NUMBER = (
    r"[\[(#]?(?:(?:soap|env|soap-env|SOAP-ENV|S):)?(?P<soap>(?:Client|Server)\.)?"
    r"(?P<no>-?\d{1,6})[\])]?(?:: | - |\. |(?<=[\])]) |(?(soap) ))(?:Rejei[cç][aã]o: )?"
    r"(?=[^\W\d_]{1,30}[ ,](?:\S{1,60} ){2})"
)
_LABELLED = re.compile(
    r"\A(?!(?:SKU|ID|PO|RUC|DNI|NIT|CUIT|VAT)\b)"
    r"(?:[Ee]rror )?(?:[A-Z][A-Z0-9]{1,15}(?: [A-Z][A-Z0-9]{0,5})?"
    r"|(?:[A-Z]\w{1,20} )?(?:[Ff]ault|[Ee]rror|[Cc]ode|[Cc][oó]digo)|Rejei[cç][aã]o:)(?: error)? "
    + _NUMBER
)
# Both parts of an answer with a label each.
_FIELDS = re.compile(
    r"\A(?:[Cc][oó]digo|[Cc]ode|[Ee]rror|faultcode)(?::|=| :)? ?(?:[\w-]{1,12}[:.]){0,2}"
    r"(?P<no>\d{1,6})[,;. -]{1,4}"
    r"(?:[Mm]ensaje|[Mm]essage|[Dd]escripci[oó]n|[Dd]escription|faultstring)(?::|=| :) ?(?=\S)"
)
# Without a label, a short number may count something.
_ALONE = re.compile(r"\A(?=\W{0,2}\d{3})" + _NUMBER)
_THREE_DIGITS = re.compile(r"(?<![\w.:/#-])(?P<status>[45]\d\d)(?![\w./-])")
_STATUSES = {str(status.value): status.phrase.casefold() for status in HTTPStatus}


def without_number(text: str) -> str | None:
    """Return the sentence after a service's number for it, or None if there is no such number."""
    match = _LABELLED.match(text) or _ALONE.match(text) or _FIELDS.match(text)
    if match is None or (match["no"] >= "400" and match["no"] in _STATUSES):
        return None
    return text[match.end() :]


def is_code(match: re.Match[str], digits: str) -> bool:
    """Whether a number is a code (a status, an error number) and not an id."""
    if not digits.isascii() or not digits.isdigit():
        return False
    before = match.string[max(0, match.start() - 60) : match.start()]
    after = match.string[match.end() : match.end() + 40].lstrip(" :-,)")
    preceding = [word.casefold() for word in _WORD.findall(before)[-8:]]
    near = preceding[-4:]
    if _is_status(digits, before, near, after):
        return True
    if near and near[-1] in _PORTS:
        return len(digits) <= 5 and int(digits) < 32768
    if not near or len(digits) > 4 or not before.rstrip(" :=#([\"'")[-1:].isalpha():
        return False
    if near[-1] in _CODED:
        # "customer with code 4512" names a customer; "failed with code 1" names the failure.
        return not _FAILING.isdisjoint(preceding[:-1]) or _BRACED_CODE.search(before) is not None
    return near[-1] in _ERRORS


def find_status(text: str) -> re.Match[str] | None:
    """Return the first number of a text that is an HTTP status, or None."""
    for number in _THREE_DIGITS.finditer(text):
        before, after = text[: number.start()], text[number.end() :].lstrip(" :-,)")
        near = [word.casefold() for word in _WORD.findall(before[-60:])[-4:]]
        if _is_status(number.group(), before[-60:], near, after[:40]):
            return number
    return None


def is_of_thing(before: str) -> bool:
    """Whether the number after these words names a thing, such as an order."""
    near = _WORD.findall(before[-60:])
    return bool(near) and near[-1].casefold() in _THINGS


def _is_status(digits: str, before: str, near: list[str], after: str) -> bool:
    """Whether a number is an HTTP status.

    A number is a status if the status's reason phrase follows the number. A number from 400 is also
    a status at the beginning of the text, or beside words about a response.
    """
    phrase = _STATUSES.get(digits)
    if phrase is None or (near and near[-1] in _THINGS):
        return False
    if after.casefold().startswith(phrase) or before.rstrip().endswith(_ARROWS):
        return True
    unit = _WORD.match(after)
    if digits < "400" or (unit is not None and unit.group().casefold() in _UNITS):
        return False
    return not before.strip(" [(") or not _ANSWERS.isdisjoint(near)
