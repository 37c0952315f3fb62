"""Read profiles, group members and shared channels from Slack's Web API, and cache them."""

import re
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from contextlib import suppress
from dataclasses import dataclass
from math import inf
from time import monotonic
from typing import Any, Generic, TypeVar

import structlog
from slack_sdk.errors import SlackClientError
from slack_sdk.web import WebClient

from bot.access.roles import CHANGE_AGE, FRESH_AGE, READ_AGE, Profile, Unreachable

log = structlog.get_logger(__name__)

PROFILE_AGE = 300.0
"""Seconds for which reads use a fetched profile; changes fetch the profile sooner."""
REFRESH_SECONDS = CHANGE_AGE * 0.66
"""Seconds between two refreshes of the user groups.

`usergroups.users.list` allows 20 calls per minute, so up to 12 groups can be kept current.
"""

WAIT_SECONDS = 1.5
"""Seconds that a request waits for Slack's answer; half of Slack's limit for the request."""
FAILURE_AGE = 1.0
"""Seconds after a failed call during which the call is not repeated.

Requests that need the answer in this time are refused immediately.
"""
CALLS = 48
"""The maximum number of simultaneous calls.

Each of the 16 running requests may need a profile, a channel and a group at the same time, and no
request waits for another request's call.

The timeout of its client ends every call.
"""

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class CachedAnswer(Generic[V]):
    """An answer, and its time of arrival in seconds of `time.monotonic()`."""

    value: V
    at: float


@dataclass(frozen=True, slots=True)
class PendingCall(Generic[V]):
    """A running call; its answer is cached only if its ticket is still the id's current ticket."""

    ticket: object
    answer: "Future[V]"


class AnswerCache(Generic[V]):
    """Cached answers by id; an old answer is fetched again, with at most one running call per id.

    All requests for an id wait for the same call, each at most `wait` seconds. If the answer
    arrives later, it is cached for the next request.
    """

    def __init__(
        self, fetch: Callable[[str], V], calls: Executor, clock: Callable[[], float], wait: float
    ) -> None:
        self._fetch = fetch
        self._calls = calls
        self._clock = clock
        self._wait = wait
        self._cached: dict[str, CachedAnswer[V]] = {}
        self._failed: dict[str, CachedAnswer[str]] = {}
        self._pending: dict[str, PendingCall[V]] = {}
        self._guard = threading.Lock()

    def get(self, key: str, max_age: float) -> V:
        """Return an answer that is at most `max_age` seconds old; raises `Unreachable`."""
        pending = self.start(key, max_age)
        if isinstance(pending, CachedAnswer):
            return pending.value
        try:
            return pending.answer.result(self._wait)
        except NotYet as error:
            raise Unreachable(f"{key}: no answer in {self._wait:g} s") from error

    def start(self, key: str, max_age: float) -> CachedAnswer[V] | PendingCall[V]:
        """Return a recent answer, or the call that fetches the answer; raises `Unreachable`."""
        with self._guard:
            cached = self._cached.get(key)
            if cached is not None and self._clock() - cached.at <= max_age:
                return cached
            pending = self._pending.get(key)
            if pending is None:
                failed = self._failed.get(key)
                if failed is not None and self._clock() - failed.at <= FAILURE_AGE:
                    raise Unreachable(failed.value)
                ticket = object()
                pending = PendingCall(ticket, self._calls.submit(self._call, key, ticket))
                self._pending[key] = pending
            return pending

    def last(self, key: str) -> V | None:
        """Return the last answer of any age; never calls Slack."""
        cached = self._cached.get(key)
        return None if cached is None else cached.value

    def forget(self, key: str) -> None:
        """Discard the cached answer after a change in Slack; the next `get` calls Slack."""
        with self._guard:
            self._cached.pop(key, None)
            self._failed.pop(key, None)
            # A running call may still return the old answer.
            self._pending.pop(key, None)

    def forget_all(self) -> None:
        """Make all cached answers too old for use; `last` still returns them."""
        with self._guard:
            self._cached = {
                key: CachedAnswer(cached.value, -inf) for key, cached in self._cached.items()
            }
            self._failed.clear()
            self._pending.clear()

    def _call(self, key: str, ticket: object) -> V:
        try:
            value = self._fetch(key)
        except Exception as error:
            with self._guard:
                if self._finish_call(key, ticket):
                    self._failed[key] = CachedAnswer(str(error), self._clock())
            raise
        with self._guard:
            if self._finish_call(key, ticket):
                self._cached[key] = CachedAnswer(value, self._clock())
        return value

    def _finish_call(self, key: str, ticket: object) -> bool:
        """Finish a call; return whether the call was the current call of the id."""
        pending = self._pending.get(key)
        if pending is None or pending.ticket is not ticket:
            return False
        del self._pending[key]
        return True


