"""The view of a diagnosis: problems first, then warnings and skipped checks."""

from bot.models.doctor import STATUSES, Diagnosis, Finding
from bot.models.requests import Message
from bot.text import Mrkdwn, code, escape, join
from bot.views.blocks import context_line, message, section, sections
from bot.views.context import Context

SHOWN = 20
"""The most findings that a message lists."""


def doctor_message(diagnosis: Diagnosis, ctx: Context) -> Message:
    """Return the numbers of findings, each finding that needs attention, and the good checks."""
    texts = ctx.texts
    counts = [
        texts(f"doctor-{status}", count=count)
        for status in reversed(STATUSES)
        if (count := diagnosis.count(status))
    ]
    title = join(" · ", counts)
    bad = [
        finding
        for status in reversed(STATUSES)
        if status != "ok"
        for finding in diagnosis.findings
        if finding.status == status
    ]
    lines = [_line(finding, ctx) for finding in bad[:SHOWN]]
    if hidden := len(bad) - len(lines):
        lines.append(texts("doctor-more", count=hidden))
    worse = {finding.check for finding in bad}
    good = dict.fromkeys(f.check for f in diagnosis.findings if f.check not in worse)
    foot = [texts("doctor-good", names=join(", ", map(code, good)))] if good else []
    foot.append(texts("doctor-terminal", command=code("queue-bot doctor")))
    blocks = [section(title), *sections(lines), *(context_line(line) for line in foot)]
    return message([title, *lines, *foot], blocks)


def _line(finding: Finding, ctx: Context) -> Mrkdwn:
    values = [
        ctx.texts(f"doctor-status-{finding.status}", check=code(finding.check)),
        escape(finding.sentence),
        *([escape(finding.advice)] if finding.advice else []),
        *([code(finding.command)] if finding.command else []),
    ]
    return join(" ", values)
