"""A command module that a test adds to the registry."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import bot.commands


@contextmanager
def added_command(folder: Path, name: str, source: str) -> Iterator[None]:
    """Write a command module that the registry finds as if it were in `bot/commands`."""
    path = folder / "commands"
    path.mkdir()
    (path / f"{name}.py").write_text(source, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bot.commands, "__path__", [*bot.commands.__path__, str(path)])
        yield
    sys.modules.pop(f"bot.commands.{name}", None)
    vars(bot.commands).pop(name, None)
