"""Each fault is provoked on a real server or the local Slack; a check names it and what to do."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import MetaData

from bot.doctor.checks import CHECKS
from bot.doctor.installation import machine_time
from bot.localslack.demo import IDS
from bot.models.routes import AlertRoute
from bot.store import privileges
from bot.store.migrate import MIGRATIONS
from tests.kit.eating_proxy import eating_proxy
from tests.kit.installations import PASSWORD, World, examined, examined_alone, worst


@contextmanager
def in_slack(world: World, **changed: Any) -> Iterator[None]:
    """Replace a channel, a user or a group of the workspace until the block ends."""
    workspace = world.slack.workspace
    stores: dict[str, tuple[dict[str, Any], Callable[[Any], None]]] = {
        "C": (workspace.channels, workspace.put_channel),
        "U": (workspace.users, workspace.put_user),
        "S": (workspace.groups, workspace.put_group),
    }
    id_ = changed.pop("id")
    stored, put = stores[id_[0]]
    before = stored[id_]
    put(replace(before, **changed))
    try:
        yield
    finally:
        put(before)


@dataclass(frozen=True)
class Fault:
    """A fault, the check that names it, and words of the finding."""

    check: str
    words: tuple[str, ...]
    sql: tuple[str, str] | None = None
    slack: dict[str, Any] | None = None
    settings: dict[str, Any] | None = None


AUDIT = IDS.queue_audit
NEWEST = len(MIGRATIONS)
FULL = (
    "CREATE TRIGGER {s}.full BEFORE INSERT ON {s}.queue_bot_requests FOR EACH ROW "
    "SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1114, MESSAGE_TEXT = 'The table is full'"
)
FAULTS = {
    "a revoked GRANT": Fault(
        "grants",
        ("lacks DELETE on failed_jobs", "GRANT DELETE ON"),
        sql=(
            "REVOKE DELETE ON {s}.failed_jobs FROM '{u}'@'127.0.0.1'",
            "GRANT DELETE ON {s}.failed_jobs TO '{u}'@'127.0.0.1'",
        ),
    ),
    "a dropped table": Fault(
        "own-tables",
        ("queue_bot_outbox is missing", "backup", "queue-bot migrate"),
        sql=(
            "RENAME TABLE {s}.queue_bot_outbox TO {s}.gone",
            "RENAME TABLE {s}.gone TO {s}.queue_bot_outbox",
        ),
    ),
    "a missing migration": Fault(
        "own-tables",
        (f"version {NEWEST - 1} of {NEWEST}", "queue-bot migrate"),
        sql=(
            f"DELETE FROM {{s}}.queue_bot_migrations WHERE version = {NEWEST}",
            f"INSERT INTO {{s}}.queue_bot_migrations VALUES ({NEWEST}, NOW())",
        ),
    ),
    "no failed_jobs": Fault(
        "failed-at-index",
        ("queue-tables",),
        sql=("RENAME TABLE {s}.failed_jobs TO {s}.f", "RENAME TABLE {s}.f TO {s}.failed_jobs"),
    ),
    "a MyISAM table": Fault(
        "queue-tables",
        ("failed_jobs uses MyISAM", "ALTER TABLE failed_jobs ENGINE=InnoDB"),
        sql=(
            "ALTER TABLE {s}.failed_jobs ENGINE=MyISAM",
            "ALTER TABLE {s}.failed_jobs ENGINE=InnoDB",
        ),
    ),
    "a column of the wrong type": Fault(
        "queue-tables",
        ("jobs.attempts is VARCHAR",),
        sql=(
            "ALTER TABLE {s}.jobs MODIFY attempts VARCHAR(9) NOT NULL",
            "ALTER TABLE {s}.jobs MODIFY attempts SMALLINT NOT NULL DEFAULT 0",
        ),
    ),
    "a read-only server": Fault(
        "writing",
        ("accepts no changes", "the primary server"),
        sql=("SET GLOBAL read_only = 1", "SET GLOBAL read_only = 0"),
    ),
    "a full disk": Fault(
        "writing", ("no room left", "free some space"), sql=(FULL, "DROP TRIGGER {s}.full")
    ),
    "an unreachable server": Fault(
        "database",
        ("cannot be reached", "DATABASE_URL"),
        settings={"database_url": SecretStr("mysql+pymysql://bot:canary-secret@127.0.0.1:1/no")},
    ),
    "a wrong token": Fault(
        "slack-token",
        ("invalid_auth", "OAuth & Permissions", "SLACK_BOT_TOKEN"),
        settings={"slack_bot_token": SecretStr("xoxb-canary-secret")},
    ),
    "a wrong app token": Fault(
        "slack-connection",
        ("invalid_auth", "connections:write", "SLACK_APP_TOKEN"),
        settings={"slack_app_token": SecretStr("xapp-canary-secret")},
    ),
    "another workspace": Fault(
        "slack-token", ("QUEUE_BOT_TEAM_ID", "T0OTHER"), settings={"team_id": "T0OTHER"}
    ),
    "an archived audit channel": Fault(
        "channels",
        ("#queue-audit", "archived", "Unarchive", "QUEUE_BOT_AUDIT_CHANNEL"),
        slack={"id": AUDIT, "is_archived": True},
    ),
    "a channel of two companies": Fault(
        "channels", ("shared with another company",), slack={"id": AUDIT, "is_ext_shared": True}
    ),
    "a channel without the bot": Fault(
        "channels", ("not in #queue-audit", "/invite"), slack={"id": AUDIT, "members": frozenset()}
    ),
    "an unknown channel": Fault(
        "channels",
        ("C0NOTHERE", "does not exist", "QUEUE_BOT_DIGEST_CHANNEL"),
        settings={"digest_channel": "C0NOTHERE"},
    ),
    "an unknown channel of a route": Fault(
        "channels",
        ("C0NOTHERE", "does not exist", "route 1 in queue-bot.toml"),
        settings={"routes": (AlertRoute(("mail",), channel="C0NOTHERE"),)},
    ),
    "an alert channel without changes": Fault(
        "change-channels",
        ("alert channel allows no changes", "QUEUE_BOT_CHANGE_CHANNELS"),
        settings={"change_channels": (IDS.queue_ops,)},
    ),
    "a guest as admin": Fault(
        "roles",
        (IDS.admin, "is a guest", "QUEUE_BOT_ADMINS"),
        slack={"id": IDS.admin, "is_restricted": True},
    ),
    "a deactivated member of a group": Fault(
        "roles", (IDS.lucia, "deactivated"), slack={"id": IDS.lucia, "deleted": True}
    ),
    "an unknown person": Fault(
        "roles", ("U0NOBODY", "unknown"), settings={"viewers": ("U0NOBODY", IDS.viewer)}
    ),
    "an unknown group": Fault(
        "roles", ("S0NOBODY", "unknown"), settings={"operators": ("S0NOBODY",)}
    ),
    "an empty group": Fault(
        "roles", (IDS.oncall, "no members"), slack={"id": IDS.oncall, "members": ()}
    ),
    "a group of admins": Fault(
        "roles", ("every member", "may edit user groups"), settings={"admins": (IDS.oncall,)}
    ),
    "nobody is admin": Fault("roles", ("QUEUE_BOT_ADMINS gives nobody",), settings={"admins": ()}),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_check_names_the_fault_and_what_to_do(world: World, name: str) -> None:
    fault = FAULTS[name]
    repairs = [world.change(*fault.sql)] if fault.sql else []
    repairs += [in_slack(world, **fault.slack)] if fault.slack else []
    if repairs:
        with repairs[0]:
            diagnosis = world.examined(fault.check, **fault.settings or {})
    else:
        diagnosis = world.examined(fault.check, **fault.settings or {})

    finding = worst(diagnosis, fault.check)
    finding_text = f"{finding.sentence} {finding.advice} {finding.command}"
    for words in fault.words:
        assert words in finding_text, finding_text
    assert "canary-secret" not in diagnosis.model_dump_json()


def test_nothing_is_wrong_without_a_fault(world: World) -> None:
    everything = world.examined(*(check.name for check in CHECKS))

    bad = {(finding.check, finding.status) for finding in everything.findings} - {
        (check.name, "ok") for check in CHECKS
    }
    # No key is set, and no bot has run.
    assert bad == {("settings", "warning"), ("background", "warning")}


def test_each_sentence_is_also_in_spanish(world: World) -> None:
    names = [check.name for check in CHECKS]
    english, spanish = (
        world.examined(*names, language=language, viewers=("*",)) for language in ("en", "es")
    )

    pairs = zip(english.findings, spanish.findings, strict=True)
    translated = {one.check for one, other in pairs if one.sentence != other.sentence}
    assert translated == set(names)


def test_a_skewed_clock_is_named(world: World) -> None:
    installation = world.installation()
    installation.clock = lambda: machine_time() - timedelta(seconds=60)

    finding = worst(examined(installation, "clock"), "clock")

    assert "60 s ahead of" in finding.sentence
    assert "Synchronize" in finding.advice


def test_a_proxy_that_eats_websockets_is_named(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with eating_proxy() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy)
        diagnosis = world.examined("slack-token", "slack-connection")

    assert [f.status for f in diagnosis.findings if f.check == "slack-token"] == ["ok"]
    finding = worst(diagnosis, "slack-connection")
    assert "no WebSocket opens" in finding.sentence
    assert "proxy" in finding.advice


def test_tokens_of_two_apps_are_a_problem(world: World) -> None:
    token = SecretStr("xapp-1-A0OTHER-1-canary-secret")
    diagnosis = world.examined("slack-token", "slack-connection", slack_app_token=token)
    finding = worst(diagnosis, "slack-connection")
    assert finding.status == "problem"
    assert "A0OTHER" in finding.sentence
    assert IDS.app in finding.sentence
    assert "page of one app" in finding.advice


def test_a_refused_websocket_is_named(world: World) -> None:
    world.slack.refuse_sockets()
    try:
        finding = worst(world.examined("slack-connection"), "slack-connection")
    finally:
        world.slack.refuse_sockets(on=False)
    assert "no WebSocket opens" in finding.sentence


def test_each_missing_privilege_is_named_and_the_printed_grants_repair_it(world: World) -> None:
    """The account has none of the privileges, only one that lets it into the database.

    The failed jobs are in another database.
    """
    logs = f"{world.schema}_logs"
    account = f"'bare_{world.schema}'@'127.0.0.1'"
    world.server.execute(
        f"CREATE DATABASE {logs}",
        f"CREATE TABLE {logs}.failed_jobs LIKE {world.schema}.failed_jobs",
        f"CREATE TABLE {world.schema}.other (x INT)",
        f"CREATE USER {account} IDENTIFIED BY '{PASSWORD}'",
        f"GRANT SELECT ON {world.schema}.other TO {account}",
    )
    url = world.server.url(world.schema, user=f"bare_{world.schema}", password=PASSWORD)
    grants = next(check for check in CHECKS if check.name == "grants")
    try:
        # A server shows no table to this account, so the layout is given.
        queue = world.installation().setup.queue
        queue = replace(queue, failed=queue.failed.to_metadata(MetaData(), schema=logs))
        installation = world.installation(database_url=SecretStr(url))
        installation.queue = queue
        missing = examined_alone(installation, grants)
        assert {f.command for f in missing} == set(
            privileges.grants(
                privileges.Place(world.schema, world.schema, failed_jobs=f"{logs}.failed_jobs"),
                account,
            )
        )
        world.server.execute(*(finding.command.rstrip(";") for finding in missing))
        installation = world.installation(database_url=SecretStr(url))
        installation.queue = queue
        assert [finding.status for finding in examined_alone(installation, grants)] == ["ok"]
    finally:
        world.server.execute(
            f"DROP USER {account}", f"DROP TABLE {world.schema}.other", f"DROP DATABASE {logs}"
        )
