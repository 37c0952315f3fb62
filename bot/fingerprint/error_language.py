"""Errors of a language, such as a property of null: only the file distinguishes the causes."""

import re

from bot.fingerprint.error_envelope import ErrorText
from bot.fingerprint.error_values import generalise

_LEVEL = re.compile(r"(?:Warning|Notice|Deprecated|Fatal error|Error): ")
_TEXTS = re.compile(
    r"Allowed memory size of|Out of memory\b|Maximum execution time of|Maximum function nesting"
    r"|Attempt to (?:read|assign|modify) property|Trying to get property|Undefined property"
    r"|Call to a member function \w+\(\) on |Undefined (?:variable|index|offset|array key)"
    r"|Trying to access array offset on|Serialization of .{1,200} is not allowed"
    r"|Array to string conversion|Division by zero|Modulo by zero|Unsupported operand types"
    r"|A non-numeric value encountered|Object of class .{1,200} could not be converted"
    r"|Cannot use object of type|foreach\(\) argument must be|Invalid argument supplied for foreach"
    r"|Cannot access offset of type|Illegal (?:string )?offset|Uninitialized string offset"
    r"|Cannot read propert(?:y|ies) |Cannot set propert(?:y|ies) |Maximum call stack size"
    r"|.{1,80} is not a function\b|.{1,80} is not defined\b|.{1,80} is not iterable\b"
    r"|'NoneType' object |JavaScript heap out of memory"
)
_CLASSES = frozenset(
    [
        "AttributeError",
        "KeyError",
        "IndexError",
        "NameError",
        "UnboundLocalError",
        "ZeroDivisionError",
        "RecursionError",
        "MemoryError",
        "DivisionByZeroError",
        "ReferenceError",
        "NullPointerException",
        "ClassCastException",
        "ArrayIndexOutOfBoundsException",
        "IndexOutOfBoundsException",
        "StringIndexOutOfBoundsException",
        "ArithmeticException",
        "OutOfMemoryError",
        "StackOverflowError",
        "ConcurrentModificationException",
    ]
)
# Python's text is only the missing key. A key with digits or spaces is data.
_KEY = re.compile(r"'[A-Za-z_]{2,60}'\Z")
# Blade compiles a view to another file, whose name is a hash.
_VIEW = re.compile(r" \(View: [^\n()]{0,400}?(?P<file>[^\\/\n()]{1,100})\)")
# This text differs between versions of PHP.
_VERSIONS = ((re.compile(r"\bon value of type "), "on "),)


def language_cause(error: ErrorText) -> str | None:
    """Return the error with the application's file, or None if it is another kind of error."""
    message, class_name = error.message, error.class_name
    level = _LEVEL.match(message)
    text = message[level.end() :] if level else message
    short = re.split(r"[\\.]", class_name)[-1] if class_name else ""
    if short not in _CLASSES and not _TEXTS.match(text):
        return None
    for pattern, plain in _VERSIONS:
        text = pattern.sub(plain, text)
    view = _VIEW.search(text)
    text = text[: view.start()] if view else text
    text = text.partition("\n")[0]
    text = f"key {text}" if short == "KeyError" and _KEY.match(text) else text
    text = generalise(text)
    if short in _CLASSES and not _TEXTS.match(message):
        text = f"{short}: {text}" if text else short
    file = view["file"] if view else error.own_file
    return f"{text} in {file}" if file else text
