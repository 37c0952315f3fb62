"""A person at a terminal: a program in a pseudo-terminal, whose prompts are answered in turn."""

import contextlib
import os
import pty
import re
import select
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

SECONDS = 60.0
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")


class Dialog:
    """The program's terminal; `screen` is all text that the person saw."""

    def __init__(self, process: "subprocess.Popen[bytes]", terminal: int) -> None:
        self._process = process
        self._terminal = terminal
        self._seen = 0
        self.screen = ""

    def answer(self, prompt: str, typed: str) -> None:
        """Wait for the prompt, which must come after the last one, and type a line."""
        self.wait_for(prompt)
        os.write(self._terminal, f"{typed}\n".encode())

    def wait_for(self, words: str) -> None:
        """Wait until the program has printed the words after the last awaited ones."""
        until = time.monotonic() + SECONDS
        while (at := self.screen.find(words, self._seen)) < 0:
            assert time.monotonic() < until, f"no {words!r} in:\n{self.screen[self._seen :]}"
            assert self._read(), f"the program ended without {words!r}:\n{self.screen}"
        self._seen = at + len(words)

    def end(self) -> int:
        """Read the rest of the output, and return the exit code."""
        until = time.monotonic() + SECONDS
        while self._read():
            assert time.monotonic() < until, "the program waits for an answer"
        return self._process.wait(SECONDS)

    def _read(self) -> bool:
        """Read the next output, if there is any within a second; return False at the end."""
        if not select.select([self._terminal], [], [], 1.0)[0]:
            return True
        try:
            content = os.read(self._terminal, 65_536)
        except OSError:
            # The program closed the terminal.
            return False
        self.screen += _CONTROL.sub("", content.decode("utf-8", "replace"))
        return bool(content)


@contextlib.contextmanager
def at_terminal(
    command: Sequence[str], environ: Mapping[str, str], folder: Path
) -> Iterator[Dialog]:
    """Run the command in a pseudo-terminal until the block ends."""
    terminal, side = pty.openpty()
    process = subprocess.Popen(
        command,
        stdin=side,
        stdout=side,
        stderr=side,
        env=dict(environ),
        cwd=folder,
        start_new_session=True,
    )
    os.close(side)
    try:
        yield Dialog(process, terminal)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(SECONDS)
        os.close(terminal)
