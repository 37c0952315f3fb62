"""The jobs of each queue by state: the one source of these numbers for every answer."""

from collections.abc import Sequence

from bot.models.jobs import Value


class QueueJobs(Value):
    """The jobs of a queue; `pending` includes the `delayed` ones, as in the spec.

    `oldest_seconds` is the age of the oldest available job, counted from when it became available:
    a delayed job waits on purpose.
    """

    queue: str
    pending: int
    reserved: int
    delayed: int
    oldest_seconds: int | None

    @property
    def available(self) -> int:
        """The jobs that a worker may take now."""
        return max(0, self.pending - self.delayed)

    @property
    def size(self) -> int:
        """All jobs of the queue."""
        return self.pending + self.reserved


def totals(queues: Sequence[QueueJobs]) -> dict[str, int]:
    """Return the numbers of available, delayed and reserved jobs of all queues, by state."""
    return {
        "available": sum(jobs.available for jobs in queues),
        "delayed": sum(jobs.delayed for jobs in queues),
        "reserved": sum(jobs.reserved for jobs in queues),
    }


def oldest(queues: Sequence[QueueJobs]) -> tuple[int, str] | None:
    """Return the seconds and the queue of the oldest available job; None if there is none."""
    ages = [(jobs.oldest_seconds, jobs.queue) for jobs in queues if jobs.oldest_seconds is not None]
    return max(ages, default=None)


def busiest(queues: Sequence[QueueJobs]) -> list[QueueJobs]:
    """Return the queues, the one with the most jobs first."""
    return sorted(queues, key=lambda jobs: (-jobs.size, jobs.queue))
