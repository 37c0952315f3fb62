"""Read traces of PHP, Python, Node.js, Java, Ruby and Go: the error and the file that caused it."""

import re

_PYTHON = re.compile(r"Traceback \(most recent call last\):[ \t]*\n")
_PYTHON_NAME = re.compile(r"(?:[A-Za-z_]\w{0,60}\.){0,8}[A-Za-z_]\w{0,80}(?:: |:?\n|\Z)")
_UNINDENTED = re.compile(r"\n(?=[^\s])")
# The end of a chain is often cut. The first error of a chain is the innermost.
_PYTHON_INNER = re.compile(
    r"\n(?P<error>(?:[A-Za-z_]\w{0,60}\.){0,8}[A-Za-z_]\w{0,80}: [^\n]{1,600})\n"
    r"(?:(?! )[^\n]+\n| {1,300}\^\n)*"
    r"\n{1,2}(?:The above exception was|During handling of the above)"
)
_JAVA_FRAME = re.compile(r"\n\s{1,8}at [\w.$/]{1,200}\([^()\n]{0,120}\)")
_NODE_FRAME = re.compile(
    r"\n\s{1,8}at [^\n]{1,300}(?::\d{1,7}:\d{1,7}\)?|\(<anonymous>\)|\((?:native|index \d{1,4})\))"
)
# What Ruby writes of an error that nobody rescues has the class behind the message.
_RUBY_ENDED = re.compile(
    r"[^\n:]{1,300}\.(?:rb|ru):\d{1,7}:in [`'][^\n]{1,120}?': (?P<text>[^\n]{1,600}) "
    r"\((?P<name>[A-Z]\w{0,60}(?:::\w{1,60}){0,6})\)(?=\n|\Z)"
)
# Ruby, and PHP in the objects of loggers
_LISTED_FRAME = re.compile(
    r"\n[^\n:]{1,300}\.(?:(?:rb|ru):\d{1,7}:in [`'][^\n]{1,200}|php:\d{1,7}(?=\n|\Z))"
)
# Node.js prints the properties of an error after its frames; the response is one of them.
_PROPERTY = re.compile(r"\n\s{0,8}(?:body|data|response): (?P<json>['\"]?\{[^\n]{1,800})")
_NODE_CAUSE = re.compile(
    r"\n(?:\s{1,8}(?:\[?cause\]?: |\[errors\]: \[\n\s{1,8})|\s{0,8}last ?[Ee]rror: )"
    r"(?P<error>[A-Za-z]\w{0,60}: [^\n]{1,600})"
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
    # PHP. A frame of a library may call a method that the application's class inherits.
    re.compile(
        r"\n#\d{1,3} (?:\[internal function\]|(?P<file>[^\n(]{1,300})\(\d{1,7}\))"
        r"(?:: (?P<owner>App\\(?:\w{1,60}\\){0,8}\w{1,80})(?:->|::))?"
    ),
    re.compile(r"\n\s{1,8}at (?:[^\n(]{1,200} \()?(?P<file>[^\n()]{1,300}):\d{1,7}:\d{1,7}\)?"),
    re.compile(
        r"\n\s{1,8}at (?P<package>[\w.$/]{1,200})\((?P<file>[\w$]{1,80}\.\w{1,8})(?::\d+)?\)"
    ),
    re.compile(
        r"(?:\n(?:\tfrom )?|\A)(?P<file>[^\n:]{1,300}\.(?:rb|php)):\d{1,7}(?::in [`']|(?=\n|\Z))"
    ),
    re.compile(r"\n\s{1,8}at [^\n]{1,300}? in (?P<file>[^\n]{1,300}\.cs):line \d{1,7}"),
    re.compile(r"(?:\n\t|\Apanic \[)(?P<file>[^\n:]{1,300}\.go):\d{1,7}"),
)
_PYTHON_FRAME = re.compile(r'\n\s{1,8}File "(?P<file>[^"\n]{1,300})", line \d{1,7}')
_LIBRARY = re.compile(
    r"[\\/](?:vendor|node_modules|\.yarn|gems|site-packages|dist-packages|system|lib[\\/](?:python|ruby"
    r"[\\/])\d|Python\d{1,4}[\\/]lib|usr[\\/]share[\\/]php|src[\\/]runtime|pkg[\\/]mod"
    r"|usr[\\/]local[\\/]go|wp-includes|wp-admin|plugins[\\/]woocommerce|action-scheduler"
    # Compiled views, whose names are hashes, and other code that a framework writes.
    r"|storage[\\/]framework|cache[\\/](?:\w{1,20}[\\/])?twig|var[\\/]cache|templates_c"
    r"|generated[\\/]code)[\\/.]"
    # What starts the worker
    r"|[\\/](?:artisan|spark|yii|manage\.py|public[\\/]index\.php|bin[\\/][\w.-]{1,40})\Z"
    r"|\A(?:node:|internal/|\[internal|<)",
    re.IGNORECASE,
)
_COMPILED = re.compile(r"(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})\.php\Z")
_LIBRARY_PACKAGE = re.compile(
    r"(?:java\.base/)?(?:java|javax|jdk|sun|kotlin|kotlinx|jakarta|scala|groovy|akka|reactor|rx|feign"
    r"|okhttp3?|retrofit2?|lombok|liquibase|ch\.qos|net\.bytebuddy|redis\.clients|software\.amazon"
    r"|org\.(?:springframework|hibernate|apache|eclipse|junit|quartz|jobrunr|postgresql|mariadb"
    r"|mongodb|redisson|jboss|jooq|thymeleaf|slf4j|aspectj|codehaus|elasticsearch|flywaydb|h2"
    r"|asynchttpclient)"
    r"|com\.(?:sun|mysql|zaxxer|fasterxml|google|rabbitmq|amazonaws|microsoft|oracle|mongodb|github"
    r"|squareup|netflix|azure)"
    r"|io\.(?:netty|lettuce|micrometer|quarkus|micronaut|vertx|grpc|smallrye|confluent|awspring))\."
)
# Node.js names the compiled file or, with a source map, the source.
_SCRIPT = re.compile(r"\.(?:[cm]js|[cm]?tsx?|jsx)\Z")
# These names are in many directories of one program, so only the directory's name says which.
_PLAIN_NAMES = re.compile(
    r"(?:tasks?|jobs?|workers?|utils?|helpers?|views|models|services?|handlers?|consumers?|actors"
    r"|processors?|main|index|__init__|__main__)\.(?:py|[cm]?[jt]sx?|go)\Z"
)
# The name of a deployment, of a build's directory, or of the whole program.
_PLAIN_DIRECTORY = re.compile(
    r"(?:src|dist|app|apps|lib|build|out|code|current|html|cmd|workspace|project|celery)\Z|.{0,60}\d"
)
_PROGRAM = re.compile(r"(?:/srv|/opt|/home/[^/\n]{1,60}|/var/www|/usr/src|/var/lib)/[^/\n]{1,80}\Z")


