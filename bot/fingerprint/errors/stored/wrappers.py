"""Remove what workers, loggers and languages write around an error, so that only the error is left.

The same error stands in a log's line, in a JSON object, or behind a worker's words about the job.
"""

import re

from bot.fingerprint.payload_tree import open_text, plain

# Queues and serverless platforms store an error as an object: its class, message and frames.
_STRING = r"\"\s?:\s?\[?\"(?P<text>(?:[^\"\\]|\\.){1,1900})"
_NAME = re.compile(
    r"\"(?:name|error_?class|exception_?class|exception|exc_type|error_?type|errorType|type|kind)"
    + _STRING
)
_MESSAGE = re.compile(
    r"\"(?:message|error_?message|errorMessage|exception_?message|exc_message|msg|error)" + _STRING
)
_FRAMES = re.compile(
    r"\"(?:stack|stack_?trace|stackTrace|(?:error_)?back_?trace|trace|traceback|exc_info|errorStack)\"\s?:\s?"
    r"(?:\"(?P<text>(?:[^\"\\]|\\.){1,1900})|\[(?P<list>[^\]]{1,1900}))"
)
_LIST_ENTRY = re.compile(r"\"((?:[^\"\\]|\\.){1,400})\"?")
_CLASS = re.compile(r"[A-Z][\w.:\\]{2,120}\Z|(?:[a-z_]\w{0,60}\.){1,8}[A-Z]\w{1,80}\Z")
# A response's body has no class of a language. Sidekiq and Celery store errors without frames.
_ERROR_CLASS = re.compile(
    r"(?:[\w.:\\]{0,100}[.:\\])?[A-Z]\w{1,80}(?:[a-z]Error|Exception|Exceeded|NotFound|Lost)\Z"
    r"|[A-Z]\w{0,60}(?:::[A-Z]\w{0,60}){1,5}\Z"
)
# Words of a worker or a logger before the error. The job's id is in them, never the cause.
_WORKER = re.compile(
    r"(?:"
    r"Task (?:handler raised error: |[\w.]{1,120}\[[\w-]{8,40}\] "
    r"(?:raised (?:unexpected|exception|error): |retry: Retry in [\w.: ]{1,30}: ))"
    r"|\[ActiveJob\] (?:\[[\w:-]{1,80}\] ){1,3}"
    r"|Error performing [\w:]{1,80} \(Job ID: [\w-]{1,40}\) from [^\n]{1,60}? in [\d.]{1,12}ms: "
    r"|(?:\[Worker\([^)\n]{1,80}\)\] )?Job [^\n]{1,120}? \(id=\d{1,12}\)[^\n]{0,60} FAILED "
    r"\(\d{1,4} prior attempts\) with "
    r"|action failed via [\w ]{1,30}: |Job failed to load: |task failed: "
    r"|Error thrown while handling message [^\n]{1,300}? Error: \""
    r"|panic: |thread '[^'\n]{1,60}' panicked at "
    r"|Unhandled exception in thread [^\n]{1,80}\n|Unhandled (?:promise )?rejection:? "
    r"|Exception in thread \"[^\"\n]{1,80}\" "
    r"|(?:\[error\] )?\*\* (?=\())+"
)
_TIME_LIMIT = re.compile(
    r"Task (?P<task>[\w.]{1,120})\[[\w-]{8,40}\] raised \w{1,12}: "
    r"(?P<soft>Soft)?TimeLimitExceeded\b"
)
# Elixir writes the class in brackets; Rails' log writes the message so.
_ELIXIR = re.compile(r"\((?P<name>[A-Z]\w{0,60}(?:\.[A-Z]\w{0,60}){0,7})\) (?=\S)")
_RAILS = re.compile(
    # Python's traces begin with a word in the same form.
    r"(?!Traceback )(?P<name>[A-Z]\w{0,60}(?:::[A-Z]\w{0,60}){0,5}) "
    r"\((?P<text>[^\n]{3,600}?)\):(?=\n|\Z)"
)
_PYTHON_REPR = re.compile(
    r"(?P<name>[A-Z]\w{2,60}(?:Error|Exception|Exceeded|Timeout))"
    r"\((?P<quote>['\"])(?P<text>.{3,600}?)(?P=quote)(?:, [^\n]{0,80})?,?\)(?=\n|\Z)"
)
_QUOTE_END = re.compile(r"\"\.?[ \t]*(?=\Z|\n)")
# Symfony's console writes the inner exception last; PHP writes it first, before "Next".
_PREVIOUS = "\n\nPrevious exception: "


def unwrapped(text: str) -> str:
    """Return the text from the error on, with the class before the message."""
    if text.startswith("{"):
        return _of_object(text) or text
    _, _, inner = text.rpartition(_PREVIOUS)
    text = inner if inner and inner != text else text
    worker = _WORKER.match(text)
    if worker is None:
        rails = _RAILS.match(text)
        return f"{rails['name']}: {rails['text']}{text[rails.end() :]}" if rails else text
    if (limit := _TIME_LIMIT.match(text)) is not None:
        return f"{limit['soft'] or 'Hard'} time limit of {limit['task']}"
    rest = text[worker.end() :]
    if worker.group().endswith('"'):
        rest = _QUOTE_END.sub("", rest)
    for pattern in (_ELIXIR, _RAILS, _PYTHON_REPR):
        named = pattern.match(rest)
        if named is not None:
            message = named.groupdict().get("text") or ""
            return f"{named['name']}: {message}{rest[named.end() :]}"
    return rest


def _of_object(text: str) -> str | None:
    """Return an object's error as a worker's log prints it, or None for a response's body."""
    frames = _FRAMES.search(text)
    name, message = _NAME.search(text), _MESSAGE.search(text)
    if message is None:
        return None
    if frames is None:
        short = _decoded(name["text"]) if name is not None else ""
        return f"{short}: {_decoded(message['text'])}" if _ERROR_CLASS.match(short) else None
    trace = _decoded(frames["text"] or "\n".join(_LIST_ENTRY.findall(frames["list"])))
    words = _decoded(message["text"])
    if words.partition("\n")[0] in trace[: len(words) + 130]:
        # Node.js repeats the class and the message before the frames.
        return trace
    named = name is not None and _CLASS.match(_decoded(name["text"])) is not None
    head = f"{_decoded(name['text'])}: {words}" if name is not None and named else words
    return f"{head}\n{trace}"


def _decoded(text: str) -> str:
    """Return the words of a JSON string without its quotes; a cut may have ended it."""
    words = open_text(f'"{text}')
    return plain(words).replace("\r", "") if isinstance(words, str) else text
