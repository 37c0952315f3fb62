"""Texts of parsers of XML: most of them write libxml's words, each with its own place of the error.

`errors/wordings/versions.py` describes the table.
"""

_ERROR = r"(?P<error>[^\n]{3,200}?)"
_COMMON = r"XML parser error: \g<error>"

XML: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    (
        "PHP: SimpleXML",
        "arser error : ",
        _COMMON,
        (
            (
                r"\A[\w:]{1,60}\(\): (?:Entity|https?://\S{1,300}|[^\n:]{1,200}): line \d{1,7}: "
                r"parser error : (?P<error>[^\n]{1,200})[^\n]*"
            ),
        ),
    ),
    (
        "PHP: DOMDocument",
        ", line: ",
        _COMMON,
        (
            (
                rf"\A(?:DOMDocument::)?\w{{1,40}}\(\): {_ERROR} in (?:Entity|\S{{1,300}}), "
                r"line: \d{1,7}"
            ),
        ),
    ),
    (
        "Python: lxml",
        ", column ",
        _COMMON,
        (rf"\A{_ERROR}, line \d{{1,7}}, column \d{{1,7}}(?: \([^\n]{{1,200}}\))?\Z",),
    ),
    (
        "Python: expat",
        ", column ",
        _COMMON,
        (
            (
                r"\A(?P<error>not well-formed[^\n:]{0,30}|syntax error|no element found|mismatched "
                r"tag|undefined entity[^\n:]{0,60}|junk after document element|unclosed token"
                r"|XML[^\n:]{1,60}): line \d{1,7}, column \d{1,7}"
            ),
        ),
    ),
    (
        "Ruby: Nokogiri",
        ": FATAL: ",
        _COMMON,
        (r"\A\d{1,7}:\d{1,7}: FATAL: (?P<error>[^\n]{3,200})",),
    ),
    (
        "Java: the place in the document",
        "; columnNumber: ",
        r"XML parser error: ",
        (
            (
                r"\A(?:org\.xml\.sax\.SAXParseException; )?(?:\w{1,20}: \S{1,300}; )?"
                r"lineNumber: \d{1,7}; columnNumber: \d{1,7}; "
            ),
        ),
    ),
    (
        "Java: a page instead of a document",
        "not allowed in prolog",
        "XML parser error: Content is not allowed in prolog",
        (r"\AContent is not allowed in prolog\.?",),
    ),
)  # fmt: skip
