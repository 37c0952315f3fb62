"""The outcomes of retried jobs."""

from pydantic import Field

from bot.models.value import Value, is_empty


class Outcomes(Value):
    """The counts of a bulk retry's outcomes so far, `seconds` after its start.

    `state` is following, settled (all outcomes are known) or stopped (the jobs are no longer
    tracked). While an operation waits for its canary, the counts cover only the first `canary`
    jobs, from `canary_errors` error groups. `error` is the error of a canary job that failed again
    (masked, one line).
    """

    processed: int
    failed_again: int
    failed_otherwise: int
    waiting: int
    no_longer_queued: int
    seconds: int
    state: str
    canary: int = 0
    canary_errors: int = 0
    error: str | None = None


class RetryOutcome(Value):
    """The outcome of a retried job. `job_id` is its new id, `seconds` the time since the retry.

    `again_id` and `error` (masked, one line) describe the new failure if the job failed again;
    `same`: the new failure has the same error group. `by` and `how` are the person and the command
    that removed the job from the queue. `started`: a worker took the job, so nobody can undo the
    retry.
    """

    failed_id: int
    job_id: int
    queue: str
    job_class: str | None
    order_id: int | str | None
    subjects: dict[str, str] = Field(default={}, exclude_if=is_empty)
    state: str
    seconds: int
    started: bool = False
    late: bool = False
    by: str | None = None
    how: str | None = None
    again_id: int | None = None
    error: str | None = None
    same: bool = False
