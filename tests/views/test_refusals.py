"""Each refusal says in one sentence what was not done, in the words of the queue's API."""

import json

import pytest

from bot.models import refusals as errors
from bot.models.jobs import SkippedRow
from bot.models.operations import AuditLine
from bot.models.refusals import Refusal
from bot.models.requests import Role
from bot.store.audit import stored_refusals as kept
from bot.text import LANGUAGES, texts_for
from bot.views.refusal import reason_words, refusal_message, refusal_sentence
from tests.views.samples import ACTIONS, LIMA, NOW, PROBLEMS, context, refusals

ENGLISH = texts_for("en", "en", LIMA)


def kinds(root: type[Refusal] = Refusal) -> list[type[Refusal]]:
    """Every kind of refusal there is."""
    return [root, *(kind for child in root.__subclasses__() for kind in kinds(child))]


SENTENCES = [
    (
        errors.FailedJobNotFound(id="45"),
        "Failed job 45 not found: it was already retried or deleted",
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
        "Failed job 45 not found: it was already deleted by ana at 2025-11-07 19:30:00",
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
            usage="/queue jobs",
        ),
        "status must be pending, reserved, all, not <!channel>",
    ),
]


@pytest.mark.parametrize(("refusal", "sentence"), SENTENCES)
def test_the_sentence_is_the_api_s(refusal: Refusal, sentence: str) -> None:
    assert refusal_sentence(refusal, ENGLISH, ACTIONS) == sentence


def test_who_took_a_job_is_mentioned_and_when_is_in_the_reader_s_zone() -> None:
    refusal = errors.FailedJobNotFound(id="45", by="U0ANA00001", action="retry", at=NOW)
    said = refusal_message(refusal, context()).text
    assert "<@U0ANA00001>" in said
    assert "<!date^1762561800^" in said


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.__name__)
def test_every_kind_has_a_sentence_and_a_reason(kind: type[Refusal], language: str) -> None:
    texts = texts_for(language, "en", LIMA)
    keyed = "problem-other" if kind is errors.Invalid else f"refusal-{kind.code}"
    assert texts.has(keyed)
    assert texts.has(f"reason-{kind.code}")


@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.__name__)
def test_a_refusal_without_its_values_is_told_all_the_same(kind: type[Refusal]) -> None:
    for language in LANGUAGES:
        assert refusal_message(kind(), context(language)).blocks
        assert refusal_sentence(kind(), texts_for(language, "en", LIMA), ACTIONS)


@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.__name__)
def test_a_refusal_with_values_of_wrong_types_is_told_all_the_same(kind: type[Refusal]) -> None:
    names = {name for _, refusal in refusals() for name in refusal.values}
    for value in (None, 7, -1, "x", ("x", 7, None), {"a": 1}):
        wrong = kind(**dict.fromkeys(names, value))
        assert refusal_message(wrong, context()).blocks


def test_every_problem_that_pydantic_and_the_grammar_name_has_its_sentence() -> None:
    for problem, _, _ in PROBLEMS:
        assert ENGLISH.has(f"problem-{problem}") or problem == "finite_number"


def test_a_kept_and_restored_refusal_says_the_same() -> None:
    for name, refusal in refusals():
        if name == "nothing-to-do":
            continue  # its rows come back as text and are left out
        restored = kept.restore(_json(kept.keep(refusal)))
        assert refusal_sentence(restored, ENGLISH, ACTIONS) == refusal_sentence(
            refusal, ENGLISH, ACTIONS
        )


def _json(kept: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(kept)
    return found


def test_a_row_that_is_skipped_for_an_unknown_reason_says_its_code() -> None:
    row = SkippedRow(id=46, code="<new>")
    said = refusal_message(errors.NothingToDo(skipped=(row,)), context()).text
    assert "This was refused: `&lt;new&gt;`" in said


def test_a_skipped_row_says_why_and_by_whom() -> None:
    gone = SkippedRow(id=46, code="failed-job-not-found", by="ana", action="retry", at=NOW)
    said = refusal_message(errors.NothingToDo(skipped=(gone,)), context()).text
    assert "Failed job 46 not found: it was already retried by ana" in said


def test_a_denial_says_who_can_and_mentions_people_and_groups() -> None:
    refusal = errors.Denied(
        needed=Role.OPERATOR,
        has=Role.NONE,
        holders=("U0ANA00001", "S0OPS00001", "*", *(f"U0MANY000{n:02}" for n in range(20))),
    )
    said = refusal_message(refusal, context()).text
    assert "<@U0ANA00001>, <!subteam^S0OPS00001>, everyone" in said
    assert "and 13 more" in said


def test_a_reason_that_is_no_code_is_shown_as_it_is() -> None:
    assert reason_words("the disk <is> full", ENGLISH) == "`the disk &lt;is&gt; full`"
    assert reason_words("denied", ENGLISH) == "the role is not enough"


def test_the_reasons_cover_what_an_audit_record_can_hold() -> None:
    assert AuditLine.model_fields["reason"].annotation == str | None
    for kind in kinds():
        assert "`" not in reason_words(kind.code, ENGLISH)
