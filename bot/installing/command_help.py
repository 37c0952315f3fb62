"""The help of `queue-bot setup` in the person's language."""

import os

import click

from bot.doctor.sentences import Sentence
from bot.doctor.start_sentences import sentences_in
from bot.installing.language import language_of
from bot.installing.questions import APP_QUESTIONS, LANGUAGE, QUESTIONS

_QUESTIONS = {question.option: question for question in (*APP_QUESTIONS, *QUESTIONS)}


class SetupCommand(click.Command):
    """The command, whose help is in the language of its option, the settings or the locale."""

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the usage, the purpose and the options."""
        text = sentences_in(language_of(os.environ, ctx.params.get(LANGUAGE.lower())))
        usage = text("setup-help-usage")
        formatter.write_usage(ctx.command_path, text("setup-help-options"), f"{usage}: ")
        for key in ("setup-help", "setup-help-script"):
            formatter.write_paragraph()
            with formatter.indentation():
                formatter.write_text(text(key))
        with formatter.section(text("setup-help-list")):
            formatter.write_dl([_row(param, text) for param in self.get_params(ctx)])


def _row(param: click.Parameter, text: Sentence) -> tuple[str, str]:
    """Return the names of an option with its value, and its purpose."""
    names = ", ".join(param.opts)
    question = _QUESTIONS.get(param.opts[-1])
    if question is not None:
        return f"{names} {text('setup-help-text')}", f"{text(question.text)}."
    if param.name == "output":
        default = str(param.default)
        return f"{names} {text('setup-help-file')}", text("setup-help-output", file=default)
    key = "setup-help-force" if param.name == "force" else "setup-help-help"
    return names, text(key)
