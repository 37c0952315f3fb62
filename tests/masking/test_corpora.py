"""Secrets that the masker misses, and words that it masks needlessly; `pytest -s` prints both."""

import base64
import json
from collections.abc import Callable

import pytest

from bot.masking.masker import mask_payload, mask_text
from bot.masking.stack_traces import mask_arguments
from tests.masking.corpus import (
    HERE,
    examples,
    exceptions,
    lost_tokens,
    readable_lines,
    shown_parts,
    tokens,
)

CANARY = "k4n4ryZx9Q"
MOST_LOST = 0.01
"""The highest share of harmless words that may be masked."""

WAYS: dict[str, Callable[[str], str]] = {
    "alone": mask_text,
    "in an exception": lambda text: mask_text(f"RuntimeException: failed: {text} in /srv/x.php:3"),
    "as a payload": mask_payload,
    "in a payload": lambda text: mask_payload(json.dumps({"note": text})),
    "in nested data": lambda text: mask_payload(json.dumps({"d": json.dumps({"n": [text]})})),
}


@pytest.mark.parametrize("file", ["gitleaks_forms.txt", "detect_secrets_forms.txt"])
def test_every_secret_form_of_the_published_rules_is_masked(file: str) -> None:
    corpus = examples(file)
    missed = [
        (example.rule, way, example.text)
        for example in corpus
        for way, mask in WAYS.items()
        if shown_parts(example, mask(example.text))
    ]
    rules = {example.rule for example in corpus}
    print(f"{file}: {len(corpus)} examples of {len(rules)} rules, {len(missed)} missed")
    assert len(rules) >= 29
    assert not missed


def test_every_secret_form_that_leaked_before_is_masked() -> None:
    lines = (HERE / "leaked_forms.txt").read_text(encoding="utf-8").splitlines()
    forms = [line.replace("CANARY", CANARY) for line in lines if line and not line.startswith("# ")]
    missed = [(way, form) for form in forms for way, mask in WAYS.items() if CANARY in mask(form)]
    encoded = [base64.b64encode(form.encode()).decode() for form in forms]
    missed += [("in base64", code) for code in encoded if code in mask_text(f"body {code} refused")]
    print(f"leaked forms: {len(forms)} in {len(WAYS) + 1} ways, {len(missed)} missed")
    assert len(forms) >= 90
    assert not missed


def attacked_forms() -> list[str]:
    """Return the forms that leaked in the second attack: blocks of YAML, calls, other scripts."""
    forms = json.loads((HERE / "attacked_forms.json").read_text(encoding="utf-8"))
    return [form.replace("CANARY", CANARY) for form in forms]


def test_every_secret_form_of_the_second_attack_is_masked() -> None:
    forms = attacked_forms()
    missed = [(way, form) for form in forms for way, mask in WAYS.items() if CANARY in mask(form)]
    assert len(forms) >= 120
    assert not missed


def test_masking_a_masked_text_does_not_change_the_text() -> None:
    lines = (HERE / "leaked_forms.txt").read_text(encoding="utf-8").splitlines()
    for form in [*(line.replace("CANARY", CANARY) for line in lines), *attacked_forms()]:
        for mask in WAYS.values():
            once = mask(form)
            assert mask_text(once) == once


def test_lines_without_secrets_are_not_changed() -> None:
    lines = readable_lines()
    changed = [(line, mask_text(line)) for line in lines if mask_text(line) != line]
    print(f"readable lines: {len(lines)}, {len(changed)} changed")
    assert len(lines) >= 90
    assert not changed


def test_exceptions_without_secrets_are_not_changed() -> None:
    """Below 1 % of the words are masked.

    Stack trace arguments and email addresses do not count, because they are always masked.
    """
    texts = [mask_arguments(text) for text in exceptions()]
    lost = [
        word for text in texts for word in lost_tokens(text, mask_text(text)) if "@" not in word
    ]
    total = sum(len(tokens(text)) for text in texts)
    print(f"exceptions: {total} words, {len(lost)} masked for nothing: {len(lost) / total:.2%}")
    assert total > 10_000
    assert len(lost) / total < MOST_LOST


def test_payload_values_without_secrets_are_not_changed() -> None:
    """People search for the ids, class, tags and times of a Laravel payload: none is masked."""
    payload = {
        "uuid": "550e8400-e29b-41d4-a716-446655440000",
        "id": "oT5ZpWq8LkVbN3yRxJd7HsGfAe2UcMi1",
        "displayName": "App\\Jobs\\Netsuite\\ProcessSalesOrder",
        "maxTries": 3,
        "tags": ["orders", "tienda:12097", "App\\Models\\Order:803193"],
        "pushedAt": "1699999999.1234",
        "data": {"order_id": 803193, "sku": "CAMISA-AZUL-M", "columns": ["id", "estado", "total"]},
    }
    assert json.loads(mask_payload(json.dumps(payload))) == payload
