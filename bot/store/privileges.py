"""The privileges that the bot's account needs on each table, and the GRANTs that give them.

docs/operating.md shows these GRANTs, and a test runs the bot with exactly these privileges.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Table

from bot.store.tables import (
    archive,
    audit,
    audit_chain,
    audit_rejected,
    audit_subjects,
    audit_targets,
    background_steps,
    batches,
    change_freeze,
    cursors,
    error_groups,
    error_merges,
    error_notes,
    failure_counts,
    failure_subjects,
    failures,
    incident_deltas,
    incident_operations,
    incidents,
    leases,
    metric_deltas,
    migrations,
    mutes,
    operations,
    outbox,
    outcome_ranges,
    outcomes,
    payload_edits,
    probe_states,
    requests,
    reservations,
    restored_copies,
    role_generation,
    rollups,
    samples,
    set_aside,
    tracked_jobs,
    watcher_load,
)

Privileges = tuple[str, ...]

READ: Privileges = ("SELECT",)
APPEND: Privileges = ("SELECT", "INSERT")
EDIT: Privileges = ("SELECT", "UPDATE")
KEEP: Privileges = ("SELECT", "INSERT", "UPDATE")
REPLACE: Privileges = ("SELECT", "INSERT", "DELETE")
ALL: Privileges = ("SELECT", "INSERT", "UPDATE", "DELETE")

JOBS = ALL
FAILED_JOBS = REPLACE
"""The privileges on the queue's two tables."""

OWN_TABLES: tuple[tuple[Table, Privileges], ...] = (
    (audit, APPEND),
    (audit_targets, APPEND),
    (audit_subjects, APPEND),
    (audit_chain, APPEND),
    (audit_rejected, APPEND),
    (migrations, READ),
    (requests, ALL),
    (failures, ALL),
    (failure_subjects, REPLACE),
    (failure_counts, REPLACE),
    (error_groups, REPLACE),
    (error_merges, REPLACE),
    (error_notes, REPLACE),
    (outbox, ALL),
    (operations, ALL),
    (batches, KEEP),
    (set_aside, REPLACE),
    (payload_edits, APPEND),
    (archive, ALL),
    (restored_copies, REPLACE),
    (change_freeze, EDIT),
    (tracked_jobs, ALL),
    (outcomes, KEEP),
    (outcome_ranges, ALL),
    (incidents, ALL),
    (incident_deltas, REPLACE),
    (incident_operations, ALL),
    (leases, EDIT),
    (cursors, KEEP),
    (samples, REPLACE),
    (rollups, REPLACE),
    (metric_deltas, REPLACE),
    (mutes, ALL),
    (probe_states, REPLACE),
    (reservations, REPLACE),
    (watcher_load, EDIT),
    (background_steps, REPLACE),
    (role_generation, EDIT),
)
"""The privileges on the bot's own tables. Nobody may change an audit record, not even the bot."""

ALTERED = (failures,)
"""The tables that a migration alters. Nobody may alter a table of the audit log."""


@dataclass(frozen=True, slots=True)
class Place:
    """The databases and the tables of an installation, as GRANTs name them.

    The name of a table in another database includes the database.
    """

    schema: str
    own_schema: str
    jobs: str = "jobs"
    failed_jobs: str = "failed_jobs"


def migrate_grants(place: Place, account: str) -> list[str]:
    """Return the statements that give an account what `migrate` and `audit purge` need.

    In a database of its own, the account may create every table. Beside the queue's tables, each
    table is named, because a privilege on the whole database would include the queue's tables.
    """
    create, own = ("CREATE", "INDEX", "REFERENCES"), place.own_schema
    if own != place.schema:
        # With CREATE, the servers accept a GRANT on a table that does not exist yet.
        altered = (grant(f"{own}.{table.name}", ("CREATE", "ALTER"), account) for table in ALTERED)
        return [grant(f"{own}.*", (*ALL, *create), account), *altered]
    purged = (audit, audit_targets, audit_subjects)
    return [
        grant(
            f"{own}.{table.name}",
            (
                *(ALL if table in purged else ALL[:3]),
                *create,
                *(("ALTER",) if table in ALTERED else ()),
            ),
            account,
        )
        for table in sorted((table for table, _ in OWN_TABLES), key=lambda table: table.name)
    ]


def grants(place: Place, account: str) -> list[str]:
    """Return the statements that give the account what the bot needs; `account` has its host."""
    queue = ((place.jobs, JOBS), (place.failed_jobs, FAILED_JOBS))
    return [
        *(
            grant(name if "." in name else f"{place.schema}.{name}", needed, account)
            for name, needed in queue
        ),
        *(grant(f"{place.own_schema}.{t.name}", needed, account) for t, needed in OWN_TABLES),
    ]


def grant(table: str, privileges: Sequence[str], account: str) -> str:
    """Return the statement that grants privileges on one table."""
    return f"GRANT {', '.join(privileges)} ON {table} TO {account};"
