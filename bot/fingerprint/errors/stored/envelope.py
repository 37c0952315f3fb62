"""Parse a failure's stored text into class, code and message; drop the place and the trace."""

import re
from dataclasses import dataclass

from bot.fingerprint.errors.stored.log_lines import without_log_line
from bot.fingerprint.errors.stored.traces import app_file, base_name, without_frames
from bot.fingerprint.errors.stored.wrappers import unwrapped

_CLASS = (
    r"(?:\\?[A-Za-z_][\w]{0,80}(?:\\[A-Za-z_]\w{0,80}){0,12}(?:@anonymous)?"
    r"|(?:[A-Za-z_]\w{0,60}\.){1,8}[A-Z][\w$]{0,80}"
    r"|(?:[A-Z]\w{0,60}::){1,6}[A-Z]\w{0,80})"
)
_HEAD = re.compile(
    rf"(?P<cls>{_CLASS})(?P<soap> exception)?(?: \[\w{{1,60}}\])?(?::\s| - )(?P<rest>.*)\Z",
    re.DOTALL,
)
_OLD_HEAD = re.compile(rf"exception '(?P<cls>{_CLASS})'(?: with message '(?P<rest>.*))?", re.DOTALL)
_CLASS_ENDS = ("Exception", "Error", "Fault", "Throwable", "_exception", "Failure", "Warning")
# Python's libraries and old libraries of PHP have classes with other ends.
_OTHER_CLASS = re.compile(
    r"(?:[A-Z][a-z]{1,30}){1,6}(?:NotFound|NotExist|Exceeded|Timeout|ObjectsReturned|Configured"
    r")\Z|\w{1,60}_(?:Error|Exception)_\w{1,60}\Z|NoReverseMatch\Z"
)
_LEADS = re.compile(
    r"(?:PHP )?(?:Fatal error|Recoverable fatal error|Parse error|Warning|Notice|Deprecated):\s+|"
    r"Uncaught |Message: |"
    r"Error sending request to Stripe: [^\n]{0,1000}\n"
)
# Stripe's libraries write the status and the request's id first.
_STATUS_LEAD = re.compile(
    r"\A(?:\(Status \d{3}\) (?:\(Request [^)\n]{1,80}\) )?|Request req_\w{1,40}: )"
)
# CodeIgniter's queue writes "Exception: {code} - {message}", then "file: {path}:{line}".
_CODEIGNITER = re.compile(r"(?:\w+\\)*\w*Exception: (?P<code>-?\d{1,12}|[A-Z0-9]{5}) - ?")
_CODEIGNITER_PLACE = re.compile(r"\r?\nfile: ?(?P<path>[^\n]{0,400})")
# A fault of XML-RPC has Python's trace, or any other lines, on one line.
_QUOTED_TRACE = "Traceback (most recent call last):\\n"
_TRACE = re.compile(
    r"[ \t\r\n]\[?(?:Stack [Tt]race:|[Ss]tacktrace[:\]])|\n#0 |\n\nNext |\n{main}"
    # Monolog writes the exception again, as JSON.
    r"| \{\"exception\":\"\[object\]"
)
_PLACE = re.compile(
    r"[ \n]in (?P<path>(?:(?:phar://)?(?:[A-Za-z]:)?|[A-Z]{3,10}PATH)[\\/][^\n]{0,400}?"
    r"|[^\s\\/]{1,80}\.php)"
    r"(?::\d{1,7}|\(\d{1,7}\)|(?: on)? line \d{1,7}\.?)(?: ?: eval\(\)'d code[^\n]{0,40})?"
    r"['\"]?[ \t\r\n]*(?:thrown[^\n]*)?\Z"
)
# Monolog's JSON has the place behind the message.
_MONOLOG_PLACE = re.compile(
    r"\[object\] \([\w\\]{1,200}\(code: -?\w{1,12}\): [^\n]{0,1000}? at "
    r"(?P<path>[^\s:]{1,300}):\d{1,7}\)"
)
# Drupal's log names the function first.
_DRUPAL_PLACE = re.compile(
    r" in [\w\\:>-]{1,300}\(\) \(line \d{1,7} of (?P<path>[^\n()]{1,400})\)\.?\Z"
)


@dataclass(frozen=True, slots=True)
class ErrorText:
    """The class (None for plain text), the numeric code or None, and the message of a failure.

    `place`: if there is no message, the base name of the file that threw the exception.
    `path` is the complete path of that file. `text` is the whole text with its trace.
    """

    class_name: str | None
    code: str | None
    message: str
    place: str | None
    path: str | None = None
    text: str = ""

    @property
    def own_file(self) -> str | None:
        """The application's file that caused the error, else the file that threw it."""
        return self.app_file or (base_name(self.path) if self.path else None)

    @property
    def app_file(self) -> str | None:
        """The application's file in the trace; None if the trace has only files of libraries."""
        return app_file(self.text, self.path)


