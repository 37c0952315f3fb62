"""The error group of a failure: one readable key for all failures with one cause."""

from bot.fingerprint.errors.formats import canonical, classed_cause
from bot.fingerprint.errors.language import language_cause
from bot.fingerprint.errors.stored.envelope import ErrorText, read_error_text

RULES = 3
"""The version of the grouping rules. After a new version, the bot regroups the indexed failures."""

# The key must fit into its column and into one Slack line. The reader of `failed_jobs` passes
# only the first 2 kB of a text.
_MAX_KEY = 190
_MAX_READ = 2048
_SHORT = 100


def error_group(exception: str) -> str:
    """Return the group's key, at most 190 characters, from the first 2,048 characters of the text.

    The key is the exception's message, with `#` in place of varying parts, and its class if the
    message is short or the class is the application's. If the format has a code for the cause
    (databases, HTTP, cURL, AWS, mail), the key is that code. The function takes
    linear time and never raises.
    """
    error_text = read_error_text(exception[:_MAX_READ])
    key = _key(error_text)
    if len(key) > _MAX_KEY and error_text.class_name and key.startswith(error_text.class_name):
        key = error_text.class_name.rpartition("\\")[2] + key[len(error_text.class_name) :]
    return _cut(key)


def short_error(exception: str) -> str:
    """Return the spec's `exception_short`: 100 characters of the first line and always `...`."""
    lines = exception.strip().splitlines()
    return (lines[0] if lines else "")[:_SHORT] + "..."


def _key(error_text: ErrorText) -> str:
    name = error_text.class_name or "Exception"
    if not error_text.message:
        cause = language_cause(error_text) or classed_cause(error_text)
        if cause is not None:
            return cause
        # Python writes the class with or without its module.
        name = name if "\\" in name else name.rpartition(".")[2]
        file = error_text.own_file or error_text.place
        return f"{name} in {file}" if file else f"{name}, no message"
    key = canonical(error_text)
    if not key.isprintable():
        key = "".join(char if char.isprintable() else " " for char in key)
    key = key.strip()
    return key or f"{name}, no words"


def _cut(key: str) -> str:
    return key if len(key) <= _MAX_KEY else key[: _MAX_KEY - 3].rstrip() + "..."
