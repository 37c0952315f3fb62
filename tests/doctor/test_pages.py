"""docs/doctor.md lists the checks of the code, and docs/operating.md the GRANTs of the code."""

import re
from pathlib import Path

from bot.doctor.checks import CHECKS
from bot.store.privileges import Place, grants
from bot.store.tables.columns import metadata

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_lists_each_check_with_the_checks_that_it_needs() -> None:
    page = (DOCS / "doctor.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z-]+)` \| .* \| (.*?) ?\|$", page, re.MULTILINE)
    assert [(name, tuple(re.findall(r"`([a-z-]+)`", needs))) for name, needs in rows] == [
        (check.name, check.needs) for check in CHECKS
    ]


def test_the_grants_of_the_page_are_those_of_the_code() -> None:
    page = (DOCS / "operating.md").read_text(encoding="utf-8")
    block = page.split("<!-- grants:run -->")[1].split("<!-- /grants")[0]
    lines = [line for line in block.splitlines() if line.startswith("GRANT")]
    assert lines == grants(Place("shop", "queue_bot"), "'queue_bot'@'10.0.0.%'")
    assert len(lines) == len(metadata.sorted_tables) + 2
