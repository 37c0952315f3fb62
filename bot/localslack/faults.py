"""Answers that a test or the page scripts for a method, in the place of Slack's own."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class OwnAnswer:
    """The method's own answer, as if nothing were scripted."""


@dataclass(frozen=True)
class Refused:
    """`{"ok": false, "error": code}`; the request takes no effect."""

    code: str


@dataclass(frozen=True)
class RateLimited:
    """HTTP 429 with `Retry-After` in seconds; the request takes no effect."""

    retry_after: int = 30


@dataclass(frozen=True)
class ServerError:
    """An HTTP 5xx with a body that need not be JSON; the request takes no effect."""

    status: int = 500
    body: str = "<html><body><h1>Sorry, Slack is having trouble.</h1></body></html>"
    content_type: str = "text/html; charset=utf-8"


@dataclass(frozen=True)
class LostAnswer:
    """The request takes effect, then the connection closes after some seconds, unanswered."""

    seconds: float = 0.0


@dataclass(frozen=True)
class Reset:
    """The connection is reset before anything happened."""


Answer = OwnAnswer | Refused | RateLimited | ServerError | LostAnswer | Reset


def answer_of(short: Answer | str | int) -> Answer:
    """The long form of a scripted answer: an error code, 429, or a 5xx status."""
    if isinstance(short, str):
        return Refused(short)
    if isinstance(short, int):
        return RateLimited() if short == 429 else ServerError(short)
    return short


class Script:
    """Per method, the answers of the next calls in order, or one answer until it is lifted."""

    def __init__(self) -> None:
        self._answers: dict[str, deque[Answer]] = {}
        self._always: dict[str, Answer] = {}
        self.refused_blocks: set[str] = set()
        """Types of blocks that this workspace does not know yet."""

    @property
    def lasting(self) -> dict[str, Answer]:
        """The methods that answer alike until that is lifted."""
        return dict(self._always)

    def add(self, method: str, answers: Iterable[Answer | str | int]) -> None:
        """Append answers for a method; `response_url` stands for all response urls."""
        self._answers.setdefault(method, deque()).extend(map(answer_of, answers))

    def always(self, method: str, answer: Answer | str | int | None) -> None:
        """Give every call of a method this answer from now on; None lifts it."""
        if answer is None:
            self._always.pop(method, None)
        else:
            self._always[method] = answer_of(answer)

    def next(self, method: str) -> Answer:
        """The answer of the next call."""
        answers = self._answers.get(method)
        return answers.popleft() if answers else self._always.get(method, OwnAnswer())

    def waiting(self) -> dict[str, int]:
        """How many answers are still to come, for each method that has any."""
        return {method: len(answers) for method, answers in self._answers.items() if answers}

    def clear(self) -> None:
        """Forget every answer that was not given yet, and lift the lasting ones."""
        self._answers.clear()
        self._always.clear()
        self.refused_blocks.clear()


@dataclass
class SocketFaults:
    """Envelopes that come twice, envelopes that come late (seconds), connections refused."""

    duplicates: int = 0
    delays: deque[float] = field(default_factory=deque)
    refusing: bool = False

    def copies(self) -> int:
        """How often the next envelope is sent."""
        if not self.duplicates:
            return 1
        self.duplicates -= 1
        return 2

    def delay(self) -> float:
        """How many seconds the next envelope is late."""
        return self.delays.popleft() if self.delays else 0.0

    def clear(self) -> None:
        """Nothing is wrong any more."""
        self.duplicates, self.refusing = 0, False
        self.delays.clear()
