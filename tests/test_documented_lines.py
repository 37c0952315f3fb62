"""The bot accepts every `/queue` line and every `queue-bot` line that the documentation shows."""

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.__main__ import main
from bot.models.refusals import Invalid, UnknownCommand
from tests.kit.cases import check_each
from tests.kit.queues import make_queue
from tests.kit.replicas import ask, make_setup

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("docs/**/*.md"))]
PLACEHOLDERS = {
    "ID…": "1",
    "ID": "1",
    "ORDER": "803181",
    "ORDER…": "803181",
    "NAME": "ana",
    "#RECORD": "#1",
}
"""An example for each word that stands for a value of the reader."""
STAYS = {"run", "playground"}
"""Commands that do not end by themselves, so only their words are parsed here."""


def shown(pattern: str) -> list[tuple[str, str]]:
    """Return each code of the pages that matches, with its page, once.

    A line of a code block is a code, and so is a text in backticks.
    """
    pages: dict[str, str] = {}
    for page in PAGES:
        written = page.read_text(encoding="utf-8")
        blocks = re.findall(r"^ *```\w*\n(.*?)^ *```", written, re.DOTALL | re.MULTILINE)
        codes = [line for block in blocks for line in block.splitlines()]
        codes += re.findall(r"`([^`\n]+)`", written)
        for code in codes:
            if re.match(pattern, code.strip()):
                pages.setdefault(code.strip().removeprefix("$ ").replace("\\|", "|"), page.name)
    return [(f"{page}: {code}", code) for code, page in pages.items()]


def example(line: str) -> list[str]:
    """Return the line's words without the optional ones, with a value for each placeholder."""
    required = re.sub(r"\[[^\]]*\]|\|\w+", "", line)
    return [PLACEHOLDERS.get(word, word) for word in required.split()]


@pytest.fixture
def url(sqlite_url: str) -> str:
    """The address of a database with a job and a failed job."""
    queue = make_queue(sqlite_url)
    queue.push(order=803181)
    queue.fail(order=803193)
    queue.engine.dispose()
    return sqlite_url


def test_the_bot_accepts_every_line_of_slack(sqlite_url: str) -> None:
    setup = make_setup(make_queue(sqlite_url))

    def check(line: str) -> None:
        _, *words = example(line)
        outcome = ask(setup, " ".join(words))
        # A line with a name alone only mentions the command, which may need more words.
        wrong = UnknownCommand if len(words) < 2 else (UnknownCommand, Invalid)
        assert not isinstance(outcome.refusal, wrong), outcome.refusal

    check_each(shown(r"/queue( |$)"), check)


def test_the_terminal_accepts_every_line(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", url)

    def check(line: str) -> None:
        _, *words = shlex.split(" ".join(example(line)))
        if words[0] in STAYS:
            main.commands[words[0]].make_context(words[0], words[1:]).close()
            return
        ended = CliRunner().invoke(main, words)
        # A name alone only mentions the command. Another refusal than one of click is an answer.
        is_mentioned = "--" not in line and "Usage:" in ended.output
        assert "Usage:" not in ended.output or is_mentioned, ended.output
        assert ended.exception is None or isinstance(ended.exception, SystemExit), ended.output

    check_each(shown(r"(\$ )?queue-bot [a-z]"), check)
