"""New rules group the indexed failures again; ids, mutes and counts follow the failures."""

from datetime import timedelta
from functools import partial

from sqlalchemy import func, select, update

from bot.fingerprint.error_group import RULES, error_group
from bot.models.mutes import Topic
from bot.store import tables
from bot.store.cursors import position, set_position
from bot.store.failures import error_merges, regrouping
from bot.store.failures.index_scan import scan
from bot.store.incidents import mutes
from tests.kit.failure_index import NOW, index
from tests.kit.queues import TestQueue
from tests.kit.replicas import ask, make_setup

STOCK, PRICE = "RuntimeException: Stock is negative", "RuntimeException: Price is missing"


def names(queue: TestQueue) -> dict[int, str]:
    """Return the name of each group."""
    return {row.id: row.name for row in queue.rows(tables.error_groups)}


def counts(queue: TestQueue) -> dict[int, tuple[int, int]]:
    """Return the numbers of new failures and of failed jobs of each group."""
    c = tables.failure_counts.c
    left = func.sum(c.appeared - c.removed)
    query = select(c.error_group, func.sum(c.appeared), left).group_by(c.error_group)
    with queue.engine.begin() as connection:
        return {group: (int(a), int(b)) for group, a, b in connection.execute(query) if a or b}


def use_earlier_rules(queue: TestQueue, **groups: int) -> None:
    """Give groups other names, as if earlier rules had named them."""
    with queue.engine.begin() as connection:
        set_position(connection, "rules", RULES - 1)
        for word, group in groups.items():
            row = update(tables.error_groups).where(tables.error_groups.c.id == group)
            connection.execute(row.values(name=f"earlier {word}"))


def regroup(queue: TestQueue, rows: int = 2) -> list[regrouping.Regrouping]:
    """Run passes, each in its own transaction, until none is left."""
    passes: list[regrouping.Regrouping] = []
    while not passes or passes[-1].more:
        with queue.engine.begin() as connection:
            passes.append(regrouping.regroup(connection, queue.queue, NOW, rows))
    return passes


def test_an_error_group_keeps_its_id_after_regrouping_and_gets_new_failures(
    queue: TestQueue,
) -> None:
    for _ in range(3):
        queue.fail(exception=STOCK)
    index(queue)
    use_earlier_rules(queue, stock=1)

    queue.fail(exception=STOCK)
    index(queue)
    passes = regroup(queue)

    assert names(queue) == {1: error_group(STOCK)}
    assert counts(queue) == {1: (4, 4)}
    assert [part.read for part in passes] == [2, 2, 0]
    with queue.engine.begin() as connection:
        assert position(connection, "rules") == RULES
        assert not regrouping.is_naming(connection)


def test_regrouping_moves_failures_of_another_cause_with_their_counts(queue: TestQueue) -> None:
    for exception in (STOCK, PRICE, STOCK, STOCK, PRICE):
        queue.fail(exception=exception)
    index(queue)
    f, c = tables.failures, tables.failure_counts
    with queue.engine.begin() as connection:
        # The earlier rules had one group for both.
        connection.execute(update(f).values(error_group=1))
        connection.execute(update(c).values(error_group=1))
    use_earlier_rules(queue, both=1, unused=2)

    regroup(queue)

    by_group = {row.error_group for row in queue.rows(f) if row.failed_id in (1, 3, 4)}
    assert by_group == {1}
    (price,) = {row.error_group for row in queue.rows(f) if row.failed_id in (2, 5)}
    assert names(queue)[1] == error_group(STOCK)
    assert names(queue)[price] == error_group(PRICE)
    assert counts(queue) == {1: (3, 3), price: (2, 2)}


def test_the_scan_indexes_nothing_while_groups_get_their_new_names(queue: TestQueue) -> None:
    queue.fail(exception=STOCK)
    index(queue)
    use_earlier_rules(queue, stock=1)
    queue.fail(exception=STOCK)

    with queue.engine.begin() as connection:
        assert scan(connection, queue.queue, NOW).added == 0
    regroup(queue)
    with queue.engine.begin() as connection:
        assert scan(connection, queue.queue, NOW).added == 1
    assert len(names(queue)) == 1


def test_regrouping_waits_while_a_preview_has_its_frozen_scope(queue: TestQueue) -> None:
    for exception in (STOCK, PRICE):
        queue.fail(exception=exception)
    index(queue)
    with queue.engine.begin() as connection:
        connection.execute(update(tables.failures).values(error_group=1))
    use_earlier_rules(queue, both=1, unused=2)
    setup = make_setup(queue, clock=lambda _connection: NOW)
    assert ask(setup, "retry-all").refusal is None

    with queue.engine.begin() as connection:
        held = regrouping.regroup(connection, queue.queue, NOW)
        assert (held.moved, held.more) == (0, True)
        late = NOW + timedelta(minutes=11)
        assert regrouping.regroup(connection, queue.queue, late).moved == 1


def test_regrouping_merges_two_groups_of_one_cause_and_keeps_the_mute(queue: TestQueue) -> None:
    # The first group of the index has two failures, the second one three.
    for exception in (PRICE, PRICE, STOCK, STOCK, STOCK):
        queue.fail(exception=exception)
        index(queue)
    with queue.engine.begin() as connection:
        # The earlier rules divided this cause by a word that the new rules ignore.
        failed = queue.queue.failed
        connection.execute(update(failed).values(exception=PRICE))
        by = partial(mutes.begin, connection, Topic(error_group=1), "ana", NOW)
        by(NOW + timedelta(hours=1))
    use_earlier_rules(queue, one=1, other=2)

    regroup(queue)

    with queue.engine.begin() as connection:
        assert error_merges.read(connection).whole(1) == 2
        (mute,) = mutes.current(connection, NOW)
    assert mute.topic.error_group == 2
    assert names(queue)[2] == error_group(PRICE)
    assert {row.error_group for row in queue.rows(tables.failures)} == {2}
    assert counts(queue) == {2: (5, 5)}
