"""Texts of Node.js and Go that differ between their versions.

`errors/wordings/versions.py` describes the table.
"""

RUNTIMES: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    (
        "Go: the place of a panic",
        "panic [",
        "",
        (r"\Apanic \[[^\]\n]{1,300}:\d{1,7}\]: ",),
    ),
    # In brackets, because a quoted path is a value elsewhere. Directories differ between machines.
    (
        "Node.js: missing file of the program",
        "Cannot find ",
        r"Cannot find module [\g<name>]",
        (
            (
                r"(?s)\ACannot find module '\.{0,2}/[^'\n]{0,300}?(?P<name>[^'\n/]{1,100}?)"
                r"(?:\.[cm]?[jt]sx?)?'.*"
            ),
        ),
    ),
    (
        "Node.js: missing module",
        "Cannot find ",
        r"Cannot find module [\g<name>]",
        (r"(?s)\ACannot find (?:module|package) '(?P<name>[^'\n]{1,200})'.*",),
    ),
    (
        "Node.js: the reason of a rejected promise",
        "The promise rejected with the reason",
        r"\g<error>",
        (
            (
                r"(?s)\A\[?(?:UnhandledPromiseRejection: )?This error originated either by throwing"
                r".{1,300}? with the reason \"(?P<error>[^\n]{1,600}?)\"\.?(?:\].*)?\Z"
            ),
        ),
    ),
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
        "Node.js: no memory",
        " out of memory",
        "JavaScript heap out of memory",
        (
            r"(?s)\A.{0,1500}?FATAL ERROR: [^\n]{0,100}JavaScript heap out of memory.*",
            r"\AWorker terminated due to reaching memory limit: JS heap out of memory",
        ),
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
)  # fmt: skip
