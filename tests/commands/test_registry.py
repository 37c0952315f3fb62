"""A command is one file: its usage, help, role and terminal form follow from that file."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import get_type_hints
from zoneinfo import ZoneInfo

import pytest

import bot.commands
from bot.app.command import Command, Effect, find_commands
from bot.app.parsing import parse
from bot.app.work import Work
from bot.models.roles import Role
from bot.text import LANGUAGES, texts_for
from bot.views.buttons import MENU
from tests.kit.team import Team
from tests.readme_table import README, shown, table

THROWAWAY = '''
"""`/queue echo word`: say a word again."""

from pydantic import Field

from bot.models.requests import Message
from bot.models.roles import Role
from bot.models.value import Value
from bot.app.command import Arguments, Command, Result
from bot.app.work import Work
from bot.views.context import Context


class EchoArguments(Arguments):
    """What to say."""

    words: list[str] = Field(json_schema_extra={"positional": "WORD"})
    loud: bool = False


class Said(Value):
    """What was said."""

    word: str


class EchoResult(Result):
    """The echo."""

    data: Said


def run(work: Work, args: EchoArguments) -> EchoResult:
    """Say it again."""
    return EchoResult(data=Said(word=" ".join(args.words)))


def view(result: EchoResult, context: Context) -> Message:
    """The word."""
    return Message(result.data.word)


COMMAND = Command(
    name="echo", arguments=EchoArguments, role=Role.OPERATOR, result=EchoResult, run=run, view=view
)
'''

# A separate process, so that its imports do not affect other tests.
FIND = """
import sys
from zoneinfo import ZoneInfo
import bot.commands
bot.commands.__path__.append(sys.argv[1])
from bot.app.parsing import parse
from bot.app.command import find_commands
commands = find_commands()
print(commands["echo"].usage())
print(parse("echo hello", commands))
print(commands["echo"].need)
from pathlib import Path
from bot.access.no_slack import NoSlack
from bot.settings.environment import load_settings
from bot.terminal.do import TerminalRequest, do
from bot.wiring.setup import make_setup
from tests.kit.queues import make_queue
queue = make_queue("sqlite:///" + sys.argv[1] + "/q.sqlite3")
settings = load_settings({"DATABASE_URL": queue.url}, need="database")
setup = make_setup(settings, queue.engine, NoSlack())
do(setup, TerminalRequest("echo hello world", "ana"), print, lambda preview: None)
do(setup, TerminalRequest("help", "ana", as_json=True), print, lambda preview: None)
"""

COMMANDS = find_commands()
ROOT = Path(__file__).parents[2]


def test_a_new_file_below_commands_is_a_command_with_usage_help_and_terminal(
    tmp_path: Path,
) -> None:
    (tmp_path / "echo.py").write_text(THROWAWAY, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", FIND, str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=50,
        check=True,
    )
    lines = done.stdout.splitlines()
    assert lines[0] == "echo WORD [loud=]"
    assert "Request(command='echo', values={'words': ['hello']}" in lines[1]
    assert "role=<Role.OPERATOR: 2>, changes=False" in lines[2]
    assert lines[3] == "hello world"
    assert '"usage": "/queue echo WORD [loud=]"' in done.stdout


@pytest.mark.parametrize("command", COMMANDS.values(), ids=list(COMMANDS))
def test_every_command_has_its_role_view_and_help_in_every_language(command: Command) -> None:
    assert isinstance(command.role, Role)
    assert callable(command.view)
    assert command.usage().startswith(command.name)
    zone = ZoneInfo("UTC")
    help_texts = {
        texts_for(language, "en", zone).plain(f"help-{command.name}") for language in LANGUAGES
    }
    assert len(help_texts) == len(LANGUAGES)
    if command.effect is not Effect.READ:
        assert command.role >= Role.OPERATOR
        # Everyone sees a change in the channel where it was made.
        assert command.visible is not None or command.name == "cancel"
    if command.effect is Effect.BULK:
        # `OPERATOR_ROWS` limits how many jobs an operator may retry by filter.
        assert command.role is (Role.OPERATOR if command.name == "retry" else Role.ADMIN)
        assert command.finished is not None
    if command.fresh:
        assert command.role is Role.ADMIN


@pytest.mark.parametrize("command", COMMANDS.values(), ids=list(COMMANDS))
def test_each_example_of_the_help_is_parsed_as_its_command(command: Command) -> None:
    for example in command.examples:
        request = parse(example, COMMANDS)
        assert request.command == command.name
        command.arguments.model_validate(request.values)


def test_every_command_runs_with_a_work_and_its_arguments_and_returns_its_result() -> None:
    for command in COMMANDS.values():
        work, arguments, result = get_type_hints(command.run).values()
        assert work is Work, command.name
        assert issubclass(command.arguments, arguments), command.name
        assert issubclass(result, command.result), command.name


def test_every_module_has_exactly_one_command() -> None:
    folder = Path(str(bot.commands.__file__)).parent
    modules = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    assert {name.replace("-", "_") for name in COMMANDS} == modules


def test_every_command_of_the_issue_exists() -> None:
    expected = (
        "status jobs failed job failed-job retry retry-all delete delete-failed clear-failed "
        "history whoami help cancel"
    )
    assert set(expected.split()) <= COMMANDS.keys()


def test_every_button_runs_a_command(team: Team) -> None:
    team.queue.fail(45)
    team.queue.push(123)
    for number in range(1, 13):
        team.queue.fail(number)
    texts = [team.say(words, as_="admin").everything for words in ("status", "failed", "jobs")]
    texts += [str(team.alert()["blocks"]), str(team.say("failed-job 45", as_="admin").response)]
    clickable = set()
    for text in texts:
        for part in text.replace("'", '"').split('"action_id": "')[1:]:
            clickable.add(part.split('"')[0])
    assert clickable - {MENU}
    for action_id in clickable - {MENU}:
        kind, _, name = action_id.partition(":")
        assert kind in ("run", "page")
        assert name in COMMANDS


def test_the_readme_lists_the_commands_and_roles_of_the_code() -> None:
    assert README.exists(), "README.md is missing; python -m tests.readme_table prints its table"
    assert shown(README.read_text(encoding="utf-8")) == table()


def test_no_two_commands_share_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    command = replace(COMMANDS["status"], aliases=("flush",))
    monkeypatch.setattr("bot.commands.status.COMMAND", command)
    with pytest.raises(ValueError, match="two commands are called flush"):
        find_commands()
