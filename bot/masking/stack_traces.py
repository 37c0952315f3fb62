"""Replace all arguments of calls in PHP's stack traces and messages."""

import re

ARGUMENTS = "(…)"

_FRAME = re.compile(r"#\d{1,4} (?:[^\n(]{1,400}\(\d{1,7}\)|\[internal function\]): ")
_METHOD = r"(?:->|::)\w{1,80}\("
# Without such a part, the slower pattern of functions would match nothing more.
_FUNCTIONS = (
    *("mysql", "pg_", "oci_", "odbc_", "ldap_", "ftp_", "imap_", "sqlsrv_", "mssql_", "ssh2_"),
    "db2_",
)
_METHOD_CALL = re.compile(_METHOD)
_CALL = re.compile(
    rf"{_METHOD}|\b(?:mysqli?|pg|oci|odbc|ldap|ftp|imap|sqlsrv|mssql|ssh2|db2)_\w{{1,40}}\("
)
_QUOTES = re.compile(r"[\"']")
_LONGEST_CALL = 600


def mask_arguments(text: str) -> str:
    """Return `text` with `(…)` for the arguments of each call that has any, in linear time."""
    if "(" not in text:
        return text
    if "#" in text:
        text = _without_frame_arguments(text)
    return _without_call_arguments(text) if "->" in text or "::" in text or "_" in text else text


def _without_frame_arguments(text: str) -> str:
    """Replace the arguments in frames: `#0 /srv/x.php(12): PDO->__construct('…', 'root', …)`."""
    frames = list(_FRAME.finditer(text))
    out: list[str] = []
    at = 0
    for number, frame in enumerate(frames):
        limit = frames[number + 1].start() if number + 1 < len(frames) else len(text)
        line_end = text.find("\n", frame.end(), limit)
        line_end = limit if line_end < 0 else line_end
        opening = text.find("(", frame.end(), line_end)
        if opening < 0:
            continue
        closing = text.rfind(")", opening, line_end)
        if closing < 0:
            # An argument contains line breaks, or the text was cut.
            closing = text.rfind(")", opening, limit)
        end = limit if closing < 0 else closing + 1
        if end > opening + 2:
            out += (text[at:opening], ARGUMENTS)
            at = end
    return "".join(out) + text[at:]


def _without_call_arguments(text: str) -> str:
    """Replace quoted arguments of a call in a message: `PDO->__construct('mysql:…', 'root', …)`."""
    pattern = _CALL if any(part in text for part in _FUNCTIONS) else _METHOD_CALL
    out: list[str] = []
    at = search_from = 0
    while (call := pattern.search(text, search_from)) is not None:
        start = call.end() - 1
        end = _closing(text, start)
        if _QUOTES.search(text, start, end) is not None:
            out += (text[at:start], ARGUMENTS)
            at = end
        search_from = max(end, call.end())
    return "".join(out) + text[at:]


def _closing(text: str, opening: int) -> int:
    """Return the end of a call's arguments: after the closing parenthesis, or at the line's end."""
    depth, quote = 0, ""
    limit = min(len(text), opening + _LONGEST_CALL)
    for place in range(opening, limit):
        char = text[place]
        if char == "\n":
            return place
        if quote:
            quote = "" if char == quote and text[place - 1] != "\\" else quote
        elif char in "\"'":
            quote = char
        elif char == "(":
            depth += 1
        elif char == ")":
            depth -= 1
            if depth == 0:
                return place + 1
    return limit
