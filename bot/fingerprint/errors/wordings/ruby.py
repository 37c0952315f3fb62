"""Texts of Ruby and Rails that differ between their versions.

`errors/wordings/versions.py` describes the table.
"""

# A method's name, which may be an operator.
_NAME = r"[`'](?P<name>\w{1,80}[?!=]?|[^\w\s`']{1,3})'"
_METHOD = rf"undefined method {_NAME}"

RUBY: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    (
        "Ruby: method of nil",
        "undefined method",
        r"undefined method '\g<name>' for nil",
        (rf"\A{_METHOD} for nil(?::NilClass)?",),
    ),
    (
        # Ruby 3.4 names the class; older versions print the object with its values.
        "Ruby: method of another object",
        "undefined method",
        r"undefined method '\g<name>' for \g<type>",
        (
            (
                rf"(?s)\A{_METHOD} for (?:an instance of |#<)"
                r"(?P<type>[A-Z]\w{0,60}(?:::\w{1,60}){0,6})\b.*"
            ),
            (
                rf"(?s)\A{_METHOD} for (?:class |module )?"
                r"(?P<type>[A-Z]\w{0,60}(?:::\w{1,60}){0,6})(?::Class|:Module)?\b.*"
            ),
            (
                rf"(?s)\A{_METHOD} for [^\n]{{1,300}}?:"
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
        "Ruby: variable of an object",
        "undefined local variable or method",
        r"undefined local variable or method '\g<name>'",
        (
            (
                rf"(?s)\Aundefined local variable or method {_NAME}"
                r"(?: for .*)?\Z"
            ),
        ),
    ),
    (
        "Ruby: number of arguments",
        "wrong number of arguments (",
        "wrong number of arguments",
        (r"\Awrong number of arguments \([^\n]*",),
    ),
    (
        "Ruby: keywords of a call",
        "ing keyword",
        r"missing keyword: \g<names>",
        (r"\Amissing keywords?: :?(?P<names>[^\n]{1,200})",),
    ),
    ("Ruby: numbers", "Fixnum", "Integer", (r"\bFixnum\b",)),
    (
        "Ruby: value of another type",
        "can't convert ",
        r"no implicit conversion of \g<given> into \g<type>",
        (r"\Acan't convert (?P<given>[\w:]{1,80}) (?:in)?to (?P<type>[A-Z]\w{0,60})",),
    ),
    (
        "Ruby: number of nothing",
        "no implicit conversion from nil",
        "no implicit conversion of nil into Integer",
        (r"\Ano implicit conversion from nil to integer",),
    ),
    (
        "Ruby: frozen value",
        "can't modify frozen",
        r"can't modify frozen \g<type>",
        (r"(?s)\Acan't modify frozen (?P<type>[\w:]{1,80})\b.*",),
    ),
    (
        "Ruby: missing file of a program",
        "file to load -- ",
        "cannot load such file -- ",
        (r"\Ano such file to load -- ",),
    ),
    ("Ruby: bytes", "BINARY (ASCII-8BIT)", "ASCII-8BIT", (r"BINARY \(ASCII-8BIT\)",)),
    (
        "Ruby: unreadable JSON",
        "unexpected ",
        "unexpected token in JSON",
        (
            (
                r"(?s)\A(?:\d{1,4}: )?(?:unexpected token at '|unexpected character: '|expected "
                r"object key, got '|unexpected token at ''|unexpected end of input).*"
            ),
        ),
    ),
    (
        "Rails: attribute that was not read",
        "missing attribute",
        r"missing attribute '\g<name>'",
        (r"\Amissing attribute:? '?(?P<name>\w{1,80})'?(?: for [\w:]{1,100})?",),
    ),
    (
        "Ruby: no JSON, in version 1",
        "JSON text must at least contain",
        "unexpected token in JSON",
        (r"\A(?:\d{1,4}: )?A JSON text must at least contain two octets!",),
    ),
)  # fmt: skip
