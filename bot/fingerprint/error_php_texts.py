"""Texts of PHP that differ between its versions, or between the libraries that convert them.

`error_versions.py` describes the table.
"""

_TYPE = r"(?P<type>[\w\\?|]{1,200})"
_GIVEN = r"(?P<given>[^,\n]{1,100})"
_NAME = r"[\"']?(?P<name>[^\"'\n]{1,100}?)[\"']?"
_FUNCTION = r"(?P<function>[\w\\:]{1,200}(?:\{closure[^}\n]{0,200}\})?\(\))"
_MUST = r"must (?:be (?:an instance of|of the type|an?)|implement interface)"

PHP: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    (
        "PHP: argument of a wrong type",
        "given",
        r"\g<function>: wrong arg\g<no>: \g<type>, not \g<given>",
        (
            (rf"\AArgument (?P<no>\d{{1,2}}) passed to {_FUNCTION} "
            rf"{_MUST} {_TYPE}, {_GIVEN} given[^\n]*"),
            (rf"\A{_FUNCTION}: Argument #(?P<no>\d{{1,2}})(?: \(\$\w{{1,80}}\))? must be of type "
            rf"{_TYPE}, {_GIVEN} given[^\n]*"),
            (rf"\A{_FUNCTION}:? [Ee]xpect(?:s|ed) parameter (?P<no>\d{{1,2}}) to be "
            rf"(?:an? )?{_TYPE}, {_GIVEN} given"),
        ),
    ),
    (
        "PHP: argument of a wrong type of a closure",
        "{closure",
        "{closure}()",
        (r"(?:[\w\\:]{1,200})?\{closure[^}\n]{0,200}\}\(\)",),
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
            (rf"\AReturn value of {_FUNCTION} {_MUST} {_TYPE}, "
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
        "undefined constant",
        r'Undefined constant "\g<name>"',
        (r"\AUse of undefined constant (?P<name>\w{1,80}) - [^\n]*",),
    ),
    (
        "PHP: undefined constant, as version 8 writes it",
        "Undefined constant",
        r'Undefined constant "\g<name>"',
        (r"\AUndefined constant \"(?:\w{1,80}\\){1,9}(?P<name>\w{1,80})\"",),
    ),
    (
        "PHP: call of a method on no object",
        "on boolean",
        r"\g<call> on bool",
        (r"(?P<call>\ACall to a member function \w{1,80}\(\)) on boolean",),
    ),
    (
        "PHP: call of a method on no object, until version 7",
        " on a non-object",
        r"\g<call> on null",
        (r"(?P<call>\ACall to a member function \w{1,80}\(\)) on a non-object",),
    ),
    (
        "PHP: property that is set on no object",
        "Attempt to assign property",
        "Attempt to assign property on null",
        (r"\AAttempt to assign property [^\n]{1,90} (?:on null|of non-object)",),
    ),
    (
        "PHP: property that is set on no object, until version 7",
        "Creating default object",
        "Attempt to assign property on null",
        (r"\ACreating default object from empty value",),
    ),
    (
        "PHP: offset of a text",
        "string offset",
        r"Uninitialized string offset",
        (r"\AUninitialized string offset:? -?\d{1,9}",),
    ),
    (
        "PHP: operands",
        "Unsupported operand types",
        "Unsupported operand types",
        (r"\AUnsupported operand types: [^\n]{1,200}",),
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
        "PHP: pieces of a text",
        "implode()",
        "implode(): wrong arg2: array",
        (
            r"\Aimplode\(\): Invalid arguments passed",
            r"\Aimplode\(\): (?:Argument must be an array|wrong arg[12]: \??array, [^\n]{1,80})",
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
)  # fmt: skip
