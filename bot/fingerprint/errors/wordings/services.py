"""Texts of the clients of services and servers that differ between versions and languages.

`errors/wordings/versions.py` describes the table.
"""

SERVICES: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    (
        "AWS: no credentials",
        "instance profile metadata",
        r"\g<start>",
        (r"(?P<start>Error retrieving credentials from the instance profile metadata)[^\n]*",),
    ),
    (
        "Mailers: malformed address",
        "does not comply",
        r"Email address does not comply with RFC 2822",
        (
            (
                r"\A(?:Email \"[^\n]{0,300}?\"|Address in mailbox given \[[^\n]{0,300}?\]) does "
                r"not comply with [^\n]*"
            ),
        ),
    ),
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
        "Flysystem: the file of an operation",
        " location: ",
        "",
        (r"\AUnable to \w{3,10} (?:a |the )?file (?:at|from) location: [^\n]{1,300}?\. (?=\S)",),
    ),
    (
        "Twilio: what was being done",
        " record",
        "",
        (
            (
                r"\A(?:\[HTTP \d{3}\] |HTTP \d{3} error: )?(?:\d{5} : )?Unable to \w{4,8} record"
                r"(?:: |\n)"
            ),
        ),
    ),
    (
        "Azure: what the service answered",
        "Value:",
        r"\g<error>",
        (r"(?s)\AFail:\s{1,3}Code: \d{3}\s{1,3}Value: (?P<error>[^\n]{3,300}).*",),
    ),
    (
        "XML-RPC: the text of a fault",
        "<Fault ",
        r"\g<text>",
        (r"(?s)\A<Fault -?\w{1,20}: ['\"](?P<text>.{1,1500}?)['\"]>?\s*\Z",),
    ),
    (
        "Mailgun: what the service answered",
        "Check your inputs!",
        "",
        (r"\AThe parameters passed to the API were invalid\. Check your inputs!\s{1,4}(?=\S)",),
    ),
    (
        # Python's and PHP's clients may have the lines of a fault as escapes.
        "Odoo: a required field without a value",
        " mandatory field is not ",
        r"Odoo requires \g<field> of \g<model>",
        (
            (
                r"(?s)\A.{0,800}?Model: [^(\n]{1,80}\((?P<model>[\w.]{2,60})\), "
                r"Field: [^(\n]{1,80}\((?P<field>\w{1,60})\).*"
            ),
            (
                r"(?s)\A.{0,300}?required value for the field [^(\n]{1,80}\((?P<field>\w{1,60})\)"
                r"[^(]{1,100}\((?P<model>[\w.]{2,60})\).*"
            ),
        ),
    ),
    (
        "Kafka: the text of an error",
        "KafkaError{",
        r"\g<text>",
        (r"KafkaError\{code=\w{1,60},val=-?\d{1,5},str=\"(?P<text>[^\"\n]{1,300})\"\}",),
    ),
    ("PyMongo: the whole answer", "full error", "", (r",? full error: \{.*",)),
    (
        "PHP's SSH: the user of a login",
        "ssh2_auth_",
        r"\g<start>",
        (r"(?P<start>ssh2_auth_\w{1,30}\(\): Authentication failed) for [^\n]{1,120}",),
    ),
    (
        "MinIO: the file of an operation",
        "S3 operation failed",
        r"S3 \g<bucket> \g<code>",
        (
            (
                r"(?s)\AS3 operation failed; code: (?P<code>\w{1,60}),"
                r".{1,900}?\bbucket_name: (?P<bucket>[\w.-]{1,63}).*"
            ),
        ),
    ),
    (
        "PrestaShop: the status of an answer",
        "PrestaShop Web Services failed",
        r"HTTP status \g<no>",
        (
            (
                r"\AThis call to PrestaShop Web Services failed and returned an HTTP status of "
                r"(?P<no>\d{3})[^\n]*"
            ),
        ),
    ),
)
