"""Print a diagnosis in a terminal, as lines or as JSON."""

import json
import textwrap
from collections.abc import Callable

from bot.models.doctor import EXIT_CODES, STATUSES, Diagnosis, Finding

WIDTH = 100
_INDENT = " " * 27


def print_diagnosis(
    diagnosis: Diagnosis, say: Callable[[str], None], *, as_json: bool = False
) -> int:
    """Print the findings and return the exit code, which the worst finding decides."""
    if as_json:
        body = {"worst": diagnosis.worst, **diagnosis.model_dump(mode="json")}
        say(json.dumps(body, ensure_ascii=False))
    else:
        for finding in _grouped(diagnosis):
            for line in finding_lines(finding):
                say(line)
        say(_summary(diagnosis))
    return EXIT_CODES[diagnosis.worst]


def _grouped(diagnosis: Diagnosis) -> list[Finding]:
    """Return the findings; checks that were skipped for one reason become one finding."""
    reasons: dict[str, list[str]] = {}
    for finding in diagnosis.findings:
        if finding.status == "skipped":
            reasons.setdefault(finding.sentence, []).append(finding.check)
    skipped = [
        Finding(check=names[0], status="skipped", sentence=sentence)
        if len(names) == 1
        else Finding(status="skipped", sentence=f"{sentence} ({', '.join(names)})")
        for sentence, names in reasons.items()
    ]
    return [*(one for one in diagnosis.findings if one.status != "skipped"), *skipped]


def finding_lines(finding: Finding) -> list[str]:
    """Return the status, the check and the sentence, then what to do, then the command."""
    head = f"{finding.status:<8} {finding.check:<17} "
    lines = _wrapped(finding.sentence, head)
    if finding.advice:
        lines += _wrapped(finding.advice, f"{_INDENT[:-3]}-> ")
    if finding.command:
        # A command is never wrapped, so that a person can copy it.
        lines.append(f"{_INDENT}{finding.command}")
    return lines


def _wrapped(text: str, head: str) -> list[str]:
    """Return the text in lines behind `head`; no word is cut, so that names can be copied."""
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=head,
        subsequent_indent=_INDENT,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _summary(diagnosis: Diagnosis) -> str:
    counts = {status: diagnosis.count(status) for status in reversed(STATUSES)}
    plural = {"problem": "problems", "warning": "warnings"}
    parts = [
        f"{count} {plural.get(status, status) if count != 1 else status}"
        for status, count in counts.items()
        if count
    ]
    return f"{', '.join(parts)}."
