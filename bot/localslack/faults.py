"""Scripted answers: a test or the page sets them in place of a method's own answers."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class OwnAnswer:
    """The method's own answer; no scripted answer replaces it."""


@dataclass(frozen=True)
class Refused:
    """`{"ok": false, "error": code}`; the request has no effect."""

    code: str


@dataclass(frozen=True)
class RateLimited:
    """HTTP 429 with `Retry-After` in seconds; the request has no effect."""

    retry_after: int = 30


@dataclass(frozen=True)
class ServerError:
    """An HTTP 5xx with any body, JSON or not; the request has no effect."""

    status: int = 500
    body: str = "<html><body><h1>Sorry, Slack is having trouble.</h1></body></html>"
    content_type: str = "text/html; charset=utf-8"


@dataclass(frozen=True)
class LostAnswer:
    """The request has its effect; after some seconds the connection closes without an answer."""

    seconds: float = 0.0


@dataclass(frozen=True)
class Reset:
    """The connection is reset before the request has an effect."""


Answer = OwnAnswer | Refused | RateLimited | ServerError | LostAnswer | Reset


def answer_of(short: Answer | str | int) -> Answer:
    """Return the scripted answer for its short form: an error code, 429, or a 5xx status."""
    if isinstance(short, str):
        return Refused(short)
    if isinstance(short, int):
        return RateLimited() if short == 429 else ServerError(short)
    return short


class Script:
    """For each method, the answers to the next calls in order, or one lasting answer."""

    def __init__(self) -> None:
        self._answers: dict[str, deque[Answer]] = {}
        self._always: dict[str, Answer] = {}
        self.refused_blocks: set[str] = set()
        """Types of blocks that this workspace does not know yet."""

    @property
    def lasting(self) -> dict[str, Answer]:
        """Return the methods with a lasting answer."""
        return dict(self._always)

    def add(self, method: str, answers: Iterable[Answer | str | int]) -> None:
        """Append answers for a method; the method `response_url` means all response urls."""
        self._answers.setdefault(method, deque()).extend(map(answer_of, answers))

    def always(self, method: str, answer: Answer | str | int | None) -> None:
        """Give every call of a method this answer from now on; None removes the lasting answer."""
        if answer is None:
            self._always.pop(method, None)
        else:
            self._always[method] = answer_of(answer)

    def next(self, method: str) -> Answer:
        """Return the answer to the next call."""
        answers = self._answers.get(method)
        return answers.popleft() if answers else self._always.get(method, OwnAnswer())

    def waiting(self) -> dict[str, int]:
        """Return the number of unused scripted answers for each method that has any."""
        return {method: len(answers) for method, answers in self._answers.items() if answers}

    def clear(self) -> None:
        """Remove all unused answers and all lasting answers."""
        self._answers.clear()
        self._always.clear()
        self.refused_blocks.clear()


@dataclass
class SocketFaults:
    """The faults of sockets: duplicate envelopes, late envelopes (seconds), refused connections."""

    duplicates: int = 0
    delays: deque[float] = field(default_factory=deque)
    refusing: bool = False

    def copies(self) -> int:
        """Return how many copies of the next envelope are sent."""
        if not self.duplicates:
            return 1
        self.duplicates -= 1
        return 2

    def delay(self) -> float:
        """Return the delay of the next envelope in seconds."""
        return self.delays.popleft() if self.delays else 0.0

    def clear(self) -> None:
        """Remove all faults of the sockets."""
        self.duplicates, self.refusing = 0, False
        self.delays.clear()
