"""Write alike the sentences of MySQL and PostgreSQL that differ between versions and failures."""

import re

from bot.fingerprint.error_sql_drivers import AFTER
from bot.fingerprint.error_values import generalise

_USER = re.compile(r"\b(user|role) (?P<q>['\"])(?P<name>[\w.-]{1,64})(?P=q)(?:@'[^'\n]{0,200}')?")
_LEVEL = re.compile(r"\A(?:ERROR|FATAL|PANIC): +")
# In this order. Two accounts have two passwords; the host is the worker's.
_SAME = tuple(
    (re.compile(pattern, re.DOTALL), common)
    for pattern, common in (
        # The quoted text itself can contain quotes and line ends.
        (
            r"(Duplicate entry|Entrada duplicada) '.{0,700}' (for key|para la (?:clave|llave))",
            r"\1 '1' \2",
        ),
        (r"( value:? )'.{0,700}?' (for column)", r"\1'1' \2"),
        (r" FOREIGN KEY \(`[^\n]{0,700}", ""),
        (_USER.pattern, r"\1 \g<name>"),
        # The database's name is not part of the cause. MySQL 8 writes the table's name before an
        # index, even if the index's name already contains the table's name.
        (r"((?:Table|constraint fails) \(?['`])[^'`.\n]{1,64}(?:`\.`|\.)(?=[^.])", r"\1"),
        (r"(for key '|la (?:clave|llave) ')(\w{1,64})\.(?=\w{0,64}\2)", r"\1"),
        (r"(?<![.`])`\w{1,64}`\.(?=`\w{1,64}`\.`)", ""),
        # A number in an expression is a value, and its columns are the cause.
        (
            r"(value is out of range in) '[^`\n]{0,80}`(\w{1,64})`\.`(\w{1,64})`[^\n]*",
            r"\1 column '\2.\3'",
        ),
        (r"for column (?:`\w{1,64}`\.){1,2}`(\w{1,64})`", r"for column '\1'"),
        (r"(\b(?:table|failed for) )(?:`\w{1,64}`|'\w{1,64}')\.(?=[`'])", r"\1"),
        (r"\b(PROCEDURE|FUNCTION|routine) ('?)\w{1,64}\.(?='?\w)", r"\1 \2"),
        # MySQL 5.7 and MariaDB
        (
            (
                r"(?:Expression #\d{1,4} of [^\n]{1,60} is not in GROUP BY clause and contains "
                r"nonaggregated column )?'(?:\w{1,64}\.)?(\w{1,64}\.\w{1,64})'"
                r"(?: which is not functionally dependent on|(?= isn't in GROUP BY))[^\n]*"
            ),
            r"column '\1' isn't in GROUP BY",
        ),
        (
            (
                r"In aggregated query [^\n]{1,120} nonaggregated column '(?:\w{1,64}\.)?"
                r"(\w{1,64}\.\w{1,64})'[^\n]*"
            ),
            r"column '\1' is not aggregated",
        ),
        (r"(right syntax to use|sintaxis)? ?(near|cerca de|cerca) '.*", r"\1 \2 '1'"),
        (r"corresponds to your \w{1,20} server version", "corresponds to your server version"),
        # PostgreSQL until version 10 or 12, and since
        (r"(column reference) \"([\w.]{1,130})\"", r"\1 \2"),
        (r"permission denied for relation ", "permission denied for table "),
        (r"(invalid input syntax for )(?!type )", r"\1type "),
        (r"exceeds (?:btree version \d{1,3} )?maximum \d{1,6}", "exceeds maximum 1"),
        (r"\A(?:remaining connection slots|sorry, too many clients)[^\n]*", "too many connections"),
        (r"\Acould not [^\n]{1,250}: (No space left on device)", r"\1"),
    )
)


def detail_of(text: str) -> str:
    """Return a sentence of MySQL or PostgreSQL with its names, without the statement."""
    end = AFTER.search(text)
    text = _LEVEL.sub("", (text[: end.start()] if end else text).strip())
    for pattern, common in _SAME:
        text = pattern.sub(common, text)
    return generalise(text.partition("\n")[0])
