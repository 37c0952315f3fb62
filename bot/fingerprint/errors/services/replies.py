"""Error replies of servers that have codes of their own: Redis, AMQP, SMTP, Elasticsearch.

The clients of one server have different classes and write different words around one reply.
"""

import re

from bot.fingerprint.errors.parts.notations import as_json
from bot.fingerprint.errors.parts.values import first_words, generalise

_REDIS_REPLY = re.compile(
    r"(?:`[A-Z]{2,20}` failed: )?(?P<code>[A-Z]{3,15}) (?P<text>[^\n]{1,300})"
)
# Not every client has a class of its own, but these sentences are only Redis'.
_REDIS_OWN = re.compile(
    r"OOM command not allowed|MISCONF |READONLY You can't write|NOAUTH Authentication"
    r"|LOADING Redis is"
    r"|CLUSTERDOWN |MASTERDOWN |NOSCRIPT No matching|WRONGPASS invalid|NOPERM |BUSY Redis is busy"
    r"|TRYAGAIN |CROSSSLOT "
)
# A reply with one of these codes has several causes; only its sentence names the cause.
_VAGUE_REPLIES = frozenset(("ERR", "EXECABORT", "WRONGTYPE"))
# Python's client removes the code of a reply.
_REDIS_SENTENCES = (
    ("MAXCLIENTS", "max number of clients reached"),
    ("LOADING", "Redis is loading the dataset"),
    ("NOAUTH", "Authentication required"),
    ("NOPERM", "this user has no permissions"),
    ("NOSCRIPT", "No matching script"),
    ("OOM", "command not allowed when used memory"),
    ("READONLY", "You can't write against a read only"),
    ("WRONGPASS", "invalid username-password pair"),
)
_AMQP_REPLY = re.compile(
    r"\b(?P<code>ACCESS_REFUSED|CHANNEL_ERROR|COMMAND_INVALID|CONNECTION_FORCED|FRAME_ERROR"
    r"|INTERNAL_ERROR|INVALID_PATH|NOT_ALLOWED|NOT_FOUND|NOT_IMPLEMENTED|PRECONDITION_FAILED"
    r"|RESOURCE_ERROR|RESOURCE_LOCKED|SYNTAX_ERROR|UNEXPECTED_FRAME)"
    r" - (?P<text>[^\n\"]{1,300})"
)
_MECHANISM = re.compile(r" using authentication mechanism ")
_AMQP = re.compile(r"amqp|rabbit|vhost|\bchannel\b|queue|exchange|broker", re.IGNORECASE)
_MAILER = re.compile(r"SMTP|Expected response code|Transport|Mail|recipients", re.IGNORECASE)
# The enhanced code (RFC 3463) repeats the code. A server may repeat both in each line.
_MAIL_REPLY = re.compile(
    r"(?:with message \"|: |\A|\(|\{)(?P<code>[45]\d\d)(?:[ -]|, b?['\"])"
    r"(?:[45]\.\d{1,3}\.\d{1,3}[ ,:-]{0,3})?(?P<text>[^\n\"]{2,300})"
)
# Nodemailer's errors have no class of their own.
_MAIL_WRONG = re.compile(
    r"Expected response code|\AInvalid login: |\ASMTP Error: |all recipients were rejected"
    r"|\A(?:Mail|Message|Data|Recipient) (?:command )?failed: "
)
_MAIL_ADDRESS = re.compile(r"<[^<>\s]{0,200}@[^<>\s]{0,200}>")
# RFC 4954: the login was refused. Servers and libraries write different words for this.
_MAIL_LOGINS = ("530", "534", "535")
# Mailers write so if all ways to log in were refused.
_LOGIN_REFUSED = re.compile(
    r"\ASMTP Error: Could not authenticate|\AFailed to authenticate on SMTP server"
)
# PHPMailer writes the code of a reply after its text.
_PHPMAILER = re.compile(
    r" Detail: (?:[45]\.\d{1,3}\.\d{1,3} )?(?P<text>[^\n]{2,300}?) SMTP code: (?P<code>[45]\d\d)\b"
)
# PHPMailer writes the reply to each recipient without its code. RFC 5321: 550 refuses a mailbox.
_RECIPIENTS = re.compile(
    r"\ASMTP Error: The following recipients failed: \S{1,200}: (?:5\d\d )?(?:5\.\d\.\d )?"
    r"(?P<text>[^\n\"]{2,300})"
)
# A service of mail has the same sentence for its answers through SMTP and through its API.
_MAIL_SERVICES = (
    ("SES", "Daily message quota exceeded"),
    ("SES", "Maximum sending rate exceeded"),
    ("SES", "Email address is not verified"),
    ("SES", "Sending paused for this account"),
    ("SES", "Sending suspended for this account"),
    ("SendGrid", "Maximum credits exceeded"),
    ("SendGrid", "The from address does not match a verified Sender Identity"),
    ("Postmark", "marked as inactive"),
    ("Mailgun", "Sandbox subdomains are for test purposes only"),
    ("Mailgun", "Free accounts are for test purposes only"),
    ("Mailtrap", "Too many emails per second"),
    ("Gmail", "Daily user sending limit exceeded"),
    ("Gmail", "Daily user sending quota exceeded"),
    ("Exchange", "Concurrent connections limit exceeded"),
    ("Exchange", "Client does not have permissions to send as this sender"),
)
# A service documents these codes; the sentence has values, may be cut, and is not always there.
_DOCUMENTED = (
    ("AADSTS", "Azure", re.compile(r"\b(?P<code>AADSTS\d{4,8})\b")),
    ("CFDI", "SAT", re.compile(r"\b(?P<code>CFDI\d{5})\b")),
    ("CRP", "SAT", re.compile(r"\b(?P<code>CRP\d{5})\b")),
    ("NOM", "SAT", re.compile(r"\b(?P<code>NOM\d{2,3})\b")),
    ("CCE", "SAT", re.compile(r"\b(?P<code>CCE\d{3})\b")),
    ("Regla: ", "DIAN", re.compile(r"\bRegla: (?P<code>[A-Z]{2,5}\d{2,3}[a-z]?), Rechazo\b")),
)
_LDAP = re.compile(r"ldap", re.IGNORECASE)
# RFC 4511 has the codes, and each library has OpenLDAP's words for them.
_LDAP_REPLY = re.compile(
    r"Can't contact LDAP server|Invalid credentials|Insufficient access|No such object"
    r"|Already exists|Object class violation|Constraint violation|Server is unwilling to perform"
    r"|Size limit exceeded|Time limit exceeded|Timed out|Strong\(er\) authentication required"
    r"|Operations error"
)
_ELASTIC = re.compile(r"elastic|opensearch|searchkick|chewy", re.IGNORECASE)
# Node.js' client has no class of its own, but it writes the code twice.
_ELASTIC_OWN = re.compile(r"(?P<code>[a-z_]{3,60}_exception): \[(?P=code)\] Reason: ")
_ELASTIC_CODE = re.compile(r"(?:[\"']|\A(?=\w{1,60}: \[))(?P<code>[a-z_]{3,60}_exception)\b[\"':]")
_ELASTIC_REASON = re.compile(
    r"(?:\"reason\"\s?:\s?\"|_exception', ['\"]|\] Reason: )(?P<text>(?:[^\"\\\n]|\\.){3,300})"
)
_QUOTE_END = "')"
_ELASTIC_INDEX = re.compile(r"no such index \[(?P<index>[^\]\n]{1,120})\]")
# The number names the block: 12 is a full disk, and versions write different words and statuses.
_ELASTIC_BLOCKED = re.compile(r"blocked by: \[[A-Z_]{4,30}/(?P<no>\d{1,3})/")
_NO_NODES = re.compile(
    r"No alive nodes?\b(?: found in your cluster|\. All the )|No Living connections"
)
# These exceptions have several causes; only the reason names the cause.
_ELASTIC_VAGUE = re.compile(
    r"illegal_argument|illegal_state|mapper_parsing|document_parsing|parsing|x_content_parse"
    r"|query_shard|strict_dynamic_mapping|status|validation|invalid_index_name"
)


