"""Draw the Home tab of each person, without delaying requests."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import Any
from uuid import uuid4

import structlog
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web import WebClient

from bot.app.dispatch import dispatch, request_id
from bot.app.home import HOME, HomeResult
from bot.app.parsing import Request
from bot.app.responses import Outcome, answer, context_of, texts_of
from bot.app.setup import Setup
from bot.database.transactions import time_limit
from bot.failpoints import reach
from bot.models.refusals import Busy, DatabaseDown, OutcomeUnknown, Unverifiable
from bot.models.requests import Actor, Block, Invocation, Source
from bot.slack.directory import reason_of
from bot.views.environment import labelled_blocks
from bot.views.reports.home import MOST_BLOCKS, refused_home
from bot.views.reports.welcome import welcome_blocks

log = structlog.get_logger(__name__)

THREADS = 2
"""The number of threads that draw Homes.

Sixteen threads run requests. The engine has a connection for each of these 18 threads.
"""
SECONDS = 3.0
"""Time limit of all reads of a drawing, in seconds; no acknowledgement waits for the reads."""
PEOPLE = 500
"""The maximum number of remembered Homes, those of the latest visitors.

A Home that is no longer remembered is drawn at the person's next visit.
"""
AGAIN_SECONDS = 5.0
LONGEST_WAIT = 60.0
TRIES = 3
FOLLOW_SECONDS = 5.0
FOLLOWS = 60
"""The number of redraws during an operation: every 5 s for 5 min after the last action."""
PASSING = (Busy, DatabaseDown, OutcomeUnknown, Unverifiable)
"""Temporary refusals; the next Refresh may succeed."""
CLOSE_SECONDS = 4.0
_FINAL = ("not_enabled", "user_not_found", "invalid_arguments", "view_too_large", "missing_scope")


@dataclass(frozen=True)
class HomeContent:
    """The blocks of a drawing, and whether it shows a running operation or a refusal."""

    blocks: tuple[Block, ...]
    moving: bool = False
    refused: bool = False


@dataclass
class _Home:
    """The state of one person's Home.

    `hash`: the hash of the view that Slack shows, or None if unknown.
    `due`: the time of the next drawing in seconds of `monotonic()`; None if no drawing is due.
    `tries`: the number of remaining attempts.
    `follows`: the number of remaining redraws until the person acts again.
    `welcome`: the person visits Home for the first time.
    `refused`: a refusal that Slack has not accepted yet. The refusal is audited once, even if it is
    sent several times.
    """

    user: str
    team: str
    hash: str | None = None
    due: float | None = None
    drawing: bool = False
    tries: int = TRIES
    follows: int = FOLLOWS
    welcome: bool = False
    refused: HomeContent | None = None


@dataclass
class Homes:
    """Draws people's Homes; all requests for a Home during its drawing cause one further drawing.

    A process never runs two drawings of a Home simultaneously, so a later drawing has newer data.
    Another replica may draw the same Home, so each drawing contains the hash of the view that it
    replaces. If Slack answers `hash_conflict`, the shown view is newer than the data, and the bot
    reads the data again (docs.slack.dev/reference/methods/views.publish).
    """

    setup: Setup
    client: WebClient
    _homes: dict[str, _Home] = field(default_factory=dict)
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _threads: list[threading.Thread] = field(default_factory=list)
    _closed: bool = False

    def request_drawing(
        self, user: str, team: str, hash_: str | None = None, *, welcome: bool | None = None
    ) -> None:
        """Draw the person's Home soon; `hash_` is the hash of the view on their screen.

        A visit sets `welcome`; a click keeps its earlier value.
        """
        with self._changed:
            home = self._homes.pop(user, None) or _Home(user, team)
            self._homes[user] = home  # keep the latest visitor last
            home.hash = hash_ or home.hash
            home.welcome = home.welcome if welcome is None else welcome
            self._due(home)
            while len(self._homes) > PEOPLE:
                del self._homes[next(iter(self._homes))]
            self._start()

    def changed(self, user: str) -> None:
        """Redraw a person's Home after a change in another place.

        The Home is redrawn only if this process remembers that the person opened it.
        """
        with self._changed:
            if (home := self._homes.get(user)) is not None:
                self._due(home)

    def close(self) -> None:
        """Stop drawing and wait for the running drawings."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        until = monotonic() + CLOSE_SECONDS
        for thread in self._threads:
            thread.join(max(0.0, until - monotonic()))

    def _due(self, home: _Home) -> None:
        home.due, home.tries, home.follows, home.refused = monotonic(), TRIES, FOLLOWS, None
        self._changed.notify()

    def _start(self) -> None:
        """Start the drawing threads at the first request."""
        if self._threads or self._closed:
            return
        for number in range(THREADS):
            thread = threading.Thread(target=self._work, name=f"home-{number}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def _work(self) -> None:
        while (home := self._next()) is not None:
            delay: float | None = None
            try:
                delay = self._draw(home)
            except Exception:
                # An error must not end this thread. The next visit or Refresh draws the Home again.
                log.exception("home not drawn")
            with self._changed:
                home.drawing = False
                if delay is not None:
                    due_at = monotonic() + delay
                    home.due = due_at if home.due is None else min(home.due, due_at)
                self._changed.notify_all()

    def _next(self) -> _Home | None:
        """Wait until a Home is due and return the Home that is due longest; None after closing."""
        with self._changed:
            while not self._closed:
                waiting = [h for h in self._homes.values() if h.due is not None and not h.drawing]
                first = min(waiting, key=lambda home: home.due or 0.0, default=None)
                wait_seconds = None if first is None else (first.due or 0.0) - monotonic()
                if first is not None and wait_seconds is not None and wait_seconds <= 0:
                    first.due, first.drawing = None, True
                    return first
                self._changed.wait(wait_seconds)
            return None

    def _draw(self, home: _Home) -> float | None:
        """Draw and publish a Home; return the seconds until its next drawing, or None."""
        old_hash = home.hash
        content = home.refused or draw(self.setup, home.user, home.team, welcome=home.welcome)
        home.refused = content if content.refused else None
        reach("home drawn")
        try:
            new_hash = self._publish(home.user, content, old_hash)
            if new_hash is None:
                log.info("home drawn again", because="hash_conflict")
                content = home.refused or draw(
                    self.setup, home.user, home.team, welcome=home.welcome
                )
                new_hash = self._publish(home.user, content, None)
        except (SlackClientError, OSError) as error:
            log.warning("home not published", because=reason_of(error))
            home.tries -= 1
            return retry_delay(error, home.tries)
        home.hash, home.tries, home.refused = new_hash or None, TRIES, None
        if not content.moving or home.follows <= 0:
            return None
        home.follows -= 1
        return FOLLOW_SECONDS

    def _publish(self, user: str, content: HomeContent, hash_: str | None) -> str | None:
        """Replace the view that has this hash; return the hash of the new view, or "" if unknown.

        Return None if Slack now shows a different view.
        """
        view = {"type": "home", "blocks": labelled_blocks(content.blocks, self.setup.environment)}
        # For Slack, an empty hash never matches.
        expected = {} if hash_ is None else {"hash": hash_}
        try:
            response = self.client.api_call(
                "views.publish", json={"user_id": user, "view": view, **expected}
            )
        except SlackApiError as error:
            if hash_ is not None and _code(error) == "hash_conflict":
                return None
            raise
        published: Mapping[str, Any] = response.get("view") or {}
        return str(published.get("hash") or "")


def retry_delay(error: Exception, tries: int) -> float | None:
    """Return the seconds until the next attempt; None if a new attempt would fail too.

    `tries` is the number of remaining attempts.
    """
    if tries <= 0 or (isinstance(error, SlackApiError) and _code(error) in _FINAL):
        return None
    if isinstance(error, SlackApiError):
        header = str(error.response.headers.get("Retry-After", ""))
        if header.isdigit():
            return min(LONGEST_WAIT, max(1.0, float(header)))
    return AGAIN_SECONDS


def _code(error: SlackApiError) -> str:
    return str(error.response.get("error", ""))


def draw(setup: Setup, user: str, team: str, *, welcome: bool = False) -> HomeContent:
    """Read the data and draw the person's Home; a refused request draws the refusal.

    A person's first Home begins with a `welcome`.
    """
    invocation = Invocation(
        Actor(user, team, Source.HOME),
        request_id("home", team, user, uuid4()),
        time_limit(setup.engine, SECONDS),
    )
    home_setup = replace(setup, commands={**setup.commands, HOME.name: HOME})
    outcome = dispatch(home_setup, invocation, Request(HOME.name, {}), is_asked=False)
    blocks = tuple(answer(setup, invocation, outcome).blocks)
    if outcome.refusal is not None:
        return HomeContent(_refused_blocks(setup, invocation, outcome, blocks), refused=True)
    moving = isinstance(outcome.result, HomeResult) and bool(outcome.result.data.at_work)
    if welcome:
        blocks = (*_welcome(setup, invocation, outcome), *blocks)[:MOST_BLOCKS]
    return HomeContent(blocks, moving=moving)


def _welcome(setup: Setup, invocation: Invocation, outcome: Outcome) -> list[Block]:
    texts = texts_of(setup, invocation)
    context = context_of(setup, invocation, outcome.grant, outcome.now, texts)
    rules = setup.rules
    return welcome_blocks(
        setup.alert_channel, rules.change_channels, context, home_changes=rules.changes_in_home
    )


def _refused_blocks(
    setup: Setup, invocation: Invocation, outcome: Outcome, blocks: tuple[Block, ...]
) -> tuple[Block, ...]:
    texts = texts_of(setup, invocation)
    context = context_of(setup, invocation, outcome.grant, outcome.now, texts)
    passing = isinstance(outcome.refusal, PASSING)
    return tuple(refused_home(blocks, context, passing=passing).blocks)
