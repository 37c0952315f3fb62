"""The handover: what is active, muted, running and frozen, by whom and since when."""

from bot.commands.handover import HandoverResult
from bot.models.alert_rules import OLDEST_JOB
from bot.store.incidents.transitions import Subject
from tests.kit.bulk import make_bench, started
from tests.kit.on_call import opened, text_of
from tests.kit.queues import TestQueue
from tests.kit.replicas import ANA, OMAR, SAM, ask, codes


def test_handover_lists_running_work_and_unassigned_incidents_first(queue: TestQueue) -> None:
    bench = make_bench(queue)
    setup = bench.setup
    mine = opened(setup, Subject(OLDEST_JOB, "oldest_job:mail", "mail"))
    nobodys = opened(setup, Subject(OLDEST_JOB, "oldest_job:netsuite", "netsuite"))
    ask(setup, f"acknowledge I{mine}", by=OMAR)
    queue.push(queue="mail")
    ask(setup, "mute queue=mail", by=OMAR)
    bench.fill(3)
    operation = started(setup, "retry-all").operation
    ask(setup, "freeze looking into it")

    outcome = ask(setup, "handover", by=OMAR)

    assert isinstance(outcome.result, HandoverResult)
    data = outcome.result.data
    assert {(one.incident, one.acknowledged_by) for one in data.incidents} == {
        (f"I{mine}", OMAR),
        (f"I{nobodys}", None),
    }
    assert [(one.queue, one.by) for one in data.mutes] == [("mail", OMAR)]
    assert [(one.operation, one.actor) for one in data.operations] == [(operation, ANA)]
    assert data.freeze is not None
    shown = text_of(setup, outcome)
    assert shown.index(f"*I{nobodys}*") < shown.index("nobody is responsible")
    assert shown.index("nobody is responsible") < shown.index(f"*I{mine}*")
    assert f"👀 <@{OMAR}>, since" in shown
    assert f"*O{operation}* `retry-all`: 0 of 3 done, by <@{ANA}>" in shown
    assert f"<@{ANA}> froze all changes" in shown


def test_handover_without_work_says_so_and_a_stranger_is_refused(kept_queue: TestQueue) -> None:
    setup = make_bench(kept_queue).setup
    shown = text_of(setup, ask(setup, "handover", by=OMAR))
    for sentence in ("No active incidents", "Nothing is muted", "No bulk change is running"):
        assert sentence in shown
    assert codes([ask(setup, "handover", by=SAM)]) == ["denied"]
