"""The audit channel and the history show sentences; a button opens all other details."""

import json

import pytest

from bot.localslack.demo import IDS
from tests.kit.bulk_in_slack import ended, fill
from tests.kit.team import Team


def test_the_start_and_end_of_a_bulk_change_are_audited_in_sentences(team: Team) -> None:
    fill(team.queue)
    preview = team.say("retry queue=netsuite rate=60/min", as_="admin").view
    team.submit(preview)
    number = f"O{ended(team).id}"

    started, finished = team.audit_texts(2)[:2]

    assert (
        f"<@{IDS.admin}> confirmed operation {number}: retry 3 failed jobs in netsuite" in started
    )
    assert "rate 60/min" in started
    assert f"Operation {number} of <@{IDS.admin}> " in finished
    assert "of 3 failed jobs" in finished
    history = team.say("history", as_="viewer").text
    for text in (started, finished, history):
        assert '{"' not in text
        assert "items_digest" not in text


def test_the_details_of_an_audit_message_open_in_a_dialog(team: Team) -> None:
    team.queue.fail(45)
    team.say("retry 45")
    team.audit_texts()
    (message,) = team.posted("queue-audit")

    shown = json.dumps(team.click(message, "run:history", as_="viewer").view)

    for part in ("Audit record #1", "operators: S07ONCALL001", "ids", "*Request:*", "*Hash:*"):
        assert part in shown
    record = team.say("history record=#1", as_="viewer").text
    assert f"<@{IDS.operator}> retried failed job 45" in record
    assert "There is no change `#9`" in team.say("history record=9", as_="viewer").text
    assert "history record=1" in json.dumps(team.say("history", as_="viewer").reply)


@pytest.mark.parametrize("words", ["retri 45", "retry abc", "failed queue=maill", "status now"])
def test_a_typing_error_is_not_audited_as_a_refusal(team: Team, words: str) -> None:
    team.say(words, as_="viewer")
    team.say(words, as_="stranger")

    assert not [row for row in team.records if row.outcome != "denied"]


def test_a_refusal_names_the_missing_role_and_the_person_to_ask(team: Team) -> None:
    team.queue.fail(45)
    stranger = team.say("retry 45", as_="stranger").text
    team.say("delete-failed 45")

    assert f"For the role operator, ask <@{IDS.admin}>." in stranger
    texts = "\n".join(team.audit_texts(2))
    assert f"<@{IDS.stranger}> tried `retry 45`: needs operator; has no role" in texts
    assert f"<@{IDS.operator}> tried `delete-failed 45`: needs admin; has operator" in texts
    whoami = team.say("whoami", as_="stranger").text
    assert f"For the role viewer, ask <@{IDS.admin}>." in whoami
