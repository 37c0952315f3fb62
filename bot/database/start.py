"""Turn a database error at start or in `migrate` into one sentence with the next step."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from bot.database.errors import error_number
from bot.database.time_limits import DeadlinePassed
from bot.models.refusals import Refusal, StartError

START_SECONDS = 10.0
"""The time limit for all checks at start together."""
LONGEST_REASON = 300

_UNREACHABLE = "The database cannot be reached: check the address in DATABASE_URL, and the server"
_ACCOUNT = "The database does not let this account in: check the name and password in DATABASE_URL"
_RIGHTS = "The account lacks a right: docs/operating.md lists the rights that it needs"
_CROWDED = "The database accepts no more connections now: try again, or raise its limit"
_READ_ONLY = "The database accepts no changes: use the address of the primary server"
_FULL = "The database has no room left: free some space, then try again"
_LOCKED = "Another session holds a lock, or the server is too slow now: try again"
_TLS = (
    "The connection cannot be encrypted as required: check DATABASE_CA and the server, "
    "or set DATABASE_TLS=off in a network that you trust"
)
_CLEAR = "The server asks for the password in clear text: set DATABASE_CA, so that it is verified"
_PASSWORD = "The account cannot be used: renew its password or unlock it"  # noqa: S105 a sentence
_NO_DATABASE = "The database in DATABASE_URL does not exist: check the part after the last slash"
_STORAGE = "The server cannot create queue-bot's InnoDB tables: check its storage settings"
_KEYS = "The server's pages are too small for queue-bot's keys: it needs innodb_page_size of 16k"
_LEFTOVER = "Files of a former table are still on the server: ask an administrator to remove them"
_SILENT = f"{_UNREACHABLE} (it does not answer in time)."
_STATEMENT_LOG = "Changes need row-based logging: set binlog_format = ROW or MIXED on the server"
_OTHER = "The database refuses what queue-bot needs at start"

# dev.mysql.com/doc/mysql-errors/8.0/en/server-error-reference.html and MariaDB's error codes
_SENTENCES: dict[str, tuple[int, ...]] = {
    _UNREACHABLE: (1053, 1129, 1130, 1152, 1927, 2002, 2003, 2005, 2006, 2012, 2013, 2055, 4031),
    _ACCOUNT: (1045, 1251, 1524, 1698, 2059, 2061),
    _RIGHTS: (1044, 1142, 1143, 1227, 1370, 1410),
    _CROWDED: (1040, 1203, 1226),
    _READ_ONLY: (1290, 1792, 1836, 1874),
    _FULL: (3, 28, 1021, 1030, 1114, 1206, 3675),
    _LOCKED: (1205, 1213, 1317, 1969, 3024, 3572, 3058),
    _TLS: (2026, 3159),
    _CLEAR: (2061,),
    _PASSWORD: (1820, 1862, 3118, 3955, 4151),
    _NO_DATABASE: (1046, 1049),
    _STORAGE: (1005, 1286, 1911, 3161),
    _KEYS: (1071, 1118, 1709),
    _LEFTOVER: (1813, 1932),
    _STATEMENT_LOG: (1665,),
}
_SENTENCE_BY_NUMBER = {n: sentence for sentence, numbers in _SENTENCES.items() for n in numbers}
_BY_WORDS = {
    # A read-only server has the same error number.
    "NO_ENGINE_SUBSTITUTION": _STORAGE,
    # The error number of CREATE TABLE does not say that the disk or the table space is full.
    "No more room": _FULL,
    "No space left": _FULL,
    "open database file": "The SQLite file cannot be opened: check the path in DATABASE_URL",
    "readonly database": "The SQLite file cannot be written: check its owner and its rights",
    "disk is full": _FULL,
    "disk I/O": "The SQLite file cannot be read or written: check the disk",
    # PyMySQL reports a failed TLS handshake as an unreachable server.
    "certificate verify failed": _TLS,
    "SSL is required": _TLS,
    "database is locked": "Another program has locked the SQLite file: stop it, or try again",
    "not a database": "The file in DATABASE_URL is no SQLite database",
    "disk image is malformed": "The SQLite file is damaged: restore it from a backup",
    # The internal error of InnoDB if the table space becomes full while InnoDB adds an index.
    "rename index to add": _FULL,
}


def sentence_of(error: DBAPIError) -> str:
    """Return the error as one sentence, with the server's reason and error number."""
    arguments = getattr(error.orig, "args", ())
    reason = " ".join(str(arguments[-1] if arguments else error.orig).split())
    number = error_number(error)
    by_words = (sentence for words, sentence in _BY_WORDS.items() if words in reason)
    sentence_start = next(by_words, _SENTENCE_BY_NUMBER.get(number, _OTHER))
    named = f"{reason[:LONGEST_REASON].rstrip('.')}, error {number}" if number else reason
    return f"{sentence_start} ({named})."


def problems_of(error: StartError | DBAPIError) -> list[str]:
    """Return one sentence for each problem of an error at start."""
    return error.problems if isinstance(error, StartError) else [sentence_of(error)]


@contextmanager
def at_start() -> Iterator[None]:
    """Turn a database error in this block into a `StartError` of one sentence."""
    try:
        yield
    except DBAPIError as error:
        raise StartError([sentence_of(error)]) from error
    except (DeadlinePassed, PoolTimeout) as error:
        raise StartError([_SILENT]) from error
    except Refusal as refusal:
        cause = refusal.__cause__
        if isinstance(cause, DBAPIError):
            raise StartError([sentence_of(cause)]) from refusal
        if isinstance(cause, DeadlinePassed | PoolTimeout):
            raise StartError([_SILENT]) from refusal
        raise
