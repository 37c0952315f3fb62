"""A worker with CodeIgniter Queue's statements processes what the bot retried, each job once."""

from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from threading import Event, Lock

from sqlalchemy import text

from bot.store import tables
from tests.kit.clock import StandingClock
from tests.kit.concurrency import at_once, until
from tests.kit.frameworks import CODEIGNITER, codeigniter_payload
from tests.kit.invariants import broken
from tests.kit.layout_databases import Databases
from tests.kit.posting import watch
from tests.kit.queues import TestQueue
from tests.kit.replicas import ANA, OMAR, ask, hold, make_setup
from tests.kit.worker import follow

# QueueJobModel::getFromQueue of the package, for a queue with two priorities.
POP = text(
    "SELECT * FROM queue_jobs WHERE queue = :queue AND status = 0 "
    "AND available_at <= UNIX_TIMESTAMP() AND priority IN ('high', 'default') "
    "ORDER BY FIELD(priority, 'high', 'default'), available_at ASC, id ASC LIMIT 1 "
    "FOR UPDATE SKIP LOCKED"
)
RESERVE = text("UPDATE queue_jobs SET status = 1 WHERE id = :id")
DONE = text("UPDATE queue_jobs SET status = 2 WHERE id = :id")
DELETE = text("DELETE FROM queue_jobs WHERE id = :id")
LOG = text(
    "INSERT INTO queue_jobs_failed (connection, queue, payload, priority, exception, failed_at) "
    "VALUES ('database', :queue, :payload, :priority, :exception, UNIX_TIMESTAMP())"
)
ERROR = "Exception: 0 - mailbox full\nfile: /srv/app/Jobs/SyncOrder.php:42"


@dataclass
class Worker:
    """`queue:work netsuite`, which fails the payloads in `failing` once; several threads run it."""

    queue: TestQueue
    keeps_done: bool
    failing: Counter[str] = field(default_factory=Counter)
    effects: Counter[str] = field(default_factory=Counter)
    stop: Event = field(default_factory=Event)
    lock: Lock = field(default_factory=Lock)

    def work(self) -> None:
        """Process jobs until `stop` is set."""
        while not self.stop.is_set():
            if not self.step():
                self.stop.wait(0.005)

    def step(self) -> bool:
        """Process the next job; return whether there was one."""
        with self.queue.engine.begin() as connection:
            job = connection.execute(POP, {"queue": "netsuite"}).mappings().first()
            if job is None:
                return False
            connection.execute(RESERVE, {"id": job["id"]})
        with self.lock:
            fails = self.failing[job["payload"]] > 0
            (self.failing.subtract if fails else self.effects.update)([job["payload"]])
        # The package runs these statements one by one, without a transaction.
        if fails:
            with self.queue.engine.begin() as connection:
                connection.execute(LOG, {**job, "exception": ERROR})
        with self.queue.engine.begin() as connection:
            connection.execute(DELETE if fails or not self.keeps_done else DONE, {"id": job["id"]})
        return True


def test_two_people_retry_while_two_workers_run_and_each_job_has_its_effect_once(
    databases: Databases,
) -> None:
    queue = databases.emptied(CODEIGNITER, "mariadb")
    ids = [queue.fail(order=order) for order in range(12)]
    born = Counter(codeigniter_payload(order) for order in range(12))
    worker = Worker(queue, keeps_done=False)
    worker.failing.update(codeigniter_payload(order) for order in range(0, 12, 3))
    setups = [make_setup(queue, name) for name in "ab"]
    watch(setups[0], hold(setups[0]))

    def retry(number: int, by: str) -> None:
        # Each person begins at another end, and both try every job.
        for failed_id in ids if number == 0 else reversed(ids):
            ask(setups[number], f"retry {failed_id}", by=by)

    def people() -> None:
        try:
            at_once(partial(retry, 0, ANA), partial(retry, 1, OMAR))
            until(lambda: sum(worker.effects.values()) == 8 and len(queue.failed) == 4)
            again = " ".join(str(row.id) for row in queue.failed)
            assert ask(setups[0], f"retry {again}").refusal is None
            until(lambda: sum(worker.effects.values()) == 12 and not queue.jobs)
        finally:
            worker.stop.set()

    at_once(people, worker.work, worker.work, seconds=60)
    assert worker.effects == born
    assert (queue.jobs, queue.failed) == ([], [])
    assert broken(queue, born, worked=worker.effects) == []


def test_outcomes_are_known_whether_the_worker_keeps_done_jobs_or_not(
    databases: Databases,
) -> None:
    for keeps_done in (True, False):
        queue = databases.emptied(CODEIGNITER, "mariadb")
        ids = [queue.fail(order=order, exception=ERROR) for order in range(3)]
        worker = Worker(queue, keeps_done, failing=Counter([codeigniter_payload(1)]))
        clock = StandingClock()
        setup = make_setup(queue, clock=clock)
        watch(setup, hold(setup))
        assert ask(setup, f"retry {' '.join(map(str, ids))}").refusal is None
        while worker.step():
            continue
        for _ in range(4):
            watch(setup, hold(setup))
            follow(setup, clock)
        states = {row.failed_id: row.state for row in queue.rows(tables.tracked_jobs)}
        assert [states[id_] for id_ in ids] == ["processed", "failed-again", "processed"]
        assert len(queue.jobs) == 2 * keeps_done
