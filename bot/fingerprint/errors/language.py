"""Errors of a language, such as a property of null: only the file distinguishes the causes."""

import re

from bot.fingerprint.errors.parts.values import generalise
from bot.fingerprint.errors.stored.envelope import ErrorText
from bot.fingerprint.errors.stored.traces import base_name

_LEVEL = re.compile(r"(?:Warning|Notice|Deprecated|Fatal error|Error): ")
_TEXTS = re.compile(
    # PHP
    r"Allowed memory size of|Out of memory\b|Maximum execution time|Maximum function nesting"
    r"|Attempt to (?:read|assign|modify) property|Trying to get property|Undefined property"
    r"|Call to a member function \w+\(\) on |Undefined (?:variable|index|offset|array key)"
    r"|Trying to access array offset on|Serialization of .{1,200} is not allowed"
    r"|Array to string conversion|Division by zero|Modulo by zero|Unsupported operand types"
    r"|A (?:non-numeric value|non well formed numeric value) encountered"
    r"|Object of class .{1,200} could not be converted|Unhandled match case"
    r"|Cannot use object of type"
    r"|foreach\(\) argument must be|Invalid argument supplied for foreach"
    r"|Cannot access offset of type|Illegal (?:string )?offset|Uninitialized string offset"
    r"|syntax error of PHP|Argument could not be passed by ref"
    r"|Cannot use a scalar value as an array|\[\] operator not supported|Cannot unset string offset"
    r"|Using \$this when not in object context|Automatic conversion of false to array"
    r"|Too few arguments to function \{closure"
    # PHP's own functions are called everywhere, unlike the application's.
    r"|[a-z]\w{1,40}\(\): (?:wrong arg\d|Passing null to parameter|no element|the numbers of)"
    r"|Too few arguments to function [a-z]\w{1,40}\(\)"
    r"|(?:Cannot|Only arrays and Traversables can be) unpack|Nesting level too deep"
    # Node.js
    r"|Cannot read propert(?:y|ies) |Cannot set propert(?:y|ies) |Maximum call stack size"
    r"|.{1,80} is not a function\b|[\w$.]{1,80} is not defined\b|.{1,80} is not iterable\b"
    r"|Cannot (?:destructure property|convert undefined or null|access '\w+' before initialization)"
    r"|Assignment to constant variable|Reduce of empty array|Invalid array length"
    r"|Invalid time value|Cannot mix BigInt|The '[\w.]{1,60}' argument has a wrong type"
    r"|Converting circular structure to JSON|Class constructor \w+ cannot be invoked without 'new'"
    # Python
    r"|'\w+' object (?:is not |has no |cannot |does not )|unsupported operand type"
    r"|object of type '\w+' has no len|can only concatenate"
    r"|(?:string|list|tuple) ind(?:ices|ex) |\w+ indices must be"
    r"|argument of type '\w+' is not|cannot unpack non-iterable|unhashable type: "
    r"|(?:not enough|too many) values to unpack|cannot pickle '|unset variable '"
    r"|dictionary changed size during|list index out of range|could not convert string to float"
    r"|invalid literal for int\(\)|maximum recursion depth|codec \w{1,20} can't (?:en|de)code"
    r"|'[<>=]{1,2}' not supported between|generator raised StopIteration"
    r"|\w{1,80}\(\) (?:misses |got an unexpected keyword argument |takes other arguments)"
    # Ruby
    r"|undefined method [`']|undefined local variable or method |nil can't be coerced"
    r"|no implicit conversion of |comparison of \w+ with |can't modify frozen|stack level too deep"
    r"|wrong number of arguments|\w+ can't be coerced into|divided by 0\Z|missing keyword: "
    r"|key not found: |unknown keywords?: |invalid value for (?:Integer|Float)\(\)"
    r"|invalid byte sequence in |incompatible character encodings: "
    # Go
    r"|runtime error: |assignment to entry in nil map|interface conversion: |send on closed channel"
    r"|close of (?:nil|closed) channel|concurrent map |all goroutines are asleep"
)
# A library reads JSON, XML and dates for the application, so only its file names their source.
_DATE = re.compile(r"(?:Trailing data|Data missing|Unexpected data found\.?)(?=\n|\Z)")
_JSON = re.compile(
    # The words of PHP alone may be another parser's.
    r"(?:Syntax error\Z|Malformed UTF-8 characters|Control character error|State mismatch \("
    r"|Inf and NaN cannot be JSON|Expecting (?:value|property name|',')|Extra data\b"
    r"|Unterminated string|Invalid control character|Object of type \w{1,80} is not JSON"
    r"|Unexpected token \S{1,4} in JSON|Unexpected end of JSON input|unexpected token in JSON"
    r"|Unexpected character \S{1,4} in JSON|Expected BEGIN_\w{5,6} but was "
    r"|Expected a string but was BEGIN_)"
)
_CLASSES = frozenset(
    [
        "AttributeError",
        "KeyError",
        "IndexError",
        "NameError",
        "UnboundLocalError",
        "UnhandledMatchError",
        "ZeroDivisionError",
        "RecursionError",
        "MemoryError",
        "DivisionByZeroError",
        "ReferenceError",
        "NullPointerException",
        "NullReferenceException",
        "ClassCastException",
        "ArrayIndexOutOfBoundsException",
        "IndexOutOfBoundsException",
        "StringIndexOutOfBoundsException",
        "ArithmeticException",
        "OutOfMemoryError",
        "StackOverflowError",
        "ConcurrentModificationException",
        "NumberFormatException",
        "SoftTimeLimitExceeded",
        "TimeLimitExceeded",
        "JobTimeoutException",
    ]
)
# What these errors say differs between versions of Java, which said nothing at first.
_SILENT_CLASSES = frozenset(
    [
        "NullPointerException",
        "ArrayIndexOutOfBoundsException",
        "IndexOutOfBoundsException",
        "StringIndexOutOfBoundsException",
        "ConcurrentModificationException",
        "NumberFormatException",
    ]
)
# What the application reads, and the errors in it.
_DATA = (("JSON", _JSON), ("date", _DATE), ("XML", re.compile(r"XML parser error: ")))
# Python's text is only the missing key. A key with digits or spaces is data.
_KEY = re.compile(r"'[A-Za-z_]{2,60}'\Z")
# The line of Celery that looks up a task.
_TASKS = "strategies[type_]"
# Blade compiles a view to another file, whose name is a hash.
_VIEW = re.compile(r" \(View: [^\n()]{0,400}?(?P<file>[^\\/\n()]{1,100})\)")
# The trace of a compiled view may have the name that the program called it by.
_CALLED_VIEW = re.compile(
    r"(?:Mailer->send|Factory->make|View::make|->renderView)\('(?:[\w:-]{1,60}[./]){0,6}"
    r"(?P<name>[\w-]{1,80})'"
)
# Django and Jinja write only the view.
_VIEW_CLASSES = ("TemplateDoesNotExist", "TemplateNotFound")
_EXTENSIONS = re.compile(r"(?:\.(?:html|txt|jinja2?|xml|mjml)){1,3}\Z")
# Ruby's autoloader names the missing class, so the file that needs it is not part of the cause.
_CONSTANT = re.compile(r"uninitialized constant \w{1,60}(?:::\w{1,60}){0,6}")
# A queue stores the job, so the error is in the job's class, not in the file that dispatched it.
_UNSTORED = re.compile(r"Serialization of '(?P<name>[\w\\@]{1,120})")
_JOB = re.compile(
    r"(?:Object\(|\n#\d{1,2} [^\n]{0,200}: |\n#\d{1,2} \[internal function\]: )"
    r"(?P<job>App\\(?:\w{1,60}\\){0,5}\w{1,80})(?:\)|(?:->|::)(?:__sleep|__serialize|dispatch\w*)\()"
)


