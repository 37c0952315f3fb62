"""A database account with rights on one database of a private server, and none on the server."""

from dataclasses import dataclass

from tests.services.mariadb import MariaDB

PASSWORD = "canary"


@dataclass(frozen=True)
class Account:
    """The account, its database and its server."""

    server: MariaDB
    database: str
    user: str

    @property
    def url(self) -> str:
        """The URL with which the account connects to its database."""
        return self.server.url(self.database, user=self.user, password=PASSWORD)

    @property
    def administrator_url(self) -> str:
        """The URL with which the server's administrator connects to the same database."""
        return self.server.url(self.database)

    def alter(self, clause: str) -> None:
        """Alter the account as the server's administrator."""
        self.server.execute(f"ALTER USER {self.user}@'{self.server.host}' {clause}")
