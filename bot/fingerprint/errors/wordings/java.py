"""Texts of Java, and of its libraries for JSON, that differ between their versions.

`errors/wordings/versions.py` describes the table.
"""

JAVA: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
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
    # The unknown value is data, as it is in PHP's text.
    (
        "Java: unknown value of an enum",
        "No enum constant",
        r"No enum constant of \g<enum>",
        (r"\ANo enum constant (?P<enum>[\w.$]{1,200})\.[^\s.]{1,100}",),
    ),
    (
        "Java: unknown value of an enum in JSON",
        "accepted for Enum class",
        r"No enum constant of \g<enum>",
        (
            (
                r"(?s)\AC[^\n]{1,20} deserialize value of type `?(?P<enum>[\w.$]{1,200})`? from "
                r"String [^\n]{1,300}: (?:not one of the values|value not one of declared)"
                r"[^\n]{0,40} accepted for Enum class.*"
            ),
        ),
    ),
)  # fmt: skip
