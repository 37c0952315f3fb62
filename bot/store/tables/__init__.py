"""The bot's own tables, a file a topic. Times are naive UTC with microseconds."""

from bot.store.tables.audit import audit, audit_chain, audit_targets, requests
from bot.store.tables.background import background_steps
from bot.store.tables.columns import metadata
from bot.store.tables.failures import SCOPE_INDEX, error_groups, failure_counts, failures
from bot.store.tables.incidents import (
    LONGEST_SUBJECT,
    bookings,
    incident_operations,
    incidents,
    mutes,
    pulses,
)
from bot.store.tables.metrics import flows, rollups, samples
from bot.store.tables.operations import archive, batches, freeze, operations
from bot.store.tables.outbox import outbox
from bot.store.tables.retries import followed, outcomes, spans
from bot.store.tables.upkeep import leases, marks, migrations, watches

__all__ = [
    "LONGEST_SUBJECT",
    "SCOPE_INDEX",
    "archive",
    "audit",
    "audit_chain",
    "audit_targets",
    "background_steps",
    "batches",
    "bookings",
    "error_groups",
    "failure_counts",
    "failures",
    "flows",
    "followed",
    "freeze",
    "incident_operations",
    "incidents",
    "leases",
    "marks",
    "metadata",
    "migrations",
    "mutes",
    "operations",
    "outbox",
    "outcomes",
    "pulses",
    "requests",
    "rollups",
    "samples",
    "spans",
    "watches",
]
