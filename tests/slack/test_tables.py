"""Tables in Slack are a `data_table`; if Slack refuses it, a `table`; else text."""

import pytest

from bot.background.outbox.delivery_errors import DeliveryError
from bot.localslack.demo import IDS
from bot.views.blocks import DATA_TABLE
from bot.views.reports.chart import CHART
from tests.kit.posting import poster_of
from tests.kit.team import Json, Team


def table_of(message: Json, kind: str) -> Json:
    """Return the message's only table and assert its type."""
    (table,) = [block for block in message["blocks"] if "table" in block["type"]]
    assert table["type"] == kind
    block: Json = table
    return block


def test_status_has_a_table_with_a_caption_and_row_headers(team: Team) -> None:
    team.queue.push()
    team.queue.push(queue="mail")
    table = table_of(team.say("status").reply, DATA_TABLE)
    assert table["caption"] == "Jobs by queue"
    assert table["row_header_column_index"] == 0
    # All rows are on the first page.
    assert table["page_size"] == len(table["rows"]) - 1 == 2
    assert [cell["type"] for cell in table["rows"][1]] == ["raw_text", *["raw_number"] * 3]


def test_a_table_is_in_the_acknowledgement_after_slack_accepted_one(team: Team) -> None:
    team.queue.push()
    for _ in range(3):
        table_of(team.say("status").reply, DATA_TABLE)
        assert len(team.slack.calls("response_url")) == 1


def test_a_refused_data_table_is_replaced_by_a_table_and_the_refusal_is_remembered(
    team: Team,
) -> None:
    team.queue.push()
    team.slack.refuse_blocks(DATA_TABLE)
    table = table_of(team.say("status").reply, "table")
    assert [cell["text"] for cell in table["rows"][1]] == ["netsuite", "1", "0", "0"]
    assert [column["align"] for column in table["column_settings"]] == ["left", *["right"] * 3]
    tried = [call.answer["ok"] for call in team.slack.calls("response_url")]
    assert tried == [False, True]

    # After that, the table is in the acknowledgement, and no `data_table` is tried.
    table_of(team.say("status").reply, "table")
    assert len(team.slack.calls("response_url")) == 2


def test_only_the_text_is_sent_if_slack_refuses_every_table(team: Team) -> None:
    team.queue.push()
    team.slack.refuse_blocks(DATA_TABLE, "table")
    answer = team.say("status").reply
    assert answer["blocks"] == []
    assert "netsuite: 1 available, 0 delayed, 0 reserved" in answer["text"]


def test_a_posted_chart_becomes_a_table_if_slack_refuses_charts_and_data_tables(team: Team) -> None:
    chart = {
        "type": CHART,
        "title": "New failures",
        "chart": {
            "type": "line",
            "series": [{"name": "failures", "data": [{"label": "10:00", "value": 3}]}],
            "axis_config": {"categories": ["10:00"]},
        },
    }
    body = {"text": "figures", "blocks": [chart]}
    team.slack.refuse_blocks(CHART, DATA_TABLE)
    poster = poster_of(team.slack)
    poster.post(IDS.queue_ops, body)
    table_of(team.posted("queue-ops")[-1], "table")
    assert len(team.slack.calls("chat.postMessage")) >= 3
    before = len(team.slack.calls("chat.postMessage"))
    poster.post(IDS.queue_ops, body)
    assert len(team.slack.calls("chat.postMessage")) == before + 1


def test_a_message_refused_in_each_form_is_reported_and_disables_no_block_type(team: Team) -> None:
    team.queue.push()
    blocks = team.say("status").reply["blocks"]
    poster = poster_of(team.slack)
    with pytest.raises(DeliveryError):
        poster.post(IDS.queue_ops, {"text": "x", "blocks": [*blocks, {"type": "nonsense"}]})
    poster.post(IDS.queue_ops, {"text": "x", "blocks": blocks})
    table_of(team.posted("queue-ops")[-1], DATA_TABLE)
