"""The accounts and privileges that docs/operating.md gives, with the names of a test."""

import re
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "operating.md"
PASSWORD = "geheim-1"


@dataclass(frozen=True)
class QueueDatabases:
    """The names of the databases of the jobs, of the failed jobs and of the bot's tables."""

    jobs: str
    failed: str
    own: str

    def named(self, sql: str) -> str:
        """Return the SQL with these names of the databases of the queue's tables."""
        return sql.replace("shop.failed_jobs", f"`{self.failed}`.failed_jobs").replace(
            "shop.", f"`{self.jobs}`."
        )


def user_of(account: str, database: str) -> str:
    """Return the test's name of an account."""
    return f"{account}_{database}"[:32]


def statements(account: str, user: str, databases: QueueDatabases, page: Path = PAGE) -> list[str]:
    """Return a page's SQL for an account, with the test's names instead of the examples."""
    written, own = page.read_text(encoding="utf-8"), databases.own
    block = re.search(rf"<!-- grants:{account} -->\n```sql\n(.*?)```", written, re.DOTALL)
    assert block is not None
    sql = re.sub(r"'queue_bot(?:_migrate)?'@'[^']*'", f"'{user}'@'127.0.0.1'", block[1])
    sql = databases.named(sql).replace("'…'", f"'{PASSWORD}'")
    sql = sql.replace("queue_bot.", f"`{own}`.").replace("DATABASE queue_bot ", f"DATABASE {own} ")
    return [statement.strip() for statement in sql.split(";") if statement.strip()]