class SlackDirectory:
    """Slack's answers about people, cached as long as each use allows.

    If Slack's answer is missing, the methods that call Slack raise `Unreachable`, and the bot
    grants no access.
    """

    def __init__(
        self, client: WebClient, clock: Callable[[], float] = monotonic, grace: float = 0.0
    ) -> None:
        self._client = client
        wait = WAIT_SECONDS + grace
        self._calls = ThreadPoolExecutor(CALLS, thread_name_prefix="directory")
        self._profiles = AnswerCache(self._fetch_profile, self._calls, clock, wait)
        self._groups = AnswerCache(self._fetch_members, self._calls, clock, wait)
        self._channels = AnswerCache(self._fetch_is_shared, self._calls, clock, wait)

    def close(self) -> None:
        """Stop calling Slack."""
        self._calls.shutdown(wait=False, cancel_futures=True)

    def profile(self, user: str, max_age: float = READ_AGE) -> Profile:
        """Return the account of a user id."""
        return self._profiles.get(user, min(PROFILE_AGE, max_age))

    def locale(self, user: str) -> str | None:
        """Return the person's cached language, or None; never calls Slack."""
        profile = self._profiles.last(user)
        return None if profile is None else profile.locale

    def time_zone(self, user: str) -> str | None:
        """Return the person's cached time zone, or None; never calls Slack."""
        profile = self._profiles.last(user)
        return None if profile is None else profile.time_zone

    def members(self, group: str, max_age: float) -> frozenset[str]:
        """Return the user ids in a user group; an empty group counts as unknown."""
        return self._groups.get(group, max_age)

    def is_shared(self, channel: str) -> bool:
        """Return whether the channel has members from another company."""
        return self._channels.get(channel, FRESH_AGE)

    def prefetch(
        self, user: str, channel: str | None, groups: Sequence[str], max_age: float
    ) -> None:
        """Start the calls for these answers in parallel; the other methods wait for the calls."""
        # The method that needs the answer reports a call that failed just now.
        with suppress(Unreachable):
            self._profiles.start(user, min(PROFILE_AGE, max_age))
        if channel is not None:
            with suppress(Unreachable):
                self._channels.start(channel, FRESH_AGE)
        for group in groups:
            with suppress(Unreachable):
                self._groups.start(group, max_age)

    def forget(self) -> None:
        """Discard all cached answers; languages and time zones stay."""
        for cache in (self._profiles, self._groups, self._channels):
            cache.forget_all()

    def forget_group(self, group: str) -> None:
        """Discard the cached members of a group after a change."""
        self._groups.forget(group)

    def refresh(self, groups: tuple[str, ...]) -> None:
        """Fetch the groups again before the cached answers are too old for changes."""
        for group in groups:
            try:
                self._groups.get(group, REFRESH_SECONDS / 2)
            except Unreachable as error:
                log.warning("group not refreshed", group=group, because=str(error))

    def _fetch_profile(self, user: str) -> Profile:
        account = self._call("users.info", user=user, include_locale=True)["user"]
        return Profile(
            user=user,
            team=str(account.get("team_id", "")),
            is_bot=bool(account.get("is_bot")),
            is_guest=bool(account.get("is_restricted") or account.get("is_ultra_restricted")),
            is_stranger=bool(account.get("is_stranger")),
            is_deleted=bool(account.get("deleted")),
            locale=account.get("locale"),
            time_zone=account.get("tz"),
            names=_names(account),
        )

    def _fetch_members(self, group: str) -> frozenset[str]:
        users = self._call("usergroups.users.list", usergroup=group)["users"]
        if not users:
            raise Unreachable(f"group {group} is empty")
        return frozenset(str(user) for user in users)

    def _fetch_is_shared(self, channel: str) -> bool:
        return is_shared(self._call("conversations.info", channel=channel)["channel"])

    def _call(self, method: str, **arguments: Any) -> Any:
        try:
            return self._client.api_call(method, params=arguments)
        except (SlackClientError, OSError) as error:
            raise Unreachable(f"{method}: {reason_of(error)}") from error


def is_shared(channel: Mapping[str, Any]) -> bool:
    """Return whether a channel of `conversations.info` has or awaits another company."""
    return bool(channel.get("is_ext_shared") or channel.get("is_pending_ext_shared"))


_CODE = re.compile(r"[a-z0-9_ ]{1,64}")


def reason_of(error: Exception) -> str:
    """Return Slack's error code, or the type of the error; never the contents of a request."""
    response = getattr(error, "response", None)
    if response is not None and hasattr(response, "get"):
        try:
            code = str(response.get("error") or "no error code")
        except ValueError:
            return "no JSON"
        # If the answer is an HTML page, the SDK returns the page as the code.
        return code if _CODE.fullmatch(code) else "no JSON"
    return type(error).__name__


def _names(account: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the handle and the names that Slack shows for an account."""
    profile = account.get("profile") or {}
    names = (account.get("name"), profile.get("display_name"), profile.get("real_name"))
    return tuple(dict.fromkeys(str(name) for name in names if name))
