"""Remove what workers, loggers and languages write around an error, so that only the error is left.

The same error stands in a log's line, in a JSON object, or behind a worker's words about the job.
"""

import re

# Node.js' queues store an error as an object. `stack` repeats the class and the message.
_OBJECT = re.compile(r"\{\s{0,5}\"(?:name|message|stack|type|code|error|err)\"\s?:")
_STACK = re.compile(r"\"(?:stack|stackTrace|trace)\"\s?:\s?\"(?P<text>[A-Z](?:[^\"\\]|\\.){8,1900})")
# Words of a worker or a logger before the error. The job's id is in them, never the cause.
_WORKER = re.compile(
    r"(?:"
    # CodeIgniter's log
    r"(?:CRITICAL|ERROR|ALERT|EMERGENCY) - \d{4}-\d\d-\d\d \d\d:\d\d:\d\d --> (?:Severity: \w+ --> )?"
    r"|Task (?:handler raised error: |[\w.]{1,120}\[[\w-]{8,40}\] "
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
    r"Task (?P<task>[\w.]{1,120})\[[\w-]{8,40}\] raised \w{1,12}: (?P<soft>Soft)?TimeLimitExceeded\b"
)
# Elixir writes the class in brackets; Rails' log writes the message so.
_ELIXIR = re.compile(r"\((?P<name>(?:[A-Z]\w{0,60}\.?){1,8})\) (?=\S)")
_RAILS = re.compile(r"(?P<name>(?:[A-Z]\w{0,60}(?:::)?){1,6}) \((?P<text>[^\n]{3,600}?)\):(?=\n|\Z)")
_PYTHON_REPR = re.compile(
    r"(?P<name>[A-Z]\w{2,60}(?:Error|Exception|Exceeded|Timeout))"
    r"\((?P<quote>['\"])(?P<text>.{3,600}?)(?P=quote)(?:, [^\n]{0,80})?,?\)(?=\n|\Z)"
)
# Symfony's console writes the inner exception last; PHP writes it first, before "Next".
_PREVIOUS = "\n\nPrevious exception: "


def unwrapped(text: str) -> str:
    """Return the text from the error on, with the class before the message."""
    if text.startswith("{") and _OBJECT.match(text) and (stack := _STACK.search(text)) is not None:
        return stack["text"].replace("\\n", "\n").replace('\\"', '"').replace("\\\\", "\\")
    _, _, inner = text.rpartition(_PREVIOUS)
    text = inner if inner and inner != text else text
    worker = _WORKER.match(text)
    if worker is None:
        return text
    if (limit := _TIME_LIMIT.match(text)) is not None:
        return f"{limit['soft'] or 'Hard'} time limit of {limit['task']}"
    rest = text[worker.end() :]
    for pattern in (_ELIXIR, _RAILS, _PYTHON_REPR):
        named = pattern.match(rest)
        if named is not None:
            message = named.groupdict().get("text") or ""
            return f"{named['name']}: {message}{rest[named.end() :]}"
    return rest
