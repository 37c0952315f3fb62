"""The README's table of commands, from the registry: python -m tests.readme_table [--write].

The table is between `<!-- commands -->` and `<!-- /commands -->`.
"""

import re
import sys
from pathlib import Path
from zoneinfo import ZoneInfo

from bot.app.command import find_commands
from bot.models.roles import Role
from bot.text import texts_for

README = Path(__file__).parent.parent / "README.md"
BEGIN, END = "<!-- commands -->", "<!-- /commands -->"
_BETWEEN = re.compile(f"{re.escape(BEGIN)}\n(.*?){re.escape(END)}", re.DOTALL)


def table() -> str:
    """Return the table: one row per command, by role from the lowest, then by name."""
    english = texts_for("en", "en", ZoneInfo("UTC"))
    lines = ["| Command | What it does | Lowest role |", "|---|---|---|"]
    commands = find_commands().values()
    for command in sorted(commands, key=lambda command: (command.role, command.name)):
        usage = english.typed(command.usage()).replace("|", "\\|")
        what = english.plain(f"help-{command.name}").replace("|", "\\|")
        role = "everyone" if command.role is Role.NONE else command.role.word
        lines.append(f"| `{usage}` | {what} | {role} |")
    return "\n".join(lines) + "\n"


def shown(readme: str) -> str | None:
    """Return the README's current table; None without the two marks."""
    match = _BETWEEN.search(readme)
    return None if match is None else match[1]


def main() -> int:
    """Print the table, or write it into the README with `--write`; 1 if the marks are missing."""
    if sys.argv[1:] != ["--write"]:
        sys.stdout.write(table())
        return 0
    readme = README.read_text(encoding="utf-8")
    if shown(readme) is None:
        sys.stderr.write(f"README.md has no {BEGIN} and {END} on lines of their own.\n")
        return 1
    written = _BETWEEN.sub(lambda _: f"{BEGIN}\n{table()}{END}", readme)
    README.write_text(written, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
