"""The context of a view: its data besides the values that it shows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.models.actions import Actions
from bot.models.requests import Person, Source
from bot.models.roles import Role
from bot.text import Texts


@dataclass(frozen=True, slots=True)
class Links:
    """URL templates that turn an order, a job or a log search into a link; None: no link."""

    order: str | None = None
    job: str | None = None
    log: str | None = None


@dataclass(frozen=True, slots=True)
class Context:
    """The reader, the language, the time (naive UTC) and the thresholds (seconds) of a view.

    `here` is the id of the channel that shows the answer. `runnable` are the commands that the
    reader may run; others get no button. `actions` says what the commands do to jobs. `zone` is the
    queue's time zone, and `reader_zone` the reader's, for places where Slack formats no date.
    `request` is the id of the answered request, by which its change can be undone. `roles` are the
    least roles of the commands; `admins` are the ids of the admins, whom people ask for a role.
    """

    texts: Texts
    role: Role
    now: datetime
    actor: Person
    actions: Actions
    source: Source = Source.SLASH
    runnable: frozenset[str] = frozenset()
    links: Links = field(default_factory=Links)
    zone: ZoneInfo = ZoneInfo("UTC")
    reader_zone: ZoneInfo = ZoneInfo("UTC")
    oldest_seconds: int = 300
    reserved_seconds: int = 300
    failed_count: int = 100
    archive_days: int = 7
    here: str | None = None
    request: str | None = None
    roles: Mapping[str, Role] = field(default_factory=dict)
    admins: tuple[str, ...] = ()

    @property
    def in_message(self) -> bool:
        """Whether the answer is a message: Home and modals take no `table` block."""
        return self.source is not Source.HOME

    @property
    def in_dialog(self) -> bool:
        """Whether details open in a modal: only a click has a trigger for one."""
        return self.source in (Source.BUTTON, Source.HOME)
