"""The jobs that failed again after a bulk retry are counted by bounded reads, for all payloads."""

from typing import Any

from sqlalchemy import Connection, insert, text, update

from bot.background.operations.runner import Runner
from bot.database.transactions import now_of
from bot.store import tables
from bot.store.operations import operations
from bot.store.operations.retries.outcomes import OutcomeCounts
from bot.store.operations.retries.refailures import count_failures
from tests.kit.bulk import run_out, started
from tests.kit.posting import watch
from tests.kit.queues import TestQueue, payload
from tests.kit.replicas import hold, make_setup

OLD, NEW = 2_000, 300


def reads(connection: Connection) -> int:
    """Return how many rows and index entries this session has read so far."""
    rows = connection.execute(text("SHOW SESSION STATUS LIKE 'Handler_read%'"))
    return sum(int(value) for _, value in rows)


def test_a_payload_shared_by_thousands_of_failures_is_read_once(
    mariadb_queue: TestQueue,
) -> None:
    queue = mariadb_queue
    setup = make_setup(queue)
    queue.fail(order=1, body=payload(1))
    watch(setup, hold(setup))
    number = started(setup).operation
    run_out(Runner(setup, 10, lanes=1, seconds=0))
    with queue.engine.begin() as connection:
        (known,) = connection.execute(tables.failures.select()).mappings().all()
        row: dict[str, Any] = {**known, "operation": None, "failed_id": 7}
        row |= {"seq": None, "removed_at": now_of(connection)}
        # These failures are older, so they come first in the index.
        connection.execute(update(tables.failures).values(seq=OLD + 1))
        connection.execute(insert(tables.failures), [{**row, "seq": seq + 1} for seq in range(OLD)])
        new = {**row, "removed_at": None}
        again = [{**new, "seq": OLD + 2 + one, "failed_id": 8 + one} for one in range(NEW)]
        connection.execute(insert(tables.failures), again)
        connection.execute(update(tables.operations).values(bound_seq=OLD + 1))
        operation = operations.find(connection, number)
        assert operation is not None
        nothing = dict.fromkeys(OutcomeCounts.__dataclass_fields__, 0)
        seen = OutcomeCounts(**{**nothing, "cursor_seq": OLD + 1})  # type: ignore[arg-type] # zeros
        before = reads(connection)
        counts = count_failures(connection, operation, seen).counts
        assert counts["failed_again"] == NEW
        assert reads(connection) - before < 10 * (OLD + NEW)
