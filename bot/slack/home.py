"""The app's Home tab: drawn for one person at a time, beside the requests and not in their way."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import Any
from uuid import uuid4

import structlog
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web import WebClient

from bot.app.command import Setup
from bot.app.dispatch import dispatch, request_id
from bot.app.home import HOME, HomeResult
from bot.app.parsing import Request
from bot.app.responses import Outcome, answer, context_of, texts_of
from bot.database.transactions import time_limit
from bot.failpoints import reach
from bot.models.refusals import Busy, DatabaseDown, OutcomeUnknown, Unverifiable
from bot.models.requests import Actor, Block, Invocation, Source
from bot.slack.directory import reason_of
from bot.views.reports.home import refused_home

log = structlog.get_logger(__name__)

THREADS = 2
"""Two draw while sixteen carry out requests: the engine has connections for both."""
SECONDS = 3.0
"""For all the reads of a drawing. Nobody's acknowledgement waits for it."""
PEOPLE = 500
"""Whose Homes are remembered, the latest; somebody else's is drawn when they come to it again."""
AGAIN_SECONDS = 5.0
LONGEST_WAIT = 60.0
TRIES = 3
FOLLOW_SECONDS = 5.0
FOLLOWS = 60
"""While a bulk change is at work Home follows it, for five minutes after the person's last act."""
PASSING = (Busy, DatabaseDown, OutcomeUnknown, Unverifiable)
"""Refusals that a person may hope to be over with the next Refresh."""
CLOSE_SECONDS = 4.0
_FINAL = ("not_enabled", "user_not_found", "invalid_arguments", "view_too_large", "missing_scope")


@dataclass(frozen=True)
class HomeContent:
    """A drawing: its blocks, whether it shows something that goes on by itself, or a refusal."""

    blocks: tuple[Block, ...]
    moving: bool = False
    refused: bool = False


@dataclass
class _Home:
    """What is known of one person's Home.

    `hash` is of the view that Slack shows there, as far as it is known. `due` is when it is to be
    drawn (seconds of `monotonic()`), None: not at all. `tries` are left before it is given up,
    `follows` before it is left alone until the person acts again. `refused` is a refusal that Slack
    did not take yet: it is written down once, however often it is sent.
    """

    user: str
    team: str
    hash: str | None = None
    due: float | None = None
    drawing: bool = False
    tries: int = TRIES
    follows: int = FOLLOWS
    refused: HomeContent | None = None


@dataclass
class Homes:
    """Draws people's Homes; requests for the same person's while it is drawn become one more.

    In one process a person's Homes are drawn one after the other, so a later one is newer. Against
    other replicas each carries the hash of the view that it replaces: where Slack says that this
    is not the one any more (`hash_conflict`), what was read is older than what is shown, so it is
    read again: docs.slack.dev/reference/methods/views.publish.
    """

    setup: Setup
    client: WebClient
    _homes: dict[str, _Home] = field(default_factory=dict)
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _threads: list[threading.Thread] = field(default_factory=list)
    _closed: bool = False

    def request_drawing(self, user: str, team: str, hash_: str | None = None) -> None:
        """Draw the person's Home soon; `hash_` is of the view that they have before them."""
        with self._changed:
            home = self._homes.pop(user, None) or _Home(user, team)
            self._homes[user] = home  # the latest is the last
            home.hash = hash_ or home.hash
            self._due(home)
            while len(self._homes) > PEOPLE:
                del self._homes[next(iter(self._homes))]
            self._start()

    def changed(self, user: str) -> None:
        """The person changed something elsewhere: draw their Home, if they ever opened it here."""
        with self._changed:
            if (home := self._homes.get(user)) is not None:
                self._due(home)

    def close(self) -> None:
        """Draw no more, and let what is being drawn end."""
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
        """As an executor does: no thread before there is work."""
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
                # The edge of a thread that must not end: the next opening or Refresh draws anew.
                log.exception("home not drawn")
            with self._changed:
                home.drawing = False
                if delay is not None:
                    due_at = monotonic() + delay
                    home.due = due_at if home.due is None else min(home.due, due_at)
                self._changed.notify_all()

    def _next(self) -> _Home | None:
        """The Home that waits longest, once it is due; None at the end."""
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
        """Read, draw, publish; returns after how many seconds it is to be done again, if at all."""
        old_hash = home.hash
        content = home.refused or draw(self.setup, home.user, home.team)
        home.refused = content if content.refused else None
        reach("home drawn")
        try:
            new_hash = self._publish(home.user, content, old_hash)
            if new_hash is None:
                log.info("home drawn again", because="hash_conflict")
                content = home.refused or draw(self.setup, home.user, home.team)
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
        """Show it in the place of the view with this hash; returns the new view's, "" if not told.

        None where another view is shown there by now.
        """
        view = {"type": "home", "blocks": list(content.blocks)}
        # Slack takes an empty hash for one that does not fit.
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
    """Seconds until what Slack did not take is drawn again; None for what will not pass.

    `tries` are those that are left.
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


def draw(setup: Setup, user: str, team: str) -> HomeContent:
    """Read and draw the person's Home; who may not look sees why instead."""
    invocation = Invocation(
        Actor(user, team, Source.HOME),
        request_id("home", team, user, uuid4()),
        time_limit(setup.engine, SECONDS),
    )
    home_setup = replace(setup, commands={**setup.commands, HOME.name: HOME})
    outcome = dispatch(home_setup, invocation, Request(HOME.name, {}))
    blocks = tuple(answer(setup, invocation, outcome).blocks)
    if outcome.refusal is not None:
        return HomeContent(_refused_blocks(setup, invocation, outcome, blocks), refused=True)
    moving = isinstance(outcome.result, HomeResult) and bool(outcome.result.data.at_work)
    return HomeContent(blocks, moving=moving)


def _refused_blocks(
    setup: Setup, invocation: Invocation, outcome: Outcome, blocks: tuple[Block, ...]
) -> tuple[Block, ...]:
    texts = texts_of(setup, invocation)
    context = context_of(setup, invocation, outcome.grant, outcome.now, texts)
    passing = isinstance(outcome.refusal, PASSING)
    return tuple(refused_home(blocks, context, passing=passing).blocks)
