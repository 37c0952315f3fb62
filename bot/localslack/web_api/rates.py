"""Slack's rates: calls per minute for each method, one message per second in a channel.

https://docs.slack.dev/apis/web-api/rate-limits lists the rates; each method's page names its tier.
Slack does not document the size of a burst. Here a method accepts the calls of a whole minute at
once, and a channel accepts ten messages at once.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from bot.localslack.refusals import SlackRefusal


@dataclass(frozen=True)
class Rate:
    """A method accepts `burst` calls at once, then `per_minute` calls."""

    per_minute: float
    burst: int


TIER_2 = Rate(20, 20)
TIER_3 = Rate(50, 50)
TIER_4 = Rate(100, 100)
# Slack's tier "Special" (auth.test, chat.postMessage in all channels together) allows several
# hundred calls per minute.
SPECIAL = Rate(300, 300)
IN_A_CHANNEL = Rate(60, 10)


class TooMany(SlackRefusal):
    """HTTP 429 with `Retry-After`; the call had no effect."""

    def __init__(self, seconds: int) -> None:
        super().__init__("ratelimited")
        self.status = 429
        self.headers = {"retry-after": str(seconds)}


@dataclass
class _Bucket:
    tokens: float
    at: float


class Rates:
    """Counts calls by name with a clock in seconds; if `on` is false, no call is refused."""

    def __init__(self, clock: Callable[[], float], *, on: bool = True) -> None:
        self._clock = clock
        self.on = on
        self._buckets: dict[str, _Bucket] = {}

    def take(self, name: str, rate: Rate) -> None:
        """Count one call; raises `TooMany` above the rate."""
        if not self.on:
            return
        now = self._clock()
        bucket = self._buckets.setdefault(name, _Bucket(rate.burst, now))
        refill = max(0.0, now - bucket.at) * rate.per_minute / 60
        bucket.tokens, bucket.at = min(rate.burst, bucket.tokens + refill), now
        if bucket.tokens < 1:
            wait = (1 - bucket.tokens) * 60 / rate.per_minute
            raise TooMany(max(1, math.ceil(wait)))
        bucket.tokens -= 1
