"""docs/security.md names every kind of attacker, and each named test exists."""

import re
from pathlib import Path

from tests.kit.defined_tests import names_of_tests

PAGE = Path(__file__).parents[1] / "docs" / "security.md"
ATTACKERS = (
    "An outsider",
    "A person without a role",
    "A channel guest",
    "A viewer",
    "An operator",
    "An admin",
    "Somebody with the bot's database account",
    "Somebody with the migrate account",
    "A machine in the middle",
    "A compromised dependency",
)


def test_each_attacker_has_a_line_and_each_line_tests_that_exist() -> None:
    threats, _, _ = PAGE.read_text(encoding="utf-8").partition("\n## ")
    lines = [line for line in threats.splitlines() if line[:2] == "| "]
    assert [name for name in ATTACKERS if not any(f"| **{name}**" in line for line in lines)] == []
    named = {line: set(re.findall(r"`(test_\w+)`", line)) for line in lines[1:]}
    without = [line for line, names in named.items() if not names and "not stopped" not in line]
    unknown = set().union(*named.values()) - names_of_tests()
    assert (without, unknown) == ([], set())
