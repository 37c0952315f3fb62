"""The subjects of the settings: filters, the story, history, duplicates and the changed setting."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import delete, update

from bot.app.responses import envelope
from bot.app.setup import Setup
from bot.background.failures import copy_removed_once, index_once, relabel_once
from bot.background.purge import purge_once
from bot.database.transactions import reading
from bot.models.subjects import JobSubject
from bot.queue import search
from bot.queue.layouts import Queue
from bot.settings.environment import load_settings
from bot.store import tables
from bot.store.audit import subject_history
from bot.store.failures.progress import progress
from bot.terminal.do import TerminalRequest, do
from bot.terminal.reindex import reindex
from bot.wiring.queue_tables import queue_of
from tests.kit.bulk import carried_out, previewed
from tests.kit.clock import Clock
from tests.kit.frameworks import CODEIGNITER, LARAVEL_8, SPEC, Framework
from tests.kit.layout_databases import Databases
from tests.kit.queues import TestQueue
from tests.kit.replicas import ask, codes, hold, make_setup
from tests.services.mariadb import MariaDB

SUBJECTS = "order; shop; user=data.user_id,data.command.userId; invoice=data.invoice"
COMMAND = (
    'O:17:"App\\Jobs\\SyncUser":2:{s:9:"' + "\0*\0" + 'userId";i:77;s:5:"order";O:45:'
    '"Illuminate\\Contracts\\Database\\ModelIdentifier":1:{s:2:"id";i:803193;}}'
)


def body(user: int | None, invoice: str | None = None, order: int | None = None) -> str:
    """A payload with these subjects."""
    data = {"user_id": user, "invoice": invoice, "order_id": order}
    return json.dumps({"job": "Sync", "data": data})


@pytest.fixture(scope="module")
def databases(
    mariadb_server: MariaDB, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Databases]:
    """A database of each kind for all tests of this module."""
    with ExitStack() as until_the_end:
        yield Databases(tmp_path_factory.mktemp("subjects"), mariadb_server, until_the_end)


DATABASES = [(SPEC, "mariadb"), (LARAVEL_8, "mariadb"), (SPEC, "sqlite")]


@pytest.fixture(params=DATABASES, ids=lambda pair: f"{pair[0].layout.name}-{pair[1]}")
def queue(request: pytest.FixtureRequest, databases: Databases) -> TestQueue:
    """An empty queue whose settings name a user and an invoice too."""
    return with_subjects(databases.emptied(*request.param))


def with_subjects(queue: TestQueue, written: str = SUBJECTS) -> TestQueue:
    """Return the queue with the subjects of a setting."""
    environ = {"DATABASE_URL": "sqlite:////q", "QUEUE_BOT_SUBJECTS": written}
    configured: Queue = queue_of(load_settings(environ, need="database"), queue.queue.layout)
    names = ("order_paths", "tienda_paths")
    values: dict[str, Any] = {name: getattr(configured, name) for name in names}
    # Laravel's batches have a test of their own.
    values["subjects"] = tuple(s for s in configured.subjects if not s.is_shared)
    return replace(queue, queue=replace(queue.queue, **values))


def indexed(queue: TestQueue, *bodies: str, **values: Any) -> Setup:
    """Insert failed jobs 1, 2, … with these payloads, and index them."""
    for number, text in enumerate(bodies, 1):
        queue.fail(number, body=text)
    setup = make_setup(queue, **values)
    index_once(setup, hold(setup))
    return setup


def terminal(setup: Setup, words: str) -> str:
    """Return the terminal's answer."""
    lines: list[str] = []
    do(setup, TerminalRequest(words, "ana"), lines.append, lambda _: None)
    return "\n".join(lines)


def stored(queue: TestQueue) -> set[tuple[str, str, int]]:
    """The further subjects in the index: name, value and id of the failed job."""
    ids = {row.seq: row.failed_id for row in queue.rows(tables.failures)}
    rows = queue.rows(tables.failure_subjects)
    return {(row.name, row.value, ids[row.seq]) for row in rows}


