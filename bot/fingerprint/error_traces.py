"""Read traces of PHP, Python, Node.js, Java, Ruby and Go: the error and the file that caused it."""

import re

_PYTHON = re.compile(r"Traceback \(most recent call last\):[ \t]*\n")
_PYTHON_ERROR = re.compile(
    r"\n(?P<error>(?:[A-Za-z_]\w{0,60}\.){0,8}[A-Za-z_]\w{0,80}"
    # PostgreSQL marks the place in the statement's line below it.
    r"(?:: [^\n]{0,1500}(?:\n{1,2}(?! )[^\n]+|\n {1,300}\^(?=\n|\Z))*)?)\Z"
)
# The end of a chain is often cut. The first error of a chain is the innermost.
_PYTHON_INNER = re.compile(
    r"\n(?P<error>(?:[A-Za-z_]\w{0,60}\.){0,8}[A-Za-z_]\w{0,80}: [^\n]{1,600})\n"
    r"(?:(?! )[^\n]+\n| {1,300}\^\n)*"
    r"\n{1,2}(?:The above exception was|During handling of the above)"
)
_JAVA_FRAME = re.compile(r"\n\s{1,8}at [\w.$/]{1,200}\([^()\n]{0,120}\)")
_NODE_FRAME = re.compile(r"\n\s{1,8}at [^\n]{1,300}:\d{1,7}:\d{1,7}\)?")
_RUBY_FRAME = re.compile(r"\n[^\n:]{1,300}\.(?:rb|ru):\d{1,7}:in [`'][^\n]{1,200}")
# Node.js prints the properties of an error after its frames; got's errors have the response there.
_PROPERTY = re.compile(r"\n\s{0,8}(?:body|data): (?P<json>['\"]?\{[^\n]{1,800})")
_NODE_CAUSE = re.compile(
    r"\n\s{1,8}(?:\[?cause\]?: |\[errors\]: \[\n\s{1,8})(?P<error>[A-Za-z]\w{0,60}: [^\n]{1,600})"
)
_JAVA_CAUSE = re.compile(r"\nCaused by: ([^\n]{1,600})")
_NESTED = re.compile(r"; nested exception is (?=(?:[a-z_]\w{0,60}\.){1,8}[A-Z]\w{0,80}(?::|$))")
# These inner exceptions only repeat that something failed; the outer exception names the fault.
# The message of a refused connection often does not name the host.
_UNINFORMATIVE = re.compile(
    r"[\w.$]{1,200}: (?:could not execute (?:statement|query|batch)\b"
    r"|(?:Connection refused|Connection reset|connect timed out|Read timed out)[^/]{0,40}\Z)"
)
_FRAMES = (
    re.compile(r"\n#\d{1,3} (?P<file>[^\n(]{1,300})\(\d{1,7}\)"),
    re.compile(r"\n\s{1,8}at (?:[^\n(]{1,200} \()?(?P<file>[^\n()]{1,300}):\d{1,7}:\d{1,7}\)?"),
    re.compile(
        r"\n\s{1,8}at (?P<package>[\w.$/]{1,200})\((?P<file>[\w$]{1,80}\.\w{1,8})(?::\d+)?\)"
    ),
    re.compile(r"\n(?P<file>[^\n:]{1,300}\.rb):\d{1,7}:in [`']"),
    re.compile(r"\n\t(?P<file>[^\n:]{1,300}\.go):\d{1,7}"),
)
_PYTHON_FRAME = re.compile(r'\n\s{1,8}File "(?P<file>[^"\n]{1,300})", line \d{1,7}')
_LIBRARY = re.compile(
    r"[\\/](?:vendor|node_modules|gems|site-packages|dist-packages|system|lib[\\/]python\d"
    r"|pkg[\\/]mod|usr[\\/]local[\\/]go|plugins[\\/]woocommerce|action-scheduler)[\\/.]"
    r"|\A(?:node:|internal/|\[internal|<)",
    re.IGNORECASE,
)
_LIBRARY_PACKAGE = re.compile(
    r"(?:java\.base/)?(?:java|javax|jdk|sun|com\.sun|kotlin|jakarta"
    r"|org\.(?:springframework|hibernate|apache|eclipse|junit))\."
)


def without_frames(text: str) -> str:
    """Return the error of a Python, Node.js, Java or Ruby trace; return other texts unchanged."""
    python = _PYTHON.search(text)
    if python is not None:
        return _python_error(text, python)
    frames = [frame.start() for frame in _first_frames(text)]
    if not frames:
        return _innermost(text)
    causes = [cause[1] for cause in _JAVA_CAUSE.finditer(text)]
    head = _innermost(text[: min(frames)])
    if (cause := _NODE_CAUSE.search(text, min(frames))) is not None:
        return cause["error"]
    if (body := _PROPERTY.search(text, min(frames))) is not None:
        return f"{head} {body['json']}"
    return _informative(head, _innermost(causes[-1])) if causes else head


def _python_error(text: str, trace: re.Match[str]) -> str:
    for pattern in (_PYTHON_ERROR, _PYTHON_INNER):
        error = pattern.search(text, trace.end() - 1)
        if error is not None:
            return error["error"]
    # Some workers write the error before its trace, and the end of the trace is often cut.
    return text[: trace.start()].strip() or text


def app_file(text: str, place: str | None) -> str | None:
    """Return the base name of the application's file that caused the error.

    `place` is the path of the file that threw the error, if known. Return None if the trace names
    only files of libraries.
    """
    if place is not None and not _LIBRARY.search(place):
        return base_name(place)
    python = [frame["file"] for frame in _PYTHON_FRAME.finditer(text)]
    own = next((file for file in reversed(python) if not _LIBRARY.search(file)), None)
    for pattern in _FRAMES if own is None else ():
        for frame in pattern.finditer(text):
            package = frame.groupdict().get("package")
            if not _LIBRARY.search(frame["file"]) and not _LIBRARY_PACKAGE.match(package or ""):
                own = frame["file"]
                break
        if own is not None:
            break
    return base_name(own) if own else None


def _first_frames(text: str) -> list[re.Match[str]]:
    frames = (pattern.search(text) for pattern in (_JAVA_FRAME, _NODE_FRAME, _RUBY_FRAME))
    return [frame for frame in frames if frame is not None]


def _innermost(head: str) -> str:
    """Return the last "nested exception" of Spring if it is more precise, else the first text."""
    parts = _NESTED.split(head.strip())
    return _informative(parts[0], parts[-1])


def _informative(outer: str, inner: str) -> str:
    return outer if _UNINFORMATIVE.match(inner) else inner


def base_name(path: str | None) -> str | None:
    """Return a path's last part without its line."""
    if path is None:
        return None
    name = re.split(r"[\\/]", path.strip())[-1].split(":")[0].split("(")[0]
    return name or None
