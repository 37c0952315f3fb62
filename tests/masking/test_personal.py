"""Personal data is masked for viewers; who may see it leaves an audit record."""

import json
from dataclasses import replace
from typing import Any

import pytest

from bot.masking.masker import mask_payload, mask_text
from bot.models.roles import Role
from bot.store import tables
from tests.kit.queues import TestQueue
from tests.kit.replicas import ANA, OMAR, ask, make_setup

PERSONAL = [
    ("Twilio: cannot send to +51 987 654 321", "987 654 321"),
    ("The number +1 (555) 010-9999 is not valid", "010-9999"),
    ("customer phone: 987654321 rejected", "987654321"),
    ("teléfono=01 445-1234 no responde", "445-1234"),
    ('{"celular":"987-654-321"}', "987-654-321"),
    ("DNI 45678912 no encontrado en RENIEC", "45678912"),
    ("RUC: 10456789121 no habido", "10456789121"),
    ("passport no AB1234567 expired", "AB1234567"),
    ("CPF 123.456.789-09 inválido", "123.456.789-09"),
    ('{"numero_documento":"45678912"}', "45678912"),
    ('"direccion": "Av. Larco 1301, Miraflores"', "Larco 1301"),
    ("shipping_address='742 Evergreen Terrace, Springfield' not served", "Evergreen"),
]
HARMLESS = [
    "order 45678912 of shop 12097 failed",
    "address: 127.0.0.1:3306 refused",
    "bind: Address already in use",
    "2025-11-07T10:00:00+05:00 timeout after 987654 ms",
    "RFC 7231 section 6.5.1",
    "phone is required",
    "document 550e8400-e29b-41d4-a716-446655440000 not found",
    "MAC address 00:1B:44:11:3A:B7",
]


@pytest.mark.parametrize(("text", "value"), PERSONAL)
def test_personal_data_is_masked_unless_it_is_asked_for(text: str, value: str) -> None:
    assert value not in mask_text(text)
    assert value in mask_text(text, personal=True)
    assert mask_text(mask_text(text)) == mask_text(text)


@pytest.mark.parametrize("text", HARMLESS)
def test_other_numbers_and_addresses_stay(text: str) -> None:
    assert mask_text(text) == text


def test_a_payload_hides_personal_keys() -> None:
    customer = {"phone": "987654321", "DNI": 45678912, "street": "Av. Larco 1301", "city": "Lima"}
    payload = json.dumps({"order_id": 803193, "customer": customer})
    hidden = mask_payload(payload)
    assert json.loads(hidden)["customer"] == {
        "phone": "[masked]",
        "DNI": "[masked]",
        "street": "[masked]",
        "city": "Lima",
    }
    assert json.loads(mask_payload(payload, personal=True)) == json.loads(payload)


def test_a_viewer_sees_no_phone_and_who_sees_one_is_audited(kept_queue: TestQueue) -> None:
    payload = json.dumps({"displayName": "App\\Jobs\\Sms", "phone": "987654321"})
    kept_queue.fail(45, body=payload, exception="cannot send to +51 987 654 321")
    kept_queue.push(46, body=payload)
    setup = replace(make_setup(kept_queue), queue=replace(kept_queue.queue, mask=mask_text))
    viewers = replace(setup.rules, operators=(), viewers=(OMAR,))
    strict = replace(setup, personal_data_role=Role.ADMIN)

    def shown(words: str, by: str, setup: Any) -> str:
        outcome = ask(setup, words, by=by)
        assert outcome.result is not None
        return outcome.result.model_dump_json()

    for words in ("failed-job 45", "job 46"):
        for reader in (replace(setup, rules=viewers), strict):
            assert "987" not in shown(words, OMAR, reader)
    assert kept_queue.rows(tables.audit) == []
    assert "987654321" in shown("failed-job 45", OMAR, setup)
    assert "987 654 321" in shown("failed-job 45", ANA, strict)
    assert "987654321" in shown("job 46", ANA, setup)
    records = [(row.actor, row.action, row.outcome) for row in kept_queue.rows(tables.audit)]
    assert records == [
        (OMAR, "failed-job", "ok"),
        (ANA, "failed-job", "ok"),
        (ANA, "job", "ok"),
    ]
    assert "987" not in shown("failed", ANA, setup)