def test_a_filter_by_a_subject_changes_exactly_its_jobs(queue: TestQueue) -> None:
    setup = indexed(queue, body(77, "F-1"), body(78, "77"), body(77), '{"data":{"order_id":77}}')
    assert stored(queue) == {
        ("user", "77", 1),
        ("invoice", "F-1", 1),
        ("user", "78", 2),
        ("invoice", "77", 2),
        ("user", "77", 3),
    }
    assert previewed(setup, "retry user=77 invoice=F-1").total == 1
    assert previewed(setup, "clear-failed user=5").total == 0
    carried_out(setup, "retry user=77")
    assert [row.id for row in queue.failed] == [2, 4]
    (started,) = (row for row in queue.rows(tables.audit) if row.outcome == "started")
    assert json.loads(started.arguments)["subjects"] == {"user": "77"}
    assert "of user 77" in terminal(setup, "history user_id=77")


def test_the_story_and_the_history_of_a_subject_have_every_act(queue: TestQueue) -> None:
    setup = indexed(queue, body(77, "F-1"), body(78))
    assert codes([ask(setup, "retry 1")]) == ["ok"]
    queue.push(700, body=body(77))
    story = terminal(setup, "find user=77")
    for part in ("user 77", "failed job 1", "retry", "Job 700"):
        assert part in story
    assert "invoice F-1" in story, "the line names the other subjects"
    assert "failed job 2" not in story
    assert "failed job 1" in terminal(setup, "find invoice=F-1")
    assert "no job and no record of user 5" in terminal(setup, "find user=5")
    about = terminal(setup, "history user_id=77")
    assert "retried" in about
    assert "Retried once" in about
    assert terminal(setup, "history invoice=F-2").endswith("No record matches.")


def test_a_job_shows_its_subjects(queue: TestQueue) -> None:
    setup = indexed(queue, body(77, "F-1"))
    assert "user 77 · invoice F-1" in terminal(setup, "failed")
    assert "user 77 · invoice F-1" in terminal(setup, "failed-job 1")
    row = envelope(setup, ask(setup, "failed"))["data"]["failed_jobs"][0]
    assert row["subjects"] == {"user": 77, "invoice": "F-1"}


def test_a_preview_names_the_duplicates_of_each_subject(queue: TestQueue) -> None:
    setup = indexed(queue, body(77, "F-1"), body(78), body(79))
    queue.push(700, body=body(78))
    queue.push(701, body=body(77, "F-1"))
    text = terminal(setup, "retry queue=netsuite")
    assert "2 of these failed jobs have the same user as a job in the queue: 77, 78" in text
    assert "1 of these failed jobs has the same invoice as a job in the queue: F-1" in text


def test_properties_of_a_serialized_command_are_read(queue: TestQueue) -> None:
    text = json.dumps({"displayName": "SyncUser", "data": {"command": COMMAND}})
    indexed(queue, text)
    assert stored(queue) == {("user", "77", 1)}
    (row,) = queue.rows(tables.failures)
    assert row.order_id == "803193"


def test_an_undo_and_the_purge_keep_the_subjects_of_indexed_failures(queue: TestQueue) -> None:
    clock = Clock()
    setup = indexed(queue, body(77), body(78), clock=clock)
    assert codes([ask(setup, "delete-failed 1"), ask(setup, "undo")]) == ["ok", "ok"]
    assert len(queue.rows(tables.failures)) == 3
    assert len(queue.rows(tables.failure_subjects)) == 3
    assert codes([ask(setup, "delete-failed 2")]) == ["ok"]
    with queue.engine.begin() as connection:
        connection.execute(update(tables.failures).values(incident=0))
    clock.move(days=31)
    copy_removed_once(setup, hold(setup))
    purge_once(setup, hold(setup))
    (left,) = queue.rows(tables.failures)
    (subject,) = queue.rows(tables.failure_subjects)
    assert (subject.name, subject.value, subject.seq) == ("user", "77", left.seq)


