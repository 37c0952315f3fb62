"""Texts of databases' clients and mappers that differ between versions, or that contain values.

`errors/wordings/versions.py` describes the table.
"""

DATABASES: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    (
        "MongoDB: duplicate key",
        "E11000",
        r"\g<index>",
        (
            (
                r"\A[^\n]{0,300}?(?P<index>E11000 duplicate key error collection: \S{1,120} "
                r"index: \S{1,120})[^\n]*"
            ),
        ),
    ),
    (
        "Prisma: the violated constraint of a model",
        " invocation",
        r"prisma.\g<model>: \g<error>",
        (
            (
                r"(?s)\AInvalid `(?:[\w$]{1,40}\.){1,6}(?P<model>\w{1,60})\.\w{1,40}\(\)` "
                r"invocation.{0,1500}?\n"
                r"(?P<error>[^\n]{0,60}(?:constraint|column|required|[Rr]ecord)[^\n]{0,300})\Z"
            ),
        ),
    ),
    (
        "Prisma: other errors",
        " invocation",
        r"\g<error>",
        (
            (
                r"(?s)\AInvalid `[\w$]{1,40}\.[^`\n]{1,120}` invocation.{0,1500}\n"
                r"(?P<error>[^\n.]{3,300}).*"
            ),
        ),
    ),
    (
        "PHP: a lost connection to MySQL",
        "Error while sending ",
        "Error while sending a packet to MySQL",
        (r"\A(?:[\w:]{1,40}\(\): )?Error while sending [A-Z_]{1,20} packet[^\n]*",),
    ),
    (
        "PHP: packets of MySQL",
        "Packets out of order",
        "Packets of MySQL out of order",
        (r"\A(?:[\w:]{1,40}\(\): )?Packets out of order\.[^\n]*",),
    ),
    (
        "Ecto: no free connection",
        "dropped from queue",
        r"\g<start>",
        (r"(?P<start>connection not available and request was dropped from queue) after [^\n]*",),
    ),
    (
        "ClickHouse: the answer of its server",
        "HTTPDriver for ",
        "",
        (
            (
                r"\A:?HTTPDriver for \S{1,300} (?:returned response|received ClickHouse error) "
                r"code:? \d{1,4}\)?\s{1,3}"
            ),
        ),
    ),
    ("PyMongo: the whole answer", "full error", "", (r",? full error: \{.*",)),
)