def without_frames(text: str) -> str:
    """Return the error of a Python, Node.js, Java or Ruby trace; return other texts unchanged."""
    python = _PYTHON.search(text)
    if python is not None:
        return _python_error(text, python)
    if (ended := _RUBY_ENDED.match(text)) is not None:
        return f"{ended['name']}: {ended['text']}"
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
    # The error's first line is the first line after the frames that is not indented. The other
    # lines of its message may be indented, as in an error of PostgreSQL.
    end = trace.end() - 1
    for frame in _PYTHON_FRAME.finditer(text, end):
        end = frame.end()
    line = _UNINDENTED.search(text, end)
    if line is not None and _PYTHON_NAME.match(text, line.end()):
        return text[line.end() :]
    inner = _PYTHON_INNER.search(text, trace.end() - 1)
    if inner is not None:
        return inner["error"]
    # Some workers write the error before its trace, and the end of the trace is often cut.
    return text[: trace.start()].strip() or text


def app_file(text: str, place: str | None) -> str | None:
    """Return the name of the application's file that caused the error.

    `place` is the path of the file that threw the error, if known. Return None if the trace names
    only files of libraries.
    """
    if place is not None and not _LIBRARY.search(place):
        return _file_name(place)
    python = [frame["file"] for frame in _PYTHON_FRAME.finditer(text)]
    own = next((file for file in reversed(python) if not _LIBRARY.search(file)), None)
    if own is None and "\nCaused by: " in text:
        own = _own_of_frames(text[text.rindex("\nCaused by: ") :])
    own = own or _own_of_frames(text)
    return _file_name(own) if own else None


def _own_of_frames(text: str) -> str | None:
    """Return the application's file in the first frame that has one."""
    for pattern in _FRAMES:
        for frame in pattern.finditer(text):
            parts = frame.groupdict()
            file, owner = parts["file"], parts.get("owner")
            is_own = file is not None and not _LIBRARY.search(file)
            if is_own and not _LIBRARY_PACKAGE.match(parts.get("package") or ""):
                return file
            if owner is not None:
                # PSR-4: a class has a file of its own, with the class's name.
                return f"{owner.rpartition(chr(92))[2]}.php"
    return None


def _first_frames(text: str) -> list[re.Match[str]]:
    frames = (pattern.search(text) for pattern in (_JAVA_FRAME, _NODE_FRAME, _LISTED_FRAME))
    return [frame for frame in frames if frame is not None]


def _innermost(head: str) -> str:
    """Return the last "nested exception" of Spring if it is more precise, else the first text."""
    parts = _NESTED.split(head.strip())
    return _informative(parts[0], parts[-1])


def _informative(outer: str, inner: str) -> str:
    """Return the inner exception, unless its words are in the outer one, which has the address."""
    _, _, words = inner.partition(": ")
    is_text = " " in words or words.isalpha()
    repeats = is_text and "://" in outer and words[:200] in outer
    return outer if repeats or _UNINFORMATIVE.match(inner) else inner


def base_name(path: str | None) -> str | None:
    """Return a path's last part without its line; None for a compiled view."""
    if path is None:
        return None
    name = re.split(r"[\\/]", path.strip())[-1].split(":")[0].split("(")[0]
    return None if _COMPILED.match(name) else name or None


def _file_name(path: str) -> str | None:
    """Return a path's last part, with its directory if programs have many files of this name."""
    name = base_name(path)
    name = name and _SCRIPT.sub(".js", name)
    if name is None or not _PLAIN_NAMES.match(name):
        return name
    directory = path.strip().replace("\\", "/").rpartition("/")[0]
    parent = directory.rpartition("/")[2]
    if not parent or _PLAIN_DIRECTORY.match(parent) or _PROGRAM.match(directory):
        return name
    return f"{parent}/{name}"
