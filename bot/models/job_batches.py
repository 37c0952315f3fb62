"""The batches of jobs of the team's framework, such as Laravel's `Bus::batch`. No SQL here."""

from pydantic import BaseModel, ConfigDict

BATCH = "batch"
"""The name of the subject whose value is the id of the job's batch."""


class JobBatch(BaseModel):
    """A batch of jobs. `pending` jobs have not succeeded yet; `failed` counts all failures."""

    model_config = ConfigDict(frozen=True)

    id: str
    name: str
    total: int
    pending: int
    failed: int
    cancelled: bool
    finished: bool


class ScopeBatches(BaseModel):
    """The failures of a scope whose batch needs a warning; None: the count took too long.

    `cancelled`: a worker ends the retried jobs without work. `unfinished`: without the deleted
    jobs, the batch never finishes.
    """

    model_config = ConfigDict(frozen=True)

    cancelled: int | None = 0
    unfinished: int | None = 0
