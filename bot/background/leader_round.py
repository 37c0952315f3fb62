"""One round of the leader: run each step that has waiting work or whose period has passed.

A step without work costs the database nothing. One statement (`bot.store.waiting_work`) reads the
waiting work. Every step runs if that statement fails.
"""

from collections.abc import Callable
from datetime import date
from functools import partial
from typing import TypeVar

from sqlalchemy import Engine

from bot.app.setup import Setup
from bot.background import audit, digest, metrics, purge
from bot.background.audit_verification import NEXT_PAGE, VERIFY_EVERY, ChainVerifier
from bot.background.database_load import KEEP_EVERY, Load
from bot.background.failures import (
    aggregate_once,
    copy_removed_once,
    index_once,
    log_progress,
    merge_once,
    regroup_once,
    relabel_once,
    scan_once,
)
from bot.background.health import HealthObserver
from bot.background.incidents import grouping, lifecycle, probe
from bot.background.incidents.quiet_queues import QuietQueues
from bot.background.operations import approvals, canary
from bot.background.outbox.deliver import Poster, SlackRates, deliver_once
from bot.background.periods import (
    AGGREGATE_EVERY,
    APPROVALS_EVERY,
    DIGEST_EVERY,
    HEALTH_EVERY,
    INDEX_EVERY,
    LIFECYCLE_AT_REST_EVERY,
    LIFECYCLE_EVERY,
    MERGE_EVERY,
    OUTCOMES_EVERY,
    POLL,
    POLL_AT_REST,
    PROGRESS_EVERY,
    PURGE_AT_REST_EVERY,
    PURGE_EVERY,
    REGROUP_EVERY,
    RELABEL_EVERY,
    ROLL_EVERY,
    SCAN_EVERY,
    SEAL_EVERY,
    STEPS_EVERY,
    periods,
)
from bot.background.rest import Rest
from bot.background.retries import track, track_bulk
from bot.background.schedule import Schedule
from bot.background.steps import Steps, guarded
from bot.database.transactions import polling, time_limit
from bot.store.audit.sealing import SEAL_ROWS
from bot.store.failures.index import has_new
from bot.store.failures.index_scan import SCAN_ROWS
from bot.store.leases import Lease
from bot.store.waiting_work import WaitingWork

T = TypeVar("T")

NOTHING_UNSEALED = 2**62
"""A limit above every id: no audit record is searched."""


