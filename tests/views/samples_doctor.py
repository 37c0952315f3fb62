"""The message of `/queue doctor`."""

from collections.abc import Iterator
from functools import partial

from bot.models.doctor import Diagnosis, Finding, ok, problem, warning
from bot.models.requests import Source
from bot.views.reports.doctor import doctor_message
from tests.views.samples import Sample
from tests.views.words import PLAIN, Words


def samples(w: Words = PLAIN) -> Iterator[Sample]:
    """A healthy bot, every status, and more findings than a message shows."""
    healthy = [_named("database", ok("MariaDB answers in 1 ms."))]
    every = [
        *healthy,
        _named("channels", problem(w.word, w.word, w.word)),
        _named("roles", warning(w.word, w.word)),
        _named("audit", Finding(status="skipped", sentence=w.word)),
    ]
    for name, findings in {"good": healthy, "every": every, "many": every * 20}.items():
        yield Sample(f"doctor-{name}", partial(doctor_message, Diagnosis(findings=tuple(findings))))
    diagnosis = Diagnosis(findings=tuple(every))
    yield Sample("doctor-terminal", partial(doctor_message, diagnosis), source=Source.TERMINAL)


def _named(check: str, finding: Finding) -> Finding:
    return finding.model_copy(update={"check": check})
