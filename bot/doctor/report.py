"""Print a diagnosis in a terminal, as lines or as JSON."""

import json
import textwrap
from collections.abc import Callable

from bot.doctor.sentences import Sentence
from bot.models.doctor import EXIT_CODES, STATUSES, Diagnosis, Finding, Status

WIDTH = 100
_CHECK = 17
"""The width of the column with the name of the check."""
_WORDS: dict[Status, str] = {
    "ok": "doctor-word-ok",
    "skipped": "doctor-word-skipped",
    "warning": "doctor-word-warning",
    "problem": "doctor-word-problem",
}


_COUNTS: dict[Status, str] = {
    "ok": "doctor-count-ok",
    "skipped": "doctor-count-skipped",
    "warning": "doctor-count-warning",
    "problem": "doctor-count-problem",
}


def print_diagnosis(
    diagnosis: Diagnosis, say: Callable[[str], None], text: Sentence, *, as_json: bool = False
) -> int:
    """Print the findings and return the exit code, which the worst finding decides."""
    if as_json:
        body = {"worst": diagnosis.worst, **diagnosis.model_dump(mode="json")}
        say(json.dumps(body, ensure_ascii=False))
    else:
        for finding in _grouped(diagnosis):
            for line in finding_lines(finding, text):
                say(line)
        say(_summary(diagnosis, text))
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


def finding_lines(finding: Finding, text: Sentence) -> list[str]:
    """Return the status, the check and the sentence, then what to do, then the command."""
    words = {status: text(key) for status, key in _WORDS.items()}
    width = max(map(len, words.values())) + 1
    head = f"{words[finding.status]:<{width}} {finding.check:<{_CHECK}} "
    indent = " " * len(head)
    lines = _wrapped(finding.sentence, head)
    if finding.advice:
        lines += _wrapped(finding.advice, f"{indent[:-3]}-> ")
    if finding.command:
        # A command is never wrapped, so that a person can copy it.
        lines.append(f"{indent}{finding.command}")
    return lines


def _wrapped(text: str, head: str) -> list[str]:
    """Return the text in lines behind `head`; no word is cut, so that names can be copied."""
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=head,
        subsequent_indent=" " * len(head),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _summary(diagnosis: Diagnosis, text: Sentence) -> str:
    counts = ((status, diagnosis.count(status)) for status in reversed(STATUSES))
    parts = [text(_COUNTS[status], count=count) for status, count in counts if count]
    return f"{', '.join(parts)}."
