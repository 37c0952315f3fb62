"""The command `queue-bot reindex`: rebuild the index with the current masking and subjects."""

from collections.abc import Callable
from functools import partial
from time import sleep
from typing import TypeVar

from sqlalchemy import Connection, Engine

from bot.database.transactions import changing, now_of, time_limit
from bot.queue.layouts import Queue
from bot.store.failures import rebuild
from bot.store.failures.regrouping import is_scope_frozen

T = TypeVar("T")

SECONDS = 30.0
WAIT_SECONDS = 1.0


def reindex(engine: Engine, queue: Queue, say: Callable[[str], None]) -> None:
    """Rebuild the index page by page and print the progress; an interrupted run resumes."""

    def commit(work: Callable[[Connection], T]) -> T:
        return changing(engine, time_limit(engine, SECONDS), work)

    def wait_for_bulk_changes() -> None:
        announced = False
        while commit(lambda connection: is_scope_frozen(connection, now_of(connection))):
            if not announced:
                say("Waiting for bulk changes and their previews, whose jobs must stay the same.")
            announced = True
            sleep(WAIT_SECONDS)

    last: int | None = commit(rebuild.begin)
    is_whole, total = not last, commit(rebuild.total)
    if last:
        say(f"Resuming after failure {last}.")
    rebuilt = blanked = 0
    while last is not None:
        wait_for_bulk_changes()
        page = commit(partial(rebuild.rebuild_page, queue=queue, after=last))
        rebuilt, blanked, last = rebuilt + page.rebuilt, blanked + page.blanked, page.last
        say(f"{rebuilt + blanked} of {total} failures: {rebuilt} rebuilt, {blanked} blanked.")
    commit(partial(rebuild.begin_groups, queue=queue, is_whole=is_whole))
    while commit(lambda connection: rebuild.rename_groups(connection, queue, now_of(connection))):
        wait_for_bulk_changes()
    groups = commit(partial(rebuild.blank_groups, queue=queue))
    say(f"Done. {groups} error groups without an original were blanked.")
