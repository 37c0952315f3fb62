"""Texts of Node.js, Ruby, Java and Go that differ between the versions of these languages.

`error_versions.py` describes the table.
"""

# A method's name, which may be an operator.
_NAME = r"[`'](?P<name>\w{1,80}[?!=]?|[^\w\s`']{1,3})'"
_METHOD = rf"undefined method {_NAME}"

RUNTIMES: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    (
        "node-fetch: unreadable JSON",
        "invalid json response body",
        "",
        (r"\Ainvalid json response body at [^\n]{0,900}? reason: (?=\S)",),
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
    (
        "Node.js: the value that JSON.parse was given",
        " is not valid JSON",
        r"Unexpected token \g<token> in JSON",
        (r"\A\"\[?(?P<token>[ou])(?:ndefined|bject \w{1,20}\])\" is not valid JSON[^\n]*",),
    ),
    (
        "Node.js: property of a value that is not there",
        "Cannot destructure property",
        r"Cannot destructure property '\g<name>'",
        (r"\ACannot destructure property [`'](?P<name>[^`'\n]{1,80})[`'] of [^\n]*",),
    ),
    (
        "Node.js: what the iterator's property says again",
        "(cannot read property Symbol",
        "",
        (r"(?:\Aobject )?\b(?=null is not)| \(cannot read property Symbol[^\n]*",),
    ),
    (
        "Node.js: argument of a wrong type",
        " argument must be ",
        r"The '\g<name>' argument has a wrong type",
        (
            (
                r"\AThe \"?(?P<name>[\w.]{1,60})\"? argument must be (?:of type|one of type|an "
                r"instance of)[^\n]{0,300}? Received [^\n]*"
            ),
        ),
    ),
    (
        "Node.js: module of the other system",
        " ES Module",
        "ES Module in a CommonJS module",
        (
            r"(?s)\AMust use import to load ES Module: .*",
            r"(?s)\Arequire\(\) of ES Module [^\n]{1,400} not supported.*",
        ),
    ),
    (
        "Puppeteer: time-out of a page",
        "avigation ",
        "Navigation timeout of the page",
        (r"\ANavigation [Tt]imeout (?:of \d{1,9} ?ms exceeded|Exceeded: \d{1,9} ?ms exceeded)",),
    ),
    (
        "Puppeteer: browser that does not start",
        "Failed to launch ",
        "Failed to launch the browser",
        (r"(?s)\AFailed to launch (?:the browser process|chrome|chromium)!.*",),
    ),
    (
        "Puppeteer: missing browser",
        "Could not find ",
        "Could not find the browser",
        (r"(?s)\ACould not find (?:Chrome|Chromium|browser) \(?(?:ver\.|rev\.|revision) .*",),
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
        "Java: unreadable field of JSON",
        "Unrecognized field ",
        r"Unrecognized field '\g<name>' of class \g<type>",
        (
            (
                r"(?s)\AUnrecognized field \"(?P<name>[^\"\n]{1,100})\" \([Cc]lass "
                r"(?P<type>[\w.$]{1,200})\).*"
            ),
        ),
    ),
    (
        "Java: array of JSON",
        " deserialize ",
        r"Cannot deserialize \g<type> from a JSON \g<token>",
        (
            (
                r"(?s)\ACan ?not deserialize (?:instance|value) of (?:type )?`?"
                r"(?P<type>[\w.$]{1,200}(?:<[\w.$<>, ]{1,200}>)?)`? "
                r"(?:out of|from [A-Z]\w{2,20} value \(token `JsonToken\.)\s?"
                r"START_(?P<token>ARRAY|OBJECT)\b.*"
            ),
        ),
    ),
    (
        "Java: class without a constructor for JSON",
        " construct",
        r"Cannot construct \g<type> from JSON",
        (
            (
                r"(?s)\A(?:Cannot construct instance of `?|Can not construct instance of |No "
                r"suitable constructor found for type \[simple type, class )"
                r"(?P<type>[\w.$]{1,200})`?.*"
            ),
        ),
    ),
    (
        "Java: class that is not for JSON",
        "No serializer found for class",
        r"No serializer found for class \g<type>",
        (r"(?s)\ANo serializer found for class (?P<type>[\w.$]{1,200}) and .*",),
    ),
    (
        "Java: page instead of JSON",
        "Unexpected character (",
        r"Unexpected character \g<char> in JSON",
        (r"(?s)\AUnexpected character \('(?P<char>.)' \(code \d{1,6}[^)\n]{0,40}\)\):? .*",),
    ),
    (
        "Go: index",
        "out of range",
        r"\g<text>",
        (r"(?P<text>\Aruntime error: (?:index|slice bounds) out of range)\b[^\n]*",),
    ),
    (
        "Go: the function that parses a number",
        "strconv.Parse",
        r"strconv.Atoi: ",
        (r"strconv\.Parse(?:Int|Uint): ",),
    ),
    (
        "Go: the place of a panic",
        "panic [",
        "",
        (r"\Apanic \[[^\]\n]{1,300}:\d{1,7}\]: ",),
    ),
)  # fmt: skip
