"""Refusals: outcomes a person may see. Anything else that is raised is a bug."""

from collections.abc import Mapping
from typing import ClassVar


class Refusal(Exception):
    """A request that was not carried out, and why, as a type and its values.

    `code` names the message in the catalogs (`refusal-<code>`), `outcome` is the word in the audit
    record, and `values` are what the message needs. Raised inside a transaction it rolls it back.
    """

    code: ClassVar[str] = "refused"
    outcome: ClassVar[str] = "refused"

    def __init__(self, **values: object) -> None:
        super().__init__(self.code)
        self.values: Mapping[str, object] = values


class UnknownCommand(Refusal):
    """No command has this name; `word` is what was typed, `nearest` the closest name."""

    code = "unknown-command"


class Invalid(Refusal):
    """An argument is missing, misspelt or out of range; `problem` says which, `usage` the form."""

    code = "invalid"


class Denied(Refusal):
    """The person may not do this; `needed` is the least role, `holders` who has it.

    `total` rows where the role is enough for `most` at once.
    """

    code = "denied"
    outcome = "denied"


class NotMember(Denied):
    """The account is a guest, a bot, deactivated, or of another workspace."""

    code = "not-member"


class WrongChannel(Denied):
    """Changes are not allowed in this channel; `channels` names where they are."""

    code = "wrong-channel"


class WrongQueue(Denied):
    """The queue is not on the list of queues the bot may change."""

    code = "wrong-queue"


class Unverifiable(Denied):
    """The role could not be checked (Slack did not answer), so nothing was changed."""

    code = "unverifiable"


class JobNotFound(Refusal):
    """No such job: it was processed or moved to failed; the audit may know by whom."""

    code = "job-not-found"


class FailedJobNotFound(Refusal):
    """No such failed job: it was retried or deleted; the audit may know by whom."""

    code = "failed-job-not-found"


class ErrorGroupNotFound(Refusal):
    """No error group has this id, or its failures were purged long ago."""

    code = "error-group-not-found"


class IncidentNotFound(Refusal):
    """No incident has this id."""

    code = "incident-not-found"


class IncidentClosed(Refusal):
    """The incident was over at `at`: there is nothing to acknowledge."""

    code = "incident-closed"
    outcome = "no-op"


class AlreadyAcknowledged(Refusal):
    """`by` acknowledged the incident before, at `at`."""

    code = "already-acknowledged"
    outcome = "no-op"


class QueueNotFound(Refusal):
    """Nothing is known of such a queue; `queues` are those that are, the most alike first."""

    code = "queue-not-found"


class AlreadyMuted(Refusal):
    """`by` muted `word` for longer than was asked for now, until `at`."""

    code = "already-muted"
    outcome = "no-op"


class NotMuted(Refusal):
    """Nothing to unmute; `by` and `at` who did it before."""

    code = "not-muted"
    outcome = "no-op"


class MutedOtherwise(Refusal):
    """What the incident `id` is about is not muted itself; `by` muted `word`, until `at`."""

    code = "muted-otherwise"


class Changed(Refusal):
    """The row is another than the one the person saw, so it was left alone."""

    code = "changed"


class NotReserved(Refusal):
    """The job is pending, so there is nothing to release; `by` and `at` who did it before."""

    code = "not-reserved"


class ReservedAgain(Refusal):
    """A worker has taken the job since the person looked, so it was left alone."""

    code = "reserved-again"


class ReservedRecently(Refusal):
    """The job is reserved only since `at`: its worker is probably at it; `force=yes` goes on."""

    code = "reserved-recently"


class Frozen(Refusal):
    """All changes are off since `at`, because `by` froze them; `reason` is what they gave."""

    code = "frozen"


class AlreadyFrozen(Refusal):
    """Nothing to freeze: `by` did it before."""

    code = "already-frozen"
    outcome = "no-op"


class NotFrozen(Refusal):
    """Nothing to thaw; `by` and `at` who did it before."""

    code = "not-frozen"
    outcome = "no-op"


class NothingToUndo(Refusal):
    """The person has made no change that could be undone now."""

    code = "nothing-to-undo"
    outcome = "no-op"


class ChangeNotFound(Refusal):
    """No change is known by this number."""

    code = "change-not-found"


class NotUndoable(Refusal):
    """An `action` that took nothing out of the tables, or kept no copy of it."""

    code = "not-undoable"


class UndoExpired(Refusal):
    """The copies in the archive were kept for `days` days and are gone."""

    code = "undo-expired"


class AlreadyUndone(Refusal):
    """`by` put it back before, at `at`."""

    code = "already-undone"


class JobTaken(Refusal):
    """A worker has the retried job, or has tried it: taking it back would be too late."""

    code = "job-taken"


class JobGone(Refusal):
    """The retried job is not in the queue under its id any more; `by` whoever deleted it."""

    code = "job-gone"


class RowThere(Refusal):
    """What is to be put back is there already, the same under the same id."""

    code = "row-there"


class PlanExpired(Refusal):
    """A preview was confirmed too late, twice, or by somebody else."""

    code = "plan-expired"


class CountMismatch(Refusal):
    """The typed count is not the count of the frozen scope."""

    code = "count-mismatch"


class NothingToDo(Refusal):
    """The scope is empty."""

    code = "nothing-to-do"
    outcome = "no-op"


class OperationRunning(Refusal):
    """Another bulk operation works on the same queue."""

    code = "operation-running"


class Unfinished(Refusal):
    """A bulk operation was cancelled or stopped before its end; what was done stays done."""

    code = "unfinished"


class StillRunning(Refusal):
    """A terminal stopped waiting for its bulk operation, which goes on where the bot runs."""

    code = "still-running"


class RequestIdUsed(Refusal):
    """The request id belongs to a request with other words, so this one was not carried out."""

    code = "request-id-used"


class Busy(Refusal):
    """The database did not answer in time; nothing was changed."""

    code = "busy"


class DatabaseDown(Refusal):
    """The database cannot be reached; nothing was changed."""

    code = "database-down"


class OutcomeUnknown(Refusal):
    """The answer to COMMIT was lost and cannot be looked up yet."""

    code = "outcome-unknown"
    outcome = "unknown"


class ReadOnly(Refusal):
    """Changes are off: the tables do not allow them; `reason` says why."""

    code = "read-only"


class StartError(Exception):
    """The bot cannot start; each problem is one sentence that says what to do."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems
