"""DB2's errors, whose drivers write either a sentence or only its number and names."""

import re

from bot.fingerprint.errors.parts.values import generalise

_SHORT = re.compile(
    r"SQLCODE[=:] ?-?(?P<no>\d{1,5}), SQLSTATE[=:] ?(?P<state>\w{5})"
    r"(?:, SQLERRMC[=:] ?(?P<names>[^,\n]{0,300}))?"
)
_LONG = re.compile(r"\bSQL(?P<no>\d{4,5})N {1,2}(?P<names>[^\n]{1,800})")
_QUOTED = re.compile(r"\"([^\"\n]{1,130})\"")


def db2_cause(message: str) -> str | None:
    """Return, for example, `DB2 803: #, ERP.ORDERS`, or None for other errors."""
    if "SQLCODE" not in message and "SQL0" not in message and "SQL1" not in message:
        return None
    short, long = _SHORT.search(message), _LONG.search(message)
    match = short or long
    if match is None:
        return None
    text = match["names"] or ""
    names = text.split(";") if short else _QUOTED.findall(text)
    written = ", ".join(generalise(name) for name in names if name)
    return f"DB2 {int(match['no'])}: {written}".rstrip(": ")
