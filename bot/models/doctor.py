"""The values of a diagnosis: the findings of `queue-bot doctor`. This module has no I/O."""

from collections.abc import Callable
from typing import Literal

from bot.models.value import Value

Status = Literal["ok", "skipped", "warning", "problem"]
STATUSES: tuple[Status, ...] = ("ok", "skipped", "warning", "problem")
"""The statuses, the best first."""
EXIT_CODES: dict[Status, int] = {"ok": 0, "skipped": 1, "warning": 1, "problem": 2}


class Finding(Value):
    """One result of a check.

    `advice` is what to do, and `command` is the command or statement that does it. Both are empty
    if the sentence is enough.
    """

    check: str = ""
    status: Status
    sentence: str
    advice: str = ""
    command: str = ""


class Diagnosis(Value):
    """The findings of all checks, in the order of the checks."""

    findings: tuple[Finding, ...]

    @property
    def worst(self) -> Status:
        """The worst status of the findings."""
        statuses = [finding.status for finding in self.findings]
        return max(statuses, key=STATUSES.index, default="ok")

    def count(self, status: Status) -> int:
        """Return the number of findings with this status."""
        return sum(finding.status == status for finding in self.findings)


Diagnose = Callable[[], Diagnosis]


def undiagnosed() -> Diagnosis:
    """Return the diagnosis of a process that was started without the checks."""
    sentence = "This process runs no checks."
    finding = Finding(
        check="doctor",
        status="skipped",
        sentence=sentence,
        advice="Run the checks in a terminal.",
        command="queue-bot doctor",
    )
    return Diagnosis(findings=(finding,))


def ok(sentence: str, advice: str = "", command: str = "") -> Finding:
    """Return a finding that needs no action."""
    return Finding(status="ok", sentence=sentence, advice=advice, command=command)


def warning(sentence: str, advice: str, command: str = "") -> Finding:
    """Return a finding that does not prevent the bot's work."""
    return Finding(status="warning", sentence=sentence, advice=advice, command=command)


def problem(sentence: str, advice: str = "", command: str = "") -> Finding:
    """Return a finding that prevents work of the bot."""
    return Finding(status="problem", sentence=sentence, advice=advice, command=command)
