r"""Write alike the texts that differ between versions of a language or a library.

Each entry of the tables has the text's name, a word that every version contains, the common text,
and a pattern for each version. Most messages have none of the words, so the words save time.
"""

import re

from bot.fingerprint.error_library_texts import LIBRARIES
from bot.fingerprint.error_service_texts import SERVICES
from bot.fingerprint.error_worker_texts import WORKERS

_TYPE = r"(?P<type>[\w\\?|]{1,200})"
_GIVEN = r"(?P<given>[^,\n]{1,100})"
_NAME = r"[\"']?(?P<name>[^\"'\n]{1,100}?)[\"']?"
_FUNCTION = r"(?P<function>[\w\\:]{1,200}\(\))"

_LANGUAGES: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    (
        "PHP: argument of a wrong type",
        "given",
        r"\g<function>: wrong arg\g<no>: \g<type>, not \g<given>",
        (
            (rf"\AArgument (?P<no>\d{{1,2}}) passed to {_FUNCTION} must be "
            rf"(?:an instance of|of the type) {_TYPE}, {_GIVEN} given[^\n]*"),
            (rf"\A{_FUNCTION}: Argument #(?P<no>\d{{1,2}})(?: \(\$\w{{1,80}}\))? must be of type "
            rf"{_TYPE}, {_GIVEN} given[^\n]*"),
            (rf"\A{_FUNCTION}:? [Ee]xpect(?:s|ed) parameter (?P<no>\d{{1,2}}) to be "
            rf"(?:an? )?{_TYPE}, {_GIVEN} given"),
        ),
    ),
    # Until version 8, PHP wrote long names of types.
    ("PHP: an integer", "integer,", r"\g<of>int", (r"(?P<of>wrong arg\d{1,2}: )integer\b",)),
    ("PHP: a truth", "boolean,", r"\g<of>bool", (r"(?P<of>wrong arg\d{1,2}: )boolean\b",)),
    (
        "PHP: type that may be null",
        " or null,",
        r"\g<start>?\g<type>,",
        (r"(?P<start>wrong arg\d{1,2}: )(?P<type>[\w\\]{1,200}) or null,",),
    ),
    (
        "PHP: returned value of a wrong type",
        "Return value of",
        r"\g<function>: Return value must be of type \g<type>, \g<given> returned",
        (
            (rf"\AReturn value of {_FUNCTION} must be (?:an instance of|of the type) {_TYPE}, "
            r"(?P<given>[^,\n]{1,100}) returned[^\n]*"),
        ),
    ),
    (
        "PHP: undefined key",
        "Undefined ",
        r'Undefined array key "\g<name>"',
        (rf"\AUndefined (?:index|offset|array key):? {_NAME}\s*\Z",),
    ),
    (
        "PHP: undefined variable",
        "Undefined variable",
        r"Undefined variable $\g<name>",
        (r"\AUndefined variable:? \$?(?P<name>\w{1,80})",),
    ),
    (
        "PHP: property of no object",
        "of non-object",
        r'Attempt to read property "\g<name>" on null',
        (rf"\ATrying to get property {_NAME} of non-object",),
    ),
    (
        "PHP: offset of no array",
        "on value of type",
        r"Trying to access array offset on \g<type>",
        (r"\ATrying to access array offset on value of type (?P<type>\w{1,20})",),
    ),
    (
        "PHP: loop over no array",
        "foreach()",
        r"foreach() argument must be of type array|object",
        (
            r"\AInvalid argument supplied for foreach\(\)",
            r"\Aforeach\(\) argument must be of type array\|object, \w{1,80} given",
        ),
    ),
    (
        "PHP: count of no array",
        "count()",
        r"count(): wrong arg1: Countable|array",
        (
            r"\Acount\(\): Parameter must be an array or an object that implements Countable",
            (r"\Acount\(\): (?:Argument #1 \(\$\w{1,20}\) must be of type|wrong arg1:) "
            r"Countable\|array, .{1,80}"),
        ),
    ),
    (
        "PHP: missing class",
        " not found",
        r'\g<kind> "\g<name>" not found',
        (r"\A(?P<kind>Class|Interface|Trait) [\"']\\?(?P<name>[\w\\]{1,200})[\"'] not found",),
    ),
    (
        "PHP: missing argument",
        "Too few arguments",
        r"Too few arguments to function \g<function>",
        (rf"\AToo few arguments to function {_FUNCTION}, \d[^\n]*",),
    ),
    (
        "PHP: undefined constant",
        "undefined constant",
        r'Undefined constant "\g<name>"',
        (r"\AUse of undefined constant (?P<name>\w{1,80}) - [^\n]*",),
    ),
    (
        "PHP: call of a method on no object",
        "on boolean",
        r"\g<call> on bool",
        (r"(?P<call>\ACall to a member function \w{1,80}\(\)) on boolean",),
    ),
    (
        "PHP: stream that does not open",
        "failed to open",
        r"Failed to open",
        (r"\bfailed to open(?= (?:dir|stream)\b)",),
    ),
    (
        "PHP: unreadable date",
        "time string",
        r"parse time string",
        (r"parse time string \(.{0,200}?\) at position \d+ \(.\)",),
    ),
    (
        "PHP: property of another type",
        "Typed property",
        r"Cannot assign \g<given> to property \g<name> of type \g<type>",
        (
            (
                r"\ATyped property (?P<name>[\w\\]{1,200}::\$\w{1,80}) must be (?:an instance of )?"
                r"(?P<type>[\w\\?|]{1,200}), (?P<given>\w{1,80}) used"
            ),
        ),
    ),
    (
        "Node.js: property of no object",
        "Cannot ",
        r"Cannot \g<verb> properties of \g<value> (\g<verb>ing '\g<name>')",
        (
            (r"\ACannot (?P<verb>read|set) property '(?P<name>[^'\n]{1,80})' of "
            r"(?P<value>undefined|null)"),
            (r"\ACannot (?P<verb>set) properties of (?P<value>undefined|null) "
            r"\(setting '(?P<name>[^'\n]{1,80})'\)"),
        ),
    ),
    (
        "Node.js: unreadable JSON",
        "Unexpected token",
        r"Unexpected token \g<token> in JSON",
        (
            r"\AUnexpected token (?P<token>[^\s'\"]) in JSON at position \d+[^\n]*",
            r"\AUnexpected token '(?P<token>[^\s'\"])', [^\n]{0,300} is not valid JSON[^\n]*",
        ),
    ),
    (
        "Ruby: method of nil",
        "undefined method",
        r"undefined method '\g<name>' for nil",
        (r"\Aundefined method [`'](?P<name>\w{1,80}[?!=]?)' for nil(?::NilClass)?",),
    ),
    (
        # Ruby 3.4 names the class; older versions print the object with its values.
        "Ruby: method of another object",
        "undefined method",
        r"undefined method '\g<name>' for \g<type>",
        (
            (
                r"(?s)\Aundefined method [`'](?P<name>\w{1,80}[?!=]?)' for (?:an instance of |#<)"
                r"(?P<type>[A-Z]\w{0,60}(?:::\w{1,60}){0,6})\b.*"
            ),
            (
                r"(?s)\Aundefined method [`'](?P<name>\w{1,80}[?!=]?)' for (?:class |module )?"
                r"(?P<type>[A-Z]\w{0,60}(?:::\w{1,60}){0,6})(?::Class|:Module)?\b.*"
            ),
            (
                r"(?s)\Aundefined method [`'](?P<name>\w{1,80}[?!=]?)' for [^\n]{1,300}?:"
                r"(?P<type>[A-Z]\w{2,30})\Z"
            ),
        ),
    ),
    (
        # A worker cannot load the class of a job that its queue contains.
        "Ruby: missing class",
        "undefined class/module",
        r"uninitialized constant \g<name>",
        (r"\Aundefined class/module (?P<name>\w{1,60}(?:::\w{1,60}){0,6})[^\n]*",),
    ),
    (
        "Ruby: missing class of a job",
        " Handler: ",
        r"\g<start>",
        (
            (
                r"(?:\AJob failed to load: )?(?P<start>uninitialized constant [\w:]{1,100}\w)"
                r"\. Handler: [^\n]*"
            ),
        ),
    ),
    (
        "Node.js: no memory",
        " out of memory",
        "JavaScript heap out of memory",
        (
            r"(?s)\A.{0,1500}?FATAL ERROR: [^\n]{0,100}JavaScript heap out of memory.*",
            r"\AWorker terminated due to reaching memory limit: JS heap out of memory",
        ),
    ),
    (
        "Java: cast to another class",
        " cannot be cast to ",
        r"\g<one> cannot be cast to \g<other>",
        (
            (
                r"\A(?:class )?(?P<one>[\w.$\[;]{1,200}) cannot be cast to (?:class )?"
                r"(?P<other>[\w.$\[;]{1,200})(?: \([^\n]*)?"
            ),
        ),
    ),
    (
        "Java: index of a list or an array",
        " out of bounds for ",
        "#",
        (r"\AInde(?:x|ces) -?\d{1,12} out of bounds for length \d{1,12}",),
    ),
)  # fmt: skip
# PHP's level of an error depends on the version: a notice of PHP 7 is a warning of PHP 8.
_LEVEL = re.compile(r"(?:Warning|Notice|Deprecated(?: Functionality)?): (?=\S)")
_ENTRIES = tuple(
    (word, common, tuple(re.compile(pattern) for pattern in patterns))
    for _, word, common, patterns in _LANGUAGES + LIBRARIES + SERVICES + WORKERS
)


def of_any_version(message: str) -> str:
    """Return the message with the texts of all versions in their common form.

    An entry's word is in the message before the first replacement.
    """
    if (level := _LEVEL.match(message)) is not None:
        message = message[level.end() :]
    for _, common, patterns in [entry for entry in _ENTRIES if entry[0] in message]:
        for pattern in patterns:
            message = pattern.sub(common, message)
    return message
