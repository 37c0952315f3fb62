"""Each refusal names in one sentence the action not taken, in the words of the queue's API."""

import json
from collections.abc import Callable
from dataclasses import MISSING, fields
from datetime import datetime
from typing import get_type_hints

import pytest

from bot.models import refusals as errors
from bot.models.audit import AuditLine
from bot.models.job_changes import SkippedRow
from bot.models.refusals import Refusal
from bot.models.refusals.skipped import ROW_REFUSALS, refusal_of, skipped_row
from bot.models.roles import Role
from bot.store.audit import stored_refusals
from bot.text import LANGUAGES, code, readable, texts_for
from bot.views.refusal import reason_words, refusal_message, refusal_sentence
from tests.views.rows import skipped_rows
from tests.views.samples_refusals import PROBLEMS
from tests.views.words import ACTIONS, LIMA, NOW, context

ENGLISH = texts_for("en", "en", LIMA)


def kinds(root: type[Refusal] = Refusal) -> list[type[Refusal]]:
    """Return every class of refusal."""
    return [root, *(kind for child in root.__subclasses__() for kind in kinds(child))]


FIELD_VALUES: dict[object, object] = {
    str: "45",
    str | None: "45",
    bool: True,
    int: 7,
    int | None: 7,
    Role: Role.OPERATOR,
    datetime: NOW,
    datetime | None: NOW,
    tuple[str, ...]: ("U0ANA00001", "mail"),
    tuple[SkippedRow, ...]: skipped_rows(),
}


def instances(kind: type[Refusal]) -> list[Refusal]:
    """Return the refusal with every field, and with its required fields only."""
    types = get_type_hints(kind)
    every = {field.name: FIELD_VALUES[types[field.name]] for field in fields(kind)}
    needed = {field.name: every[field.name] for field in fields(kind) if field.default is MISSING}
    make: Callable[..., Refusal] = kind
    return [make(**every)] if needed == every else [make(**every), make(**needed)]


EVERY_REFUSAL = [refusal for kind in kinds() for refusal in instances(kind)]

SENTENCES = [
    (
        errors.FailedJobNotFound(id="45"),
        "No failed job 45",
    ),
    (
        errors.JobNotFound(id="123"),
        "Job 123 not found: it was already processed or moved to failed",
    ),
    (
        errors.FailedJobNotFound(id="45", by="U0ANA00001", action="retry-all", at=NOW),
        "Failed job 45 not found: it was already retried by @U0ANA00001 at 2025-11-07 19:30:00",
    ),
    (
        errors.FailedJobNotFound(id="45", by="ana", action="clear-failed", at=NOW),
        "Failed job 45 not found: it was already deleted by ana (terminal) at 2025-11-07 19:30:00",
    ),
    (
        errors.JobNotFound(id="123", by="U0ANA00001", action="delete", at=NOW),
        "Job 123 not found: it was already deleted by @U0ANA00001 at 2025-11-07 19:30:00",
    ),
    (
        errors.Denied(needed=Role.OPERATOR, has=Role.VIEWER, holders=()),
        "Not allowed: this needs the role operator, yours is viewer. Nothing was changed",
    ),
    (
        errors.Invalid(
            problem="literal_error",
            field="status",
            value="<!channel>",
            expected="'pending', 'reserved' or 'all'",
            usage="jobs",
        ),
        "status must be pending, reserved, all, not `<!channel>`",
    ),
]


@pytest.mark.parametrize(("refusal", "sentence"), SENTENCES)
def test_the_sentence_of_a_refusal_equals_the_spec_of_the_api(
    refusal: Refusal, sentence: str
) -> None:
    assert refusal_sentence(refusal, ENGLISH, ACTIONS) == sentence


def test_a_refusal_mentions_the_first_person_with_the_time_in_the_zone_of_the_reader() -> None:
    refusal = errors.FailedJobNotFound(id="45", by="U0ANA00001", action="retry", at=NOW)
    text = refusal_message(refusal, context()).text
    assert "<@U0ANA00001>" in text
    assert "<!date^1762561800^" in text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.__name__)
def test_every_type_of_refusal_has_a_sentence_and_a_reason(
    kind: type[Refusal], language: str
) -> None:
    texts = texts_for(language, "en", LIMA)
    keyed = "problem-other" if kind is errors.Invalid else f"refusal-{kind.code}"
    assert texts.has(keyed)
    assert texts.has(f"reason-{kind.code}")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("refusal", EVERY_REFUSAL, ids=lambda one: type(one).__name__)
