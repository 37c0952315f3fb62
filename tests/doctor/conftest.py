from collections.abc import Iterator

import pytest

from bot.database.engine import connect
from bot.localslack.server import LocalSlack
from bot.queue.layouts import spec_tables
from bot.store import privileges
from bot.store.migrate import migrate
from tests.kit.installations import PASSWORD, World
from tests.kit.queues import GRACE
from tests.services.mariadb import MariaDB


@pytest.fixture(scope="module")
def world(mariadb_server: MariaDB) -> Iterator[World]:
    """A database in which nothing is wrong; each test repairs what it breaks."""
    with mariadb_server.database() as schema, LocalSlack(rates=False) as slack:
        engine = connect(mariadb_server.url(schema), grace=GRACE)
        spec_tables()[0].metadata.create_all(engine)
        migrate(engine)
        engine.dispose()
        user = f"doctor_{schema}"[:32]
        account = f"'{user}'@'127.0.0.1'"
        mariadb_server.execute(
            f"CREATE USER {account} IDENTIFIED BY '{PASSWORD}'",
            *(
                text.rstrip(";")
                for text in privileges.grants(privileges.Place(schema, schema), account)
            ),
        )
        yield World(mariadb_server, slack, schema, user)
        mariadb_server.execute(f"DROP USER {account}")
