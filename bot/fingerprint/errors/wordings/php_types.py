"""What the versions of PHP say of a value of a wrong type, such as null in place of an object.

`errors/wordings/versions.py` describes the table.
"""

_TYPE = r"(?P<type>[\w\\?|]{1,200})"
_GIVEN = r"(?P<given>[^,\n]{1,100})"
_NAME = r"[\"']?(?P<name>[^\"'\n]{1,100}?)[\"']?"
_FUNCTION = r"(?P<function>[\w\\:]{1,200}(?:\{closure[^}\n]{0,200}\})?\(\))"
_MUST = r"must (?:be (?:an instance of|of the type|an?)|implement interface)"

# What stands before the name of a value's own type.
_OF = (
    r"(?P<of>\A(?:Call to a member function \w{1,80}\(\)|Trying to access array offset) on "
    r"|: wrong arg\d{1,2}: [\w\\?|]{1,200}, not |: Return value must be of type [\w\\?|]{1,200}, )"
)

PHP_TYPES: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
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
    # PHP 8.3 writes false and true instead of bool.
    ("PHP: a given integer", "integer ", r"\g<of>int", (rf"{_OF}integer\b",)),
    ("PHP: a given number", "double ", r"\g<of>float", (rf"{_OF}double\b",)),
    ("PHP: a given truth", "boolean ", r"\g<of>bool", (rf"{_OF}boolean\b",)),
    ("PHP: a given false", "false", r"\g<of>bool", (rf"{_OF}false\b",)),
    ("PHP: a given true", " true", r"\g<of>bool", (rf"{_OF}true\b",)),
    # PHP 7 does not say which value it is.
    (
        "PHP: property of no object",
        "property ",
        r'Attempt to read property "\g<name>" on null',
        (
            rf"\ATrying to get property {_NAME} of non-object",
            rf"\AAttempt to read property {_NAME} on (?:bool|true|false|int|float|string|array)\b",
        ),
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
        "PHP: offset of a type that is none",
        "ffset",
        "Illegal offset type",
        (
            r"\AIllegal offset type\b[^\n]*",
            r"\ACannot access offset of type \S{1,80} (?:on array|in isset or empty)",
        ),
    ),
    (
        "PHP: offset of a text that is none",
        " offset",
        "Illegal string offset",
        (
            r"\AIllegal string offset [\"'][^\n]{0,80}[\"'][^\n]*",
            r"\ACannot access offset of type \S{1,80} on string",
        ),
    ),
    (
        "PHP: value that is no reference",
        " by reference",
        "Argument could not be passed by reference",
        (
            r"\ACannot pass parameter \d{1,2} by reference",
            r"\A\S{1,200}\(\): Argument [^\n]{0,60} (?:could not|cannot) be passed by reference",
        ),
    ),
    (
        "PHP: operands",
        "Unsupported operand types",
        "Unsupported operand types",
        (r"\AUnsupported operand types: [^\n]{1,200}",),
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
