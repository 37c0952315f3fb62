"""Run all checks in order; a check that cannot run is a finding, and the next check runs."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from bot.access.roles import Unreachable
from bot.database.start import at_start
from bot.doctor.installation import Installation
from bot.doctor.start_sentences import in_language
from bot.models.doctor import Diagnosis, Finding, problem
from bot.models.refusals import Refusal, StartError
from bot.store.background_steps import error_code


class CheckFailed(Exception):
    """The check cannot go on, and the checks that need it cannot run."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.sentence)
        self.finding = finding


@dataclass(frozen=True, slots=True)
class DoctorCheck:
    """A check: its name, its function, and the names of the checks that must succeed before it.

    `command` is the command that repairs what the check's start errors report.
    """

    name: str
    run: Callable[[Installation], Iterable[Finding]]
    needs: tuple[str, ...] = ()
    command: str = ""


def examine(installation: Installation, checks: Sequence[DoctorCheck]) -> Diagnosis:
    """Return the findings of all checks. No error of a check ends the examination."""
    findings: list[Finding] = []
    failed: dict[str, str] = {}
    for check in checks:
        cause = next((failed[need] for need in check.needs if need in failed), None)
        if cause is not None:
            failed[check.name] = cause
            sentence = installation.text("doctor-needs-failed", check=cause)
            results = [Finding(status="skipped", sentence=sentence)]
        else:
            results, succeeded = _results(installation, check)
            if not succeeded:
                failed[check.name] = check.name
        for one in results:
            sentence = in_language(one.sentence, installation.text)
            findings.append(one.model_copy(update={"check": check.name, "sentence": sentence}))
    return Diagnosis(findings=tuple(findings))


def _results(installation: Installation, check: DoctorCheck) -> tuple[list[Finding], bool]:
    """Return the findings of a check, and whether the checks that need it can run."""
    results: list[Finding] = []
    try:
        with at_start():
            results += check.run(installation)
    except CheckFailed as failure:
        return [*results, failure.finding], False
    except StartError as error:
        return [*results, *(problem(text, command=check.command) for text in error.problems)], False
    except Unreachable as error:
        return [
            *results,
            problem(installation.text("doctor-slack-unanswered", reason=error)),
        ], False
    except Refusal as refusal:
        return [
            *results,
            problem(installation.text("doctor-database-unanswered", reason=refusal.code)),
        ], False
    except Exception as error:  # noqa: BLE001 after any error the next check must run
        sentence = installation.text("doctor-check-broken", reason=error_code(error))
        return [*results, problem(sentence, installation.text("doctor-report-bug"))], False
    return results, True