def read_error_text(text: str) -> ErrorText:
    """Parse the stored text; of a chain of exceptions, use the first, which is the innermost."""
    text = without_log_line(text.replace("\r\n", "\n").rstrip()).strip()
    if _QUOTED_TRACE in text or "<Fault " in text:
        text = text.replace("\\n", "\n")
    for _ in range(3):
        lead = _LEADS.match(text)
        if lead is None:
            break
        text = text[lead.end() :]
    whole, text = text, unwrapped(text)
    whole = text if whole.startswith("{") else whole
    head = _CODEIGNITER.match(text)
    if head is not None:
        return _codeigniter(text, text[head.end() :], head["code"])
    message, path = _without_place(_without_trace(text))
    if path is not None:
        # An error handler repeats PHP's own place before that of the handler.
        inner, inner_path = _without_place(message)
        message, path = (inner, inner_path) if inner_path is not None else (message, path)
    else:
        message = without_frames(message)
        if "[object] (" in text and (logged := _MONOLOG_PLACE.search(text)) is not None:
            path = logged["path"]
    error = _classed(message, base_name(path))
    # The words around the error have the job's name, and the outer exceptions have the statement.
    return ErrorText(error.class_name, error.code, error.message, error.place, path, whole)


def _codeigniter(text: str, rest: str, code: str) -> ErrorText:
    place = _CODEIGNITER_PLACE.search(rest)
    message = rest[: place.start()] if place else rest
    # If the job threw `new Exception((string) $e)`, the message is another exception's text.
    message, _ = _without_place(_without_trace(message))
    path = place["path"] if place else None
    plain_code, name = None if code == "0" else code, base_name(path)
    return ErrorText(None, plain_code, message.strip(), name, path, text)


def _without_trace(text: str) -> str:
    trace = _TRACE.search(text)
    return text[: trace.start()] if trace else text


def _without_place(text: str) -> tuple[str, str | None]:
    text = text.rstrip()
    # A message may contain file names too, so only the last " in " can begin the place.
    start = max(text.rfind(lead, max(0, len(text) - 500)) for lead in (" in ", "\nin "))
    match = _PLACE.match(text, start) or _DRUPAL_PLACE.match(text, start) if start >= 0 else None
    if match is None:
        return text, None
    return text[:start], match["path"]


def _classed(text: str, place: str | None) -> ErrorText:
    old = _OLD_HEAD.match(text)
    if old is not None:
        return ErrorText(old["cls"], None, (old["rest"] or "").strip().rstrip("'"), place)
    head = _HEAD.match(text)
    if head is not None and (head["soap"] or _is_class(head["cls"])):
        rest = _STATUS_LEAD.sub("", head["rest"].strip(), count=1)
        name = head["cls"].lstrip("\\")
        # A wrapper, such as Rails' ActiveRecord::StatementInvalid, writes the class of the cause.
        inner = _HEAD.match(rest)
        if inner is not None and _is_qualified(inner["cls"]):
            name, rest = inner["cls"].lstrip("\\"), inner["rest"].strip()
        return ErrorText(name, None, rest, place)
    bare = text.rstrip(":")
    if re.fullmatch(_CLASS, bare) is not None and _is_class(bare):
        return ErrorText(bare.lstrip("\\"), None, "", place)
    status = _STATUS_LEAD.match(text)
    if status is not None:
        return ErrorText(None, None, text[status.end() :].strip(), place)
    return ErrorText(None, None, text.strip(), place)


def _is_class(name: str) -> bool:
    if "\\" in name.lstrip("\\"):
        return True
    if name == "mysqli_sql_exception" or _is_dotted(name) or "::" in name:
        return True
    if name.endswith("Exception") or _OTHER_CLASS.match(name):
        return True
    return name[:1].isupper() and name.removesuffix("@anonymous").endswith(_CLASS_ENDS)


def _is_dotted(name: str) -> bool:
    """Whether this is a class of Python or Java, such as `django.db.utils.OperationalError`."""
    return "." in name and "\\" not in name


def _is_qualified(name: str) -> bool:
    """Whether this class has a namespace, a module or a package, so that it cannot be a word."""
    return "\\" in name.lstrip("\\") or "::" in name or (_is_dotted(name) and _is_class(name))
