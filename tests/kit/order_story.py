"""An order's failures and changes, step by step."""

from typing import Any

from sqlalchemy import delete, update

from bot.app.setup import Setup
from bot.background.operations.runner import Runner
from bot.models.story import Story
from bot.store import tables
from bot.store.failures import index, index_scan
from tests.kit.bulk import preview_of
from tests.kit.clock import Clock
from tests.kit.queues import TestQueue
from tests.kit.replicas import ANA, ask, confirm, make_setup

ORDER = 803193


class Shop:
    """A queue with one replica, whose clock advances a minute with each step."""

    def __init__(self, queue: TestQueue) -> None:
        self.queue = queue
        self.clock = Clock()
        self.setup: Setup = make_setup(queue, clock=self.clock)

    def fail(self, id_: int, **values: Any) -> None:
        """Insert a failed job and index it."""
        self.clock.move(minutes=1)
        with self.queue.engine.begin() as connection:
            now = self.clock(connection).replace(microsecond=0)
        self.queue.fail(id_, failed_at=values.pop("failed_at", now), **values)
        self.look()

    def look(self) -> None:
        """Index new failed jobs and mark deleted ones as removed."""
        with self.queue.engine.begin() as connection:
            index.catch_up(connection, self.queue.queue, self.clock(connection))
            index_scan.scan(connection, self.queue.queue, self.clock(connection))

    def say(self, words: str, by: str = ANA) -> None:
        """Run a command a minute later."""
        self.clock.move(minutes=1)
        ask(self.setup, words, by=by)

    def bulk(self, words: str) -> None:
        """Run an operation as Ana, from the preview to its end."""
        self.clock.move(minutes=1)
        action = words.split(maxsplit=1)[0]
        plan = preview_of(ask(self.setup, words)).plan
        assert confirm(self.setup, action, plan).refusal is None
        runner = Runner(self.setup, 2, lanes=1, seconds=0)
        for _ in range(10):
            runner.run_once()

    def work_off(self, *ids: int) -> None:
        """Process these jobs, or all jobs, as a worker."""
        jobs = self.queue.queue.jobs
        gone = delete(jobs) if not ids else delete(jobs).where(jobs.c.id.in_(ids))
        with self.queue.engine.begin() as connection:
            connection.execute(gone)

    def followed(self, state: str, **values: Any) -> None:
        """Set the outcome of every tracked job."""
        with self.queue.engine.begin() as connection:
            connection.execute(update(tables.tracked_jobs).values(state=state, **values))

    def story(self, words: str = f"find {ORDER}") -> Story:
        """Return the story that `/queue find` shows."""
        outcome = ask(self.setup, words)
        assert outcome.result is not None, outcome.refusal
        assert isinstance(outcome.result.data, Story)
        return outcome.result.data


def event_lines(story: Story) -> list[str]:
    """Return each event in a few words."""
    lines = []
    for event in story.events:
        match event.what:
            case "failure":
                lines.append(f"{'failed' if event.there else 'had failed'} {event.failed_id}")
            case "gone":
                lines.append(f"gone {event.failed_id}")
            case "queued":
                lines.append(f"{event.found.state} {event.found.job.id}")
            case "act":
                fate = event.became.fate if event.became is not None else "?"
                line = f"{event.action} {event.row} {event.row_id} {event.outcome}"
                lines.append(f"{line} {fate}" if event.is_retry else line)
    return lines
