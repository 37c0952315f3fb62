"""An installation in which nothing is wrong, and the checks of `queue-bot doctor` on it."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from typing import Any

from bot.doctor.checks import with_needs
from bot.doctor.examination import DoctorCheck, examine
from bot.doctor.installation import Installation
from bot.localslack.server import LocalSlack
from bot.models.doctor import Diagnosis, Finding
from tests.kit.team import team_settings
from tests.services.mariadb import MariaDB

PASSWORD = "geheim-1"


@dataclass(frozen=True)
class World:
    """A migrated queue with the account that setup's GRANTs describe, and a local Slack."""

    server: MariaDB
    slack: LocalSlack
    schema: str
    user: str

    def installation(self, **changed: Any) -> Installation:
        """Return the installation with these settings changed."""
        url = self.server.url(self.schema, user=self.user, password=PASSWORD)
        return Installation(team_settings(self.slack, url, **changed))

    def examined(self, *names: str, **changed: Any) -> Diagnosis:
        """Return the diagnosis by these checks and the checks that they need."""
        return examined(self.installation(**changed), *names)

    def change(self, fault: str, repair: str) -> AbstractContextManager[None]:
        """Execute one statement as the administrator, and another one at the end."""
        return _changed(
            self.server, *(s.format(s=self.schema, u=self.user) for s in (fault, repair))
        )


@contextmanager
def _changed(server: MariaDB, fault: str, repair: str) -> Iterator[None]:
    try:
        server.execute(fault)
        yield
    finally:
        server.execute(repair)


def examined(installation: Installation, *names: str) -> Diagnosis:
    """Return the diagnosis by these checks and the checks that they need."""
    try:
        return examine(installation, with_needs(names))
    finally:
        installation.close()


def examined_alone(installation: Installation, check: DoctorCheck) -> tuple[Finding, ...]:
    """Return the findings of one check without the checks that it needs."""
    try:
        return examine(installation, [replace(check, needs=())]).findings
    finally:
        installation.close()


def worst(diagnosis: Diagnosis, check: str) -> Finding:
    """Return the first finding of the check that is not ok."""
    return next(f for f in diagnosis.findings if f.check == check and f.status != "ok")