def test_a_changed_setting_indexes_the_failures_again(queue: TestQueue) -> None:
    first = indexed(queue, body(77, "F-1", 803193), body(78))
    assert codes([ask(first, "retry 2")]) == ["ok"]
    changed = make_setup(with_subjects(queue, "bill=data.invoice; customer=data.user_id"))
    with reading(changed.engine) as connection:
        current = progress(connection, changed.queue, changed.clock(connection))
    assert current is not None
    assert current.relabeling
    assert "does not contain all older failures" in terminal(changed, "find customer=78")
    previewed(changed)
    assert relabel_once(changed, hold(changed)), "the scope of a preview stays the same"
    assert {name for name, *_ in stored(queue)} == {"user", "invoice"}
    with queue.engine.begin() as connection:
        connection.execute(delete(tables.operations))
    while relabel_once(changed, hold(changed)):
        pass
    assert stored(queue) == {
        ("bill", "F-1", 1),
        ("customer", "77", 1),
        ("customer", "78", 2),
    }
    assert [row.order_id for row in queue.rows(tables.failures)] == [None, None]
    assert "does not contain all older failures" not in terminal(changed, "find customer=78")
    lines: list[str] = []
    reindex(queue.engine, first.queue, lines.append)
    assert {name for name, *_ in stored(queue)} == {"user", "invoice"}
    with reading(first.engine) as connection:
        assert progress(connection, first.queue, first.clock(connection)) is None


def test_the_first_subject_is_the_positional_one_without_orders(queue: TestQueue) -> None:
    setup = indexed(with_subjects(queue, "user=data.user_id"), body(77))
    assert setup.commands["find"].usage() == "find [USER]"
    assert "failed job 1" in terminal(setup, "find 77").lower()
    assert "order=" not in setup.commands["retry"].usage()
    assert "history user_id=77" in terminal(setup, "help history")
    assert "or a subject: `user=`" in terminal(setup, "retry")
    assert "Is it user 77? `/queue retry user=77`" in terminal(setup, "retry 77")
    assert "one of these: user" in terminal(setup, "help find")
    assert "user 77" in terminal(setup, "errors")
    assert "user 77" in terminal(setup, "delete-failed 1")
    assert codes([ask(setup, "retry order=803193")]) == ["invalid"]
    assert "Give exactly one of these: `user=`" in terminal(setup, "find")


@pytest.mark.parametrize("layout", [SPEC, LARAVEL_8, CODEIGNITER], ids=lambda layout: layout.name)
def test_a_shop_is_a_subject_of_find_history_and_filters(
    databases: Databases, layout: Framework
) -> None:
    queue = with_subjects(databases.emptied(layout, "mariadb"), "order; shop")
    setup = indexed(queue, *(in_shop(order, 12097) for order in (1, 2, 3)), in_shop(4, 12098))
    assert codes([ask(setup, "retry 1"), ask(setup, "retry 4")]) == ["ok", "ok"]
    story = terminal(setup, "find tienda=12097")
    for part in ("Shop 12097", "2 failed, 1 available", "Failed job 2 ", "order 3", "Retried once"):
        assert part in story
    assert "failed job 4" not in story
    assert "failed job 4" in terminal(setup, "find shop=12098")
    assert "no job and no record of shop 7" in terminal(setup, "find shop=7")
    assert "order 1" in terminal(setup, "history shop=12097")
    assert "order 4" not in terminal(setup, "history tienda=12097")
    assert terminal(setup, "history order=1 shop=12098").endswith("No record matches.")
    carried_out(setup, "retry shop=12097")
    assert [row.id for row in queue.failed] == []
    assert "of shop 12097" in terminal(setup, "history shop=12097")
    assert "of shop 12097" not in terminal(setup, "history shop=12098")


def in_shop(order: int, shop: int) -> str:
    """A payload with this order and this shop."""
    return json.dumps({"job": "Sync", "data": {"order_id": order, "tienda_id": shop}})


def test_a_shop_with_more_than_an_answer_shows_has_all_its_counts(queue: TestQueue) -> None:
    failed = subject_history.MOST + 9
    setup = indexed(with_subjects(queue, "shop"), *(in_shop(n, 5) for n in range(failed)))
    for number in range(search.MOST + 1):
        queue.push(body=in_shop(number, 5))
    assert setup.commands["find"].usage() == "find [SHOP]"
    story = terminal(setup, "find 5")
    assert f"Now, at least: {failed} failed, {search.MOST} available" in story
    assert "there are more" in story


def test_the_default_has_no_further_subjects(queue: TestQueue) -> None:
    usual = make_setup(with_subjects(queue, "order; shop"))
    assert usual.queue.subjects_version == 0
    assert usual.commands["find"].usage() == "find [ORDER] [tienda=ID]"
    assert with_subjects(queue).queue.subjects[0] == JobSubject(
        "user", ("data.user_id", "data.command.userId")
    )
