"""In any database every row keeps every byte, or the bot refuses and changes nothing.

`make campaign` runs longer and with other databases.
"""

from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings

from tests.random_databases import files, servers
from tests.random_databases.databases import InFiles, OnServer
from tests.services.mariadb import MariaDB

SHORT = settings(
    max_examples=12,
    deadline=None,
    derandomize=True,  # the same databases each time; the campaign tries others
    database=None,
    # Shrinking a failing database would take minutes.
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)


def test_the_invariants_hold_with_random_tables_on_a_server(mariadb_server: MariaDB) -> None:
    with mariadb_server.database() as name:
        databases = OnServer(mariadb_server, name)
        try:
            SHORT(given(servers.designs())(databases.try_out))()
        finally:
            databases.close()
    assert databases.tally.databases > databases.tally.refused + databases.tally.unmade


def test_the_invariants_hold_with_random_tables_in_an_sqlite_file(tmp_path: Path) -> None:
    databases = InFiles(tmp_path)
    SHORT(given(files.designs())(databases.try_out))()
    assert databases.tally.databases > databases.tally.refused + databases.tally.unmade
