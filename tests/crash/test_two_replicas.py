"""A replica dies while a person waits; the other serves the person, by socket and by HTTP."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from typing import Any, get_args

import pytest

from bot.background.operations.runner import Runner
from bot.localslack.demo import IDS
from bot.localslack.server import LocalSlack
from bot.store import tables
from bot.store.operations.transitions import TAKEN_OVER_AFTER
from tests.crash.processes import Replica
from tests.crash.scenarios import next_held, run_out
from tests.kit.clock import Clock
from tests.kit.concurrency import until
from tests.kit.invariants import broken, payloads
from tests.kit.posting import deliver, poster_of, watch
from tests.kit.queues import TestQueue
from tests.kit.replicas import ANA, AUDIT, hold, make_setup
from tests.kit.team import REPLY_SECONDS
from tests.kit.two_replicas import Mode, Pair, two_replicas

Json = dict[str, Any]
LOST_SECONDS = 1.0
"""Seconds after which Slack shows a failure; the envelope was lost with its replica."""

modes = pytest.mark.parametrize("mode", get_args(Mode))


def kill_the_held(pair: Pair) -> Replica:
    """Kill the replica that is held at its failpoint; return the other."""
    held = next_held(*pair.replicas)
    held.wait_at()
    return pair.kill(held)


def killed_amid(
    pair: Pair, action: Callable[[], Json], seconds: float = LOST_SECONDS
) -> tuple[Json, Replica]:
    """Kill the replica that the action reaches; return what the person sees, and the other.

    Slack waits these seconds for the acknowledgement.
    """
    hub, usual = pair.slack.hub, pair.slack.hub.ack_timeout
    with ThreadPoolExecutor(1) as person:
        hub.ack_timeout = seconds
        waiting = person.submit(action)
        living = kill_the_held(pair)
        seen = waiting.result()
        hub.ack_timeout = usual
    return seen, living


def served_by(living: Replica, action: Callable[[], Json]) -> Json:
    """Run the action, and let the replica pass the step where it would be held."""
    with ThreadPoolExecutor(1) as person:
        waiting: Future[Json] = person.submit(action)
        until(lambda: waiting.done() or living.is_held(), REPLY_SECONDS)
        if living.is_held():
            living.wait_at()
            living.go_on()
        return waiting.result()


def retry(slack: LocalSlack, id_: int) -> Json:
    """Type the command that retries one failed job."""
    words = f"/queue retry {id_}"
    return slack.command(ANA, IDS.queue_ops, words, wait=REPLY_SECONDS)


def assert_posted_once(queue: TestQueue, slack: LocalSlack) -> None:
    """Assert that the audit channel has one message for each record, after another leader."""
    setup = make_setup(queue, "third", clock=Clock(by=timedelta(minutes=1)))
    lease = hold(setup)
    watch(setup, lease)
    deliver(setup, poster_of(slack), lease)
    assert broken(queue, drained=True) == []
    assert len(slack.messages(AUDIT)) == queue.count(tables.audit)


@modes
@pytest.mark.parametrize("step", ["retry-moved", "committed"])
def test_a_job_is_retried_once_although_the_replica_dies_before_its_answer(
    mariadb_queue: TestQueue, mode: Mode, step: str
) -> None:
    queue = mariadb_queue
    queue.fail(45)
    before = payloads(queue)
    with two_replicas(queue, mode, hold=(step,)) as pair:
        failed, living = killed_amid(pair, lambda: retry(pair.slack, 45))
        assert "failed" in failed["replies"][0]["text"]
        assert len(queue.jobs) == (step == "committed")

        again = served_by(living, lambda: retry(pair.slack, 45))

        expected = "already retried" if step == "committed" else "back in the queue"
        assert expected in again["replies"][0]["text"]
        assert len(queue.jobs) == 1
        assert broken(queue, before) == []
        assert_posted_once(queue, pair.slack)


@modes
def test_a_bulk_change_starts_once_although_the_replica_dies_before_the_dialog_closes(
    mariadb_queue: TestQueue, mode: Mode
) -> None:
    queue = mariadb_queue
    for order in range(3):
        queue.fail(order=order)
    before = payloads(queue)
    with two_replicas(queue, mode, hold=("answering",)) as pair:
        slack = pair.slack
        view = slack.command(ANA, IDS.queue_ops, "/queue retry-all", wait=REPLY_SECONDS)["views"][0]
        _, living = killed_amid(pair, lambda: slack.submit(ANA, view["id"], {}, wait=0))
        assert slack.views(ANA), "the dialog closed although its replica died"

        served_by(living, lambda: slack.submit(ANA, view["id"], {}, wait=0))

        assert slack.views(ANA) == []
    clock = Clock(by=TAKEN_OVER_AFTER * 2)
    run_out(Runner(make_setup(queue, "third", clock=clock), 3, lanes=1, seconds=0))
    assert queue.count(tables.operations) == 1
    assert len(queue.jobs) == 3
    assert broken(queue, before) == []


@modes
def test_a_change_is_posted_although_the_replica_dies_before_the_response_url(
    mariadb_queue: TestQueue, mode: Mode
) -> None:
    queue = mariadb_queue
    queue.fail(45)
    with two_replicas(queue, mode, hold=("answering",)) as pair:
        slack = pair.slack
        (message,) = slack.command(ANA, IDS.queue_ops, "/queue failed", wait=REPLY_SECONDS)[
            "replies"
        ]
        clicked, living = killed_amid(
            pair,
            lambda: slack.click(ANA, message["channel"], message["ts"], "run:retry", wait=0),
            slack.hub.ack_timeout,
        )
        assert clicked["replies"] == []
        assert len(queue.jobs) == 1

        again = served_by(
            living,
            lambda: slack.click(
                ANA, message["channel"], message["ts"], "run:retry", wait=REPLY_SECONDS
            ),
        )

        assert "already retried" in again["replies"][0]["text"]
        assert len(queue.jobs) == 1
        assert_posted_once(queue, slack)


@modes
def test_slack_repeats_an_event_whose_replica_died_and_the_other_replica_gets_it(
    mariadb_queue: TestQueue, mode: Mode
) -> None:
    with two_replicas(mariadb_queue, mode, hold=("group-changed",)) as pair:
        slack = pair.slack
        acked = len(slack.hub.acks)
        with ThreadPoolExecutor(1) as admin:
            if mode == "socket":
                slack.hub.ack_timeout = LOST_SECONDS
            changed = admin.submit(slack.edit_group, "oncall", IDS.operator)
            next_held(*pair.replicas)
            assert len(slack.hub.acks) == acked, "the event was acknowledged before it was handled"
            living = kill_the_held(pair)
            until(living.is_held, REPLY_SECONDS)
            living.wait_at()
            living.go_on()
            changed.result()
        until(lambda: sum(ack.ms is not None for ack in slack.hub.acks[acked:]) >= 2)