def language_cause(error: ErrorText) -> str | None:
    """Return the error with the application's file, or None if it is another kind of error."""
    message, class_name = error.message, error.class_name
    level = _LEVEL.match(message)
    text = message[level.end() :] if level else message
    short = re.split(r"[\\.]", class_name)[-1] if class_name else ""
    if (cause := _missing_cause(text, short, error.text) or _data_cause(text, error)) is not None:
        return cause
    # If the machine has no more threads, the file is not part of the cause.
    is_known = short in _CLASSES and "native thread" not in text
    names_itself = _TEXTS.match(text) is not None
    if not is_known and not names_itself:
        return None
    if (unstored := _UNSTORED.match(text)) is not None:
        return _unstored_cause(unstored["name"], error)
    file = _view(error) or error.own_file
    text = _words(text.partition(" (View: ")[0], short, file)
    if is_known and not names_itself:
        text = f"{short}: {text}" if text else short
    return f"{text} in {file}" if file else text


def _view(error: ErrorText) -> str | None:
    """Return a view's file, which the exception around that of the compiled view names."""
    if " (View: " in error.text and (view := _VIEW.search(error.text)) is not None:
        return view["file"]
    is_compiled = error.path is not None and base_name(error.path) is None
    called = _CALLED_VIEW.search(error.text) if is_compiled else None
    return f"{called['name']}.blade.php" if called else None


def _words(text: str, short: str, file: str | None) -> str:
    """Return the generalised words of an error of this class."""
    if short in _SILENT_CLASSES and file:
        return ""
    text = text.partition("\n")[0]
    return generalise(f"key {text}" if short == "KeyError" and _KEY.match(text) else text)


def _missing_cause(text: str, short: str, whole: str) -> str | None:
    """Return a missing class of Ruby or a missing task of Celery, whose names are the cause."""
    if (constant := _CONSTANT.match(text)) is not None:
        return constant.group()
    if short in _VIEW_CLASSES:
        return f"The view [{_EXTENSIONS.sub('', text.partition(' ')[0])}] is missing"
    is_task = short in ("NotRegistered", "ActorNotFound") or (
        short == "KeyError" and _TASKS in whole
    )
    return f"Unknown task {text.strip(chr(39))}" if is_task else None


def _data_cause(text: str, error: ErrorText) -> str | None:
    """Return an error in JSON, XML or a date, with the application's file that needs the data."""
    kind = next((kind for kind, pattern in _DATA if pattern.match(text)), None)
    if kind is None:
        return None
    text, file = generalise(text.partition("\n")[0]), error.app_file
    text = text if kind in text else f"{kind}: {text}"
    return f"{text} in {file}" if file else text


def _unstored_cause(name: str, error: ErrorText) -> str:
    name = name.partition("@anonymous")[0]
    job = _JOB.search(error.text)
    file = f"{job['job'].rpartition(chr(92))[2]}.php" if job else error.own_file
    key = f"Serialization of {name} is not allowed"
    return f"{key} in {file}" if file else key
