"""Texts of PHP that differ between its versions, or between the libraries that convert them.

`errors/wordings/versions.py` describes the table.
"""

_NAME = r"[\"']?(?P<name>[^\"'\n]{1,100}?)[\"']?"
_FUNCTION = r"(?P<function>[\w\\:]{1,200}(?:\{closure[^}\n]{0,200}\})?\(\))"

PHP: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
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
        "PHP: missing argument, until version 7",
        "Missing argument ",
        r"Too few arguments to function \g<function>",
        (rf"\AMissing argument \d{{1,2}} for {_FUNCTION}, called in [^\n]*",),
    ),
    (
        "PHP: missing argument of PHP's own function",
        " expects ",
        r"Too few arguments to function \g<function>",
        (
            (
                rf"\A{_FUNCTION} expects (?:exactly|at least|at most) \d{{1,2}} "
                r"(?:parameter|argument)s?, \d{1,2} given"
            ),
        ),
    ),
    (
        "PHP: undefined constant",
        "ndefined c",
        r'The constant "\g<name>" is undefined',
        (
            r"\AUse of undefined constant (?P<name>\w{1,80}) - [^\n]*",
            r"\AUndefined constant \"?(?:\w{1,80}\\){0,9}(?:\w{1,80}::)?(?P<name>\w{1,80})\"?",
            r"\AUndefined class constant [\"'](?:\w{1,80}::)?(?P<name>\w{1,80})[\"']",
        ),
    ),
    (
        "PHP: syntax",
        "syntax error, unexpected",
        "syntax error of PHP",
        (r"\Asyntax error, unexpected [^\n]*",),
    ),
    (
        "PHP: function that is declared twice",
        "Cannot redeclare ",
        r"Cannot redeclare \g<name>()",
        (r"\ACannot redeclare (?:function )?(?P<name>[\w\\:]{1,200})\(\)[^\n]*",),
    ),
    (
        # Since version 8, a disabled function does not exist.
        "PHP: disabled function",
        "has been disabled for security",
        r"Call to undefined function \g<name>()",
        (r"\A(?P<name>\w{1,80})\(\) has been disabled for security reasons",),
    ),
    (
        "PHP: private method",
        " from ",
        r"\g<start>",
        (
            (
                r"(?P<start>\ACall to (?:private|protected) (?:method )?"
                r"[\w\\]{1,200}::\w{1,80}\(\)) from (?:context|scope|global scope)[^\n]*"
            ),
        ),
    ),
    (
        "PHP: static property",
        "undeclared static property",
        r"\g<start> ",
        (r"(?P<start>\AAccess to undeclared static property):? ",),
    ),
    (
        "PHP: method that is not static",
        "called statically",
        r"\g<start> cannot be called statically",
        (r"(?P<start>\ANon-static method \S{1,200}) (?:should not|cannot) be called statically",),
    ),
    (
        "PHP: numbers of elements",
        "array_combine()",
        "array_combine(): the numbers of elements differ",
        (r"\Aarray_combine\(\): (?:Both parameters|Argument #1 )[^\n]*",),
    ),
    (
        "PHP: no element",
        "(): Ar",
        r"\g<function>: no element",
        (
            (
                r"\A(?P<function>(?:max|min|array_rand)\(\)): (?:Array must contain at least one "
                r"element|Array is empty|Argument #1 \(\$\w{1,20}\) (?:must contain at least one "
                r"element|cannot be empty|must not be empty))"
            ),
        ),
    ),
    (
        # PHP 8 throws what earlier versions wrote as the warning of a method.
        "PHP: the method that wrote a warning",
        "(): ",
        "",
        (
            (
                r"\A(?:DateTime|DateTimeImmutable|DateTimeZone|DateInterval|ZipArchive|SoapClient"
                r"|SimpleXMLElement|DOMDocument|IntlDateFormatter|NumberFormatter)::\w{1,40}\(\): "
                r"(?!wrong arg|Argument #|Passing null)"
            ),
        ),
    ),
    (
        "PHP: the words of libraries before an error of JSON",
        "json_",
        "",
        (r"\Ajson_(?:en|de)code(?:\(\))?(?: error)?: (?=[A-Z])",),
    ),
    (
        "Guzzle: an error of JSON, until version 6",
        "JSON",
        r"\g<error>",
        (
            (
                r"\AUnable to parse (?:JSON data: JSON_ERROR_\w{1,20} - |response body into JSON: "
                r"\d{1,2} \()(?P<error>Syntax error|[A-Z][\w -]{3,80})(?:, [^\n)]{1,80})?\)?"
            ),
        ),
    ),
    (
        "PHP: too little of a date",
        "satisfy format",
        "Data missing",
        (r"\ANot enough data available to satisfy format",),
    ),
    (
        "PHP: stream that does not open",
        "ailed to open",
        r"Failed to open \g<what>",
        (r"\b[Ff]ailed to open (?P<what>dir|stream)(?:ectory)?\b",),
    ),
    (
        "PHP: unreadable date",
        "time string",
        r"parse time string",
        (r"parse time string \(.{0,200}?\) at position \d+ \(.\)",),
    ),
    (
        "PHP: time of a job",
        "Maximum execution time",
        "Maximum execution time exceeded",
        (r"\AMaximum execution time of [\d+]{1,12} seconds? exceeded(?: \(terminated\))?",),
    ),
    (
        "PHP: memory of the machine",
        "Out of memory (allocated",
        "Out of memory",
        (r"\AOut of memory \(allocated[^\n]*",),
    ),
    (
        "PHP: unknown time zone",
        "nknown or bad timezone",
        "Unknown or bad timezone",
        (r"\AUnknown or bad timezone \([^\n]*",),
    ),
    (
        "PHP: class that is declared twice",
        " class ",
        r"Cannot redeclare class \g<name>",
        (
            r"\ACannot declare class (?P<name>[\w\\]{1,200}), because the name is already[^\n]*",
            r"\ACannot redeclare class (?P<name>[\w\\]{1,200}) \([^\n]*",
        ),
    ),
    (
        "PhpSpreadsheet: cell of a formula",
        "Formula Error: ",
        "Formula Error: ",
        (r"\A[^\n]{1,80}![A-Z]{1,3}\d{1,7} -> Formula Error: ",),
    ),
    (
        "PHP: unknown encoding",
        "ncoding",
        r"\g<function>: unknown encoding",
        (
            rf"\A{_FUNCTION}: Unknown encoding\b[^\n]*",
            rf"\A{_FUNCTION}: Argument #\d{{1,2}} [^\n]{{1,60}} must be a valid encoding, [^\n]*",
        ),
    ),
)  # fmt: skip
