"""Decide whether every value of one column can be copied into another unchanged.

A server in strict mode refuses most values that do not fit, but MariaDB 10.11 cuts a long text in
`INSERT … SELECT` without an error. The definitions of the two columns may prove that a copy is
lossless. Without this proof, the bot checks the value's length and compares the copy afterwards.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, func, literal_column, true

from bot.database.definitions import INTEGER_BYTES, ColumnDefinition

_CONTAINS: Mapping[str, frozenset[str]] = {
    "utf8mb4": frozenset({"ascii", "latin1", "latin2", "cp1250", "cp1251", "utf8", "utf8mb3"}),
    "utf8mb3": frozenset({"ascii", "latin1", "latin2", "cp1250", "cp1251", "utf8"}),
    "utf8": frozenset({"ascii", "latin1", "latin2", "cp1250", "cp1251", "utf8mb3"}),
    "latin1": frozenset({"ascii"}),
}
"""The character sets that each character set contains completely."""

_MOST_BYTES: Mapping[str, int] = {"ascii": 1, "latin1": 1, "utf8": 3, "utf8mb3": 3, "utf8mb4": 4}
"""The bytes of the longest character of each character set; sets not listed have at most four."""

UNLIMITED_BYTES = 2**32 - 1
"""The maximum bytes of LONGTEXT and LONGBLOB; a server's largest packet has fewer bytes."""


@dataclass(frozen=True, slots=True)
class CopyRisk:
    """The risk of copying `source` into `destination`.

    `too_long`: a value may be too long for the destination. `may_differ`: the server may accept
    a value and store a changed one.
    """

    source: ColumnDefinition
    destination: ColumnDefinition
    too_long: bool
    may_differ: bool


def copy_risk(source: ColumnDefinition, destination: ColumnDefinition) -> CopyRisk | None:
    """Return the risk of a copy, or None if the definitions prove that it is lossless."""
    if source.is_text and destination.is_text:
        too_long = not _holds_length(source, destination)
        may_differ = not _holds_characters(source, destination)
    elif source.is_binary and destination.is_binary:
        too_long = (source.bytes or 0) > (destination.bytes or 0)
        may_differ = source.type == "binary" or destination.type == "binary"
    elif source.type in INTEGER_BYTES and destination.type in INTEGER_BYTES:
        negative = not source.is_unsigned and destination.is_unsigned
        too_long = source.largest > destination.largest or negative
        may_differ = False
    else:
        too_long = (source.is_text or source.is_binary) and not _holds_length(source, destination)
        may_differ = (source.type, source.is_unsigned) != (
            destination.type,
            destination.is_unsigned,
        ) or (source.fraction or 0) > (destination.fraction or 0)
    if not too_long and not may_differ:
        return None
    return CopyRisk(source, destination, too_long, may_differ)


def _holds_characters(source: ColumnDefinition, destination: ColumnDefinition) -> bool:
    """Whether the destination can hold all characters of the source."""
    # MySQL rewrites a document that is stored as JSON; MariaDB's JSON is a LONGTEXT.
    if "json" in (source.type, destination.type):
        return source.type == "json" and destination.type in ("json", "longtext")
    # A CHAR loses trailing spaces.
    if "char" in (source.type, destination.type) and source.type != destination.type:
        return False
    ours, theirs = source.charset or "utf8mb4", destination.charset or "utf8mb4"
    return ours == theirs or ours in _CONTAINS.get(theirs, frozenset())


def _holds_length(source: ColumnDefinition, destination: ColumnDefinition) -> bool:
    """Whether the longest text of the source fits, in characters and in bytes."""
    characters, limit = source.characters or 0, destination.bytes or 0
    if limit >= UNLIMITED_BYTES:
        return True
    if destination.type in ("char", "varchar"):
        return characters <= (destination.characters or 0)
    if source.charset == destination.charset:
        return (source.bytes or 0) <= limit
    return characters * _MOST_BYTES.get(destination.charset or "", 4) <= limit


def fits(value: ColumnElement[str], risk: CopyRisk) -> ColumnElement[bool]:
    """The SQL condition that the source's value is short enough for the destination."""
    if not risk.too_long:
        return true()
    destination = risk.destination
    if destination.type in INTEGER_BYTES:
        least = 0 if destination.is_unsigned else -destination.largest - 1
        return and_(value >= least, value <= destination.largest)
    if destination.type in ("char", "varchar"):
        return func.char_length(value) <= destination.characters
    stored = value
    if destination.charset is not None and destination.charset != risk.source.charset:
        stored = in_charset(value, destination.charset)
    return func.octet_length(stored) <= destination.bytes


def in_charset(value: ColumnElement[str], charset: str) -> ColumnElement[str]:
    """The value converted to this character set, as the server would store it."""
    name: ColumnElement[str] = literal_column(charset)
    return func.convert(value.op("USING", return_type=value.type)(name), type_=value.type)
