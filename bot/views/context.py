"""The context of a view: the reader, language, time and permissions for all shown values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.models.actions import Actions
from bot.models.requests import Person, Source
from bot.models.roles import Role
from bot.models.routes import AlertRoute, route_of
from bot.models.subjects import ORDER, SHOP
from bot.text import Texts


@dataclass(frozen=True, slots=True)
class Links:
    """The URL templates of links to an order, a job or a log search. None means no link.

    `subjects` are the templates of other subjects, by the subject's name.
    """

    order: str | None = None
    job: str | None = None
    log: str | None = None
    subjects: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Context:
    """The reader, the language, the time (naive UTC) and the thresholds (seconds) of a view.

    `here` is the id of the channel that shows the answer. `runnable` are the commands that the
    reader may run; no other command gets a button. `actions` are the effects of the commands on
    jobs. `zone` is the queue's time zone. `reader_zone` is the reader's time zone, for places where
    Slack formats no dates. `has_reservation_times`: the age of a reservation is known; otherwise it
    counts from when the bot first saw the reservation. `request` is the id of the answered request;
    an undo of its change uses this id. `roles` are the lowest roles that may run the commands.
    `admins` are the ids of the people who can give a role. `subjects` are the names of what people
    search by; `find` takes a value of the first without its name.
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
    has_reservation_times: bool = True
    failed_count: int = 100
    archive_days: int = 7
    here: str | None = None
    request: str | None = None
    roles: Mapping[str, Role] = field(default_factory=dict)
    admins: tuple[str, ...] = ()
    subjects: tuple[str, ...] = (ORDER, SHOP)
    routes: tuple[AlertRoute, ...] = ()

    def oldest_limit(self, queue: str) -> int:
        """Return after how many seconds a waiting job of the queue raises an alert."""
        route = route_of(self.routes, queue)
        return (route and route.oldest_seconds) or self.oldest_seconds

    @property
    def in_message(self) -> bool:
        """Whether the answer is a message: Home and modals take no `table` block."""
        return self.source is not Source.HOME

    @property
    def in_dialog(self) -> bool:
        """Whether details open in a modal, which needs the trigger of a click."""
        return self.source in (Source.BUTTON, Source.HOME)
