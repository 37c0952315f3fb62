"""docs/doctor.md lists the checks of the code, and docs/operating.md the GRANTs of the code."""

import re
from pathlib import Path

from bot.doctor.checks import CHECKS
from bot.store.privileges import Place, grants, migrate_grants
from bot.store.tables.columns import metadata

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_lists_each_check_with_the_checks_that_it_needs() -> None:
    page = (DOCS / "doctor.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z-]+)` \| .* \| (.*?) ?\|$", page, re.MULTILINE)
    assert [(name, tuple(re.findall(r"`([a-z-]+)`", needs))) for name, needs in rows] == [
        (check.name, check.needs) for check in CHECKS
    ]


def printed(block: str) -> list[str]:
    """Return the GRANTs of a block of docs/operating.md."""
    page = (DOCS / "operating.md").read_text(encoding="utf-8")
    text = page.split(f"<!-- grants:{block} -->")[1].split("<!-- /grants")[0]
    return [line for line in text.splitlines() if line.startswith("GRANT")]


def test_the_grants_of_the_page_are_those_of_the_code() -> None:
    apart, beside = Place("shop", "queue_bot"), Place("shop", "shop")
    account, migrating = "'queue_bot'@'10.0.0.%'", "'queue_bot_migrate'@'10.0.0.%'"

    assert printed("run") == grants(apart, account)
    assert len(printed("run")) == len(metadata.sorted_tables) + 2
    assert printed("migrate") == migrate_grants(apart, migrating)
    assert printed("migrate-shared") == migrate_grants(beside, migrating)