class LeaderRound:
    """The steps of the leader, and when each of them ran last."""

    def __init__(
        self, setup: Setup, poster: Poster, load: Load, polling_engine: Engine, interval: float
    ) -> None:
        self.steps = Steps(periods(interval))
        # The lease under which all earlier failures were indexed.
        self.indexed: Lease | None = None
        self.sealed_to = NOTHING_UNSEALED
        self._setup = setup
        self._poster = poster
        self._load = load
        self._polling = polling_engine
        self._interval = interval
        self._rates = SlackRates()
        self._health = HealthObserver(setup)
        self._verifier = ChainVerifier()
        self._quiet = QuietQueues(setup, polling_engine)
        self._schedule = Schedule()
        self._newest_audit: int | None = None
        self._rest = Rest()
        self._digest_phase: tuple[date, bool] | None = None

    def begin(self) -> None:
        """Reset the periods, because this replica leads from now on."""
        self.steps.begin()
        self._quiet.forget()
        # These steps run at once, because another leader may have left work undone.
        self._schedule.at_once("failures", "index", "seal")
        self.sealed_to, self._newest_audit = NOTHING_UNSEALED, None
        self._digest_phase = None
        self._rest.begin()

    @property
    def pause(self) -> float:
        """The seconds until the next round if no work is waiting."""
        return POLL_AT_REST if self._rest.is_at_rest else POLL

    def run(self, lease: Lease, waiting: WaitingWork | None) -> bool:
        """Run the steps that are due; return True if more work is waiting."""
        self._rest.notice(waiting)
        more = False
        # Each step is guarded separately: a failed step must not delay the posts of the audit log.
        for part in (
            self._index_failures,
            self._check_rules,
            self._track_retries,
            self._advance_incidents,
            self._maintain,
            self._copy_removed,
        ):
            more = bool(guarded(partial(part, lease, waiting))) or more
        sealed = self._seal(lease, waiting)
        is_stale = waiting is None or waiting.redraw
        redrawn = self._run("refresh", grouping.refresh_once, lease, is_needed=is_stale)
        has_message = waiting is None or waiting.is_due(waiting.message_at)
        deliver = partial(deliver_once, poster=self._poster, rates=self._rates)
        has_message = has_message or bool(sealed or redrawn)
        delivered = self._run("deliver", deliver, lease, is_needed=has_message)
        return more or bool(sealed) or bool(delivered)

    def _run(
        self, name: str, step: Callable[..., T], lease: Lease, *, is_needed: bool = True
    ) -> T | None:
        """Run a step if it is needed; return its result, or None if it was skipped or failed."""
        if not is_needed:
            self.steps.skip(name)
            return None
        work = partial(step, self._setup, lease=lease)
        return guarded(self.steps.named(name, work))

    def _index_failures(self, lease: Lease, waiting: WaitingWork | None) -> bool:
        """Index new failures and mark missing failures removed.

        Return True if the next round must follow at once: people wait for an alert, so its message
        must not wait for the next poll.
        """
        more = False
        if self._schedule.is_due("failures", self._interval):
            is_complete = self._schedule.is_due("index", INDEX_EVERY)
            is_needed = is_complete or self._has_new_failures(waiting)
            is_behind = self._run("index", index_once, lease, is_needed=is_needed)
            if is_needed and is_behind is not False:
                self._schedule.at_once("index")
            if is_behind:
                self._schedule.at_once("failures")
            elif is_behind is not None:
                self.indexed = lease
            is_unassigned = is_needed or waiting is None or waiting.unassigned
            self._run("group", grouping.group_all, lease, is_needed=is_unassigned)
            more = is_needed
        is_behind = waiting is not None and waiting.is_reindexing
        if is_behind and self._schedule.is_due("progress", PROGRESS_EVERY):
            guarded(partial(log_progress, self._setup))
        if self._schedule.is_due("regroup", REGROUP_EVERY):
            is_needed = waiting is None or waiting.regrouping
            self._run("regroup", regroup_once, lease, is_needed=is_needed)
        if self._schedule.is_due("relabel", RELABEL_EVERY):
            is_needed = waiting is None or (waiting.relabeling and not waiting.backfilling)
            self._run("relabel", relabel_once, lease, is_needed=is_needed)
        if self._schedule.is_due("scan", max(SCAN_EVERY, self._interval)):
            differences = self._run("scan", scan_once, lease) or 0
            if differences >= SCAN_ROWS:
                # At one range per half minute, the scan of a truncated table would take an hour.
                self._schedule.at_once("scan")
            more = more or differences > 0
        return more

    def _copy_removed(self, lease: Lease, waiting: WaitingWork | None) -> bool:
        """Take removed failures out of the index for scopes, during a bulk change only slowly."""
        if self._schedule.is_due("copy-removed", max(SCAN_EVERY, self._interval)):
            copied = self._run("copy-removed", copy_removed_once, lease)
            if copied and waiting is not None and waiting.heartbeat_at is None:
                self._schedule.at_once("copy-removed")
        return False

    def _has_new_failures(self, waiting: WaitingWork | None) -> bool:
        if waiting is None or waiting.backfilling:
            return True

        def read() -> bool:
            with polling(self._polling, time_limit(self._polling, 5.0)) as connection:
                return has_new(connection, self._setup.queue, waiting.settled_failed_id)

        return guarded(read) is not False

    def _check_rules(self, lease: Lease, waiting: WaitingWork | None) -> bool:
        """Check the metric rules; return True if the check ran."""
        if not self._schedule.is_due("rules", self._interval):
            return False
        is_needed = not self._quiet.may_skip(waiting)
        readings = self._run("probe", probe.probe_once, lease, is_needed=is_needed)
        if is_needed and not readings:
            self._quiet.forget()
        return is_needed

    def _track_retries(self, lease: Lease, waiting: WaitingWork | None) -> bool:
        """Update the outcomes of retried jobs; return True if an outcome is new."""
        if not self._schedule.is_due("outcomes", OUTCOMES_EVERY):
            return False
        has_job = waiting is None or waiting.is_due(waiting.tracked_job_at)
        has_canary = waiting is None or waiting.waiting_canary
        has_bulk = waiting is None or waiting.is_due(waiting.outcome_at)
        new = (
            self._run("outcomes", track.track_once, lease, is_needed=has_job),
            self._run("canary", canary.decide_once, lease, is_needed=has_canary or has_job),
            self._run("bulk-outcomes", track_bulk.outcomes_once, lease, is_needed=has_bulk),
        )
        return any(new)

    def _advance_incidents(self, lease: Lease, waiting: WaitingWork | None) -> bool:
        """Resolve, post or escalate the incidents that are due."""
        period = LIFECYCLE_AT_REST_EVERY if self._rest.is_at_rest else LIFECYCLE_EVERY
        if self._schedule.is_due("lifecycle", period):
            is_needed = waiting is None or waiting.active_incident or waiting.redraw
            self._run("lifecycle", lifecycle.advance_once, lease, is_needed=is_needed)
        return False

    def _maintain(self, lease: Lease, waiting: WaitingWork | None) -> bool:
        """Purge old rows, aggregate counts, post the digest once a day, and check the health."""
        self._write_figures(lease, waiting)
        if self._schedule.is_due("purge", PURGE_AT_REST_EVERY):
            deleted = self._run("purge", purge.purge_once, lease)
            if deleted:
                self._schedule.after("purge", PURGE_EVERY)
        if self._schedule.is_due("aggregate", AGGREGATE_EVERY):
            is_needed = waiting is None or waiting.unaggregated
            if self._run("aggregate", aggregate_once, lease, is_needed=is_needed):
                self._schedule.at_once("aggregate")
        if self._schedule.is_due("approvals", APPROVALS_EVERY):
            is_expired = waiting is None or waiting.is_due(waiting.approval_until)
            self._run("approvals", approvals.expire_once, lease, is_needed=is_expired)
        if self._schedule.is_due("merge", MERGE_EVERY):
            self._run("merge", merge_once, lease)
        if self._schedule.is_due("roll", ROLL_EVERY) and self._run(
            "roll", metrics.roll_once, lease
        ):
            self._schedule.at_once("roll")
        if self._schedule.is_due("verify", VERIFY_EVERY) and self._run(
            "verify", self._verifier.verify_once, lease
        ):
            self._schedule.after("verify", NEXT_PAGE)
        if self._schedule.is_due("health", HEALTH_EVERY):
            guarded(self.steps.named("health", partial(self._health.observe_once, lease)))
        return self._post_digest(lease, waiting)

    def _write_figures(self, lease: Lease, waiting: WaitingWork | None) -> None:
        """Store the failing steps if they changed; otherwise store the times of the passes."""
        if self.steps.is_changed:
            # The steps are written before the pass times, because readers trust the steps only if
            # the pass times are fresh.
            if self._schedule.is_due("steps", STEPS_EVERY):
                self.steps.write(self._setup, lease)
        elif self._schedule.is_due("load", KEEP_EVERY):
            now = None if waiting is None else waiting.now
            if not self.steps.run("load", partial(self._load.keep, lease, now)):
                self._schedule.at_once("load")

    def _post_digest(self, lease: Lease, waiting: WaitingWork | None) -> bool:
        """Post the digest if its time has come; return whether it was posted."""
        if not self._schedule.is_due("digest", DIGEST_EVERY):
            return False
        phase = None if waiting is None else digest.phase(self._setup, waiting.now)
        is_needed = waiting is None or phase != self._digest_phase
        posted = self._run("digest", digest.digest_once, lease, is_needed=is_needed)
        if posted is not None:
            self._digest_phase = phase
        return bool(posted)

    def _seal(self, lease: Lease, waiting: WaitingWork | None) -> int | None:
        """Seal audit records; return how many.

        All records of the last ten minutes are searched once a minute. After a search, every
        record up to the newest record of the search before is sealed. An unsealed record in that
        range would need a transaction of more than a minute, and no transaction takes so long.
        """
        is_complete = self._schedule.is_due("seal", SEAL_EVERY)
        is_needed = is_complete or waiting is None or waiting.unsealed
        sealed = self._run("seal", audit.seal_once, lease, is_needed=is_needed)
        if is_complete and (sealed is None or sealed >= SEAL_ROWS):
            self._schedule.at_once("seal")
        elif is_complete and waiting is not None:
            known, self._newest_audit = self._newest_audit, waiting.newest_audit
            settled = min(waiting.settled_audit, waiting.newest_audit)
            self.sealed_to = settled if known is None else known
        return sealed
