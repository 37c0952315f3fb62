"""A command that a test adds as one new file."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import bot.commands


@contextmanager
def added_command(folder: Path, name: str, source: str) -> Iterator[None]:
    """Write the module so that the registry finds it as if it lay below `bot/commands`."""
    path = folder / "commands"
    path.mkdir()
    (path / f"{name}.py").write_text(source, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bot.commands, "__path__", [*bot.commands.__path__, str(path)])
        yield
    sys.modules.pop(f"bot.commands.{name}", None)
    vars(bot.commands).pop(name, None)
