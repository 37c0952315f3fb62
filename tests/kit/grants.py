"""The accounts and privileges that docs/operating.md gives, with the names of a test."""

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "operating.md"

PASSWORD = "geheim-1"


def user_of(account: str, database: str) -> str:
    """Return the test's name of an account."""
    return f"{account}_{database}"[:32]


def statements(account: str, schema: str, own: str, user: str, page: Path = PAGE) -> list[str]:
    """Return the page's SQL for an account, with this test's names instead of the examples."""
    text = page.read_text(encoding="utf-8")
    block = re.search(rf"<!-- grants:{account} -->\n```sql\n(.*?)```", text, re.DOTALL)
    assert block is not None
    sql = re.sub(r"'queue_bot(?:_migrate)?'@'[^']*'", f"'{user}'@'127.0.0.1'", block[1])
    sql = sql.replace("shop.", f"`{schema}`.").replace("'…'", f"'{PASSWORD}'")
    sql = sql.replace("queue_bot.", f"`{own}`.").replace("DATABASE queue_bot ", f"DATABASE {own} ")
    return [statement.strip() for statement in sql.split(";") if statement.strip()]
