"""Write alike the sentences of MySQL and PostgreSQL that differ between versions and failures."""

import re

from bot.fingerprint.errors.parts.values import generalise
from bot.fingerprint.errors.sql.drivers import AFTER

_LEVEL = re.compile(r"\A(?:ERROR|FATAL|PANIC): +")
# A word that all forms contain, the forms, and the common form; in this order.
_FORMS: tuple[tuple[str, str, str], ...] = (
    # The quoted text itself can contain quotes and line ends.
    ("Duplicate entry", r"(Duplicate entry) '.{0,700}' (for key)", r"\1 '1' \2"),
    (" value", r"( value:? )'.{0,700}?' (for column)", r"\1'1' \2"),
    ("FOREIGN", r" FOREIGN KEY \(`[^\n]{0,700}", ""),
    # Two accounts have two passwords; the host is the worker's.
    ("user ", r"\buser (['\"])([\w.-]{1,64})\1(?:@'[^'\n]{0,200}')?", r"user \2"),
    ("role ", r"\brole (['\"])([\w.-]{1,64})\1", r"role \2"),
    # The database's name is not part of the cause. MySQL 8 writes the table's name before an
    # index, even if the index's name already contains the table's name.
    ("Table '", r"(Table ')[^'`.\n]{1,64}\.(?=[^.])", r"\1"),
    ("fails", r"(constraint fails \(['`])[^'`.\n]{1,64}(?:`\.`|\.)(?=[^.])", r"\1"),
    ("for key '", r"(for key ')(\w{1,64})\.(?=\w{0,64}\2)", r"\1"),
    ("`", r"(?<![.`])`\w{1,64}`\.(?=`\w{1,64}`\.`)", ""),
    # A number in an expression is a value, and its columns are the cause.
    (
        "out of range in",
        r"(value is out of range in) '[^`\n]{0,80}`(\w{1,64})`\.`(\w{1,64})`[^\n]*",
        r"\1 column '\2.\3'",
    ),
    ("for column `", r"for column (?:`\w{1,64}`\.){1,2}`(\w{1,64})`", r"for column '\1'"),
    ("`.`", r"(\b(?:table|failed for) )`\w{1,64}`\.(?=`)", r"\1"),
    ("'.'", r"(\btable )'\w{1,64}'\.(?=')", r"\1"),
    # A statement may write the column's table, or an alias of the table.
    ("Unknown column", r"(Unknown column ')(?:\w{1,64}\.){1,2}(?=\w)", r"\1"),
    (
        "does not exist",
        r"\b(column )(?:\w{1,64}\.)?\"?(\w{1,64})\"? (?=does not exist)",
        r'\1"\2" ',
    ),
    ("PROCEDURE ", r"\bPROCEDURE \w{1,64}\.(?=\w)", "PROCEDURE "),
    ("FUNCTION ", r"\bFUNCTION \w{1,64}\.(?=\w)", "FUNCTION "),
    ("routine '", r"\broutine '(?:\w{1,64}\.)?(\w{1,64})'", r"routine \1"),
    # MySQL 5.7 and MariaDB
    (
        "in GROUP BY",
        (
            r"(?:Expression #\d{1,4} of [^\n]{1,60} is not in GROUP BY clause and contains "
            r"nonaggregated column )?'(?:\w{1,64}\.)?(\w{1,64}\.\w{1,64})'"
            r"(?: which is not functionally dependent on|(?= isn't in GROUP BY))[^\n]*"
        ),
        r"column '\1' isn't in GROUP BY",
    ),
    (
        "In aggregated query",
        (
            r"In aggregated query [^\n]{1,120} nonaggregated column '(?:\w{1,64}\.)?"
            r"(\w{1,64}\.\w{1,64})'[^\n]*"
        ),
        r"column '\1' is not aggregated",
    ),
    ("near '", r"(right syntax to use)? ?near '.*", r"\1 near '1'"),
    ("corresponds", r"corresponds to your \w{1,20} server", "corresponds to your server"),
    # PostgreSQL until version 10 or 12, and since
    ("column reference", r"(column reference) \"([\w.]{1,130})\"", r"\1 \2"),
    ("denied for relation", r"permission denied for relation ", "permission denied for table "),
    ("input syntax", r"(invalid input syntax for )(?!type )", r"\1type "),
    ("maximum", r"exceeds (?:btree version \d{1,3} )?maximum \d{1,6}", "exceeds maximum 1"),
    ("bound variables", r"\Anumber of bound variables does not [^\n]*", "Invalid parameter number"),
    ("remaining conn", r"\Aremaining connection slots[^\n]*", "too many connections"),
    ("too many clients", r"\Asorry, too many clients[^\n]*", "too many connections"),
    (
        "No space left",
        r"\Acould not (?![^\n]*temporary)[^\n]{1,250}: (No space left on device)",
        r"\1",
    ),
)
_COMPILED = tuple((word, re.compile(form, re.DOTALL), common) for word, form, common in _FORMS)


def detail_of(text: str) -> str:
    """Return a sentence of MySQL or PostgreSQL with its names, without the statement."""
    end = AFTER.search(text)
    text = _LEVEL.sub("", (text[: end.start()] if end else text).strip())
    for word, form, common in _COMPILED:
        if word in text:
            text = form.sub(common, text)
    return generalise(text.partition("\n")[0])
