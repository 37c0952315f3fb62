"""The number of jobs in each queue by state. Every answer gets these numbers from here."""

from collections.abc import Sequence

from bot.models.value import Value


class QueueJobs(Value):
    """The number of jobs in a queue. `pending` includes `delayed` jobs, as in the spec.

    `oldest_seconds` is the longest time for which an available job has been available. The time of
    a delay does not count, because a delayed job waits on purpose.
    """

    queue: str
    pending: int
    reserved: int
    delayed: int
    oldest_seconds: int | None

    @property
    def available(self) -> int:
        """Return the number of jobs that a worker may take now."""
        return max(0, self.pending - self.delayed)

    @property
    def size(self) -> int:
        """Return the number of all jobs in the queue."""
        return self.pending + self.reserved


def totals(queues: Sequence[QueueJobs]) -> dict[str, int]:
    """Return the numbers of available, delayed and reserved jobs of all queues, by state."""
    return {
        "available": sum(jobs.available for jobs in queues),
        "delayed": sum(jobs.delayed for jobs in queues),
        "reserved": sum(jobs.reserved for jobs in queues),
    }


def oldest(queues: Sequence[QueueJobs]) -> tuple[int, str] | None:
    """Return the age (seconds) and queue of the oldest available job, or None without one."""
    ages = [(jobs.oldest_seconds, jobs.queue) for jobs in queues if jobs.oldest_seconds is not None]
    return max(ages, default=None)


def busiest(queues: Sequence[QueueJobs]) -> list[QueueJobs]:
    """Return the queues in descending order of their number of jobs."""
    return sorted(queues, key=lambda jobs: (-jobs.size, jobs.queue))
