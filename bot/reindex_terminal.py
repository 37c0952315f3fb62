"""The command `queue-bot reindex`: rebuild the texts of the index with the masking of today."""

from collections.abc import Callable

from sqlalchemy import Connection, Engine

from bot.database.transactions import changing, time_limit
from bot.queue.layouts import Queue
from bot.store.failures import rebuild
from bot.store.failures.rebuild import Rebuilt

SECONDS = 30.0


def reindex(engine: Engine, queue: Queue, say: Callable[[str], None]) -> None:
    """Rebuild the index a page at a time and print the progress; an interrupted run resumes."""

    def run_page(after: int) -> Rebuilt:
        return changing(
            engine,
            time_limit(engine, SECONDS),
            lambda connection: rebuild.rebuild_page(connection, queue, after),
        )

    def begin(connection: Connection) -> tuple[int, int]:
        return rebuild.begin(connection), rebuild.total(connection)

    after, total = changing(engine, time_limit(engine, SECONDS), begin)
    if after:
        say(f"Resuming after failure {after}.")
    rebuilt = blanked = 0
    last: int | None = after
    while last is not None:
        page = run_page(last)
        rebuilt, blanked, last = rebuilt + page.rebuilt, blanked + page.blanked, page.last
        say(f"{rebuilt + blanked} of {total} failures: {rebuilt} rebuilt, {blanked} blanked.")
    groups = changing(engine, time_limit(engine, SECONDS), rebuild.blank_groups)
    say(f"Done. {groups} error groups without an original were blanked.")
