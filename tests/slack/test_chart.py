"""`/queue chart` in Slack is a chart; if Slack refuses the chart, a table; else text."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.app.people import zone_of
from bot.background.outbox.delivery_errors import DeliveryError, Fault
from bot.database.transactions import now_of
from bot.localslack.demo import IDS
from bot.models.metrics import QueueMetrics
from bot.models.requests import Actor, Invocation
from bot.store.failures import failure_counts
from bot.store.failures.failure_counts import Count, Key, hour_of
from bot.store.metrics import rollups
from bot.views.blocks import DATA_TABLE
from bot.views.reports.chart import CHART
from tests.kit.posting import poster_of
from tests.kit.queues import TestQueue
from tests.kit.replicas import ANA, People, make_setup
from tests.kit.team import Json, Team

HOUR = timedelta(hours=1)


def history(queue: TestQueue, *, gap: range = range(0)) -> None:
    """Add samples of a day up to the last hour, except in the gap: hours counted back from now."""
    with queue.engine.execution_options(changes=True).begin() as connection:
        now = now_of(connection).replace(minute=30, second=0, microsecond=0)
        for ago in range(1, 27):
            if ago not in gap:
                figures = QueueMetrics(
                    pending=ago, failed=3, appeared=1, processed=100, seconds=3_600
                )
                rollups.add_sample(connection, now - HOUR * ago, {rollups.ALL: figures})
                hour = hour_of(queue.queue.wall_clock(now - HOUR * ago))
                counts = {Key(1, "netsuite", hour): Count(appeared=1, removed=1)}
                failure_counts.append(connection, counts, aggregated=False)


def kinds(message: Json) -> list[str]:
    """Return the types of a message's blocks."""
    return [block["type"] for block in message["blocks"]]


def charts(message: Json) -> list[Any]:
    """Return the content of a message's charts."""
    return [block["chart"] for block in message["blocks"] if block["type"] == CHART]


def test_the_chart_is_a_slack_block_and_its_figures_are_in_the_text(team_on_each: Team) -> None:
    team = team_on_each
    history(team.queue)

    answer = team.say("chart").reply

    assert kinds(answer)[:3] == ["section", CHART, CHART]
    levels, happened = charts(answer)
    # Each chart has one scale: no failures beside processed jobs, no minutes beside counts.
    assert [series["name"] for series in levels["series"]] == ["pending", "reserved"]
    assert [series["name"] for series in happened["series"]] == ["new failures"]
    bars = str(answer["blocks"][3])
    assert "processed jobs, at most 200 per bar" in bars
    assert "failed jobs, at most 3" in bars
    assert "oldest waiting job, at most 0 s" in bars
    for point in happened["series"][0]["data"]:
        assert f"{point['label']}: " in answer["text"]
    assert "processed 200" in answer["text"]
    assert answer["response_type"] == "ephemeral"


def test_the_hours_of_a_chart_are_in_the_zone_of_the_reader(team: Team) -> None:
    history(team.queue)
    # After a first request, the bot knows the person's time zone.
    team.say("status", as_="viewer")
    (levels, _) = charts(team.say("chart", as_="viewer").reply)
    assert levels["axis_config"]["x_label"] == "America/Bogota"
    # Two hours each, of the 24 that Home shows.
    hours = {int(label[:2]) for label in levels["axis_config"]["categories"]}
    assert len({hour % 2 for hour in hours}) == 1


def test_hours_without_monitoring_have_no_points_and_are_named(team: Team) -> None:
    history(team.queue, gap=range(5, 12))
    answer = team.say("chart").reply
    (levels, _) = charts(answer)
    categories = levels["axis_config"]["categories"]
    assert len(categories) <= 10
    assert sum(label.startswith("⋯ ") for label in categories) == 1
    assert ": no data" in answer["text"]
    assert "No data for" in str(answer["blocks"][-2])


