"""The bot's own tables; each topic has its file. Times are naive UTC with microseconds."""

from bot.store.tables.access import role_generation
from bot.store.tables.audit import (
    audit,
    audit_chain,
    audit_rejected,
    audit_subjects,
    audit_targets,
    requests,
)
from bot.store.tables.background import background_steps
from bot.store.tables.columns import metadata
from bot.store.tables.failures import (
    SCOPE_INDEX,
    error_groups,
    error_merges,
    error_notes,
    failure_counts,
    failure_subjects,
    failures,
)
from bot.store.tables.incidents import (
    LONGEST_SUBJECT,
    incident_deltas,
    incident_operations,
    incidents,
    mutes,
    probe_states,
    reservations,
)
from bot.store.tables.metrics import metric_deltas, rollups, samples
from bot.store.tables.operations import (
    archive,
    batches,
    change_freeze,
    operations,
    payload_edits,
    restored_copies,
    set_aside,
)
from bot.store.tables.outbox import outbox
from bot.store.tables.retries import outcome_ranges, outcomes, tracked_jobs
from bot.store.tables.upkeep import cursors, leases, migrations, watcher_load

__all__ = [
    "LONGEST_SUBJECT",
    "SCOPE_INDEX",
    "archive",
    "audit",
    "audit_chain",
    "audit_rejected",
    "audit_subjects",
    "audit_targets",
    "background_steps",
    "batches",
    "change_freeze",
    "cursors",
    "error_groups",
    "error_merges",
    "error_notes",
    "failure_counts",
    "failure_subjects",
    "failures",
    "incident_deltas",
    "incident_operations",
    "incidents",
    "leases",
    "metadata",
    "metric_deltas",
    "migrations",
    "mutes",
    "operations",
    "outbox",
    "outcome_ranges",
    "outcomes",
    "payload_edits",
    "probe_states",
    "requests",
    "reservations",
    "restored_copies",
    "role_generation",
    "rollups",
    "samples",
    "set_aside",
    "tracked_jobs",
    "watcher_load",
]
