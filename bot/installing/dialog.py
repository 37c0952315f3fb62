"""Ask the questions of `queue-bot setup`, and check each answer at once."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Protocol

from bot.doctor.checks import with_needs
from bot.doctor.examination import examine
from bot.doctor.installation import Installation
from bot.doctor.report import finding_lines
from bot.doctor.sentences import Sentence
from bot.doctor.start_sentences import in_language
from bot.installing.questions import APP_QUESTIONS, LANGUAGE, NONE, QUESTIONS, Question
from bot.models.doctor import Finding
from bot.models.refusals import StartError
from bot.settings.environment import SettingsError, load_settings


class Terminal(Protocol):
    """Where the dialog prints and asks; `is_interactive` is False for a script."""

    is_interactive: bool

    def say(self, line: str) -> None:
        """Print a line."""

    def ask(self, question: Question) -> str:
        """Return the typed answer to a question."""

    def again(self) -> str:
        """Return `c` to check the answer again, `n` for a new answer, or `k` to keep the answer."""


@dataclass
class Dialog:
    """The answers so far; `given` are answers from options and the environment.

    `text` returns the sentences in the `language` of the person.
    """

    terminal: Terminal
    given: Mapping[str, str]
    language: str
    text: Sentence
    answers: dict[str, str] = field(default_factory=dict)
    _shown: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Keep the given settings about which no question is asked."""
        asked = {question.setting for question in (*APP_QUESTIONS, *QUESTIONS)}
        self.answers |= {name: value for name, value in self.given.items() if name not in asked}

    def ask(self, questions: Sequence[Question]) -> None:
        """Ask each question; raise `StartError` if a script's answer is missing or wrong."""
        mode = self.answers.get("QUEUE_BOT_MODE", "socket")
        for question in questions:
            if mode in question.modes:
                self._settle(question)

    def _settle(self, question: Question) -> None:
        """Ask until the answer is valid and its checks find no problem, or until it is kept."""
        if question.default_from is not None:
            question = replace(question, default=self.answers.get(question.default_from))
        if question.setting == LANGUAGE:
            question = replace(question, default=self.language)
        typed = self.given.get(question.setting)
        while True:
            if typed is None:
                typed = self._typed(question)
            problems, warnings = self._rejected(question, typed)
            if not self.terminal.is_interactive and problems:
                raise StartError(problems)
            if not self.terminal.is_interactive or not (problems or warnings):
                return
            # An answer of an invalid form can neither be kept nor become valid.
            decision = self.terminal.again() if question.setting in self.answers else "n"
            if decision == "k":
                return
            if decision == "n":
                typed = None

    def _typed(self, question: Question) -> str:
        if self.terminal.is_interactive:
            return self.terminal.ask(question)
        if question.default is None:
            names = {"setting": question.setting, "option": question.option}
            raise StartError([self.text("setup-missing", **names)])
        return question.default

    def _rejected(self, question: Question, typed: str) -> tuple[list[str], list[str]]:
        """Keep the answer if its form is valid, check it; return the problems and warnings."""
        self.answers.pop(question.setting, None)
        answer = typed.strip()
        if answer in ("", NONE):
            if question.default is not None:
                return [], []
            problems = [self.text("setup-no-answer", setting=question.setting)]
        else:
            answers = {**self.answers, question.setting: answer}
            try:
                load_settings(answers, need="nothing")
            except SettingsError as error:
                problems = [in_language(problem, self.text) for problem in error.problems]
            else:
                self.answers = answers
                return self._findings(question)
        for sentence in problems:
            self.terminal.say(sentence)
        return problems, []

    def _findings(self, question: Question) -> tuple[list[str], list[str]]:
        """Run the question's checks, print new findings; return the problems and new warnings."""
        if not question.checks:
            return [], []
        settings = load_settings(self.answers, need="nothing")
        installation = Installation(settings, locale=self.language)
        with closing(installation):
            diagnosis = examine(installation, with_needs(question.checks))
        new = [one for one in diagnosis.findings if self._is_new(one, question)]
        for finding in new:
            for line in finding_lines(finding, self.text):
                self.terminal.say(line)
            if finding.status == "ok":
                self._shown.add(finding.sentence)
        problems, warnings = (
            [finding.sentence for finding in new if finding.status == status]
            for status in ("problem", "warning")
        )
        if not problems:
            # A kept warning is not repeated by the checks of the next questions.
            self._shown.update(warnings)
        return problems, warnings

    def _is_new(self, finding: Finding, question: Question) -> bool:
        is_asked = finding.check in question.checks and finding.status != "skipped"
        return is_asked and finding.sentence not in self._shown