def reply_cause(message: str, class_name: str | None) -> str | None:
    """Return a server's error code, such as `Redis NOAUTH`, or None for other errors."""
    return (
        _redis_cause(message, class_name)
        or _amqp_cause(message, class_name)
        or _elastic_cause(message, class_name)
        or _mail_cause(message, class_name)
        or _documented_cause(message)
        or _ldap_cause(message, class_name)
    )


def _redis_cause(message: str, class_name: str | None) -> str | None:
    is_client = class_name is not None and (
        "redis" in class_name.casefold() or class_name == "ReplyError"
    )
    if not is_client and not _REDIS_OWN.match(message):
        return None
    reply = _REDIS_REPLY.match(message)
    if reply is not None and reply["code"] not in _VAGUE_REPLIES:
        return f"Redis {reply['code']}"
    text = message.removeprefix("ERR ")
    code = next((code for code, words in _REDIS_SENTENCES if text.startswith(words)), None)
    return f"Redis {code}" if code else None


def _amqp_cause(message: str, class_name: str | None) -> str | None:
    if " - " not in message:
        return None
    reply = _AMQP_REPLY.search(message, 0, 600)
    if reply is None or not _AMQP.search(f"{class_name} {message[:600]}"):
        return None
    sentence = generalise(_MECHANISM.split(reply["text"].partition(". ")[0])[0])
    return f"AMQP {reply['code']}: {first_words(sentence)}"