def test_every_refusal_has_a_message_with_and_without_its_optional_fields(
    refusal: Refusal, language: str
) -> None:
    texts = texts_for(language, "en", LIMA)
    without_text = readable(texts("refusal-refused", code=code(refusal.code)))
    sentence = refusal_sentence(refusal, texts, ACTIONS)
    assert refusal_message(refusal, context(language)).blocks
    assert (sentence == without_text) == (refusal.code == Refusal.code)


def test_every_validation_problem_has_a_sentence() -> None:
    for problem, _, _ in PROBLEMS:
        assert ENGLISH.has(f"problem-{problem}") or problem == "finite_number"


@pytest.mark.parametrize("refusal", EVERY_REFUSAL, ids=lambda one: type(one).__name__)
def test_every_refusal_can_be_restored_from_its_stored_form(refusal: Refusal) -> None:
    stored = stored_refusals.keep(refusal)
    restored = stored_refusals.restore(json.loads(stored))
    assert type(restored) is type(refusal)
    assert vars(restored) == vars(refusal)
    assert stored_refusals.keep(restored) == stored
    assert str(restored) == refusal.code


STORED = [
    (errors.Busy(), '{"refused": "Busy", "values": {}}'),
    (errors.JobNotFound(id="45"), '{"refused": "JobNotFound", "values": {"id": "45"}}'),
    (
        errors.JobGone(id="45", job="77", by="ana", at=NOW),
        (
            '{"refused": "JobGone", "values": {"id": "45", "job": "77", '
            '"by": "ana", "at": {"at": "2025-11-08T00:30:00"}}}'
        ),
    ),
    (
        errors.Denied(needed=Role.ADMIN, has=Role.VIEWER, holders=("U0ANA00001",)),
        '{"refused": "Denied", "values": {"needed": 3, "has": 1, "holders": ["U0ANA00001"]}}',
    ),
    (
        errors.NothingToDo(skipped=(SkippedRow(id=46, code="changed"),)),
        (
            '{"refused": "NothingToDo", "values": {"skipped": [{"id": 46, "code": "changed", '
            '"job": null, "by": null, "action": null, "at": null, "detail": null, '
            '"is_order": false}]}}'
        ),
    ),
]


@pytest.mark.parametrize(("refusal", "stored"), STORED, ids=lambda value: type(value).__name__)
def test_the_stored_form_has_the_given_fields_in_their_order(refusal: Refusal, stored: str) -> None:
    assert stored_refusals.keep(refusal) == stored


@pytest.mark.parametrize("refusal", EVERY_REFUSAL, ids=lambda one: type(one).__name__)
def test_a_skipped_row_has_the_values_of_its_refusal(refusal: Refusal) -> None:
    row = skipped_row(45, refusal)
    restored = refusal_of(row)
    if isinstance(refusal, ROW_REFUSALS):
        assert vars(restored) == vars(refusal)
    else:
        assert restored is None


def test_a_row_skipped_for_an_unknown_reason_shows_the_code_of_the_reason() -> None:
    row = SkippedRow(id=46, code="<new>")
    text = refusal_message(errors.NothingToDo(skipped=(row,)), context()).text
    assert "The command was refused: `&lt;new&gt;`" in text


def test_a_skipped_row_shows_its_reason_and_person() -> None:
    gone = SkippedRow(id=46, code="failed-job-not-found", by="ana", action="retry", at=NOW)
    text = refusal_message(errors.NothingToDo(skipped=(gone,)), context()).text
    assert "Failed job 46 not found: it was already retried by ana" in text


def test_a_denial_mentions_the_people_and_groups_with_the_role() -> None:
    refusal = errors.Denied(
        needed=Role.OPERATOR,
        has=Role.NONE,
        holders=("U0ANA00001", "S0OPS00001", "*", *(f"U0MANY000{n:02}" for n in range(20))),
    )
    text = refusal_message(refusal, context()).text
    assert "<@U0ANA00001>, <!subteam^S0OPS00001>, everyone" in text
    assert "and 13 more" in text


def test_a_reason_that_is_no_code_is_shown_unchanged() -> None:
    assert reason_words("the disk <is> full", ENGLISH) == "`the disk &lt;is&gt; full`"
    assert reason_words("denied", ENGLISH) == "missing role"


def test_every_reason_of_an_audit_record_has_words() -> None:
    assert AuditLine.model_fields["reason"].annotation == str | None
    for kind in kinds():
        assert "`" not in reason_words(kind.code, ENGLISH)
