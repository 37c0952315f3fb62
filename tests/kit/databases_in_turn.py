"""Which tests run on one database instead of two in `make test`.

The commands, the background work and the bot's own tables are written once for both kinds of
database. What differs between the databases is below them: the tests of `tests/database`,
`tests/queue` and `tests/layouts` run on both, and so does a test with the marker `each_database`.
`make test-servers` runs each of the other tests on the other database.
"""

from collections.abc import Mapping
from pathlib import PurePath
from zlib import crc32

KINDS = ("mariadb", "sqlite")
CHOICES = ("both", "one", "other", "server")
"""The values of `--databases`.

`other` runs exactly the tests that `one` leaves out; `server` leaves out the tests on SQLite.
"""
IN_TURN = ("background", "commands", "store")
"""The folders below `tests/` whose tests run on one database each."""
MARKER = "each_database"


def is_left_out(
    path: PurePath, name: str, parameters: Mapping[str, object], choice: str, *, on_each: bool
) -> bool:
    """Return whether `choice` excludes the test of this file, name and parameters.

    The database of a test depends only on its name, so that a new test changes no other test.
    `on_each`: `one` includes the test on both databases.
    """
    kinds = [value for value in parameters.values() if value in KINDS]
    if choice == "both":
        return False
    if choice == "server":
        return "sqlite" in kinds
    if not kinds or on_each or not set(path.parts) & set(IN_TURN):
        return choice == "other"
    common = name.replace(str(kinds[0]), "", 1)
    turn = KINDS[crc32(common.encode()) % len(KINDS)]
    return (kinds[0] == turn) == (choice == "other")