def test_a_refused_chart_is_replaced_by_a_table_and_the_refusal_is_remembered(
    team: Team,
) -> None:
    history(team.queue)
    team.slack.refuse_blocks(CHART)

    first = team.say("chart").reply
    assert kinds(first)[:2] == ["section", DATA_TABLE]
    table = next(block for block in first["blocks"] if block["type"] == DATA_TABLE)
    assert table["caption"] == "Jobs in the queue · New failures"
    head, *rows = table["rows"]
    assert [cell["text"] for cell in head][1:] == ["pending", "reserved", "new failures"]
    assert {row[3]["text"] for row in rows[:-1]} <= {"1", "2"}
    tried = [call.answer["ok"] for call in team.slack.calls("response_url")]
    assert tried == [False, True]

    # After that, the bot does not try a chart again: the table is in the acknowledgement.
    again = team.say("chart").reply
    assert kinds(again)[:2] == ["section", DATA_TABLE]
    tried = [call.answer["ok"] for call in team.slack.calls("response_url")]
    assert tried == [False, True]


def test_only_the_text_is_sent_if_slack_refuses_the_chart_and_the_table(team: Team) -> None:
    history(team.queue)
    team.slack.refuse_blocks(CHART, DATA_TABLE, "table")
    answer = team.say("chart").reply
    assert kinds(answer) == []
    assert "processed 200" in answer["text"]


def test_a_chart_of_a_week_has_points_of_12_hours(team: Team) -> None:
    history(team.queue)
    (levels, _) = charts(team.say("chart 7d").reply)
    assert 2 <= len(levels["axis_config"]["categories"]) <= 4


def test_the_chart_of_one_queue_has_no_processed_jobs(team: Team) -> None:
    history(team.queue)
    answer = team.say("chart queue=mail").reply
    names = [series["name"] for chart in charts(answer) for series in chart["series"]]
    assert names == ["pending", "reserved", "new failures"]
    assert "known only for all queues together" in str(answer["blocks"])


@pytest.mark.parametrize("words", ["chart 12h", "chart 24h 7d", "chart queue="])
def test_unknown_arguments_of_chart_are_refused(team: Team, words: str) -> None:
    assert "/queue chart [24h|7d]" in team.say(words).text


def test_a_posted_chart_is_replaced_by_a_table_if_slack_refuses_charts(team: Team) -> None:
    history(team.queue)
    blocks = team.say("chart").reply["blocks"]
    body = {"text": "figures", "blocks": blocks}
    team.slack.refuse_blocks(CHART)
    poster = poster_of(team.slack)

    poster.post(IDS.queue_ops, body)
    assert kinds(team.posted("queue-ops")[-1])[:2] == ["section", DATA_TABLE]
    before = len(team.slack.calls("chat.postMessage"))
    poster.post(IDS.queue_ops, body)
    assert len(team.slack.calls("chat.postMessage")) == before + 1


def test_a_message_that_is_refused_without_its_chart_too_does_not_disable_charts(
    team: Team,
) -> None:
    history(team.queue)
    blocks = team.say("chart").reply["blocks"]
    poster = poster_of(team.slack)
    with pytest.raises(DeliveryError) as refused:
        poster.post(IDS.queue_ops, {"text": "x", "blocks": [*blocks, {"type": "nonsense"}]})
    assert refused.value.fault is Fault.LAYOUT
    poster.post(IDS.queue_ops, {"text": "x", "blocks": blocks})
    assert CHART in kinds(team.posted("queue-ops")[-1])


class Travellers(People):
    """People whose profiles name a time zone that does not exist."""

    def time_zone(self, user: str) -> str | None:  # noqa: ARG002 the protocol's
        """Return a zone that does not exist."""
        return "Mars/Olympus Mons"


def test_an_unknown_zone_of_the_reader_is_replaced_by_the_zone_of_the_queue(
    kept_queue: TestQueue,
) -> None:
    lima = ZoneInfo("America/Lima")
    setup = make_setup(kept_queue, zone=lima, directory=Travellers())
    invocation = Invocation(Actor(ANA, "T1"), "0" * 64, 0.0)
    assert zone_of(setup, invocation) == lima
