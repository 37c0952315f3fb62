"""The command `queue-bot setup`: from the tokens to a file with valid settings."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from bot import logs
from bot.doctor.sentences import Sentence
from bot.doctor.start_sentences import in_language, sentences_in
from bot.installing.dialog import Dialog
from bot.installing.env_file import write_env_file
from bot.installing.language import language_of
from bot.installing.questions import APP_QUESTIONS, LANGUAGE, QUESTIONS, Question
from bot.installing.statements import statements
from bot.masking.masker import mask_value
from bot.models.refusals import StartError
from bot.settings.environment import load_settings
from bot.settings.variables import variables
from bot.slack.manifest import manifest
from bot.store.audit.keys import new_secret

AUDIT_KEY = "QUEUE_BOT_AUDIT_KEY"
DECISIONS = ("c", "n", "k")
YES, NO = ("y", "yes", "s", "si", "sí"), ("n", "no")


class ClickTerminal:
    """The terminal of a person, or the standard input of a script."""

    def __init__(self, text: Sentence) -> None:
        self.is_interactive = sys.stdin.isatty()
        self._text = text

    def say(self, line: str) -> None:
        """Print a line."""
        click.echo(line)

    def ask(self, question: Question) -> str:
        """Print the question with its hint, and return the typed answer."""
        click.echo()
        if question.hint:
            click.echo(self._text(question.hint))
        if question.secret:
            click.echo(self._text("setup-secret"))
        typed: str = click.prompt(
            f"{self._text(question.text)} ({question.setting})",
            default="" if question.default is None else question.default,
            show_default=question.default is not None,
            hide_input=question.secret,
        )
        return typed

    def again(self) -> str:
        """Return the decision about an answer with a problem."""

        def decided(typed: str) -> str:
            if typed not in DECISIONS:
                raise click.UsageError(self._text("setup-no-decision", typed=repr(typed)))
            return typed

        return click.prompt(
            self._text("setup-decision"), type=click.Choice(DECISIONS), value_proc=decided
        )

    def confirm(self, sentence: str) -> None:
        """Ask a question, and end the program unless the answer is yes."""

        def is_yes(typed: str) -> bool:
            if typed.lower().strip() not in (*YES, *NO):
                raise click.UsageError(self._text("setup-no-yes"))
            return typed.lower().strip() in YES

        question = f"{sentence} [{self._text('setup-yes')}]"
        if not click.prompt(question, default=NO[0], show_default=False, value_proc=is_yes):
            raise click.Abort


def setup_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of setup to its command: the file, and an option for each question."""
    for question in reversed((*APP_QUESTIONS, *QUESTIONS)):
        name = question.setting.lower()
        # The help of this command comes after the language, if that was typed before `--help`.
        is_eager = question.setting == LANGUAGE
        command = click.option(question.option, name, is_eager=is_eager)(command)
    force = click.option("--force", is_flag=True)
    output = click.option(
        "--output",
        type=click.Path(path_type=Path, dir_okay=False),
        default=Path("queue-bot.env"),
    )
    return output(force(command))


def set_up(output: Path, force: bool, **options: str | None) -> None:  # noqa: FBT001 click passes a flag as a bool
    """Ask for the settings, check each answer at once, and write them to a file."""
    logs.configure("WARNING", mask_value)
    typed = {name.upper(): value for name, value in options.items() if value is not None}
    language = language_of(os.environ, typed.get(LANGUAGE))
    text = sentences_in(language)
    try:
        _set_up(output, typed, language, force=force)
    except StartError as error:
        raise StartError([in_language(problem, text) for problem in error.problems]) from error
    except click.Abort:
        click.echo(text("setup-aborted"), err=True)
        raise SystemExit(1) from None


def _set_up(output: Path, typed: dict[str, str], language: str, *, force: bool) -> None:
    text = sentences_in(language)
    terminal = ClickTerminal(text)
    _confirm_file(output, terminal, text, force=force)
    known = {name: os.environ[name] for name in variables() if os.environ.get(name, "").strip()}
    answers = _answers(Dialog(terminal, {**known, **typed}, language, text))
    click.echo()
    for line in statements(answers, _program(), text):
        click.echo(line)
    write_env_file(output, answers, text)
    click.echo()
    click.echo(text("setup-written", path=output))
    click.echo(text("setup-next"))
    click.echo(f"(set -a; . {_shell_path(output)}; {_program()} doctor)")
    click.echo(f"(set -a; . {_shell_path(output)}; {_program()} run)")


def _confirm_file(path: Path, terminal: ClickTerminal, text: Sentence, *, force: bool) -> None:
    """Ask before the questions, so that no answer is lost because the file exists."""
    if not path.exists() or force:
        return
    if not terminal.is_interactive:
        raise StartError([text("setup-exists", path=path)])
    terminal.confirm(text("setup-replace", path=path))


def _answers(dialog: Dialog) -> dict[str, str]:
    """Return the answers, and a new key of the audit log if there is none."""
    dialog.ask(APP_QUESTIONS)
    if "SLACK_BOT_TOKEN" not in dialog.given:
        settings = load_settings(dialog.answers, need="manifest")
        click.echo()
        click.echo(dialog.text("setup-create-app"))
        click.echo()
        click.echo(manifest(settings.command, settings.environment))
        click.echo(dialog.text("setup-install-app"))
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
