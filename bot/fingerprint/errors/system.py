"""Errors of the machine: a full disk, a missing file, permission or program, no memory."""

import re

from bot.fingerprint.errors.parts.hints import hints_at

_HINTS = (
    *(
        "no space left",
        "enospc",
        "enough space on the disk",
        "of free disk space",
        "permission denied",
        "eacces",
        "emfile",
    ),
    *("open files", "not found", "no such file", "enoent", "cannot run program", "cannot find"),
    *("read-only file", "erofs", "allocate memory", "enomem", "quota exceeded", "edquot"),
    *("eagain", "temporarily unavailable", "new thread", "native thread", "create thread"),
    *(
        "does not exist",
        "failed opening",
        "input/output error",
        "file name too long",
        "stale file",
        "stale nfs",
    ),
)
_FULL = re.compile(
    r"no space left on device|ENOSPC(?!: System limit)|not enough space on the disk"
    r"|possibly out of free disk space",
    re.IGNORECASE,
)
# One number of the operating system in each language's words, in small letters.
_ERRNOS = (
    ("Too many open files", ("emfile", "too many open files")),
    ("Read-only file system", ("erofs", "read-only file system")),
    ("Cannot allocate memory", ("enomem", "cannot allocate memory")),
    ("Disk quota exceeded", ("edquot", "disk quota exceeded")),
    ("Input/output error", ("input/output error",)),
    ("File name too long", ("enametoolong", "file name too long")),
    ("Stale file handle", ("stale file handle", "stale nfs file handle")),
)
# The disk of a database's server; PostgreSQL's own files are in these directories.
_OF_DATABASE = re.compile(
    r"SQLSTATE|Errcode|could not [^\n\"]{1,40}\"?(?:base|global|pg_\w{1,20})/"
    r"|could not [^\n]{1,40} of temporary file"
)
# Temporary files are often on a disk of their own.
_TEMPORARY_FILE = re.compile(r"temporary file", re.IGNORECASE)
# A user or a container may have no more processes or threads.
_NO_PROCESS = re.compile(
    r"(?:fork(?: failed)?(?:: retry)?|posix_spawn|spawn|exec|thread)\b[^\n]{0,200}"
    r"(?:Resource temporarily unavailable|EAGAIN)|Resource temporarily unavailable - fork"
    r"|can't (?:start new|create) [Tt]hread|unable to create (?:new )?native thread",
    re.IGNORECASE,
)
_DENIED = re.compile(r"[Pp]ermission denied|EACCES")
# The frameworks' directories that a job writes to. One command gives the right to all their files.
_WRITABLE = re.compile(
    r"[\\/](?P<directory>(?:storage|writable|bootstrap[\\/]cache|var[\\/](?:cache|logs?))"
    r"(?:[\\/][A-Za-z_-]{1,40}){0,3})[\\/][^\\/\s\"')]{1,200}"
)


