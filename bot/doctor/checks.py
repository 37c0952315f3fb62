"""The list of the checks, in their order, and the entry points of the diagnosis."""

from collections.abc import Iterable, Mapping
from contextlib import closing

from bot.doctor import database_checks, role_checks, slack_checks, table_checks, work_checks
from bot.doctor.examination import DoctorCheck, examine
from bot.doctor.installation import Installation, installed
from bot.models.doctor import Diagnose, Diagnosis
from bot.settings.settings import Settings

CHECKS = (
    DoctorCheck("settings", database_checks.check_settings),
    DoctorCheck("slack-token", slack_checks.check_token),
    DoctorCheck("slack-scopes", slack_checks.check_scopes, needs=("slack-token",)),
    DoctorCheck("slack-connection", slack_checks.check_app_token),
    DoctorCheck("channels", slack_checks.check_channels, needs=("slack-token",)),
    DoctorCheck("change-channels", slack_checks.check_change_channels),
    DoctorCheck("roles", role_checks.check_roles, needs=("slack-token",)),
    DoctorCheck("database", database_checks.check_database),
    DoctorCheck("encryption", database_checks.check_encryption, needs=("database",)),
    DoctorCheck("session", database_checks.check_session, needs=("database",)),
    DoctorCheck("clock", database_checks.check_clock, needs=("database",)),
    DoctorCheck("connections", database_checks.check_connections, needs=("database",)),
    DoctorCheck("layout", table_checks.check_layout, needs=("database",)),
    DoctorCheck("grants", database_checks.check_grants, needs=("layout",)),
    DoctorCheck("queue-tables", table_checks.check_queue_tables, needs=("layout",)),
    DoctorCheck("failed-at-index", table_checks.check_failed_at_index, needs=("layout",)),
    DoctorCheck("own-tables", table_checks.check_own_tables, ("database",), "queue-bot migrate"),
    DoctorCheck("writing", database_checks.check_writing, needs=("own-tables",)),
    DoctorCheck("audit", work_checks.check_audit, needs=("own-tables",)),
    DoctorCheck("background", work_checks.check_background, needs=("own-tables", "layout")),
    DoctorCheck("outbox", work_checks.check_outbox, needs=("own-tables", "layout")),
    DoctorCheck("index", work_checks.check_index, needs=("own-tables", "layout")),
)
"""Each fact comes from the function with which the bot itself checks it at start or at work."""


def with_needs(names: Iterable[str]) -> list[DoctorCheck]:
    """Return the named checks and the checks that they need, in the order of all checks."""
    selected = set(names)
    for check in reversed(CHECKS):
        if check.name in selected:
            selected.update(check.needs)
    return [check for check in CHECKS if check.name in selected]


RUNNING_VERIFY_SECONDS = 1.0
"""Seconds for the verification of the audit log while a person in Slack waits for the answer."""


def diagnose(environ: Mapping[str, str]) -> Diagnosis:
    """Return the diagnosis of the installation that the environment describes."""
    with closing(installed(environ)) as installation:
        return examine(installation, CHECKS)


def diagnosing(settings: Settings, grace: float = 0.0) -> Diagnose:
    """Return the diagnosis of a running bot, which `/queue doctor` shows."""

    def run() -> Diagnosis:
        installation = Installation(
            settings, is_running=True, verify_seconds=RUNNING_VERIFY_SECONDS, grace=grace
        )
        with closing(installation):
            return examine(installation, CHECKS)

    return run
