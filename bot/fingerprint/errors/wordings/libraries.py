"""Texts of frameworks and libraries that differ between versions, or that contain other values.

`errors/wordings/versions.py` describes the table.
"""

LIBRARIES: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    (
        # Other modules read the table of a deadlock and the host from the stored text.
        "Laravel: the statement that failed",
        "SQL: ",
        "",
        (r"(?s) \((?:Connection: [^\n:]{1,60}, )?SQL: .*\Z",),
    ),
    (
        "Laravel: connection that is not configured",
        " not configured",
        r"Database [\g<name>] not configured",
        (r"\ADatabase connection \[(?P<name>[\w.-]{1,80})\] not configured",),
    ),
    ("Doctrine: a driver", " in the driver: ", "", (r"\AAn exception occurred in the driver: ",)),
    (
        "PHP: missing extension",
        " extension",
        r'Class "\g<name>" not found',
        (
            (
                r"(?i)\A(?:please make sure )?the (?:php )?(?P<name>Redis|Memcached|Imagick)"
                r"(?: php)? extension is (?:installed and enabled|not \w{1,20}|missing|required)"
                r"[^\n]*"
            ),
        ),
    ),
    (
        "Laravel: missing job class",
        "ncomplete",
        r"Incomplete class \g<name> of a job",
        (
            (
                r"\AJob is incomplete class: \{\"__PHP_Incomplete_Class_Name\":\""
                r"(?:\w{1,80}\\{1,4}){0,9}(?P<name>\w{1,80})\"[^\n]*"
            ),
            (
                r"\A[^\n]{0,120}\bincomplete object\. Please ensure that the class definition "
                r"\"(?:\w{1,80}\\){0,9}(?P<name>\w{1,80})\"[^\n]*"
            ),
        ),
    ),
    (
        "Laravel: validation of a field",
        " field ",
        r"The \g<field> \g<must>",
        (
            (
                r"\AThe (?P<field>[\w .]{1,60}?) field (?P<must>must|format|is not|may not|does not"
                r"|confirmation)\b"
            ),
        ),
    ),
    (
        "Laravel: payload that is no JSON",
        "Unable to JSON encode payload",
        r"Unable to JSON encode payload, error \g<no>",
        (r"\AUnable to JSON encode payload\. Error (?:code: |\()(?P<no>\d{1,2})\)?[^\n]*",),
    ),
    (
        "Laravel: wrong encryption key",
        " cipher",
        "Unsupported cipher or incorrect key length",
        (
            r"\AThe only supported ciphers are [^\n]*",
            r"\AUnsupported cipher or incorrect key length\.[^\n]*",
        ),
    ),
    (
        "Symfony: what a process wrote",
        "Error Output:",
        r'The command "\g<command>" failed: \g<error>',
        (
            (
                r"(?s)\AThe command \"(?:[A-Z_]{1,40}=\S{0,300} ){0,9}[^\s\"]{0,200}?"
                r"(?P<command>[\w.-]{1,80})'?[\s\"].{0,1400}?"
                r"Error Output:\s{1,3}={1,40}\s{1,4}(?P<error>[^\n]{3,200}).*"
            ),
        ),
    ),
    ("Symfony: a handler's name", " failed: ", "", (r"\AHandling \"[\w\\]{1,200}\" failed: ",)),
    # ImageMagick's file and line differ between its versions.
    ("ImageMagick: line", " @ ", "", (r" @ (?:error|warning|fatal)/[\w.]{1,40}/\w{1,60}/\d{1,5}",)),
    ("Laravel: more errors", " more error", "", (r" \(and \d+ more errors?\)",)),
    (
        "Laravel: missing row",
        "No query results",
        r"\g<model>",
        (r"(?P<model>No query results for model \[[^\]\n]{1,200}\])[^\n]*",),
    ),
    (
        "Laravel: many attempts",
        "too many times",
        r"\g<start>",
        (r"(?P<start>has been attempted too many times)\b[^\n]*",),
    ),
    (
        "Laravel: time-out of a job",
        "has timed out",
        r"\g<start>",
        (r"(?P<start>(?:\w\\)?\w+ has timed out)\b[^\n]*",),
    ),
    (
        "cURL: received bytes",
        "bytes received",
        " with 0 bytes received",
        (r" with \d+ out of -?\d+ bytes received",),
    ),
    ("Carbon: unreadable date", "ould not parse", "", (r"\ACould not parse '[^'\n]{0,200}': ",)),
    ("cURL: duration", " ms", "", (r" after \d+ ms\b(?=:|;| |$)",)),
    (
        "BullMQ: lost lock",
        "Missing lock for job",
        "Missing lock for job",
        (r"\AMissing lock for job [^\n]*",),
    ),
    ("Spring: no body", "[no body]", "", (r": \[no body\]\Z",)),
    (
        # The name of a missing file is part of the cause; the application's directory is not. If a
        # disk is full or a permission is missing, the file's name is not part of the cause.
        "PHP: directory of a missing file",
        "No such file",
        r"(\g<name>\g<why>",
        (
            (
                r"\((?!(?:/var)?/tmp/)(?:[^()\n]{0,400}[\\/])?(?P<name>[^()\n\\/]{1,100})"
                r"(?P<why>\): (?:Failed to open stream: )?No such file or directory)"
            ),
        ),
    ),
    (
        "Python: the arguments of an exception",
        "('",
        r"\g<text> \g<rest>",
        (r"(?s)\A\('(?P<text>[^'\n]{3,300})', (?P<rest>\{.{0,1500})\)?\Z",),
    ),
    ("MariaDB: a connection's number", "(conn=", "", (r"\A\(conn=\d{1,12}\) ",)),
    # The file's name is in unequal quotes, unlike the name of a format.
    ("ImageMagick: a file", "`", "", (r" `[^`'\s]{0,300}[./\\][^`'\s]{0,300}'",)),
    (
        "MiniMagick: what ImageMagick wrote",
        "failed with error:",
        r"\g<error>",
        (r"(?s)\A`[^`\n]{1,600}` failed with error:\n(?:\w{1,30}: )?(?P<error>[^\n]{3,200}).*",),
    ),
    (
        "Node.js: what a program wrote",
        "failed",
        r'The command "\g<command>" failed: \g<error>',
        (
            (
                r"(?s)\ACommand failed: [^\s]{0,200}?(?P<command>[\w.-]{1,80})(?: [^\n]{0,600})?\n"
                r"(?:\w{1,30}: )?(?P<error>[^\n]{3,200}).*"
            ),
        ),
    ),
    (
        "Rails: all connections are in use",
        "could not obtain a",
        "could not obtain a database connection from the pool",
        (r"\Acould not obtain a (?:database )?connection (?:from the pool )?within [^\n]*",),
    ),
    (
        "Snappy: what wkhtmltopdf wrote",
        "wkhtmltopdf",
        r"wkhtmltopdf failed: \g<error>",
        (
            (
                r"(?s)\AThe exit status code '\d{1,3}' says something went wrong:\s{1,3}stderr: "
                r"\"(?:.{0,1200}?\n(?=Error: |Exit with code))?"
                r"(?P<error>[^\n\"]{3,200}).*"
            ),
            (
                r"(?s)\A[^\n]{0,120}Loading pages \(1/6\)\n.{0,1200}?"
                r"(?P<error>(?:Error: |Exit with code)[^\n]{3,200}).*"
            ),
        ),
    ),
    (
        # A program's own error, such as Node.js' `TimeoutError: …`, has the cause's words.
        "Symfony, Node.js: an error of the program",
        "The command",
        "",
        (r"\AThe command \"[\w.-]{1,80}\" failed: (?:Uncaught )?\w{0,40}(?:Error|Exception): ",),
    ),
    (
        "Rails: a job's missing record",
        "deserialize arguments",
        "",
        (r"\AError while trying to deserialize arguments: ",),
    ),
    (
        "Laravel, PHP: a class of the container",
        "does not exist",
        r'Class "\g<name>" not found',
        (r"\A(?:Target class \[|Class \"?)(?P<name>[\w\\]{1,200})[\]\"]? does not exist",),
    ),
    (
        "Go: what was being done",
        ": ",
        "",
        (
            (
                r"\A(?:[a-z][\w ./#-]{1,60}: ){1,3}"
                r"(?=(?:json|strconv|sql|xml|yaml|template|exec|rpc|driver): |invalid connection\Z"
                r"|(?:Get|Post|Put|Patch|Delete|Head) \"https?://)"
            ),
        ),
    ),
    ("Symfony: an e-mail", "Unable to send an email: ", "", (r"\AUnable to send an email: ",)),
)
