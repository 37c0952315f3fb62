"""Oracle's errors: every driver writes the code, and the sentence in the client's language."""

import re

from bot.fingerprint.errors.parts.values import generalise
from bot.fingerprint.errors.sql.tables import table_of

_ERROR = re.compile(r"\b(?P<code>(?:ORA|TNS|PLS)-\d{5}): (?P<text>[^\n]{1,300})")
# The names of constraints, tables and columns are the cause, unlike other quotes.
_CHAIN = re.compile(
    r"\((?P<plain>\"?[\w$#]{1,128}\"?(?:\.\"?[\w$#]{1,128}\"?){1,2})\)"
    r"|(?P<quoted>\"[\w$#]{1,128}\"(?:\.\"[\w$#]{1,128}\"){0,2})"
)
_QUOTED_NAME = re.compile(r"[\"']([\w.$#]{1,128})[\"']")
_SENTENCES = {
    "ORA-00001": "unique constraint ({}) violated",
    "ORA-02290": "check constraint ({}) violated",
    "ORA-02291": "integrity constraint ({}) violated - parent key not found",
    "ORA-02292": "integrity constraint ({}) violated - child record found",
    "ORA-01400": "cannot insert NULL into ({})",
    "ORA-01407": "cannot update ({}) to NULL",
    "ORA-00904": "{}: invalid identifier",
    "ORA-12899": "value too large for column {}",
}
# These sentences have no names; the sentence of Oracle 23 for a missing table has some.
_NAMELESS = {
    "ORA-00054": "resource busy and acquire with NOWAIT specified or timeout expired",
    "ORA-00060": "deadlock detected while waiting for resource",
    "ORA-00942": "table or view does not exist",
    "ORA-01017": "invalid username/password; logon denied",
    "ORA-01438": "value larger than specified precision allowed for this column",
    "ORA-01722": "invalid number",
    "ORA-03113": "end-of-file on communication channel",
    "ORA-03114": "not connected to ORACLE",
    "ORA-12514": "TNS:listener does not currently know of service requested in connect descriptor",
    "ORA-12541": "TNS:no listener",
    "ORA-28000": "the account is locked",
    "ORA-28001": "the password has expired",
}
_LOCKS = ("ORA-00054", "ORA-00060")
# These codes only say where an error was raised; the next line has the error.
_PLACES = ("ORA-00604", "ORA-06512", "ORA-06550", "ORA-04088")


def oracle_cause(message: str, text: str) -> str | None:
    """Return, for example, `ORA-00001: unique constraint (ERP.PK) violated`, or None.

    Locks of different tables have different causes; the statement in `text` has the table.
    """
    if "ORA-" not in message and "TNS-" not in message and "PLS-" not in message:
        return None
    errors = list(_ERROR.finditer(message, 0, 1_000))
    error = next((error for error in errors if error["code"] not in _PLACES), None)
    error = error or (errors[0] if errors else None)
    if error is None:
        return None
    code, sentence = error["code"], _sentence(error["code"], error["text"])
    table = table_of(text) if code in _LOCKS else None
    return f"{code}: {sentence} on {table}" if table else f"{code}: {sentence}"


def _sentence(code: str, text: str) -> str:
    chain = _CHAIN.search(text)
    if code in _SENTENCES and chain is not None:
        return _SENTENCES[code].format((chain["plain"] or chain["quoted"]).replace('"', ""))
    if code in _NAMELESS and chain is None:
        return _NAMELESS[code]
    # Oracle 23 adds the table and the columns.
    return generalise(_QUOTED_NAME.sub(r"\1", text.partition(" on table ")[0]))
