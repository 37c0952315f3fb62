"""Errors of the machine: a full disk, a missing permission or program, too many open files."""

import re

from bot.fingerprint.error_hints import hints_at

_HINTS = (
    *(
        "no space left",
        "enospc",
        "enough space on the disk",
        "permission denied",
        "eacces",
        "emfile",
    ),
    *("open files", "not found", "no such file", "enoent", "cannot run program"),
)
# A write fails if no block is free. If no inode is free, a file does not even open.
_FULL = re.compile(
    r"(?<!open stream: )no space left on device|ENOSPC|not enough space on the disk", re.IGNORECASE
)
_FILES = re.compile(r"EMFILE|Too many open files")
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


def system_cause(message: str) -> str | None:
    """Return an error of the machine without the function and the file, or None for other errors.

    A database and its disk are on another machine, so callers try a database's codes first.
    """
    if not hints_at(message, _HINTS):
        return None
    message = message[:1_000]
    if "SQLSTATE" in message or "Errcode" in message:
        return None
    if _FULL.search(message):
        return "No space left on device"
    if _FILES.search(message):
        return "Too many open files"
    for pattern in _MISSING_PROGRAM:
        if (missing := pattern.search(message)) is not None:
            return f"{missing['program'].rpartition('/')[2]}: program not found"
    directory = _WRITABLE.search(message) if _DENIED.search(message) else None
    return f"Permission denied: {directory['directory']}" if directory else None
