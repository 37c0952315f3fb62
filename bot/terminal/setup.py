"""The command `queue-bot setup`: from the tokens to a file with valid settings."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from bot import logs
from bot.installing.dialog import Dialog
from bot.installing.env_file import write_env_file
from bot.installing.questions import APP_QUESTIONS, QUESTIONS, Question
from bot.installing.statements import statements
from bot.masking.masker import mask_value
from bot.models.refusals import StartError
from bot.settings.environment import load_settings
from bot.settings.variables import variables
from bot.slack.manifest import manifest
from bot.store.audit.keys import new_secret

AUDIT_KEY = "QUEUE_BOT_AUDIT_KEY"


class ClickTerminal:
    """The terminal of a person, or the standard input of a script."""

    def __init__(self) -> None:
        self.is_interactive = sys.stdin.isatty()

    def say(self, line: str) -> None:
        """Print a line."""
        click.echo(line)

    def ask(self, question: Question) -> str:
        """Print the question with its hint, and return the typed answer."""
        click.echo()
        if question.hint:
            click.echo(question.hint)
        if question.secret:
            click.echo("Your answer is not shown while you type.")
        typed: str = click.prompt(
            f"{question.text} ({question.setting})",
            default="" if question.default is None else question.default,
            show_default=question.default is not None,
            hide_input=question.secret,
        )
        return typed

    def again(self) -> str:
        """Return the decision about an answer with a problem."""
        decision: str = click.prompt(
            "c: check again, n: new answer, k: keep this answer", type=click.Choice(["c", "n", "k"])
        )
        return decision


def setup_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of setup to its command: the file, and an option for each question."""
    for question in reversed((*APP_QUESTIONS, *QUESTIONS)):
        name = question.setting.lower()
        option = click.option(question.option, name, metavar="TEXT", help=f"{question.text}.")
        command = option(command)
    force = click.option("--force", is_flag=True, help="Replace an existing file unasked.")
    output = click.option(
        "--output",
        type=click.Path(path_type=Path, dir_okay=False),
        default=Path("queue-bot.env"),
        show_default=True,
        help="The file with the settings.",
    )
    return output(force(command))


def set_up(output: Path, force: bool, **options: str | None) -> None:  # noqa: FBT001 click passes a flag as a bool
    """Ask for the settings, check each answer at once, and write them to a file.

    Settings in the environment are answers too. Without a terminal, every answer must be given.
    """
    logs.configure("WARNING", mask_value)
    terminal = ClickTerminal()
    _confirm_file(output, terminal, force=force)
    known = {name: os.environ[name] for name in variables() if os.environ.get(name, "").strip()}
    typed = {name.upper(): value for name, value in options.items() if value is not None}
    answers = _answers(terminal, {**known, **typed})
    click.echo()
    for line in statements(answers, _program()):
        click.echo(line)
    write_env_file(output, answers)
    click.echo()
    click.echo(f"Wrote {output}, which only you can read.")
    click.echo("After the statements above, check everything, then start the bot:")
    click.echo(f"(set -a; . {_shell_path(output)}; {_program()} doctor)")
    click.echo(f"(set -a; . {_shell_path(output)}; {_program()} run)")


def _confirm_file(path: Path, terminal: ClickTerminal, *, force: bool) -> None:
    """Ask before the questions, so that no answer is lost because the file exists."""
    if not path.exists() or force:
        return
    if not terminal.is_interactive:
        raise StartError([f"The file {path} exists: choose another --output, or use --force."])
    click.confirm(f"The file {path} exists. Replace it at the end?", abort=True)


def _answers(terminal: ClickTerminal, given: dict[str, str]) -> dict[str, str]:
    """Return the answers, and a new key of the audit log if there is none."""
    dialog = Dialog(terminal, given)
    dialog.ask(APP_QUESTIONS)
    if "SLACK_BOT_TOKEN" not in given:
        settings = load_settings(dialog.answers, need="manifest")
        click.echo()
        click.echo('On api.slack.com/apps choose "Create New App", "From a manifest", and paste:')
        click.echo()
        click.echo(manifest(settings.command, settings.environment))
        click.echo(
            "Then choose Install App, and invite the bot to the channels that you name below."
        )
    with logs.only_findings():
        dialog.ask(QUESTIONS)
    load_settings(dialog.answers, need="run")
    return {**dialog.answers, AUDIT_KEY: dialog.answers.get(AUDIT_KEY, new_secret())}


def _program() -> str:
    """Return the command as the person typed it, because its folder may not be on PATH."""
    return sys.argv[0] if Path(sys.argv[0]).name == "queue-bot" else "queue-bot"


def _shell_path(path: Path) -> str:
    """Return the path as a shell's `.` finds it: with a slash, or the shell searches PATH."""
    return str(path) if "/" in str(path) else f"./{path}"
