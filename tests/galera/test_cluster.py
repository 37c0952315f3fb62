"""Bots on different nodes move every job once, although a lock does not reach other nodes."""

from collections import Counter
from collections.abc import Callable
from functools import partial

from sqlalchemy import inspect

from bot.background.operations.runner import Runner
from bot.database.engine import connect
from bot.store import tables
from bot.store.migrate import CURSORS, LEASES, MIGRATIONS, migrate, require_current
from bot.store.operations.transitions import TAKEN_OVER_AFTER
from bot.store.tables.columns import metadata
from tests.crash import jobs
from tests.crash.processes import replica
from tests.kit.bulk import run_out
from tests.kit.clock import Clock
from tests.kit.concurrency import at_once
from tests.kit.invariants import broken, payloads
from tests.kit.posting import watch
from tests.kit.queues import GRACE, TestQueue
from tests.kit.replicas import ANA, OMAR, ask, codes, hold, make_setup
from tests.services.galera import Cluster

SECONDS = 120.0


def retry_each(queue: TestQueue, replica_name: str, person: str, ids: list[int]) -> list[str]:
    """Retry the failed jobs one by one; return the code of each request."""
    setup = make_setup(queue, replica_name)
    return codes(ask(setup, f"retry {failed_id}", by=person) for failed_id in ids)


def test_a_failure_retried_by_three_people_on_three_nodes_is_moved_once(
    cluster: Cluster, queues: list[TestQueue]
) -> None:
    ids = [queues[0].fail(order=order) for order in range(30)]
    cluster.settle()
    before = payloads(queues[0])
    people = zip(queues, (ANA, OMAR, ANA), strict=True)
    steps: list[Callable[[], list[str]]] = [
        partial(retry_each, queue, f"bot{number}", person, ids)
        for number, (queue, person) in enumerate(people)
    ]
    ends = at_once(*steps, seconds=SECONDS)
    cluster.settle()
    for failed_id, *three in zip(ids, *ends, strict=True):
        assert Counter(three)["ok"] == 1, (failed_id, three)
        assert set(three) <= {"ok", "failed-job-not-found", "busy"}, (failed_id, three)
    for queue in queues:
        assert (len(queue.jobs), len(queue.failed)) == (len(ids), 0)
        assert broken(queue, before) == []


def test_a_bulk_change_is_finished_on_another_node_after_its_bot_and_node_were_killed(
    cluster: Cluster, queues: list[TestQueue]
) -> None:
    first, dying, _ = queues
    clock = Clock()
    other = make_setup(first, "other", clock=clock)
    for order in range(40):
        first.fail(order=order)
    watch(other, hold(other))
    cluster.settle()
    before = payloads(first)
    bulk = {"action": "retry-all", "rows": 10, "key": "bulk"}
    with replica(dying, jobs.run_bulk, "dying", hold=("batch-committed",), **bulk) as process:
        process.wait_at()
        cluster.nodes[1].kill()
        process.kill()
    cluster.wait_for_size(2)
    clock.by += TAKEN_OVER_AFTER * 2
    run_out(Runner(other, 10, lanes=1, seconds=0))
    (operation,) = first.rows(tables.operations)
    assert (operation.state, operation.done) == ("done", 40)
    assert broken(first, before) == []
    # The killed node restarts and receives the changes that it missed.
    dying.engine.dispose()
    cluster.nodes[1].start()
    cluster.settle()
    for queue in queues:
        assert (len(queue.jobs), len(queue.failed)) == (40, 0)
        assert broken(queue, before) == []


def test_two_migrations_on_two_nodes_make_every_table_once(
    cluster: Cluster, empty: list[str]
) -> None:
    engines = [connect(url, lock_seconds=GRACE, grace=GRACE) for url in empty[:2]]
    try:
        applied = at_once(*[partial(migrate, engine) for engine in engines], seconds=SECONDS)
        cluster.settle()
        assert sorted(applied) == [0, len(MIGRATIONS)]
        for url, engine in zip(empty, engines, strict=False):
            indexes = inspect(engine).get_multi_indexes(filter_names=list(metadata.tables))
            names = {index["name"] for listed in indexes.values() for index in listed}
            for table in metadata.sorted_tables:
                assert {index.name for index in table.indexes} <= names, table.name
            queue = TestQueue(url, engine, None)  # type: ignore[arg-type]  # not looked at
            assert queue.count(tables.leases) == len(LEASES)
            assert queue.count(tables.cursors) == len(CURSORS)
            with engine.begin() as connection:
                require_current(connection)
    finally:
        for engine in engines:
            engine.dispose()