# A shell, Node.js, Go, Java and Symfony write in this way that a program is not installed.
_MISSING_PROGRAM = (
    re.compile(
        r"\b(?:sh|bash|zsh|dash)(?:: line)?(?:: \d{1,4})?: (?:exec: )?(?P<program>[\w./-]{1,200}): "
        r"(?:(?:command )?not found|No such file or directory)"
    ),
    re.compile(r"\bspawn (?P<program>[\w./-]{1,200}) ENOENT\b"),
    re.compile(r"exec: \"(?P<program>[\w./-]{1,200})\": executable file not found"),
    re.compile(
        r"Cannot run program \"(?P<program>[\w./-]{1,200})\"[^\n]{0,200}(?:error=2|No such file)"
    ),
    re.compile(r"[Ee]xecutable (?:was )?not found,? ?(?:proposed)?: (?P<program>[\w./-]{1,200})"),
)
_NO_FILE = re.compile(r"[Nn]o such file|cannot find the")
# PHP, Python, Node.js, Ruby, Go and Java
_MISSING_FILE = (
    re.compile(
        # A number is MySQL's, for the file of a socket.
        r"\((?!\d{4}\))(?P<path>[^()\n]{1,500})\): (?:[Ff]ailed to open (?:stream|dir): )?"
        r"No such file or directory"
    ),
    re.compile(r"\[Errno 2\] No such file or directory: [bu]?['\"](?P<path>[^'\"\n]{1,400})['\"]"),
    re.compile(r"ENOENT: no such file or directory, \w{1,20} '(?P<path>[^'\n]{1,400})'"),
    re.compile(r"No such file or directory (?:@ \w{1,40} )?- \(?(?P<path>[^\s()]{1,400})"),
    re.compile(
        r"\b(?:open|l?stat|read|remove|unlink|chdir|rename|mkdir|fork/exec) "
        r"(?P<path>[^\s:]{1,400}): (?:no such file or directory|The system cannot find the)"
    ),
    re.compile(
        r"(?P<path>[^\s(]{1,400}) \((?:No such file or directory|The system cannot find the "
        r"(?:file|path) specified)\)"
    ),
)
# Libraries that look whether the file is there before they open it.
_ABSENT_FILE = (
    re.compile(
        r"\A(?:(?:require|include)(?:_once)?\(\): )?Failed opening (?:required )?"
        r"'(?P<path>[^'\n]{1,400})'"
    ),
    re.compile(r"\AFile (?:does not exist|not found) at path:? (?P<path>\S{1,400}?)\.?\Z"),
    re.compile(
        r"\A(?:The )?[Ff]ile [\"'`]?(?P<path>[^\"'`\s]{0,400}[\w-]\.\w{1,8})[\"'`]? "
        r"(?:does not exist|could not be found|was not found|not found)\b"
    ),
    re.compile(
        r"\ACould not open [\"']?(?P<path>[^\"'\s]{1,400}?)[\"']? for reading[!.]? "
        r"File does not exist"
    ),
)
_FILE_CLASSES = ("java.nio.file.NoSuchFileException", "NoSuchFileException")
_WITH_DIGIT = re.compile(r"[^\W_]*\d[^\W_]*")
_NUMBERS = re.compile(r"#(?:[-_. ]?#)+")
_TEMPORARY = re.compile(r"(?:/var)?/tmp/")
_COMMAND = re.compile(r"[A-Za-z][\w-]{1,40}\Z")


def system_cause(message: str, class_name: str | None = None) -> str | None:
    """Return an error of the machine without the function and the file, or None for other errors.

    A database and its disk are on another machine, so callers try a database's codes first.
    """
    if class_name in _FILE_CLASSES:
        return _missing(message.partition(" -> ")[0])
    if class_name is not None and class_name.endswith("\\FileNotFoundException"):
        # Until version 8, Laravel wrote only the file.
        message = message if " " in message else f"File not found at path: {message}"
    if not hints_at(message, _HINTS):
        return None
    message = message[:1_000]
    if _OF_DATABASE.search(message):
        return None
    cause = _exhausted(message) or _missing_cause(message) or _numbered(message.lower())
    if cause is not None:
        return cause
    directory = _WRITABLE.search(message) if _DENIED.search(message) else None
    return f"Permission denied: {directory['directory']}" if directory else None


def _exhausted(message: str) -> str | None:
    if _FULL.search(message):
        whose = " for temporary files" if _TEMPORARY_FILE.search(message) else ""
        return f"No space left on device{whose}"
    return "No more processes or threads" if _NO_PROCESS.search(message) else None


def _numbered(lower: str) -> str | None:
    for name, words in _ERRNOS:
        if any(word in lower for word in words):
            return name
    return None


def _missing_cause(message: str) -> str | None:
    for pattern in _MISSING_PROGRAM:
        if (program := pattern.search(message)) is not None:
            return f"{program['program'].rpartition('/')[2]}: program not found"
    for pattern in _MISSING_FILE if _NO_FILE.search(message) else ():
        if (file := pattern.search(message)) is not None:
            return _missing(file["path"])
    for pattern in _ABSENT_FILE:
        if (file := pattern.match(message)) is not None:
            return _missing(file["path"])
    return None


def _missing(path: str) -> str:
    """Return the missing file without its directory, which differs between machines."""
    if _COMMAND.match(path):
        return f"{path}: program not found"
    if _TEMPORARY.match(path):
        return "#: No such file"
    name = _WITH_DIGIT.sub("#", path.replace("\\", "/").rstrip("/").rpartition("/")[2])
    return f"{_NUMBERS.sub('#', name)}: No such file"