def _mail_cause(message: str, class_name: str | None) -> str | None:
    start = message[:1_000]
    for service, sentence in _MAIL_SERVICES:
        if sentence in start:
            return f"{service}: {sentence}"
    if not _MAILER.search(class_name or "") and not _MAIL_WRONG.search(message):
        return None
    reply = _PHPMAILER.search(message, 0, 1_000) or _MAIL_REPLY.search(message, 0, 1_000)
    if reply is None and _LOGIN_REFUSED.match(message) and "Expected response" not in message:
        return "SMTP 535: login refused"
    if reply is None:
        recipients = _RECIPIENTS.match(message)
        return _mail_key("550", recipients["text"]) if recipients else None
    if reply["code"] in _MAIL_LOGINS:
        return f"SMTP {reply['code']}: login refused"
    return _mail_key(reply["code"], reply["text"])


def _mail_key(code: str, reply: str) -> str:
    """Return the code and the first words of the reply without the recipient's address."""
    text = generalise(_MAIL_ADDRESS.sub("1", reply.partition("\\r\\n")[0].strip("'\" )}")))
    return f"SMTP {code}: {first_words(text, 6)}"


def _elastic_cause(message: str, class_name: str | None) -> str | None:
    if _NO_NODES.match(message):
        return "Elasticsearch: No alive nodes"
    is_client = _ELASTIC.search(class_name or "") is not None
    if not is_client and '"root_cause"' not in message and not _ELASTIC_OWN.match(message):
        return None
    if (blocked := _ELASTIC_BLOCKED.search(message)) is not None:
        return f"Elasticsearch cluster_block_exception {blocked['no']}"
    message = as_json(message)
    code = _ELASTIC_CODE.search(message)
    return f"Elasticsearch {code['code']}{_elastic_detail(code['code'], message)}" if code else None


def _documented_cause(message: str) -> str | None:
    for word, service, pattern in _DOCUMENTED:
        code = pattern.search(message, 0, 2_000) if word in message else None
        if code is not None:
            return f"{service} {code['code']}"
    return None


def _ldap_cause(message: str, class_name: str | None) -> str | None:
    if not _LDAP.search(class_name or "") and not _LDAP.match(message):
        return None
    reply = _LDAP_REPLY.search(message, 0, 1_000)
    return f"LDAP: {reply.group()}" if reply else None


def _elastic_detail(code: str, message: str) -> str:
    """Return the missing index, or the reason if the code is vague."""
    index = _ELASTIC_INDEX.search(message)
    if index is not None:
        return f" [{generalise(index['index'])}]"
    reason = _ELASTIC_REASON.search(message) if _ELASTIC_VAGUE.match(code) else None
    if reason is None:
        return ""
    return f": {first_words(generalise(reason['text'].rstrip(_QUOTE_END)))}"
